#include <tenon/core/filters.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

#include <boost/container/small_vector.hpp>
#include <fmt/format.h>

#include "cells.hpp"

namespace tenon::detail {
namespace {

using Conditions = boost::container::small_vector<const Tree*, 4>;

Conditions conditions_of(const Filters& filters, const TableDesc& table) {
  Conditions found;
  const auto replaced = [&](const NamedFilter& one) {
    return std::any_of(filters.session.begin(), filters.session.end(), [&](const SessionFilter& session) {
      return same_table(*session.table, table) && session.name == one.name;
    });
  };
  if (info_of(table).filters != nullptr) {
    for (const NamedFilter& one : info_of(table).filters()) {
      if (!filters.visibility.leaves_out(one.name) && !replaced(one)) found.push_back(&one.condition);
    }
  }
  for (const SessionFilter& one : filters.session) {
    if (same_table(*one.table, table) && !filters.visibility.leaves_out(one.name)) found.push_back(&one.condition);
  }
  return found;
}

/// Copies a tree node by node and puts the filters of each source that `exists` opens into it.
class Rewriter {
public:
  Rewriter(const Filters& filters, const Tree& from, Tree& to) : from_(from), to_(to) {
    for (const Source& source : from.sources()) {
      to.add_source(source); // the same numbers as before, because they are distinct
      inside_.push_back(source.kind == JoinKind::exists ? conditions_of(filters, *source.table) : Conditions{});
    }
  }

  void copy(std::size_t& position) {
    const Node& node = from_.nodes()[position++];
    std::uint32_t children = node.children;
    const Conditions* const more = node.kind == NodeKind::exists ? &inside_[node.source - 1] : nullptr;
    if (more != nullptr && !more->empty()) {
      Node opened = node;
      opened.children = 1;
      to_.node(opened);
      const auto all = static_cast<std::uint32_t>(more->size()) + children;
      if (all > 1) to_.inner(NodeKind::all_of, all);
    } else {
      to_.node(node);
    }
    for (; children > 0; --children)
      copy(position);
    if (more != nullptr) {
      for (const Tree* const condition : *more)
        to_.append(*condition, node.source);
    }
  }

private:
  const Tree& from_;
  Tree& to_;
  boost::container::small_vector<Conditions, 2> inside_;
};

enum class Truth { no, yes, unknown, undecided };

Truth truth(bool value) { return value ? Truth::yes : Truth::no; }

/// Evaluates what can be known of a written row: comparisons of columns with values, `in`, null tests and logic.
class Evaluator {
public:
  Evaluator(std::span<const Node> nodes, const Cell* row) : nodes_(nodes), row_(row) {}

  Truth next() {
    const Node& node = nodes_[at_];
    switch (node.kind) {
      case NodeKind::all_of: return logic(Truth::yes, Truth::no);
      case NodeKind::any_of: return logic(Truth::no, Truth::yes);
      case NodeKind::negation: {
        ++at_;
        const Truth child = next();
        return child == Truth::no ? Truth::yes : child == Truth::yes ? Truth::no : child;
      }
      case NodeKind::is_null:
      case NodeKind::is_not_null: {
        ++at_;
        const auto value = leaf();
        return value ? truth(value->is_null() == (node.kind == NodeKind::is_null)) : Truth::undecided;
      }
      case NodeKind::eq:
      case NodeKind::ne:
      case NodeKind::lt:
      case NodeKind::le:
      case NodeKind::gt:
      case NodeKind::ge: {
        ++at_;
        const auto left = leaf();
        const auto right = leaf();
        return left && right ? compare(node.kind, *left, *right) : Truth::undecided;
      }
      case NodeKind::in: return membership(node.children);
      default: at_ = subtree_end(nodes_, at_); return Truth::undecided;
    }
  }

private:
  Truth logic(Truth neutral, Truth deciding) {
    const std::uint32_t children = nodes_[at_++].children;
    Truth result = neutral;
    for (std::uint32_t i = 0; i < children; ++i) {
      const Truth child = next();
      if (result == deciding) continue;
      if (child != neutral && (child == deciding || result != Truth::undecided)) result = child;
    }
    return result;
  }
  Truth membership(std::uint32_t children) {
    ++at_;
    const auto left = leaf();
    Truth result = Truth::no;
    for (std::uint32_t i = 1; i < children; ++i) {
      const auto right = leaf();
      const Truth one = left && right ? compare(NodeKind::eq, *left, *right) : Truth::undecided;
      if (one == Truth::yes || (result == Truth::no && one != Truth::no)) result = one;
    }
    return result;
  }
  /// The value of a leaf; passes over anything else.
  std::optional<Cell> leaf() {
    const Node& node = nodes_[at_];
    at_ = subtree_end(nodes_, at_);
    if (node.kind == NodeKind::value) return node.value;
    if (node.kind == NodeKind::column && node.source == 0) return row_[node.column];
    return std::nullopt;
  }
  static Truth compare(NodeKind kind, const Cell& left, const Cell& right) {
    if (left.is_null() || right.is_null()) return Truth::unknown;
    if (left.type != right.type || left.type == CellType::decimal || left.type == CellType::json) {
      return Truth::undecided;
    }
    const auto order = compare_cells(left, right);
    switch (kind) {
      case NodeKind::eq: return truth(order == 0);
      case NodeKind::ne: return truth(order != 0);
      case NodeKind::lt: return truth(order < 0);
      case NodeKind::le: return truth(order <= 0);
      case NodeKind::gt: return truth(order > 0);
      default: return truth(order >= 0);
    }
  }

