#pragma once
// TreeReader: checks one tree of nodes against its tables and adds its shape and parameters to a call: a backend never
// trusts what crosses the boundary. Used by readers.hpp. Threads: as the call.
// Errors: NotSupported for a kind or flag of a later version; ProgrammingError for a malformed tree.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <tenon/sql/call.hpp>
#include <tenon/sql/scope.hpp>

namespace tenon::sql {

class TreeReader {
public:
  /// `query` only for having: the nodes may name its outputs, and of columns only those of its groups. Requires that
  /// its outputs are read.
  TreeReader(Scope& scope, std::span<const Node> nodes, Call& call, const Query* query = nullptr)
      : scope_(scope), nodes_(nodes), call_(call), query_(query) {}

  /// A condition; no nodes at all are true.
  void read_condition() {
    call_.shape.add(nodes_.empty() ? 0 : 1);
    if (!nodes_.empty() && predicate(0, 1) != nodes_.size()) malformed("nodes behind its end");
  }
  /// A value. Returns its type.
  CellType read_value() {
    const Operand whole = operand(0, {}, 1);
    if (whole.end != nodes_.size()) malformed("nodes behind its end");
    return whole.type;
  }

private:
  /// In the shape where the kind of a second operand would stand otherwise.
  static constexpr std::uint32_t kTestsFalse = 0x10000, kTestsTrue = 0x10001;

  struct Operand {
    CellType type = CellType::null;
    std::uint32_t source = 0;
    std::uint32_t column = kNoColumn; ///< kNoColumn if it is none, but a value or computed
    bool computed = false;
    std::size_t end = 0;
    CellType element = CellType::null; ///< of an array
  };

  [[noreturn]] void malformed(std::string_view what) const {
    throw_error(ErrorCode::programming,
                "malformed filter on " + scope_.table(0).qualified_name() + ": " + std::string(what));
  }
  [[noreturn]] void unsupported(std::string_view what) const {
    throw_error(ErrorCode::not_supported, "filter on " + scope_.table(0).qualified_name() + ": " + std::string(what));
  }

  const Node& node(std::size_t position, std::uint32_t depth) const {
    if (position >= nodes_.size()) malformed("it ends in the middle");
    if (depth > kMaxDepth) malformed("deeper than 200 levels");
    const Node& found = nodes_[position];
    const bool known = found.flags == 0 || found.kind == NodeKind::json_value ||
                       (found.kind == NodeKind::fold && found.flags == static_cast<std::uint16_t>(Fold::unicode));
    if (!known) unsupported("node flags of a later version");
    return found;
  }

  void expect_children(const Node& node, bool fits) const {
    if (!fits) {
      malformed("node kind " + std::to_string(static_cast<unsigned>(node.kind)) + " with " +
                std::to_string(node.children) + " children");
    }
  }

  /// Returns the position behind the subtree, as the following.
  std::size_t predicate(std::size_t position, std::uint32_t depth) {
    const Node& found = node(position, depth);
    switch (found.kind) {
      case NodeKind::all_of:
      case NodeKind::any_of:
      case NodeKind::negation: return logic(position, depth);
      case NodeKind::eq:
      case NodeKind::ne:
      case NodeKind::lt:
      case NodeKind::le:
      case NodeKind::gt:
      case NodeKind::ge: return comparison(position, depth);
      case NodeKind::in: return membership(position, depth);
      case NodeKind::like:
      case NodeKind::contains:
      case NodeKind::starts_with:
      case NodeKind::ends_with: return text_match(position, depth);
      case NodeKind::is_null:
      case NodeKind::is_not_null: {
        expect_children(found, found.children == 1);
        add(found);
        return operand(position + 1, {}, depth).end;
      }
      case NodeKind::exists: return exists(position, depth);
      case NodeKind::json_exists: add_kind(found); return path(position, depth);
      case NodeKind::column:
      case NodeKind::value:
      case NodeKind::json_value:
      case NodeKind::output: {
        const Operand flag = operand(position, {}, depth);
        if (flag.type != CellType::boolean && flag.type != CellType::null) {
          malformed("a " + std::string(cell_type_name(flag.type)) + " where a condition has to stand");
        }
        return flag.end;
      }
      case NodeKind::add:
      case NodeKind::subtract:
      case NodeKind::multiply:
      case NodeKind::divide:
      case NodeKind::fold: malformed("a computed value where a condition has to stand");
    }
    unsupported("unknown node kind " + std::to_string(static_cast<unsigned>(found.kind)));
  }

