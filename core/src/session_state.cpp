#include "session_state.hpp"

#include <exception>
#include <string>
#include <utility>

#include <tenon/core/log.hpp>

#include "store_state.hpp"

namespace tenon::detail {
namespace {

/// The server ended one connection for being idle: that says nothing about the others.
bool is_idle_timeout(const ErrorInfo& error) { return error.sqlstate == "57P05" || error.sqlstate == "25P03"; }

[[noreturn]] void throw_streaming() {
  throw_error(ErrorCode::programming, "the session is streaming the rows of a query",
              "read the stream to its end or destroy it first, or take a second session");
}

[[noreturn]] void throw_cancelled(const char* when) {
  throw_error(ErrorCode::cancelled, std::string("cancelled ") + when);
}

} // namespace

SessionState::SessionState(std::shared_ptr<StoreState> of, const SessionOptions& given, Deadline until,
                           const boost::source_location& place)
    : store(std::move(of)), options{given.isolation, given.read_only, given.write_intent}, autocommit(given.autocommit),
      deadline(until), where(place) {
  if (given.stop.stop_possible()) on_stop_.emplace(given.stop, Stop{this});
}

void SessionState::throw_doomed() const {
  ErrorInfo info;
  info.code = ErrorCode::programming;
  info.sqlstate = "25P02"; // in_failed_sql_transaction, on every backend
  if (in_transactions()) {
    info.message = "the transaction has failed already";
    info.hint = "roll back, or put statements that may fail into nested()";
  } else {
    info.message = "the session has lost its connection already";
    info.hint = "rollback() gives it up, and the next statement takes another one";
  }
  if (first_error != nullptr) {
    info.retryable = first_error->retryable;
    info.backend = first_error->backend;
    info.message += ", with: " + first_error->message;
    info.cause = first_error;
  }
  throw_error(std::move(info));
}

void SessionState::throw_unusable() const {
  if (connection->inherited()) {
    throw_error(ErrorCode::connection, "the transaction belongs to the process that this one was forked from",
                "use a session of its own in the child");
  }
  throw_error(ErrorCode::connection, "the store of " + store->backend().endpoint() + " was closed meanwhile",
              "only rollback() is left");
}

// ---- the connection ------------------------------------------------------------------------------------------------

void SessionState::start() {
  if (doomed()) throw_doomed();
  if (stream != nullptr) throw_streaming();
  if (connection != nullptr) throw_unusable();
  for (bool again = false;; again = true) {
    take_connection();
    if (!in_transactions()) return;
    try {
      connection->session->begin(options);
      return;
    } catch (const Error& error) {
      // Nothing has happened in this transaction, so what the pool could not see (a server that restarted, a peer that
      // went silently) costs a second BEGIN and no more.
      const bool lost = error.broken() && error.code() == ErrorCode::connection && error.retryable();
      give_back(condition_after(error.info()));
      if (!lost || again) throw;
    } catch (...) { // not of the contract, but a connection must not stay behind in an unknown state
      give_back(Condition::doubtful);
      throw;
    }
  }
}

bool SessionState::in_transactions() const noexcept {
  return !autocommit && store->capabilities().has(Capability::transactions);
}

void SessionState::take_connection() {
  {
    const std::lock_guard lock(connection_mutex_);
    if (stopped_) throw_cancelled("before it began");
    interrupted_ = false;
    waiting_ = true;
  }
  Lease lease;
  try {
    lease = store->pool().acquire(store->call_limit(deadline), where, &interrupted_);
  } catch (...) {
    const std::lock_guard lock(connection_mutex_);
    waiting_ = false;
    throw;
  }
  bool cancelled = false;
  {
    const std::lock_guard lock(connection_mutex_);
    waiting_ = false;
    cancelled = interrupted_;
    if (!cancelled) connection = std::move(lease);
  }
  if (cancelled) {
    store->pool().release(std::move(lease), Condition::good);
    throw_cancelled("while it waited for a connection");
  }
  reached = true;
  set_deadline(deadline);
}

void SessionState::give_back(Condition condition) noexcept {
  stream.reset();
  Lease lease;
  {
    const std::lock_guard lock(connection_mutex_);
    lease = std::move(connection);
  }
  broken = cut_short = false;
  savepoints.clear();
  first_error.reset();
  if (lease != nullptr) store->pool().release(std::move(lease), condition);
}

Condition SessionState::condition_after(const ErrorInfo& error) const noexcept {
  if (!error.broken) {
    // What was cut short may be running still.
    const bool late = error.code == ErrorCode::timeout || error.code == ErrorCode::cancelled;
    return late ? Condition::unsettled : Condition::good;
  }
  const bool gone =
      (error.code == ErrorCode::connection || error.code == ErrorCode::not_ready) && !is_idle_timeout(error);
  // A server that refuses what this route is for has been demoted: the next session looks for the new primary.
  const bool demoted = error.code == ErrorCode::read_only && !options.read_only;
  return gone || demoted ? Condition::lost : Condition::doubtful;
}

void SessionState::set_deadline(Deadline new_deadline) {
  deadline = new_deadline;
  if (connection != nullptr) connection->session->set_deadline(deadline);
}

// ---- statements, commit, rollback ----------------------------------------------------------------------------------

void SessionState::fail(const Error& error) noexcept {
  if (connection == nullptr) return;
  if (error.broken()) broken = true;
  // Without transactions each call stands alone, and so does its failure.
  const bool doomed = error.broken() || in_transactions();
  if (doomed && first_error == nullptr) first_error = error.share();
  if (!doomed && condition_after(error.info()) == Condition::unsettled) cut_short = true;
}

void SessionState::commit() {
  if (!savepoints.empty()) {
    throw_error(ErrorCode::programming, "commit() inside of nested()", "let nested() return first");
  }
  if (doomed()) throw_doomed();
  if (stream != nullptr) throw_streaming();
  if (connection == nullptr) return;
  if (!usable()) throw_unusable();
  if (in_transactions()) {
    try {
      connection->session->commit();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::commit_unknown) hooks.clear();
      give_back(condition_after(error.info()));
      throw;
    }
    committed = true;
  }
  give_back(cut_short ? Condition::unsettled : Condition::good);
}

