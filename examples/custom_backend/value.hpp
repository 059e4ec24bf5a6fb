#pragma once
// Value: a cell that owns its bytes, and how cells compare. Used by everything that keeps or sorts rows.
// Threads: values.

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/cell.hpp>

namespace memory_map {

class Value {
public:
  Value() = default;
  explicit Value(const tenon::Cell& cell);
  /// Lifetime: points into this value.
  [[nodiscard]] tenon::Cell cell() const noexcept;

private:
  tenon::CellType type_ = tenon::CellType::null;
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string bytes_;
};

/// Rows never change once they are made: tables, snapshots and cursors share them.
using Row = std::vector<Value>;
using RowPtr = std::shared_ptr<const Row>;

/// Text compares by code point, decimals by value, with integers too. Requires that neither is NULL.
/// Errors: ProgrammingError for cells of different types.
[[nodiscard]] std::weak_ordering compare(const tenon::Cell& a, const tenon::Cell& b);

/// How many code points the text has; nothing if it is not UTF-8 or holds a NUL.
[[nodiscard]] std::optional<std::size_t> code_points(std::string_view text) noexcept;

/// The bytes of the code point that starts with this one. Requires valid UTF-8.
[[nodiscard]] std::size_t sequence_length(char lead) noexcept;

} // namespace memory_map