  std::size_t logic(std::size_t position, std::uint32_t depth) {
    const Node& found = nodes_[position];
    expect_children(found, found.kind != NodeKind::negation || found.children == 1);
    add(found);
    std::size_t next = position + 1;
    for (std::uint32_t i = 0; i < found.children; ++i)
      next = predicate(next, depth + 1);
    return next;
  }

  std::size_t comparison(std::size_t position, std::uint32_t depth) {
    const Node& found = nodes_[position];
    expect_children(found, found.children == 2);
    add(found);
    const std::size_t first = call_.parameters.size();
    const Operand left = operand(position + 1, column_at(position + 2), depth);
    if (const Node* const test = call_.tests_booleans ? boolean_test(nodes_, position) : nullptr;
        test != nullptr && left.type == CellType::boolean) {
      call_.shape.add(test->value.integer != 0 ? kTestsTrue : kTestsFalse);
      return position + 3;
    }
    const Operand right = operand(left.end, left, depth);
    check_comparable(found.kind, left, right);
    // A value beside a computed decimal takes its form.
    if (left.computed && left.type == CellType::decimal && nodes_[left.end].kind == NodeKind::value) {
      call_.parameters.back().decimal = true;
    }
    if (right.computed && right.type == CellType::decimal && nodes_[position + 1].kind == NodeKind::value) {
      call_.parameters[first].decimal = true;
    }
    return right.end;
  }

  std::size_t membership(std::size_t position, std::uint32_t depth) {
    const Node& found = nodes_[position];
    expect_children(found, found.children >= 1);
    add_kind(found);
    const Operand left = operand(position + 1, {}, depth);
    const std::size_t count = found.children - 1;
    if (count > nodes_.size() - left.end) malformed("it ends in the middle");
    if (!has_order(left.type) && count > 0) refuse_order(left.type);
    if (!is_value_list(nodes_, position)) {
      call_.shape.add(found.children);
      std::size_t next = left.end;
      for (std::size_t i = 0; i < count; ++i) {
        const Operand right = operand(next, left, depth);
        check_comparable(found.kind, left, right);
        next = right.end;
      }
      return next;
    }
    Parameter list;
    list.list = nodes_.subspan(left.end, count);
    list.column = left.column;
    list.source = left.source;
    list.decimal = left.computed && left.type == CellType::decimal;
    for (const Node& element : list.list) {
      const CellType type = value_type(node(static_cast<std::size_t>(&element - nodes_.data()), depth + 1));
      if (type == CellType::null) continue;
      if (list.cell.type != CellType::null && list.cell.type != type) malformed("a list with values of two types");
      list.cell.type = type;
    }
    if (!has_order(list.cell.type)) refuse_order(list.cell.type);
    Operand elements;
    elements.type = list.cell.type;
    check_comparable(found.kind, left, elements);
    call_.shape.add(0); // one statement for lists of every length
    call_.shape.add(static_cast<std::uint32_t>(list.cell.type));
    call_.parameters.push_back(list);
    return left.end + count;
  }

  std::size_t text_match(std::size_t position, std::uint32_t depth) {
    const Node& found = nodes_[position];
    expect_children(found, found.children == 2);
    add(found);
    const Operand left = operand(position + 1, {}, depth);
    // A pattern is no value of the column: no column's form applies.
    const Operand right = operand(left.end, {}, depth);
    for (const Operand& side : {left, right}) {
      if (side.type != CellType::text && side.type != CellType::null) {
        malformed("a text predicate on a " + std::string(cell_type_name(side.type)));
      }
    }
    if (found.kind == NodeKind::like) check_pattern(left.end);
    return right.end;
  }

  /// SQLite and PostgreSQL disagree about a pattern that ends with its escape, so nobody gets it. Folding leaves
  /// escapes where they are.
  void check_pattern(std::size_t position) const {
    while (nodes_[position].kind == NodeKind::fold)
      ++position;
    const Node& pattern = nodes_[position];
    if (pattern.kind != NodeKind::value || pattern.value.type != CellType::text) return;
    const std::string_view text = pattern.value.bytes();
    const std::size_t last = text.find_last_not_of('\\');
    const std::size_t slashes = text.size() - (last == std::string_view::npos ? 0 : last + 1);
    if (slashes % 2 != 0) {
      throw_error(ErrorCode::data,
                  "filter on " + scope_.table(0).qualified_name() + ": a like pattern ends with its escape",
                  "write \\\\ to match a backslash");
    }
  }

