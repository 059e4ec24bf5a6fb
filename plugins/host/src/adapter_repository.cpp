#include <fmt/format.h>

#include "adapter.hpp"
#include "leaving.hpp"

namespace tenon::host {

namespace {

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

HostRepository::HostRepository(HostSession& owner, tenon_session* session, const TableDesc& table)
    : owner_(owner), database_(owner.database()), table_(table) {
  check_arrays(database_, table);
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
  const tenon_write write = leaving(rows);
  tenon_rows back{};
  invoke(call("repository_insert"), database_.functions().repository_insert, repository_, &write, &back);
  return returned("repository_insert", back, rows);
}

RowBatch HostRepository::upsert(const WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) {
  const tenon_write write = leaving(rows);
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

void HostRepository::check_claims(const Filter& filter) const {
  if (!filter.sources.empty()) database_.require(Capability::joins);
  check_letters(database_, filter.nodes);
}

void HostRepository::check_claims(const Update& update) const {
  check_claims(update.filter);
  check_letters(database_, update.expressions);
}

void HostRepository::check_claims(const Query& query) const {
  check_claims(query.filter);
  check_letters(database_, query.having);
  if (query.lock != RowLock::none) database_.require(Capability::row_locks);
  if (!query.group.empty() || !query.having.empty()) database_.require(Capability::aggregates);
  for (const Output& output : query.outputs) {
    if (output.aggregate != Aggregate::none) database_.require(Capability::aggregates);
  }
}

void HostRepository::open_cursor(const Query& query, HostCursor& cursor) {
  check_claims(query);
  const LeavingQuery asked(owner_, query);
  const Call selecting = call("repository_select");
  invoke(selecting, database_.functions().repository_select, repository_, asked.get(), cursor.opened());
  if (*cursor.opened() == nullptr) throw_broken(selecting, "gave no cursor and no error");
}

std::unique_ptr<ICursor> HostRepository::select(const Query& query) {
  const std::size_t columns = query.outputs.empty() ? table_.columns.size() : query.outputs.size();
  auto cursor = std::make_unique<HostCursor>(database_, &table_, columns);
  open_cursor(query, *cursor);
  return cursor;
}

std::uint64_t HostRepository::update(const Update& update) {
  check_claims(update);
  const LeavingUpdate leaves(owner_, update);
  std::uint64_t affected = 0;
  invoke(call("repository_update"), database_.functions().repository_update, repository_, leaves.get(), &affected);
  return affected;
}

std::uint64_t HostRepository::remove(const Filter& filter) {
  check_claims(filter);
  const LeavingFilter where(owner_, filter);
  std::uint64_t affected = 0;
  invoke(call("repository_remove"), database_.functions().repository_remove, repository_, &where.get(), &affected);
  return affected;
}

std::uint64_t HostRepository::count(const Filter& filter) {
  std::uint64_t count = 0;
  if (database_.functions().repository_count != nullptr) {
    check_claims(filter);
    const LeavingFilter where(owner_, filter);
    invoke(call("repository_count"), database_.functions().repository_count, repository_, &where.get(), &count);
    return count;
  }
  const Output narrow = narrow_output();
  Query query;
  query.filter = filter;
  query.outputs = {&narrow, 1};
  HostCursor cursor(database_, &table_, 1);
  open_cursor(query, cursor);
  for (RowBatch batch; cursor.next(batch);)
    count += batch.rows;
  return count;
}

bool HostRepository::exists(const Filter& filter) {
  if (database_.functions().repository_exists != nullptr) {
    check_claims(filter);
    const LeavingFilter where(owner_, filter);
    std::uint32_t found = 0;
    invoke(call("repository_exists"), database_.functions().repository_exists, repository_, &where.get(), &found);
    return found != 0;
  }
  const Output narrow = narrow_output();
  Query query;
  query.filter = filter;
  query.outputs = {&narrow, 1};
  query.limit = 1;
  HostCursor cursor(database_, &table_, 1);
  open_cursor(query, cursor);
  RowBatch batch;
  return cursor.next(batch);
}

RowBatch HostRepository::explain(const Query& query) {
  check_claims(query);
  const LeavingQuery asked(owner_, query);
  const Call explaining = call("repository_explain");
  tenon_rows rows{};
  invoke(explaining, database_.functions().repository_explain, repository_, asked.get(), &rows);
  check_rows(explaining, rows, 1);
  return rows.rows == 0 ? RowBatch{} : bridge::rows(rows);
}

Output HostRepository::narrow_output() const noexcept {
  const bool has_key = !table_.keys.empty() && !table_.keys[0].columns.empty();
  return {{0, has_key ? table_.keys[0].columns.front() : 0}, Aggregate::none, 0};
}

} // namespace tenon::host
