#pragma once
// TreeCompiler: one tree of nodes to SQL text. One function per family of node kinds. Used by the compiler.
// Requires a tree that TreeReader has read. Threads: no state between calls.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/interface/query.hpp>
#include <tenon/sql/call.hpp>
#include <tenon/sql/names.hpp>

namespace tenon::sql {

/// An output of a select, for having.
struct CompiledOutput {
  std::string text;
  CellType type = CellType::null;
};

class TreeCompiler {
public:
  /// `outputs` only for having.
  TreeCompiler(const Names& names, std::span<const Node> nodes, Placeholders& placeholders,
               std::span<const CompiledOutput> outputs = {})
      : dialect_(names.dialect()), names_(names), nodes_(nodes), placeholders_(placeholders), outputs_(outputs) {}

  [[nodiscard]] std::string condition() {
    std::size_t position = 0;
    return predicate(position, Outer::none);
  }
  [[nodiscard]] std::string value() {
    std::size_t position = 0;
    return operand(position);
  }

private:
  /// What the text stands in, which decides about parentheses.
  enum class Outer { none, all_of, any_of };

  std::string predicate(std::size_t& position, Outer outer) {
    const Node& node = nodes_[position];
    switch (node.kind) {
      case NodeKind::all_of: return connective(position, Outer::all_of, outer);
      case NodeKind::any_of: return connective(position, Outer::any_of, outer);
      case NodeKind::negation: ++position; return "NOT (" + predicate(position, Outer::none) + ")";
      case NodeKind::eq: return comparison(position, " = ");
      case NodeKind::ne: return comparison(position, " <> ");
      case NodeKind::lt: return comparison(position, " < ");
      case NodeKind::le: return comparison(position, " <= ");
      case NodeKind::gt: return comparison(position, " > ");
      case NodeKind::ge: return comparison(position, " >= ");
      case NodeKind::in: return membership(position);
      case NodeKind::like: return matched(position, dialect_.like);
      case NodeKind::contains: return matched(position, dialect_.contains);
      case NodeKind::starts_with: return matched(position, dialect_.starts_with);
      case NodeKind::ends_with: return matched(position, dialect_.ends_with);
      case NodeKind::is_null: ++position; return operand(position) + " IS NULL";
      case NodeKind::is_not_null: ++position; return operand(position) + " IS NOT NULL";
      case NodeKind::exists: return exists(position);
      case NodeKind::json_exists: return json(position, dialect_.json_exists);
      default: return operand(position);
    }
  }

  /// Children of the same kind are written without parentheses of their own, and many children as a balanced tree:
  /// databases limit the nesting of an expression, and `a AND b AND c` nests in their parsers.
  std::string connective(std::size_t& position, Outer self, Outer outer) {
    const std::uint32_t children = nodes_[position].children;
    ++position;
    if (children == 0) return self == Outer::all_of ? "1 = 1" : "1 = 0";
    std::vector<std::string> terms;
    terms.reserve(children);
    const Outer inside = children == 1 ? outer : self;
    for (std::uint32_t i = 0; i < children; ++i)
      terms.push_back(predicate(position, inside));
    if (children == 1) return std::move(terms.front());
    deepest_first(terms);
    std::string out = joined(terms, self == Outer::all_of ? " AND " : " OR ");
    const bool binds_tighter = self == Outer::all_of || outer == Outer::none || outer == self;
    return binds_tighter ? out : "(" + out + ")";
  }

  /// Parsers keep what stands to the left of a parenthesis on a stack (SQLite: 100 entries), so a deep term comes
  /// first. Placeholders are numbered, so the order of the parameters stays.
  static void deepest_first(std::vector<std::string>& terms) {
    constexpr std::size_t kDeep = 8;
    std::size_t deepest = 0;
    std::size_t depth = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const std::size_t found = nesting(terms[i]);
      if (found > depth) {
        depth = found;
        deepest = i;
      }
    }
    if (depth >= kDeep) std::swap(terms.front(), terms[deepest]);
  }

  static std::size_t nesting(std::string_view sql) noexcept {
    std::size_t open = 0;
    std::size_t most = 0;
    for (const char c : sql) {
      if (c == '(') most = std::max(most, ++open);
      if (c == ')' && open > 0) --open;
    }
    return most;
  }

