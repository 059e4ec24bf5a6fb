#pragma once
// PoolCore: the pool of one process. Waiters stand in a queue and are served first in, first out, by direct handoff of
// what comes back or is opened; idle connections are taken last in, first out, so that those not needed grow old and
// go. Connections are opened and closed on background threads and checked outside the lock. All time is of the steady
// clock. Threads: every method from any thread; what is under way in the background shares the core.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <tenon/interface/error.hpp>
#include <tenon/interface/fork_guard.hpp>

#include "chain.hpp"
#include "pool.hpp"

namespace tenon::detail {

class PoolCore : public std::enable_shared_from_this<PoolCore> {
public:
  PoolCore(const PoolSettings& settings, Duration connect_timeout, Pool::Connect connect, std::string name,
           PoolObserver observer);
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;
  ~PoolCore();

  [[nodiscard]] Lease acquire(Deadline limit, const boost::source_location& where,
                              const std::atomic<bool>* interrupted);
  void wake(const std::atomic<bool>& interrupted) noexcept;
  void take_back(Pooled* pooled, Condition condition) noexcept;
  [[nodiscard]] PoolFigures figures() const;
  void warm_up() noexcept;
  void close() noexcept;
  bool close(Deadline limit) noexcept;

  // Places: pool_places.cpp.
  /// Takes a place, for end_place() to give back.
  void reserve(Deadline limit, const boost::source_location& where);
  void end_place() noexcept;

  [[nodiscard]] bool forked() const noexcept { return guard_.forked(); }
  /// In a child, once: destroys the parent's idle sessions (their backends say no goodbye), unless a thread of the
  /// parent was at work on them when it was forked.
  void drop_inherited() noexcept;

private:
  using Reason = PoolEvent::Reason;
  struct Waiter;
  struct Asker;
  struct Todo;
  class Permit;

  /// What is known while connects fail in a way that may pass.
  struct Down {
    Clock::duration backoff;
    double jitter;              ///< share of the back-off that is waited
    Clock::time_point last_try; ///< when it began: one that hung was pause enough
    Clock::time_point since;
  };
  struct Closing {
    std::unique_ptr<Pooled> pooled;
    Reason reason;
  };

  // Methods with `todo`, and those said to need the lock, are called under it; perform() and the rest are not.

  // Checkout and return: pool_core.cpp.
  [[nodiscard]] Pooled* pop_idle(Clock::time_point now, Todo& todo);
  /// Needs the lock.
  void hold(Pooled* pooled, Clock::time_point now, const boost::source_location& where) noexcept;
  [[nodiscard]] Pooled* wait(std::unique_lock<std::mutex>& lock, Waiter& self, Clock::time_point begin, Deadline limit);
  /// A look at the connection, and a ping if it was idle for long. `lost`: others may be as bad.
  [[nodiscard]] bool sound(Pooled& pooled, Clock::time_point now, Deadline deadline, bool& lost) noexcept;
  /// Where a connection goes that nobody holds: to a waiter, among the idle ones, or out.
  void settle(std::unique_ptr<Pooled> pooled, Clock::time_point now, Todo& todo);
  void raise_generation(Todo& todo);
  void perform(Todo& todo) noexcept;
  void tell(const PoolEvent& event) const noexcept;

  /// Needs the lock. To be called when open_ has shrunk; plan_connects() does. In pool_places.cpp.
  void grant_places() noexcept;

  // Connecting: pool_connect.cpp.
  void plan_connects(Todo& todo) noexcept;
  /// Needs the lock.
  [[nodiscard]] std::uint32_t spares_wanted() const noexcept;
  void start_connect() noexcept;
  void start_probe() noexcept;
  void probe() noexcept;
  enum class By { connector, prober };
  /// Opens a connection and gives it away, or notes why that failed. Returns whether the server is still down.
  bool attempt(Permit& permit, By by) noexcept;
  [[nodiscard]] std::unique_ptr<Pooled> open(By by, ErrorInfo& failure) noexcept;
  /// Needs the lock.
  [[nodiscard]] Deadline connect_limit(By by) const noexcept;
  void connect_failed(const ErrorInfo& failure, By by, Clock::time_point begin, Todo& todo);
  /// Needs the lock.
  void fail_waiters(const ErrorInfo& failure, bool all);

