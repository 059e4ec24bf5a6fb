#pragma once
// Which foreign key a written row broke: SQLite only says that one is. Used by the session when it raises the error.
// Threads: as the session.

#include <cstdint>
#include <span>

#include <tenon/interface/error.hpp>
#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>

#include "values.hpp"

struct sqlite3;

namespace tenon::sqlite {

/// A row on its way into a table, or what rows that are there are to become. Lifetime: that of the call that writes it.
struct WrittenRow {
  std::span<const std::uint32_t> columns;
  const Cell* cells = nullptr;           ///< null: none
  std::span<const StoredColumn> storage; ///< of the whole table
  const Update* update = nullptr;        ///< then there are no cells: those that it assigns are meant
  [[nodiscard]] bool is_known() const noexcept { return cells != nullptr || update != nullptr; }
};

/// Looks for the rows that the table's foreign keys lead to, and names the first key that leads nowhere. Names nothing
/// where it cannot tell.
void name_foreign_key(sqlite3* database, const TableDesc& table, const WrittenRow& row, ErrorInfo& info);

} // namespace tenon::sqlite
