#include "repository.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <tenon/interface/error.hpp>

#include "filter.hpp"
#include "groups.hpp"

namespace memory_map {
namespace {

using tenon::Cell;
using tenon::RowBatch;

constexpr std::size_t kBatch = 256;      // rows that a cursor gives at once
constexpr std::size_t kRowsPerLook = 16; // rows between two looks at the clock

std::vector<std::uint32_t> columns_or_all(std::span<const std::uint32_t> columns, const tenon::TableDesc& table) {
  if (!columns.empty()) return {columns.begin(), columns.end()};
  std::vector<std::uint32_t> all(table.columns.size());
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

/// A plugin does not trust its input, not even the host's.
void check_column(std::uint32_t column, const tenon::TableDesc& table) {
  if (column < table.columns.size()) return;
  tenon::throw_error(tenon::ErrorCode::programming,
                     "a query names a column that table " + table.name + " does not have");
}

void append_cells(const Row& row, std::span<const std::uint32_t> columns, std::vector<Cell>& out) {
  for (const std::uint32_t column : columns)
    out.push_back(row.at(column).cell());
}

bool comes_before(const Row& a, const Row& b, std::span<const tenon::OrderTerm> order) {
  for (const tenon::OrderTerm& term : order) {
    const Cell x = a[term.column].cell();
    const Cell y = b[term.column].cell();
    const bool descending = term.descending != 0;
    if (x.is_null() && y.is_null()) continue;
    if (x.is_null() || y.is_null()) {
      const bool nulls_first =
          term.nulls == tenon::NullOrder::largest ? descending : term.nulls == tenon::NullOrder::first;
      return x.is_null() == nulls_first;
    }
    if (const auto relation = compare(x, y); relation != 0) return (relation < 0) != descending;
  }
  return false;
}

void sort(std::vector<RowPtr>& rows, std::span<const tenon::OrderTerm> order) {
  if (order.empty()) return;
  std::stable_sort(rows.begin(), rows.end(),
                   [order](const RowPtr& a, const RowPtr& b) { return comes_before(*a, *b, order); });
}

/// Holds the rows themselves, so it shows what was there when the select ran.
class Cursor final : public tenon::ICursor {
public:
  Cursor(std::vector<RowPtr> rows, std::vector<std::uint32_t> columns, std::shared_ptr<const std::uint64_t> epoch)
      : rows_(std::move(rows)), columns_(std::move(columns)), epoch_(std::move(epoch)), begun_in_(*epoch_) {}

  bool next(RowBatch& batch) override {
    if (*epoch_ != begun_in_) {
      tenon::throw_error(tenon::ErrorCode::programming, "the transaction of this cursor has ended");
    }
    cells_.clear();
    const std::size_t end = std::min(rows_.size(), position_ + kBatch);
    const std::size_t rows = end - position_;
    for (; position_ < end; ++position_)
      append_cells(*rows_[position_], columns_, cells_);
    batch = {cells_.data(), rows, columns_.size()};
    return rows != 0;
  }

private:
  std::vector<RowPtr> rows_;
  std::vector<std::uint32_t> columns_;
  std::shared_ptr<const std::uint64_t> epoch_;
  std::uint64_t begun_in_;
  std::size_t position_ = 0;
  std::vector<Cell> cells_;
};

} // namespace

template <class Use> void Repository::scan(const Transaction& transaction, tenon::Filter filter, Use&& use) const {
  check_filter(filter, table_.columns.size());
  std::size_t seen = 0;
  for (const RowPtr& row : transaction.table(table_).rows()) {
    if (++seen % kRowsPerLook == 0) session_.in_time();
    if (matches(filter, *row) && !use(row)) return;
  }
}

std::vector<RowPtr> Repository::matching(const Transaction& transaction, tenon::Filter filter) const {
  std::vector<RowPtr> rows;
  scan(transaction, filter, [&](const RowPtr& row) {
    rows.push_back(row);
    return true;
  });
  return rows;
}

RowBatch Repository::give(std::vector<RowPtr> rows, std::span<const std::uint32_t> columns) {
  given_ = std::move(rows);
  cells_.clear();
  if (columns.empty()) return {};
  for (const RowPtr& row : given_)
    append_cells(*row, columns, cells_);
  return {cells_.data(), given_.size(), columns.size()};
}

RowBatch Repository::insert(const tenon::WriteRows& rows) {
  auto written = session_.run(true, [&](Transaction& transaction) {
    Table& table = transaction.writable(table_, session_.deadline());
    std::vector<RowPtr> added;
    for (std::size_t i = 0; i < rows.rows; ++i) {
      added.push_back(table.make_row(rows.columns, rows.cells + i * rows.columns.size()));
      transaction.add(table, added.back());
    }
    return added;
  });
  return give(std::move(written), rows.returning);
}

RowBatch Repository::upsert(const tenon::WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) {
  auto written = session_.run(true, [&](Transaction& transaction) {
    Table& table = transaction.writable(table_, session_.deadline());
    std::vector<RowPtr> stored;
    for (std::size_t i = 0; i < rows.rows; ++i) {
      const RowPtr given = table.make_row(rows.columns, rows.cells + i * rows.columns.size());
      std::vector<Cell> values;
      append_cells(*given, table_.keys.at(key).columns, values);
      RowPtr row = table.find(key, values);
      if (row == nullptr) {
        row = given;
        transaction.add(table, row);
      } else if (!update.empty()) {
        std::vector<tenon::Assignment> assignments;
        for (const std::uint32_t column : update)
          assignments.push_back(tenon::Assignment::of(column, given->at(column).cell()));
        const RowPtr changed = table.changed(*row, assignments);
        transaction.erase(table, row);
        transaction.add(table, changed);
        row = changed;
      }
      stored.push_back(std::move(row));
    }
    return stored;
  });
  return give(std::move(written), rows.returning);
}

RowBatch Repository::find(std::uint32_t key, std::span<const Cell> values) {
  RowPtr row =
      session_.run(false, [&](Transaction& transaction) { return transaction.table(table_).find(key, values); });
  if (row == nullptr) return {};
  return give({std::move(row)}, columns_or_all({}, table_));
}

std::unique_ptr<tenon::ICursor> Repository::select(const tenon::Query& query) {
  std::vector<RowPtr> rows;
  std::vector<std::uint32_t> columns;
  if (makes_groups(query)) {
    Groups groups = session_.run(
        false, [&](Transaction& transaction) { return grouped(matching(transaction, query.filter), query, table_); });
    rows = std::move(groups.rows);
    sort(rows, groups.order);
    columns.resize(query.outputs.empty() ? table_.columns.size() : query.outputs.size());
    std::iota(columns.begin(), columns.end(), 0U);
  } else {
    columns = columns_of(query);
    rows = session_.run(false, [&](Transaction& transaction) { return matching(transaction, query.filter); });
    sort(rows, query.order);
  }
  const auto skipped = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(query.offset, rows.size()));
  rows.erase(rows.begin(), rows.begin() + skipped);
  if (query.limit < rows.size()) rows.resize(query.limit);
  return std::make_unique<Cursor>(std::move(rows), std::move(columns), session_.epoch());
}

std::vector<std::uint32_t> Repository::columns_of(const tenon::Query& query) const {
  bool plain = query.lock == tenon::RowLock::none;
  for (const tenon::OrderTerm& term : query.order) {
    check_column(term.column, table_);
    plain = plain && term.source == 0;
  }
  std::vector<std::uint32_t> columns;
  for (const tenon::Output& output : query.outputs) {
    check_column(output.column.column, table_);
    plain = plain && output.column.source == 0;
    columns.push_back(output.column.column);
  }
  if (!plain) tenon::throw_error(tenon::ErrorCode::not_supported, "memory_map selects from one table at a time");
  return columns_or_all(columns, table_);
}

std::uint64_t Repository::update(const tenon::Update& update) {
  return session_.run(true, [&](Transaction& transaction) {
    Table& table = transaction.writable(table_, session_.deadline());
    const std::vector<RowPtr> old = matching(transaction, update.filter);
    // All old rows go before the first new one comes: a key may pass from one row to another.
    for (const RowPtr& row : old)
      transaction.erase(table, row);
    for (const RowPtr& row : old)
      transaction.add(table, table.changed(*row, update.assignments));
    return static_cast<std::uint64_t>(old.size());
  });
}

std::uint64_t Repository::remove(const tenon::Filter& filter) {
  return session_.run(true, [&](Transaction& transaction) {
    Table& table = transaction.writable(table_, session_.deadline());
    const std::vector<RowPtr> old = matching(transaction, filter);
    for (const RowPtr& row : old)
      transaction.erase(table, row);
    return static_cast<std::uint64_t>(old.size());
  });
}

std::uint64_t Repository::count(const tenon::Filter& filter) {
  return session_.run(false, [&](Transaction& transaction) {
    std::uint64_t rows = 0;
    scan(transaction, filter, [&](const RowPtr&) { return ++rows != 0; });
    return rows;
  });
}

bool Repository::exists(const tenon::Filter& filter) {
  return session_.run(false, [&](Transaction& transaction) {
    bool found = false;
    scan(transaction, filter, [&](const RowPtr&) { return !(found = true); });
    return found;
  });
}

RowBatch Repository::explain(const tenon::Query&) {
  tenon::throw_error(tenon::ErrorCode::not_supported, "memory_map has no plans to explain");
}

} // namespace memory_map
