#include "session.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <libpq-fe.h>

#include <tenon/sql/leading_word.hpp>
#include <tenon/sql/text.hpp>

#include "cursor.hpp"
#include "dialect.hpp"
#include "repository.hpp"
#include "schema.hpp"
#include "sql_text.hpp"

namespace tenon::postgresql {
namespace {

std::string begin_text(const TransactionOptions& options) {
  std::string sql = "BEGIN";
  switch (options.isolation) {
    case Isolation::backend_default: break;
    case Isolation::read_committed: sql += " ISOLATION LEVEL READ COMMITTED"; break;
    case Isolation::repeatable_read: sql += " ISOLATION LEVEL REPEATABLE READ"; break;
    case Isolation::serializable: sql += " ISOLATION LEVEL SERIALIZABLE"; break;
  }
  if (options.read_only) {
    sql += " READ ONLY";
  } else if (options.write_intent) {
    sql += " READ WRITE"; // a standby refuses it here, before any work is done
  }
  return sql;
}

[[noreturn]] void refuse(std::string message, std::string hint = {}, std::string sqlstate = {}) {
  ErrorInfo info;
  info.code = ErrorCode::programming;
  info.backend = "postgresql";
  info.message = std::move(message);
  info.hint = std::move(hint);
  info.sqlstate = std::move(sqlstate);
  throw_error(std::move(info));
}

/// Blanks and comments alone are no statement, though the server takes them for one.
void refuse_empty(const Result& result) {
  if (PQresultStatus(result.get()) == PGRES_EMPTY_QUERY) refuse("execute: the SQL is empty");
}

/// A commit that became a rollback: the class and the fields are those of the error that caused it.
[[noreturn]] void refuse_commit(const std::optional<ErrorInfo>& first) {
  ErrorInfo info;
  if (first) {
    info = *first;
  } else {
    info.code = ErrorCode::programming;
    info.sqlstate = "25P02";
  }
  info.backend = "postgresql";
  info.message = first ? "commit: rolled back, because an earlier statement failed: " + first->message
                       : "commit: rolled back, because an earlier statement failed";
  throw_error(std::move(info));
}

/// Whether an item of a batch goes as a statement among others, and not as an insert of many rows.
bool is_single(const BatchItem& item) noexcept {
  const bool has_rows = item.kind == BatchKind::insert || item.kind == BatchKind::upsert;
  return !has_rows || item.rows.rows == 1;
}

} // namespace

void Session::Held::clear() noexcept {
  results.clear();
  arena.clear();
  parameters.clear();
}

Session::Session(const Settings& settings, HostMemory& memory, Deadline deadline)
    : connection_(settings, memory, deadline) {}

// The server rolls back an open transaction when the connection ends.
Session::~Session() = default;

IRepository& Session::repository(const TableDesc& table) { return stored(table); }

Repository& Session::stored(const TableDesc& table) {
  auto& found = repositories_[&table];
  if (found == nullptr) found = std::make_unique<Repository>(*this, table);
  return *found;
}

void Session::enter(const Work& work) {
  end_open_rows();
  if (first_error_) {
    refuse(fmt::format("{}: the transaction has failed and accepts only a rollback; its first error was: {}",
                       work.summary, first_error_->message),
           "roll back, or roll back to a savepoint", "25P02");
  }
}

void Session::note(const ErrorInfo& error) {
  if (connection_.transaction() == TransactionState::failed) doom(error);
}

void Session::doom(const ErrorInfo& error) {
  if (in_transaction_ && !first_error_) first_error_ = error;
}

std::uint64_t Session::own_rows() noexcept { return rows_ = ++last_rows_; }

void Session::end_rows(std::uint64_t number) noexcept {
  if (owns_rows(number)) end_open_rows();
}

void Session::end_open_rows() noexcept {
  if (rows_ == 0) return;
  rows_ = 0;
  const Running running(connection_.canceller());
  connection_.abandon_rows(!in_transaction_);
}

void Session::end_transaction() noexcept {
  in_transaction_ = false;
  first_error_.reset();
  ++era_;
}

void Session::begin(const TransactionOptions& options) {
  if (in_transaction_)
    refuse("begin: a transaction is already open", "commit or roll back first, or use a savepoint", "25001");
  call({"begin", nullptr, false}, [&] { connection_.begin(begin_text(options), options.read_only); });
  in_transaction_ = true;
}

void Session::commit() {
  const Running running(connection_.canceller());
  end_open_rows();
  held_.clear();
  if (!in_transaction_) refuse("commit: no transaction is open", {}, "25P01");
  const auto first = first_error_;
  if (first || connection_.transaction() == TransactionState::failed) {
    undo_transaction();
    refuse_commit(first);
  }
  bool committed = false;
  try {
    committed = connection_.commit();
  } catch (const Error&) {
    // What was refused before it was sent leaves the transaction open: it must not stay so behind a failed commit.
    if (!connection_.broken() && connection_.transaction() != TransactionState::none) {
      try {
        undo_transaction();
      } catch (const Error&) { // the connection is marked broken; the commit's error is the one to tell
      }
    }
    end_transaction();
    throw;
  }
  end_transaction();
  if (!committed) refuse_commit(std::nullopt);
}

void Session::undo_transaction() {
  end_transaction();
  if (connection_.broken()) return; // the server rolls back by itself
  try {
    connection_.undo("ROLLBACK", {"rollback", nullptr, false});
  } catch (...) {
    connection_.mark_broken();
    throw;
  }
  if (connection_.transaction() != TransactionState::none) connection_.mark_broken();
}

void Session::rollback() {
  const Running running(connection_.canceller());
  end_open_rows();
  held_.clear();
  // Asked of the connection as well: whoever comes next must not find one.
  if (in_transaction_ || connection_.transaction() != TransactionState::none) undo_transaction();
  set_deadline(Deadline::max());
  if (connection_.broken()) {
    ErrorInfo info;
    info.code = ErrorCode::connection;
    info.backend = "postgresql";
    info.message = fmt::format("the connection to {} cannot be used again", connection_.endpoint());
    info.broken = true;
    throw_error(std::move(info));
  }
}

void Session::savepoint(SavepointAction action, std::uint32_t number) {
  if (!in_transaction_) refuse("savepoint: no transaction is open", {}, "25P01");
  if (action == SavepointAction::rollback) {
    const Running running(connection_.canceller());
    end_open_rows();
    held_.clear();
    ++undone_;
    connection_.undo(fmt::format("ROLLBACK TO SAVEPOINT tenon_{}", number), {"rollback to savepoint", nullptr, false});
    first_error_.reset();
    return;
  }
  const bool creates = action == SavepointAction::create;
  const Work work{creates ? "savepoint" : "release savepoint", nullptr, false};
  call(work, [&] {
    connection_.command(fmt::format("{} tenon_{}", creates ? "SAVEPOINT" : "RELEASE SAVEPOINT", number), work);
  });
}

void Session::create_tables(std::span<const TableDesc* const> tables) { postgresql::create_tables(*this, tables); }

std::unique_ptr<ICursor> Session::execute(std::string_view sql, std::span<const Cell> parameters) {
  const Work work{"execute", nullptr, !only_reads(sql)};
  return call(work, [&]() -> std::unique_ptr<ICursor> {
    if (!sql::is_text(sql)) refuse("execute: the statement is not valid UTF-8 or holds a NUL byte");
    if (sql::controls_transaction(kDialect, sql)) {
      refuse(fmt::format("execute: {} has to go through the session", sql::first_word(kDialect, sql)),
             "use begin, commit, rollback and savepoint of the session");
    }
    if (const std::size_t wanted = highest_placeholder(sql); wanted != parameters.size()) {
      refuse(
          fmt::format("execute: the statement has {} parameters and {} values were given", wanted, parameters.size()),
          "write $1, $2, … in the statement, one for each value");
    }
    for (const Cell& cell : parameters)
      held_.parameters.add_free(cell);
    if (!is_query(sql)) { // carried out as a whole, whether its rows are read or not
      Result result = connection_.run(std::string(sql), held_.parameters, work);
      refuse_empty(result);
      RowReader reader;
      reader.describe(result.get());
      return std::make_unique<WholeCursor>(*this, std::move(result), std::move(reader));
    }
    Result first = connection_.start_rows(std::string(sql), held_.parameters, work);
    refuse_empty(first);
    return std::make_unique<RowsCursor>(*this, std::move(first), work);
  });
}

bool Session::alive() noexcept { return connection_.alive(); }

void Session::ping() {
  const Work work{"ping", nullptr, false};
  call(work, [&] { connection_.command("", work); });
}

void Session::batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected) {
  if (items.empty()) return;
  if (affected.size() < items.size()) refuse("batch: too few places for its counts");
  const Work work{"batch", nullptr, true};
  if (in_transaction_) {
    call(work, [&] {
      try {
        run_batch(items, affected, work, Connection::Ends::open);
      } catch (const Error& error) {
        doom(error.info()); // what came before is in the transaction, and the rest is not
        throw;
      }
    });
    return;
  }
  call(work, [&] {
    const bool is_one_insert = items.size() > 1 ? rows_alike(items) == items.size() : !is_single(items.front());
    if (is_one_insert) return write_rows(writer(items.front()), items, affected); // all or none by itself
    connection_.in_own_transaction([&] { run_batch(items, affected, work, Connection::Ends::committed); });
  });
}

