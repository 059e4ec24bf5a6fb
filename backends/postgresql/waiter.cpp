#include "waiter.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <tenon/interface/rough_clock.hpp>

namespace tenon::postgresql {
namespace {

using std::chrono::milliseconds;

/// How long before a limit the timer rings: the rest is waited for exactly.
constexpr milliseconds kRest{1000};
/// More than the rough clock is behind, on a machine that is busy too.
constexpr milliseconds kTick{100};

int milliseconds_until(Deadline limit) noexcept {
  constexpr std::int64_t kLongest = 86'400'000;
  if (limit == Deadline::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(limit - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongest));
}

} // namespace

Waiter::~Waiter() {
  if (timer_ >= 0) close(timer_);
}

// Sees to it that the timer rings before the limit, and not at once. It may ring long before, for an earlier wait.
bool Waiter::watches(Deadline limit) noexcept {
  if (limit == Deadline::max()) return false;
  const Deadline soon = rough_now() + kTick;
  const Deadline latest = limit - kRest;
  if (rings_ > soon && rings_ <= latest) return true;
  if (latest <= soon) return false;
  if (timer_ < 0) timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer_ < 0) return false;
  const auto since_start = latest.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_start);
  itimerspec setting{};
  setting.it_value.tv_sec = static_cast<time_t>(seconds.count());
  setting.it_value.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since_start - seconds).count());
  rings_ = timerfd_settime(timer_, TFD_TIMER_ABSTIME, &setting, nullptr) == 0 ? latest : Deadline::min();
  return rings_ == latest;
}

int Waiter::wait(int socket, short events, Deadline limit) noexcept {
  std::array<pollfd, 2> both{{{socket, events, 0}, {timer_, POLLIN, 0}}};
  if (!watches(limit)) return poll(both.data(), 1, milliseconds_until(limit));
  both[1].fd = timer_;
  const int ready = poll(both.data(), both.size(), -1);
  if (ready < 0) return ready;
  if (both[1].revents != 0) rings_ = Deadline::min(); // it is set again before it is asked again
  return both[0].revents != 0 ? 1 : 0;
}

} // namespace tenon::postgresql
