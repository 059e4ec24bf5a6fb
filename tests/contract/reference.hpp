#pragma once
// What a query means, written down once more: a plain evaluation over rows in memory, for cases that compare a backend
// with it. Written from the comments of tenon/interface/query.hpp alone. Evaluates what has one meaning: everything but
// locks. Threads: pure functions.

#include <map>
#include <span>
#include <vector>

#include <tenon/interface/table.hpp>

#include "values.hpp"

namespace tenon::contract {

enum class Truth { no, yes, unknown };

/// The rows of the tables that queries join. Lifetime: as long as anything that evaluates.
using Contents = std::map<const TableDesc*, Rows>;

/// One row of the queried table, then one of each source: null where there is no partner, or for a source that
/// NodeKind::exists opens.
using Joined = std::vector<const Row*>;

[[nodiscard]] Truth holds(const Filter& filter, const Row& row);
/// -1, 0 or 1. Requires two values of one type or two numbers, neither NULL.
[[nodiscard]] int compared(const Value& a, const Value& b);
/// Equal as a database sees it: two NULLs are, and decimals of another scale.
[[nodiscard]] bool same(const Value& a, const Value& b);

/// The rows that the query gives, in its order; rows equal in the order keep theirs.
[[nodiscard]] Rows evaluated(const Rows& rows, const Query& query);
/// The same with sources. Errors: DataError as the query would raise it.
[[nodiscard]] Rows evaluated(const TableDesc& table, const Contents& contents, const Query& query);
/// The rows of `table` that the filter keeps, as positions.
[[nodiscard]] std::vector<std::size_t> matching(const TableDesc& table, const Contents& contents, const Filter& filter);
/// The value of an expression over one row, as in Update::expressions.
[[nodiscard]] Value computed(std::span<const Node> expression, const Row& row);

/// The parts of the evaluation that the two files share.
namespace reference {

/// What an expression may refer to.
struct Scope {
  const Contents* contents = nullptr; ///< null where no source is opened
  std::span<const Source> sources;
  const Row* outputs = nullptr; ///< of a group, for NodeKind::output
};

/// The value of the subtree at `position`, which is moved behind it; a condition gives a boolean or NULL.
[[nodiscard]] Value value_of(std::span<const Node> nodes, std::size_t& position, const Joined& row, const Scope& scope);
[[nodiscard]] Truth truth_of(std::span<const Node> nodes, const Joined& row, const Scope& scope);
/// Whether `candidate` is a partner of the row in this source.
[[nodiscard]] bool is_partner(const Source& source, const Joined& row, const Row& candidate);
[[nodiscard]] Value aggregate(Aggregate kind, bool distinct, const std::vector<Value>& values);

} // namespace reference
} // namespace tenon::contract
