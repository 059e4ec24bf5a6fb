#pragma once
// Comparing cells of one type in memory. Internal. Threads: pure functions.

#include <compare>

#include <tenon/interface/cell.hpp>

namespace tenon::detail {

/// Requires two cells of one type, or of a type and NULL, which is smaller than all. Text, decimals, JSON and bytes
/// compare byte by byte, so that equal means: written alike.
[[nodiscard]] std::strong_ordering compare_cells(const Cell& a, const Cell& b) noexcept;

} // namespace tenon::detail
