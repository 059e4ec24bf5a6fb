// How connections are opened: on background threads, at most kConnectors at once, one by one while the server is down.

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include <tenon/interface/rough_clock.hpp>

#include "background.hpp"
#include "pool_core.hpp"

namespace tenon::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kConnectors = 4; ///< connects at once: a server that comes up is not overrun
constexpr Clock::duration kFirstBackoff = 10ms;
constexpr Clock::duration kMostBackoff = 5s;
constexpr Clock::duration kMostBackoffForWaiters = 1s; ///< who waits is served soon after the server is back
/// A prober's connect that hangs is given up after so long, because the server may be back meanwhile and never answer
/// it; but a server that was away for long, and is slow now, is given a share of that time.
constexpr Clock::duration kProbeLimit = 1000ms;
constexpr double kProbeShare = 0.125;

/// Whether the next connect may succeed though this one did not: the server is down, starting, or full.
bool may_pass(const ErrorInfo& failure) {
  switch (failure.code) {
    case ErrorCode::auth: return false;
    case ErrorCode::not_ready:
    case ErrorCode::timeout:
    case ErrorCode::resource_exhausted: return true;
    default: return failure.retryable;
  }
}

double between(double least, double most) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(least, most)(random);
}

Clock::duration share(Clock::duration of, double part) {
  return std::chrono::duration_cast<Clock::duration>(of * part);
}

} // namespace

std::uint32_t PoolCore::spares_wanted() const noexcept {
  if (spares_paused_) return 0;
  const auto idle = static_cast<std::uint32_t>(idle_.size());
  return idle < settings_.min_idle ? settings_.min_idle - idle : 0;
}

void PoolCore::plan_connects(Todo& todo) noexcept {
  if (closed_) return;
  grant_places();
  const std::uint32_t waiting = waiters_.size();
  const std::uint32_t wanted = waiting + spares_wanted();
  const auto room = [&] { return open_ < (connecting_ < waiting ? limit_ : settings_.size); };
  if (down_) {
    if (probing_) {
      wake_.notify_all(); // somebody waits now: the prober sleeps no longer than it may then
    } else if (wanted > 0 && room()) {
      probing_ = todo.probe = true;
    }
    return;
  }
  while (connecting_ < wanted && connecting_ < kConnectors && room()) {
    ++open_;
    ++connecting_;
    ++todo.connects;
  }
}

void PoolCore::start_connect() noexcept {
  const auto self = shared_from_this();
  const auto permit = std::make_shared<Permit>(*this);
  if (run_in_background([self, permit] { self->attempt(*permit, By::connector); })) return;
  const std::lock_guard lock(mutex_);
  permit->end(false);
  grant_places();
  ErrorInfo failure;
  failure.code = ErrorCode::resource_exhausted;
  failure.message = "no thread could be started to connect to " + name_;
  fail_waiters(failure, false);
}

void PoolCore::start_probe() noexcept {
  if (run_in_background([self = shared_from_this()] { self->probe(); })) return;
  const std::lock_guard lock(mutex_);
  probing_ = false; // the next who asks tries again
}

void PoolCore::probe() noexcept {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      for (;;) {
        const bool waited_for = !waiters_.empty();
        const bool room = open_ < (waited_for ? limit_ : settings_.size);
        if (closed_ || !down_ || !room || (!waited_for && spares_wanted() == 0)) {
          probing_ = false;
          return;
        }
        const auto most = waited_for ? kMostBackoffForWaiters : kMostBackoff;
        const auto due = down_->last_try + share(std::min(down_->backoff, most), down_->jitter);
        if (Clock::now() >= due) break;
        wake_.wait_until(lock, due);
      }
      ++open_;
      ++connecting_;
    }
    Permit permit(*this);
    if (!attempt(permit, By::prober)) return;
  }
}

bool PoolCore::attempt(Permit& permit, By by) noexcept {
  ErrorInfo failure;
  const auto begin = Clock::now();
  auto made = open(by, failure);
  Todo todo;
  bool still_down = false;
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    permit.end(made != nullptr);
    if (made != nullptr) {
      ++created_;
      create_time_.record(now - begin);
      down_.reset();
      connect_error_.reset();
      spares_paused_ = false;
      if (observer_) todo.events.push_back({PoolEvent::Kind::created, Reason::none, {}, {}});
      settle(std::move(made), now, todo);
    } else {
      connect_failed(failure, by, begin, todo);
    }
    still_down = down_.has_value();
    if (by == By::prober && !still_down) probing_ = false;
    plan_connects(todo);
    if (closed_) emptied_.notify_all();
  }
  if (!todo.empty()) perform(todo);
  return still_down;
}

std::unique_ptr<Pooled> PoolCore::open(By by, ErrorInfo& failure) noexcept {
  try {
    auto made = std::make_unique<Pooled>();
    made->home = this;
    Deadline limit{};
    {
      const std::lock_guard lock(mutex_);
      made->generation = generation_; // of before: the loss of a server may be noticed while this one is asked
      limit = connect_limit(by);
    }
    made->session = connect_(limit);
    if (made->session == nullptr) throw_error(ErrorCode::internal, "the backend made no session");
    if (settings_.recycle > Duration::zero()) {
      // Up to a tenth earlier, so that connections opened together are not replaced together.
      made->expires = Clock::now() + share(settings_.recycle, between(0.9, 1.0));
    }
    return made;
  } catch (const Error& error) {
    failure = error.info();
  } catch (const std::exception& error) {
    failure.code = ErrorCode::internal;
    failure.message = error.what();
  }
  return nullptr;
}

Deadline PoolCore::connect_limit(By by) const noexcept {
  const auto now = Clock::now();
  const Deadline own = connect_timeout_ > Duration::zero() ? deadline_after(now, connect_timeout_) : Deadline::max();
  if (by != By::prober || !down_) return own;
  return std::min(own, now + std::max(kProbeLimit, share(now - down_->since, kProbeShare)));
}

void PoolCore::connect_failed(const ErrorInfo& failure, By by, Clock::time_point begin, Todo& todo) {
  const bool wait = may_pass(failure) && settings_.when_down == WhenDown::wait;
  // Who waits is told by an error, if at once; there may be nobody who waits.
  if (!connect_error_ && (waiters_.empty() || wait)) {
    todo.warnings.push_back("could not open a connection to " + name_ + ": " + failure.message +
                            (wait ? "; trying again until there is one" : ""));
  }
  connect_error_ = failure;
  if (observer_) todo.events.push_back({PoolEvent::Kind::connect_failed, Reason::none, failure.message, {}});
  spares_paused_ = !wait;
  if (!may_pass(failure)) {
    down_.reset();
    fail_waiters(failure, failure.code == ErrorCode::auth);
  } else if (!wait) {
    fail_waiters(failure, true);
  } else {
    auto backoff = down_ ? down_->backoff : kFirstBackoff;
    if (down_ && by == By::prober)
      backoff = std::min(backoff * 2, kMostBackoff); // others knew no better when they began
    down_ = Down{backoff, between(0.8, 1.0), begin, down_ ? down_->since : Clock::now()};
  }
}

void PoolCore::fail_waiters(const ErrorInfo& failure, bool all) {
  while (!waiters_.empty()) {
    Waiter* next = waiters_.pop_front();
    next->failure = failure;
    next->ready.notify_one();
    if (!all) return;
  }
}

} // namespace tenon::detail
