#include "connection.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "resolver.hpp"

namespace tenon::postgresql {
namespace {

/// pg_current_xact_id() is there since 13, pg_stat_get_wal() since 14.
constexpr int kNumbersSince = 140'000;

} // namespace

Connection::Connection(const Settings& settings, HostMemory& memory, Deadline deadline)
    : named_statements_(!settings.transaction_pooler), link_(Link::open(settings, memory, deadline)),
      handle_(link_.handle()),
      numbers_transactions_(settings.resolve_commit && PQserverVersion(handle_) >= kNumbersSince),
      endpoint_(settings.endpoint_of(link_.host())), canceller_(handle_, link_.host().label()) {
  PQsetNoticeReceiver(handle_, &Connection::on_notice, this);
  PQsetnonblocking(handle_, 1);
  if (!settings.backstop) return;
  deadline_ = deadline;
  const Result limit =
      run("SELECT current_setting('statement_timeout')", Parameters(), {"connect: statement_timeout", nullptr, false});
  backstop_ = Backstop({PQgetvalue(limit.get(), 0, 0), static_cast<std::size_t>(PQgetlength(limit.get(), 0, 0))});
  deadline_ = Deadline::max();
}

Connection::~Connection() = default;

// Notices go nowhere, least of all to stderr; but a FATAL that comes while nothing runs is one, too, and says why the
// connection ends.
void Connection::on_notice(void* self, const pg_result* notice) noexcept {
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  const char* state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
  if (severity == nullptr || state == nullptr) return;
  if (std::string_view(severity) != "FATAL" && std::string_view(severity) != "PANIC") return;
  try {
    static_cast<Connection*>(self)->farewell_ = state;
  } catch (...) { // five characters do not allocate
  }
}

int Connection::server_version() const noexcept { return PQserverVersion(handle_); }

bool Connection::has_binary_copy() const noexcept { return PQparameterStatus(handle_, "crdb_version") == nullptr; }

TransactionState Connection::transaction() const noexcept {
  if (begin_failed_) return TransactionState::failed;
  if (!begin_.empty()) return TransactionState::open;
  switch (PQtransactionStatus(handle_)) {
    case PQTRANS_INTRANS: return TransactionState::open;
    case PQTRANS_INERROR: return TransactionState::failed;
    default: return TransactionState::none;
  }
}

bool Connection::usable() const noexcept {
  return !broken_ && !link_.inherited() && PQstatus(handle_) == CONNECTION_OK;
}

bool Connection::alive() noexcept {
  if (!usable()) return false;
  if (PQtransactionStatus(handle_) == PQTRANS_ACTIVE) return true; // rows are under way: what is there is theirs
  pollfd socket{PQsocket(handle_), POLLIN, 0};
  int ready = poll(&socket, 1, 0);
  while (ready < 0 && errno == EINTR)
    ready = poll(&socket, 1, 0);
  if (ready == 0) return true;
  if (PQconsumeInput(handle_) == 0) broken_ = true;
  static_cast<void>(PQisBusy(handle_)); // parses what came
  while (PGnotify* notification = PQnotifies(handle_))
    PQfreemem(notification);
  if (PQstatus(handle_) != CONNECTION_OK || !farewell_.empty()) broken_ = true;
  return !broken_;
}

Circumstances Connection::circumstances(const Exchange& exchange) const {
  Circumstances now;
  now.phase = exchange.phase;
  now.statement = exchange.work.summary;
  now.table = exchange.work.table;
  now.endpoint = endpoint_;
  now.cancelled = canceller_.requested() && !exchange.ignores_cancel;
  now.deadline_passed = exchange.cancel_sent;
  now.begins = exchange.begins;
  now.read_only = read_only_;
  now.transaction = transaction_;
  return now;
}

void Connection::fail(const Exchange& exchange, Failure failure) {
  failure.lost = PQstatus(handle_) != CONNECTION_OK;
  if (failure.sqlstate.empty()) failure.sqlstate = farewell_;
  ErrorInfo info = translate(failure, circumstances(exchange));
  broken_ = broken_ || info.broken || failure.lost;
  info.broken = broken_;
  // A COMMIT that was refused has ended its transaction; what is asked next is no part of it.
  if (transaction() == TransactionState::none) forget_transaction();
  throw_error(std::move(info));
}

// What ran cannot have begun; the transaction that it failed is right the next time.
void Connection::fail_stale(const Exchange& exchange, const Failure& failure, const Work& work) {
  ErrorInfo info = translate(failure, circumstances(exchange));
  info.retryable = true;
  info.message = fmt::format("{}: a prepared statement became invalid", work.summary);
  info.hint = "run the transaction again; if it happens often, a pooler is in between: set connection.pooler";
  throw_error(std::move(info));
}

void Connection::fail_lost(const Exchange& exchange) {
  Failure failure;
  failure.sqlstate = farewell_.empty() ? "08006" : farewell_;
  failure.message = PQerrorMessage(handle_);
  failure.lost = true;
  ErrorInfo info = translate(failure, circumstances(exchange));
  info.broken = broken_ = true;
  throw_error(std::move(info));
}

void Connection::give_up(const Exchange& exchange) {
  broken_ = true;
  throw_error(unanswered(circumstances(exchange)));
}

// Looks at the connection first: what fails before anything is sent can be run again without a doubt. Within a
// transaction everything can, and the look is spared; commit() looks for itself.
Connection::Exchange Connection::start(const Work& work, bool ignores_cancel) {
  Exchange exchange{Phase::unsent, work, deadline_, false, false, ignores_cancel};
  const bool within = !ignores_cancel && PQtransactionStatus(handle_) == PQTRANS_INTRANS;
  if (!(within ? usable() : alive())) fail_lost(exchange);
  // A cancel of a call that has ended meanwhile must not hit this one.
  if (!canceller_.is_settled() && !canceller_.settle(std::min(deadline_, Clock::now() + kGrace))) give_up(exchange);
  const bool late = is_late();
  if (ignores_cancel) {
    if (deadline_ != Deadline::max()) exchange.limit = std::max(deadline_, Clock::now() + kGrace);
  } else if (late || canceller_.requested()) {
    ErrorInfo info;
    info.code = late ? ErrorCode::timeout : ErrorCode::cancelled;
    info.backend = "postgresql";
    info.statement = work.summary;
    info.message = fmt::format("{}: {} before it was sent", work.summary, late ? "the deadline passed" : "cancelled");
    throw_error(std::move(info));
  }
  if (!ignores_cancel && transaction() == TransactionState::open) {
    if (const auto sql = backstop_.before(deadline_)) command(*sql, {work.summary, nullptr, false});
  }
  exchange.phase = transaction() != TransactionState::none ? Phase::transaction
                   : work.writes                           ? Phase::write
                                                           : Phase::read;
  if (exchange.phase != Phase::transaction) transaction_.clear(); // no answer from now on is about that one
  return exchange;
}

// Returns false if the limit passed. The first time a cancel goes out and the limit moves by the grace; COMMIT is not
// cancelled, because a cancelled COMMIT may be a COMMIT.
bool Connection::wait(Exchange& exchange, short events) {
  while (true) {
    const int ready = waiter_.wait(PQsocket(handle_), events, exchange.limit);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true; // libpq finds the same error and reports it
    if (ready < 0 || Clock::now() < exchange.limit) continue;
    if (exchange.cancel_sent) return false;
    exchange.cancel_sent = true;
    if (exchange.phase != Phase::commit && !exchange.ignores_cancel) canceller_.request_for_deadline();
    if (exchange.ignores_cancel) return false; // it had its grace from the start
    exchange.limit = Clock::now() + kGrace;
  }
}

void Connection::send(Exchange& exchange, int accepted) {
  if (accepted == 0) fail_lost(exchange);
  for (int left = PQflush(handle_); left != 0; left = PQflush(handle_)) {
    // Reads as well: a server that waits for us to read its answers would not read our question.
    if (left < 0 || PQconsumeInput(handle_) == 0) return; // the answer to the question tells what happened
    if (!wait(exchange, POLLIN | POLLOUT)) give_up(exchange);
  }
}

Result Connection::receive(Exchange& exchange) {
  while (PQisBusy(handle_) != 0) {
    if (!wait(exchange, POLLIN)) give_up(exchange);
    if (PQconsumeInput(handle_) == 0) break; // PQgetResult reports it without waiting
  }
  return Result(PQgetResult(handle_));
}

// The last result of the statement, or its first failure: what follows a failure only repeats that the connection
// ended.
Result Connection::finish(Exchange& exchange) {
  Result kept;
  while (Result result = receive(exchange)) {
    if (is_copy(result.get())) {
      broken_ = true;
      throw_error(ErrorCode::not_supported, fmt::format("{}: COPY is not supported", exchange.work.summary),
                  "use create_many, or psql's \\copy");
    }
    if (kept == nullptr || !is_failure(kept.get())) kept = std::move(result);
    if (PQstatus(handle_) != CONNECTION_OK) break;
  }
  settle(exchange);
  if (kept == nullptr) fail_lost(exchange);
  return kept;
}

// Trap: a cancel that arrives late hits the next statement.
void Connection::settle(Exchange& exchange) {
  if (canceller_.is_settled()) return; // without a look at the clock
  const Deadline limit = exchange.cancel_sent ? exchange.limit : Clock::now() + kGrace;
  if (!canceller_.settle(limit)) broken_ = true;
}

void Connection::command(const std::string& sql, const Work& work) {
  send_begin();
  Exchange exchange = start(work);
  send(exchange, PQsendQuery(handle_, sql.c_str()));
  const Result result = finish(exchange);
  if (is_failure(result.get())) fail(exchange, read_failure(result.get()));
}

void Connection::begin(const std::string& sql, bool read_only) {
  static_cast<void>(start({"begin", nullptr, false})); // a connection that is gone is noticed here
  read_only_ = read_only;
  const std::string limit = backstop_.at_begin(deadline_);
  begin_ = sql + limit;
  begin_failed_ = false;
  if (limit.empty() && (!numbers_transactions_ || read_only)) return; // several statements cannot travel in a pipeline
  try {
    send_begin();
  } catch (...) {
    forget_transaction();
    throw;
  }
}

void Connection::send_begin() {
  if (!begin_.empty()) run_begin(std::exchange(begin_, {}));
}

void Connection::run_begin(const std::string& sql) {
  Exchange exchange = start({"begin", nullptr, false});
  exchange.begins = true;
  const bool numbered = numbers_transactions_ && !read_only_;
  send(exchange, PQsendQuery(handle_, numbered ? (sql + "; " + std::string(kNameTransaction)).c_str() : sql.c_str()));
  const Result result = finish(exchange);
  if (is_failure(result.get())) {
    Failure failure = read_failure(result.get());
    begin_failed_ = PQtransactionStatus(handle_) == PQTRANS_IDLE;
    if (!begin_failed_) mark_broken(); // BEGIN worked, and what came with it did not
    fail(exchange, std::move(failure));
  }
  if (numbered) transaction_ = PQgetvalue(result.get(), 0, 0);
}

void Connection::prepare_for_rows() {
  if (transaction() != TransactionState::open) return;
  if (const auto sql = backstop_.before_rows()) command(*sql, {"fetch", nullptr, false});
}

void Connection::forget_transaction() noexcept {
  read_only_ = false;
  begin_.clear();
  begin_failed_ = false;
  transaction_.clear();
  backstop_.transaction_ended();
}

bool Connection::commit() {
  Exchange exchange = start({"commit", nullptr, true});
  if (!alive()) fail_lost(exchange);
  if (!begin_.empty()) { // no statement has come: there is nothing to make permanent
    forget_transaction();
    return true;
  }
  if (PQtransactionStatus(handle_) == PQTRANS_IDLE) { // the server would answer COMMIT, though nothing was stored by it
    forget_transaction();
    ErrorInfo info;
    info.code = ErrorCode::programming;
    info.backend = "postgresql";
    info.sqlstate = "25P01";
    info.message = "commit: the transaction has ended before, behind the session's back";
    info.hint = "let the session alone begin, commit and roll back";
    throw_error(std::move(info));
  }
  if (PQsendQuery(handle_, "COMMIT") == 0) fail_lost(exchange); // still as part of the transaction: nothing was sent
  exchange.phase = Phase::commit;
  send(exchange, 1);
  const Result result = finish(exchange);
  if (is_failure(result.get())) fail(exchange, read_failure(result.get()));
  forget_transaction();
  return std::string_view(PQcmdStatus(result.get())) != "ROLLBACK";
}

void Connection::undo_own_transaction() {
  if (broken() || transaction() == TransactionState::none) return;
  try {
    undo("ROLLBACK", {"rollback", nullptr, false});
  } catch (const Error&) {
    mark_broken(); // the first error is the one to tell
  }
}

void Connection::undo(const std::string& sql, const Work& work) {
  if (!begin_.empty() || begin_failed_) { // the server knows of no transaction, and so of no savepoint
    forget_transaction();
    return;
  }
  Exchange exchange = start(work, true);
  if (!canceller_.settle(Clock::now() + kGrace)) give_up(exchange);
  exchange.phase = Phase::transaction;
  send(exchange, PQsendQuery(handle_, sql.c_str()));
  const Result result = finish(exchange);
  if (is_failure(result.get())) fail(exchange, read_failure(result.get()));
  if (transaction() == TransactionState::none) {
    forget_transaction();
  } else {
    backstop_.savepoint_undone();
  }
}

} // namespace tenon::postgresql
