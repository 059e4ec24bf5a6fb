#include <tenon/core/filters.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <boost/container/small_vector.hpp>
#include <fmt/format.h>

#include "row_truth.hpp"

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

/// How many of them ask something; the others may bring a join.
std::uint32_t asking(const Conditions& conditions) {
  return static_cast<std::uint32_t>(
      std::count_if(conditions.begin(), conditions.end(), [](const Tree* one) { return !one->empty(); }));
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
    if (const std::uint32_t all = children + (more != nullptr ? asking(*more) : 0); all > children) {
      Node opened = node;
      opened.children = 1;
      to_.node(opened);
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
  std::uint32_t more = 0;
  for (const Joined& one : joined)
    more += asking(one.conditions);

  Tree out;
  Rewriter rewriter(*this, where, out);
  std::size_t position = 0;
  if (!where.empty() && where.nodes()[0].kind == NodeKind::all_of) {
    out.inner(NodeKind::all_of, where.nodes()[0].children + more);
    position = 1;
  } else if (const std::uint32_t all = more + (where.empty() ? 0 : 1); all > 1) {
    out.inner(NodeKind::all_of, all);
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
    if (!truths_of(one.condition, row).may_be_yes()) {
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

void Filters::check_upsert(const TableDesc& table, const Cell* row, std::span<const std::uint32_t> key) const {
  for (const SessionFilter& one : session) {
    if (!same_table(*one.table, table) || !one.checks_writes || visibility.leaves_out(one.name)) continue;
    const bool held =
        one.condition.sources().empty() &&
        std::all_of(one.condition.nodes().begin(), one.condition.nodes().end(), [key](const Node& node) {
          return node.kind != NodeKind::column || std::find(key.begin(), key.end(), node.column) != key.end();
        });
    // Where only the database knows whether the row is inside, the one that it meets may be outside just as well.
    if (held && truths_of(one.condition, row).is_yes()) continue;
    throw_outside(table, one.name,
                  fmt::format("an upsert into {} could reach a row outside of the filter \"{}\"{}", table.name,
                              one.name, held ? ", which the database alone can evaluate" : ""));
  }
}

} // namespace tenon::detail
