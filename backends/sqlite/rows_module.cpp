#include "rows_module.hpp"

#include "pointer_module.hpp"

namespace tenon::sqlite {
namespace {

struct RowsTable {
  using Source = RowsSource;
  static constexpr const char* kName = kRowsModule;
  static constexpr int kColumns = kMostRowsColumns;
  static constexpr sqlite3_int64 kUsualRows = 1000;

  static std::string columns() { return rows_columns(kMostRowsColumns); }
  static std::size_t rows(const RowsSource& source) { return source.rows; }
  static int give(RowsSource& source, std::size_t row, std::size_t column, sqlite3_context* context) {
    if (column >= source.columns.size()) return SQLITE_OK; // NULL
    try {
      const Cell& cell = source.cells[row * source.columns.size() + column];
      const auto [stored, compared] = source.columns[column];
      set_result(context,
                 compared ? to_compare(cell, stored, source.scratch) : to_write(cell, *stored, source.scratch));
      return SQLITE_OK;
    } catch (...) {
      source.refused = std::current_exception();
      return SQLITE_ERROR;
    }
  }
  static void done_with_row(RowsSource& source) { source.scratch.clear(); } // SQLite has a copy
};

} // namespace

std::string rows_columns(std::size_t count) {
  std::string names;
  for (std::size_t i = 1; i <= count; ++i)
    names.append(i == 1 ? "" : ", ").append(kRowsColumn).append(std::to_string(i));
  return names;
}

int register_rows_module(sqlite3* handle) noexcept { return PointerModule<RowsTable>::add_to(handle); }

int bind_rows(sqlite3_stmt* statement, int index, RowsSource& source) noexcept {
  return PointerModule<RowsTable>::bind(statement, index, source);
}

} // namespace tenon::sqlite
