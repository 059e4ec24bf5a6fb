#include "decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tenon::sqlite {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// A number as 0.DDD × 10^exponent, where DDD begins with a digit that is not 0; a view, so nothing is copied.
struct Number {
  bool valid = false;
  bool negative = false;
  std::int64_t exponent = 0;
  std::string_view digits; ///< from the first to the last digit that is not 0; may hold the point; empty for zero
};

Number read(std::string_view text) noexcept {
  Number number;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    number.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  std::size_t end = 0;
  bool any = false;
  bool point = false;
  std::int64_t whole = 0; // digits before the point, counted from the first that is not 0
  std::size_t first = std::string_view::npos;
  std::size_t last = 0;
  std::int64_t zeros = 0; // behind the point and before the first digit that is not 0
  for (; end < text.size() && (is_digit(text[end]) || (text[end] == '.' && !point)); ++end) {
    if (text[end] == '.') {
      point = true;
      continue;
    }
    any = true;
    if (text[end] != '0') {
      if (first == std::string_view::npos) first = end;
      last = end;
    }
    if (first == std::string_view::npos) {
      zeros += point ? 1 : 0;
    } else if (!point) {
      ++whole;
    }
  }
  if (!any) return number;
  std::int64_t exponent = 0;
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t from = end + 1;
    if (from < text.size() && text[from] == '+') ++from;
    const auto result = std::from_chars(text.data() + from, text.data() + text.size(), exponent);
    if (result.ec != std::errc{} || exponent > 1'000'000'000 || exponent < -1'000'000'000) return number;
    end = static_cast<std::size_t>(result.ptr - text.data());
  }
  if (end != text.size()) return number;
  number.valid = true;
  if (first == std::string_view::npos) {
    number.negative = false; // -0 is 0
    return number;
  }
  number.digits = text.substr(first, last - first + 1);
  number.exponent = exponent + (whole > 0 ? whole : -zeros);
  return number;
}

int compare_digits(std::string_view left, std::string_view right) noexcept {
  std::size_t l = 0;
  std::size_t r = 0;
  for (;;) {
    if (l < left.size() && left[l] == '.') ++l;
    if (r < right.size() && right[r] == '.') ++r;
    const char a = l < left.size() ? left[l++] : '0';
    const char b = r < right.size() ? right[r++] : '0';
    if (a != b) return a < b ? -1 : 1;
    if (l >= left.size() && r >= right.size()) return 0;
  }
}

} // namespace

int compare_decimals(std::string_view left, std::string_view right) noexcept {
  const Number a = read(left);
  const Number b = read(right);
  if (!a.valid || !b.valid) {
    if (a.valid != b.valid) return a.valid ? -1 : 1;
    return left.compare(right);
  }
  const int sign_a = a.digits.empty() ? 0 : (a.negative ? -1 : 1);
  const int sign_b = b.digits.empty() ? 0 : (b.negative ? -1 : 1);
  if (sign_a != sign_b) return sign_a < sign_b ? -1 : 1;
  if (sign_a == 0) return 0;
  if (a.exponent != b.exponent) return (a.exponent < b.exponent ? -1 : 1) * sign_a;
  return compare_digits(a.digits, b.digits) * sign_a;
}

unsigned significant_digits(std::string_view decimal) noexcept {
  const Number number = read(decimal);
  return static_cast<unsigned>(std::count_if(number.digits.begin(), number.digits.end(), is_digit));
}

} // namespace tenon::sqlite
