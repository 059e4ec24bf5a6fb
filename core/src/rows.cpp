#include <tenon/core/rows.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "page_cursor.hpp"

namespace tenon::detail {
namespace {

using Order = boost::container::small_vector<OrderTerm, 4>;

/// The order with the primary key behind it, so that no two rows are equal in it.
Order with_key(const TableDesc& table, const Order& order) {
  Order total = order;
  for (const std::uint32_t column : table.keys.front().columns) {
    const auto same = [column](const OrderTerm& term) { return term.column == column; };
    if (std::none_of(total.begin(), total.end(), same)) total.push_back({column, 0, 0, NullOrder::largest});
  }
  return total;
}

/// The rows behind the one with these values: (a > x) or (a = x and b > y) or …, each > turned where the order
/// descends.
Tree behind(std::span<const OrderTerm> order, std::span<const Cell> values) {
  Tree any;
  for (std::size_t last = 0; last < order.size(); ++last) {
    Tree all;
    for (std::size_t i = 0; i <= last; ++i) {
      const NodeKind kind = i < last ? NodeKind::eq : order[i].descending != 0 ? NodeKind::lt : NodeKind::gt;
      const Tree one = Tree::compare(kind, order[i].column, values[i]);
      all = all.empty() ? one : Tree::combine(NodeKind::all_of, all, one);
    }
    any = any.empty() ? all : Tree::combine(NodeKind::any_of, any, all);
  }
  return any;
}

void fetch(Session& session, const TableDesc& table, const Query& query, RowSink sink) {
  session.with(table, [&](IRepository& repository) {
    const std::unique_ptr<ICursor> cursor = repository.select(query);
    RowBatch batch;
    while (cursor->next(batch)) {
      for (std::size_t i = 0; i < batch.rows; ++i)
        sink.take(sink.object, batch.row(i));
    }
  });
}

std::string names_of(const TableDesc& table, std::span<const std::uint32_t> columns) {
  std::vector<std::string_view> names;
  for (const std::uint32_t column : columns)
    names.push_back(table.columns[column].name);
  return fmt::format("{}", fmt::join(names, ", "));
}

} // namespace

Tree active_only(const Tree& where) {
  const Tree active = Tree::compare(NodeKind::eq, kIsActiveColumn, Cell::boolean(true));
  return where.empty() ? active : Tree::combine(NodeKind::all_of, where, active);
}

Tree key_equals(const TableDesc& table, std::uint32_t key, std::span<const Cell> values) {
  Tree tree;
  const auto& columns = table.keys[key].columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Tree one = Tree::compare(NodeKind::eq, columns[i], values[i]);
    tree = tree.empty() ? one : Tree::combine(NodeKind::all_of, tree, one);
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

void SelectState::rows(RowSink sink) const {
  const Tree filter = hide_deleted ? active_only(where) : where;
  const Order sorted = limit != kNoLimit || offset != 0 ? with_key(*table, order) : order;
  fetch(*session, *table, {filter.filter(), {sorted.data(), sorted.size()}, {}, limit, offset}, sink);
}

std::uint64_t SelectState::count() const {
  const Tree filter = hide_deleted ? active_only(where) : where;
  return session->with(*table, [&](IRepository& repository) { return repository.count(filter.filter()); });
}

bool SelectState::exists() const {
  const Tree filter = hide_deleted ? active_only(where) : where;
  return session->with(*table, [&](IRepository& repository) { return repository.exists(filter.filter()); });
}

std::string SelectState::page(std::string_view cursor, RowSink sink) const {
  constexpr std::uint64_t kDefaultPage = 50;
  if (offset != 0) {
    throw_error(ErrorCode::programming, "a page with an offset: pages continue behind a cursor",
                "leave the offset out");
  }
  if (limit == 0) throw_error(ErrorCode::programming, "a page of 0 rows", "ask a limit of at least 1");
  const Order sorted = with_key(*table, order);
  const std::span<const OrderTerm> terms(sorted.data(), sorted.size());
  for (const OrderTerm& term : terms) {
    if (table->columns[term.column].nullable) {
      throw_error(ErrorCode::programming,
                  fmt::format("pages cannot be ordered by {}.{}, which may be NULL", table->name,
                              table->columns[term.column].name),
                  "order by columns that are not optional, or use limit and offset");
    }
  }
  Tree filter = hide_deleted ? active_only(where) : where;
  if (!cursor.empty()) {
    const CursorValues values = decode_cursor(*table, terms, cursor);
    const Tree rest = behind(terms, values.cells);
    filter = filter.empty() ? rest : Tree::combine(NodeKind::all_of, filter, rest);
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
    sink.take(sink.object, row);
  };
  fetch(*session, *table, {filter.filter(), terms, {}, rows + 1, 0}, row_sink(take));
  return more ? next : std::string{};
}

bool find_row(Session& session, const TableDesc& table, std::uint32_t key, std::span<const Cell> values, RowSink sink) {
  return session.with(table, [&](IRepository& repository) {
    const RowBatch batch = repository.find(key, values);
    if (!batch.empty()) sink.take(sink.object, batch.row(0));
    return !batch.empty();
  });
}

WriteRows insert_request(const TableDesc& table, bool omit_key, const Cell* cells, std::size_t rows) {
  // Positions 0, 1, 2 … of the longest table there is; a description is immutable, so views into it stay true.
  static constexpr std::size_t kMostColumns = 512;
  static const auto positions = [] {
    std::array<std::uint32_t, kMostColumns> all{};
    std::iota(all.begin(), all.end(), 0U);
    return all;
  }();
  if (table.columns.size() > kMostColumns) {
    throw_error(ErrorCode::not_supported, fmt::format("{} has more than {} columns", table.name, kMostColumns));
  }
  const std::span<const std::uint32_t> all(positions.data(), table.columns.size());
  if (!omit_key) return {all, cells, rows, {}};
  const std::uint32_t generated = *table.generated_column();
  if (generated == 0) return {all.subspan(1), cells, rows, all.first(1)};
  thread_local std::vector<std::uint32_t> given;
  given.assign(all.begin(), all.end());
  given.erase(given.begin() + generated);
  return {given, cells, rows, all.subspan(generated, 1)};
}

void insert_rows(Session& session, const TableDesc& table, const WriteRows& rows, RowSink sink) {
  session.with(table, [&](IRepository& repository) {
    const RowBatch batch = repository.insert(rows);
    for (std::size_t i = 0; i < batch.rows; ++i)
      sink.take(sink.object, batch.row(i));
  });
}

void upsert_row(Session& session, const TableDesc& table, std::span<const Cell> row, bool has_key,
                std::span<const std::uint32_t> conflict, bool is_model, RowSink sink) {
  const std::int32_t key = key_over(table, conflict);
  if (key < 0) {
    throw_error(ErrorCode::programming, fmt::format("{} has no key over {}", table.name, names_of(table, conflict)),
                "upsert needs a unique constraint: name it with tenon::unique in tenon::Table<Type>::spec");
  }
  const auto generated = table.generated_column();
  const auto& primary = table.keys.front().columns;
  const auto among = [](const auto& list, std::uint32_t c) {
    return std::find(list.begin(), list.end(), c) != list.end();
  };
  std::vector<std::uint32_t> given, update, returning(table.columns.size());
  std::vector<Cell> cells;
  for (std::uint32_t c = 0; c < row.size(); ++c) {
    returning[c] = c;
    if (generated == c && !has_key) continue;
    given.push_back(c);
    cells.push_back(row[c]);
    if (!among(conflict, c) && !among(primary, c) && !(is_model && c == kCreatedAtColumn)) update.push_back(c);
  }
  session.with(table, [&](IRepository& repository) {
    const RowBatch batch =
        repository.upsert({given, cells.data(), 1, returning}, static_cast<std::uint32_t>(key), update);
    if (batch.empty()) throw_error(ErrorCode::plugin, "the backend returned no row from an upsert into " + table.name);
    sink.take(sink.object, batch.row(0));
  });
}

std::uint64_t update_rows(Session& session, const TableDesc& table, const Tree& where,
                          std::span<const Assignment> assignments) {
  return session.with(table, [&](IRepository& repository) {
    return repository.update({where.filter(), assignments, {}});
  });
}

std::uint64_t remove_rows(Session& session, const TableDesc& table, const Tree& where) {
  return session.with(table, [&](IRepository& repository) { return repository.remove(where.filter()); });
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
