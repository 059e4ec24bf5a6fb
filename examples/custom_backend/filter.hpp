#pragma once
// Evaluates query trees over rows, with SQL's three-valued logic. Used by the repository. Threads: pure functions.

#include <cstddef>
#include <string_view>

#include <tenon/interface/query.hpp>

#include "value.hpp"

namespace memory_map {

/// Requires rows of so many columns. Errors: NotSupported for a node that is not known here; ProgrammingError for a
/// tree that is none.
void check_filter(tenon::Filter filter, std::size_t columns);

/// Whether the filter is true for the row, and not merely unknown. Requires a filter that passed check_filter.
[[nodiscard]] bool matches(tenon::Filter filter, const Row& row);

/// % is any text, _ any one code point, \ takes the next one literally. Requires valid UTF-8.
[[nodiscard]] bool like(std::string_view text, std::string_view pattern);

} // namespace memory_map
