#pragma once
// The query tree: filters, joins, orders, aggregates, limits and updates as flat plain data over described tables.
// Built by the typed front, evaluated or compiled by backends; a backend needs no SQL to serve it. Layout equals the
// structs of tenon_abi.h where that says so. Lifetime: all views are borrowed for the duration of the call they are
// passed to.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <tenon/interface/cell.hpp>

namespace tenon {

struct TableDesc;

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
  // Two children, each an int64 or a float64; one float64 makes both. An int64 division cuts towards zero. A result out
  // of the type's range and a division by zero are DataError. With a NULL the result is NULL.
  add = 19,
  subtract = 20,
  multiply = 21,
  divide = 22,
  fold = 23, ///< one text child without the case of its letters; `flags` is a Fold
  /// First child a JSON document, then the path: value nodes, a text for a member's name, an int64 for a position from
  /// 0. `flags` is the wanted CellType (boolean, int64, float64, text): the value there if it is one of this type, else
  /// NULL. A number is an int64 if it is written without fraction and exponent and fits; every number is a float64.
  /// Capability: json, as for json_exists.
  json_value = 24,
  json_exists = 25, ///< children as json_value: whether something is there, be it a JSON null; NULL for no document
  /// Opens the source number `source`, whose JoinKind is exists: true if it has a row that fulfils the only child, or
  /// any row if there is no child. Capability: joins.
  exists = 26,
  output = 27, ///< leaf, in Query::having alone: the output number `column`
};

/// Which letters NodeKind::fold, and so the text forms without case, take for equal.
enum class Fold : std::uint16_t {
  ascii = 0, ///< A-Z become a-z, nothing else changes
  /// The capitals of the small letters: the text is mapped to small letters and the result to capitals, both by
  /// Unicode's full mappings (UnicodeData and SpecialCasing) without a locale. So texts are equal that Unicode's full
  /// case folding makes equal (É é, Σ σ ς, ß ẞ SS, ﬁ FI), and dotless ı equals i as well, because both have the capital
  /// I. Accents count; nothing is normalised. A letter may become several (ß: SS): _ stands for one of them, and a part
  /// may begin or end between them. Letters newer than the Unicode of the backend's library have no case. Capability:
  /// unicode_case.
  unicode = 1,
};

/// One node of a tree in prefix order: a node stands before its children, and a subtree is one contiguous run of nodes.
struct Node {
  NodeKind kind;
  std::uint16_t flags;    ///< for NodeKind::json_value and fold; else 0
  std::uint32_t children; ///< number of direct children
  std::uint32_t column;   ///< position in the columns of its table, for NodeKind::column
  std::uint32_t source;   ///< of column and exists: position in Filter::sources + 1; 0 is the queried table
  Cell value;             ///< for NodeKind::value
};
static_assert(std::is_trivially_copyable_v<Node> && std::is_standard_layout_v<Node> && sizeof(Node) == 40);

enum class JoinKind : std::uint32_t {
  inner = 0,
  left = 1,   ///< a row without a partner is kept, and the partner's columns are NULL
  exists = 2, ///< joins nothing by itself: NodeKind::exists looks into it
};

/// A pair of columns that are equal. Requires comparable types.
struct JoinOn {
  std::uint32_t parent_column;
  std::uint32_t column;
};
static_assert(sizeof(JoinOn) == 8);

/// Another table that takes part, joined to the queried one or to an earlier source.
struct Source {
  const TableDesc* table = nullptr; ///< as for ISession::repository: must outlive the session
  std::uint32_t parent = 0;         ///< 0: the queried table, else an earlier position in Filter::sources + 1
  JoinKind kind = JoinKind::inner;
  std::span<const JoinOn> on; ///< all of them hold; at least one
};

/// Which rows: `nodes` in prefix order (empty: every row), over the queried table and `sources`. Capability for
/// sources: joins. A filter of an update or a remove may have sources of kind exists only.
struct Filter {
  std::span<const Node> nodes;
  std::span<const Source> sources;

  constexpr Filter() noexcept = default;
  constexpr Filter(std::span<const Node> given, std::span<const Source> others) noexcept
      : nodes(given), sources(others) {}
  /// Anything that a span of nodes can be made of.
  template <class Nodes>
  requires std::convertible_to<const Nodes&, std::span<const Node>>
  constexpr Filter(const Nodes& given) noexcept : nodes(given) {} // NOLINT(google-explicit-constructor)

  [[nodiscard]] constexpr std::size_t size() const noexcept { return nodes.size(); }
  [[nodiscard]] constexpr bool empty() const noexcept { return nodes.empty(); }
  [[nodiscard]] constexpr const Node& operator[](std::size_t position) const noexcept { return nodes[position]; }
  [[nodiscard]] constexpr const Node& front() const noexcept { return nodes.front(); }
  [[nodiscard]] constexpr const Node* data() const noexcept { return nodes.data(); }
  [[nodiscard]] constexpr auto begin() const noexcept { return nodes.begin(); }
  [[nodiscard]] constexpr auto end() const noexcept { return nodes.end(); }
  [[nodiscard]] constexpr std::span<const Node> subspan(std::size_t first, std::size_t count) const noexcept {
    return nodes.subspan(first, count);
  }
};

