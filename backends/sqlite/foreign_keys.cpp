#include "foreign_keys.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include <sqlite3.h>

#include <tenon/sql/messages.hpp>

#include "dialect.hpp"
#include "statements.hpp"

namespace tenon::sqlite {
namespace {

/// What an update assigns to the column; null if it leaves it alone.
const Assignment* assignment_of(const Update& update, std::uint32_t column) {
  const auto found = std::find_if(update.assignments.begin(), update.assignments.end(),
                                  [&](const Assignment& one) { return one.column == column; });
  return found == update.assignments.end() ? nullptr : &*found;
}

/// The cell that the row gives a column; null if it gives none, or NULL.
const Cell* value_of(const WrittenRow& row, std::uint32_t column) {
  if (row.update != nullptr) {
    const Assignment* const assigned = assignment_of(*row.update, column);
    return assigned == nullptr || assigned->value.is_null() ? nullptr : &assigned->value;
  }
  const auto place = std::find(row.columns.begin(), row.columns.end(), column);
  if (place == row.columns.end()) return nullptr;
  const Cell& cell = row.cells[place - row.columns.begin()];
  return cell.is_null() ? nullptr : &cell;
}

/// Which of a key's columns the row gives values that are known here.
enum class Given { none, all, unclear };
Given given(const ForeignKeyDesc& key, const WrittenRow& row) {
  if (row.update == nullptr) return Given::all; // what an insert leaves out is NULL, as far as can be told
  const auto count = std::count_if(key.columns.begin(), key.columns.end(),
                                   [&](std::uint32_t column) { return assignment_of(*row.update, column) != nullptr; });
  if (count == 0) return Given::none;
  const bool clear = std::all_of(key.columns.begin(), key.columns.end(), [&](std::uint32_t column) {
    const Assignment* const assigned = assignment_of(*row.update, column);
    return assigned != nullptr && assigned->nodes == 0;
  });
  return clear ? Given::all : Given::unclear;
}

/// Whether the row that a key refers to is there; nothing if that cannot be told.
std::optional<bool> leads_somewhere(sqlite3* database, const ForeignKeyDesc& key, const WrittenRow& row) {
  std::string sql = "SELECT 1 FROM " + sql::quoted(kDialect, key.target_table) + " WHERE ";
  for (std::size_t i = 0; i < key.target_columns.size(); ++i)
    sql += (i == 0 ? "" : " AND ") + sql::quoted(kDialect, key.target_columns[i]) + " = ?";
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v2(database, sql.c_str(), -1, &made, nullptr) != SQLITE_OK) return std::nullopt;
  const std::unique_ptr<sqlite3_stmt, Finalize> statement(made);
  sql::Arena bytes;
  for (std::size_t i = 0; i < key.columns.size(); ++i) {
    const Cell* const value = value_of(row, key.columns[i]);
    if (value == nullptr) return true; // a key with a NULL in it refers to nothing
    const Stored stored = to_write(*value, row.storage[key.columns[i]], bytes);
    if (bind(made, static_cast<int>(i) + 1, stored) != SQLITE_OK) return std::nullopt;
  }
  const int code = sqlite3_step(made);
  if (code == SQLITE_ROW) return true;
  return code == SQLITE_DONE ? std::optional(false) : std::nullopt;
}

} // namespace

void name_foreign_key(sqlite3* database, const TableDesc& table, const WrittenRow& row, ErrorInfo& info) {
  const ForeignKeyDesc* found = nullptr;
  for (const ForeignKeyDesc& key : table.foreign_keys) {
    if (key.columns.size() != key.target_columns.size()) return;
    const Given values = given(key, row);
    if (values == Given::none) continue; // as it was
    if (values == Given::unclear) return;
    const auto there = leads_somewhere(database, key, row);
    if (!there) return;
    if (*there) continue;
    // One into the same table may have led to the row itself, or to one written after it: only if no other is broken.
    if (key.target_table != table.name) {
      found = &key;
      break;
    }
    if (found == nullptr) found = &key;
  }
  if (found == nullptr) return;
  info.constraint = found->name;
  info.columns = sql::column_names(table, found->columns);
}

} // namespace tenon::sqlite
