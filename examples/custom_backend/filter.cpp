#include "filter.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <tenon/interface/error.hpp>

namespace memory_map {
namespace {

using tenon::Cell;
using tenon::CellType;
using tenon::Filter;
using tenon::Node;
using tenon::NodeKind;

enum class Truth { no, unknown, yes };

constexpr Truth truth(bool value) noexcept { return value ? Truth::yes : Truth::no; }

bool is_leaf(NodeKind kind) noexcept { return kind == NodeKind::column || kind == NodeKind::value; }

[[noreturn]] void malformed(const std::string& what) {
  tenon::throw_error(tenon::ErrorCode::programming, "a malformed filter: " + what);
}

/// The fewest and the most children of a kind.
std::pair<std::uint32_t, std::uint32_t> children_of(NodeKind kind) {
  constexpr std::uint32_t kAny = ~std::uint32_t{0};
  switch (kind) {
    case NodeKind::column:
    case NodeKind::value: return {0, 0};
    case NodeKind::all_of:
    case NodeKind::any_of: return {0, kAny};
    case NodeKind::in: return {1, kAny};
    case NodeKind::negation:
    case NodeKind::is_null:
    case NodeKind::is_not_null: return {1, 1};
    case NodeKind::eq:
    case NodeKind::ne:
    case NodeKind::lt:
    case NodeKind::le:
    case NodeKind::gt:
    case NodeKind::ge:
    case NodeKind::like:
    case NodeKind::contains:
    case NodeKind::starts_with:
    case NodeKind::ends_with: return {2, 2};
    default: break; // the later kinds: what a backend does not know it says
  }
  tenon::throw_error(tenon::ErrorCode::not_supported,
                     "memory_map does not know filters of kind " + std::to_string(static_cast<unsigned>(kind)));
}

/// Walks over the tree in prefix order; each function leaves the position behind the subtree that it read.
class Evaluation {
public:
  Evaluation(Filter filter, const Row& row) : filter_(filter), row_(row) {}

  Truth condition() {
    const Node& node = filter_[position_];
    switch (node.kind) {
      case NodeKind::column:
      case NodeKind::value: return flag(operand());
      case NodeKind::all_of: return all_of(next());
      case NodeKind::any_of: return any_of(next());
      case NodeKind::negation: next(); return negated(condition());
      case NodeKind::is_null: next(); return truth(operand().is_null());
      case NodeKind::is_not_null: next(); return truth(!operand().is_null());
      case NodeKind::in: return in(next());
      default: next(); return comparison(node.kind);
    }
  }

private:
  const Node& next() noexcept { return filter_[position_++]; }

  Cell operand() {
    const Node& node = next();
    if (node.kind == NodeKind::value) return node.value;
    return row_[node.column].cell();
  }

  static Truth flag(const Cell& cell) {
    if (cell.is_null()) return Truth::unknown;
    if (cell.type != CellType::boolean) malformed("a value that is no condition");
    return truth(cell.integer != 0);
  }
  static Truth negated(Truth value) noexcept { return value == Truth::unknown ? value : truth(value == Truth::no); }

  // Every child is read even where the result is settled: the position has to end behind the last one.
  Truth all_of(const Node& node) {
    Truth result = Truth::yes;
    for (std::uint32_t i = 0; i < node.children; ++i)
      result = std::min(result, condition());
    return result;
  }
  Truth any_of(const Node& node) {
    Truth result = Truth::no;
    for (std::uint32_t i = 0; i < node.children; ++i)
      result = std::max(result, condition());
    return result;
  }

  Truth in(const Node& node) {
    const Cell wanted = operand();
    Truth result = Truth::no;
    for (std::uint32_t i = 1; i < node.children; ++i) {
      const Cell candidate = operand();
      const bool unknown = wanted.is_null() || candidate.is_null();
      result = std::max(result, unknown ? Truth::unknown : truth(compare(wanted, candidate) == 0));
    }
    return result;
  }

  Truth comparison(NodeKind kind) {
    const Cell left = operand();
    const Cell right = operand();
    if (left.is_null() || right.is_null()) return Truth::unknown;
    switch (kind) {
      case NodeKind::eq: return truth(compare(left, right) == 0);
      case NodeKind::ne: return truth(compare(left, right) != 0);
      case NodeKind::lt: return truth(compare(left, right) < 0);
      case NodeKind::le: return truth(compare(left, right) <= 0);
      case NodeKind::gt: return truth(compare(left, right) > 0);
      case NodeKind::ge: return truth(compare(left, right) >= 0);
      default: break;
    }
    if (left.type != CellType::text || right.type != CellType::text) malformed("a text search in what is no text");
    const std::string_view text = left.bytes();
    const std::string_view part = right.bytes();
    switch (kind) {
      case NodeKind::like: return truth(like(text, part));
      case NodeKind::contains: return truth(text.find(part) != std::string_view::npos);
      case NodeKind::starts_with: return truth(text.starts_with(part));
      default: return truth(text.ends_with(part));
    }
  }

  Filter filter_;
  const Row& row_;
  std::size_t position_ = 0;
};

} // namespace

void check_filter(Filter filter, std::size_t columns) {
  if (!filter.sources.empty()) tenon::throw_error(tenon::ErrorCode::not_supported, "memory_map has no joins");
  std::size_t open = filter.empty() ? 0 : 1; // subtrees that still have to come
  std::size_t operands = 0;                  // how many of the next ones must be leaves
  for (const Node& node : filter) {
    const auto [fewest, most] = children_of(node.kind);
    if (node.flags != 0 || node.source != 0) {
      tenon::throw_error(tenon::ErrorCode::not_supported, "memory_map filters one table at a time");
    }
    if (open == 0 || node.children < fewest || node.children > most) malformed("a wrong number of children");
    if (node.kind == NodeKind::column && node.column >= columns) malformed("a column that is not there");
    if (operands > 0 && !is_leaf(node.kind)) malformed("an operand that is no column and no value");
    open += node.children;
    --open;
    if (operands > 0) {
      --operands;
    } else if (node.kind != NodeKind::all_of && node.kind != NodeKind::any_of && node.kind != NodeKind::negation) {
      operands = node.children;
    }
  }
  if (open != 0) malformed("it ends too early");
}

bool matches(Filter filter, const Row& row) {
  return filter.empty() || Evaluation(filter, row).condition() == Truth::yes;
}

bool like(std::string_view text, std::string_view pattern) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t t = 0, p = 0;
  std::size_t retry_p = kNone, retry_t = 0; // behind the last %, and how much text it has taken so far
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      retry_p = ++p;
      retry_t = t;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      t += sequence_length(text[t]);
      continue;
    }
    if (p < pattern.size()) {
      const std::size_t literal = pattern[p] == '\\' ? p + 1 : p;
      if (literal == pattern.size()) tenon::throw_error(tenon::ErrorCode::data, "a pattern that ends in a lone \\");
      if (pattern[literal] == text[t]) {
        p = literal + 1;
        ++t;
        continue;
      }
    }
    if (retry_p == kNone) return false;
    p = retry_p;
    t = retry_t += sequence_length(text[retry_t]);
  }
  return pattern.find_first_not_of('%', p) == kNone;
}

} // namespace memory_map
