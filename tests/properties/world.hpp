#pragma once
// World: the random tables of one case and their rows, as the reference sees them. Threads: one at a time.

#include <cstdint>
#include <string>

#include <tenon/interface/table.hpp>

#include "../contract/reference.hpp"
#include "choices.hpp"

namespace tenon::properties {

using contract::Contents;
using contract::Row;
using contract::Rows;
using contract::Value;

/// `things` has columns of random types; `parts` belong to things, by a column that may be NULL or lead nowhere.
struct World {
  TableDesc things; ///< id, then random columns
  TableDesc parts;  ///< id, thing_id (nullable), label (text), weight (int64, nullable)
  Contents contents;

  explicit World(const Recipe& recipe);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  static constexpr std::uint32_t kThingId = 1; ///< of parts
};

/// A value from a small pool, so that values meet. Extremes are left to the cases of the contract suite: here nothing a
/// filter calculates may overflow, because databases are free in what they evaluate first.
[[nodiscard]] Value random_value(Choices& choices, CellType type);
[[nodiscard]] Value random_cell(Choices& choices, const ColumnDesc& column);
/// A row of things without its key.
[[nodiscard]] Row random_thing(Choices& choices, const TableDesc& things);

} // namespace tenon::properties
