#pragma once
// Prepared statements: owned handles, and the guard that puts them back. Used by the session, repositories and cursors.
// Threads: as the session that prepared them.

#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <tenon/interface/cell.hpp>
#include <tenon/interface/fork_guard.hpp>
#include <tenon/sql/arena.hpp>

#include "values.hpp"

struct sqlite3;

namespace tenon::sqlite {

struct Finalize {
  void operator()(sqlite3_stmt* handle) const noexcept;
};

/// How long a statement is of use.
enum class Prepared {
  once,
  again,         ///< and again; SQLite prepares it anew by itself where the schema has changed
  until_altered, ///< until the schema changes: then it does nothing, which Session::runs() tells
};

/// A statement with what is known about its result. Shared by the cache that keeps it and the cursor that runs it.
/// In a child made by fork() it is left as it is, like its connection.
struct Statement {
  static constexpr std::size_t kAlways = std::numeric_limits<std::size_t>::max();

  Statement() = default;
  ~Statement() {
    if (made.forked()) static_cast<void>(handle.release());
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  std::unique_ptr<sqlite3_stmt, Finalize> handle;
  std::vector<StoredColumn> columns; ///< of the result; empty for the application's own SQL
  bool gives_rows = false;           ///< its rows come through tenon_row
  bool in_use = false;               ///< by a cursor, or open for the next find
  std::size_t present = kAlways;     ///< of the columns: NULL in this one means that there is no row
  const bool* answered = nullptr;    ///< KeySource::answered: a row is left out while this is true
  ForkGuard made;
};
using StatementPtr = std::shared_ptr<Statement>;

/// Resets a statement when the call that ran it ends, however it ends: an open one keeps its locks.
class Run {
public:
  explicit Run(Statement& statement) noexcept : statement_(statement) {}
  ~Run() { reset(); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  void reset() noexcept;

private:
  Statement& statement_;
};

/// The rows of one result. Lifetime: until clear().
class Rows {
public:
  void start(std::size_t columns) noexcept {
    used_ = 0;
    bytes_.clear();
    columns_ = columns;
  }
  void clear() noexcept { start(0); }
  /// Appends the current row of `statement`. Errors: DataError, as read(), with no half of a row left.
  void add(Statement& statement);
  /// Appends a row of as many values as it has columns. Errors: as above.
  void add(sqlite3_value** values, std::span<const StoredColumn> columns);
  void add(const Cell& cell) { *room(1) = cell, ++used_; }
  void add_text(std::string_view text) { add(Cell::text(bytes_.copy(text.data(), text.size()))); }
  [[nodiscard]] std::size_t rows() const noexcept { return columns_ == 0 ? 0 : used_ / columns_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.used(); }
  /// Cells that there is memory for.
  [[nodiscard]] std::size_t held() const noexcept { return cells_.size(); }
  [[nodiscard]] RowBatch batch() const noexcept { return {cells_.data(), rows(), columns_}; }

private:
  Cell* room(std::size_t cells) {
    if (cells_.size() - used_ < cells) cells_.resize(2 * cells_.size() + cells);
    return cells_.data() + used_;
  }

  std::vector<Cell> cells_; // of which the first used_ hold values
  std::size_t used_ = 0;
  sql::Arena bytes_;
  std::size_t columns_ = 0;
};

/// The parameters and the rows of one running statement.
struct Buffers {
  BoundValues bound;
  Rows rows;
};

} // namespace tenon::sqlite
