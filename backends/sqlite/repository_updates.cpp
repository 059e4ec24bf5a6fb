// Repository: the updates of a batch, many by one statement: UPDATE … FROM tenon_rows. SQLite gathers what it will
// write by rowid and then writes it in that order, which is why only updates in that order, of one row each, are taken:
// so it does what they would do one after another. Measured: 0.8 times what one prepared statement for each takes.

#include <algorithm>
#include <string_view>

#include <sqlite3.h>

#include "repository.hpp"
#include "session.hpp"

namespace tenon::sqlite {

/// The position of the value that the rowid has to equal for all of the filter to hold; none if there is no such one,
/// or the filter asks more than equalities.
std::optional<std::size_t> Repository::rowid_in(const Filter& filter) const noexcept {
  const std::uint32_t rowid = *table_.generated_column();
  const std::span<const Node> nodes = filter.nodes;
  const bool is_list = !nodes.empty() && nodes[0].kind == NodeKind::all_of;
  std::optional<std::size_t> found;
  for (std::size_t i = is_list ? 1 : 0; i < nodes.size(); i += 3) {
    if (nodes.size() - i < 3 || nodes[i].kind != NodeKind::eq) return std::nullopt;
    const Node& left = nodes[i + 1];
    const Node& right = nodes[i + 2];
    if (left.kind != NodeKind::column || right.kind != NodeKind::value) return std::nullopt;
    if (right.value.type == CellType::array) return std::nullopt; // whose elements would have to be alike, too
    if (left.column == rowid && right.value.type == CellType::int64) found = i + 2;
  }
  return found;
}

namespace {

constexpr std::string_view kGivenRows = "tenon_rows(?1)";

/// Whether two updates are one statement and their values have the types that it was checked for.
bool are_alike(const BatchItem& one, const BatchItem& other) noexcept {
  if (other.kind != BatchKind::update || one.table != other.table || !other.update.filter.sources.empty()) return false;
  const auto same_assignment = [](const Assignment& a, const Assignment& b) {
    return a.column == b.column && b.nodes == 0 && sql::is_known(b.value.type);
  };
  const auto same_node = [](const Node& a, const Node& b) {
    return a.kind == b.kind && a.flags == b.flags && a.children == b.children && a.column == b.column &&
           a.source == b.source && a.value.type == b.value.type;
  };
  const Update& a = one.update;
  const Update& b = other.update;
  return std::equal(a.assignments.begin(), a.assignments.end(), b.assignments.begin(), b.assignments.end(),
                    same_assignment) &&
         std::equal(a.filter.nodes.begin(), a.filter.nodes.end(), b.filter.nodes.begin(), b.filter.nodes.end(),
                    same_node);
}

} // namespace

std::size_t Repository::updates_alike(std::span<const BatchItem> items) {
  constexpr std::size_t kMost = 1000; // SQLite keeps them in a table of its own, which is to stay in memory
  learn_storage();
  const BatchItem& first = items.front();
  const auto rowid = has_rowid_key_ && are_alike(first, first) ? rowid_in(first.update.filter) : std::nullopt;
  if (!rowid) return 1;
  const bool clear_names = std::none_of(table_.columns.begin(), table_.columns.end(), [](const ColumnDesc& column) {
    return std::string_view(column.name).starts_with(kRowsColumn); // which would be two columns of the statement
  });
  const bool moves_rows = std::any_of(first.update.assignments.begin(), first.update.assignments.end(),
                                      [&](const Assignment& one) { return one.column == *table_.generated_column(); });
  if (moves_rows || !clear_names) return 1;
  const auto key = [&](const BatchItem& item) { return item.update.filter.nodes[*rowid].value.integer; };
  std::size_t count = 1;
  while (count < std::min(items.size(), kMost) && are_alike(first, items[count]) &&
         key(items[count - 1]) < key(items[count])) {
    ++count;
  }
  return count;
}

bool Repository::update_all(std::span<const BatchItem> items) {
  constexpr std::uint32_t kManyRows = 1; // behind the shape of the update of one
  const Context& context = contexts_[updating];
  const Update& first = items.front().update;
  sql::read_update(table_, first, call_);
  call_.shape.add(kManyRows);
  session_.start(Access::write, context);
  row_ = {}; // several
  if (call_.parameters.size() > kMostRowsColumns) return false;
  given_.clear();
  for (const sql::Parameter& parameter : call_.parameters)
    given_.push_back({parameter.column == sql::kNoColumn ? nullptr : &columns_[parameter.column], !parameter.assigned});
  given_cells_.clear();
  for (const BatchItem& item : items) {
    for (const Assignment& assignment : item.update.assignments)
      given_cells_.push_back(assignment.value);
    for (const Node& node : item.update.filter.nodes) {
      if (node.kind == NodeKind::value) given_cells_.push_back(node.value);
    }
  }
  const StatementPtr prepared =
      statement(context, {}, [&] { return compiler_.update(first, {.from = kGivenRows, .column = kRowsColumn}); });
  sqlite3* const db = session_.handle();
  Session::Group group(session_, context);
  const std::int64_t written = sqlite3_total_changes64(db);
  RowsSource source{given_cells_.data(), items.size(), given_, session_.bound().bytes, nullptr};
  {
    const Run guard(*prepared);
    session_.check(bind_rows(prepared->handle.get(), 1, source), context);
    const int code = sqlite3_step(prepared->handle.get());
    if (source.refused || (code & 0xff) == SQLITE_CONSTRAINT) return false;
    if (code != SQLITE_DONE) session_.fail(code, context);
  }
  if (sqlite3_total_changes64(db) - written != static_cast<std::int64_t>(items.size())) return false;
  group.keep();
  return true;
}

} // namespace tenon::sqlite
