#include <tenon/core/tree.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include <tenon/core/operand.hpp>

namespace tenon::detail {
namespace {

bool points_to_bytes(const Cell& cell) { return cell.size > 0 && cell.type != CellType::array; }

bool may_point(CellType type) {
  switch (type) {
    case CellType::text:
    case CellType::blob:
    case CellType::decimal:
    case CellType::uuid:
    case CellType::json: return true;
    default: return false;
  }
}

} // namespace

struct Tree::Array {
  explicit Array(const Cell& array) : cells(array.elements(), array.elements() + array.element_count()) {
    std::size_t size = 0;
    for (const Cell& cell : cells)
      size += may_point(cell.type) ? cell.size : 0;
    bytes.reserve(size); // so that pointers into it stay true
    for (Cell& cell : cells) {
      if (!may_point(cell.type)) continue;
      const char* const begin = bytes.data() + bytes.size();
      bytes.append(cell.bytes());
      cell.data = begin;
    }
  }
  std::vector<Cell> cells;
  std::string bytes;
};

Tree::Tree(const Tree& other)
    : nodes_(other.nodes_), bytes_(other.bytes_), sources_(other.sources_), arrays_(other.arrays_) {
  repoint(other.bytes_.data());
}

Tree::Tree(Tree&& other) noexcept { *this = std::move(other); }

Tree& Tree::operator=(const Tree& other) {
  if (this != &other) *this = Tree(other);
  return *this;
}

Tree& Tree::operator=(Tree&& other) noexcept {
  if (this == &other) return *this;
  const char* const from = other.bytes_.data(); // compared, never followed, once its memory has moved
  nodes_ = std::move(other.nodes_);
  bytes_ = std::move(other.bytes_);
  sources_ = std::move(other.sources_);
  arrays_ = std::move(other.arrays_);
  repoint(from);
  other.nodes_.clear(); // nothing is left that could point into what moved
  other.bytes_.clear();
  other.sources_.clear();
  return *this;
}

void Tree::repoint(const char* from) noexcept {
  const char* const to = bytes_.data();
  if (to == from) return;
  for (Node& node : nodes_) {
    if (node.kind == NodeKind::value && points_to_bytes(node.value)) {
      node.value.data = to + (static_cast<const char*>(node.value.data) - from);
    }
  }
}

void Tree::grow_bytes(std::string_view bytes) {
  const char* const from = bytes_.data();
  bytes_.reserve(std::max(bytes_.size() + bytes.size(),
                          bytes_.size() > bytes_.capacity() / 2 ? 2 * bytes_.capacity() : bytes_.capacity()));
  repoint(from);
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void Tree::leaf_value(const Cell& value) {
  Node node{NodeKind::value, 0, 0, 0, 0, value};
  if (value.type == CellType::array) {
    arrays_.push_back(std::make_shared<const Array>(value));
    node.value.data = arrays_.back()->cells.data();
  } else if (value.size > 0) {
    grow_bytes(value.bytes());
    node.value.data = bytes_.data() + (bytes_.size() - value.size);
  } else if (may_point(value.type)) {
    node.value.data = ""; // nothing to own, and nothing that could dangle
  }
  nodes_.push_back(node);
}

void Tree::node(const Node& node) {
  if (node.kind == NodeKind::value) {
    leaf_value(node.value);
  } else {
    nodes_.push_back(node);
  }
}

std::uint32_t Tree::add_source(const Source& source) {
  const auto same_on = [](const JoinOn& a, const JoinOn& b) {
    return a.parent_column == b.parent_column && a.column == b.column;
  };
  const auto same = [&](const Source& one) {
    return source.kind != JoinKind::exists && one.table == source.table && one.parent == source.parent &&
           one.kind == source.kind &&
           std::equal(one.on.begin(), one.on.end(), source.on.begin(), source.on.end(), same_on);
  };
  const auto found = std::find_if(sources_.begin(), sources_.end(), same);
  if (found != sources_.end()) return static_cast<std::uint32_t>(found - sources_.begin()) + 1;
  sources_.push_back(source);
  return static_cast<std::uint32_t>(sources_.size());
}

void Tree::append(const Tree& child, std::uint32_t source) {
  boost::container::small_vector<std::uint32_t, 4> number{source}; // of the child's sources among ours
  for (Source one : child.sources_) {
    one.parent = number[one.parent];
    number.push_back(add_source(one));
  }
  nodes_.reserve(nodes_.size() + child.nodes_.size());
  for (Node one : child.nodes_) {
    if (one.kind == NodeKind::column || one.kind == NodeKind::exists) one.source = number[one.source];
    if (one.kind == NodeKind::value && one.value.type == CellType::array) {
      nodes_.push_back(one); // shared, see below
    } else {
      node(one);
    }
  }
  arrays_.insert(arrays_.end(), child.arrays_.begin(), child.arrays_.end());
}

Tree Tree::column(std::uint32_t column) {
  Tree tree;
  tree.leaf_column(column);
  return tree;
}

Tree Tree::value(const Cell& value) {
  Tree tree;
  tree.leaf_value(value);
  return tree;
}

Tree Tree::compare(NodeKind kind, std::uint32_t column, const Cell& value) {
  Tree tree;
  tree.inner(kind, 2);
  tree.leaf_column(column);
  tree.leaf_value(value);
  return tree;
}

Tree Tree::unary(NodeKind kind, const Tree& child, std::uint16_t flags) {
  Tree tree;
  tree.inner(kind, 1, flags);
  tree.append(child);
  return tree;
}

Tree Tree::binary(NodeKind kind, const Tree& left, const Tree& right) {
  Tree tree;
  tree.inner(kind, 2);
  tree.append(left);
  tree.append(right);
  return tree;
}

Tree Tree::in(const Tree& left, std::span<const Cell> values) {
  Tree tree;
  tree.nodes_.reserve(values.size() + 1 + left.nodes_.size());
  std::size_t bytes = 0;
  for (const Cell& value : values)
    bytes += may_point(value.type) ? value.size : 0;
  tree.bytes_.reserve(bytes);
  tree.inner(NodeKind::in, static_cast<std::uint32_t>(values.size() + 1));
  tree.append(left);
  for (const Cell& value : values)
    tree.leaf_value(value);
  return tree;
}

Tree Tree::in(std::uint32_t column, std::span<const Cell> values) { return in(Tree::column(column), values); }

Tree Tree::combine(NodeKind kind, const Tree& left, const Tree& right, std::uint32_t source) {
  const auto opened = [kind](const Tree& tree) { return !tree.empty() && tree.nodes_.front().kind == kind; };
  const auto children = [&](const Tree& tree) -> std::uint32_t {
    return opened(tree) ? tree.nodes_.front().children : tree.empty() ? 0 : 1; // one of sources alone adds no node
  };
  Tree tree;
  tree.inner(kind, children(left) + children(right));
  for (const Tree* side : {&left, &right}) {
    const auto begin = static_cast<std::ptrdiff_t>(tree.nodes_.size());
    tree.append(*side, side == &right ? source : 0); // the left one's sources keep their numbers
    if (opened(*side)) tree.nodes_.erase(tree.nodes_.begin() + begin);
  }
  return tree;
}

Tree Tree::negate(const Tree& child) {
  Tree tree;
  tree.inner(NodeKind::negation, 1);
  if (child.empty()) tree.inner(NodeKind::all_of, 0);
  tree.append(child);
  return tree;
}

Tree json_value(const Tree& path, CellType wanted) {
  Tree tree;
  for (Node node : path.nodes()) {
    if (node.kind == NodeKind::json_exists) {
      node.kind = NodeKind::json_value;
      node.flags = static_cast<std::uint16_t>(wanted);
    }
    tree.node(node);
  }
  return tree;
}

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Tree compare_folded(NodeKind kind, const Tree& left, std::string_view text, Fold letters) {
  if (letters != Fold::ascii) { // only the database knows which letters those are
    const auto flags = static_cast<std::uint16_t>(letters);
    return Tree::binary(kind, Tree::unary(NodeKind::fold, left, flags),
                        Tree::unary(NodeKind::fold, Tree::value(Cell::text(text)), flags));
  }
  const std::string value = folded(text); // here once, instead of by the database for each row
  return Tree::binary(kind, Tree::unary(NodeKind::fold, left), Tree::value(Cell::text(value)));
}

void check_like_pattern(std::string_view pattern) {
  bool escaped = false;
  for (const char c : pattern)
    escaped = c == '\\' && !escaped;
  if (escaped) {
    throw_error(ErrorCode::data, "a like pattern ends in a lone escape character", "write \\\\ for a backslash");
  }
}

} // namespace tenon::detail