/// The repository that an item of a batch is for.
Repository& Session::writer(const BatchItem& item) {
  if (item.table == nullptr) refuse("batch: a write names no table");
  return stored(*item.table);
}

void Session::run_batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected, const Work& work,
                        Connection::Ends ends) {
  for (const BatchItem& item : items) { // within a pipeline nothing can be asked
    if (item.kind != BatchKind::update && item.kind != BatchKind::remove) continue;
    if (item.table != nullptr) text_order_.learn(*item.table);
    for (const Source& source : item.update.filter.sources) {
      if (source.table != nullptr) text_order_.learn(*source.table);
    }
  }
  for (std::size_t next = 0; next < items.size();) {
    const std::size_t alike = rows_alike(items.subspan(next));
    if (alike > 1 || !is_single(items[next])) {
      write_rows(writer(items[next]), items.subspan(next, alike), affected.subspan(next, alike));
      next += alike;
      continue;
    }
    std::size_t end = next + 1;
    while (end < items.size() && is_single(items[end]) && rows_alike(items.subspan(end)) == 1)
      ++end;
    const auto run = items.subspan(next, end - next);
    const auto counts = affected.subspan(next, end - next);
    connection_.run_piped(
        run.size(), [&](std::size_t i) { return writer(run[i]).queue(run[i]); },
        [&](std::size_t i, pg_result* result) {
          counts[i] = run[i].kind == BatchKind::upsert ? 1 : affected_rows(result);
        },
        work, end == items.size() ? ends : Connection::Ends::open);
    next = end;
  }
  if (ends == Connection::Ends::committed && connection_.transaction() != TransactionState::none) {
    static_cast<void>(connection_.commit()); // the last ones did not go as single statements
  }
}

