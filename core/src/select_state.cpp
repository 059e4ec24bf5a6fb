#include <tenon/core/select_state.hpp>

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include <tenon/core/relations.hpp>

#include "page_cursor.hpp"

namespace tenon::detail {
namespace {

using Order = boost::container::small_vector<OrderTerm, 4>;

bool ordered_by(const Order& order, std::uint32_t source, std::uint32_t column) {
  return std::any_of(order.begin(), order.end(),
                     [&](const OrderTerm& term) { return term.source == source && term.column == column; });
}

/// Puts the primary key behind the order, so that no two rows of the table are equal in it.
void add_key(Order& order, const TableDesc& table) {
  for (const std::uint32_t column : table.keys.front().columns) {
    if (!ordered_by(order, 0, column)) order.push_back({column, 0, 0, NullOrder::largest});
  }
}

/// The rows behind the one with these values: (a > x) or (a = x and b > y) or …, each > turned where the order
/// descends.
Tree behind(std::span<const OrderTerm> order, std::span<const Cell> values) {
  Tree any;
  any.inner(NodeKind::any_of, static_cast<std::uint32_t>(order.size()));
  for (std::size_t last = 0; last < order.size(); ++last) {
    if (last > 0) any.inner(NodeKind::all_of, static_cast<std::uint32_t>(last + 1));
    for (std::size_t i = 0; i <= last; ++i) {
      any.inner(i < last ? NodeKind::eq : order[i].descending != 0 ? NodeKind::lt : NodeKind::gt, 2);
      any.leaf_column(order[i].column);
      any.leaf_value(values[i]);
    }
  }
  return any;
}

bool same_output(const Output& a, const Output& b) {
  return a.column == b.column && a.aggregate == b.aggregate && a.distinct == b.distinct;
}

template <class Outputs> std::optional<std::uint32_t> position_of(const Outputs& outputs, const Output& wanted) {
  const auto found =
      std::find_if(outputs.begin(), outputs.end(), [&](const Output& one) { return same_output(one, wanted); });
  if (found == outputs.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - outputs.begin());
}

} // namespace

GroupCondition GroupCondition::compare(NodeKind kind, const TableOutput& output, const Cell& value) {
  GroupCondition made;
  made.outputs.push_back(output);
  made.tree.inner(kind, 2);
  made.tree.node({NodeKind::output, 0, 0, 0, 0, Cell::null()});
  made.tree.leaf_value(value);
  return made;
}

GroupCondition GroupCondition::combine(NodeKind kind, const GroupCondition& left, const GroupCondition& right) {
  GroupCondition made;
  made.outputs = left.outputs;
  made.outputs.insert(made.outputs.end(), right.outputs.begin(), right.outputs.end());
  made.tree.inner(kind, 2);
  made.tree.append(left.tree);
  for (Node node : right.tree.nodes()) {
    if (node.kind == NodeKind::output) node.column += static_cast<std::uint32_t>(left.outputs.size());
    made.tree.node(node);
  }
  return made;
}

SelectState::SelectState(Session& of, const TableDesc& queried) : session(&of), table(&queried) {}
SelectState::SelectState(const SelectState& other) = default;
SelectState::SelectState(SelectState&& other) noexcept = default;
SelectState& SelectState::operator=(const SelectState& other) = default;
SelectState& SelectState::operator=(SelectState&& other) noexcept = default;
SelectState::~SelectState() = default;

struct SelectState::Prepared {
  Tree filter;
  Tree having;
  Order order;
  boost::container::small_vector<Output, 4> outputs;
  Query query;
};

std::uint32_t SelectState::source_of(const TableDesc& of) const {
  if (same_table(of, *table)) return 0;
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < where.sources().size(); ++i) {
    const Source& source = where.sources()[i];
    if (!same_table(*source.table, of) || source.kind == JoinKind::exists) continue;
    if (found != 0) {
      throw_error(ErrorCode::programming,
                  fmt::format("{} is joined to this query on {} more than once", of.name, table->name),
                  "name the relation: tenon::joined<&Type::relation>(condition)");
    }
    found = static_cast<std::uint32_t>(i + 1);
  }
  if (found == 0) {
    throw_error(ErrorCode::programming, fmt::format("{} is not joined to this query on {}", of.name, table->name),
                "join it first: join<&Type::relation>()");
  }
  return found;
}

