// Prepared statements and rows of a Connection: what runs more than once, and what is read bit by bit.
#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "connection.hpp"

namespace tenon::postgresql {
namespace {

/// How long rows that nobody wants are read before a cancel is tried: most results end sooner than a cancel works.
constexpr std::chrono::milliseconds kReadOn{5};
/// How long the end of that cancel is waited for where the deadline allows it: a connection is worth more than the
/// time.
constexpr std::chrono::milliseconds kPatience{1000};

} // namespace

Statement::Statement(Statement&& other) noexcept
    : sql_(std::move(other.sql_)), name_(std::move(other.name_)), owner_(std::exchange(other.owner_, nullptr)),
      generation_(other.generation_), preparation_(other.preparation_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this == &other) return *this;
  forget();
  sql_ = std::move(other.sql_);
  name_ = std::move(other.name_);
  owner_ = std::exchange(other.owner_, nullptr);
  generation_ = other.generation_;
  preparation_ = other.preparation_;
  return *this;
}

Statement::~Statement() { forget(); }

void Statement::forget() noexcept {
  Connection* const owner = std::exchange(owner_, nullptr);
  if (owner == nullptr || generation_ != owner->generation_) return;
  try {
    owner->retired_.push_back(std::move(name_));
  } catch (...) { // the server keeps one statement more than it needs
  }
}

void Connection::forget_statements() noexcept {
  ++generation_;
  retired_.clear();
}

// The caller's own SQL may have made the server forget some of them, and with them any others.
void Connection::drop_retired(const Work& work) {
  if (retired_.empty() || !begin_.empty() || transaction() == TransactionState::failed) return;
  std::string sql;
  for (const std::string& name : retired_)
    sql += fmt::format("DEALLOCATE {};", name);
  retired_.clear();
  Exchange exchange = start({"deallocate", nullptr, false});
  send(exchange, PQsendQuery(handle_, sql.c_str()));
  const Result result = finish(exchange);
  if (!is_failure(result.get())) return;
  Failure failure = read_failure(result.get());
  if (!is_stale_statement(failure)) fail(exchange, std::move(failure));
  forget_statements();
  if (transaction() != TransactionState::none) fail_stale(exchange, failure, work);
}

Result Connection::prepare(Exchange& exchange, Statement& statement, const Parameters& parameters, const Work& work) {
  if (knows(statement)) return nullptr;
  drop_retired(work);
  std::string name = fmt::format("tenon_{}", ++names_);
  exchange = start({work.summary, work.table, false});
  send(exchange, PQsendPrepare(handle_, name.c_str(), statement.sql().c_str(), parameters.count(), parameters.types()));
  Result result = finish(exchange);
  if (is_failure(result.get())) return result;
  adopt(statement, std::move(name));
  return nullptr;
}

bool Connection::knows(const Statement& statement) const noexcept {
  return statement.owner_ == this && statement.generation_ == generation_;
}

void Connection::adopt(Statement& statement, std::string name) noexcept {
  statement.name_ = std::move(name);
  statement.owner_ = this;
  statement.generation_ = generation_;
  statement.preparation_ = names_; // the number in its name
}

int Connection::queue_statement(Statement& statement, const Parameters& parameters) {
  return named_statements_ ? PQsendQueryPrepared(handle_, statement.name_.c_str(), parameters.count(),
                                                 parameters.values(), parameters.lengths(), parameters.formats(), 1)
                           : PQsendQueryParams(handle_, statement.sql().c_str(), parameters.count(), parameters.types(),
                                               parameters.values(), parameters.lengths(), parameters.formats(), 1);
}

void Connection::send_statement(Exchange& exchange, Statement& statement, const Parameters& parameters) {
  send(exchange, queue_statement(statement, parameters));
}

// A statement that the server forgot, or whose table changed, is prepared anew; outside a transaction the call then
// runs a second time, which is safe because the first was refused before it began.
template <class Run> Result Connection::with_fresh_statement(Statement& statement, const Work& work, Run&& run) {
  for (bool again = true;; again = false) {
    Exchange exchange{};
    Result result = run(exchange);
    if (!is_failure(result.get())) return result;
    Failure failure = read_failure(result.get());
    result.reset();
    const bool stale = named_statements_ && is_stale_statement(failure);
    if (!stale && !begin_.empty()) begin_failed_ = true;
    if (!stale) fail(exchange, std::move(failure));
    if (failure.sqlstate == "0A000") {
      statement.forget(); // this one alone has another result type now
    } else {
      forget_statements(); // all of them are in doubt
    }
    if (again && (transaction() == TransactionState::none || !begin_.empty())) continue;
    if (!begin_.empty()) begin_failed_ = true;
    fail_stale(exchange, failure, work);
  }
}

