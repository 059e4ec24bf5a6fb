#pragma once
// Waiter: waits for a socket until a limit. A timeout of poll() is a timer that the kernel sets and takes back, 0.4 µs
// of a round trip of 18; so a limit that is far away is watched by one timer that stays set from wait to wait. Used by
// Connection. Threads: one at a time.

#include <tenon/interface/session.hpp>

namespace tenon::postgresql {

class Waiter {
public:
  Waiter() noexcept = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();

  /// Waits until `socket` is ready for `events` (of poll) or failed. Returns 1 then, -1 with errno as poll() does, and
  /// 0 by `limit`, or before it: whoever waits looks at the clock. Deadline::max() is no limit.
  [[nodiscard]] int wait(int socket, short events, Deadline limit) noexcept;

private:
  [[nodiscard]] bool watches(Deadline limit) noexcept;

  int timer_ = -1;                   ///< made at the first limit that is far away
  Deadline rings_ = Deadline::min(); ///< what the timer is set to
};

} // namespace tenon::postgresql
