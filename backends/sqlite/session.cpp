#include "session.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include <tenon/sql/leading_word.hpp>
#include <tenon/sql/schema.hpp>

#include "cursor.hpp"
#include "dialect.hpp"
#include "foreign_keys.hpp"
#include "repository.hpp"

namespace tenon::sqlite {
namespace {

constexpr std::size_t kLongestSql = 1'000'000'000; // SQLite's own limit

/// Pragmas whose argument sets nothing.
constexpr std::array<std::string_view, 12> kAskingPragmas{
    "table_info",       "table_xinfo",       "table_list",      "index_info",  "index_xinfo",    "index_list",
    "foreign_key_list", "foreign_key_check", "integrity_check", "quick_check", "wal_checkpoint", "optimize"};

/// Whether the statement may change how its connection works: a PRAGMA with an argument, or one that is not known.
bool changes_connection(std::string_view sql) noexcept {
  const std::string_view word = sql::first_word(kDialect, sql);
  if (!sql::is_word(word, "pragma")) return false;
  std::string_view rest = sql.substr(static_cast<std::size_t>(word.data() + word.size() - sql.data()));
  const std::size_t argument = rest.find_first_of("=(");
  if (argument == std::string_view::npos) return false;
  rest = rest.substr(0, argument);
  const std::size_t end = rest.find_last_not_of(" \t\r\n\f");
  if (end == std::string_view::npos) return true;
  rest = rest.substr(0, end + 1);
  const std::string_view name = rest.substr(rest.find_last_of(" \t\r\n\f./") + 1); // behind "main.", or npos + 1
  return std::none_of(kAskingPragmas.begin(), kAskingPragmas.end(),
                      [&](std::string_view asking) { return sql::is_word(name, asking); });
}

} // namespace

Session::Session(const Settings& settings, const std::string& name, Deadline deadline)
    : database_(settings, name, deadline) {}

Session::~Session() {
  end_cursors(); // the connection closes only when no statement is left; closing it rolls back
}

IRepository& Session::repository(const TableDesc& table) { return stored(table); }

Repository& Session::stored(const TableDesc& table) {
  const auto known = repositories_.find(&table);
  if (known != repositories_.end()) return *known->second;
  return *repositories_.emplace(&table, std::make_unique<Repository>(*this, table)).first->second;
}

void Session::resume(const Context& context) {
  if (made_.forked()) {
    throw_error(ErrorCode::connection,
                fmt::format("{}: the session belongs to the process that forked this one", context.statement),
                "open a session of this process's own");
  }
  if (broken_) {
    throw_error(ErrorCode::connection, fmt::format("{}: the session is broken by an earlier error", context.statement),
                "open another session");
  }
  if (batching_) { // the call goes on: a cancel that came meanwhile is for it
    if (database_.watch().expired()) fail(SQLITE_INTERRUPT, context);
    return;
  }
  if (!database_.watch().start()) throw_error(deadline_passed(context));
}

void Session::go_on(const Context& context) {
  database_.watch().go_on();
  if (database_.watch().expired()) fail(SQLITE_INTERRUPT, context);
}

void Session::enter(Access access, const Context& context) {
  if (access == Access::write) end_finders();
  if (state_ != State::none) open_transaction(access, context);
  results_.clear();
  bound_.clear();
}

void Session::open_transaction(Access access, const Context& context) {
  if (first_error_) {
    throw_error(ErrorCode::programming,
                fmt::format("{}: the transaction has failed and can only be rolled back; its first error: {}",
                            context.statement, first_error_->message));
  }
  if (read_only_ && access == Access::write) {
    ErrorInfo info;
    info.code = ErrorCode::read_only;
    info.backend = "sqlite";
    info.statement = context.statement;
    info.message = fmt::format("{}: the transaction is read-only", context.statement);
    info.hint = "begin a transaction that may write";
    after_failure(info);
    throw_error(std::move(info));
  }
  if (state_ != State::announced) return;
  // A transaction that begins with a write takes the writer's turn at once: one that has read first would fail with
  // BUSY_SNAPSHOT if somebody else wrote meanwhile.
  run(access == Access::write ? begin_immediate : begin_deferred, context);
  state_ = State::open;
  for (const std::uint32_t number : std::exchange(announced_savepoints_, {}))
    run(fmt::format("SAVEPOINT tenon_{}", number).c_str(), context);
}

void Session::run(Control control, const Context& context) {
  constexpr std::array<std::string_view, 4> kTexts{"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"};
  StatementPtr& statement = controls_[control];
  if (statement == nullptr) statement = prepare(kTexts[control], context, Prepared::again);
  const Watch::Move move(watch());
  Run guard(*statement);
  step(*statement, context);
}

void Session::run(const char* sql, const Context& context) {
  const Watch::Move move(watch());
  check(sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr), context);
}

