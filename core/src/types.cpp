#include <tenon/core/type_map.hpp>
#include <tenon/core/types.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/uuid/random_generator.hpp>
#include <fmt/format.h>

namespace tenon {

Timestamp now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

Uuid new_uuid() {
  thread_local boost::uuids::random_generator generate; // one seed per thread, no lock
  return generate();
}

Uuid new_ordered_uuid() {
  // RFC 9562, section 5.7: 48 bits of milliseconds, the version, then random bits; of these 12 count up within one
  // millisecond (method 1 of section 6.2), so that the keys of one thread never go back.
  thread_local std::uint64_t last_moment = 0; // milliseconds in the upper bits, the counter in the lower 12
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(since);
  const auto fraction = std::chrono::floor<std::chrono::nanoseconds>(since - milliseconds).count();
  std::uint64_t moment = (static_cast<std::uint64_t>(milliseconds.count()) << 12) |
                         static_cast<std::uint64_t>(fraction * 4096 / 1'000'000);
  if (moment <= last_moment) moment = last_moment + 1;
  last_moment = moment;
  Uuid uuid = new_uuid(); // its variant bits stay
  const std::uint64_t upper = moment >> 12;
  for (unsigned i = 0; i < 6; ++i)
    uuid.data[i] = static_cast<std::uint8_t>(upper >> (40 - 8 * i));
  uuid.data[6] = static_cast<std::uint8_t>(0x70U | ((moment >> 8) & 0x0fU));
  uuid.data[7] = static_cast<std::uint8_t>(moment & 0xffU);
  return uuid;
}

namespace {

constexpr std::size_t kDecimalDigits = 38;

[[noreturn]] void throw_bad_decimal(std::string_view why) {
  throw_error(ErrorCode::data, fmt::format("not a decimal number: {}", why), "write it as digits, or digits.digits");
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The parts of a canonical decimal.
struct DecimalParts {
  bool negative;
  std::string_view whole, fraction;
};

DecimalParts parts_of(std::string_view text) {
  DecimalParts parts{};
  parts.negative = text.starts_with('-');
  if (parts.negative) text.remove_prefix(1);
  const auto point = text.find('.');
  parts.whole = text.substr(0, point);
  if (point != std::string_view::npos) parts.fraction = text.substr(point + 1);
  return parts;
}

std::strong_ordering compare_magnitude(const DecimalParts& a, const DecimalParts& b) {
  if (const auto order = a.whole.size() <=> b.whole.size(); order != 0) return order;
  if (const auto order = a.whole <=> b.whole; order != 0) return order;
  const std::size_t digits = std::max(a.fraction.size(), b.fraction.size());
  for (std::size_t i = 0; i < digits; ++i) {
    const char left = i < a.fraction.size() ? a.fraction[i] : '0';
    const char right = i < b.fraction.size() ? b.fraction[i] : '0';
    if (left != right) return left <=> right;
  }
  return std::strong_ordering::equal;
}

} // namespace

Decimal Decimal::parse(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto point = text.find('.');
  std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || !std::all_of(whole.begin(), whole.end(), is_digit)) throw_bad_decimal("digits expected");
  if (point != std::string_view::npos &&
      (fraction.empty() || !std::all_of(fraction.begin(), fraction.end(), is_digit))) {
    throw_bad_decimal("digits expected behind the point");
  }
  while (whole.size() > 1 && whole.front() == '0')
    whole.remove_prefix(1);
  const bool leading_zero = whole == "0";
  if ((leading_zero ? 0 : whole.size()) + fraction.size() > kDecimalDigits) {
    throw_bad_decimal(fmt::format("more than {} digits", kDecimalDigits));
  }
  const bool zero = leading_zero && std::all_of(fraction.begin(), fraction.end(), [](char c) { return c == '0'; });
  Decimal decimal;
  decimal.text_ = fmt::format("{}{}{}{}", negative && !zero ? "-" : "", whole, fraction.empty() ? "" : ".", fraction);
  return decimal;
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) noexcept {
  const DecimalParts left = parts_of(a.text_);
  const DecimalParts right = parts_of(b.text_);
  if (left.negative != right.negative)
    return left.negative ? std::strong_ordering::less : std::strong_ordering::greater;
  return left.negative ? compare_magnitude(right, left) : compare_magnitude(left, right);
}

Json Json::parse(std::string text) {
  boost::json::error_code error;
  static_cast<void>(boost::json::parse(text, error));
  if (error) throw_error(ErrorCode::data, "not a JSON value: " + error.message());
  return trusted(std::move(text));
}

bool operator==(const Json& a, const Json& b) {
  if (a.text_ == b.text_) return true;
  boost::json::error_code error;
  const boost::json::value left = boost::json::parse(a.text_, error);
  if (error) return false;
  const boost::json::value right = boost::json::parse(b.text_, error);
  return !error && left == right;
}

namespace detail {

void throw_integer_range(std::int64_t) {
  throw_error(ErrorCode::data, "a stored integer does not fit the member's type", "use a wider integer type");
}
void throw_unsigned_range(std::uint64_t) {
  throw_error(ErrorCode::data, "an unsigned value above 9223372036854775807 cannot be stored", "use tenon::Decimal");
}
void throw_nan() {
  throw_error(ErrorCode::data, "NaN cannot be stored", "use std::optional and leave it empty where there is no number");
}
void throw_unknown_enumerator() {
  throw_error(ErrorCode::data, "a value is none of the enumerators described", "add it to BOOST_DESCRIBE_ENUM");
}
void throw_float_range() {
  throw_error(ErrorCode::data, "a stored number is too large for the member's type", "use double");
}
void throw_inexact_duration() {
  throw_error(ErrorCode::data, "a duration is not whole in microseconds or in the member's unit, or out of its range",
              "use std::chrono::microseconds");
}
void throw_null_element() {
  throw_error(ErrorCode::data, "an array holds NULL, but its elements are not optional",
              "make the member a std::vector<std::optional<…>>");
}
void throw_invalid_date() { throw_error(ErrorCode::data, "a date that is not in the calendar cannot be stored"); }

void throw_unexpected_cell(CellType wanted, CellType found, std::string_view table, std::string_view column) {
  ErrorInfo info;
  info.code = ErrorCode::data;
  info.table = table;
  info.columns.emplace_back(column);
  if (found == CellType::null) {
    info.message = fmt::format("{}.{} is NULL, but the member is not optional", table, column);
    info.hint = "make the member a std::optional, or the column NOT NULL";
  } else {
    info.message = fmt::format("{}.{} gave {} where the member asks {}", table, column, cell_type_name(found),
                               cell_type_name(wanted));
    info.hint = "the backend broke its contract: it must give cells of the described type";
  }
  throw_error(std::move(info));
}

void throw_unexpected_output(CellType wanted, CellType found, std::size_t position) {
  ErrorInfo info;
  info.code = ErrorCode::data;
  info.message = fmt::format("output {} of a query gave {} where {} is asked", position + 1, cell_type_name(found),
                             cell_type_name(wanted));
  info.hint = found == CellType::null ? "ask a std::optional where there may be NULL" : "ask the type that it has";
  throw_error(std::move(info));
}

} // namespace detail
} // namespace tenon