Output SelectState::resolve(const TableOutput& output) const {
  Output resolved = output.output;
  if (output.table != nullptr) resolved.column.source = source_of(*output.table);
  return resolved;
}

void SelectState::add_where(const TableDesc& of, const Tree& condition) {
  const std::uint32_t source = source_of(of);
  if (source == 0 && where.empty() && where.sources().empty()) {
    where = condition;
    return;
  }
  where = Tree::combine(NodeKind::all_of, where, condition, source);
}

void SelectState::add_join(const RelationDesc& relation, const TableDesc& from) {
  static_cast<void>(join(where, source_of(from), relation));
}

void SelectState::add_order(const TableDesc& of, OrderTerm term) {
  term.source = source_of(of);
  order.push_back(term);
}

void SelectState::add_order(const OutputOrder& by) {
  const auto position = position_of(outputs, resolve(by.output));
  if (!position) {
    throw_error(ErrorCode::programming, fmt::format("a query on {} is ordered by what it does not give", table->name),
                "name it in select(…) first");
  }
  OrderTerm term = by.term;
  term.column = *position;
  order.push_back(term);
}

void SelectState::add_output(const TableOutput& output) { outputs.push_back(resolve(output)); }

void SelectState::add_group(const TableDesc& of, std::uint32_t column) { group.push_back({source_of(of), column}); }

void SelectState::add_having(const GroupCondition& condition) {
  having = std::make_shared<const GroupCondition>(
      having == nullptr ? condition : GroupCondition::combine(NodeKind::all_of, *having, condition));
}

void SelectState::add_having(Prepared& to) const {
  boost::container::small_vector<std::uint32_t, 4> positions;
  for (const TableOutput& one : having->outputs) {
    const Output wanted = resolve(one);
    auto position = position_of(to.outputs, wanted);
    if (!position) { // behind those that are read
      position = static_cast<std::uint32_t>(to.outputs.size());
      to.outputs.push_back(wanted);
    }
    positions.push_back(*position);
  }
  for (Node node : having->tree.nodes()) {
    if (node.kind == NodeKind::output) node.column = positions[node.column];
    to.having.node(node);
  }
}

void SelectState::break_ties(Prepared& to) const {
  const bool aggregates = std::any_of(to.outputs.begin(), to.outputs.end(),
                                      [](const Output& one) { return one.aggregate != Aggregate::none; });
  if (!group.empty()) {
    for (const ColumnRef& column : group) {
      const auto output = position_of(to.outputs, Output{column, Aggregate::none, 0});
      if (ordered_by(to.order, column.source, column.column)) continue;
      if (output && ordered_by(to.order, kOutputSource, *output)) continue;
      to.order.push_back({column.column, column.source, 0, NullOrder::largest});
    }
  } else if (distinct) {
    for (std::uint32_t i = 0; i < to.outputs.size(); ++i) {
      if (!ordered_by(to.order, kOutputSource, i)) to.order.push_back({i, kOutputSource, 0, NullOrder::largest});
    }
  } else if (!aggregates) {
    add_key(to.order, *table);
  }
}

void SelectState::prepare(Prepared& to, std::uint64_t most) const {
  to.filter = filter();
  to.order = order;
  to.outputs = outputs;
  if (distinct) { // whose order is over what it gives
    for (std::uint32_t i = 0; to.outputs.empty() && i < table->columns.size(); ++i)
      to.outputs.push_back({{0, i}, Aggregate::none, 0});
    for (OrderTerm& term : to.order) {
      if (term.source == kOutputSource) continue;
      const auto position = position_of(to.outputs, Output{{term.source, term.column}, Aggregate::none, 0});
      if (!position) {
        throw_error(ErrorCode::programming,
                    fmt::format("a query of distinct rows of {} is ordered by what it does not give", table->name),
                    "select the column too, or order by one that is selected");
      }
      term.column = *position;
      term.source = kOutputSource;
    }
  }
  if (having != nullptr) add_having(to);
  const std::uint64_t rows = std::min(limit, most);
  if (rows != kNoLimit || offset != 0) break_ties(to);
  to.query.filter = to.filter.filter();
  to.query.order = {to.order.data(), to.order.size()};
  to.query.outputs = {to.outputs.data(), to.outputs.size()};
  to.query.group = {group.data(), group.size()};
  to.query.having = to.having.nodes();
  to.query.distinct = distinct;
  to.query.lock = lock;
  to.query.limit = rows;
  to.query.offset = offset;
}