StatementPtr Session::prepare(std::string_view sql, const Context& context, Prepared use) {
  sqlite3_stmt* made = nullptr;
  const char* tail = nullptr;
  const auto size = static_cast<int>(sql.size());
  const int code = use == Prepared::until_altered
                       ? sqlite3_prepare(handle(), sql.data(), size, &made, &tail) // whose statements cannot adapt
                       : sqlite3_prepare_v3(handle(), sql.data(), size,
                                            use == Prepared::again ? SQLITE_PREPARE_PERSISTENT : 0, &made, &tail);
  if (code != SQLITE_OK) fail(code, context);
  auto statement = std::make_shared<Statement>();
  statement->handle.reset(made);
  if (made == nullptr) throw_error(ErrorCode::programming, fmt::format("{}: the SQL is empty", context.statement));
  // What follows is fine if it is no statement: blanks, comments, semicolons.
  const char* const end = sql.data() + sql.size();
  while (tail != end) {
    sqlite3_stmt* second = nullptr;
    const int more = sqlite3_prepare_v3(handle(), tail, static_cast<int>(end - tail), 0, &second, &tail);
    const bool is_statement = more != SQLITE_OK || second != nullptr;
    sqlite3_finalize(second);
    if (is_statement) {
      throw_error(ErrorCode::programming, fmt::format("{}: the SQL holds more than one statement", context.statement),
                  "run them one by one");
    }
  }
  return statement;
}

