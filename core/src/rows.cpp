#include <tenon/core/rows.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tenon/core/key_index.hpp>

#include "cells.hpp"

namespace tenon::detail {
namespace {

std::string names_of(const TableDesc& table, std::span<const std::uint32_t> columns) {
  std::vector<std::string_view> names;
  for (const std::uint32_t column : columns)
    names.push_back(table.columns[column].name);
  return fmt::format("{}", fmt::join(names, ", "));
}

bool among(std::span<const std::uint32_t> list, std::uint32_t column) {
  return std::find(list.begin(), list.end(), column) != list.end();
}

/// Positions 0, 1, 2 … of a table's columns; a description is immutable, so views into it stay true.
std::span<const std::uint32_t> all_columns(const TableDesc& table) {
  static constexpr std::size_t kMostColumns = 512; // of the longest table there is
  static const auto positions = [] {
    std::array<std::uint32_t, kMostColumns> all{};
    std::iota(all.begin(), all.end(), 0U);
    return all;
  }();
  if (table.columns.size() > kMostColumns) {
    throw_error(ErrorCode::not_supported, fmt::format("{} has more than {} columns", table.name, kMostColumns));
  }
  return {positions.data(), table.columns.size()};
}

} // namespace

void fetch(Session& session, const TableDesc& table, Query query, RowSink sink) {
  query.whole = true;
  session.with(table, [&](IRepository& repository) {
    const std::unique_ptr<ICursor> cursor = repository.select(query);
    RowBatch batch;
    while (cursor->next(batch))
      sink.take(sink.object, batch);
  });
}

Tree key_equals(const TableDesc& table, std::uint32_t key, std::span<const Cell> values) {
  const auto& columns = table.keys[key].columns;
  if (columns.size() == 1) return Tree::compare(NodeKind::eq, columns[0], values[0]);
  Tree tree;
  tree.inner(NodeKind::all_of, static_cast<std::uint32_t>(columns.size()));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    tree.inner(NodeKind::eq, 2);
    tree.leaf_column(columns[i]);
    tree.leaf_value(values[i]);
  }
  return tree;
}

std::int32_t key_over(const TableDesc& table, std::span<const std::uint32_t> columns) noexcept {
  for (std::size_t i = 0; i < table.keys.size(); ++i) {
    const auto& key = table.keys[i].columns;
    if (std::is_permutation(key.begin(), key.end(), columns.begin(), columns.end()))
      return static_cast<std::int32_t>(i);
  }
  return -1;
}

bool find_row(Session& session, const TableDesc& table, const Visibility& visibility, std::uint32_t key,
              std::span<const Cell> values, RowSink sink) {
  const Filters filters = filters_of(session, visibility);
  bool found = false;
  if (filters.beyond_active(table)) { // a filter of the application's own is the database's to evaluate
    const Tree where = filters.apply(table, key_equals(table, key, values));
    auto take = [&](const RowBatch& batch) {
      sink.take(sink.object, batch);
      found = found || batch.rows > 0;
    };
    fetch(session, table, {.filter = where.filter(), .order = {}, .outputs = {}, .limit = 1},
          {&take, [](void* object, const RowBatch& batch) { (*static_cast<decltype(take)*>(object))(batch); }});
    return found;
  }
  const bool hides = info_of(table).is_model && !visibility.leaves_out(kActiveFilter);
  session.with(table, [&](IRepository& repository) {
    const RowBatch batch = repository.find(key, values);
    found = !batch.empty() && !(hides && batch.cells[kIsActiveColumn].integer == 0);
    if (found) sink.take(sink.object, batch);
  });
  return found;
}

std::vector<std::uint32_t> find_rows(Session& session, const TableDesc& table, const Visibility& visibility,
                                     std::span<const Cell> keys, RowSink sink) {
  const auto& columns = table.keys.front().columns;
  const std::size_t width = columns.size();
  KeyIndex index(width);
  index.reserve(keys.size() / width);
  for (std::size_t i = 0; i < keys.size(); i += width)
    index.add(&keys[i]);
  index.sort();
  std::vector<std::uint32_t> places(keys.size() / width, kNoRow);
  const std::vector<Cell> distinct = index.distinct();
  if (distinct.empty()) return places;

  Tree wanted;
  if (width == 1) {
    wanted = Tree::in(columns[0], distinct);
  } else {
    wanted.inner(NodeKind::any_of, static_cast<std::uint32_t>(distinct.size() / width));
    for (std::size_t i = 0; i < distinct.size(); i += width)
      wanted.append(key_equals(table, 0, std::span(distinct).subspan(i, width)));
  }
  const Tree where = filters_of(session, visibility).apply(table, wanted);
  std::uint32_t row = 0;
  std::vector<Cell> key(width);
  auto take = [&](const RowBatch& batch) {
    for (std::size_t i = 0; i < batch.rows; ++i, ++row) {
      for (std::size_t c = 0; c < width; ++c)
        key[c] = batch.row(i)[columns[c]];
      for (const std::uint32_t place : index.find(key.data()))
        places[place] = row;
    }
    sink.take(sink.object, batch);
  };
  fetch(session, table, {.filter = where.filter(), .order = {}, .outputs = {}},
        {&take, [](void* object, const RowBatch& batch) { (*static_cast<decltype(take)*>(object))(batch); }});
  return places;
}

