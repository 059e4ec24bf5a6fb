#pragma once
// Query trees and described tables for the tests of the SQL compiler and of the SQLite backend.
// Threads: pure functions.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>

namespace tenon::test {

using Tree = std::vector<Node>;

inline Tree leaf(NodeKind kind) {
  Node node{};
  node.kind = kind;
  return {node};
}
inline Tree column(std::uint32_t position) {
  Tree tree = leaf(NodeKind::column);
  tree.front().column = position;
  return tree;
}
inline Tree literal(const Cell& cell) {
  Tree tree = leaf(NodeKind::value);
  tree.front().value = cell;
  return tree;
}
inline Tree literal(std::string_view text) { return literal(Cell::text(text)); }
inline Tree literal(int number) { return literal(Cell::int64(number)); }

inline Tree node(NodeKind kind, const std::vector<Tree>& children) {
  Tree tree = leaf(kind);
  tree.front().children = static_cast<std::uint32_t>(children.size());
  for (const Tree& child : children)
    tree.insert(tree.end(), child.begin(), child.end());
  return tree;
}

/// Columns of the queried table, as they are.
inline std::vector<Output> outputs(std::initializer_list<std::uint32_t> columns) {
  std::vector<Output> made;
  for (const std::uint32_t column : columns)
    made.push_back({{0, column}, Aggregate::none, 0});
  return made;
}

/// Columns 0 id, 1 name, 2 age (nullable), 3 settings (JSON, nullable), 4 is_active, 5 balance (decimal, nullable).
inline TableDesc people() {
  TableDesc table;
  table.name = "people";
  table.columns = {{"id", CellType::int64, false, true, 0},           {"name", CellType::text, false, false, 40},
                   {"age", CellType::int64, true, false, 0},          {"settings", CellType::json, true, false, 0},
                   {"is_active", CellType::boolean, false, false, 0}, {"balance", CellType::decimal, true, false, 0}};
  table.keys = {{"people_pkey", {0}}, {"people_name_key", {1}}};
  return table;
}

} // namespace tenon::test
