#pragma once
// Pool: keeps sessions of one backend for reuse. Knows ISession and nothing of any database. Used by StoreState alone.
// Waiters are served first in, first out, by direct handoff of a connection or of the permit to open one; idle
// connections are taken last in, first out, so that those not needed grow old and go. Threads: every method from any
// thread. Connections are opened, checked and closed outside the lock.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <boost/assert/source_location.hpp>

#include <tenon/core/settings.hpp>
#include <tenon/core/store.hpp>
#include <tenon/interface/session.hpp>

namespace tenon::detail {

class Pool;

/// A session on its way through the pool.
struct Pooled {
  Pool* home = nullptr;
  std::unique_ptr<ISession> session;
  Deadline expires = Deadline::max();
  Clock::time_point taken{};
  std::uint64_t generation = 0;
  boost::source_location where; ///< of the checkout
  bool leak_reported = false;
};

/// Gives back, as doubtful, what nobody gave back.
struct EndLease {
  void operator()(Pooled* pooled) const noexcept;
};
/// A connection out of the pool, with its slot. Lifetime: not longer than the pool.
using Lease = std::unique_ptr<Pooled, EndLease>;

/// How a connection comes back.
enum class Condition {
  good,
  doubtful, ///< closed, not reused
  lost,     ///< closed, and so are all that are as old as it
};

class Pool {
public:
  using Connect = std::function<std::unique_ptr<ISession>(Deadline)>;

  Pool(const PoolSettings& settings, Duration connect_timeout, Connect connect, std::string name);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Waits until `limit`, or settings.timeout from now if that is sooner. `where` is the place that leak reports name.
  /// Errors: PoolTimeout, which says whose limit passed, with the pool's state and the last connect error; what
  /// connecting throws; Cancelled once `interrupted` is set, which the setter tells by wake(); ProgrammingError after
  /// close().
  [[nodiscard]] Lease acquire(Deadline limit, const boost::source_location& where,
                              const std::atomic<bool>* interrupted = nullptr);
  /// Lets an acquire() that waits with this flag look at it. Threads: any.
  void wake(const std::atomic<bool>& interrupted) noexcept;
  /// Resets the session and gives it to the longest waiter, or keeps it, or closes it.
  void release(Lease lease, Condition condition) noexcept;

  [[nodiscard]] PoolFigures figures() const;
  /// Opens min_idle connections. Errors: what connecting throws.
  void warm_up();
  void close() noexcept;

private:
  /// What a waiter is given: a connection, or the permit to open one, or word that the pool was closed.
  struct Waiter {
    std::condition_variable ready;
    const std::atomic<bool>* interrupted = nullptr;
    std::unique_ptr<Pooled> connection;
    bool permit = false;
    bool closed = false;
    [[nodiscard]] bool served() const noexcept { return connection != nullptr || permit || closed; }
  };

  [[nodiscard]] std::unique_ptr<Pooled> open();
  [[nodiscard]] bool usable(Pooled& pooled, Clock::time_point now);
  std::unique_ptr<Pooled> wait(std::unique_lock<std::mutex>& lock, Clock::time_point now, Deadline limit,
                               const std::atomic<bool>* interrupted);
  [[noreturn]] void throw_timeout(std::unique_lock<std::mutex>& lock, Duration waited, bool callers_limit);
  void give_permit() noexcept;
  void report_leaks(Clock::time_point now);

  const PoolSettings settings_;
  const Duration connect_timeout_;
  const Connect connect_;
  const std::string name_;

  std::atomic<std::uint64_t> generation_{0}; // connections of an older one are closed when met; raised under the lock

  mutable std::mutex mutex_;
  // Invariant: open_ counts idle connections, connections in use and permits; it is at most size + max_overflow.
  std::uint32_t open_ = 0;
  std::uint64_t created_ = 0;
  std::uint64_t timeouts_ = 0;
  bool closed_ = false;
  std::string last_connect_error_;
  std::vector<std::unique_ptr<Pooled>> idle_;
  std::vector<Pooled*> in_use_;
  std::list<Waiter*> waiters_;
  std::minstd_rand jitter_{std::random_device{}()};
};

} // namespace tenon::detail
