#pragma once
// The query tree: filters, orders, limits and projections as flat plain data over a described table. Built by the typed
// front, evaluated or compiled by backends; a backend needs no SQL to serve it. Layout equals the structs of
// tenon_abi.h. Lifetime: all views are borrowed for the duration of the call they are passed to.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <tenon/interface/cell.hpp>

namespace tenon {

/// Kinds of nodes. Logic is three-valued as in SQL: a comparison with NULL is unknown, and a filter keeps what is true.
/// New kinds are appended; a backend answers NotSupported to a kind that it does not know.
enum class NodeKind : std::uint16_t {
  column = 1, ///< leaf: the value of `column`
  value = 2,  ///< leaf: `value`
  all_of = 3, ///< true if every child is (no child: true)
  any_of = 4, ///< true if one child is (no child: false)
  negation = 5,
  eq = 6,
  ne = 7,
  lt = 8,
  le = 9,
  gt = 10,
  ge = 11,
  in = 12,          ///< first child equals one of the others (no other child: false)
  like = 13,        ///< % and _ as wildcards, \ escapes; case matters; second child is the pattern
  contains = 14,    ///< second child, taken literally, is part of the first; case matters
  starts_with = 15, ///< as contains, at the beginning
  ends_with = 16,   ///< as contains, at the end
  is_null = 17,
  is_not_null = 18,
};

/// One node of a tree in prefix order: a node stands before its children, and a subtree is one contiguous run of nodes.
struct Node {
  NodeKind kind;
  std::uint16_t flags;    ///< 0 for now
  std::uint32_t children; ///< number of direct children
  std::uint32_t column;   ///< position in TableDesc::columns, for NodeKind::column
  std::uint32_t source;   ///< 0: the queried table
  Cell value;             ///< for NodeKind::value
};
static_assert(std::is_trivially_copyable_v<Node> && std::is_standard_layout_v<Node> && sizeof(Node) == 40);

/// A filter in prefix order; empty means every row.
using Filter = std::span<const Node>;

/// The position behind the subtree that starts at `position`.
[[nodiscard]] constexpr std::size_t subtree_end(Filter filter, std::size_t position) noexcept {
  std::size_t open = 1;
  while (open > 0 && position < filter.size()) {
    open += filter[position].children;
    --open;
    ++position;
  }
  return position;
}

enum class NullOrder : std::uint16_t {
  largest = 0, ///< NULL counts as larger than every value: last when ascending, first when descending
  first = 1,
  last = 2,
};

struct OrderTerm {
  std::uint32_t column;
  std::uint16_t descending; ///< 0 or 1
  NullOrder nulls;
};
static_assert(sizeof(OrderTerm) == 8);

inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct Query {
  Filter filter;
  std::span<const OrderTerm> order;
  std::span<const std::uint32_t> columns; ///< what each row holds, in this order; empty: all columns as described
  std::uint64_t limit = kNoLimit;
  std::uint64_t offset = 0;
};

struct Assignment {
  std::uint32_t column;
  std::uint32_t reserved;
  Cell value;
};
static_assert(sizeof(Assignment) == 32);

/// Rows to write: `cells` holds `rows` times `columns.size()` cells, row after row.
struct WriteRows {
  std::span<const std::uint32_t> columns; ///< which columns each row gives; the rest get what the schema says
  const Cell* cells = nullptr;
  std::size_t rows = 0;
  std::span<const std::uint32_t> returning; ///< columns wanted back for each row, in input order
};

} // namespace tenon
