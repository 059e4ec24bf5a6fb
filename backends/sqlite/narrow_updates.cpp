#include "narrow_updates.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "session.hpp"

namespace tenon::sqlite {
namespace {

/// The columns of the indexes of a table, none if it has a trigger.
constexpr std::string_view kIndexed =
    "SELECT DISTINCT one.name FROM pragma_index_list(?1) AS list, pragma_index_info(list.name) AS one "
    "WHERE one.cid >= 0 AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE "
    "NOCASE) AND NOT EXISTS (SELECT 1 FROM sqlite_temp_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE)";

/// Types whose values are equal exactly where they are stored alike. A time is likely to be that of the update.
bool may_stay(CellType type) noexcept {
  switch (type) {
    case CellType::boolean:
    case CellType::int64:
    case CellType::text:
    case CellType::uuid:
    case CellType::date: return true;
    default: return false;
  }
}

bool same_name(const std::string& a, std::string_view b) noexcept {
  return a.size() == b.size() && sqlite3_strnicmp(a.data(), b.data(), static_cast<int>(b.size())) == 0;
}

bool compares_bytes(Session& session, const StoredColumn& column) noexcept {
  const char* collation = nullptr;
  const int code =
      sqlite3_table_column_metadata(session.handle(), "main", column.table->name.c_str(), column.column->name.c_str(),
                                    nullptr, &collation, nullptr, nullptr, nullptr);
  return code == SQLITE_OK && collation != nullptr && std::string_view(collation) == "BINARY";
}

} // namespace

bool NarrowUpdates::learn(Session& session, std::span<const StoredColumn> columns, const Context& context) {
  columns_ = columns;
  std::vector<bool> indexed(columns.size(), false);
  const StatementPtr asking = session.prepare(kIndexed, context, Prepared::once);
  const Run guard(*asking);
  sqlite3_stmt* const handle = asking->handle.get();
  session.check(bind(handle, 1, {Stored::Class::text, 0, 0, columns.front().table->name}), context);
  while (session.step(*asking, context)) {
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(handle, 0));
    if (text == nullptr) continue;
    const std::string_view name(text, static_cast<std::size_t>(sqlite3_column_bytes(handle, 0)));
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const StoredColumn& one) { return same_name(one.column->name, name); });
    if (found == columns.end() || !may_stay(found->column->type) || found->form != Form::native) continue;
    if (!compares_bytes(session, *found)) continue;
    indexed[static_cast<std::size_t>(found - columns.begin())] = true;
  }
  any_ = std::find(indexed.begin(), indexed.end(), true) != indexed.end();
  known_ = true;
  return std::exchange(indexed_, indexed) == indexed;
}

const Update* NarrowUpdates::of(const Update& update) {
  if (!any_) return nullptr;
  if (left_out_ > 0) {
    --left_out_;
    return nullptr;
  }
  if (!narrow(update)) return nullptr;
  first_nulls_ = nulls_;
  return &made_;
}

const Update* NarrowUpdates::like_first(const Update& update) {
  return narrow(update) && nulls_ == first_nulls_ ? &made_ : nullptr;
}

void NarrowUpdates::missed() noexcept {
  constexpr std::uint32_t kMost = 6;
  missed_ = std::min(missed_ + 1, kMost);
  left_out_ = (1U << missed_) - 1;
}

void NarrowUpdates::condition(std::uint32_t column, const Cell& value) {
  const Node leaf{NodeKind::column, 0, 0, column, 0, Cell::null()};
  if (value.type == CellType::null) {
    nodes_.push_back({NodeKind::is_null, 0, 1, 0, 0, Cell::null()});
    nodes_.push_back(leaf);
  } else {
    nodes_.push_back({NodeKind::eq, 0, 2, 0, 0, Cell::null()});
    nodes_.push_back(leaf);
    nodes_.push_back({NodeKind::value, 0, 0, 0, 0, value});
  }
}

bool NarrowUpdates::narrow(const Update& update) {
  constexpr std::uint32_t kMostConditions = 64; // the bits of nulls_
  const std::span<const Node> filter = update.filter.nodes;
  const bool is_list = filter.front().kind == NodeKind::all_of;
  const auto asked = static_cast<std::uint32_t>((filter.size() - (is_list ? 1 : 0)) / 3);
  if (asked != (is_list ? filter.front().children : 1)) return false; // what is wrong with it, the whole update says
  assignments_.clear();
  nodes_.clear();
  nodes_.push_back({NodeKind::all_of, 0, 0, 0, 0, Cell::null()});
  nodes_.insert(nodes_.end(), filter.begin() + (is_list ? 1 : 0), filter.end());
  nulls_ = 0;
  std::uint32_t added = 0;
  for (const Assignment& assignment : update.assignments) {
    if (assignment.nodes != 0 || assignment.column >= indexed_.size()) return false;
    if (!indexed_[assignment.column]) {
      assignments_.push_back(assignment);
      continue;
    }
    const Cell& value = assignment.value;
    if (value.type == CellType::null) {
      nulls_ |= std::uint64_t{1} << added;
    } else {
      const ColumnDesc& column = *columns_[assignment.column].column;
      if (value.type != column.type || (column.max_length != 0 && value.size > column.max_length)) return false;
    }
    condition(assignment.column, value);
    if (++added == kMostConditions) return false;
  }
  if (added == 0 || assignments_.empty()) return false;
  nodes_.front().children = asked + added;
  made_ = {{nodes_, {}}, assignments_, {}};
  return true;
}

} // namespace tenon::sqlite
