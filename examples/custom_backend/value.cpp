#include "value.hpp"

#include <algorithm>

#include <tenon/interface/error.hpp>

namespace memory_map {
namespace {

using tenon::Cell;
using tenon::CellType;

bool in_place(CellType type) noexcept {
  return type == CellType::boolean || type == CellType::int64 || type == CellType::timestamp || type == CellType::date;
}

std::string_view without_leading_zeros(std::string_view digits) noexcept {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

/// The parts of "[-]digits[.digits]" that matter for its value.
struct Decimal {
  explicit Decimal(std::string_view text) noexcept {
    negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const auto point = text.find('.');
    whole = without_leading_zeros(text.substr(0, point));
    if (point != std::string_view::npos) fraction = text.substr(point + 1);
    fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
    if (whole.empty() && fraction.empty()) negative = false; // there is one zero
  }
  bool negative;
  std::string_view whole, fraction;
};

std::weak_ordering compare_decimals(const Decimal& a, const Decimal& b) noexcept {
  if (a.negative != b.negative) return a.negative ? std::weak_ordering::less : std::weak_ordering::greater;
  std::weak_ordering order = a.whole.size() <=> b.whole.size();
  if (order == 0) order = a.whole <=> b.whole;
  if (order == 0) order = a.fraction <=> b.fraction; // without zeros at their ends, digits compare as text
  return a.negative ? 0 <=> order : order;
}

} // namespace

Value::Value(const Cell& cell) : type_(cell.type) {
  if (type_ == CellType::float64)
    real_ = cell.real;
  else if (in_place(type_))
    integer_ = cell.integer;
  else if (type_ != CellType::null)
    bytes_.assign(cell.bytes());
}

Cell Value::cell() const noexcept {
  Cell cell = Cell::null();
  cell.type = type_;
  if (type_ == CellType::float64) {
    cell.real = real_;
  } else if (in_place(type_)) {
    cell.integer = integer_;
  } else if (type_ != CellType::null) {
    cell.data = bytes_.data();
    cell.size = bytes_.size();
  }
  return cell;
}

std::weak_ordering compare(const Cell& a, const Cell& b) {
  if (a.type == CellType::decimal && b.type == CellType::int64) {
    return compare_decimals(Decimal(a.bytes()), Decimal(std::to_string(b.integer)));
  }
  if (a.type == CellType::int64 && b.type == CellType::decimal) return 0 <=> compare(b, a);
  if (a.type != b.type) {
    tenon::throw_error(tenon::ErrorCode::programming, "a " + std::string(tenon::cell_type_name(a.type)) +
                                                          " cannot be compared with a " +
                                                          std::string(tenon::cell_type_name(b.type)));
  }
  if (a.type == CellType::float64) {
    return a.real < b.real   ? std::weak_ordering::less
           : a.real > b.real ? std::weak_ordering::greater
                             : std::weak_ordering::equivalent;
  }
  if (in_place(a.type)) return a.integer <=> b.integer;
  if (a.type == CellType::decimal) return compare_decimals(Decimal(a.bytes()), Decimal(b.bytes()));
  return a.bytes() <=> b.bytes(); // as unsigned bytes, which in UTF-8 is the order of code points
}

std::size_t sequence_length(char lead) noexcept {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

std::optional<std::size_t> code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = sequence_length(text.front());
    if (lead == 0 || (lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || length > text.size()) return std::nullopt;
    for (std::size_t i = 1; i < length; ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return std::nullopt;
    }
    if (length > 2) { // overlong forms, surrogates and what is beyond U+10FFFF show in the second byte
      const auto second = static_cast<unsigned char>(text[1]);
      if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
          (lead == 0xF4 && second > 0x8F)) {
        return std::nullopt;
      }
    }
    text.remove_prefix(length);
    ++count;
  }
  return count;
}

} // namespace memory_map