bool Session::step(Statement& statement, const Context& context) {
  const int code = sqlite3_step(statement.handle.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(code, context);
  return false;
}

bool Session::runs(Statement& statement, const Context& context) {
  if (sqlite3_step(statement.handle.get()) == SQLITE_DONE) return true;
  const int code = sqlite3_reset(statement.handle.get()); // which knows the reason
  if (code != SQLITE_SCHEMA) fail(code, context);
  return false;
}

bool Session::fetch(Statement& statement, Rows& rows, const Context& context) {
  if (!statement.gives_rows) {
    if (!step(statement, context)) return false;
    rows.add(statement);
    return true;
  }
  RowReceiver& receiver = database_.receiver();
  receiver.rows = &rows;
  receiver.columns = statement.columns;
  receiver.present = statement.present;
  receiver.answered = statement.answered;
  const int code = sqlite3_step(statement.handle.get());
  receiver.rows = nullptr;
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  if (receiver.refused) std::rethrow_exception(std::exchange(receiver.refused, nullptr));
  fail(code, context);
}

void Session::fail(int code, const Context& context) {
  Failure failure;
  failure.code = code;
  failure.message = sqlite3_errmsg(handle());
  failure.offset = sqlite3_error_offset(handle());
  failure.ended = database_.watch().ended();
  failure.in_commit = database_.watch().committing();
  failure.stale_read = !database_.watch().asked() && sqlite3_txn_state(handle(), nullptr) == SQLITE_TXN_READ;
  if (code == SQLITE_CONSTRAINT_COMMITHOOK && database_.refused_commit()) failure.code = SQLITE_READONLY_DBMOVED;
  ErrorInfo info = translate(failure, context);
  if (info.code == ErrorCode::foreign_key_violation && info.constraint.empty() && context.row != nullptr &&
      context.row->is_known()) {
    name_foreign_key(handle(), *context.table, *context.row, info);
    sql::word_integrity(info, context.side);
  }
  after_failure(info);
  throw_error(std::move(info));
}

void Session::after_failure(const ErrorInfo& info) {
  broken_ = broken_ || info.broken;
  if (state_ == State::none) return;
  if (!first_error_) first_error_ = info;
  // After some errors (interrupt, full disk, no memory) the transaction is gone already.
  if (state_ == State::open && sqlite3_get_autocommit(handle()) != 0) state_ = State::undone;
}

void Session::begin(const TransactionOptions& options) {
  const Context context{.statement = "begin"};
  if (state_ != State::none) {
    throw_error(ErrorCode::programming, "begin: a transaction is open already", "use a savepoint, or commit first");
  }
  resume(context);
  end_cursors();
  read_only_ = options.read_only;
  state_ = State::announced; // every isolation level is given: SQLite's transactions are serializable
  if (!options.write_intent || options.read_only) return;
  try {
    open_transaction(Access::write, context);
  } catch (...) {
    undo();
    throw;
  }
}

void Session::commit() {
  const Context context{.statement = "commit"};
  if (state_ == State::none) throw_error(ErrorCode::programming, "commit: no transaction is open");
  end_cursors();
  if (first_error_) {
    ErrorInfo info = std::move(*first_error_);
    undo();
    info.message = "commit: the transaction is rolled back, because a statement had failed: " + info.message;
    throw_error(std::move(info));
  }
  if (state_ == State::open) {
    try {
      resume(context);
      run(commit_work, context);
    } catch (const Error&) {
      // Also where another's lock kept the commit from its end, and SQLite would let us try again: all the time that
      // the call had has been waited.
      undo();
      throw;
    }
  }
  forget_transaction();
}

void Session::rollback() {
  undo();
  database_.watch().set_deadline(Deadline::max());
  bound_.clear();
  if (broken_) throw_error(ErrorCode::connection, "rollback: the session is broken by an earlier error");
  if (made_.forked()) throw_error(ErrorCode::connection, "rollback: the session belongs to the parent process");
}

void Session::undo() {
  end_cursors();
  if (made_.forked()) {
    forget_transaction(); // it is the parent's
    return;
  }
  forget_transaction();
  if (sqlite3_get_autocommit(handle()) != 0) return; // there is none, or SQLite has rolled back already
  const Watch::Pause pause(database_.watch());
  try {
    run(rollback_work, {.statement = "rollback"});
  } catch (const Error&) {
    broken_ = true; // what it holds is not known: the pool closes it, which rolls back
  }
}

void Session::forget_transaction() noexcept {
  state_ = State::none;
  read_only_ = false;
  announced_savepoints_.clear();
  first_error_.reset();
  results_.clear();
}

void Session::savepoint(SavepointAction action, std::uint32_t number) {
  const Context context{.statement = "savepoint"};
  end_finders();
  if (state_ == State::none) throw_error(ErrorCode::programming, "savepoint: no transaction is open");
  if (state_ == State::undone) {
    throw_error(ErrorCode::programming,
                "savepoint: the transaction was rolled back by the database; its first error: " +
                    (first_error_ ? first_error_->message : std::string()));
  }
  if (action == SavepointAction::rollback && !made_.forked()) {
    first_error_.reset(); // whatever failed is about to be undone, also past the deadline
  } else {
    resume(context);
    if (first_error_) open_transaction(Access::read, context);
  }
  if (state_ == State::announced) { // nothing has happened yet that could be undone
    std::erase_if(announced_savepoints_, [&](std::uint32_t announced) {
      return action == SavepointAction::rollback ? announced > number : announced >= number;
    });
    if (action == SavepointAction::create) announced_savepoints_.push_back(number);
    return;
  }
  switch (action) {
    case SavepointAction::create: run(fmt::format("SAVEPOINT tenon_{}", number).c_str(), context); return;
    case SavepointAction::release: run(fmt::format("RELEASE tenon_{}", number).c_str(), context); return;
    case SavepointAction::rollback: {
      const Watch::Pause pause(database_.watch());
      run(fmt::format("ROLLBACK TO tenon_{}", number).c_str(), context);
      return;
    }
  }
  throw_error(ErrorCode::not_supported, "savepoint: unknown action");
}

void Session::create_tables(std::span<const TableDesc* const> tables) {
  for (const TableDesc* const table : tables)
    check_schema(*table);
  const Context all{.statement = "create tables"};
  start(Access::write, all);
  Group group(*this, all);
  for (const TableDesc* const table : tables) {
    const std::string statement = "create table " + table->name;
    const Context context{.statement = statement, .table = table};
    for (const std::string& sql : sql::SchemaCompiler(kDialect, *table).create())
      check(sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr), context);
  }
  group.keep();
  for (auto& [table, repository] : repositories_)
    repository->forget_storage();
}

