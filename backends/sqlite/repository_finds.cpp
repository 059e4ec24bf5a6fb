// Repository: finds by a key. The first one in a while runs a statement of its own. Those that follow within a
// transaction, while nothing else but reading is done, are steps of one statement that is not put back between them: a
// join of the table to tenon_key, which gives the next key with each step. Session::end_finders() puts it back.

#include <string>

#include <fmt/format.h>
#include <sqlite3.h>

#include "dialect.hpp"
#include "repository.hpp"
#include "row_function.hpp"
#include "session.hpp"

namespace tenon::sqlite {

RowBatch Repository::find(std::uint32_t key, std::span<const Cell> values) {
  const Context& context = contexts_[selecting];
  if (key >= table_.keys.size() || values.size() != table_.keys[key].columns.size()) {
    throw_error(ErrorCode::programming, fmt::format("{}: no key with these columns", context.statement));
  }
  session_.start(Access::read, context);
  learn_storage();
  Finder& finder = finders_[key];
  const bool goes_on = finder.turn == session_.turn();
  finder.turn = session_.turn();
  if (goes_on && session_.in_transaction() && values.size() <= kMostKeyColumns && columns_.size() <= kMostRowColumns) {
    return find_next(finder, key, values);
  }
  return find_once(finder, key, values);
}

Stored Repository::key_value(std::uint32_t column, const Cell& value, sql::Arena& scratch) {
  const StoredColumn& stored = columns_[column];
  if (!sql::are_comparable(stored.column->type, value.type)) {
    throw_error(ErrorCode::programming,
                fmt::format("{}: {} is {} and the value {}", contexts_[selecting].statement, stored.column->name,
                            cell_type_name(stored.column->type), cell_type_name(value.type)));
  }
  return to_compare(value, &stored, scratch);
}

RowBatch Repository::find_once(Finder& finder, std::uint32_t key, std::span<const Cell> values) {
  const Context& context = contexts_[selecting];
  if (finder.once == nullptr) {
    const bool gives_rows = columns_.size() <= kMostRowColumns;
    StatementPtr made = session_.prepare(compiler_.find(key, gives_rows ? kRowPattern : sql::kColumnsAsTheyAre),
                                         context, Prepared::again);
    made->columns = columns_;
    made->gives_rows = gives_rows;
    finder.once = std::move(made);
  }
  const Run guard(*finder.once);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Stored value = key_value(table_.keys[key].columns[i], values[i], session_.bound().bytes);
    session_.check(bind(finder.once->handle.get(), static_cast<int>(i) + 1, value), context);
  }
  Rows& rows = session_.results();
  rows.start(columns_.size());
  session_.fetch(*finder.once, rows, context);
  return rows.batch();
}

/// A row for each key: all NULL where there is none, which a column of a key that was found never is.
std::string Repository::find_next_sql(std::uint32_t key) const {
  std::string columns;
  for (const StoredColumn& column : columns_)
    columns += fmt::format("{}r.{}", columns.empty() ? "" : ", ", sql::quoted(kDialect, column.column->name));
  std::string condition;
  std::size_t place = 0;
  for (const std::uint32_t column : table_.keys[key].columns) {
    condition += fmt::format("{}r.{} = k.{}{}", place == 0 ? "" : " AND ",
                             sql::quoted(kDialect, table_.columns[column].name), kRowsColumn, place + 1);
    ++place;
  }
  return fmt::format("SELECT {}({}) FROM {}(?1) AS k LEFT JOIN {} AS r ON {}", kRowFunction, columns, kKeyModule,
                     compiler_.table_name(), condition);
}

RowBatch Repository::find_next(Finder& finder, std::uint32_t key, std::span<const Cell> values) {
  const Context& context = contexts_[selecting];
  KeySource& wanted = finder.wanted;
  const std::size_t latest = 1 - wanted.latest;
  sql::Arena& bytes = wanted.bytes[latest];
  bytes.clear();
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored& value = wanted.values[i];
    value = key_value(table_.keys[key].columns[i], values[i], bytes);
    value.bytes = bytes.copy(value.bytes.data(), value.bytes.size());
  }
  if (finder.next == nullptr) {
    finder.next = session_.prepare(find_next_sql(key), context, Prepared::again);
    finder.next->columns = columns_;
    finder.next->gives_rows = true;
    finder.next->present = table_.keys[key].columns.front();
    finder.next->answered = &wanted.answered;
  }
  if (!finder.next->in_use) {
    session_.check(bind_key(finder.next->handle.get(), 1, wanted), context);
    session_.keep_open(*finder.next);
    wanted.answered = false;
  }
  wanted.latest = latest;
  Rows& rows = session_.results();
  rows.start(columns_.size());
  try {
    session_.fetch(*finder.next, rows, context);
  } catch (...) {
    session_.end_finders();
    throw;
  }
  if (wanted.answered) { // so the row was another one of the key before
    session_.end_finders();
    return find_once(finder, key, values);
  }
  wanted.answered = true;
  return rows.batch();
}

} // namespace tenon::sqlite
