#pragma once
// Table: the rows of one described table, sorted by each of its keys. Used by the database and the repository.
// Threads: as any standard container; the database sees to it that a table which others can see never changes.

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <tenon/interface/error.hpp>
#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>

#include "value.hpp"

namespace memory_map {

class Table {
public:
  explicit Table(tenon::TableDesc description);

  [[nodiscard]] const tenon::TableDesc& description() const noexcept { return *description_; }

  /// Makes a whole row of what an insert gives: generated keys are made, other columns left out are NULL.
  /// Errors: DataError for a value that the column cannot hold; IntegrityError for a NULL where none may be.
  [[nodiscard]] RowPtr make_row(std::span<const std::uint32_t> columns, const tenon::Cell* cells);
  /// The row with some columns set anew. Errors: as make_row.
  [[nodiscard]] RowPtr changed(const Row& row, std::span<const tenon::Assignment> assignments) const;

  /// Errors: IntegrityError, with nothing changed, if one of the keys is taken.
  void add(const RowPtr& row);
  void erase(const RowPtr& row);

  /// Returns nullptr if there is none.
  [[nodiscard]] RowPtr find(std::uint32_t key, std::span<const tenon::Cell> values) const;
  [[nodiscard]] const auto& rows() const noexcept { return keys_.front(); } ///< by primary key

private:
  /// Orders rows by the columns of one key; with a key's values in the place of a row, too.
  struct ByKey {
    using is_transparent = void;
    const std::vector<std::uint32_t>* columns; // of the shared description
    bool operator()(const RowPtr& a, const RowPtr& b) const;
    bool operator()(const RowPtr& a, std::span<const tenon::Cell> b) const;
    bool operator()(std::span<const tenon::Cell> a, const RowPtr& b) const;
  };

  [[nodiscard]] Value checked(std::uint32_t column, const tenon::Cell& cell) const;
  [[noreturn]] void throw_integrity(tenon::ErrorCode code, std::span<const std::uint32_t> columns,
                                    const std::string& constraint, const std::string& message) const;

  std::shared_ptr<const tenon::TableDesc> description_; // shared by all copies of the table
  std::vector<std::set<RowPtr, ByKey>> keys_;           // one for each of the described keys
  std::int64_t next_generated_ = 1;
};

} // namespace memory_map
