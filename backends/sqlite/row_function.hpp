#pragma once
// The SQL function tenon_row: takes all values of a row in one call, where reading them column by column from the
// statement enters SQLite twice for each (measured: a tenth of a find's instructions, a fifth of a scan's time).
// Used by the session for the statements of repositories, whose select list is one call of it. Threads: as the
// connection it is registered on.

#include <cstddef>
#include <exception>
#include <span>
#include <string_view>

#include "values.hpp"

struct sqlite3;

namespace tenon::sqlite {

class Rows;

inline constexpr const char* kRowFunction = "tenon_row";
/// The list of a select's columns, {l}, given to it.
inline constexpr std::string_view kRowPattern = "tenon_row({l})";
/// The most columns that a row may have: SQLite's limit for the arguments of a function.
inline constexpr std::size_t kMostRowColumns = 127;

/// Where the function puts its row. Without `rows`, as in the application's own SQL, it fails.
struct RowReceiver {
  Rows* rows = nullptr;
  std::span<const StoredColumn> columns;
  std::size_t present = 0;        ///< as Statement::present
  const bool* answered = nullptr; ///< as Statement::answered
  std::exception_ptr refused;     ///< why the statement failed, if a value was the reason
};

/// Returns SQLite's code. Lifetime: `receiver` must outlive the connection.
[[nodiscard]] int register_row_function(sqlite3* handle, RowReceiver& receiver) noexcept;

} // namespace tenon::sqlite
