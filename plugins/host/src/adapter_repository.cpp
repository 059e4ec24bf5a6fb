#include <array>

#include <fmt/format.h>

#include "adapter.hpp"

namespace tenon::host {

namespace {

tenon_filter filter_of(Filter filter) noexcept {
  return {reinterpret_cast<const tenon_node*>(filter.data()), filter.size(), sizeof(tenon_node), 0};
}

tenon_write write_of(const WriteRows& rows) noexcept {
  return {sizeof(tenon_write),       0,         rows.columns.data(),   rows.columns.size(),
          bridge::cells(rows.cells), rows.rows, rows.returning.data(), rows.returning.size()};
}

/// Cells are read without being copied, so a plugin's arithmetic is checked before anybody walks over them.
void check_rows(const Call& call, const tenon_rows& rows, std::uint64_t columns) {
  if (rows.rows == 0) return;
  if (rows.columns != columns) [[unlikely]] {
    throw_broken(call, fmt::format("gave rows of {} columns where {} were asked for", rows.columns, columns));
  }
  if (rows.cells == nullptr && columns > 0) [[unlikely]]
    throw_broken(call, "gave rows without cells");
}

} // namespace

// ---- cursor --------------------------------------------------------------------------------------------------------

HostCursor::~HostCursor() {
  if (cursor_ == nullptr) return;
  invoke_quietly(database_.call("cursor_close", table_), database_.functions().cursor_close, cursor_);
}

bool HostCursor::next(RowBatch& batch) {
  const Call fetching = database_.call("cursor_next", table_);
  batch = {};
  tenon_rows rows{};
  invoke(fetching, database_.functions().cursor_next, cursor_, &rows);
  if (rows.rows == 0) return false;
  if (columns_ == kUnknownColumns) columns_ = rows.columns;
  check_rows(fetching, rows, columns_);
  batch = bridge::rows(rows);
  return true;
}

// ---- repository ----------------------------------------------------------------------------------------------------

HostRepository::HostRepository(const Database& database, tenon_session* session, const TableDesc& table)
    : database_(database), table_(table) {
  const bridge::TableView described(table);
  const Call opening = call("repository_open");
  invoke(opening, database_.functions().repository_open, session, described.get(), &repository_);
  if (repository_ == nullptr) throw_broken(opening, "gave no repository and no error");
}

RowBatch HostRepository::returned(const char* function, const tenon_rows& rows, const WriteRows& written) const {
  if (written.returning.empty()) return {};
  if (rows.rows != written.rows) [[unlikely]] {
    throw_broken(call(function), fmt::format("returned {} rows for {} rows written", rows.rows, written.rows));
  }
  check_rows(call(function), rows, written.returning.size());
  return bridge::rows(rows);
}

RowBatch HostRepository::insert(const WriteRows& rows) {
  const tenon_write write = write_of(rows);
  tenon_rows back{};
  invoke(call("repository_insert"), database_.functions().repository_insert, repository_, &write, &back);
  return returned("repository_insert", back, rows);
}

RowBatch HostRepository::upsert(const WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) {
  const tenon_write write = write_of(rows);
  tenon_rows back{};
  invoke(call("repository_upsert"), database_.functions().repository_upsert, repository_, &write, key, update.data(),
         std::uint64_t{update.size()}, &back);
  return returned("repository_upsert", back, rows);
}

RowBatch HostRepository::find(std::uint32_t key, std::span<const Cell> values) {
  const Call finding = call("repository_find");
  tenon_rows row{};
  invoke(finding, database_.functions().repository_find, repository_, key, bridge::cells(values.data()),
         std::uint64_t{values.size()}, &row);
  if (row.rows > 1) [[unlikely]]
    throw_broken(finding, fmt::format("gave {} rows for one key", row.rows));
  check_rows(finding, row, table_.columns.size());
  return row.rows == 0 ? RowBatch{} : bridge::rows(row);
}

void HostRepository::open_cursor(const Query& query, HostCursor& cursor) {
  const tenon_query asked{sizeof(tenon_query),
                          sizeof(tenon_order_term),
                          filter_of(query.filter),
                          reinterpret_cast<const tenon_order_term*>(query.order.data()),
                          query.order.size(),
                          query.columns.data(),
                          query.columns.size(),
                          query.limit,
                          query.offset};
  const Call selecting = call("repository_select");
  invoke(selecting, database_.functions().repository_select, repository_, &asked, cursor.opened());
  if (*cursor.opened() == nullptr) throw_broken(selecting, "gave no cursor and no error");
}

std::unique_ptr<ICursor> HostRepository::select(const Query& query) {
  const std::size_t columns = query.columns.empty() ? table_.columns.size() : query.columns.size();
  auto cursor = std::make_unique<HostCursor>(database_, &table_, columns);
  open_cursor(query, *cursor);
  return cursor;
}

std::uint64_t HostRepository::update(Filter filter, std::span<const Assignment> assignments) {
  const tenon_filter where = filter_of(filter);
  std::uint64_t affected = 0;
  invoke(call("repository_update"), database_.functions().repository_update, repository_, &where,
         reinterpret_cast<const tenon_assignment*>(assignments.data()), std::uint64_t{assignments.size()}, &affected);
  return affected;
}

std::uint64_t HostRepository::remove(Filter filter) {
  const tenon_filter where = filter_of(filter);
  std::uint64_t affected = 0;
  invoke(call("repository_remove"), database_.functions().repository_remove, repository_, &where, &affected);
  return affected;
}

std::uint64_t HostRepository::count(Filter filter) {
  std::uint64_t count = 0;
  if (database_.functions().repository_count != nullptr) {
    const tenon_filter where = filter_of(filter);
    invoke(call("repository_count"), database_.functions().repository_count, repository_, &where, &count);
    return count;
  }
  Query query;
  query.filter = filter;
  query.columns = narrow_projection();
  HostCursor cursor(database_, &table_, query.columns.size());
  open_cursor(query, cursor);
  for (RowBatch batch; cursor.next(batch);)
    count += batch.rows;
  return count;
}

bool HostRepository::exists(Filter filter) {
  if (database_.functions().repository_exists != nullptr) {
    const tenon_filter where = filter_of(filter);
    std::uint32_t found = 0;
    invoke(call("repository_exists"), database_.functions().repository_exists, repository_, &where, &found);
    return found != 0;
  }
  Query query;
  query.filter = filter;
  query.columns = narrow_projection();
  query.limit = 1;
  HostCursor cursor(database_, &table_, query.columns.size());
  open_cursor(query, cursor);
  RowBatch batch;
  return cursor.next(batch);
}

std::span<const std::uint32_t> HostRepository::narrow_projection() const noexcept {
  static constexpr std::array<std::uint32_t, 1> kFirstColumn{0};
  if (!table_.keys.empty() && !table_.keys[0].columns.empty()) return std::span(table_.keys[0].columns).first(1);
  return kFirstColumn;
}

} // namespace tenon::host