  std::span<const Node> nodes_;
  const Cell* row_;
  std::size_t at_ = 0;
};

bool names_column(const Tree& condition, std::uint32_t column) {
  return std::any_of(condition.nodes().begin(), condition.nodes().end(), [column](const Node& node) {
    return node.kind == NodeKind::column && node.source == 0 && node.column == column;
  });
}

[[noreturn]] void throw_outside(const TableDesc& table, const std::string& filter, std::string message,
                                std::vector<std::string> columns = {}) {
  ErrorInfo info;
  info.code = ErrorCode::programming;
  info.message = std::move(message);
  info.hint =
      fmt::format("write what the session's filter \"{}\" lets through, or use without_filter(\"{}\")", filter, filter);
  info.table = table.name;
  info.columns = std::move(columns);
  throw_error(std::move(info));
}

} // namespace

Tree Filters::apply(const TableDesc& table, const Tree& where) const {
  struct Joined {
    Conditions conditions;
    std::uint32_t source;
  };
  boost::container::small_vector<Joined, 2> joined;
  joined.push_back({conditions_of(*this, table), 0});
  for (std::size_t i = 0; i < where.sources().size(); ++i) {
    const Source& source = where.sources()[i];
    if (source.kind != JoinKind::exists) {
      joined.push_back({conditions_of(*this, *source.table), static_cast<std::uint32_t>(i + 1)});
    }
  }
  std::size_t more = 0;
  for (const Joined& one : joined)
    more += one.conditions.size();

  Tree out;
  Rewriter rewriter(*this, where, out);
  std::size_t position = 0;
  if (!where.empty() && where.nodes()[0].kind == NodeKind::all_of) {
    out.inner(NodeKind::all_of, where.nodes()[0].children + static_cast<std::uint32_t>(more));
    position = 1;
  } else if (more + (where.empty() ? 0 : 1) > 1) {
    out.inner(NodeKind::all_of, static_cast<std::uint32_t>(more + (where.empty() ? 0 : 1)));
  }
  while (position < where.nodes().size())
    rewriter.copy(position);
  for (const Joined& one : joined) {
    for (const Tree* const condition : one.conditions)
      out.append(*condition, one.source);
  }
  return out;
}

bool Filters::beyond_active(const TableDesc& table) const noexcept {
  const auto of_table = [&](const SessionFilter& one) {
    return same_table(*one.table, table) && !visibility.leaves_out(one.name);
  };
  if (std::any_of(session.begin(), session.end(), of_table)) return true;
  auto* const filters = info_of(table).filters;
  if (filters == nullptr) return false;
  const auto own = filters();
  if (own.size() == (info_of(table).is_model ? 1U : 0U)) return false; // `active` alone, which models begin with
  return std::any_of(own.begin(), own.end(), [&](const NamedFilter& one) {
    return one.name != kActiveFilter && !visibility.leaves_out(one.name);
  });
}

void Filters::check_row(const TableDesc& table, const Cell* row) const {
  for (const SessionFilter& one : session) {
    if (!same_table(*one.table, table) || !one.checks_writes || visibility.leaves_out(one.name)) continue;
    if (!holds(table, one.condition, row)) {
      throw_outside(table, one.name, fmt::format("a row of {} is outside of the filter \"{}\"", table.name, one.name));
    }
  }
}

void Filters::check_column(const TableDesc& table, std::uint32_t column) const {
  for (const SessionFilter& one : session) {
    if (!same_table(*one.table, table) || !one.checks_writes || visibility.leaves_out(one.name)) continue;
    if (names_column(one.condition, column)) {
      throw_outside(table, one.name,
                    fmt::format("{}.{} is held by the filter \"{}\"", table.name, table.columns[column].name, one.name),
                    {table.columns[column].name});
    }
  }
}

void Filters::check_upsert(const TableDesc& table, std::span<const std::uint32_t> key) const {
  for (const SessionFilter& one : session) {
    if (!same_table(*one.table, table) || !one.checks_writes || visibility.leaves_out(one.name)) continue;
    for (const Node& node : one.condition.nodes()) {
      const bool held = node.kind != NodeKind::column ||
                        (node.source == 0 && std::find(key.begin(), key.end(), node.column) != key.end());
      if (held && node.kind != NodeKind::exists) continue;
      throw_outside(
          table, one.name,
          fmt::format("an upsert into {} could reach a row outside of the filter \"{}\"", table.name, one.name));
    }
  }
}

bool holds(const TableDesc&, const Tree& condition, const Cell* row) {
  if (condition.empty()) return true;
  const Truth result = Evaluator(condition.nodes(), row).next();
  return result == Truth::yes || result == Truth::undecided;
}

} // namespace tenon::detail
