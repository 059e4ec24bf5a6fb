#pragma once
// IRepository: one described table of one session. Implemented by backends (through the SDK), called by the typed front
// through the layers. Works on rows of cells and query trees, so a backend without SQL can implement it.
// Threads: as its session, one thread at a time.
// Lifetime: owned by its session, valid as long as that.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <tenon/interface/cell.hpp>
#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>

namespace tenon {

/// Rows of a select, in batches. Destroying it early is fine and frees what the backend holds for it.
/// Lifetime: must be destroyed before its session is; ended by the session's commit or rollback.
class ICursor {
public:
  virtual ~ICursor() = default;
  /// Returns false, and an empty batch, behind the last row. The cells are valid until the next call of next() or the
  /// cursor's destruction.
  /// Errors: as the select; ProgrammingError if the transaction has ended meanwhile.
  virtual bool next(RowBatch& batch) = 0;
};

class IRepository {
public:
  virtual ~IRepository() = default;

  [[nodiscard]] virtual const TableDesc& table() const noexcept = 0;

  /// Inserts all rows or none.
  /// Returns one row per input row, in input order, holding `returning`; an empty batch if that is empty.
  /// Lifetime of the result: until the next call on the session.
  /// Errors: IntegrityError with constraint and columns; DataError.
  virtual RowBatch insert(const WriteRows& rows) = 0;

  /// As insert, but a row whose `key` (a position in TableDesc::keys) is taken updates `update` (positions of columns
  /// that `rows` gives) of that row instead; with an empty `update` it leaves that row as it is. Requires that no two
  /// input rows share the key. Capability: upsert.
  virtual RowBatch upsert(const WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) = 0;

  /// Returns the row (all columns as described) with this key, or an empty batch. `key` is a position in
  /// TableDesc::keys, `values` one cell per column of it. Lifetime of the result: until the next call on the session.
  virtual RowBatch find(std::uint32_t key, std::span<const Cell> values) = 0;

  /// Requires, on most backends, that the cursor is read to its end or destroyed before the session's next call.
  [[nodiscard]] virtual std::unique_ptr<ICursor> select(const Query& query) = 0;

  /// Returns the number of rows that matched and were set. Requires at least one assignment.
  virtual std::uint64_t update(const Update& update) = 0;

  /// Deletes for good. Returns the number of rows deleted.
  virtual std::uint64_t remove(const Filter& filter) = 0;

  [[nodiscard]] virtual std::uint64_t count(const Filter& filter) = 0;
  [[nodiscard]] virtual bool exists(const Filter& filter) = 0;

  /// How the database would run this select, in its own words: one text per row. Capability: sql.
  /// Lifetime of the result: until the next call on the session.
  [[nodiscard]] virtual RowBatch explain(const Query& query) = 0;
};

} // namespace tenon
