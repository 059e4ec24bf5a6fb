// The reference's expressions: conditions, arithmetic, text, JSON.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <tenon/core/types.hpp>
#include <tenon/interface/error.hpp>

#include "reference.hpp"

namespace tenon::contract {
namespace {

std::string_view bytes_of(const Value& value) {
  const Cell cell = value.cell();
  return cell.size > 0 ? cell.bytes() : std::string_view();
}

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

[[noreturn]] void refuse() { throw_error(ErrorCode::data, "the reference: out of range, or a division by zero"); }

double real(const Value& value) {
  return value.type() == CellType::float64 ? value.cell().real : static_cast<double>(value.cell().integer);
}

Value calculated(NodeKind kind, const Value& left, const Value& right) {
  if (left.is_null() || right.is_null()) return Value::null();
  if (left.type() == CellType::float64 || right.type() == CellType::float64) {
    const double a = real(left);
    const double b = real(right);
    if (kind == NodeKind::divide && b == 0) refuse();
    const double result = kind == NodeKind::add        ? a + b
                          : kind == NodeKind::subtract ? a - b
                          : kind == NodeKind::multiply ? a * b
                                                       : a / b;
    if (std::isnan(result) || (std::isinf(result) && !std::isinf(a) && !std::isinf(b))) refuse();
    return Value::float64(result);
  }
  const std::int64_t a = left.cell().integer;
  const std::int64_t b = right.cell().integer;
  std::int64_t result = 0;
  bool out_of_range = false;
  switch (kind) {
    case NodeKind::add: out_of_range = __builtin_add_overflow(a, b, &result); break;
    case NodeKind::subtract: out_of_range = __builtin_sub_overflow(a, b, &result); break;
    case NodeKind::multiply: out_of_range = __builtin_mul_overflow(a, b, &result); break;
    default:
      out_of_range = b == 0 || (a == std::numeric_limits<std::int64_t>::min() && b == -1);
      if (!out_of_range) result = a / b;
  }
  if (out_of_range) refuse();
  return Value::int64(result);
}

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// The letters beyond ASCII that tests give the reference, and their capitals as Fold::unicode says: accents, letters
/// that become two, the three forms of sigma, the i with a dot too many and that with one too few.
constexpr std::pair<std::string_view, std::string_view> kCapitals[] = {
    {"é", "É"}, {"ß", "SS"}, {"ẞ", "SS"}, {"σ", "Σ"}, {"ς", "Σ"}, {"ı", "I"}, {"İ", "I\u0307"}, {"я", "Я"}, {"ﬁ", "FI"},
};

std::string capitals(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view letter = next_character(text);
    const auto* const found = std::find_if(std::begin(kCapitals), std::end(kCapitals),
                                           [letter](const auto& one) { return one.first == letter; });
    if (found != std::end(kCapitals)) {
      out += found->second;
    } else {
      out += letter;
      if (letter >= "a" && letter <= "z") out.back() = static_cast<char>(out.back() - 'a' + 'A');
    }
  }
  return out;
}

bool text_matches(NodeKind kind, std::string_view text, std::string_view part) {
  switch (kind) {
    case NodeKind::like: return is_like(text, part);
    case NodeKind::contains: return text.find(part) != std::string_view::npos;
    case NodeKind::starts_with: return text.starts_with(part);
    default: return text.ends_with(part);
  }
}

bool comparison_holds(NodeKind kind, int difference) {
  switch (kind) {
    case NodeKind::eq: return difference == 0;
    case NodeKind::ne: return difference != 0;
    case NodeKind::lt: return difference < 0;
    case NodeKind::le: return difference <= 0;
    case NodeKind::gt: return difference > 0;
    case NodeKind::ge: return difference >= 0;
    default: throw std::logic_error("the reference does not know a kind of node");
  }
}

/// What stands at the path, if anything does.
std::optional<nlohmann::json> at_path(std::string_view document, const std::vector<Value>& path) {
  nlohmann::json found = nlohmann::json::parse(document);
  for (const Value& step : path) {
    if (step.type() == CellType::text) {
      const std::string name(bytes_of(step));
      if (!found.is_object() || !found.contains(name)) return std::nullopt;
      found = nlohmann::json(found[name]);
    } else {
      const std::int64_t position = step.cell().integer;
      if (!found.is_array() || position < 0 || static_cast<std::uint64_t>(position) >= found.size())
        return std::nullopt;
      found = nlohmann::json(found[static_cast<std::size_t>(position)]);
    }
  }
  return found;
}

Value scalar(const nlohmann::json& found, CellType wanted) {
  switch (wanted) {
    case CellType::boolean: return found.is_boolean() ? Value::boolean(found.get<bool>()) : Value::null();
    case CellType::text: return found.is_string() ? Value::text(found.get<std::string>()) : Value::null();
    case CellType::float64: return found.is_number() ? Value::float64(found.get<double>()) : Value::null();
    case CellType::int64: {
      constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      const bool fits = found.is_number_unsigned() ? found.get<std::uint64_t>() <= kLargest : found.is_number_integer();
      return fits ? Value::int64(found.get<std::int64_t>()) : Value::null();
    }
    default: throw std::logic_error("json_value of a type that it does not give");
  }
}

/// Reads trees in prefix order, one subtree after the other.
class Evaluation {
public:
  Evaluation(std::span<const Node> nodes, std::size_t& at, const Joined& row, const reference::Scope& scope)
      : nodes_(nodes), at_(at), row_(row), scope_(scope) {}