void SessionState::rollback() noexcept {
  hooks.clear();
  stream.reset();
  if (connection == nullptr) {
    first_error.reset();
    return;
  }
  Condition condition = first_error != nullptr ? condition_after(*first_error) : Condition::good;
  if (connection->inherited()) {
    condition = Condition::doubtful; // not a word on the parent's connection
  } else if (broken) {
    if (condition != Condition::lost) condition = Condition::doubtful;
  } else if (condition == Condition::good && cut_short) {
    condition = Condition::unsettled;
  } else if (condition == Condition::good && in_transactions()) {
    try {
      connection->session->rollback();
    } catch (const Error& error) { // a discarded connection rolls back by itself
      condition = condition_after(error.info()) == Condition::lost ? Condition::lost : Condition::doubtful;
      log(LogLevel::warning, "rollback failed, the connection is discarded: " + error.message());
    } catch (...) {
      condition = Condition::doubtful;
    }
  }
  give_back(condition);
}

void SessionState::run_hooks() {
  auto due = std::exchange(hooks, {});
  std::exception_ptr first;
  for (auto& hook : due) {
    try {
      hook();
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

// ---- savepoints ----------------------------------------------------------------------------------------------------

std::uint32_t SessionState::open_savepoint() {
  if (autocommit) {
    throw_error(ErrorCode::programming, "nested() in a session with autocommit: it has no transaction",
                "leave autocommit out, or use store.transaction");
  }
  const auto number = static_cast<std::uint32_t>(savepoints.size() + 1);
  ISession& session = connected();
  savepoints.push_back(hooks.size());
  try {
    session.savepoint(SavepointAction::create, number);
  } catch (const Error& error) {
    savepoints.pop_back();
    fail(error);
    throw;
  }
  return number;
}

void SessionState::close_savepoint(std::uint32_t number) {
  ISession& session = connected();
  try {
    session.savepoint(SavepointAction::release, number);
  } catch (const Error& error) {
    fail(error);
    throw;
  }
  savepoints.pop_back();
}

void SessionState::undo_savepoint(std::uint32_t number) noexcept {
  if (savepoints.size() < number) return;
  stream.reset();
  hooks.resize(savepoints[number - 1]);
  savepoints.resize(number - 1);
  if (connection == nullptr || broken || connection->inherited()) return;
  try {
    connection->session->savepoint(SavepointAction::rollback, number);
  } catch (const Error& error) {
    fail(error);   // keeps an earlier one
    broken = true; // nobody knows what is undone and what is not: the connection must not see a COMMIT
    return;
  } catch (...) {
    broken = true;
    return;
  }
  first_error.reset();
  try {
    connection->session->savepoint(SavepointAction::release, number);
  } catch (const Error& error) { // the deadline may have passed; what was to be undone is undone
    fail(error);
  } catch (...) {
    broken = true;
  }
}

// ---- cancellation --------------------------------------------------------------------------------------------------

void SessionState::cancel() noexcept {
  const std::lock_guard lock(connection_mutex_);
  if (connection != nullptr) {
    connection->session->cancel();
  } else if (waiting_) {
    interrupted_ = true;
    store->pool().wake(interrupted_);
  }
}

void SessionState::stop() noexcept {
  stopped_ = true;
  cancel();
}

} // namespace tenon::detail
