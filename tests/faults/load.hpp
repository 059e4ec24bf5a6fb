#pragma once
// Threads that write audited units of work until they are told to stop, each call measured against what it is allowed.
// Used by the scenarios that break something meanwhile. Threads: one controls, its own work.

#include <atomic>
#include <thread>
#include <vector>

#include "rig.hpp"

namespace tenon::faults {

/// Time that a call is allowed, from the store's settings: the first call of a session waits for its connection, too.
struct Allowed {
  milliseconds checkout;
  milliseconds call;
};
[[nodiscard]] Allowed allowed_by(const Store& store);

class Load {
public:
  /// Half of the threads use store.transaction, the others a session whose calls are measured one by one.
  Load(Store& store, Audit& audit, int threads);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load(); ///< stops

  /// Returns when every thread has finished what it was at.
  void stop();
  /// Waits until that many more units were acknowledged. Returns whether they were, in time.
  [[nodiscard]] bool progresses(std::int64_t units, milliseconds within = 20s);
  [[nodiscard]] milliseconds worst_overrun() const { return watch_.worst(); }

private:
  void run(int number);

  Store& store_;
  Audit& audit_;
  Stopwatch watch_;
  std::atomic<bool> stopped_ = false;
  std::atomic<std::int64_t> acknowledged_ = 0;
  std::vector<std::thread> threads_;
};

} // namespace tenon::faults
