#include "row_truth.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include <tenon/core/operand.hpp>
#include <tenon/core/types.hpp>

#include "cells.hpp"

namespace tenon::detail {
namespace {

/// The character of UTF-8 that begins there; empty at the end.
std::string_view character_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    ++end;
  return text.substr(at, end - at);
}

/// As the databases do: % is any text, _ one character, and \ takes the next character literally.
bool is_like(std::string_view text, std::string_view pattern) {
  std::size_t at = 0, next = 0;
  std::optional<std::size_t> behind_any; // the pattern behind its last %, which has taken the text up to `taken`
  std::size_t taken = 0;
  while (at < text.size()) {
    if (next < pattern.size() && pattern[next] == '%') {
      behind_any = ++next;
      taken = at;
      continue;
    }
    if (next < pattern.size()) {
      const std::size_t begin = pattern[next] == '\\' ? next + 1 : next;
      const std::string_view wanted = character_at(pattern, begin);
      const std::string_view found = character_at(text, at);
      if (pattern[next] == '_' || wanted == found) {
        next = begin + wanted.size();
        at += found.size();
        continue;
      }
    }
    if (!behind_any) return false;
    next = *behind_any;
    taken += character_at(text, taken).size();
    at = taken;
  }
  return pattern.find_first_not_of('%', next) == std::string_view::npos;
}

bool matches(NodeKind kind, std::string_view text, std::string_view part) {
  switch (kind) {
    case NodeKind::like: return is_like(text, part);
    case NodeKind::contains: return text.find(part) != std::string_view::npos;
    case NodeKind::starts_with: return text.starts_with(part);
    default: return text.ends_with(part);
  }
}

bool stands(NodeKind kind, std::strong_ordering order) {
  switch (kind) {
    case NodeKind::eq: return order == 0;
    case NodeKind::ne: return order != 0;
    case NodeKind::lt: return order < 0;
    case NodeKind::le: return order <= 0;
    case NodeKind::gt: return order > 0;
    default: return order >= 0;
  }
}

Truths compare(NodeKind kind, const Cell& left, const Cell& right) {
  if (left.is_null() || right.is_null()) return Truths::unknown();
  if (left.type != right.type || left.type == CellType::json) return Truths::any();
  if (kind >= NodeKind::like && kind <= NodeKind::ends_with) {
    return left.type == CellType::text ? Truths::of(matches(kind, left.bytes(), right.bytes())) : Truths::any();
  }
  if (left.type == CellType::decimal) { // by value, however written
    return Truths::of(stands(kind, Decimal::parse(left.bytes()) <=> Decimal::parse(right.bytes())));
  }
  return Truths::of(stands(kind, compare_cells(left, right)));
}

/// Reads the tree in prefix order, one subtree after the other.
class Evaluator {
public:
  Evaluator(std::span<const Node> nodes, const Cell* row) : nodes_(nodes), row_(row) {}

  Truths next() { // NOLINT(misc-no-recursion): a tree
    const Node& node = nodes_[at_];
    switch (node.kind) {
      case NodeKind::all_of:
      case NodeKind::any_of: return logic(node.kind == NodeKind::any_of);
      case NodeKind::negation: ++at_; return !next();
      case NodeKind::is_null:
      case NodeKind::is_not_null: {
        ++at_;
        std::string text;
        const auto value = leaf(text);
        return value ? Truths::of(value->is_null() == (node.kind == NodeKind::is_null)) : Truths::any();
      }
      case NodeKind::eq:
      case NodeKind::ne:
      case NodeKind::lt:
      case NodeKind::le:
      case NodeKind::gt:
      case NodeKind::ge:
      case NodeKind::like:
      case NodeKind::contains:
      case NodeKind::starts_with:
      case NodeKind::ends_with: {
        ++at_;
        std::string text;
        return against(node.kind, leaf(text));
      }
      case NodeKind::in: return membership(node.children);
      default: at_ = subtree_end(nodes_, at_); return Truths::any();
    }
  }

private:
  Truths logic(bool any) { // NOLINT(misc-no-recursion): a tree
    Truths result = Truths::of(!any);
    for (std::uint32_t children = nodes_[at_++].children; children > 0; --children) {
      const Truths child = next(); // every child: it moves the position
      result = any ? result || child : result && child;
    }
    return result;
  }
  Truths membership(std::uint32_t children) {
    ++at_;
    std::string text;
    const auto left = leaf(text);
    Truths result = Truths::no();
    for (; children > 1; --children)
      result = result || against(NodeKind::eq, left);
    return result;
  }
  /// Of the left side, read already, and the next subtree.
  Truths against(NodeKind kind, const std::optional<Cell>& left) {
    std::string text;
    const auto right = leaf(text);
    return left && right ? compare(kind, *left, *right) : Truths::any();
  }

  /// The next subtree if it is a column of the row or a value, without its capitals if that is asked; those are put
  /// into `text`. Nothing where only a database knows it.
  std::optional<Cell> leaf(std::string& text) {
    const Node* node = &nodes_[at_];
    at_ = subtree_end(nodes_, at_);
    const bool folds = node->kind == NodeKind::fold && node->flags == static_cast<std::uint16_t>(Fold::ascii);
    if (folds) ++node;
    if (node->kind != NodeKind::value && (node->kind != NodeKind::column || node->source != 0)) return std::nullopt;
    const Cell& cell = node->kind == NodeKind::value ? node->value : row_[node->column];
    if (!folds || cell.is_null()) return cell;
    text = folded(cell.bytes());
    return Cell::text(text);
  }

  std::span<const Node> nodes_;
  const Cell* row_;
  std::size_t at_ = 0;
};

} // namespace

Truths truths_of(const Tree& condition, const Cell* row) {
  return condition.empty() ? Truths::yes() : Evaluator(condition.nodes(), row).next();
}

} // namespace tenon::detail