  std::size_t exists(std::size_t position, std::uint32_t depth) {
    const Node& found = nodes_[position];
    expect_children(found, found.children <= 1);
    if (query_ != nullptr) malformed("rows of another table where groups are chosen");
    if (found.source == 0 || found.source >= scope_.count() || scope_.source(found.source).kind != JoinKind::exists) {
      malformed("it looks into a source that is not there or not for that");
    }
    if (scope_.is_open(found.source)) malformed("it looks into a source within that source");
    if (!scope_.is_open(scope_.source(found.source).parent))
      malformed("it looks into a source whose parent is not open");
    add(found);
    call_.shape.add(found.source);
    scope_.open(found.source);
    const std::size_t end = found.children == 0 ? position + 1 : predicate(position + 1, depth + 1);
    scope_.close(found.source);
    return end;
  }

  /// The children of json_value and json_exists.
  std::size_t path(std::size_t position, std::uint32_t depth) {
    const Node& found = nodes_[position];
    expect_children(found, found.children >= 1);
    constexpr std::uint32_t kMostSteps = 100;
    if (found.children > kMostSteps + 1) malformed("a path of more than 100 steps");
    call_.shape.add(found.children);
    const Operand document = operand(position + 1, {}, depth);
    if (document.type != CellType::json && document.type != CellType::null) {
      malformed("a path into a " + std::string(cell_type_name(document.type)));
    }
    std::size_t next = document.end;
    for (std::uint32_t i = 1; i < found.children; ++i, ++next) {
      const Node& step = node(next, depth + 1);
      const bool is_name = step.value.type == CellType::text;
      if (step.kind != NodeKind::value || step.children != 0 || (!is_name && step.value.type != CellType::int64)) {
        malformed("a step of a path that is neither a text nor an int64");
      }
      if (!is_name && step.value.integer < 0) malformed("a position in a JSON array below 0");
      call_.shape.add(is_name ? 0 : 1);
      Parameter parameter;
      parameter.cell = step.value;
      if (!is_name) { // no array is longer than what every database can count
        constexpr std::int64_t kLast = std::numeric_limits<std::int32_t>::max();
        parameter.cell.integer = std::min(parameter.cell.integer, kLast);
      }
      call_.parameters.push_back(parameter);
    }
    return next;
  }

  Operand column_at(std::size_t position) const noexcept {
    Operand found;
    if (position >= nodes_.size() || nodes_[position].kind != NodeKind::column) return found;
    found.source = nodes_[position].source;
    found.column = nodes_[position].column;
    return found;
  }

  CellType value_type(const Node& leaf) const {
    if (!is_known(leaf.value.type)) unsupported("a value of an unknown type");
    if (leaf.value.type == CellType::array && element_type(leaf.value) == CellType::array) {
      malformed("an array with elements of several types, or of one that no element may have");
    }
    return leaf.value.type;
  }

