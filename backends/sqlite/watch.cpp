#include "watch.hpp"

#include <algorithm>

namespace tenon::sqlite {

void Watch::cancel() noexcept {
  {
    const std::lock_guard lock(mutex_);
    cancelled_.store(true, std::memory_order_relaxed);
  }
  cancel_.notify_one();
}

bool Watch::expired() noexcept {
  if (paused_) return false;
  if (cancelled_.load(std::memory_order_relaxed)) {
    ended_ = Ended::by_cancel;
    return true;
  }
  if (!has_passed(deadline_)) return false;
  ended_ = Ended::by_deadline;
  return true;
}

bool Watch::wait(int attempt) noexcept {
  using std::chrono::microseconds;
  asked_ = true;
  if (expired()) return false;
  const Clock::time_point now = Clock::now();
  if (attempt == 0) waiting_since_ = now;
  const Clock::time_point end = std::min(deadline_, waiting_since_ + busy_timeout_);
  if (now >= end) return false;
  // SQLite tells nobody that a lock is free, so those that wait look again and again: soon at first, then seldom, and
  // each at times of its own, or those that met once would meet for ever.
  constexpr microseconds kFirst{200};
  constexpr microseconds kLongest{10000};
  const microseconds longest = std::min(kLongest, kFirst * (1 << std::min(attempt, 6)));
  std::uniform_int_distribution<microseconds::rep> part(longest.count() / 2, longest.count());
  const Clock::time_point until = std::min(end, now + microseconds(part(random_)));
  std::unique_lock lock(mutex_);
  cancel_.wait_until(lock, until, [this] { return cancelled_.load(std::memory_order_relaxed); });
  return true; // SQLite looks at the lock once more, and asks again
}

} // namespace tenon::sqlite
