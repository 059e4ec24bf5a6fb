#pragma once
// The table-valued function tenon_list: the values behind `in`, however many, as one bound parameter. Without it a list
// would be limited by SQLite's number of parameters and every length would be another statement.
// Threads: as the connection it is registered on.

#include "values.hpp"

struct sqlite3;

namespace tenon::sqlite {

/// Returns SQLite's code.
[[nodiscard]] int register_list_module(sqlite3* handle) noexcept;

/// Binds a list as the function's argument. Lifetime: the list must outlive the statement's run.
[[nodiscard]] int bind_list(sqlite3_stmt* statement, int index, const List& list) noexcept;

} // namespace tenon::sqlite