  Operand operand(std::size_t position, const Operand& compared_with, std::uint32_t depth, std::uint32_t level = 0) {
    const Node& found = node(position, depth);
    if (level > kMaxValueDepth) malformed("a value that is computed over more than 15 levels");
    Operand made;
    switch (found.kind) {
      case NodeKind::column: return column(found, position);
      case NodeKind::output: return output(found, position);
      case NodeKind::value: {
        expect_children(found, found.children == 0);
        made.type = value_type(found);
        made.end = position + 1;
        add_kind(found);
        call_.shape.add(static_cast<std::uint32_t>(made.type));
        if (made.type == CellType::array) {
          made.element = element_type(found.value);
          call_.shape.add(static_cast<std::uint32_t>(made.element));
        }
        Parameter parameter;
        parameter.cell = found.value;
        parameter.column = compared_with.column;
        parameter.source = compared_with.source;
        call_.parameters.push_back(parameter);
        return made;
      }
      case NodeKind::add:
      case NodeKind::subtract:
      case NodeKind::multiply:
      case NodeKind::divide: {
        expect_children(found, found.children == 2);
        add(found);
        const Operand left = operand(position + 1, {}, depth, level + 1);
        const Operand right = operand(left.end, {}, depth, level + 1);
        for (const Operand& side : {left, right}) {
          if (!is_arithmetic(side.type)) malformed("arithmetic with a " + std::string(cell_type_name(side.type)));
        }
        const bool real = left.type == CellType::float64 || right.type == CellType::float64;
        made.type = real ? CellType::float64 : CellType::int64;
        made.end = right.end;
        made.computed = true;
        return made;
      }
      case NodeKind::fold: {
        expect_children(found, found.children == 1);
        add(found);
        call_.shape.add(found.flags);
        const Operand text = operand(position + 1, {}, depth, level + 1);
        if (text.type != CellType::text && text.type != CellType::null) {
          malformed("the letters of a " + std::string(cell_type_name(text.type)));
        }
        made.type = CellType::text;
        made.end = text.end;
        made.computed = true;
        return made;
      }
      case NodeKind::json_value: {
        made.type = static_cast<CellType>(found.flags);
        if (!is_element(made.type)) unsupported("a value in JSON of a type that JSON does not have");
        add_kind(found);
        call_.shape.add(found.flags);
        made.end = path(position, depth);
        made.computed = true;
        return made;
      }
      default: break;
    }
    if (found.kind > NodeKind::output || found.kind < NodeKind::column) {
      unsupported("unknown node kind " + std::to_string(static_cast<unsigned>(found.kind)));
    }
    malformed("an operand that is no value");
  }

  Operand column(const Node& leaf, std::size_t position) {
    expect_children(leaf, leaf.children == 0);
    if (leaf.source >= scope_.count()) malformed("a source that the query does not have");
    if (!scope_.is_open(leaf.source)) malformed("a column of a source that is not open there");
    const ColumnRef named{leaf.source, leaf.column};
    if (leaf.column >= scope_.table(leaf.source).columns.size()) malformed("a column that the table does not have");
    if (query_ != nullptr && std::find(query_->group.begin(), query_->group.end(), named) == query_->group.end()) {
      malformed("a column of no group where groups are chosen");
    }
    add_kind(leaf);
    call_.shape.add(leaf.source);
    call_.shape.add(leaf.column);
    const ColumnDesc& described = scope_.column(named);
    return {described.type, leaf.source, leaf.column, false, position + 1, described.element};
  }

  Operand output(const Node& leaf, std::size_t position) {
    expect_children(leaf, leaf.children == 0);
    if (query_ == nullptr) malformed("an output outside of having");
    if (leaf.column >= call_.outputs.size()) malformed("an output that the query does not have");
    add_kind(leaf);
    call_.shape.add(leaf.column);
    const RowColumn& row = call_.outputs[leaf.column];
    return {row.type, row.source, row.column, row.column == kNoColumn, position + 1, CellType::null};
  }

  void check_comparable(NodeKind kind, const Operand& left, const Operand& right) const {
    const bool elements_differ = left.type == CellType::array && right.type == CellType::array &&
                                 left.element != right.element && left.element != CellType::null &&
                                 right.element != CellType::null;
    if (!are_comparable(left.type, right.type) || elements_differ) {
      const Operand& named = left.column != kNoColumn ? left : right;
      const std::string what = named.column == kNoColumn ? std::string("values")
                                                         : scope_.table(named.source).qualified_name() + "." +
                                                               scope_.column({named.source, named.column}).name;
      throw_error(ErrorCode::programming, "cannot compare " + what + ": " + std::string(cell_type_name(left.type)) +
                                              " with " + std::string(cell_type_name(right.type)));
    }
    for (const Operand& side : {left, right}) {
      if (!has_order(side.type) && !is_equality(kind)) refuse_order(side.type);
    }
  }

  [[noreturn]] void refuse_order(CellType type) const {
    unsupported(type == CellType::json ? "JSON can be compared for equality only"
                                       : "arrays can be compared for equality only");
  }

  void add_kind(const Node& found) { call_.shape.add(static_cast<std::uint32_t>(found.kind)); }
  void add(const Node& found) {
    add_kind(found);
    call_.shape.add(found.children);
  }

  Scope& scope_;
  std::span<const Node> nodes_;
  Call& call_;
  const Query* query_;
};

} // namespace tenon::sql