std::unique_ptr<ICursor> Session::execute(std::string_view sql, std::span<const Cell> parameters) {
  const Context context{.statement = "execute", .foreign_sql = true};
  if (sql::controls_transaction(kDialect, sql)) {
    throw_error(ErrorCode::programming,
                fmt::format("execute: {} has to go through the session", sql::first_word(kDialect, sql)),
                "use begin, commit, rollback and savepoint of the session");
  }
  if (sql.find('\0') != std::string_view::npos || sql.size() > kLongestSql) {
    throw_error(ErrorCode::programming, "execute: the SQL holds a NUL byte or is too long");
  }
  resume(context);
  end_finders();
  StatementPtr statement = prepare(sql, context, Prepared::once);
  sqlite3_stmt* const prepared = statement->handle.get();
  const bool writes = sqlite3_stmt_readonly(prepared) == 0;
  enter(writes ? Access::write : Access::read, context);
  const auto wanted = static_cast<std::size_t>(sqlite3_bind_parameter_count(prepared));
  if (wanted != parameters.size()) {
    throw_error(ErrorCode::programming,
                fmt::format("execute: the SQL has {} parameters, and {} are given", wanted, parameters.size()));
  }
  altered_ = altered_ || changes_connection(sql);
  auto cursor = std::make_unique<Cursor>(*this, std::move(statement), context);
  for (std::size_t i = 0; i < parameters.size(); ++i)
    cursor->bind_plain(static_cast<int>(i) + 1, parameters[i]);
  if (writes) cursor->run_to_end(); // its effect does not wait for somebody to read the rows
  return cursor;
}

void Session::ping() {
  const Context context{.statement = "ping"};
  resume(context);
  if (ping_ == nullptr) ping_ = prepare("SELECT 1 FROM sqlite_schema LIMIT 1", context, Prepared::again);
  Run guard(*ping_);
  step(*ping_, context);
}

namespace {

/// Sets a flag for as long as it lives.
class Batching {
public:
  explicit Batching(bool& flag) noexcept : flag_(flag) { flag_ = true; }
  ~Batching() { flag_ = false; }
  Batching(const Batching&) = delete;
  Batching& operator=(const Batching&) = delete;

private:
  bool& flag_;
};

} // namespace

void Session::batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected) {
  if (items.empty()) return;
  const Context context{.statement = "batch"};
  if (affected.size() < items.size()) {
    throw_error(ErrorCode::programming, "batch: too few places for its counts");
  }
  start(Access::write, context);
  Group group(*this, context);
  const Batching batching(batching_);
  run_batch(items, affected);
  group.keep();
}

