#include "cells.hpp"

namespace tenon::detail {

std::strong_ordering compare_cells(const Cell& a, const Cell& b) noexcept {
  if (a.is_null() || b.is_null()) return static_cast<int>(!a.is_null()) <=> static_cast<int>(!b.is_null());
  switch (a.type) {
    case CellType::text:
    case CellType::blob:
    case CellType::decimal:
    case CellType::uuid:
    case CellType::json: return a.bytes() <=> b.bytes();
    case CellType::float64:
      return a.real < b.real   ? std::strong_ordering::less
             : a.real > b.real ? std::strong_ordering::greater
                               : std::strong_ordering::equal;
    case CellType::array:
      for (std::size_t i = 0; i < a.element_count() && i < b.element_count(); ++i) {
        if (const auto order = compare_cells(a.elements()[i], b.elements()[i]); order != 0) return order;
      }
      return a.element_count() <=> b.element_count();
    default: return a.integer <=> b.integer;
  }
}

} // namespace tenon::detail
