#pragma once
// The table-valued function tenon_rows: the rows of one insert as one bound parameter, so that SQLite runs one
// statement for all of them instead of one for each. Used by repositories. Threads: as the connection it is registered
// on.

#include <cstddef>
#include <exception>
#include <span>

#include <tenon/interface/query.hpp>

#include "values.hpp"

struct sqlite3;

namespace tenon::sqlite {

inline constexpr const char* kRowsModule = "tenon_rows";
/// The function's columns are c0, c1, … up to this many.
inline constexpr std::size_t kMostRowsColumns = 128;

/// What the function reads while the statement runs: each value is checked and converted when its turn comes.
struct RowsSource {
  const WriteRows& rows;
  std::span<const StoredColumn> columns; ///< of the table
  sql::Arena& scratch;
  std::exception_ptr refused; ///< why the statement failed, if a value was the reason
};

/// Returns SQLite's code.
[[nodiscard]] int register_rows_module(sqlite3* handle) noexcept;

/// Binds rows as the function's argument. Lifetime: `source` must outlive the statement's run.
[[nodiscard]] int bind_rows(sqlite3_stmt* statement, int index, RowsSource& source) noexcept;

} // namespace tenon::sqlite