/// The position behind the subtree that starts at `position`.
[[nodiscard]] constexpr std::size_t subtree_end(std::span<const Node> nodes, std::size_t position) noexcept {
  std::size_t open = 1;
  while (open > 0 && position < nodes.size()) {
    open += nodes[position].children;
    --open;
    ++position;
  }
  return position;
}
[[nodiscard]] constexpr std::size_t subtree_end(const Filter& filter, std::size_t position) noexcept {
  return subtree_end(filter.nodes, position);
}

/// A column of the queried table (source 0) or of a source (its position + 1).
struct ColumnRef {
  std::uint32_t source;
  std::uint32_t column;
  friend constexpr bool operator==(const ColumnRef&, const ColumnRef&) noexcept = default;
};
static_assert(sizeof(ColumnRef) == 8);

/// Over the rows of a group, or over all rows. NULLs are left out. Of no values sum, avg, min and max are NULL, and
/// both counts are 0. Capability: aggregates.
enum class Aggregate : std::uint16_t {
  none = 0,
  count_rows = 1, ///< int64; needs no column
  count = 2,      ///< int64
  sum = 3,        ///< of int64, float64 and decimal, in that type, exact but for float64; too large is DataError
  avg = 4,        ///< of int64, float64 and decimal: float64, the sum as a double divided by the count
  min = 5,        ///< of int64, float64, decimal, text, timestamp and date; in that type
  max = 6,
};

struct Output {
  ColumnRef column{0, 0};
  Aggregate aggregate = Aggregate::none;
  std::uint16_t distinct = 0; ///< 1: count, sum and avg take equal values once
};
static_assert(sizeof(Output) == 12);

enum class NullOrder : std::uint16_t {
  largest = 0, ///< NULL counts as larger than every value: last when ascending, first when descending
  first = 1,
  last = 2,
};

/// As the source of an order term: `column` is a position in Query::outputs.
inline constexpr std::uint32_t kOutputSource = 0xffffffff;

struct OrderTerm {
  std::uint32_t column;
  std::uint32_t source;     ///< as in ColumnRef, or kOutputSource
  std::uint16_t descending; ///< 0 or 1
  NullOrder nulls;
};
static_assert(sizeof(OrderTerm) == 12);

/// What others may do with the rows that a select gives, until the transaction ends. Of the queried table alone, in a
/// query without groups, aggregates and distinct, and in a transaction. Capability: row_locks.
enum class RowLock : std::uint32_t {
  none = 0,
  update = 1,             ///< nobody else changes or locks them
  update_nowait = 2,      ///< the same, and TimeoutError (SQLSTATE 55P03) at once instead of waiting
  update_skip_locked = 3, ///< the same, without the rows that somebody else has locked
  share = 4,              ///< nobody else changes them
};

inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct Query {
  Filter filter;
  std::span<const OrderTerm> order;
  /// What each row holds, in this order; empty: all columns of the queried table as described. With an aggregate among
  /// them or with `group`, each other output is among `group`; an aggregate without a group gives one row.
  std::span<const Output> outputs;
  std::uint64_t limit = kNoLimit;
  std::uint64_t offset = 0;
  std::span<const ColumnRef> group = {}; ///< one row for each combination of their values
  /// Which groups: over NodeKind::output and columns of `group`, with the filter's sources.
  std::span<const Node> having = {};
  bool distinct = false; ///< equal rows once; then `order` names outputs only
  RowLock lock = RowLock::none;
  /// A hint: the caller keeps all rows anyway, so nothing is gained by giving them bit by bit.
  bool whole = false;
};

/// `column` becomes `value`, or, with nodes > 0, the expression Update::expressions[first, first + nodes) over the old
/// values of the row.
struct Assignment {
  std::uint32_t column;
  std::uint32_t first;
  std::uint32_t nodes;
  std::uint32_t reserved;
  Cell value;

  static constexpr Assignment of(std::uint32_t column, const Cell& value) noexcept { return {column, 0, 0, 0, value}; }
};
static_assert(sizeof(Assignment) == 40);

struct Update {
  Filter filter;
  std::span<const Assignment> assignments;
  std::span<const Node> expressions = {};
};

/// Rows to write: `cells` holds `rows` times `columns.size()` cells, row after row.
struct WriteRows {
  std::span<const std::uint32_t> columns; ///< which columns each row gives; the rest get what the schema says
  const Cell* cells = nullptr;
  std::size_t rows = 0;
  std::span<const std::uint32_t> returning; ///< columns wanted back for each row, in input order
};

enum class BatchKind : std::uint32_t { insert = 1, upsert = 2, update = 3, remove = 4 };

/// One write of ISession::batch. Each kind reads its own members.
struct BatchItem {
  const TableDesc* table = nullptr; ///< as for ISession::repository
  BatchKind kind = BatchKind::insert;
  WriteRows rows;                                ///< insert, upsert; with no `returning`
  std::uint32_t key = 0;                         ///< upsert
  std::span<const std::uint32_t> update_columns; ///< upsert
  Update update;                                 ///< update; of a remove the filter
};

} // namespace tenon
