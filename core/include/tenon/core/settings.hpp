#pragma once
// What a store can be told besides where its database is. Filled by config from YAML and the environment, or by hand.
// Threads: values.

#include <chrono>
#include <cstdint>

#include <tenon/core/pool_figures.hpp>

namespace tenon {

using Duration = std::chrono::milliseconds;

/// What a checkout does when connecting fails in a way that may pass: the server is down, starting or full.
enum class WhenDown {
  wait, ///< one thread tries again, with growing pauses; all who want a connection wait for it within their time
  fail, ///< the error is theirs at once
};

/// Defaults are those of SQLAlchemy's QueuePool, but for the recycle time, which it leaves off.
struct PoolSettings {
  std::uint32_t size = 5;                        ///< connections kept open when idle
  std::uint32_t max_overflow = 10;               ///< connections beyond `size`, closed on return
  Duration timeout = std::chrono::seconds{30};   ///< a checkout waits for a free connection; max(): for ever
  Duration recycle = std::chrono::seconds{1800}; ///< a connection older than this is replaced; 0: never
  std::uint32_t min_idle = 0;                    ///< kept ready while fewer than `size` are open, in the background
  Duration ping_after = std::chrono::minutes{1}; ///< a connection idle for longer has to answer first; 0: never
  Duration leak_after = Duration::zero();        ///< a session held longer is reported with its place; 0: never
  WhenDown when_down = WhenDown::wait;
};

/// Runs of store.transaction: again only while nothing was committed and the error is worth it.
struct RetrySettings {
  std::uint32_t attempts = 3; ///< runs of the closure in all; 1: no retry
  Duration base_delay{10};    ///< full-jitter back-off: a random time below base_delay * 2^n …
  Duration max_delay{1000};   ///< … and below this
};

/// Whether Error::detail() is filled; it may hold row values.
enum class ErrorDetail { none, full };

struct StoreSettings {
  PoolSettings pool;
  RetrySettings retry;
  Duration call_timeout = std::chrono::seconds{30};    ///< deadline of each call; 0: none
  Duration transaction_timeout = Duration::zero();     ///< deadline of store.transaction as a whole; 0: none
  Duration connect_timeout = std::chrono::seconds{10}; ///< deadline of opening one connection
  ErrorDetail error_detail = ErrorDetail::none;
  bool log_statements = false; ///< log every call with its table and time, never with values
  PoolObserver pool_observer;  ///< told what happens in the pool; empty: nobody
};

} // namespace tenon
