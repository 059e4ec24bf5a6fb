#pragma once
// BackOff: the pauses between tries of one piece of work that has a deadline and can be stopped.
// Threads: one at a time.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <stop_token>

#include <tenon/core/settings.hpp>
#include <tenon/interface/session.hpp>

namespace tenon::detail {

class BackOff {
public:
  /// `stop` must outlive it.
  BackOff(const RetrySettings& settings, const std::stop_token& stop) noexcept
      : base_(settings.base_delay), max_(settings.max_delay), stop_(stop) {}

  /// Waits a random time below base · 2^tries, at most max: "full jitter", which spreads rivals best. Of what is left
  /// until `limit` it takes half at most, so that there is time for another try. Returns false, at once, when a stop
  /// is requested or `limit` has passed.
  [[nodiscard]] bool pause(Deadline limit) {
    const auto now = Clock::now();
    if (stop_.stop_requested() || now >= limit) return false;
    tries_ = std::min(tries_ + 1, kMostDoublings);
    Clock::duration longest = std::min(max_, base_ * (std::int64_t{1} << tries_));
    if (limit != Deadline::max()) longest = std::min(longest, (limit - now) / 2);
    thread_local std::minstd_rand random{std::random_device{}()};
    const auto ticks = std::max(longest.count(), Clock::rep{0});
    const Deadline until = now + Clock::duration{std::uniform_int_distribution<Clock::rep>(0, ticks)(random)};
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    never.wait_until(lock, stop_, until, [] { return false; });
    return !stop_.stop_requested();
  }

private:
  static constexpr std::uint32_t kMostDoublings = 20;
  Clock::duration base_;
  Clock::duration max_;
  const std::stop_token& stop_;
  std::uint32_t tries_ = 0;
};

} // namespace tenon::detail