  // Closing, settling, watching: pool_closing.cpp.
  void discard(std::unique_ptr<Pooled> pooled, Reason reason, Todo& todo);
  void start_closer() noexcept;
  void close_queued() noexcept;
  void start_settling(Pooled* pooled) noexcept;
  void finish_unsettled(Pooled* pooled) noexcept;
  /// Needs the lock.
  void refuse();
  void revoke(Pooled* pooled) noexcept;
  /// Needs the lock. Whether revoke() is at work on what its holder gives up: then it goes when that has returned.
  [[nodiscard]] bool left_to_revoke(Pooled& pooled) noexcept;
  void start_watch() noexcept;
  void watch() noexcept;
  /// Needs the lock. Reports what is due; returns when the next one is, or max().
  [[nodiscard]] Clock::time_point find_leaks(Clock::time_point now, std::vector<PoolEvent>& found);

  // Messages: pool_errors.cpp. They need the lock.
  [[nodiscard]] ErrorInfo timeout_error(Duration waited, bool callers_limit) const;
  [[nodiscard]] ErrorInfo closed_error() const;

  const PoolSettings settings_;
  const Duration connect_timeout_;
  const Pool::Connect connect_;
  const std::string name_;
  const PoolObserver observer_;
  const ForkGuard guard_;
  const std::uint32_t limit_;

  mutable std::mutex mutex_;
  // Invariant: open_ counts connections idle, in use and being closed, those being opened, and the places given away;
  // it is at most limit_.
  std::uint32_t open_ = 0;
  std::uint32_t connecting_ = 0;
  std::uint32_t closing_ = 0;    // or being settled
  std::uint32_t closers_ = 0;    // threads that close
  std::uint64_t generation_ = 0; // connections of an older one are closed when met
  bool closed_ = false;
  std::vector<std::unique_ptr<Pooled>> idle_; // never more than settings_.size, reserved
  std::deque<Closing> to_close_;
  Chain<Pooled> in_use_; // by time of checkout
  Chain<Waiter> waiters_;
  Chain<Asker> askers_; // each waits for a place, and as many connections give way

  std::optional<Down> down_;
  bool probing_ = false;       // the one prober lives
  bool spares_paused_ = false; // a connect failed for good: no more of them ahead of need until one succeeds
  bool watching_ = false;      // and so does the one that looks for leaks
  std::optional<ErrorInfo> connect_error_;
  std::condition_variable wake_;    // prober and watch: something that they wait for may have changed
  std::condition_variable emptied_; // close(): a connection went

  std::uint64_t created_ = 0;
  std::uint64_t closed_count_ = 0;
  std::uint64_t timeouts_ = 0;
  std::uint64_t immediate_ = 0; // checkouts that did not wait: of wait_time_'s first bucket
  DurationHistogram wait_time_;
  DurationHistogram use_time_;
  DurationHistogram create_time_;
};

/// A thread in the queue; lives on that thread's stack. All under the lock.
struct PoolCore::Waiter : ChainLink<Waiter> {
  std::condition_variable ready;
  const boost::source_location* where = nullptr;
  const std::atomic<bool>* interrupted = nullptr;
  Pooled* connection = nullptr;
  std::optional<ErrorInfo> failure; // each throws one of its own
  [[nodiscard]] bool served() const noexcept { return connection != nullptr || failure.has_value(); }
};

/// A thread that waits for a place; lives on that thread's stack. All under the lock.
struct PoolCore::Asker : ChainLink<Asker> {
  std::condition_variable ready;
  bool granted = false;
  bool refused = false; // the pool was closed
};

/// What is decided under the lock and done outside of it, by perform().
struct PoolCore::Todo {
  std::vector<PoolEvent> events;
  std::vector<std::string> warnings; // to log
  std::uint32_t connects = 0;        // permits taken
  std::uint32_t closers = 0;         // closers counted
  bool probe = false;
  bool watch = false;
  Pooled* unsettled = nullptr; // counted as closing
  [[nodiscard]] bool empty() const noexcept {
    return connects == 0 && closers == 0 && !probe && !watch && unsettled == nullptr && events.empty() &&
           warnings.empty();
  }
};

/// The right to open one connection: a slot of open_ and connecting_, given back unless a connection took it over.
class PoolCore::Permit {
public:
  explicit Permit(PoolCore& core) noexcept : core_(&core) {}
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() {
    if (core_ == nullptr) return;
    const std::lock_guard lock(core_->mutex_);
    end(false);
  }
  /// Needs the lock.
  void end(bool connected) noexcept {
    --core_->connecting_;
    if (!connected) --core_->open_;
    core_ = nullptr;
  }

private:
  PoolCore* core_;
};

} // namespace tenon::detail
