#include "repository.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "cursor.hpp"
#include "dialect.hpp"
#include "row_function.hpp"
#include "rows_module.hpp"
#include "session.hpp"

namespace tenon::sqlite {
namespace {

constexpr std::size_t kRowsPerLook = 256; // rows of an insert between two looks at the deadline

void check_positions(const TableDesc& table) {
  for (const KeyDesc& key : table.keys) {
    if (key.columns.empty()) {
      throw_error(ErrorCode::programming, fmt::format("the key {} of {} has no columns", key.name, table.name));
    }
    for (const std::uint32_t column : key.columns)
      sql::check_column(table, column, "a key");
  }
  for (const ForeignKeyDesc& key : table.foreign_keys) {
    for (const std::uint32_t column : key.columns)
      sql::check_column(table, column, "a foreign key");
  }
}

} // namespace

void check_schema(const TableDesc& table) {
  if (table.schema.empty() || table.schema == "main") return;
  throw_error(ErrorCode::not_supported,
              fmt::format("the table {} names a schema, and SQLite has none", table.qualified_name()),
              "leave the schema out, or use a backend that claims the capability \"schemas\"");
}

Repository::Repository(Session& session, const TableDesc& table)
    : session_(session), table_(table),
      compiler_(kDialect, table), summaries_{"select from " + table.name, "insert into " + table.name,
                                             "upsert into " + table.name, "update " + table.name,
                                             "delete from " + table.name, "count " + table.name},
      all_columns_(table.columns.size()), finders_(table.keys.size()) {
  check_schema(table);
  check_positions(table);
  call_.typed_assignments = false;
  for (std::size_t i = 0; i < contexts_.size(); ++i)
    contexts_[i] = {.statement = summaries_[i], .table = &table_};
  contexts_[inserting].side = sql::ForeignKeySide::referring;
  contexts_[upserting].side = sql::ForeignKeySide::referring;
  contexts_[inserting].row = contexts_[upserting].row = contexts_[updating].row = &row_;
  contexts_[removing].side = sql::ForeignKeySide::referenced;
  columns_.reserve(table.columns.size());
  for (const ColumnDesc& column : table.columns)
    columns_.push_back({&table_, &column, Form::native});
  std::iota(all_columns_.begin(), all_columns_.end(), 0U);
}

void Repository::learn_storage() {
  if (storage_known_) [[likely]]
    return;
  for (StoredColumn& column : columns_) {
    const char* type = nullptr;
    int counts_up = 0;
    const int code =
        sqlite3_table_column_metadata(session_.handle(), "main", table_.name.c_str(), column.column->name.c_str(),
                                      &type, nullptr, nullptr, nullptr, &counts_up);
    if (code != SQLITE_OK) return; // the statement will say what is missing
    column.form = form_of(column.column->type, type == nullptr ? "" : type);
    if (column.column->generated) counts_up_ = counts_up != 0;
  }
  has_rowid_key_ = generated_is_rowid();
  storage_known_ = true;
  statements_.clear(); // they know the forms of their results
  session_.end_finders();
  for (Finder& finder : finders_)
    finder.once = finder.next = nullptr;
}

/// True if the generated column is another name of the rowid. A primary key that is not has an index of its own.
bool Repository::generated_is_rowid() {
  const auto generated = table_.generated_column();
  if (!generated || table_.keys.empty() || table_.keys.front().columns != std::vector<std::uint32_t>{*generated}) {
    return false;
  }
  const Context& context = contexts_[inserting];
  const StatementPtr keys =
      session_.prepare("SELECT count(*) FROM pragma_table_info(?1) AS c WHERE c.name = ?2 AND c.pk "
                       "= 1 AND NOT EXISTS (SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk')",
                       context, Prepared::once);
  Run guard(*keys);
  session_.check(bind(keys->handle.get(), 1, {Stored::Class::text, 0, 0, table_.name}), context);
  session_.check(bind(keys->handle.get(), 2, {Stored::Class::text, 0, 0, table_.columns[*generated].name}), context);
  return session_.step(*keys, context) && sqlite3_column_int64(keys->handle.get(), 0) == 1;
}

StoredTables Repository::stored_tables() {
  tables_.clear();
  tables_.push_back(stored_columns());
  for (std::size_t i = 1; i < call_.tables.size(); ++i)
    tables_.push_back(session_.stored(*call_.tables[i]).stored_columns());
  return tables_;
}

std::vector<StoredColumn> Repository::described_rows() const {
  if (call_.outputs.empty()) return columns_;
  std::vector<StoredColumn> rows;
  for (const sql::RowColumn& row : call_.outputs)
    rows.push_back(row.column == sql::kNoColumn ? computed_column(row.type) : tables_[row.source][row.column]);
  return rows;
}

/// Whether a function in the place of the columns is called once for each row, and in their order: where rows are
/// sorted or grouped, SQLite may compute them before.
bool Repository::calls_once_a_row(const Query& query) const noexcept {
  const std::size_t columns = query.outputs.empty() ? columns_.size() : query.outputs.size();
  const bool aggregates = std::any_of(query.outputs.begin(), query.outputs.end(),
                                      [](const Output& one) { return one.aggregate != Aggregate::none; });
  return columns <= kMostRowColumns && query.order.empty() && query.group.empty() && !query.distinct && !aggregates;
}

StatementPtr Repository::select_statement(const Query& query, const Context& context) {
  const bool gives_rows = calls_once_a_row(query);
  StatementPtr prepared = statement(
      context, {}, [&] { return compiler_.select(query, gives_rows ? kRowPattern : sql::kColumnsAsTheyAre); });
  if (prepared->columns.empty()) {
    prepared->columns = described_rows();
    prepared->gives_rows = gives_rows;
  }
  return prepared;
}

std::unique_ptr<ICursor> Repository::select(const Query& query) {
  const Context& context = contexts_[selecting];
  sql::read_select(table_, query, call_);
  if (query.lock == RowLock::none) {
    session_.start(Access::read, context);
  } else {
    session_.start_locking(context);
  }
  const StoredTables tables = stored_tables();
  auto cursor = std::make_unique<Cursor>(session_, select_statement(query, context), context);
  cursor->bind(call_.parameters, tables);
  return cursor;
}

RowBatch Repository::explain(const Query& query) {
  constexpr int kDetail = 3; // behind the node's number, its parent's and one that is not used
  const Context& context = contexts_[selecting];
  sql::read_select(table_, query, call_);
  session_.start(Access::read, context);
  const StoredTables tables = stored_tables();
  const StatementPtr plan = session_.prepare(compiler_.explain(query), context, Prepared::once);
  const Run guard(*plan);
  session_.check(bind_all(plan->handle.get(), call_.parameters, tables, session_.bound(), false), context);
  Rows& rows = session_.results();
  rows.start(1);
  while (session_.step(*plan, context))
    rows.add_text(reinterpret_cast<const char*>(sqlite3_column_text(plan->handle.get(), kDetail)));
  return rows.batch();
}

/// Returns the first row's only number if one is wanted, else 0.
std::int64_t Repository::run(Statement& statement, bool wants_row, const Context& context) {
  const Run guard(statement);
  session_.check(bind_all(statement.handle.get(), call_.parameters, stored_tables(), session_.bound(), false), context);
  const bool row = session_.step(statement, context);
  return row && wants_row ? sqlite3_column_int64(statement.handle.get(), 0) : 0;
}

/// A column that takes another one's value as it is stored has to store it in the same form.
void Repository::check_forms(const Update& update) const {
  for (const Assignment& assignment : update.assignments) {
    if (assignment.nodes != 1) continue;
    const Node& node = update.expressions[assignment.first];
    if (node.kind != NodeKind::column || columns_[node.column].form == columns_[assignment.column].form) continue;
    throw_error(ErrorCode::not_supported,
                fmt::format("{}: {} and {} store their type in different forms", contexts_[updating].statement,
                            table_.columns[assignment.column].name, table_.columns[node.column].name),
                "read the value and write it");
  }
}

std::uint64_t Repository::remove(const Filter& filter) {
  const Context& context = contexts_[removing];
  sql::read_filter(table_, sql::Operation::remove, filter, call_);
  session_.start(Access::write, context);
  learn_storage();
  run(*statement(context, {}, [&] { return compiler_.remove(filter); }), false, context);
  return static_cast<std::uint64_t>(sqlite3_changes64(session_.handle()));
}

std::uint64_t Repository::count(const Filter& filter) {
  const Context& context = contexts_[counting];
  sql::read_filter(table_, sql::Operation::count, filter, call_);
  session_.start(Access::read, context);
  learn_storage();
  return static_cast<std::uint64_t>(
      run(*statement(context, {}, [&] { return compiler_.count(filter); }), true, context));
}

bool Repository::exists(const Filter& filter) {
  const Context& context = contexts_[selecting];
  sql::read_filter(table_, sql::Operation::exists, filter, call_);
  session_.start(Access::read, context);
  learn_storage();
  return run(*statement(context, {}, [&] { return compiler_.exists(filter); }), true, context) != 0;
}

bool Repository::returns_rowid(std::span<const std::uint32_t> returning) const noexcept {
  return has_rowid_key_ && returning.size() == 1 && returning.front() == *table_.generated_column();
}

RowBatch Repository::insert(const WriteRows& rows) {
  const Context& context = contexts_[inserting];
  sql::read_insert(table_, rows, 1, call_);
  session_.start(Access::write, context);
  learn_storage();
  if (fits_one_statement(rows)) {
    sql::read_insert(table_, rows, 0, call_); // 0: however many
    if (insert_all(rows, context)) return session_.results().batch();
    sql::read_insert(table_, rows, 1, call_);
  }
  const bool by_rowid = returns_rowid(rows.returning);
  const auto returning = by_rowid ? std::span<const std::uint32_t>() : rows.returning;
  const StatementPtr prepared =
      statement(context, returning, [&] { return compiler_.insert(rows.columns, 1, returning); });
  return write(rows, *prepared, by_rowid, context);
}

bool Repository::fits_one_statement(const WriteRows& rows) const noexcept {
  return rows.rows > 1 && !rows.columns.empty() && rows.columns.size() <= kMostRowsColumns &&
         (rows.returning.empty() || (counts_up_ && returns_rowid(rows.returning)));
}

/// All rows by one statement that reads them where they are. Returns false, with nothing done, if only writing them one
/// by one will tell: which row broke a foreign key, or which keys the rows have where a trigger wrote too.
bool Repository::insert_all(const WriteRows& rows, const Context& context) {
  const StatementPtr prepared = statement(context, {}, [&] {
    std::string names;
    std::string values;
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
      names += (i == 0 ? "" : ", ") + sql::quoted(kDialect, table_.columns[rows.columns[i]].name);
      values += fmt::format("{}{}{}", i == 0 ? "" : ", ", kRowsColumn, i + 1);
    }
    return fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}(?1)", compiler_.table_name(), names, values, kRowsModule);
  });
  sqlite3* const db = session_.handle();
  row_ = {};
  Session::Group group(session_, context);
  const std::int64_t written = sqlite3_total_changes64(db);
  given_.clear();
  for (const std::uint32_t column : rows.columns)
    given_.push_back({&columns_[column]});
  RowsSource source{rows.cells, rows.rows, given_, session_.bound().bytes, nullptr};
  {
    const Run guard(*prepared);
    session_.check(bind_rows(prepared->handle.get(), 1, source), context);
    const int code = sqlite3_step(prepared->handle.get());
    if (source.refused) std::rethrow_exception(source.refused);
    if (code == SQLITE_CONSTRAINT_FOREIGNKEY) return false; // row by row it is known whose
    if (code != SQLITE_DONE) session_.fail(code, context);
  }
  const auto count = static_cast<std::int64_t>(rows.rows);
  Rows& results = session_.results();
  results.start(rows.returning.size());
  if (!rows.returning.empty()) {
    // The group undoes it. Both, because rows may have been left out (RAISE(IGNORE)) for as many of a trigger's.
    if (sqlite3_total_changes64(db) - written != count || sqlite3_changes64(db) != count) return false;
    const std::int64_t last = sqlite3_last_insert_rowid(db);
    for (std::int64_t id = last - count + 1; id <= last; ++id)
      results.add(Cell::int64(id));
  }
  group.keep();
  return true;
}

