#pragma once
// The cursors: one over a whole result, for selects with a small limit or whose caller keeps all rows; one that reads
// rows as they come and one that fetches some at a time, both in bounded memory. Made by Repository::select and
// Session::execute. Threads: as their session.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/repository.hpp>
#include <tenon/sql/arena.hpp>

#include "connection.hpp"
#include "results.hpp"

namespace tenon::postgresql {

class Session;

/// Independent of later calls, until the transaction ends.
class WholeCursor final : public ICursor {
public:
  WholeCursor(Session& session, Result result, RowReader reader);
  bool next(RowBatch& batch) override;

private:
  Session& session_;
  std::uint64_t era_;
  Result result_;
  RowReader reader_;
  int position_ = 0;
  std::vector<Cell> cells_;
  sql::Arena arena_;
};

/// Ended by the session's next call.
class RowsCursor final : public ICursor {
public:
  /// `first` is what Connection::start_rows gave.
  RowsCursor(Session& session, Result first, const Work& work);
  RowsCursor(Session& session, Result first, const Work& work, const TableDesc& table,
             std::span<const sql::RowColumn> columns);
  ~RowsCursor() override;
  bool next(RowBatch& batch) override;

private:
  void take(Result first);
  void fill(std::size_t rows);

  Session& session_;
  std::uint64_t era_;
  Work work_;
  std::uint64_t number_ = 0; ///< of the rows in the session; 0: all were read
  bool ended_ = false;       ///< before its end: by an error or a later call
  Result pending_;           ///< a row that was received and not given yet
  RowReader reader_;
  std::vector<Result> rows_; ///< of the current batch, which borrows from them
  std::vector<Cell> cells_;
  sql::Arena arena_;
  std::size_t batch_rows_;
};

/// Over a cursor of the server, of which it fetches many rows at a time: libpq takes twice as long for a row that comes
/// by itself. Only in a transaction. Independent of later calls, until the transaction ends or a savepoint is undone.
class ChunkCursor final : public ICursor {
public:
  static constexpr int kFirstRows = 64; ///< few, so that the first ones come soon and show how large rows are
  [[nodiscard]] static std::string fetch_text(int rows, std::string_view name);

  /// `name` is that of the server's cursor, `first` its first kFirstRows.
  ChunkCursor(Session& session, std::string name, Result first, const Work& work, const TableDesc& table,
              std::span<const sql::RowColumn> columns);
  ~ChunkCursor() override;
  bool next(RowBatch& batch) override;

private:
  void fetch();
  void close() noexcept;
  [[nodiscard]] bool is_undone() const noexcept;

  Session& session_;
  std::uint64_t era_;
  std::uint64_t undone_;
  std::string name_;
  Work work_;
  bool open_ = true; ///< at the server
  Result result_;
  int asked_ = kFirstRows; ///< rows of result_, unless there were fewer
  int position_ = 0;
  RowReader reader_;
  std::vector<Cell> cells_;
  sql::Arena arena_;
  /// Behind the memory of the largest FETCH so far: without it malloc gives that memory back to the kernel when the
  /// rows are freed, and each FETCH pays for its pages anew, a fifth of the client's time.
  std::unique_ptr<char[]> lid_;
  std::size_t covered_ = 0; ///< bytes of that FETCH
};

} // namespace tenon::postgresql
