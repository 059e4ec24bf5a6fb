#include "values.hpp"

#include <cmath>
#include <ostream>
#include <span>

#include <fmt/format.h>

#include <tenon/core/types.hpp>

namespace tenon::contract {
namespace {

bool has_bytes(CellType type) {
  switch (type) {
    case CellType::text:
    case CellType::blob:
    case CellType::decimal:
    case CellType::uuid:
    case CellType::json: return true;
    default: return false;
  }
}

std::vector<Cell> borrowed(const Rows& rows) {
  std::vector<Cell> cells;
  for (const Row& row : rows) {
    for (const Value& value : row)
      cells.push_back(value.cell());
  }
  return cells;
}

} // namespace

Value::Value(const Cell& cell) : cell_(cell) {
  if (cell.type == CellType::array) {
    for (const Cell& element : std::span(cell.elements(), cell.element_count()))
      elements_.emplace_back(element);
  }
  if (has_bytes(cell.type)) bytes_ = cell.size == 0 ? std::string() : std::string(cell.bytes());
}

Value Value::array(std::vector<Value> elements) {
  Value made(Cell::array(nullptr, 0));
  made.elements_ = std::move(elements);
  return made;
}

Cell Value::cell() const noexcept {
  Cell cell = cell_;
  if (cell.type == CellType::array) {
    cells_.clear();
    for (const Value& element : elements_)
      cells_.push_back(element.cell());
    return Cell::array(cells_.data(), cells_.size());
  }
  if (has_bytes(cell.type)) cell.data = bytes_.data();
  return cell;
}

bool operator==(const Value& a, const Value& b) {
  if (a.type() != b.type()) return false;
  if (a.is_null()) return true;
  if (a.type() == CellType::array) return a.elements_ == b.elements_;
  if (a.type() == CellType::json) return Json::trusted(a.bytes_) == Json::trusted(b.bytes_);
  if (has_bytes(a.type())) return a.bytes_ == b.bytes_;
  if (a.type() == CellType::float64) return a.cell_.real == b.cell_.real;
  return a.cell_.integer == b.cell_.integer;
}

std::ostream& operator<<(std::ostream& out, const Value& value) {
  if (value.is_null()) return out << "NULL";
  if (value.type() == CellType::array) {
    out << "array [";
    for (const Value& element : value.elements_)
      out << element << ' ';
    return out << ']';
  }
  if (value.type() == CellType::float64) return out << fmt::format("{}", value.cell_.real);
  if (!has_bytes(value.type())) return out << cell_type_name(value.type()) << ' ' << value.cell_.integer;
  out << cell_type_name(value.type()) << " \"";
  constexpr std::size_t kShown = 80;
  for (const char c : value.bytes_.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    out << (byte >= 0x20 && byte < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", byte));
  }
  return out << (value.bytes_.size() > kShown ? fmt::format("…\" ({} bytes)", value.bytes_.size()) : "\"");
}

Tree Tree::leaf(const Node& node) {
  Tree tree;
  tree.nodes_.push_back(node);
  return tree;
}

Tree Tree::column(std::uint32_t position, std::uint32_t source) {
  return leaf({NodeKind::column, 0, 0, position, source, Cell::null()});
}

Tree Tree::output(std::uint32_t position) { return leaf({NodeKind::output, 0, 0, position, 0, Cell::null()}); }

Tree Tree::value(const Value& value) {
  Tree tree;
  tree.values_.push_back(std::make_shared<const Value>(value));
  tree.nodes_.push_back({NodeKind::value, 0, 0, 0, 0, tree.values_.back()->cell()});
  return tree;
}

Tree Tree::of(NodeKind kind, const std::vector<Tree>& children) {
  Tree tree;
  tree.nodes_.push_back({kind, 0, static_cast<std::uint32_t>(children.size()), 0, 0, Cell::null()});
  for (const Tree& child : children) {
    tree.nodes_.insert(tree.nodes_.end(), child.nodes_.begin(), child.nodes_.end());
    tree.values_.insert(tree.values_.end(), child.values_.begin(), child.values_.end());
  }
  return tree;
}

Tree Tree::in(std::uint32_t position, const std::vector<Value>& values) {
  std::vector<Tree> children{column(position)};
  for (const Value& one : values)
    children.push_back(value(one));
  return of(NodeKind::in, children);
}

Tree Tree::folded(const Tree& text, Fold letters) {
  Tree tree = of(NodeKind::fold, {text});
  tree.nodes_.front().flags = static_cast<std::uint16_t>(letters);
  return tree;
}

Tree Tree::json_exists(const Tree& document, const std::vector<Value>& path) {
  std::vector<Tree> children{document};
  for (const Value& step : path)
    children.push_back(value(step));
  return of(NodeKind::json_exists, children);
}

Tree Tree::json_value(CellType wanted, const Tree& document, const std::vector<Value>& path) {
  Tree tree = json_exists(document, path);
  tree.nodes_.front().kind = NodeKind::json_value;
  tree.nodes_.front().flags = static_cast<std::uint16_t>(wanted);
  return tree;
}

Tree Tree::exists(std::uint32_t source, const std::vector<Tree>& condition) {
  Tree tree = of(NodeKind::exists, condition);
  tree.nodes_.front().source = source;
  return tree;
}

std::ostream& operator<<(std::ostream& out, const Tree& tree) {
  out << "[kind/children";
  for (const Node& node : tree.nodes_) {
    out << ' ' << static_cast<int>(node.kind);
    if (node.kind == NodeKind::column) {
      out << ":c" << node.source << '.' << node.column;
    } else if (node.kind == NodeKind::value) {
      out << ":(" << Value(node.value) << ')';
    } else {
      out << '/' << node.children;
      if (node.flags != 0) out << '!' << node.flags;
    }
  }
  return out << ']';
}

std::vector<Source> sources_of(const std::vector<JoinedTable>& joined) {
  std::vector<Source> sources;
  for (const JoinedTable& one : joined)
    sources.push_back({one.table, one.parent, one.kind, one.on});
  return sources;
}

Rows owned(const RowBatch& batch) {
  Rows rows(batch.rows);
  for (std::size_t r = 0; r < batch.rows; ++r) {
    for (std::size_t c = 0; c < batch.columns; ++c)
      rows[r].emplace_back(batch.row(r)[c]);
  }
  return rows;
}

Rows fetch(ICursor& cursor) {
  Rows rows;
  RowBatch batch;
  while (cursor.next(batch)) {
    for (Row& row : owned(batch))
      rows.push_back(std::move(row));
  }
  return rows;
}

Rows select(IRepository& repository, const Ask& ask) {
  const auto cursor = repository.select(ask.query());
  return fetch(*cursor);
}

Rows insert(IRepository& repository, const Columns& columns, const Rows& rows, const Columns& returning) {
  const auto cells = borrowed(rows);
  return owned(repository.insert({columns, cells.data(), rows.size(), returning}));
}

Rows upsert(IRepository& repository, const Columns& columns, const Rows& rows, std::uint32_t key, const Columns& update,
            const Columns& returning) {
  const auto cells = borrowed(rows);
  return owned(repository.upsert({columns, cells.data(), rows.size(), returning}, key, update));
}

Rows find(IRepository& repository, std::uint32_t key, const Row& values) {
  std::vector<Cell> cells;
  for (const Value& value : values)
    cells.push_back(value.cell());
  return owned(repository.find(key, cells));
}

std::uint64_t update(IRepository& repository, const Tree& filter,
                     const std::vector<std::pair<std::uint32_t, Value>>& values) {
  std::vector<Assignment> assignments;
  for (const auto& [column, value] : values)
    assignments.push_back(Assignment::of(column, value.cell()));
  return repository.update({filter.filter(), assignments, {}});
}

std::uint64_t update_with(IRepository& repository, const Tree& filter,
                          const std::vector<std::pair<std::uint32_t, Tree>>& expressions) {
  std::vector<Node> nodes;
  std::vector<Assignment> assignments;
  for (const auto& [column, tree] : expressions) {
    const auto first = static_cast<std::uint32_t>(nodes.size());
    nodes.insert(nodes.end(), tree.nodes().begin(), tree.nodes().end());
    assignments.push_back({column, first, static_cast<std::uint32_t>(tree.nodes().size()), 0, Cell::null()});
  }
  return repository.update({filter.filter(), assignments, nodes});
}

std::uint64_t remove(IRepository& repository, const Tree& filter) { return repository.remove(filter.filter()); }

} // namespace tenon::contract
