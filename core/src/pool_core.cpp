#include "pool_core.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include <tenon/core/log.hpp>
#include <tenon/interface/rough_clock.hpp>

namespace tenon::detail {
namespace {

constexpr std::chrono::seconds kPingLimit{2}; ///< an idle connection that answers later than this is given up

} // namespace

PoolCore::PoolCore(const PoolSettings& settings, Duration connect_timeout, Pool::Connect connect, std::string name,
                   PoolObserver observer)
    : settings_(settings), connect_timeout_(connect_timeout), connect_(std::move(connect)), name_(std::move(name)),
      observer_(std::move(observer)), limit_(settings.size + std::min(settings.max_overflow, ~settings.size)) {
  idle_.reserve(settings_.size);
}

PoolCore::~PoolCore() = default;

Lease PoolCore::acquire(Deadline limit, const boost::source_location& where, const std::atomic<bool>* interrupted) {
  auto now = Clock::now();
  const auto begin = now;
  Todo todo;
  std::unique_lock lock(mutex_);
  if (closed_) throw_error(closed_error());
  Pooled* taken = waiters_.empty() ? pop_idle(now, todo) : nullptr;
  if (taken != nullptr) {
    ++immediate_;
    hold(taken, now, where);
    if (settings_.min_idle > 0) plan_connects(todo);
  }
  for (bool waited = taken == nullptr, again = false;; again = true, now = Clock::now()) {
    if (taken == nullptr) {
      Waiter self;
      self.where = &where;
      self.interrupted = interrupted;
      again ? waiters_.push_front(&self) : waiters_.push_back(&self); // it had its turn and got a dead one
      plan_connects(todo);
      if (!todo.empty()) {
        lock.unlock();
        perform(todo);
        lock.lock();
      }
      if (again && !waited) --immediate_;
      waited = true;
      taken = wait(lock, self, begin, limit);
    }
    if (settings_.leak_after > Duration::zero() && !watching_) watching_ = todo.watch = true;
    lock.unlock();
    if (!todo.empty()) perform(todo);
    bool lost = false;
    if (sound(*taken, now, limit, lost)) return Lease(taken);
    lock.lock();
    in_use_.erase(taken);
    if (lost && taken->generation == generation_) raise_generation(todo);
    if (!left_to_revoke(*taken)) discard(std::unique_ptr<Pooled>(taken), Reason::dead, todo);
    taken = closed_ ? nullptr : pop_idle(now, todo);
    if (taken != nullptr) {
      hold(taken, now, where);
    } else if (closed_) {
      lock.unlock();
      perform(todo);
      lock.lock();
      throw_error(closed_error());
    }
  }
}

Pooled* PoolCore::pop_idle(Clock::time_point now, Todo& todo) {
  while (!idle_.empty()) {
    std::unique_ptr<Pooled> last = std::move(idle_.back());
    idle_.pop_back();
    if (now < last->expires) return last.release(); // of this generation: those of older ones went when it was raised
    discard(std::move(last), Reason::expired, todo);
  }
  return nullptr;
}

void PoolCore::hold(Pooled* pooled, Clock::time_point now, const boost::source_location& where) noexcept {
  pooled->taken = now;
  pooled->where = where;
  pooled->leak_reported = false;
  in_use_.push_back(pooled);
}

Pooled* PoolCore::wait(std::unique_lock<std::mutex>& lock, Waiter& self, Clock::time_point begin, Deadline limit) {
  const Deadline own = deadline_after(begin, settings_.timeout);
  const Deadline deadline = std::min(limit, own);
  while (!self.served()) {
    if (self.interrupted != nullptr && self.interrupted->load()) {
      waiters_.erase(&self);
      lock.unlock();
      throw_error(ErrorCode::cancelled, "cancelled while it waited for a connection to " + name_);
    }
    if (self.ready.wait_until(lock, deadline) == std::cv_status::timeout && !self.served()) {
      waiters_.erase(&self);
      ++timeouts_;
      ErrorInfo info = timeout_error(std::chrono::duration_cast<Duration>(deadline - begin), limit < own);
      lock.unlock();
      if (observer_) tell({PoolEvent::Kind::checkout_timeout, Reason::none, info.message, *self.where});
      throw_error(std::move(info));
    }
  }
  if (self.failure) { // who serves a waiter has taken it out of the queue
    lock.unlock();
    throw_error(std::move(*self.failure));
  }
  // Who gave it back looked at the clock before it had the lock, which may have been before this one came.
  wait_time_.record(std::max(self.connection->taken - begin, Clock::duration::zero()));
  return self.connection;
}

void PoolCore::wake(const std::atomic<bool>& interrupted) noexcept {
  const std::lock_guard lock(mutex_);
  for (Waiter* waiter = waiters_.front(); waiter != nullptr; waiter = Chain<Waiter>::after(waiter)) {
    if (waiter->interrupted == &interrupted) waiter->ready.notify_one();
  }
}

bool PoolCore::sound(Pooled& pooled, Clock::time_point now, Deadline deadline, bool& lost) noexcept {
  if (std::exchange(pooled.fresh, false)) return true;
  if (!pooled.session->alive()) return false;
  if (settings_.ping_after <= Duration::zero() || now - pooled.idle_since < settings_.ping_after) return true;
  const Deadline limit = Clock::now() + kPingLimit;
  const bool callers = deadline < limit;            // too late for him says nothing about the server
  if (callers && has_passed(deadline)) return true; // and his first call says so
  const auto limit_call = [&](Deadline at) {
    try {
      pooled.session->set_deadline(at);
    } catch (const NotSupported&) { // then the backend's own limits hold
    }
  };
  try {
    limit_call(std::min(deadline, limit));
    pooled.session->ping();
    limit_call(Deadline::max());
    return true;
  } catch (const TimeoutError&) {
    lost = !callers;
  } catch (const std::exception&) {
    lost = true;
  }
  return false;
}

void PoolCore::take_back(Pooled* pooled, Condition condition) noexcept {
  std::unique_ptr<Pooled> owned(pooled);
  if (forked()) return; // the parent's: neither this pool nor its server is to hear of it
  if (condition == Condition::good) {
    try {
      pooled->session->rollback();
    } catch (const std::exception&) {
      condition = Condition::doubtful;
    }
  }
  const auto now = Clock::now();
  Todo todo;
  {
    const std::lock_guard lock(mutex_);
    in_use_.erase(pooled);
    use_time_.record(now - pooled->taken);
    if (left_to_revoke(*pooled)) {
      static_cast<void>(owned.release());
      return;
    }
    if (condition == Condition::lost && pooled->generation == generation_) raise_generation(todo);
    switch (condition) {
      case Condition::good: settle(std::move(owned), now, todo); break;
      case Condition::unsettled:
        ++closing_;
        todo.unsettled = owned.release();
        break;
      case Condition::doubtful: discard(std::move(owned), Reason::doubtful, todo); break;
      case Condition::lost: discard(std::move(owned), Reason::lost, todo); break;
    }
    if (!idle_.empty() && now >= idle_.front()->expires) { // the one least used: nobody may ever ask for it
      std::unique_ptr<Pooled> oldest = std::move(idle_.front());
      idle_.erase(idle_.begin());
      discard(std::move(oldest), Reason::expired, todo);
    }
    if (settings_.min_idle > 0 || !waiters_.empty()) plan_connects(todo);
  }
  if (!todo.empty()) perform(todo);
}

void PoolCore::settle(std::unique_ptr<Pooled> pooled, Clock::time_point now, Todo& todo) {
  if (closed_) return discard(std::move(pooled), Reason::closing, todo);
  if (pooled->generation != generation_) return discard(std::move(pooled), Reason::generation, todo);
  if (now >= pooled->expires) return discard(std::move(pooled), Reason::expired, todo);
  if (askers_.size() > closing_) return discard(std::move(pooled), Reason::overflow, todo); // gives way to a place
  pooled->idle_since = now;
  if (!waiters_.empty()) {
    Waiter* next = waiters_.pop_front();
    next->connection = pooled.release();
    hold(next->connection, now, *next->where);
    next->ready.notify_one(); // under the lock: the waiter lives on the stack of a thread that needs it to leave
    return;
  }
  if (open_ - closing_ > settings_.size) return discard(std::move(pooled), Reason::overflow, todo);
  pooled->fresh = false;
  idle_.push_back(std::move(pooled));
}

void PoolCore::raise_generation(Todo& todo) {
  ++generation_;
  if (observer_) todo.events.push_back({PoolEvent::Kind::generation_raised, Reason::none, {}, {}});
  for (auto& idle : idle_)
    discard(std::move(idle), Reason::generation, todo);
  idle_.clear();
}

void PoolCore::perform(Todo& todo) noexcept {
  const Todo now = std::exchange(todo, {});
  for (const std::string& warning : now.warnings)
    log(LogLevel::warning, warning);
  for (const PoolEvent& event : now.events)
    tell(event);
  for (std::uint32_t i = 0; i < now.closers; ++i)
    start_closer();
  for (std::uint32_t i = 0; i < now.connects; ++i)
    start_connect();
  if (now.probe) start_probe();
  if (now.unsettled != nullptr) start_settling(now.unsettled);
  if (now.watch) start_watch();
}

void PoolCore::tell(const PoolEvent& event) const noexcept {
  if (!observer_) return;
  try {
    observer_(event);
  } catch (...) { // an observer must not throw; the pool's state does not depend on it
  }
}

PoolFigures PoolCore::figures() const {
  const std::lock_guard lock(mutex_);
  PoolFigures figures;
  figures.in_use = in_use_.size();
  figures.idle = static_cast<std::uint32_t>(idle_.size());
  figures.waiting = waiters_.size();
  figures.created = created_;
  figures.timeouts = timeouts_;
  figures.connecting = connecting_;
  figures.closing = closing_;
  figures.closed = closed_count_;
  figures.generation = generation_;
  figures.max = limit_;
  figures.max_idle = settings_.size;
  figures.min_idle = settings_.min_idle;
  figures.wait_time = wait_time_;
  figures.wait_time.counts[0] += immediate_;
  figures.use_time = use_time_;
  figures.create_time = create_time_;
  return figures;
}

void PoolCore::warm_up() noexcept {
  Todo todo;
  {
    const std::lock_guard lock(mutex_);
    plan_connects(todo);
  }
  perform(todo);
}

void PoolCore::drop_inherited() noexcept {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock.owns_lock()) idle_.clear();
}

} // namespace tenon::detail
