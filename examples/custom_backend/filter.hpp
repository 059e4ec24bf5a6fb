#pragma once
// Evaluates query trees over rows, with SQL's three-valued logic. Used by the repository. Threads: pure functions.

#include <string_view>

#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>

#include "value.hpp"

namespace memory_map {

/// Errors: NotSupported for a node that is not known here; ProgrammingError for a tree that is none.
void check_filter(tenon::Filter filter, const tenon::TableDesc& table);

/// Whether the filter is true for the row, and not merely unknown. Requires a filter that passed check_filter.
[[nodiscard]] bool matches(tenon::Filter filter, const Row& row);

/// % is any text, _ any one code point, \ takes the next one literally. Requires valid UTF-8.
[[nodiscard]] bool like(std::string_view text, std::string_view pattern);

} // namespace memory_map
