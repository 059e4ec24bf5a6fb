#pragma once
// One case of each property: makes the world and the steps of a recipe, runs them on every database and on the
// reference, and tells the first difference. Threads: one at a time.

#include <string>

#include "choices.hpp"

namespace tenon::properties {

/// Every query gives the reference's rows; so do count and exists of its condition. Returns the difference in words,
/// empty if there is none; counts the queries it ran.
[[nodiscard]] std::string check_queries(const Recipe& recipe, std::uint64_t& queries);
/// Inserts, upserts, updates and removes give the reference's counts, errors and rows.
[[nodiscard]] std::string check_writes(const Recipe& recipe);

} // namespace tenon::properties
