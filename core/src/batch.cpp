#include <tenon/core/batch.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory_resource>
#include <utility>

#include <fmt/format.h>

namespace tenon {

using detail::Assignments;
using detail::Tree;

/// What the items point to lies in an arena that is given up as a whole.
class Batch::State {
public:
  explicit State(Session& of) : session(&of) {}

  Session* session;

  /// Cells whose bytes are in the arena too.
  Cell keep(Cell cell) {
    if (cell.type == CellType::array) {
      cell.data = keep_cells(cell.elements(), cell.element_count());
    } else if (cell.size > 0) {
      void* const room = arena_.allocate(cell.size, 1);
      std::memcpy(room, cell.data, cell.size);
      cell.data = room;
    } else if (points(cell.type)) {
      cell.data = "";
    }
    return cell;
  }
  const Cell* keep_cells(const Cell* cells, std::size_t count) {
    Cell* const room = make<Cell>(count);
    for (std::size_t i = 0; i < count; ++i)
      room[i] = keep(cells[i]);
    return room;
  }
  std::span<const Node> keep_nodes(std::span<const Node> nodes) {
    Node* const room = make<Node>(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      room[i] = nodes[i];
      if (nodes[i].kind == NodeKind::value) room[i].value = keep(nodes[i].value);
    }
    return {room, nodes.size()};
  }
  Filter keep_filter(const Tree& tree) {
    Source* const room = make<Source>(tree.sources().size());
    std::copy(tree.sources().begin(), tree.sources().end(), room);
    return {keep_nodes(tree.nodes()), {room, tree.sources().size()}};
  }
  Update keep_update(const Tree& where, const Assignments& assignments) {
    Assignment* const room = make<Assignment>(assignments.list.size());
    for (std::size_t i = 0; i < assignments.list.size(); ++i) {
      room[i] = assignments.list[i];
      room[i].value = keep(room[i].value);
    }
    return {keep_filter(where), {room, assignments.list.size()}, keep_nodes(assignments.expressions.nodes())};
  }

  /// The same update with the cells of another row, which has its key in the column `key`.
  Update keep_update(const Update& like, const Cell* row, std::size_t key_node, std::uint32_t key) {
    Assignment* const assignments = make<Assignment>(like.assignments.size());
    std::copy(like.assignments.begin(), like.assignments.end(), assignments);
    for (std::size_t i = 0; i < like.assignments.size(); ++i)
      assignments[i].value = keep(row[assignments[i].column]);
    Node* const nodes = make<Node>(like.filter.nodes.size());
    std::copy(like.filter.nodes.begin(), like.filter.nodes.end(), nodes);
    nodes[key_node].value = keep(row[key]);
    return {{{nodes, like.filter.nodes.size()}, {}}, {assignments, like.assignments.size()}, {}};
  }

  /// One item, or several creates that became one.
  struct Write {
    BatchItem item;
    std::size_t first = 0;   // position in the result
    bool checked = false;    // an update of a value: one row or an error
    Filter by_key;           // of that, with a version: the row whatever its version
    bool omit_key = false;   // of an insert
    std::vector<Cell> cells; // of an insert
  };
  std::deque<Write> writes;
  std::size_t size = 0;

  /// The last update of a value, where others of the same table differ from it in the cells of their row alone.
  const Write* pattern = nullptr;
  std::size_t pattern_key = 0; ///< which of its filter's nodes holds the key

  Write& add(const TableDesc& table, BatchKind kind) {
    Write& write = writes.emplace_back();
    write.item.table = &table;
    write.item.kind = kind;
    write.first = size++;
    return write;
  }

  /// Sends the items, which are those of `writes`. Errors: NotFound and StaleData of an update of a value.
  void send(std::span<const BatchItem> items, std::span<std::uint64_t> affected) {
    session->with_connection([&](ISession& connection) { connection.batch(items, affected); });
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (writes[i].checked && affected[i] != 1) throw_missed(writes[i]);
    }
  }

private:
  [[noreturn]] void throw_missed(const Write& write) {
    const TableDesc& table = *write.item.table;
    const auto is_there = [&](IRepository& repository) { return repository.exists(write.by_key); };
    if (!write.by_key.empty() && session->with(table, is_there)) detail::throw_stale(table);
    detail::throw_not_found(table, table.keys.front().columns);
  }

  static bool points(CellType type) {
    return type == CellType::text || type == CellType::blob || type == CellType::json || type == CellType::decimal;
  }
  template <class T> T* make(std::size_t count) {
    T* const room = static_cast<T*>(arena_.allocate(count * sizeof(T), alignof(T)));
    std::uninitialized_default_construct_n(room, count);
    return room;
  }
  std::pmr::monotonic_buffer_resource arena_;
};

namespace {

const detail::Visibility& visible() {
  static const detail::Visibility none;
  return none;
}
detail::Filters filters_of(const Session& session) { return detail::filters_of(session, visible()); }

/// The value that the queried table's column is compared with first. Requires that there is one.
std::size_t value_beside(std::span<const Node> nodes, std::uint32_t column) {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [column](const Node& node) {
    return node.kind == NodeKind::column && node.source == 0 && node.column == column;
  });
  return static_cast<std::size_t>(found - nodes.begin()) + 1;
}

/// Ends a transaction of in_transaction without its work. Where that fails, the session is as with a lost connection.
void undo(Session& session) {
  try {
    session.with_connection([](ISession& connection) {
      try {
        connection.rollback();
      } catch (const Error& error) { // the transaction may be open still, and nobody else must get into it
        ErrorInfo info = error.info();
        info.broken = true;
        throw_error(std::move(info));
      }
    });
    session.set_deadline(session.deadline()); // which the rollback has cleared
  } catch (const Error&) {
    return; // the connection is given up, which undoes the work; the caller has an error to tell already
  }
}