Result Connection::run(Statement& statement, const Parameters& parameters, const Work& work) {
  return with_fresh_statement(statement, work, [&](Exchange& exchange) -> Result {
    if (named_statements_) {
      if (Result refused = prepare(exchange, statement, parameters, work)) return refused;
    }
    exchange = start(work);
    if (!begin_.empty()) return run_beginning(exchange, statement, parameters);
    send_statement(exchange, statement, parameters);
    return finish(exchange);
  });
}

Result Connection::start_rows(Statement& statement, const Parameters& parameters, const Work& work) {
  prepare_for_rows();
  return with_fresh_statement(statement, work, [&](Exchange& exchange) -> Result {
    if (named_statements_) {
      if (Result refused = prepare(exchange, statement, parameters, work)) return refused;
    }
    send_begin();
    exchange = start(work);
    send_statement(exchange, statement, parameters);
    return first_row(exchange);
  });
}

Result Connection::start_rows(const std::string& sql, const Parameters& parameters, const Work& work) {
  send_begin();
  prepare_for_rows();
  Exchange exchange = start(work);
  send_text(exchange, sql, parameters);
  Result first = first_row(exchange);
  if (is_failure(first.get())) fail(exchange, read_failure(first.get()));
  return first;
}

Result Connection::run(const std::string& sql, const Parameters& parameters, const Work& work) {
  send_begin();
  Exchange exchange = start(work);
  send_text(exchange, sql, parameters);
  Result result = finish(exchange);
  if (is_failure(result.get())) fail(exchange, read_failure(result.get()));
  return result;
}

void Connection::send_text(Exchange& exchange, const std::string& sql, const Parameters& parameters) {
  send(exchange, PQsendQueryParams(handle_, sql.c_str(), parameters.count(), parameters.types(), parameters.values(),
                                   parameters.lengths(), parameters.formats(), 1));
}

// A row, or the end of the exchange: its last result or its failure.
Result Connection::first_row(Exchange& exchange) {
  PQsetSingleRowMode(handle_);
  Result first = receive(exchange);
  if (first == nullptr) fail_lost(exchange);
  rows_ = exchange;
  if (PQresultStatus(first.get()) != PGRES_SINGLE_TUPLE) drain_rows();
  return first;
}

// What follows the last row or a failure says nothing new.
void Connection::drain_rows() {
  while (PQstatus(handle_) == CONNECTION_OK && receive(rows_) != nullptr) {}
  settle(rows_);
}

Result Connection::next_row(const Work& work) {
  rows_.work = work;
  if (!rows_.cancel_sent) rows_.limit = deadline_;
  Result result = receive(rows_);
  if (result != nullptr && PQresultStatus(result.get()) == PGRES_SINGLE_TUPLE) return result;
  drain_rows();
  if (result != nullptr && is_failure(result.get())) fail(rows_, read_failure(result.get()));
  return nullptr;
}

void Connection::abandon_rows(bool may_cancel) noexcept {
  try {
    if (PQtransactionStatus(handle_) != PQTRANS_ACTIVE || broken_) return;
    const Deadline read_on = may_cancel ? std::min(deadline_, Clock::now() + kReadOn) : deadline_;
    if (!rows_.cancel_sent) rows_.limit = deadline_;
    bool cancelled = rows_.cancel_sent; // then its grace is under way, and there is no second one
    while (true) {
      const Result result = receive(rows_);
      if (result == nullptr || PQstatus(handle_) != CONNECTION_OK) break;
      if (cancelled || read_on == Deadline::max() || Clock::now() < read_on) continue;
      cancelled = true;
      rows_.cancel_sent = true;
      const auto now = Clock::now();
      rows_.limit = std::max<Deadline>(now + kGrace, std::min<Deadline>(deadline_, now + kPatience));
      canceller_.request_for_deadline();
    }
    settle(rows_);
    if (PQstatus(handle_) != CONNECTION_OK) broken_ = true;
  } catch (...) { // out of time or memory: whoever asks next learns that the connection is broken
    broken_ = true;
  }
}

} // namespace tenon::postgresql
