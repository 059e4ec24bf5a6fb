#pragma once
// Call: what one call of a repository comes to: the shape that finds its statement and the parameters that the
// statement binds. Filled by the readers below, which check everything on the way: a backend never trusts what crosses
// the boundary. Used by the repositories of the SQL backends. Threads: as their session.
//
// Order of parameters, which the compiler's placeholders follow: an update's assignments, then the value nodes of the
// filter in prefix order (an `in` list of values is one parameter), then the limit, then the offset.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/error.hpp>
#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>
#include <tenon/sql/statement_cache.hpp>

namespace tenon::sql {

inline constexpr std::uint32_t kNoColumn = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint32_t kMaxDepth = 200;

/// One bound parameter. Lifetime: borrows what the call was given.
struct Parameter {
  Cell cell = Cell::null();         ///< for a list only its type counts: the elements', null if all are NULL
  std::span<const Node> list;       ///< the value nodes of an `in`; empty for a single value
  std::uint32_t column = kNoColumn; ///< the column it is compared with or assigned to, where there is one
  bool assigned = false;            ///< a value that is written, not compared
  [[nodiscard]] bool is_list() const noexcept { return !list.empty(); }
};

/// Reused from call to call, so that a call allocates nothing once both have grown.
struct Call {
  Shape shape;
  std::vector<Parameter> parameters;
  std::vector<std::uint32_t> columns; ///< of a select's rows; empty: all

  void start(Operation operation) {
    shape.start(operation);
    parameters.clear();
    columns.clear();
  }
};

[[nodiscard]] constexpr bool is_known(CellType type) noexcept {
  return static_cast<std::uint32_t>(type) <= static_cast<std::uint32_t>(CellType::json);
}

[[nodiscard]] constexpr bool is_number(CellType type) noexcept {
  return type == CellType::int64 || type == CellType::float64 || type == CellType::decimal;
}

/// Whether two values may stand on the two sides of a comparison; a NULL may stand anywhere.
[[nodiscard]] constexpr bool are_comparable(CellType left, CellType right) noexcept {
  return left == right || left == CellType::null || right == CellType::null || (is_number(left) && is_number(right));
}

[[nodiscard]] constexpr bool is_equality(NodeKind kind) noexcept {
  return kind == NodeKind::eq || kind == NodeKind::ne;
}

/// An `in` whose list is bound as one parameter: every child behind the first is a value.
[[nodiscard]] inline bool is_value_list(const Filter& filter, std::size_t position) noexcept {
  const std::size_t first = subtree_end(filter, position + 1);
  const std::size_t count = filter[position].children - 1;
  if (count == 0 || filter.size() - first < count) return false;
  const auto list = filter.subspan(first, count);
  return std::all_of(list.begin(), list.end(),
                     [](const Node& node) { return node.kind == NodeKind::value && node.children == 0; });
}

/// Checks a filter against its table and adds its shape and parameters to a call.
/// Errors: NotSupported for a kind, flag or source of a later version; ProgrammingError for a malformed tree.
class FilterReader {
public:
  FilterReader(const TableDesc& table, const Filter& filter, Call& call)
      : table_(table), filter_(filter), call_(call) {}

  void read() {
    if (!filter_.sources.empty()) {
      throw_error(ErrorCode::not_supported, "filter on " + table_.qualified_name() + ": this backend reads no sources");
    }
    call_.shape.add(filter_.empty() ? 0 : 1);
    if (filter_.empty()) return;
    const std::size_t end = predicate(0, 1);
    if (end != filter_.size()) malformed("nodes behind its end");
  }

private:
  [[noreturn]] void malformed(std::string_view what) const {
    throw_error(ErrorCode::programming, "malformed filter on " + table_.qualified_name() + ": " + std::string(what));
  }

  const Node& node(std::size_t position) const {
    if (position >= filter_.size()) malformed("it ends in the middle");
    const Node& found = filter_[position];
    if (found.flags != 0 || found.source != 0) {
      throw_error(ErrorCode::not_supported,
                  "filter on " + table_.qualified_name() + ": this backend reads no node flags and no second source");
    }
    return found;
  }

  static void expect_children(const FilterReader& reader, const Node& node, bool fits) {
    if (!fits) {
      reader.malformed("node kind " + std::to_string(static_cast<unsigned>(node.kind)) + " with " +
                       std::to_string(node.children) + " children");
    }
  }

