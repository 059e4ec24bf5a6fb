#include "pool.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <tenon/core/log.hpp>
#include <tenon/interface/error.hpp>

namespace tenon::detail {
namespace {

[[noreturn]] void throw_closed(const std::string& name) {
  throw_error(ErrorCode::programming, "the store of " + name + " is closed", "open it again, or use it before close()");
}

} // namespace

void EndLease::operator()(Pooled* pooled) const noexcept { pooled->home->release(Lease(pooled), Condition::doubtful); }

Pool::Pool(const PoolSettings& settings, Duration connect_timeout, Connect connect, std::string name)
    : settings_(settings), connect_timeout_(connect_timeout), connect_(std::move(connect)), name_(std::move(name)) {}

Pool::~Pool() { close(); }

Lease Pool::acquire(Deadline limit, const boost::source_location& where, const std::atomic<bool>* interrupted) {
  auto now = Clock::now();
  std::unique_lock lock(mutex_);
  if (closed_) throw_closed(name_);
  std::unique_ptr<Pooled> taken;
  if (waiters_.empty() && !idle_.empty()) {
    taken = std::move(idle_.back());
    idle_.pop_back();
  } else if (waiters_.empty() && open_ < settings_.size + settings_.max_overflow) {
    ++open_; // the permit
  } else {
    report_leaks(now);
    taken = wait(lock, now, limit, interrupted);
    now = Clock::now();
  }
  if (taken != nullptr) in_use_.push_back(taken.get());
  lock.unlock();

  if (taken != nullptr && !usable(*taken, now)) { // its place among the open ones becomes the permit for a new one
    {
      const std::lock_guard relock(mutex_);
      std::erase(in_use_, taken.get());
    }
    taken.reset();
  }
  if (taken == nullptr) taken = open();
  taken->home = this;
  taken->taken = now;
  taken->where = where;
  taken->leak_reported = false;
  return Lease(taken.release());
}

std::unique_ptr<Pooled> Pool::wait(std::unique_lock<std::mutex>& lock, Clock::time_point now, Deadline limit,
                                   const std::atomic<bool>* interrupted) {
  const Deadline deadline = std::min(limit, now + settings_.timeout);
  Waiter self;
  self.interrupted = interrupted;
  const auto place = waiters_.insert(waiters_.end(), &self);
  while (!self.served()) {
    if (interrupted != nullptr && interrupted->load()) {
      waiters_.erase(place);
      lock.unlock();
      throw_error(ErrorCode::cancelled, "cancelled while it waited for a connection to " + name_);
    }
    if (self.ready.wait_until(lock, deadline) == std::cv_status::timeout && !self.served()) {
      waiters_.erase(place);
      throw_timeout(lock, std::chrono::duration_cast<Duration>(deadline - now), limit < now + settings_.timeout);
    }
  }
  if (self.closed) throw_closed(name_); // who serves a waiter has taken it off the list
  return std::move(self.connection);
}

void Pool::wake(const std::atomic<bool>& interrupted) noexcept {
  const std::lock_guard lock(mutex_);
  for (Waiter* waiter : waiters_) {
    if (waiter->interrupted == &interrupted) waiter->ready.notify_one();
  }
}

void Pool::throw_timeout(std::unique_lock<std::mutex>& lock, Duration waited, bool callers_limit) {
  ++timeouts_;
  ErrorInfo info;
  info.code = ErrorCode::pool_timeout;
  info.retryable = false;
  info.message =
      fmt::format("no connection to {} became free within {} ms ({}): {} in use, {} waiting, at most {} open{}", name_,
                  waited.count(), callers_limit ? "the deadline of the call" : "pool.timeout", in_use_.size(),
                  waiters_.size() + 1, settings_.size + settings_.max_overflow,
                  last_connect_error_.empty() ? "" : "; the last connect failed: " + last_connect_error_);
  info.hint = "give sessions back sooner, or raise pool.size, pool.max_overflow or pool.timeout";
  lock.unlock();
  throw_error(std::move(info));
}

std::unique_ptr<Pooled> Pool::open() {
  auto made = std::make_unique<Pooled>();
  try {
    made->session = connect_(connect_timeout_ > Duration::zero() ? Clock::now() + connect_timeout_ : Deadline::max());
  } catch (const std::exception& error) {
    {
      const std::lock_guard lock(mutex_);
      const auto* ours = dynamic_cast<const Error*>(&error);
      last_connect_error_ = ours != nullptr ? ours->message() : error.what();
    }
    give_permit();
    throw;
  }
  const std::lock_guard lock(mutex_);
  last_connect_error_.clear();
  ++created_;
  made->generation = generation_;
  if (settings_.recycle > Duration::zero()) {
    // Up to a tenth earlier, so that connections opened together are not replaced together.
    std::uniform_real_distribution<double> share(0.9, 1.0);
    made->expires = Clock::now() + std::chrono::duration_cast<Clock::duration>(settings_.recycle * share(jitter_));
  }
  in_use_.push_back(made.get());
  return made;
}

bool Pool::usable(Pooled& pooled, Clock::time_point now) {
  return now < pooled.expires && pooled.generation == generation_ && pooled.session->alive();
}

void Pool::release(Lease lease, Condition condition) noexcept {
  std::unique_ptr<Pooled> pooled(lease.release());
  if (condition == Condition::good) {
    try {
      pooled->session->rollback();
    } catch (const std::exception&) {
      condition = Condition::doubtful;
    }
  }
  const bool expired = Clock::now() >= pooled->expires;
  std::unique_lock lock(mutex_);
  std::erase(in_use_, pooled.get());
  if (condition == Condition::lost && pooled->generation == generation_) ++generation_;
  const bool keep = condition == Condition::good && !closed_ && !expired && pooled->generation == generation_;
  if (keep && !waiters_.empty()) {
    Waiter* next = waiters_.front();
    waiters_.pop_front();
    next->connection = std::move(pooled);
    next->ready.notify_one(); // under the lock: the waiter lives on the stack of a thread that needs the lock to leave
    return;
  }
  if (keep && open_ <= settings_.size) {
    idle_.push_back(std::move(pooled));
    return;
  }
  lock.unlock();
  pooled.reset();
  give_permit();
}

void Pool::give_permit() noexcept {
  const std::lock_guard lock(mutex_);
  if (waiters_.empty() || closed_) {
    --open_;
    return;
  }
  Waiter* next = waiters_.front();
  waiters_.pop_front();
  next->permit = true;
  next->ready.notify_one();
}

void Pool::report_leaks(Clock::time_point now) {
  if (settings_.leak_after <= Duration::zero()) return;
  for (Pooled* pooled : in_use_) {
    if (pooled->leak_reported || now - pooled->taken < settings_.leak_after) continue;
    pooled->leak_reported = true;
    const auto held = std::chrono::duration_cast<Duration>(now - pooled->taken);
    log(LogLevel::warning,
        fmt::format("a session of {} has been held for {} ms while others wait", name_, held.count()));
  }
}

PoolFigures Pool::figures() const {
  const std::lock_guard lock(mutex_);
  return {static_cast<std::uint32_t>(in_use_.size()), static_cast<std::uint32_t>(idle_.size()),
          static_cast<std::uint32_t>(waiters_.size()), created_, timeouts_};
}

void Pool::warm_up() {
  std::vector<std::unique_ptr<Pooled>> opened;
  const std::uint32_t wanted = std::min(settings_.min_idle, settings_.size);
  while (opened.size() < wanted) {
    {
      const std::lock_guard lock(mutex_);
      ++open_;
    }
    opened.push_back(open());
    opened.back()->home = this;
  }
  for (auto& pooled : opened)
    release(Lease(pooled.release()), Condition::good);
}

void Pool::close() noexcept {
  std::vector<std::unique_ptr<Pooled>> idle;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    idle.swap(idle_);
    open_ -= static_cast<std::uint32_t>(idle.size());
    for (Waiter* waiter : waiters_) {
      waiter->closed = true;
      waiter->ready.notify_one();
    }
    waiters_.clear();
  }
}

} // namespace tenon::detail
