#include <tenon/core/predicate.hpp>

#include <utility>

namespace tenon::detail {

void Tree::leaf_value(const Cell& value) {
  Node node{NodeKind::value, 0, 0, 0, 0, value};
  if (value.size > 0) {
    bytes_.push_back(std::make_shared<const std::string>(value.bytes()));
    node.value.data = bytes_.back()->data();
  } else if (value.type == CellType::text || value.type == CellType::blob || value.type == CellType::json) {
    node.value.data = ""; // nothing to own, and nothing that could dangle
  }
  nodes_.push_back(node);
}

void Tree::append(const Tree& child) {
  nodes_.insert(nodes_.end(), child.nodes_.begin(), child.nodes_.end());
  bytes_.insert(bytes_.end(), child.bytes_.begin(), child.bytes_.end());
}

Tree Tree::compare(NodeKind kind, std::uint32_t column, const Cell& value) {
  Tree tree;
  tree.inner(kind, 2);
  tree.leaf_column(column);
  tree.leaf_value(value);
  return tree;
}

Tree Tree::null_test(NodeKind kind, std::uint32_t column) {
  Tree tree;
  tree.inner(kind, 1);
  tree.leaf_column(column);
  return tree;
}

Tree Tree::in(std::uint32_t column, const std::vector<Cell>& values) {
  Tree tree;
  tree.nodes_.reserve(values.size() + 2);
  tree.inner(NodeKind::in, static_cast<std::uint32_t>(values.size() + 1));
  tree.leaf_column(column);
  for (const Cell& value : values)
    tree.leaf_value(value);
  return tree;
}

Tree Tree::combine(NodeKind kind, const Tree& left, const Tree& right) {
  const auto opened = [kind](const Tree& tree) { return tree.nodes_.front().kind == kind; };
  const auto children = [&](const Tree& tree) { return opened(tree) ? tree.nodes_.front().children : 1; };
  Tree tree;
  tree.nodes_.reserve(left.nodes_.size() + right.nodes_.size() + 1);
  tree.inner(kind, children(left) + children(right));
  for (const Tree* side : {&left, &right}) {
    tree.append(*side);
    if (opened(*side)) {
      tree.nodes_.erase(tree.nodes_.end() - static_cast<std::ptrdiff_t>(side->nodes_.size()));
    }
  }
  return tree;
}

Tree Tree::negate(const Tree& child) {
  Tree tree;
  tree.inner(NodeKind::negation, 1);
  if (child.empty()) {
    tree.inner(NodeKind::all_of, 0);
  } else {
    tree.append(child);
  }
  return tree;
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