/// How many inserts from the first on are of one form, so that one insert of many rows does for them; 1 if too few are.
std::size_t Session::rows_alike(std::span<const BatchItem> items) noexcept {
  constexpr std::size_t kWorthwhile = 16;
  const BatchItem& first = items.front();
  const auto alike = [&](const BatchItem& item) {
    return item.kind == BatchKind::insert && item.table == first.table && item.rows.rows == 1 &&
           std::equal(item.rows.columns.begin(), item.rows.columns.end(), first.rows.columns.begin(),
                      first.rows.columns.end());
  };
  std::size_t count = 0;
  while (count < items.size() && alike(items[count]))
    ++count;
  return count < kWorthwhile ? 1 : count;
}

/// One insert of many rows for inserts that are alike, or one item that has many.
void Session::write_rows(Repository& repository, std::span<const BatchItem> items, std::span<std::uint64_t> affected) {
  const BatchItem& first = items.front();
  WriteRows rows{first.rows.columns, first.rows.cells, first.rows.rows, {}};
  std::vector<Cell> cells;
  if (items.size() > 1) {
    cells.reserve(items.size() * rows.columns.size());
    for (const BatchItem& item : items)
      cells.insert(cells.end(), item.rows.cells, item.rows.cells + rows.columns.size());
    rows.cells = cells.data();
    rows.rows = items.size();
  }
  if (first.kind == BatchKind::insert) {
    repository.insert(rows);
  } else {
    repository.upsert(rows, first.key, first.update_columns);
  }
  for (std::size_t i = 0; i < items.size(); ++i)
    affected[i] = items[i].rows.rows;
}

void Session::set_deadline(Deadline deadline) { connection_.set_deadline(deadline); }

void Session::cancel() noexcept { connection_.canceller().request(); }

} // namespace tenon::postgresql