void check_rows(const Filters& filters, const TableDesc& table, const Cell* row) {
  if (!filters.session.empty()) filters.check_row(table, row);
}

WriteRows insert_request(const TableDesc& table, bool omit_key, const Cell* cells, std::size_t rows) {
  const auto all = all_columns(table);
  if (!omit_key) return {all, cells, rows, {}};
  const std::uint32_t generated = *table.generated_column();
  if (generated == 0) return {all.subspan(1), cells, rows, all.first(1)};
  thread_local std::vector<std::uint32_t> given;
  given.assign(all.begin(), all.end());
  given.erase(given.begin() + generated);
  return {given, cells, rows, all.subspan(generated, 1)};
}

void insert_rows(Session& session, const TableDesc& table, const WriteRows& rows, RowSink sink) {
  session.with(table, [&](IRepository& repository) { sink.take(sink.object, repository.insert(rows)); });
}

void upsert_row(Session& session, const TableDesc& table, const Visibility& visibility, std::span<const Cell> row,
                bool has_key, std::span<const std::uint32_t> conflict, RowSink sink) {
  const std::int32_t key = key_over(table, conflict);
  if (key < 0) {
    throw_error(ErrorCode::programming, fmt::format("{} has no key over {}", table.name, names_of(table, conflict)),
                "upsert needs a unique constraint: name it with tenon::unique in tenon::Table<Type>::spec");
  }
  const Filters filters = filters_of(session, visibility);
  if (!filters.session.empty()) {
    filters.check_row(table, row.data());
    filters.check_upsert(table, row.data(), conflict);
  }
  const auto generated = table.generated_column();
  const auto& primary = table.keys.front().columns;
  boost::container::small_vector<std::uint32_t, 32> given, update;
  boost::container::small_vector<Cell, 32> cells;
  for (std::uint32_t c = 0; c < row.size(); ++c) {
    if (generated == c && !has_key) continue;
    given.push_back(c);
    cells.push_back(row[c]);
    const bool kept = among(conflict, c) || among(primary, c) || (info_of(table).is_model && c == kCreatedAtColumn);
    if (!kept) update.push_back(c);
  }
  session.with(table, [&](IRepository& repository) {
    const WriteRows rows{{given.data(), given.size()}, cells.data(), 1, all_columns(table)};
    const RowBatch batch = repository.upsert(rows, static_cast<std::uint32_t>(key), {update.data(), update.size()});
    if (batch.empty()) throw_error(ErrorCode::plugin, "the backend returned no row from an upsert into " + table.name);
    sink.take(sink.object, batch);
  });
}

void Assignments::add(std::uint32_t column, const Tree& expression) {
  const auto first = static_cast<std::uint32_t>(expressions.nodes().size());
  expressions.append(expression);
  list.push_back({column, first, static_cast<std::uint32_t>(expression.nodes().size()), 0, Cell::null()});
}

bool Assignments::sets(std::uint32_t column) const noexcept {
  return std::any_of(list.begin(), list.end(), [column](const Assignment& one) { return one.column == column; });
}

void Assignments::raise_version(const TableDesc& table) {
  const std::uint32_t version = info_of(table).version;
  if (version == kNoColumn || sets(version)) return;
  add(version, Tree::binary(NodeKind::add, Tree::column(version), Tree::value(Cell::int64(1))));
}