  static std::string joined(std::span<const std::string> terms, std::string_view word) {
    constexpr std::size_t kFlat = 200;
    if (terms.size() > kFlat) {
      const auto half = terms.size() / 2;
      std::string out = "(" + joined(terms.first(half), word) + ")";
      return out.append(word).append("(").append(joined(terms.subspan(half), word)).append(")");
    }
    std::string out;
    for (const std::string& term : terms) {
      if (!out.empty()) out += word;
      out += term;
    }
    return out;
  }

  std::string comparison(std::size_t& position, std::string_view symbol) {
    const NodeKind kind = nodes_[position].kind;
    ++position;
    const std::size_t first = position;
    const CellType left_type = type_of(first);
    std::string left = operand(position);
    const std::size_t second = position;
    if (const Node* const test = dialect_.boolean_tests[0].empty() ? nullptr : boolean_test(nodes_, first - 1);
        test != nullptr && left_type == CellType::boolean) {
      std::string out;
      append_pattern(out, dialect_.boolean_tests[test->value.integer != 0 ? 1 : 0], {.l = left});
      ++position;
      return out;
    }
    const CellType right_type = type_of(second);
    std::string right = operand(position);
    if (left_type == CellType::json || right_type == CellType::json) {
      std::string out;
      append_pattern(out, dialect_.json_eq, {.l = left, .r = right});
      return kind == NodeKind::eq ? out : "NOT (" + out + ")";
    }
    if (left_type == CellType::decimal) right = beside_decimal(std::move(right), second, right_type);
    if (right_type == CellType::decimal) left = beside_decimal(std::move(left), first, left_type);
    if (needs_code_point(first, second, !is_equality(kind))) left += dialect_.by_code_point;
    return left.append(symbol).append(right);
  }

  /// An integer that is compared with a decimal takes its form; values do so when they are bound.
  std::string beside_decimal(std::string text, std::size_t position, CellType type) const {
    if (type != CellType::int64 || nodes_[position].kind == NodeKind::value) return text;
    std::string out;
    append_pattern(out, dialect_.integer_as_decimal, {.l = text});
    return out;
  }

  /// A column of an existing table may have another collation: then an order has to say that it is by code point, and
  /// two columns of two collations have to say which one counts. Two values have no collation but the database's.
  [[nodiscard]] bool needs_code_point(std::size_t left, std::size_t right, bool ordered) const {
    if (ordered) return is_foreign(left) || is_foreign(right) || (is_text_value(left) && is_text_value(right));
    return is_column(left) && is_column(right) && is_foreign(left) != is_foreign(right);
  }
  [[nodiscard]] bool is_column(std::size_t position) const noexcept {
    return nodes_[position].kind == NodeKind::column;
  }
  [[nodiscard]] bool is_text_value(std::size_t position) const noexcept {
    return nodes_[position].kind == NodeKind::value && nodes_[position].value.type == CellType::text;
  }
  [[nodiscard]] bool is_foreign(std::size_t position) const {
    return is_column(position) && names_.is_foreign({nodes_[position].source, nodes_[position].column});
  }

  std::string membership(std::size_t& position) {
    const std::size_t count = nodes_[position].children - 1;
    const bool list = is_value_list(nodes_, position);
    ++position;
    const std::size_t first = position;
    std::string left = operand(position);
    if (count == 0) return "1 = 0";
    if (list) {
      position += count;
      std::string out;
      append_pattern(out, dialect_.in_list, {.l = left, .r = placeholders_.next()});
      return out;
    }
    std::string candidates;
    bool conflict = false;
    for (std::size_t i = 0; i < count; ++i) {
      conflict = conflict || needs_code_point(first, position, false);
      if (i > 0) candidates += ", ";
      candidates += operand(position);
    }
    if (conflict) left += dialect_.by_code_point;
    return left + " IN (" + candidates + ")";
  }

  std::string matched(std::size_t& position, std::string_view pattern) {
    ++position;
    const std::size_t first = position;
    std::string left = operand(position);
    const std::size_t second = position;
    const std::string right = operand(position);
    if (needs_code_point(first, second, false)) left += dialect_.by_code_point;
    std::string out;
    append_pattern(out, pattern, {.l = left, .r = right});
    return out;
  }

