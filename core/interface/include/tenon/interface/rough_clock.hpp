#pragma once
// A look at the clock for those who need to know only that a moment is still far away: calls check their deadlines
// when they begin, and most deadlines are seconds off. Used by core's layers and by backends. Threads: pure functions.

#include <chrono>
#include <ctime>

#include <tenon/interface/session.hpp>

namespace tenon {

/// The time of the last tick of the system's timer: some milliseconds behind Clock::now(), never ahead of it. Costs 4
/// ns where Clock::now() costs 20, which a find by key, of 1,100 ns, needs twice.
[[nodiscard]] inline Clock::time_point rough_now() noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return Clock::time_point(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
#else
  return Clock::now();
#endif
}

/// Whether the deadline has passed. The exact clock is asked only when it is near.
[[nodiscard]] inline bool has_passed(Deadline deadline) noexcept {
  constexpr std::chrono::milliseconds kNear{100}; // more than a tick, also of a machine that is busy
  if (deadline == Deadline::max() || rough_now() + kNear < deadline) return false;
  return Clock::now() >= deadline;
}

/// `time` behind `begin`; never, if that is more than the clock can say: so does std::chrono::milliseconds::max().
[[nodiscard]] inline Deadline deadline_after(Clock::time_point begin, std::chrono::milliseconds time) noexcept {
  const auto most = std::chrono::floor<std::chrono::milliseconds>(Deadline::max() - begin);
  return time < most ? begin + time : Deadline::max();
}

/// When something that begins now and has `time` has to be done: for a long time as of the last tick.
[[nodiscard]] inline Deadline deadline_in(std::chrono::milliseconds time) noexcept {
  constexpr std::chrono::seconds kLong{10};
  return deadline_after(time >= kLong ? rough_now() : Clock::now(), time);
}

} // namespace tenon