RowUpdate row_update(Session& session, const TableDesc& table, const Visibility& visibility, const Cell* row,
                     const Cell* before) {
  const auto& key = table.keys.front().columns;
  const ModelInfo& info = info_of(table);
  RowUpdate made;
  made.differs = before == nullptr;
  for (std::uint32_t c = 0; c < table.columns.size(); ++c) {
    const bool same = before != nullptr && compare_cells(before[c], row[c]) == 0;
    if (among(key, c)) {
      if (before != nullptr && !same) {
        throw_error(ErrorCode::programming,
                    fmt::format("update_changed of {}: the two rows have different keys", table.name),
                    "give the row as it was read and the same row with its changes");
      }
      continue;
    }
    if (c == info.version || (info.is_model && c == kCreatedAtColumn)) continue;
    if (info.is_model && c == kUpdatedAtColumn) {
      made.assignments.add(c, row[c]);
    } else if (!same) {
      made.assignments.add(c, row[c]);
      made.differs = true;
    }
  }
  if (!made.differs) return made;
  check_rows(filters_of(session, visibility), table, row);

  boost::container::small_vector<Cell, 4> values;
  for (const std::uint32_t column : key)
    values.push_back(row[column]);
  made.by_key = key_equals(table, 0, {values.data(), values.size()});
  if (info.version == kNoColumn) {
    made.where = std::move(made.by_key); // which nobody asks for, but to tell a stale row from one that is gone
    return made;
  }
  const Cell& read = (before != nullptr ? before : row)[info.version];
  if (read.integer == std::numeric_limits<std::int64_t>::max()) {
    throw_error(ErrorCode::data, fmt::format("the version of a row of {} is at its end", table.name));
  }
  made.where = Tree::combine(NodeKind::all_of, made.by_key, Tree::compare(NodeKind::eq, info.version, read));
  made.assignments.add(info.version, Cell::int64(read.integer + 1));
  return made;
}

bool update_row(Session& session, const TableDesc& table, const Visibility& visibility, const Cell* row,
                const Cell* before) {
  const RowUpdate update = row_update(session, table, visibility, row, before);
  if (!update.differs) return false;
  if (update_rows(session, table, visibility, update.where, update.assignments) > 0) return true;
  if (info_of(table).version != kNoColumn) {
    const Tree where = filters_of(session, visibility).apply(table, update.by_key);
    if (session.with(table, [&](IRepository& repository) { return repository.exists(where.filter()); })) {
      throw_stale(table);
    }
  }
  throw_not_found(table, table.keys.front().columns);
}

std::uint64_t update_rows(Session& session, const TableDesc& table, const Visibility& visibility, const Tree& where,
                          const Assignments& assignments) {
  const Tree filter = filters_of(session, visibility).apply(table, where);
  const Update update{
      filter.filter(), {assignments.list.data(), assignments.list.size()}, assignments.expressions.nodes()};
  return session.with(table, [&](IRepository& repository) { return repository.update(update); });
}

std::uint64_t remove_rows(Session& session, const TableDesc& table, const Visibility& visibility, const Tree& where) {
  const Tree filter = filters_of(session, visibility).apply(table, where);
  return session.with(table, [&](IRepository& repository) { return repository.remove(filter.filter()); });
}

void throw_stale(const TableDesc& table) {
  ErrorInfo info;
  info.code = ErrorCode::stale_data;
  info.retryable = true;
  info.message = fmt::format("a row of {} has another {} than the one that was read", table.qualified_name(),
                             table.columns[info_of(table).version].name);
  info.hint = "read it again and repeat the change";
  info.table = table.name;
  for (const std::uint32_t column : table.keys.front().columns)
    info.columns.push_back(table.columns[column].name);
  throw_error(std::move(info));
}

void throw_mixed_keys(const TableDesc& table) {
  throw_error(ErrorCode::programming,
              fmt::format("create_many on {}: some rows bring their key and some leave it to the database", table.name),
              "create them in two calls");
}

void throw_not_found(const TableDesc& table, std::span<const std::uint32_t> columns) {
  ErrorInfo info;
  info.code = ErrorCode::not_found;
  info.message = fmt::format("no row of {} with this {}", table.qualified_name(), names_of(table, columns));
  info.hint = "use find… where the row may be absent; soft-deleted rows show with with_deleted()";
  info.table = table.name;
  for (const std::uint32_t column : columns)
    info.columns.push_back(table.columns[column].name);
  throw_error(std::move(info));
}

void throw_not_one(const TableDesc& table, bool none) {
  ErrorInfo info;
  info.code = none ? ErrorCode::not_found : ErrorCode::programming;
  info.message = fmt::format("one row of {} was asked, {} matched", table.qualified_name(), none ? "none" : "several");
  info.hint = none ? "use first() where there may be none" : "narrow the condition, or use first() or all()";
  info.table = table.name;
  throw_error(std::move(info));
}

} // namespace tenon::detail
