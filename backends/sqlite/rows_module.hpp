#pragma once
// The table-valued function tenon_rows: the values of many writes as one bound parameter, so that SQLite runs one
// statement for all of them instead of one for each. Used by repositories. Threads: as the connection it is registered
// on.

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "values.hpp"

struct sqlite3;

namespace tenon::sqlite {

inline constexpr const char* kRowsModule = "tenon_rows";
/// The function's columns are tenon_1, tenon_2, … up to this many.
inline constexpr std::size_t kMostRowsColumns = 128;
inline constexpr std::string_view kRowsColumn = "tenon_";
/// The first `count` of these names, with commas between them.
[[nodiscard]] std::string rows_columns(std::size_t count);

/// What the function reads while the statement runs: each value is checked and converted when its turn comes.
struct RowsSource {
  struct Column {
    const StoredColumn* stored = nullptr; ///< null for a value that is compared with no column
    bool compared = false;                ///< with the column, not written to it
  };

  const Cell* cells; ///< row after row
  std::size_t rows;
  std::span<const Column> columns;
  sql::Arena& scratch;
  std::exception_ptr refused; ///< why the statement failed, if a value was the reason
};

/// Returns SQLite's code.
[[nodiscard]] int register_rows_module(sqlite3* handle) noexcept;

/// Binds rows as the function's argument. Lifetime: `source` must outlive the statement's run.
[[nodiscard]] int bind_rows(sqlite3_stmt* statement, int index, RowsSource& source) noexcept;

} // namespace tenon::sqlite
