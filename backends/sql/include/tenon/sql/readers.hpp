#pragma once
// The readers, one per method of IRepository: each checks what crossed the boundary, starts a Call anew and fills it.
// Used by the repositories of the SQL backends. Threads: as their session.
// Errors: NotSupported for what a later version may send; ProgrammingError for what makes no sense.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <tenon/interface/error.hpp>
#include <tenon/sql/call.hpp>
#include <tenon/sql/scope.hpp>
#include <tenon/sql/tree_reader.hpp>

namespace tenon::sql {

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
  const std::size_t count = table.columns.size();
  for (const std::uint32_t column : columns) {
    if (column >= count) [[unlikely]]
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

inline void read_sources(const Scope& scope, Call& call) {
  call.shape.add(static_cast<std::uint32_t>(scope.count()));
  call.tables.push_back(&scope.table(0));
  if (scope.is_single()) return;
  scope.check();
  for (std::uint32_t i = 1; i < scope.count(); ++i) {
    const Source& source = scope.source(i);
    call.tables.push_back(source.table);
    call.shape.add_object(source.table);
    call.shape.add(source.parent);
    call.shape.add(static_cast<std::uint32_t>(source.kind));
    call.shape.add(static_cast<std::uint32_t>(source.on.size()));
    for (const JoinOn& on : source.on) {
      call.shape.add(on.parent_column);
      call.shape.add(on.column);
    }
  }
}

/// A column of an output, a group or an order.
inline const ColumnDesc& checked(const Scope& scope, ColumnRef column, std::string_view where) {
  if (column.source >= scope.count() || !scope.is_open(column.source)) {
    scope.malformed(std::string(where) + " names a source that is not joined");
  }
  check_column(scope.table(column.source), column.column, where);
  return scope.column(column);
}

[[noreturn]] inline void refuse(const Scope& scope, ErrorCode code, std::string_view what) {
  throw_error(code, "select from " + scope.table(0).qualified_name() + ": " + std::string(what));
}

inline bool has_aggregate(const Query& query) noexcept {
  return std::any_of(query.outputs.begin(), query.outputs.end(),
                     [](const Output& output) { return output.aggregate != Aggregate::none; });
}

inline void read_output(const Scope& scope, const Query& query, bool grouped, const Output& output, Call& call) {
  if (output.aggregate > Aggregate::max || output.distinct > 1) {
    refuse(scope, ErrorCode::not_supported, "an unknown aggregate");
  }
  RowColumn row;
  call.shape.add(static_cast<std::uint32_t>(output.aggregate) << 1U | output.distinct);
  if (output.aggregate == Aggregate::count_rows) {
    row.type = CellType::int64;
    call.outputs.push_back(row);
    return;
  }
  const ColumnDesc& column = checked(scope, output.column, "an output");
  call.shape.add(output.column.source);
  call.shape.add(output.column.column);
  row.table = &scope.table(output.column.source);
  row.type = aggregate_type(output.aggregate, column.type);
  if (row.type == CellType::null) {
    refuse(scope, ErrorCode::not_supported,
           "no such aggregate of " + column.name + ", a " + std::string(cell_type_name(column.type)));
  }
  const bool keeps_values =
      output.aggregate == Aggregate::none || output.aggregate == Aggregate::min || output.aggregate == Aggregate::max;
  if (keeps_values) {
    row.source = output.column.source;
    row.column = output.column.column;
  }
  const bool compares = output.distinct != 0 || (query.distinct && output.aggregate == Aggregate::none);
  if (compares && !has_order(column.type)) {
    refuse(scope, ErrorCode::not_supported, "distinct values of " + column.name + ", which has no order");
  }
  const bool in_group = std::find(query.group.begin(), query.group.end(), output.column) != query.group.end();
  if (grouped && output.aggregate == Aggregate::none && !in_group) {
    refuse(scope, ErrorCode::programming, column.name + " is neither in a group nor in an aggregate");
  }
  call.outputs.push_back(row);
}

inline void read_order(const Scope& scope, const Query& query, bool grouped, const OrderTerm& term, Call& call) {
  if (term.nulls > NullOrder::last) refuse(scope, ErrorCode::not_supported, "an unknown place for NULL");
  call.shape.add(term.source);
  call.shape.add(term.column);
  call.shape.add((term.descending != 0 ? 1U : 0U) | static_cast<std::uint32_t>(term.nulls) << 1U);
  CellType type{};
  if (term.source == kOutputSource) {
    if (term.column >= query.outputs.size()) refuse(scope, ErrorCode::programming, "ordered by an output it lacks");
    type = call.outputs[term.column].type;
  } else {
    const ColumnRef named{term.source, term.column};
    const ColumnDesc& column = checked(scope, named, "an order");
    type = column.type;
    const auto is_it = [&](const Output& output) {
      return output.aggregate == Aggregate::none && output.column == named;
    };
    if (grouped && std::find(query.group.begin(), query.group.end(), named) == query.group.end()) {
      refuse(scope, ErrorCode::programming, "ordered by " + column.name + ", which is in no group");
    }
    const bool shown =
        query.outputs.empty() ? term.source == 0 : std::any_of(query.outputs.begin(), query.outputs.end(), is_it);
    if (query.distinct && !shown) {
      refuse(scope, ErrorCode::programming, "distinct rows ordered by " + column.name + ", which is no output");
    }
  }
  if (!has_order(type)) {
    refuse(scope, ErrorCode::not_supported, std::string(cell_type_name(type)) + " has no order");
  }
}

/// An expression that an update assigns.
inline void read_expression(const TableDesc& table, const Update& update, const Assignment& assignment, Scope& scope,
                            Call& call) {
  if (assignment.first > update.expressions.size() || assignment.nodes > update.expressions.size() - assignment.first) {
    scope.malformed("an assignment of an expression that is not there");
  }
  const ColumnDesc& column = table.columns[assignment.column];
  const CellType type =
      TreeReader(scope, update.expressions.subspan(assignment.first, assignment.nodes), call).read_value();
  const bool fits =
      type == column.type || type == CellType::null || (type == CellType::int64 && column.type == CellType::float64);
  if (!fits || type == CellType::array) {
    throw_error(ErrorCode::programming, "update of " + table.qualified_name() + ": " + column.name + " is a " +
                                            std::string(cell_type_name(column.type)) + " and the expression a " +
                                            std::string(cell_type_name(type)));
  }
}

inline void check_written(const TableDesc& table, const Scope& scope) {
  for (std::uint32_t i = 1; i < scope.count(); ++i) {
    if (scope.root(i) == 0) {
      throw_error(ErrorCode::programming, "a write to " + table.qualified_name() + " with a join",
                  "ask with exists what other tables have to hold");
    }
  }
}

} // namespace detail

inline void read_select(const TableDesc& table, const Query& query, Call& call) {
  call.start(Operation::select);
  Scope scope(table, query.filter.sources);
  detail::read_sources(scope, call);
  const bool grouped = !query.group.empty() || detail::has_aggregate(query);
  if (query.lock > RowLock::share) detail::refuse(scope, ErrorCode::not_supported, "an unknown lock");
  if (query.lock != RowLock::none && (grouped || query.distinct)) {
    detail::refuse(scope, ErrorCode::programming, "rows of groups, aggregates and distinct cannot be locked");
  }
  if (!query.group.empty() && query.outputs.empty()) {
    detail::refuse(scope, ErrorCode::programming, "groups without outputs");
  }
  if (!query.having.empty() && !grouped) detail::refuse(scope, ErrorCode::programming, "having without groups");
  call.shape.add((query.distinct ? 1U : 0U) | static_cast<std::uint32_t>(query.lock) << 1U);
  call.shape.add(static_cast<std::uint32_t>(query.outputs.size()));
  for (const Output& output : query.outputs)
    detail::read_output(scope, query, grouped, output, call);
  if (query.distinct && query.outputs.empty()) {
    for (const ColumnDesc& column : table.columns) {
      if (!has_order(column.type)) detail::refuse(scope, ErrorCode::not_supported, "distinct " + column.name);
    }
  }
  call.shape.add(static_cast<std::uint32_t>(query.group.size()));
  for (const ColumnRef& column : query.group) {
    if (!has_order(detail::checked(scope, column, "a group").type)) {
      detail::refuse(scope, ErrorCode::not_supported, "groups by a column that has no order");
    }
    call.shape.add(column.source);
    call.shape.add(column.column);
  }
  call.shape.add(static_cast<std::uint32_t>(query.order.size()));
  for (const OrderTerm& term : query.order)
    detail::read_order(scope, query, grouped, term, call);
  TreeReader(scope, query.filter.nodes, call).read_condition();
  TreeReader(scope, query.having, call, &query).read_condition();
  call.shape.add((query.limit != kNoLimit ? 1U : 0U) | (query.offset != 0 ? 2U : 0U));
  if (query.limit != kNoLimit) call.parameters.push_back(detail::count_parameter(query.limit));
  if (query.offset != 0) call.parameters.push_back(detail::count_parameter(query.offset));
}

inline void read_update(const TableDesc& table, const Update& update, Call& call) {
  call.start(Operation::update);
  Scope scope(table, update.filter.sources);
  detail::read_sources(scope, call);
  detail::check_written(table, scope);
  if (update.assignments.empty()) {
    throw_error(ErrorCode::programming, "an update of " + table.qualified_name() + " sets no column");
  }
  call.shape.add(static_cast<std::uint32_t>(update.assignments.size()));
  const std::size_t columns = table.columns.size();
  for (const Assignment& assignment : update.assignments) {
    if (assignment.column >= columns) [[unlikely]]
      check_column(table, assignment.column, "an update");
    call.shape.add(assignment.column);
    call.shape.add(assignment.nodes);
    if (assignment.nodes != 0) {
      detail::read_expression(table, update, assignment, scope, call);
      continue;
    }
    if (!is_known(assignment.value.type)) {
      throw_error(ErrorCode::not_supported, "update of " + table.qualified_name() + ": a value of an unknown type");
    }
    if (call.typed_assignments) call.shape.add(static_cast<std::uint32_t>(assignment.value.type));
    Parameter& parameter = call.parameters.emplace_back();
    parameter.cell = assignment.value;
    parameter.column = assignment.column;
    parameter.assigned = true;
  }
  TreeReader(scope, update.filter.nodes, call).read_condition();
}

/// For Operation::remove, count and exists.
inline void read_filter(const TableDesc& table, Operation operation, const Filter& filter, Call& call) {
  call.start(operation);
  Scope scope(table, filter.sources);
  detail::read_sources(scope, call);
  if (operation == Operation::remove) detail::check_written(table, scope);
  TreeReader(scope, filter.nodes, call).read_condition();
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
