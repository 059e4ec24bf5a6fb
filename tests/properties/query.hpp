#pragma once
// Random queries and conditions over a World. Threads: one at a time.

#include <cstdint>
#include <string>
#include <vector>

#include <tenon/interface/query.hpp>

#include "../contract/values.hpp"
#include "choices.hpp"
#include "world.hpp"

namespace tenon::properties {

using contract::Tree;

/// A query of things with all that it refers to. Lifetime: the world's tables.
struct Asked {
  Tree where;
  std::vector<Source> sources;
  std::vector<OrderTerm> order;
  std::vector<Output> outputs;
  std::vector<ColumnRef> group;
  Tree having;
  bool distinct = false;
  std::uint64_t limit = kNoLimit;
  std::uint64_t offset = 0;

  [[nodiscard]] Filter filter() const noexcept { return {where.nodes(), sources}; }
  [[nodiscard]] Query query() const noexcept {
    return {filter(), order, outputs, limit, offset, group, having.nodes(), distinct, RowLock::none};
  }
};

/// Its order is total: no two rows that may differ are equal in it.
[[nodiscard]] Asked random_query(Choices& choices, const World& world);
/// A condition for an update or a remove of things: its sources are of the kind exists.
[[nodiscard]] Asked random_condition(Choices& choices, const World& world);
/// An expression of an int64 column's value from columns of the same row, which may overflow or divide by zero.
[[nodiscard]] Tree random_calculation(Choices& choices, const TableDesc& table);

/// In words, for counterexamples.
[[nodiscard]] std::string text_of(const World& world);
[[nodiscard]] std::string text_of(const Asked& asked);

} // namespace tenon::properties
