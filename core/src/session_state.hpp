#pragma once
// SessionState: what a Session is made of: its connection while a transaction is open, the doomed state, hooks,
// deadline and cancellation. Used by Session and StoreState. Threads: the session's own; cancel() and stop() from any.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include <boost/assert/source_location.hpp>

#include <tenon/core/filters.hpp>
#include <tenon/core/session.hpp>

#include "pool.hpp"

namespace tenon::detail {

class StoreState;

/// One unit of work. Invariant: `connection` is there exactly while a transaction is open, or statements were run
/// without one: with autocommit, or on a backend without transactions.
struct SessionState {
  /// Ends the session's work when a stop is requested.
  struct Stop {
    SessionState* session;
    void operator()() const noexcept { session->stop(); }
  };

  /// `deadline` is that of the options, their timeout worked in.
  SessionState(std::shared_ptr<StoreState> store, const SessionOptions& options, Deadline deadline,
               const boost::source_location& where);
  SessionState(const SessionState&) = delete;
  SessionState& operator=(const SessionState&) = delete;

  /// The connection, taken and with a transaction begun if there is none yet.
  /// Errors: ProgrammingError while doomed; ConnectionError behind a close of the store, and in a forked child; those
  /// of a checkout and of BEGIN; Cancelled; TimeoutError.
  [[nodiscard]] ISession& connected() {
    if (connection == nullptr || doomed() || stream != nullptr || !usable()) [[unlikely]]
      start();
    return *connection->session;
  }
  [[nodiscard]] bool doomed() const noexcept { return first_error != nullptr || broken; }
  /// For what goes on with a connection that is there. Errors: ConnectionError, as connected().
  void check_usable() const {
    if (connection != nullptr && !usable()) throw_unusable();
  }
  /// Notes that a statement failed: from now on only a rollback is accepted, where there are transactions.
  void fail(const Error& error) noexcept;

  /// On CommitUnknown the hooks are kept, for whoever finds out that it was committed; on any other failure of the
  /// database they are forgotten.
  void commit();
  void rollback() noexcept;
  void run_hooks();

  [[nodiscard]] std::uint32_t open_savepoint();
  void close_savepoint(std::uint32_t number);
  void undo_savepoint(std::uint32_t number) noexcept;

  void set_deadline(Deadline new_deadline);
  void cancel() noexcept;
  /// As cancel(), and for good.
  void stop() noexcept;

  std::shared_ptr<StoreState> store;
  TransactionOptions options;
  bool autocommit;
  Deadline deadline;
  boost::source_location where; // of the call that made the session
  Lease connection;
  std::shared_ptr<const ErrorInfo> first_error; // the session is doomed until rollback
  bool broken = false;                          // the connection is not worth a rollback
  bool cut_short = false;                       // a call that stands alone was, and may be running still
  bool reached = false;                         // it had a connection, whatever became of it
  bool committed = false;                       // something was, or may have been
  std::uint64_t statements = 0;
  std::vector<std::size_t> savepoints; // how many hooks there were when each was opened
  std::vector<std::function<void()>> hooks;
  std::vector<SessionFilter> filters;
  // Invariant: gone before the connection is given back.
  std::unique_ptr<ICursor> stream;
  std::uint64_t streams = 0; // opened so far; the number of the last one

private:
  /// Whether its calls are parts of a transaction, and do not stand alone.
  [[nodiscard]] bool in_transactions() const noexcept;
  /// Whether the pool lets us go on, and this process is the one that took the connection.
  [[nodiscard]] bool usable() const noexcept {
    return !connection->revoked.load(std::memory_order_relaxed) && !connection->inherited();
  }
  void start();
  void take_connection();
  void give_back(Condition condition) noexcept;
  [[nodiscard]] Condition condition_after(const ErrorInfo& error) const noexcept;
  [[noreturn]] void throw_doomed() const;
  [[noreturn]] void throw_unusable() const;

  std::mutex connection_mutex_; // guards the pointer and `waiting_` against cancel() of another thread
  bool waiting_ = false;
  std::atomic<bool> interrupted_{false}; // the wait for a connection has to end
  std::atomic<bool> stopped_{false};
  std::optional<std::stop_callback<Stop>> on_stop_; // last: gone before what it uses
};

} // namespace tenon::detail