void Session::run_batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected) {
  std::vector<Cell> cells;
  for (std::size_t next = 0; next < items.size();) {
    const BatchItem& item = items[next];
    if (item.table == nullptr) throw_error(ErrorCode::programming, "batch: a write names no table");
    IRepository& target = repository(*item.table);
    std::size_t alike = 1;
    switch (item.kind) {
      case BatchKind::insert: {
        WriteRows rows{item.rows.columns, item.rows.cells, item.rows.rows, {}};
        alike = rows_alike(items.subspan(next));
        if (alike > 1) { // one insert of many rows does for them
          cells.clear();
          for (const BatchItem& one : items.subspan(next, alike))
            cells.insert(cells.end(), one.rows.cells, one.rows.cells + rows.columns.size());
          rows.cells = cells.data();
          rows.rows = alike;
        }
        target.insert(rows);
        for (std::size_t i = next; i < next + alike; ++i)
          affected[i] = items[i].rows.rows;
        break;
      }
      case BatchKind::upsert:
        target.upsert({item.rows.columns, item.rows.cells, item.rows.rows, {}}, item.key, item.update_columns);
        affected[next] = item.rows.rows;
        break;
      case BatchKind::update: alike = run_updates(items.subspan(next), affected.subspan(next)); break;
      case BatchKind::remove: affected[next] = target.remove(item.update.filter); break;
      default: throw_error(ErrorCode::not_supported, "a batch with an unknown kind of write");
    }
    next += alike;
  }
}

/// Returns how many of the first ones it ran.
std::size_t Session::run_updates(std::span<const BatchItem> items, std::span<std::uint64_t> affected) {
  constexpr std::size_t kFew = 16; // not worth a statement of their own
  Repository& target = stored(*items.front().table);
  const std::span<const BatchItem> alike = items.first(target.updates_alike(items));
  if (alike.size() >= kFew && target.update_all(alike)) {
    std::fill_n(affected.begin(), alike.size(), 1);
  } else {
    std::transform(alike.begin(), alike.end(), affected.begin(),
                   [&](const BatchItem& item) { return target.update(item.update); });
  }
  return alike.size();
}

/// How many inserts of one row and one form there are from the first on.
std::size_t Session::rows_alike(std::span<const BatchItem> items) noexcept {
  const BatchItem& first = items.front();
  const auto alike = [&](const BatchItem& item) {
    return item.kind == BatchKind::insert && item.table == first.table && item.rows.rows == 1 &&
           std::equal(item.rows.columns.begin(), item.rows.columns.end(), first.rows.columns.begin(),
                      first.rows.columns.end());
  };
  std::size_t count = 0;
  while (count < items.size() && alike(items[count]))
    ++count;
  return std::max<std::size_t>(count, 1);
}

void Session::start_locking(const Context& context) {
  if (state_ == State::none) {
    throw_error(ErrorCode::programming, fmt::format("{}: a row lock outside of a transaction", context.statement),
                "begin a transaction first: the lock lasts until it ends");
  }
  start(Access::write, context);
  if (sqlite3_txn_state(handle(), "main") == SQLITE_TXN_WRITE) return;
  throw_error(ErrorCode::programming,
              fmt::format("{}: a row lock in a transaction that has begun to read", context.statement),
              "begin the transaction with write intent: then the whole database is locked for it");
}

void Session::end_finders() noexcept {
  ++turn_;
  for (Statement* const finder : open_finders_) {
    finder->in_use = false;
    if (!finder->made.forked()) sqlite3_reset(finder->handle.get());
  }
  open_finders_.clear();
}

void Session::end_cursors() noexcept {
  end_finders();
  for (Cursor* const cursor : std::exchange(cursors_, {}))
    cursor->end();
}

void Session::detach(Cursor& cursor) noexcept { std::erase(cursors_, &cursor); }

Session::Group::Group(Session& session, const Context& context)
    : session_(session), context_(context),
      own_transaction_(session.state_ == State::none && sqlite3_get_autocommit(session.handle()) != 0) {
  if (own_transaction_) {
    session_.run(begin_immediate, context_);
  } else {
    session_.run("SAVEPOINT tenon_rows", context_);
  }
}

void Session::Group::keep() {
  if (own_transaction_) {
    session_.run(commit_work, context_);
  } else {
    session_.run("RELEASE tenon_rows", context_);
  }
  open_ = false;
}

Session::Group::~Group() {
  if (!open_ || sqlite3_get_autocommit(session_.handle()) != 0) return;
  const Watch::Pause pause(session_.database_.watch());
  const char* const sql = own_transaction_ ? "ROLLBACK" : "ROLLBACK TO tenon_rows; RELEASE tenon_rows";
  if (sqlite3_exec(session_.handle(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) session_.broken_ = true;
}

} // namespace tenon::sqlite
