// Places: rights to a connection that somebody else opens, within the pool's limit.

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include <tenon/interface/rough_clock.hpp>

#include "pool_core.hpp"

namespace tenon::detail {

void PoolCore::reserve(Deadline limit, const boost::source_location& where) {
  const auto begin = Clock::now();
  const Deadline own = deadline_after(begin, settings_.timeout);
  const Deadline deadline = std::min(limit, own);
  Todo todo;
  std::unique_lock lock(mutex_);
  if (closed_) throw_error(closed_error());
  if (open_ < limit_) {
    ++open_;
    return;
  }
  Asker self;
  askers_.push_back(&self);
  if (!idle_.empty() && askers_.size() > closing_) { // the one least used
    std::unique_ptr<Pooled> oldest = std::move(idle_.front());
    idle_.erase(idle_.begin());
    discard(std::move(oldest), Reason::overflow, todo);
    lock.unlock();
    perform(todo);
    lock.lock();
  }
  while (!self.granted && !self.refused) {
    if (self.ready.wait_until(lock, deadline) == std::cv_status::no_timeout || self.granted || self.refused) continue;
    askers_.erase(&self);
    ++timeouts_;
    ErrorInfo info = timeout_error(std::chrono::duration_cast<Duration>(deadline - begin), limit < own);
    lock.unlock();
    if (observer_) tell({PoolEvent::Kind::checkout_timeout, Reason::none, info.message, where});
    throw_error(std::move(info));
  }
  if (self.refused) throw_error(closed_error());
}

void PoolCore::end_place() noexcept {
  if (forked()) return;
  Todo todo;
  {
    const std::lock_guard lock(mutex_);
    --open_;
    if (closed_) emptied_.notify_all();
    plan_connects(todo);
  }
  perform(todo);
}

void PoolCore::grant_places() noexcept {
  while (!askers_.empty() && open_ < limit_) {
    Asker* next = askers_.pop_front();
    ++open_;
    next->granted = true;
    next->ready.notify_one();
  }
}

} // namespace tenon::detail
