#pragma once
// PointerModule: a table-valued function over values of ours, which a statement gets as one bound pointer and reads
// while it runs. Used by list_module.cpp, rows_module.cpp and key_module.cpp. Threads: as the connection it is
// registered on.
//
// Table says what is different:
//
//   using Source = …;                                   // what the pointer points to; may be const
//   static constexpr const char* kName = …;             // of the function
//   static constexpr int kColumns = …;                  // how many there are
//   static constexpr sqlite3_int64 kUsualRows = …;       // for the planner
//   static std::string columns();                       // their names
//   static std::size_t rows(const Source&);
//   static int give(Source&, std::size_t row, std::size_t column, sqlite3_context*);   // SQLite's code
//   static void done_with_row(Source&);

#include <cstddef>
#include <new>
#include <string>
#include <type_traits>

#include <sqlite3.h>

namespace tenon::sqlite {

template <class Table> class PointerModule {
  using Source = typename Table::Source;

public:
  /// Returns SQLite's code, as the following.
  [[nodiscard]] static int add_to(sqlite3* handle) noexcept {
    static constexpr sqlite3_module kModule = make();
    return sqlite3_create_module_v2(handle, Table::kName, &kModule, nullptr, nullptr);
  }
  /// Lifetime: `source` must outlive the statement's run.
  [[nodiscard]] static int bind(sqlite3_stmt* statement, int index, Source& source) noexcept {
    return sqlite3_bind_pointer(statement, index, const_cast<std::remove_const_t<Source>*>(&source), Table::kName,
                                nullptr); // the name marks the pointer as ours: SQL cannot make one
  }

private:
  static constexpr int kArgument = Table::kColumns; // the hidden column that is the function's argument

  struct Cursor : sqlite3_vtab_cursor {
    Cursor() noexcept : sqlite3_vtab_cursor{} {}
    Source* source = nullptr;
    std::size_t row = 0;
  };
  static Cursor& self(sqlite3_vtab_cursor* cursor) noexcept { return *static_cast<Cursor*>(cursor); }

  static int connect(sqlite3* handle, void*, int, const char* const*, sqlite3_vtab** table, char**) {
    try {
      const std::string sql = "CREATE TABLE given(" + Table::columns() + ", tenon_source HIDDEN)";
      const int code = sqlite3_declare_vtab(handle, sql.c_str());
      if (code != SQLITE_OK) return code;
    } catch (const std::bad_alloc&) {
      return SQLITE_NOMEM;
    }
    *table = new (std::nothrow) sqlite3_vtab{};
    return *table == nullptr ? SQLITE_NOMEM : SQLITE_OK;
  }
  static int disconnect(sqlite3_vtab* table) {
    delete table;
    return SQLITE_OK;
  }

  /// Only a scan with the argument given makes sense; anything else is refused.
  static int best_index(sqlite3_vtab*, sqlite3_index_info* plan) {
    for (int i = 0; i < plan->nConstraint; ++i) {
      const auto& constraint = plan->aConstraint[i];
      if (constraint.iColumn != kArgument || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
      if (constraint.usable == 0) return SQLITE_CONSTRAINT;
      plan->aConstraintUsage[i].argvIndex = 1;
      plan->aConstraintUsage[i].omit = 1;
      plan->estimatedCost = 10;
      plan->estimatedRows = Table::kUsualRows;
      return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
  }

  static int open(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) {
    *cursor = new (std::nothrow) Cursor();
    return *cursor == nullptr ? SQLITE_NOMEM : SQLITE_OK;
  }
  static int close(sqlite3_vtab_cursor* cursor) {
    delete static_cast<Cursor*>(cursor);
    return SQLITE_OK;
  }
  static int filter(sqlite3_vtab_cursor* cursor, int, const char*, int count, sqlite3_value** values) {
    self(cursor).row = 0;
    self(cursor).source = count == 1 ? static_cast<Source*>(sqlite3_value_pointer(values[0], Table::kName)) : nullptr;
    return SQLITE_OK;
  }
  static int next(sqlite3_vtab_cursor* cursor) {
    ++self(cursor).row;
    Table::done_with_row(*self(cursor).source);
    return SQLITE_OK;
  }
  static int eof(sqlite3_vtab_cursor* cursor) {
    const Cursor& at = self(cursor);
    return at.source == nullptr || at.row >= Table::rows(*at.source) ? 1 : 0;
  }
  static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int index) {
    if (index >= kArgument) return SQLITE_OK; // nobody reads it: NULL
    return Table::give(*self(cursor).source, self(cursor).row, static_cast<std::size_t>(index), context);
  }
  static int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
    *id = static_cast<sqlite3_int64>(self(cursor).row);
    return SQLITE_OK;
  }

  static constexpr sqlite3_module make() {
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
};

} // namespace tenon::sqlite
