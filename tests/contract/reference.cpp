#include "reference.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include <tenon/core/types.hpp>

namespace tenon::contract {
namespace {

constexpr Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }

std::string_view next_character(std::string_view& text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    ++length;
  const std::string_view character = text.substr(0, length);
  text.remove_prefix(length);
  return character;
}

bool is_like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '%') {
    for (std::string_view rest = text;; next_character(rest)) {
      if (is_like(rest, pattern.substr(1))) return true;
      if (rest.empty()) return false;
    }
  }
  const bool wild = pattern.front() == '_';
  if (pattern.front() == '\\') pattern.remove_prefix(1);
  const std::string_view wanted = next_character(pattern);
  if (text.empty()) return false;
  const std::string_view character = next_character(text);
  return (wild || character == wanted) && is_like(text, pattern);
}

/// Reads trees in prefix order, one subtree after the other.
class Evaluation {
public:
  Evaluation(Filter filter, const Row& row) : filter_(filter), row_(row) {}

  Truth truth() {
    const Node& node = filter_[at_++];
    switch (node.kind) {
      case NodeKind::all_of: return combined(node.children, Truth::no);
      case NodeKind::any_of: return combined(node.children, Truth::yes);
      case NodeKind::negation: {
        const Truth inner = truth();
        return inner == Truth::unknown ? Truth::unknown : truth_of(inner == Truth::no);
      }
      case NodeKind::is_null: return truth_of(operand().is_null());
      case NodeKind::is_not_null: return truth_of(!operand().is_null());
      case NodeKind::in: return among(node.children);
      default: break;
    }
    const Value left = operand();
    const Value right = operand();
    if (left.is_null() || right.is_null()) return Truth::unknown;
    return truth_of(comparison(node.kind, left, right));
  }

private:
  Value operand() {
    const Node& node = filter_[at_++];
    return node.kind == NodeKind::column ? row_[node.column] : Value(node.value);
  }

  /// `decisive` is the value of one child that settles it.
  Truth combined(std::uint32_t children, Truth decisive) {
    Truth result = decisive == Truth::yes ? Truth::no : Truth::yes;
    for (std::uint32_t i = 0; i < children; ++i) {
      const Truth child = truth(); // every child: it moves the position
      if (child == decisive) {
        result = decisive;
      } else if (child == Truth::unknown && result != decisive) {
        result = Truth::unknown;
      }
    }
    return result;
  }

  Truth among(std::uint32_t children) {
    const Value left = operand();
    Truth result = Truth::no;
    for (std::uint32_t i = 1; i < children; ++i) {
      const Value one = operand();
      if (left.is_null() || one.is_null()) {
        if (result == Truth::no) result = Truth::unknown;
      } else if (compared(left, one) == 0) {
        result = Truth::yes;
      }
    }
    return result;
  }

  static bool comparison(NodeKind kind, const Value& left, const Value& right) {
    const std::string_view text = left.cell().size > 0 ? left.cell().bytes() : std::string_view();
    const std::string_view part = right.cell().size > 0 ? right.cell().bytes() : std::string_view();
    switch (kind) {
      case NodeKind::eq: return compared(left, right) == 0;
      case NodeKind::ne: return compared(left, right) != 0;
      case NodeKind::lt: return compared(left, right) < 0;
      case NodeKind::le: return compared(left, right) <= 0;
      case NodeKind::gt: return compared(left, right) > 0;
      case NodeKind::ge: return compared(left, right) >= 0;
      case NodeKind::like: return is_like(std::string(text), std::string(part));
      case NodeKind::contains: return text.find(part) != std::string_view::npos;
      case NodeKind::starts_with: return text.starts_with(part);
      case NodeKind::ends_with: return text.ends_with(part);
      default: throw std::logic_error("a node that is no comparison");
    }
  }

  Filter filter_;
  const Row& row_;
  std::size_t at_ = 0;
};

bool comes_before(const Row& a, const Row& b, std::span<const OrderTerm> order) {
  for (const OrderTerm& term : order) {
    const Value& left = a[term.column];
    const Value& right = b[term.column];
    if (left.is_null() && right.is_null()) continue;
    if (left.is_null() || right.is_null()) {
      const bool nulls_first =
          term.nulls == NullOrder::first || (term.nulls == NullOrder::largest && term.descending != 0);
      return left.is_null() == nulls_first;
    }
    const int difference = compared(left, right);
    if (difference != 0) return term.descending != 0 ? difference > 0 : difference < 0;
  }
  return false;
}

} // namespace

int compared(const Value& a, const Value& b) {
  const auto sign = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  const Cell left = a.cell();
  const Cell right = b.cell();
  switch (a.type()) {
    case CellType::float64: return sign(left.real, right.real);
    case CellType::decimal: {
      const auto order = Decimal::parse(left.bytes()) <=> Decimal::parse(right.bytes());
      return order < 0 ? -1 : order > 0 ? 1 : 0;
    }
    case CellType::text: // by code point, which in UTF-8 is by byte
    case CellType::blob:
    case CellType::uuid: {
      const std::size_t common = std::min(left.size, right.size);
      const int difference = common == 0 ? 0 : std::memcmp(left.data, right.data, common);
      return difference != 0 ? sign(difference, 0) : sign(left.size, right.size);
    }
    default: return sign(left.integer, right.integer);
  }
}

Truth holds(Filter filter, const Row& row) { return filter.empty() ? Truth::yes : Evaluation(filter, row).truth(); }

Rows evaluated(const Rows& rows, const Query& query) {
  Rows kept;
  for (const Row& row : rows) {
    if (holds(query.filter, row) == Truth::yes) kept.push_back(row);
  }
  std::stable_sort(kept.begin(), kept.end(),
                   [&](const Row& a, const Row& b) { return comes_before(a, b, query.order); });
  Rows out;
  for (std::uint64_t i = query.offset; i < kept.size() && out.size() < query.limit; ++i) {
    Row row;
    for (const Output& output : query.outputs)
      row.push_back(kept[i][output.column.column]);
    out.push_back(query.outputs.empty() ? kept[i] : row);
  }
  return out;
}

} // namespace tenon::contract
