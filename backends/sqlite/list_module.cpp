#include "list_module.hpp"

#include <new>

#include <sqlite3.h>

#include "dialect.hpp"

namespace tenon::sqlite {
namespace {

constexpr const char* kPointerType = "tenon_list"; // what marks a bound pointer as ours; SQL cannot make one
constexpr int kArgument = 1;                       // the hidden column that is the function's argument

struct ListCursor : sqlite3_vtab_cursor {
  const List* list = nullptr;
  std::size_t position = 0;
};

int connect(sqlite3* handle, void*, int, const char* const*, sqlite3_vtab** table, char**) {
  const int code = sqlite3_declare_vtab(handle, "CREATE TABLE list(value, source HIDDEN)");
  if (code != SQLITE_OK) return code;
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
    plan->estimatedRows = 25;
    return SQLITE_OK;
  }
  return SQLITE_CONSTRAINT;
}

int open(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) {
  *cursor = new (std::nothrow) ListCursor();
  return *cursor == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) {
  delete static_cast<ListCursor*>(cursor);
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* cursor, int, const char*, int count, sqlite3_value** values) {
  auto* const self = static_cast<ListCursor*>(cursor);
  self->position = 0;
  self->list = count == 1 ? static_cast<const List*>(sqlite3_value_pointer(values[0], kPointerType)) : nullptr;
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* cursor) {
  ++static_cast<ListCursor*>(cursor)->position;
  return SQLITE_OK;
}

int eof(sqlite3_vtab_cursor* cursor) {
  const auto* const self = static_cast<ListCursor*>(cursor);
  return self->list == nullptr || self->position >= self->list->size() ? 1 : 0;
}

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int index) {
  const auto* const self = static_cast<ListCursor*>(cursor);
  if (index != kArgument) set_result(context, (*self->list)[self->position]);
  return SQLITE_OK;
}

int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(static_cast<ListCursor*>(cursor)->position);
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

int register_list_module(sqlite3* handle) noexcept {
  return sqlite3_create_module_v2(handle, kListModule, &kModule, nullptr, nullptr);
}

int bind_list(sqlite3_stmt* statement, int index, const List& list) noexcept {
  return sqlite3_bind_pointer(statement, index, const_cast<List*>(&list), kPointerType, nullptr);
}

} // namespace tenon::sqlite
