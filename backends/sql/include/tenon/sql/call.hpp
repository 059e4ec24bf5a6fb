#pragma once
// Call: what one call of a repository comes to: the shape that finds its statement, the parameters that the statement
// binds and the columns of its rows. Filled by the readers of readers.hpp. Used by the repositories of the SQL
// backends. Threads: as their session.
//
// Order of parameters, which the compiler's placeholders follow: an update's assignments with the value nodes of their
// expressions, then the value nodes of the filter in prefix order (an `in` list of values is one parameter), then those
// of having, then the limit, then the offset.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>
#include <tenon/sql/statement_cache.hpp>

namespace tenon::sql {

inline constexpr std::uint32_t kNoColumn = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint32_t kMaxDepth = 200;
/// Of values that are computed from computed ones: what SQLite's parser can hold on its stack of 100 entries.
inline constexpr std::uint32_t kMaxValueDepth = 15;

/// One bound parameter. Lifetime: borrows what the call was given.
struct Parameter {
  Cell cell = Cell::null();         ///< for a list only its type counts: the elements', null if all are NULL
  std::span<const Node> list = {};  ///< the value nodes of an `in`; empty for a single value
  std::uint32_t column = kNoColumn; ///< the column it is compared with or assigned to, where there is one
  bool assigned = false;            ///< a value that is written, not compared
  bool decimal = false;             ///< compared with a decimal that is computed, so with no column
  std::uint32_t source = 0;         ///< of `column`: a position in Call::tables
  [[nodiscard]] bool is_list() const noexcept { return !list.empty(); }
};

/// One column of a select's rows.
struct RowColumn {
  const TableDesc* table = nullptr;
  std::uint32_t column = kNoColumn; ///< whose values these are, as it stores them; kNoColumn: computed
  CellType type = CellType::null;
  std::uint32_t source = 0; ///< of `column`: a position in Call::tables
};

/// Reused from call to call, so that a call allocates nothing once both have grown.
struct Call {
  Shape shape;
  std::vector<Parameter> parameters;
  std::vector<RowColumn> outputs;       ///< of a select's rows; empty: all columns of the queried table
  std::vector<const TableDesc*> tables; ///< the queried one, then those of the sources
  /// Whether a statement is made for the types of the values that it assigns, so that NULL asks for another one.
  bool typed_assignments = true;
  /// Whether `column = true` and `column = false` are shapes of their own, without a parameter: see boolean_test().
  bool tests_booleans = false;

  void start(Operation operation) {
    shape.start(operation);
    parameters.clear();
    outputs.clear();
    tables.clear();
  }
};

[[nodiscard]] constexpr bool is_known(CellType type) noexcept {
  return static_cast<std::uint32_t>(type) <= static_cast<std::uint32_t>(CellType::array);
}

[[nodiscard]] constexpr bool is_number(CellType type) noexcept {
  return type == CellType::int64 || type == CellType::float64 || type == CellType::decimal;
}

/// What arithmetic works on; a NULL may stand anywhere.
[[nodiscard]] constexpr bool is_arithmetic(CellType type) noexcept {
  return type == CellType::int64 || type == CellType::float64 || type == CellType::null;
}

/// Whether two values may stand on the two sides of a comparison; a NULL may stand anywhere.
[[nodiscard]] constexpr bool are_comparable(CellType left, CellType right) noexcept {
  return left == right || left == CellType::null || right == CellType::null || (is_number(left) && is_number(right));
}

[[nodiscard]] constexpr bool has_order(CellType type) noexcept {
  return type != CellType::json && type != CellType::array;
}

[[nodiscard]] constexpr bool is_equality(NodeKind kind) noexcept {
  return kind == NodeKind::eq || kind == NodeKind::ne;
}

[[nodiscard]] constexpr bool is_element(CellType type) noexcept {
  return type == CellType::boolean || type == CellType::int64 || type == CellType::float64 || type == CellType::text;
}

/// The type of an array's elements; null if there is none but NULL. CellType::array if they have several types, or one
/// that no element may have.
[[nodiscard]] inline CellType element_type(const Cell& array) noexcept {
  CellType found = CellType::null;
  for (const Cell& element : std::span(array.elements(), array.element_count())) {
    if (element.is_null()) continue;
    if (!is_element(element.type) || (found != CellType::null && found != element.type)) return CellType::array;
    found = element.type;
  }
  return found;
}

/// Of `column = true` or `column = false` the value's node, else null. In words of the dialect such a condition lets
/// the database use an index of what is true, and costs a row no call of a function.
[[nodiscard]] inline const Node* boolean_test(std::span<const Node> nodes, std::size_t position) noexcept {
  if (nodes[position].kind != NodeKind::eq || nodes.size() - position < 3) return nullptr;
  const Node& column = nodes[position + 1];
  const Node& value = nodes[position + 2];
  const bool tests = column.kind == NodeKind::column && value.kind == NodeKind::value && value.children == 0 &&
                     value.flags == 0 && value.value.type == CellType::boolean;
  return tests ? &value : nullptr;
}

/// An `in` whose list is bound as one parameter: every child behind the first is a value.
[[nodiscard]] inline bool is_value_list(std::span<const Node> nodes, std::size_t position) noexcept {
  const std::size_t first = subtree_end(nodes, position + 1);
  const std::size_t count = nodes[position].children - 1;
  if (count == 0 || nodes.size() - first < count) return false;
  const auto list = nodes.subspan(first, count);
  return std::all_of(list.begin(), list.end(),
                     [](const Node& node) { return node.kind == NodeKind::value && node.children == 0; });
}

/// The type of an aggregate over values of a type; null if there is none.
[[nodiscard]] constexpr CellType aggregate_type(Aggregate aggregate, CellType type) noexcept {
  switch (aggregate) {
    case Aggregate::none: return type;
    case Aggregate::count_rows:
    case Aggregate::count: return CellType::int64;
    case Aggregate::sum: return is_number(type) ? type : CellType::null;
    case Aggregate::avg: return is_number(type) ? CellType::float64 : CellType::null;
    case Aggregate::min:
    case Aggregate::max:
      return is_number(type) || type == CellType::text || type == CellType::timestamp || type == CellType::date
                 ? type
                 : CellType::null;
  }
  return CellType::null;
}

} // namespace tenon::sql