RowBatch Repository::upsert(const WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) {
  const Context& context = contexts_[upserting];
  sql::read_upsert(table_, rows, key, update, 1, call_);
  session_.start(Access::write, context);
  learn_storage();
  const StatementPtr prepared = statement(
      context, rows.returning, [&] { return compiler_.upsert(rows.columns, 1, key, update, rows.returning); });
  return write(rows, *prepared, false, context);
}

RowBatch Repository::write(const WriteRows& rows, Statement& statement, bool by_rowid, const Context& context) {
  session_.results().start(rows.returning.size());
  row_ = {};
  std::optional<Session::Group> group;
  if (rows.rows > 1) group.emplace(session_, context);
  for (std::size_t row = 0; row < rows.rows; ++row) {
    if (row % kRowsPerLook == kRowsPerLook - 1 && session_.watch().expired()) session_.fail(SQLITE_INTERRUPT, context);
    write_row(rows, row, statement, by_rowid, context);
  }
  if (group) group->keep();
  return session_.results().batch();
}

void Repository::write_row(const WriteRows& rows, std::size_t row, Statement& statement, bool by_rowid,
                           const Context& context) {
  const Run guard(statement);
  const Cell* const cells = rows.cells + row * rows.columns.size();
  row_ = {rows.columns, cells, columns_, nullptr};
  BoundValues& bound = session_.bound();
  bound.clear();
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    const int code =
        bind_written(statement.handle.get(), static_cast<int>(i) + 1, cells[i], columns_[rows.columns[i]], bound.bytes);
    if (code != SQLITE_OK) session_.fail(code, context);
  }
  Rows& results = session_.results();
  while (session_.step(statement, context))
    results.add(statement);
  if (by_rowid) results.add(Cell::int64(sqlite3_last_insert_rowid(session_.handle())));
}

} // namespace tenon::sqlite