  /// Returns the position behind the subtree, as all of these.
  std::size_t predicate(std::size_t position, std::uint32_t depth) {
    if (depth > kMaxDepth) malformed("deeper than 200 levels");
    const Node& found = node(position);
    switch (found.kind) {
      case NodeKind::all_of:
      case NodeKind::any_of:
      case NodeKind::negation: return logic(position, depth);
      case NodeKind::eq:
      case NodeKind::ne:
      case NodeKind::lt:
      case NodeKind::le:
      case NodeKind::gt:
      case NodeKind::ge: return comparison(position);
      case NodeKind::in: return membership(position);
      case NodeKind::like:
      case NodeKind::contains:
      case NodeKind::starts_with:
      case NodeKind::ends_with: return text_match(position);
      case NodeKind::is_null:
      case NodeKind::is_not_null: {
        expect_children(*this, found, found.children == 1);
        add(found);
        return operand(position + 1, kNoColumn).end;
      }
      case NodeKind::column:
      case NodeKind::value: {
        const Operand flag = operand(position, kNoColumn);
        if (flag.type != CellType::boolean && flag.type != CellType::null) {
          malformed("a " + std::string(cell_type_name(flag.type)) + " where a condition has to stand");
        }
        return flag.end;
      }
      default: break;
    }
    throw_error(ErrorCode::not_supported, "filter on " + table_.qualified_name() + ": unknown node kind " +
                                              std::to_string(static_cast<unsigned>(found.kind)));
  }

  std::size_t logic(std::size_t position, std::uint32_t depth) {
    const Node& found = filter_[position];
    expect_children(*this, found, found.kind != NodeKind::negation || found.children == 1);
    add(found);
    std::size_t next = position + 1;
    for (std::uint32_t i = 0; i < found.children; ++i)
      next = predicate(next, depth + 1);
    return next;
  }

  struct Operand {
    CellType type;
    std::uint32_t column; ///< kNoColumn for a value
    std::size_t end;
  };

  std::size_t comparison(std::size_t position) {
    const Node& found = filter_[position];
    expect_children(*this, found, found.children == 2);
    add(found);
    const Operand left = operand(position + 1, column_at(position + 2));
    const Operand right = operand(left.end, left.column);
    check_comparable(found.kind, left, right);
    return right.end;
  }

  std::size_t membership(std::size_t position) {
    const Node& found = filter_[position];
    expect_children(*this, found, found.children >= 1);
    add_kind(found);
    const Operand left = operand(position + 1, kNoColumn);
    const std::size_t count = found.children - 1;
    if (count > filter_.size() - left.end) malformed("it ends in the middle");
    if (left.type == CellType::json && count > 0) refuse_json();
    if (!is_value_list(filter_, position)) {
      call_.shape.add(found.children);
      std::size_t next = left.end;
      for (std::size_t i = 0; i < count; ++i) {
        const Operand right = operand(next, left.column);
        check_comparable(found.kind, left, right);
        next = right.end;
      }
      return next;
    }
    Parameter list;
    list.list = filter_.subspan(left.end, count);
    list.column = left.column;
    for (const Node& element : list.list) {
      const CellType type = value_type(node(static_cast<std::size_t>(&element - filter_.data())));
      if (type == CellType::null) continue;
      if (list.cell.type != CellType::null && list.cell.type != type) malformed("a list with values of two types");
      list.cell.type = type;
    }
    check_comparable(found.kind, left, {list.cell.type, kNoColumn, 0});
    call_.shape.add(0); // one statement for lists of every length
    call_.shape.add(static_cast<std::uint32_t>(list.cell.type));
    call_.parameters.push_back(list);
    return left.end + count;
  }

  std::size_t text_match(std::size_t position) {
    const Node& found = filter_[position];
    expect_children(*this, found, found.children == 2);
    add(found);
    const Operand left = operand(position + 1, kNoColumn);
    const Operand right = operand(left.end, kNoColumn); // a pattern is no value of the column: no column's form applies
    for (const Operand& side : {left, right}) {
      if (side.type != CellType::text && side.type != CellType::null) {
        malformed("a text predicate on a " + std::string(cell_type_name(side.type)));
      }
    }
    if (found.kind == NodeKind::like && filter_[left.end].kind == NodeKind::value) check_pattern(filter_[left.end]);
    return right.end;
  }

