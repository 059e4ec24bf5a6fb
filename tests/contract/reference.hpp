#pragma once
// What a query means, written down once more: a plain evaluation over rows in memory, for cases that compare a backend
// with it. Written from the comments of tenon/interface/query.hpp alone. Threads: pure functions.

#include "values.hpp"

namespace tenon::contract {

enum class Truth { no, yes, unknown };

[[nodiscard]] Truth holds(Filter filter, const Row& row);
/// -1, 0 or 1. Requires two values of one type, neither NULL.
[[nodiscard]] int compared(const Value& a, const Value& b);
/// The rows that the query gives, in its order; rows equal in the order keep theirs.
[[nodiscard]] Rows evaluated(const Rows& rows, const Query& query);

} // namespace tenon::contract
