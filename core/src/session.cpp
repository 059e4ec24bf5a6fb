#include <tenon/core/session.hpp>

#include <exception>
#include <utility>

#include <tenon/core/log.hpp>

#include "store_state.hpp"

namespace tenon {
namespace detail {
namespace {

bool is_lost(const ErrorInfo& info) {
  return info.broken && (info.code == ErrorCode::connection || info.code == ErrorCode::not_ready ||
                         info.code == ErrorCode::commit_unknown);
}

[[noreturn]] void throw_doomed(const ErrorInfo& first) {
  ErrorInfo info;
  info.code = ErrorCode::programming;
  info.sqlstate = "25P02"; // in_failed_sql_transaction, on every backend
  info.retryable = first.retryable;
  info.backend = first.backend;
  info.message = "the transaction has failed already, with: " + first.message;
  info.hint = "roll back, or put statements that may fail into nested()";
  throw_error(std::move(info));
}

[[noreturn]] void throw_streaming() {
  throw_error(ErrorCode::programming, "the session is streaming the rows of a query",
              "read the stream to its end or destroy it first, or take a second session");
}

} // namespace

void SessionState::take_connection() {
  auto pooled = store->pool().acquire(Deadline::max(), where);
  const std::lock_guard lock(connection_mutex);
  connection = std::move(pooled);
}

void SessionState::give_back(Condition condition) noexcept {
  stream.reset();
  Lease pooled;
  {
    const std::lock_guard lock(connection_mutex);
    pooled = std::move(connection);
  }
  broken = false;
  savepoints.clear();
  first_error.reset();
  if (pooled != nullptr) store->pool().release(std::move(pooled), condition);
}

ISession& SessionState::connected() {
  if (first_error) throw_doomed(*first_error);
  if (stream != nullptr) throw_streaming();
  if (connection != nullptr) return *connection->session;
  take_connection();
  if (store->capabilities().has(Capability::transactions)) {
    try {
      connection->session->begin(options);
    } catch (const Error& error) {
      give_back(is_lost(error.info()) ? Condition::lost : Condition::doubtful);
      throw;
    }
  }
  return *connection->session;
}

void SessionState::commit() {
  if (!savepoints.empty()) {
    throw_error(ErrorCode::programming, "commit() inside of nested()", "let nested() return first");
  }
  if (first_error) throw_doomed(*first_error);
  if (stream != nullptr) throw_streaming();
  if (connection == nullptr) return;
  if (store->capabilities().has(Capability::transactions)) {
    try {
      connection->session->commit();
    } catch (const Error& error) {
      hooks.clear();
      give_back(is_lost(error.info()) ? Condition::lost : error.broken() ? Condition::doubtful : Condition::good);
      throw;
    }
  }
  give_back(Condition::good);
}

void SessionState::rollback() noexcept {
  hooks.clear();
  stream.reset();
  if (connection == nullptr) {
    first_error.reset();
    return;
  }
  Condition condition = Condition::good;
  if (broken) {
    condition = first_error && is_lost(*first_error) ? Condition::lost : Condition::doubtful;
  } else if (store->capabilities().has(Capability::transactions)) {
    try {
      connection->session->rollback();
    } catch (const std::exception& error) { // a discarded connection rolls back by itself
      condition = Condition::doubtful;
      log(LogLevel::warning, std::string("rollback failed, the connection is discarded: ") + error.what());
    }
  }
  give_back(condition);
}

void SessionState::fail(const Error& error) noexcept {
  if (connection == nullptr) return;
  if (error.broken()) broken = true;
  // Without transactions each call stands alone, and so does its failure.
  const bool doomed = error.broken() || store->capabilities().has(Capability::transactions);
  if (doomed && !first_error) {
    try {
      first_error = error.info();
    } catch (...) { // out of memory: an unnamed first error still dooms the session
      first_error.emplace();
    }
  }
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

} // namespace detail

Session::Session(std::unique_ptr<detail::SessionState> state) noexcept : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&& other) noexcept {
  if (this != &other) {
    if (state_ != nullptr) state_->rollback();
    state_ = std::move(other.state_);
  }
  return *this;
}
Session::~Session() {
  if (state_ != nullptr) state_->rollback();
}

void Session::commit() {
  state_->commit();
  state_->run_hooks();
}

void Session::rollback() {
  if (!state_->savepoints.empty()) {
    throw_error(ErrorCode::programming, "rollback() inside of nested()", "throw out of nested() instead");
  }
  if (state_->connection != nullptr && !state_->store->capabilities().has(Capability::transactions)) {
    throw_error(ErrorCode::not_supported,
                "backend " + state_->store->backend().info().id + " has no transactions to roll back");
  }
  state_->rollback();
}

void Session::after_commit(std::function<void()> hook) { state_->hooks.push_back(std::move(hook)); }

std::unique_ptr<ICursor> Session::execute(std::string_view sql, std::span<const Cell> parameters) {
  return with_connection([&](ISession& connection) {
    ++state_->statements;
    return connection.execute(sql, parameters);
  });
}

void Session::cancel() noexcept {
  const std::lock_guard lock(state_->connection_mutex);
  if (state_->connection != nullptr) state_->connection->session->cancel();
}

bool Session::active() const noexcept { return state_->connection != nullptr; }
std::uint64_t Session::statements() const noexcept { return state_->statements; }
Capabilities Session::capabilities() const noexcept { return state_->store->capabilities(); }

ISession& Session::enter() { return state_->connected(); }
IRepository& Session::enter(const TableDesc& table) {
  ISession& connection = state_->connected();
  ++state_->statements;
  return connection.repository(table);
}

std::span<const detail::SessionFilter> Session::filters() const noexcept { return state_->filters; }

void Session::set_filter(detail::SessionFilter filter) {
  clear_filter(*filter.table, filter.name);
  state_->filters.push_back(std::move(filter));
}

void Session::clear_filter(const TableDesc& table, std::string_view name) noexcept {
  std::erase_if(state_->filters, [&](const detail::SessionFilter& one) {
    return detail::same_table(*one.table, table) && one.name == name;
  });
}

void Session::failed(const Error& error) noexcept { state_->fail(error); }

std::uint32_t Session::open_savepoint() {
  const auto number = static_cast<std::uint32_t>(state_->savepoints.size() + 1);
  with_connection([&](ISession& connection) { connection.savepoint(SavepointAction::create, number); });
  state_->savepoints.push_back(state_->hooks.size());
  return number;
}

void Session::close_savepoint(std::uint32_t number) {
  with_connection([&](ISession& connection) { connection.savepoint(SavepointAction::release, number); });
  state_->savepoints.pop_back();
}

void Session::undo_savepoint(std::uint32_t number) noexcept {
  if (state_->savepoints.size() < number) return;
  state_->stream.reset();
  state_->hooks.resize(state_->savepoints[number - 1]);
  state_->savepoints.resize(number - 1);
  if (state_->connection == nullptr || state_->broken) return;
  try {
    state_->connection->session->savepoint(SavepointAction::rollback, number);
    state_->connection->session->savepoint(SavepointAction::release, number);
    state_->first_error.reset();
  } catch (const Error& error) {
    failed(error);
  }
}

} // namespace tenon