  /// SQLite and PostgreSQL disagree about such a pattern, so nobody gets it.
  void check_pattern(const Node& pattern) const {
    if (pattern.value.type != CellType::text) return;
    const std::string_view text = pattern.value.bytes();
    const std::size_t last = text.find_last_not_of('\\');
    const std::size_t slashes = text.size() - (last == std::string_view::npos ? 0 : last + 1);
    if (slashes % 2 != 0) {
      throw_error(ErrorCode::data, "filter on " + table_.qualified_name() + ": a like pattern ends with its escape",
                  "write \\\\ to match a backslash");
    }
  }

  std::uint32_t column_at(std::size_t position) const noexcept {
    return position < filter_.size() && filter_[position].kind == NodeKind::column ? filter_[position].column
                                                                                   : kNoColumn;
  }

  CellType value_type(const Node& leaf) const {
    if (!is_known(leaf.value.type)) {
      throw_error(ErrorCode::not_supported, "filter on " + table_.qualified_name() + ": a value of an unknown type");
    }
    return leaf.value.type;
  }

  Operand operand(std::size_t position, std::uint32_t compared_with) {
    const Node& leaf = node(position);
    if (leaf.kind == NodeKind::column) {
      expect_children(*this, leaf, leaf.children == 0);
      if (leaf.column >= table_.columns.size()) malformed("a column that the table does not have");
      add_kind(leaf);
      call_.shape.add(leaf.column);
      return {table_.columns[leaf.column].type, leaf.column, position + 1};
    }
    if (leaf.kind == NodeKind::value) {
      expect_children(*this, leaf, leaf.children == 0);
      const CellType type = value_type(leaf);
      add_kind(leaf);
      call_.shape.add(static_cast<std::uint32_t>(type));
      call_.parameters.push_back({leaf.value, {}, compared_with, false});
      return {type, kNoColumn, position + 1};
    }
    malformed("an operand that is neither a column nor a value");
  }

  void check_comparable(NodeKind kind, const Operand& left, const Operand& right) const {
    if (!are_comparable(left.type, right.type)) {
      const std::uint32_t column = left.column != kNoColumn ? left.column : right.column;
      const std::string what =
          column == kNoColumn ? "values" : table_.qualified_name() + "." + table_.columns[column].name;
      throw_error(ErrorCode::programming, "cannot compare " + what + ": " + std::string(cell_type_name(left.type)) +
                                              " with " + std::string(cell_type_name(right.type)));
    }
    if ((left.type == CellType::json || right.type == CellType::json) && !is_equality(kind)) refuse_json();
  }

  [[noreturn]] void refuse_json() const {
    throw_error(ErrorCode::not_supported,
                "filter on " + table_.qualified_name() + ": JSON can be compared for equality only");
  }

  void add_kind(const Node& found) { call_.shape.add(static_cast<std::uint32_t>(found.kind)); }
  void add(const Node& found) {
    add_kind(found);
    call_.shape.add(found.children);
  }