  std::string exists(std::size_t& position) {
    const Node& node = nodes_[position];
    ++position;
    std::string out = "EXISTS (SELECT 1 FROM " + names_.from(node.source) + " WHERE " + names_.joined_on(node.source);
    if (node.children > 0) out += " AND (" + predicate(position, Outer::none) + ")";
    return out + ")";
  }

  std::string operand(std::size_t& position) {
    const Node& node = nodes_[position];
    switch (node.kind) {
      case NodeKind::column: ++position; return names_.column({node.source, node.column});
      case NodeKind::value: ++position; return placeholders_.next();
      case NodeKind::output: ++position; return outputs_[node.column].text;
      case NodeKind::fold: return folded(position);
      case NodeKind::json_value: return json(position, dialect_.json_value(static_cast<CellType>(node.flags)));
      case NodeKind::add: return arithmetic(position, 0);
      case NodeKind::subtract: return arithmetic(position, 1);
      case NodeKind::multiply: return arithmetic(position, 2);
      case NodeKind::divide: return arithmetic(position, 3);
      default: break;
    }
    throw_error(ErrorCode::not_supported,
                "unknown node kind in a query of " + names_.scope().table(0).qualified_name());
  }

  std::string folded(std::size_t& position) {
    const bool ascii = nodes_[position].flags == static_cast<std::uint16_t>(Fold::ascii);
    const std::string_view pattern = ascii ? dialect_.fold : dialect_.fold_unicode;
    if (pattern.empty()) {
      throw_error(ErrorCode::not_supported,
                  std::string(dialect_.name) + " knows no case of letters beyond A to Z (unicode_case)");
    }
    ++position;
    const bool is_value = nodes_[position].kind == NodeKind::value;
    std::string out;
    append_pattern(out, pattern, {.l = operand(position)});
    if (!is_value) return out;
    std::string once;
    append_pattern(once, dialect_.constant, {.l = out});
    return once;
  }

  std::string arithmetic(std::size_t& position, std::size_t operation) {
    const bool real = type_of(position) == CellType::float64;
    ++position;
    const std::string left = number(position);
    const std::string right = number(position);
    std::string out;
    append_pattern(out, (real ? dialect_.real_arithmetic : dialect_.integer_arithmetic)[operation],
                   {.l = left, .r = right});
    return out;
  }

  /// An operand of arithmetic, in the width of its type.
  std::string number(std::size_t& position) {
    const Node& node = nodes_[position];
    const CellType type = type_of(position);
    std::string text = operand(position);
    const bool untyped = node.kind == NodeKind::value && type == CellType::null;
    if (node.kind != NodeKind::column && !untyped) return text;
    std::string out;
    append_pattern(out, type == CellType::float64 ? dialect_.as_float64 : dialect_.as_int64, {.l = text});
    return out;
  }

  std::string json(std::size_t& position, std::string_view pattern) {
    const std::uint32_t steps = nodes_[position].children - 1;
    ++position;
    std::string document;
    append_pattern(document, dialect_.json_document, {.l = operand(position)});
    std::string at = document;
    for (std::uint32_t i = 0; i < steps; ++i, ++position) {
      const bool is_name = nodes_[position].value.type == CellType::text;
      std::string next;
      append_pattern(next, is_name ? dialect_.json_member : dialect_.json_element,
                     {.l = at, .r = placeholders_.next()});
      at = std::move(next);
    }
    std::string out;
    append_pattern(out, pattern, {.l = at, .r = document});
    return out;
  }

  [[nodiscard]] CellType type_of(std::size_t position) const {
    const Node& node = nodes_[position];
    switch (node.kind) {
      case NodeKind::column: return names_.scope().column({node.source, node.column}).type;
      case NodeKind::value: return node.value.type;
      case NodeKind::output: return outputs_[node.column].type;
      case NodeKind::json_value: return static_cast<CellType>(node.flags);
      case NodeKind::fold: return CellType::text;
      case NodeKind::add:
      case NodeKind::subtract:
      case NodeKind::multiply:
      case NodeKind::divide: {
        const bool real = type_of(position + 1) == CellType::float64 ||
                          type_of(subtree_end(nodes_, position + 1)) == CellType::float64;
        return real ? CellType::float64 : CellType::int64;
      }
      default: return CellType::null;
    }
  }

  const Dialect& dialect_;
  const Names& names_;
  std::span<const Node> nodes_;
  Placeholders& placeholders_;
  std::span<const CompiledOutput> outputs_;
};

} // namespace tenon::sql
