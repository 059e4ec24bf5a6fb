#include "rows_module.hpp"

#include <new>
#include <string>

#include <sqlite3.h>

namespace tenon::sqlite {
namespace {

constexpr const char* kPointerType = "tenon_rows"; // what marks a bound pointer as ours; SQL cannot make one
constexpr int kArgument = kMostRowsColumns;        // the hidden column that is the function's argument

struct RowsCursor : sqlite3_vtab_cursor {
  RowsSource* source = nullptr;
  const Cell* row = nullptr;
  std::size_t position = 0;
};

int connect(sqlite3* handle, void*, int, const char* const*, sqlite3_vtab** table, char**) {
  try {
    std::string sql = "CREATE TABLE given(";
    for (std::size_t i = 0; i < kMostRowsColumns; ++i)
      sql += "c" + std::to_string(i) + ", ";
    const int code = sqlite3_declare_vtab(handle, (sql + "source HIDDEN)").c_str());
    if (code != SQLITE_OK) return code;
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
  *table = new (std::nothrow) sqlite3_vtab{};
  return *table == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete table;
  return SQLITE_OK;
}

/// Only a scan with the argument given makes sense; anything else is refused.
int best_index(sqlite3_vtab*, sqlite3_index_info* plan) {
  for (int i = 0; i < plan->nConstraint; ++i) {
    const auto& constraint = plan->aConstraint[i];
    if (constraint.iColumn != kArgument || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (constraint.usable == 0) return SQLITE_CONSTRAINT;
    plan->aConstraintUsage[i].argvIndex = 1;
    plan->aConstraintUsage[i].omit = 1;
    plan->estimatedCost = 10;
    plan->estimatedRows = 1000;
    return SQLITE_OK;
  }
  return SQLITE_CONSTRAINT;
}

int open(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) {
  *cursor = new (std::nothrow) RowsCursor();
  return *cursor == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) {
  delete static_cast<RowsCursor*>(cursor);
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* cursor, int, const char*, int count, sqlite3_value** values) {
  auto* const self = static_cast<RowsCursor*>(cursor);
  self->position = 0;
  self->source = count == 1 ? static_cast<RowsSource*>(sqlite3_value_pointer(values[0], kPointerType)) : nullptr;
  self->row = self->source == nullptr ? nullptr : self->source->rows.cells;
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* cursor) {
  auto* const self = static_cast<RowsCursor*>(cursor);
  ++self->position;
  self->row += self->source->rows.columns.size();
  self->source->scratch.clear(); // the row before is stored
  return SQLITE_OK;
}

int eof(sqlite3_vtab_cursor* cursor) {
  const auto* const self = static_cast<RowsCursor*>(cursor);
  return self->source == nullptr || self->position >= self->source->rows.rows ? 1 : 0;
}

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int index) {
  auto* const self = static_cast<RowsCursor*>(cursor);
  const auto at = static_cast<std::size_t>(index);
  if (at >= self->source->rows.columns.size()) return SQLITE_OK; // NULL
  try {
    const StoredColumn& described = self->source->columns[self->source->rows.columns[at]];
    set_result(context, to_write(self->row[at], described, self->source->scratch));
    return SQLITE_OK;
  } catch (...) {
    self->source->refused = std::current_exception();
    return SQLITE_ERROR;
  }
}

int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(static_cast<RowsCursor*>(cursor)->position);
  return SQLITE_OK;
}

constexpr sqlite3_module make_module() {
  sqlite3_module module{};
  module.xConnect = connect; // without xCreate the table exists by itself and cannot be created
  module.xDisconnect = disconnect;
  module.xBestIndex = best_index;
  module.xOpen = open;
  module.xClose = close;
  module.xFilter = filter;
  module.xNext = next;
  module.xEof = eof;
  module.xColumn = column;
  module.xRowid = rowid;
  return module;
}

constexpr sqlite3_module kModule = make_module();

} // namespace

int register_rows_module(sqlite3* handle) noexcept {
  return sqlite3_create_module_v2(handle, kRowsModule, &kModule, nullptr, nullptr);
}

int bind_rows(sqlite3_stmt* statement, int index, RowsSource& source) noexcept {
  return sqlite3_bind_pointer(statement, index, &source, kPointerType, nullptr);
}

} // namespace tenon::sqlite