  const TableDesc& table_;
  Filter filter_;
  Call& call_;
};

inline void check_column(const TableDesc& table, std::uint32_t column, std::string_view where) {
  if (column < table.columns.size()) return;
  throw_error(ErrorCode::programming, std::string(where) + " of " + table.qualified_name() + " names column number " +
                                          std::to_string(column) + ", but it has " +
                                          std::to_string(table.columns.size()));
}

namespace detail {

inline void add_columns(const TableDesc& table, std::span<const std::uint32_t> columns, std::string_view where,
                        Shape& shape) {
  shape.add(static_cast<std::uint32_t>(columns.size()));
  for (const std::uint32_t column : columns) {
    check_column(table, column, where);
    shape.add(column);
  }
}

inline Parameter count_parameter(std::uint64_t count) noexcept {
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  Parameter parameter;
  parameter.cell = Cell::int64(static_cast<std::int64_t>(std::min(count, kLargest)));
  return parameter;
}

} // namespace detail

/// The readers, one per method of IRepository: each starts `call` anew.
inline void read_select(const TableDesc& table, const Query& query, Call& call) {
  call.start(Operation::select);
  bool plain = query.group.empty() && query.having.empty() && !query.distinct && query.lock == RowLock::none;
  for (const Output& output : query.outputs) {
    plain = plain && output.aggregate == Aggregate::none && output.column.source == 0;
    call.columns.push_back(output.column.column);
  }
  for (const OrderTerm& term : query.order)
    plain = plain && term.source == 0;
  if (!plain) {
    throw_error(ErrorCode::not_supported, "select from " + table.qualified_name() + ": this backend reads one table");
  }
  detail::add_columns(table, call.columns, "a projection", call.shape);
  call.shape.add(static_cast<std::uint32_t>(query.order.size()));
  for (const OrderTerm& term : query.order) {
    check_column(table, term.column, "an order");
    if (table.columns[term.column].type == CellType::json) {
      throw_error(ErrorCode::not_supported, "order of " + table.qualified_name() + ": JSON has no order");
    }
    if (term.nulls > NullOrder::last) {
      throw_error(ErrorCode::not_supported, "order of " + table.qualified_name() + ": an unknown place for NULL");
    }
    call.shape.add(term.column);
    call.shape.add((term.descending != 0 ? 1U : 0U) | static_cast<std::uint32_t>(term.nulls) << 1U);
  }
  FilterReader(table, query.filter, call).read();
  call.shape.add((query.limit != kNoLimit ? 1U : 0U) | (query.offset != 0 ? 2U : 0U));
  if (query.limit != kNoLimit) call.parameters.push_back(detail::count_parameter(query.limit));
  if (query.offset != 0) call.parameters.push_back(detail::count_parameter(query.offset));
}

inline void read_update(const TableDesc& table, const Update& update, Call& call) {
  const std::span<const Assignment> assignments = update.assignments;
  call.start(Operation::update);
  if (assignments.empty()) {
    throw_error(ErrorCode::programming, "an update of " + table.qualified_name() + " sets no column");
  }
  call.shape.add(static_cast<std::uint32_t>(assignments.size()));
  for (const Assignment& assignment : assignments) {
    check_column(table, assignment.column, "an update");
    if (assignment.nodes != 0) {
      throw_error(ErrorCode::not_supported, "update of " + table.qualified_name() + ": an expression as a value");
    }
    if (!is_known(assignment.value.type)) {
      throw_error(ErrorCode::not_supported, "update of " + table.qualified_name() + ": a value of an unknown type");
    }
    call.shape.add(assignment.column);
    call.shape.add(static_cast<std::uint32_t>(assignment.value.type));
    call.parameters.push_back({assignment.value, {}, assignment.column, true});
  }
  FilterReader(table, update.filter, call).read();
}

/// For Operation::remove, count and exists.
inline void read_filter(const TableDesc& table, Operation operation, const Filter& filter, Call& call) {
  call.start(operation);
  FilterReader(table, filter, call).read();
}

/// The rows' cells are not collected: they are bound row after row, as WriteRows says. `rows_per_statement` is what the
/// backend puts into one statement.
inline void read_insert(const TableDesc& table, const WriteRows& rows, std::size_t rows_per_statement, Call& call) {
  call.start(Operation::insert);
  call.shape.add(static_cast<std::uint32_t>(rows_per_statement));
  detail::add_columns(table, rows.columns, "an insert", call.shape);
  detail::add_columns(table, rows.returning, "what an insert returns", call.shape);
}

inline void read_upsert(const TableDesc& table, const WriteRows& rows, std::uint32_t key,
                        std::span<const std::uint32_t> update, std::size_t rows_per_statement, Call& call) {
  read_insert(table, rows, rows_per_statement, call);
  if (key >= table.keys.size()) {
    throw_error(ErrorCode::programming,
                "an upsert into " + table.qualified_name() + " names a key that it does not have");
  }
  const auto given = [&](std::uint32_t column) {
    return std::find(rows.columns.begin(), rows.columns.end(), column) != rows.columns.end();
  };
  const auto& columns = table.keys[key].columns;
  if (columns.empty() || !std::all_of(columns.begin(), columns.end(), given) ||
      !std::all_of(update.begin(), update.end(), given)) {
    throw_error(ErrorCode::programming, "an upsert into " + table.qualified_name() +
                                            " has to give the columns of its key and the columns that it updates");
  }
  call.shape.add(static_cast<std::uint32_t>(Operation::upsert));
  call.shape.add(key);
  detail::add_columns(table, update, "an upsert", call.shape);
}

} // namespace tenon::sql
