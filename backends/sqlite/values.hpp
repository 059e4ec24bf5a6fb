#pragma once
// Cells to what SQLite stores and back: one value at a time, checked both ways. Used by repositories and cursors.
// Threads: as the session they work for.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include <tenon/interface/cell.hpp>
#include <tenon/interface/table.hpp>
#include <tenon/sql/arena.hpp>
#include <tenon/sql/call.hpp>

struct sqlite3_context;
struct sqlite3_stmt;
struct sqlite3_value;

namespace tenon::sqlite {

/// How a column stores its type. Tables that Tenon created are native; others say it in their declared types.
enum class Form : std::uint8_t {
  native,
  text,   ///< a timestamp, date or uuid as text, compared byte by byte: equal only in the one form that is written
  hex,    ///< a uuid as 32 digits
  number, ///< a decimal in a column of numeric affinity: exact to 15 digits only
};

[[nodiscard]] Form form_of(CellType type, std::string_view declared) noexcept;

/// A described column as it is stored. Lifetime: views into the TableDesc.
struct StoredColumn {
  const TableDesc* table = nullptr;
  const ColumnDesc* column = nullptr;
  Form form = Form::native;
};

/// The columns of the tables of one call, by sql::Parameter::source.
using StoredTables = std::span<const std::span<const StoredColumn>>;

/// A value that no column stores, in its native form. Requires a type that is known. Lifetime: for ever.
[[nodiscard]] const StoredColumn& computed_column(CellType type) noexcept;

/// A value in one of SQLite's five storage classes.
struct Stored {
  enum class Class : std::uint8_t { null, integer, real, text, blob };
  Class storage = Class::null;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view bytes; ///< of text and blob
};

/// The values of one `in`, which the module of list_module.hpp reads while the statement runs.
using List = std::vector<Stored>;

/// What bound values point to. Lifetime: must outlive the statement's run.
struct BoundValues {
  sql::Arena bytes;
  std::deque<List> lists;

  void clear() noexcept {
    bytes.clear();
    lists.clear();
  }
};

/// A value to be written. Errors: DataError for a value that the column cannot hold as it is (NaN, text that is no
/// UTF-8 or too long, a malformed decimal or JSON); ProgrammingError for one of another type. Lifetime: borrows the
/// cell's bytes, or lives in `scratch`.
[[nodiscard]] Stored to_write(const Cell& cell, const StoredColumn& column, sql::Arena& scratch);
/// A value to be compared with `column`, where there is one. Errors: DataError.
[[nodiscard]] Stored to_compare(const Cell& cell, const StoredColumn* column, sql::Arena& scratch);

/// Returns SQLite's code. The bytes are not copied.
[[nodiscard]] int bind(sqlite3_stmt* statement, int index, const Stored& value) noexcept;
void set_result(sqlite3_context* context, const Stored& value) noexcept;

/// Binds a value that is written. Errors and lifetime: as to_write and bind.
[[nodiscard]] int bind_written(sqlite3_stmt* statement, int index, const Cell& cell, const StoredColumn& column,
                               sql::Arena& scratch);
/// Binds a call's parameters. With `copy` everything lives in `bound`; without, the cells'
/// own bytes are borrowed, which is right for statements that end with the call.
[[nodiscard]] int bind_all(sqlite3_stmt* statement, std::span<const sql::Parameter> parameters, StoredTables tables,
                           BoundValues& bound, bool copy);

/// Reads one value of a row; its bytes are copied to `bytes`.
/// Errors: DataError, naming table and column, for a stored value that does not fit the described type.
[[nodiscard]] Cell read(sqlite3_value* value, const StoredColumn& column, sql::Arena& bytes);
/// Reads as many values as there are columns, as read().
void read_row(sqlite3_value** values, std::span<const StoredColumn> columns, Cell* cells, sql::Arena& bytes);
/// As SQLite stores it: integer, real, text, blob or null. Errors: DataError for text that is no UTF-8, naming the
/// position.
[[nodiscard]] Cell read_plain(sqlite3_value* value, std::size_t position, sql::Arena& bytes);

} // namespace tenon::sqlite