/// Runs `work` in a transaction of its own, in a session with autocommit.
template <class Work> void in_transaction(Session& session, const Work& work) {
  session.with_connection([](ISession& connection) { connection.begin({.write_intent = true}); });
  try {
    work();
  } catch (const Cancelled&) {
    undo(session);
    session.cancel(); // which holds until the session's own rollback
    throw;
  } catch (...) {
    undo(session);
    throw;
  }
  session.with_connection([](ISession& connection) { connection.commit(); });
}

} // namespace

Batch::Batch(Session& session) : state_(std::make_unique<State>(session)) {}
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;
Batch::~Batch() = default;

std::size_t Batch::size() const noexcept { return state_->size; }

void Batch::check_column(const TableDesc& table, std::uint32_t column) const {
  filters_of(*state_->session).check_column(table, column);
}

void Batch::add_insert(const TableDesc& table, const Cell* row, bool omit_key) {
  detail::check_rows(filters_of(*state_->session), table, row);
  auto& writes = state_->writes;
  const bool joins = !writes.empty() && writes.back().item.kind == BatchKind::insert &&
                     writes.back().item.table == &table && writes.back().omit_key == omit_key;
  State::Write& write = joins ? writes.back() : state_->add(table, BatchKind::insert);
  if (joins) ++state_->size;
  write.omit_key = omit_key;
  const auto generated = table.generated_column();
  for (std::uint32_t c = 0; c < table.columns.size(); ++c) {
    if (!omit_key || c != generated) write.cells.push_back(state_->keep(row[c]));
  }
}

void Batch::add_update(const TableDesc& table, const Cell* row) {
  const std::uint32_t key = table.keys.front().columns.front();
  if (state_->pattern != nullptr && state_->pattern->item.table == &table && state_->session->filters().empty()) {
    const Update like = state_->pattern->item.update;
    State::Write& write = state_->add(table, BatchKind::update);
    write.checked = true;
    write.item.update = state_->keep_update(like, row, state_->pattern_key, key);
    return;
  }
  detail::RowUpdate update = detail::row_update(*state_->session, table, visible(), row, nullptr);
  State::Write& write = state_->add(table, BatchKind::update);
  write.checked = true;
  const detail::Filters filters = filters_of(*state_->session);
  write.item.update = state_->keep_update(filters.apply(table, update.where), update.assignments);
  if (!update.by_key.empty()) write.by_key = state_->keep_filter(filters.apply(table, update.by_key));
  const bool has_one_key =
      table.keys.front().columns.size() == 1 && detail::info_of(table).version == detail::kNoColumn;
  if (!has_one_key || !state_->session->filters().empty()) return;
  state_->pattern = &write;
  state_->pattern_key = value_beside(write.item.update.filter.nodes, key);
}

void Batch::add_update(const TableDesc& table, const Tree& where, const Assignments& assignments) {
  const Tree all = filters_of(*state_->session).apply(table, where);
  state_->add(table, BatchKind::update).item.update = state_->keep_update(all, assignments);
}

void Batch::add_remove(const TableDesc& table, const Tree& where) {
  const Tree all = filters_of(*state_->session).apply(table, where);
  state_->add(table, BatchKind::remove).item.update.filter = state_->keep_filter(all);
}

void Batch::add_remove_key(const TableDesc& table, std::span<const Cell> key) {
  detail::Visibility deleted_too;
  deleted_too.leave_out(detail::kActiveFilter);
  const Tree all = detail::filters_of(*state_->session, deleted_too).apply(table, detail::key_equals(table, 0, key));
  state_->add(table, BatchKind::remove).item.update.filter = state_->keep_filter(all);
}

std::vector<std::uint64_t> Batch::run() {
  std::vector<BatchItem> items;
  items.reserve(state_->writes.size());
  std::deque<std::vector<std::uint32_t>> columns; // of inserts that leave the key in the middle out
  for (State::Write& write : state_->writes) {
    if (write.item.kind == BatchKind::insert) {
      const std::size_t width = write.item.table->columns.size() - (write.omit_key ? 1 : 0);
      write.item.rows =
          detail::insert_request(*write.item.table, write.omit_key, write.cells.data(), write.cells.size() / width);
      const auto given = write.item.rows.columns; // which may be a buffer of the thread
      columns.emplace_back(given.begin(), given.end());
      write.item.rows.columns = columns.back();
      write.item.rows.returning = {};
    }
    items.push_back(write.item);
  }
  std::vector<std::uint64_t> affected(items.size());
  std::vector<std::uint64_t> result(state_->size, 1); // as it is for each row of an insert
  const auto sent = std::exchange(state_, std::make_unique<State>(*state_->session)); // forgotten, whatever happens
  if (items.empty()) return result;
  // With autocommit the backend would commit before it is seen whether the updates of values found their rows.
  const bool checked =
      std::any_of(sent->writes.begin(), sent->writes.end(), [](const State::Write& write) { return write.checked; });
  Session& session = *sent->session;
  if (checked && session.autocommit() && session.capabilities().has(Capability::transactions)) {
    in_transaction(session, [&] { sent->send(items, affected); });
  } else {
    sent->send(items, affected);
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].kind != BatchKind::insert) result[sent->writes[i].first] = affected[i];
  }
  return result;
}

} // namespace tenon
