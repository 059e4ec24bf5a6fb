#pragma once
// The table-valued function tenon_key: one row after another without an end, each with the values of the key that is to
// be found next. A statement that joins a table to it finds one row with each step, and is not begun anew for each:
// that is more than half of what a find costs. Used by repositories. Threads: as the connection it is registered on.

#include <array>
#include <cstddef>

#include <tenon/sql/arena.hpp>

#include "values.hpp"

struct sqlite3;

namespace tenon::sqlite {

inline constexpr const char* kKeyModule = "tenon_key";
/// The function's columns are those of tenon_rows, up to this many.
inline constexpr std::size_t kMostKeyColumns = 16;

/// The key that the next step is to find. Where the database does not know that a key has one row, the step first looks
/// for another one of the key before: that one's bytes are kept, and a row that comes of it is known by `answered`.
struct KeySource {
  std::array<Stored, kMostKeyColumns> values;
  std::array<sql::Arena, 2> bytes; ///< of the key before and of the next one, in turns
  std::size_t latest = 0;          ///< of `bytes`: those of the key that the statement is at
  bool answered = false;           ///< the key that the statement is at has had its row
};

/// Returns SQLite's code.
[[nodiscard]] int register_key_module(sqlite3* handle) noexcept;

/// Binds the function's argument. Lifetime: `source` must outlive the statement's run.
[[nodiscard]] int bind_key(sqlite3_stmt* statement, int index, KeySource& source) noexcept;

} // namespace tenon::sqlite