  Value value() { // NOLINT(misc-no-recursion): a tree
    const Node& node = nodes_[at_++];
    switch (node.kind) {
      case NodeKind::column: {
        const Row* row = row_[node.source];
        return row == nullptr ? Value::null() : (*row)[node.column];
      }
      case NodeKind::value: return Value(node.value);
      case NodeKind::output: return (*scope_.outputs)[node.column];
      case NodeKind::all_of: return combined(node.children, false);
      case NodeKind::any_of: return combined(node.children, true);
      case NodeKind::negation: {
        const Value inner = value();
        return inner.is_null() ? inner : Value::boolean(inner.cell().integer == 0);
      }
      case NodeKind::is_null: return Value::boolean(value().is_null());
      case NodeKind::is_not_null: return Value::boolean(!value().is_null());
      case NodeKind::in: return among(node.children);
      case NodeKind::fold: {
        Value text = value();
        if (text.is_null()) return text;
        const bool ascii = node.flags == static_cast<std::uint16_t>(Fold::ascii);
        return Value::text(ascii ? folded(bytes_of(text)) : capitals(bytes_of(text)));
      }
      case NodeKind::json_value:
      case NodeKind::json_exists: return json(node);
      case NodeKind::exists: return exists(node);
      default: return binary(node.kind);
    }
  }

private:
  Value binary(NodeKind kind) { // NOLINT(misc-no-recursion): a tree
    const Value left = value();
    const Value right = value();
    if (kind >= NodeKind::add && kind <= NodeKind::divide) return calculated(kind, left, right);
    if (left.is_null() || right.is_null()) return Value::null();
    if (kind >= NodeKind::like && kind <= NodeKind::ends_with) {
      return Value::boolean(text_matches(kind, bytes_of(left), bytes_of(right)));
    }
    return Value::boolean(comparison_holds(kind, compared(left, right)));
  }

  /// `decisive` is the value of one child that settles it.
  Value combined(std::uint32_t children, bool decisive) { // NOLINT(misc-no-recursion): a tree
    bool settled = false;
    bool unknown = false;
    for (std::uint32_t i = 0; i < children; ++i) {
      const Value child = value(); // every child: it moves the position
      unknown = unknown || child.is_null();
      settled = settled || (!child.is_null() && (child.cell().integer != 0) == decisive);
    }
    if (settled) return Value::boolean(decisive);
    return unknown ? Value::null() : Value::boolean(!decisive);
  }

  Value among(std::uint32_t children) { // NOLINT(misc-no-recursion): a tree
    const Value left = value();
    bool found = false;
    bool unknown = false;
    for (std::uint32_t i = 1; i < children; ++i) {
      const Value one = value();
      if (left.is_null() || one.is_null()) {
        unknown = true;
      } else {
        found = found || compared(left, one) == 0;
      }
    }
    if (found) return Value::boolean(true);
    return unknown ? Value::null() : Value::boolean(false);
  }

  Value json(const Node& node) { // NOLINT(misc-no-recursion): a tree
    const Value document = value();
    std::vector<Value> path;
    for (std::uint32_t i = 1; i < node.children; ++i)
      path.push_back(value());
    if (document.is_null()) return Value::null();
    const auto found = at_path(bytes_of(document), path);
    if (node.kind == NodeKind::json_exists) return Value::boolean(found.has_value());
    return found ? scalar(*found, static_cast<CellType>(node.flags)) : Value::null();
  }

  Value exists(const Node& node) { // NOLINT(misc-no-recursion): a tree
    const Source& source = scope_.sources[node.source - 1];
    const std::size_t condition = at_;
    at_ = subtree_end(nodes_, condition - 1);
    for (const Row& candidate : scope_.contents->at(source.table)) {
      if (!reference::is_partner(source, row_, candidate)) continue;
      if (node.children == 0) return Value::boolean(true);
      Joined inside = row_;
      inside[node.source] = &candidate;
      std::size_t position = condition;
      const Value held = Evaluation(nodes_, position, inside, scope_).value();
      if (!held.is_null() && held.cell().integer != 0) return Value::boolean(true);
    }
    return Value::boolean(false);
  }

  std::span<const Node> nodes_;
  std::size_t& at_;
  const Joined& row_;
  const reference::Scope& scope_;
};

} // namespace

namespace reference {

Value value_of(std::span<const Node> nodes, std::size_t& position, const Joined& row, const Scope& scope) {
  return Evaluation(nodes, position, row, scope).value();
}

Truth truth_of(std::span<const Node> nodes, const Joined& row, const Scope& scope) {
  if (nodes.empty()) return Truth::yes;
  std::size_t position = 0;
  const Value held = value_of(nodes, position, row, scope);
  return held.is_null() ? Truth::unknown : held.cell().integer != 0 ? Truth::yes : Truth::no;
}

bool is_partner(const Source& source, const Joined& row, const Row& candidate) {
  const Row* parent = row[source.parent];
  if (parent == nullptr) return false;
  for (const JoinOn& on : source.on) {
    const Value& left = (*parent)[on.parent_column];
    const Value& right = candidate[on.column];
    if (left.is_null() || right.is_null() || compared(left, right) != 0) return false;
  }
  return true;
}

} // namespace reference

int compared(const Value& a, const Value& b) {
  const auto sign = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  const Cell left = a.cell();
  const Cell right = b.cell();
  if (a.type() != b.type()) return sign(real(a), real(b));
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

bool same(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  return a.type() == b.type() && (a.type() == CellType::json ? a == b : compared(a, b) == 0);
}

} // namespace tenon::contract