void SelectState::rows(RowSink sink, std::uint64_t most) const {
  Prepared prepared;
  prepare(prepared, most);
  fetch(*session, *table, prepared.query, sink);
}

RowStream SelectState::stream() const {
  Prepared prepared;
  prepare(prepared, kNoLimit);
  return {*session, *table, prepared.query};
}

namespace {

[[noreturn]] void throw_counts_rows(const TableDesc& table) {
  throw_error(ErrorCode::programming,
              fmt::format("count() and exists() on {} are of rows, not of groups or distinct "
                          "rows",
                          table.name),
              "use select(tenon::count()), or all() and its size");
}

} // namespace

std::uint64_t SelectState::count() const {
  if (distinct || !group.empty()) throw_counts_rows(*table);
  const Tree all = filter();
  return session->with(*table, [&](IRepository& repository) { return repository.count(all.filter()); });
}

bool SelectState::exists() const {
  if (distinct || !group.empty()) throw_counts_rows(*table);
  const Tree all = filter();
  return session->with(*table, [&](IRepository& repository) { return repository.exists(all.filter()); });
}

std::string SelectState::explain() const {
  Prepared prepared;
  prepare(prepared, kNoLimit);
  return session->with(*table, [&](IRepository& repository) {
    const RowBatch lines = repository.explain(prepared.query);
    std::string text;
    for (std::size_t i = 0; i < lines.rows; ++i) {
      if (!lines.row(i)->is_null() && lines.row(i)->size > 0) text += lines.row(i)->bytes();
      text += '\n';
    }
    return text;
  });
}

void SelectState::aggregate(const TableOutput& output, RowSink sink) const {
  const Tree all = filter();
  const Output one = resolve(output);
  fetch(*session, *table, {.filter = all.filter(), .order = {}, .outputs = {&one, 1}}, sink);
}

std::string SelectState::page(std::string_view cursor, RowSink sink) const {
  constexpr std::uint64_t kDefaultPage = 50;
  if (offset != 0) {
    throw_error(ErrorCode::programming, "a page with an offset: pages continue behind a cursor",
                "leave the offset out");
  }
  if (limit == 0) throw_error(ErrorCode::programming, "a page of 0 rows", "ask a limit of at least 1");
  if (distinct) {
    throw_error(ErrorCode::programming, "a page of distinct rows", "whole rows with a key are distinct already");
  }
  Order sorted = order;
  add_key(sorted, *table);
  const std::span<const OrderTerm> terms(sorted.data(), sorted.size());
  for (const OrderTerm& term : terms) {
    if (term.source != 0) {
      throw_error(ErrorCode::programming,
                  fmt::format("pages of {} cannot be ordered by columns of what is joined", table->name),
                  "order by the model's own columns, or use limit and offset");
    }
    if (table->columns[term.column].nullable) {
      throw_error(ErrorCode::programming,
                  fmt::format("pages cannot be ordered by {}.{}, which may be NULL", table->name,
                              table->columns[term.column].name),
                  "order by columns that are not optional, or use limit and offset");
    }
  }
  Tree all = filter();
  if (!cursor.empty()) {
    const CursorValues values = decode_cursor(*table, terms, cursor);
    const Tree rest = behind(terms, values.cells);
    all = all.empty() && all.sources().empty() ? rest : Tree::combine(NodeKind::all_of, all, rest);
  }
  const std::uint64_t rows = limit == kNoLimit ? kDefaultPage : limit;
  std::uint64_t taken = 0;
  std::string next;
  bool more = false;
  auto take = [&](const Cell* row) {
    if (++taken > rows) { // the one row too many that was asked to know whether there is more
      more = true;
      return;
    }
    if (taken == rows) next = encode_cursor(*table, terms, row);
    sink.take(sink.object, {row, 1, table->columns.size()});
  };
  Query query{.filter = all.filter(), .order = terms, .outputs = {}, .limit = rows + 1};
  query.lock = lock;
  fetch(*session, *table, query, row_sink(take));
  return more ? next : std::string{};
}

} // namespace tenon::detail
