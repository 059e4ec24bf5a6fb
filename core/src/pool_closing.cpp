// How connections go: closed, settled and watched in the background, so that neither the lock nor a caller waits.

#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include <tenon/core/log.hpp>

#include "background.hpp"
#include "pool_core.hpp"

namespace tenon::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kClosers = 2;          ///< threads that close: a slow one holds up few
constexpr Clock::duration kSettleLimit = 2s;   ///< for what still runs on a connection that came back
constexpr Clock::duration kCloseGrace = 250ms; ///< how much later than asked close() may return

} // namespace

void PoolCore::discard(std::unique_ptr<Pooled> pooled, Reason reason, Todo& todo) {
  ++closing_; // the slot stays taken until the connection is closed: never more than the limit are open
  to_close_.push_back({std::move(pooled), reason});
  if (closers_ >= kClosers) return;
  ++closers_;
  ++todo.closers;
}

void PoolCore::start_closer() noexcept {
  if (run_in_background([self = shared_from_this()] { self->close_queued(); })) return;
  close_queued(); // slow, but it has to be done
}

void PoolCore::close_queued() noexcept {
  std::unique_lock lock(mutex_);
  while (!to_close_.empty()) {
    Closing next = std::move(to_close_.front());
    to_close_.pop_front();
    lock.unlock();
    next.pooled.reset();
    if (observer_) tell({PoolEvent::Kind::closed, next.reason, {}, {}});
    Todo todo;
    lock.lock();
    --open_;
    --closing_;
    ++closed_count_;
    if (closed_) emptied_.notify_all();
    plan_connects(todo);
    if (todo.empty()) continue;
    lock.unlock();
    perform(todo);
    lock.lock();
  }
  --closers_;
}

void PoolCore::start_settling(Pooled* pooled) noexcept {
  if (run_in_background([self = shared_from_this(), pooled] { self->finish_unsettled(pooled); })) return;
  Todo todo;
  {
    const std::lock_guard lock(mutex_);
    --closing_;
    discard(std::unique_ptr<Pooled>(pooled), Reason::doubtful, todo);
  }
  perform(todo);
}

void PoolCore::finish_unsettled(Pooled* pooled) noexcept {
  bool settled = false;
  try {
    try {
      pooled->session->set_deadline(Clock::now() + kSettleLimit);
    } catch (const NotSupported&) { // then the backend's own limits hold
    }
    pooled->session->rollback();
    settled = pooled->session->alive();
  } catch (const std::exception&) { // what is wrong with it does not matter: it goes
  }
  Todo todo;
  {
    const std::lock_guard lock(mutex_);
    --closing_;
    std::unique_ptr<Pooled> owned(pooled);
    if (settled) {
      settle(std::move(owned), Clock::now(), todo);
    } else {
      discard(std::move(owned), Reason::doubtful, todo);
    }
    plan_connects(todo);
    if (closed_) emptied_.notify_all();
  }
  perform(todo);
}

void PoolCore::refuse() {
  closed_ = true;
  fail_waiters(closed_error(), true);
  while (!askers_.empty()) {
    Asker* next = askers_.pop_front();
    next->refused = true;
    next->ready.notify_one();
  }
  wake_.notify_all();
}

void PoolCore::close() noexcept {
  std::vector<std::unique_ptr<Pooled>> idle;
  {
    const std::lock_guard lock(mutex_);
    refuse();
    idle.swap(idle_);
    closing_ += static_cast<std::uint32_t>(idle.size());
  }
  // On this thread: who closes a store may count on its database being let go of.
  for (auto& pooled : idle) {
    pooled.reset();
    if (observer_) tell({PoolEvent::Kind::closed, Reason::closing, {}, {}});
  }
  std::unique_lock lock(mutex_);
  const auto count = static_cast<std::uint32_t>(idle.size());
  open_ -= count;
  closing_ -= count;
  closed_count_ += count;
  emptied_.notify_all();
  emptied_.wait_for(lock, kCloseGrace, [&] { return closing_ == 0 && connecting_ == 0; });
}

bool PoolCore::close(Deadline limit) noexcept {
  Todo todo;
  {
    const std::lock_guard lock(mutex_);
    refuse();
    for (auto& idle : idle_)
      discard(std::move(idle), Reason::closing, todo);
    idle_.clear();
  }
  perform(todo);
  const auto empty = [&] { return open_ == 0; };
  std::vector<Pooled*> out;
  std::unique_lock lock(mutex_);
  if (limit == Deadline::max()) {
    emptied_.wait(lock, empty);
  } else {
    emptied_.wait_until(lock, limit, empty);
  }
  for (Pooled* pooled = in_use_.front(); pooled != nullptr; pooled = Chain<Pooled>::after(pooled)) {
    if (pooled->being_cancelled) continue; // by another close()
    pooled->revoked = true;
    pooled->being_cancelled = true;
    out.push_back(pooled);
  }
  if (!out.empty()) {
    lock.unlock();
    for (Pooled* pooled : out) { // each may block for as long as its network does
      if (!run_in_background([self = shared_from_this(), pooled] { self->revoke(pooled); })) revoke(pooled);
    }
    lock.lock();
  }
  const auto latest = limit == Deadline::max() ? limit : std::max(limit, Clock::now()) + kCloseGrace;
  return emptied_.wait_until(lock, latest, empty);
}

void PoolCore::revoke(Pooled* pooled) noexcept {
  pooled->session->cancel();
  Todo todo;
  {
    const std::lock_guard lock(mutex_);
    pooled->being_cancelled = false;
    if (!pooled->left_behind) return;
    --closing_;
    discard(std::unique_ptr<Pooled>(pooled), Reason::closing, todo);
  }
  perform(todo);
}

bool PoolCore::left_to_revoke(Pooled& pooled) noexcept {
  if (!pooled.being_cancelled) return false;
  pooled.left_behind = true;
  ++closing_;
  return true;
}

void PoolCore::start_watch() noexcept {
  if (run_in_background([self = shared_from_this()] { self->watch(); })) return;
  const std::lock_guard lock(mutex_);
  watching_ = false;
}

// A thread of its own and not the checkouts of others: a program that hangs with its only session out makes no
// checkouts. It sleeps until the oldest session is due, so a pool that leaks nothing wakes it once in leak_after.
void PoolCore::watch() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    std::vector<PoolEvent> found;
    const auto next = find_leaks(Clock::now(), found);
    if (!found.empty()) {
      lock.unlock();
      for (const PoolEvent& leak : found) {
        log(LogLevel::warning, leak.message);
        tell(leak);
      }
      lock.lock();
      continue;
    }
    if (next == Clock::time_point::max()) break; // the next checkout starts the watch again
    wake_.wait_until(lock, next);
  }
  watching_ = false;
}

Clock::time_point PoolCore::find_leaks(Clock::time_point now, std::vector<PoolEvent>& found) {
  for (Pooled* pooled = in_use_.front(); pooled != nullptr; pooled = Chain<Pooled>::after(pooled)) {
    if (pooled->leak_reported) continue;
    if (now - pooled->taken < settings_.leak_after)
      return pooled->taken + settings_.leak_after; // all others are younger
    pooled->leak_reported = true;
    const auto held = std::chrono::duration_cast<Duration>(now - pooled->taken);
    const auto& where = pooled->where;
    found.push_back({PoolEvent::Kind::leak, Reason::none,
                     fmt::format("a session of {} has been held for {} ms, opened at {}:{} in {}", name_, held.count(),
                                 where.file_name(), where.line(), where.function_name()),
                     where});
  }
  return Clock::time_point::max();
}

} // namespace tenon::detail
