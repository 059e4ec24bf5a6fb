#pragma once
// Groups of rows and what is computed over them: counts, sums, averages, the least and the greatest, distinct rows.
// Used by the repository. Threads: pure functions.

#include <vector>

#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>

#include "value.hpp"

namespace memory_map {

/// Rows that begin with the outputs of the query; behind them stands what else `order` names.
struct Groups {
  std::vector<RowPtr> rows;
  std::vector<tenon::OrderTerm> order; ///< over the positions of these rows
};

/// Whether the query gives groups, aggregates or distinct rows, and not rows as they are stored.
[[nodiscard]] bool makes_groups(const tenon::Query& query) noexcept;

/// The groups of the rows that the query's filter keeps; neither sorted nor limited yet.
/// Requires that makes_groups is true. Errors: ProgrammingError for a query that makes no sense, NotSupported for one
/// whose meaning is not known here, DataError for a sum that is too large.
[[nodiscard]] Groups grouped(const std::vector<RowPtr>& rows, const tenon::Query& query, const tenon::TableDesc& table);

} // namespace memory_map
