#pragma once
// The opaque cursor of Select<T>::page(): the order's values of a page's last row, with a mark of the order they belong
// to. Not signed: it holds what the page's reader has seen, and is checked as any input is. Threads: pure functions.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>

namespace tenon::detail {

/// Text of letters, digits, - and _.
[[nodiscard]] std::string encode_cursor(const TableDesc& table, std::span<const OrderTerm> order, const Cell* row);

/// Values of a decoded cursor, one per order term, with the bytes they point to.
struct CursorValues {
  std::string bytes;
  std::vector<Cell> cells;
};
/// Errors: DataError if the text is no cursor, or belongs to another table or order.
[[nodiscard]] CursorValues decode_cursor(const TableDesc& table, std::span<const OrderTerm> order,
                                         std::string_view text);

} // namespace tenon::detail
