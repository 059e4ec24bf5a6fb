#pragma once
// Pool: keeps sessions of one backend for reuse. Knows ISession and nothing of any database. Used by StoreState alone.
// The pool of this process is a PoolCore (pool_core.hpp); a child made by fork() gets a new one at its first use.
// Threads: every method from any thread.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/assert/source_location.hpp>

#include <tenon/core/pool_figures.hpp>
#include <tenon/core/settings.hpp>
#include <tenon/interface/session.hpp>

#include "chain.hpp"

namespace tenon::detail {

class PoolCore;

/// A session on its way through the pool. What is not said to be the holder's is the pool's, under its lock.
struct Pooled : ChainLink<Pooled> {
  std::unique_ptr<ISession> session; ///< the holder's
  /// Set by the pool when it was closed and the time to finish is up: no further statement but rollback.
  std::atomic<bool> revoked{false};

  PoolCore* home = nullptr;
  Deadline expires = Deadline::max();
  Clock::time_point taken{};
  Clock::time_point idle_since{};
  std::uint64_t generation = 0;
  boost::source_location where; ///< of the checkout
  bool fresh = true;            ///< never idle, never held: nothing to check
  bool leak_reported = false;
  bool being_cancelled = false; ///< by close(), outside the lock: who gives it back leaves it to that
  bool left_behind = false;     ///< given back meanwhile

  /// Whether it was checked out in a process that this one was forked from: not to be used, only to be dropped.
  [[nodiscard]] bool inherited() const noexcept;
  /// The session, for a statement or a commit. Errors: ConnectionError, broken, once it is revoked or in a child that
  /// inherited it.
  [[nodiscard]] ISession& usable();
};

/// Gives back, as doubtful, what nobody gave back.
struct EndLease {
  void operator()(Pooled* pooled) const noexcept;
};
/// A connection out of the pool, with its slot. Lifetime: not longer than the pool.
using Lease = std::unique_ptr<Pooled, EndLease>;

/// Gives a place back.
struct EndPlace {
  void operator()(PoolCore* core) const noexcept;
};
/// The right to one connection that the pool knows nothing of, but counts. Lifetime: not longer than the pool.
using Place = std::unique_ptr<PoolCore, EndPlace>;

/// How a connection comes back.
enum class Condition {
  good,      ///< no transaction and no call is open; rollback() makes no round trip
  unsettled, ///< something may be running still: rolled back in the background within two seconds, or else closed
  doubtful,  ///< closed, not reused
  lost,      ///< closed, and so are all that are as old as it
};

class Pool {
public:
  /// Opens a connection by the deadline; called on threads of the pool, several at once. Must own or share what it
  /// uses: a connect that is under way outlives the pool.
  using Connect = std::function<std::unique_ptr<ISession>(Deadline)>;

  Pool(const PoolSettings& settings, Duration connect_timeout, Connect connect, std::string name,
       PoolObserver observer = {});
  /// As close(). Requires that no lease is out.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Waits until `limit`, or settings.timeout from now if that is sooner. `where` is the place that leak reports name.
  /// Errors: PoolTimeout, or while the server is down the class of the last connect error; both say whose limit passed,
  /// the pool's state and the last connect error. A connect that fails for good fails the caller at once. Cancelled
  /// once `interrupted` is set, which the setter tells by wake(). ProgrammingError after close().
  [[nodiscard]] Lease acquire(Deadline limit, const boost::source_location& where,
                              const std::atomic<bool>* interrupted = nullptr);
  /// Lets an acquire() that waits with this flag look at it.
  void wake(const std::atomic<bool>& interrupted) noexcept;
  /// Puts the session back to its first state and gives it to the longest waiter, or keeps it, or closes it; closing is
  /// done in the background. In a child, an inherited connection is destroyed without a word to the parent's server.
  void release(Lease lease, Condition condition) noexcept;

  /// A place for a connection that the caller opens on its own, and closes before it gives the place back: the limit
  /// holds for both together. Where all places are taken, an idle connection is closed for it, or the next one that
  /// comes back; it goes before those who wait for a connection. Errors: as acquire(), but for those of a connect.
  [[nodiscard]] Place reserve(Deadline limit, const boost::source_location& where);

  [[nodiscard]] PoolFigures figures() const;
  /// Begins to open min_idle connections in the background. Never fails: the next checkout does.
  void warm_up() noexcept;

  /// Refuses checkouts, wakes those who wait with an error, closes idle connections; those in use are closed when they
  /// come back. Waits for nothing but what is being opened or closed, and for that a quarter of a second at most.
  void close() noexcept;
  /// Refuses checkouts and closes idle connections, waits until `limit` for those in use, then cancels what runs on
  /// them and lets their holders do nothing but roll back. Returns whether all were closed: at the latest a quarter of
  /// a second behind `limit`.
  bool close(Deadline limit) noexcept;

private:
  using Shared = std::shared_ptr<PoolCore>;
  [[nodiscard]] Shared make() const;
  [[nodiscard]] const Shared& core() const;

  const PoolSettings settings_;
  const Duration connect_timeout_;
  const Connect connect_;
  const std::string name_;
  const PoolObserver observer_;
  std::atomic<bool> closed_{false};   // for a child that is forked later
  mutable std::atomic<Shared*> core_; // the parent's is never freed in a child
};

} // namespace tenon::detail
