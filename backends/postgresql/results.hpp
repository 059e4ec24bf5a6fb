#pragma once
// PostgreSQL's binary results to cells: bytes are borrowed from the PGresult where they can be. Used by repositories
// and cursors. Threads: as their session.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tenon/interface/cell.hpp>
#include <tenon/interface/table.hpp>
#include <tenon/sql/arena.hpp>
#include <tenon/sql/call.hpp>

struct pg_result;

namespace tenon::postgresql {

struct ClearResult {
  void operator()(pg_result* result) const noexcept;
};
using Result = std::unique_ptr<pg_result, ClearResult>;

/// How the values of one column are read; chosen once per result from the server's type and the described one.
enum class Reader : std::uint8_t {
  boolean,
  int16,
  int32,
  int64,
  oid,
  float32,
  float64,
  real_int16, ///< an integer column that is described as a double, which holds it exactly
  real_int32,
  text,
  user_text, ///< of a type that the server's user made: an enum, citext; only if it looks like text
  bytes,
  numeric,
  decimal_int16,
  decimal_int32,
  decimal_int64,
  timestamp,
  date,
  uuid,
  uuid_text,
  json,
  jsonb,
  jsonb_text,
  array, ///< of any element type that has a reader of its own
};

/// Reads the rows of one result after another of the same statement.
class RowReader {
public:
  /// For columns of a described table; an empty `columns` means all of them.
  /// Errors: DataError if a column's type does not fit the described one.
  void describe(const pg_result* result, const TableDesc& table, std::span<const std::uint32_t> columns);
  /// The same for a statement that was prepared, as Statement::preparation() says, and whose results all have the same
  /// columns: the server refuses to run it once they would change. Described anew only for another preparation, or 0.
  void describe_once(const pg_result* result, std::uint64_t preparation, const TableDesc& table,
                     std::span<const std::uint32_t> columns);
  /// For the rows of a select; an empty `columns` means all of the table. Errors: as above.
  void describe_outputs(const pg_result* result, const TableDesc& table, std::span<const sql::RowColumn> columns);
  /// For the caller's own SQL: the nearest type to each column's own.
  /// Errors: DataError for a type that has no counterpart.
  void describe(const pg_result* result);

  /// Writes the cells of `rows` rows from `first` on, row after row. Requires room for columns() cells of each at
  /// `cells`. Lifetime: until `result` or `arena` are cleared. Errors: DataError for a value that does not fit.
  void read(const pg_result* result, int first, int rows, Cell* cells, sql::Arena& arena) const;

  [[nodiscard]] std::size_t columns() const noexcept { return readers_.size(); }

private:
  /// Where a column's values come from, for messages.
  struct Origin {
    const TableDesc* table = nullptr;
    std::uint32_t column = sql::kNoColumn;
  };
  void choose(const pg_result* result, std::size_t column, CellType wanted);
  [[nodiscard]] std::string name(std::size_t column) const;
  void read_one(const pg_result* result, int row, Cell* cells, sql::Arena& arena) const;
  /// A value of any type, or one that is refused.
  [[nodiscard]] Cell read_other(std::size_t column, const char* data, std::size_t size, sql::Arena& arena) const;

  std::vector<Reader> readers_;
  std::vector<std::string> names_; ///< of the caller's own SQL
  std::vector<Origin> origins_;    ///< of everything else
  std::uint64_t described_ = 0;    ///< the preparation that describe_once was for
};

/// Room for this many cells, which are written over: one batch has about as many as the one before.
[[nodiscard]] inline Cell* room_for(std::vector<Cell>& cells, std::size_t count) {
  if (cells.size() < count) cells.resize(count);
  return cells.data();
}

[[nodiscard]] bool is_failure(const pg_result* result) noexcept;
/// The server waits for, or sends, the data of a COPY.
[[nodiscard]] bool is_copy(const pg_result* result) noexcept;

/// The single int64 or bool of a `SELECT count(*)` or `SELECT EXISTS (…)`.
[[nodiscard]] std::int64_t single_integer(const pg_result* result);
/// The number of rows that a command touched.
[[nodiscard]] std::uint64_t affected_rows(pg_result* result) noexcept;

} // namespace tenon::postgresql
