#include "time_text.hpp"

#include <chrono>

namespace tenon::sqlite {
namespace {

constexpr std::int64_t kMicrosecondsPerDay = 86'400'000'000;
constexpr std::int64_t kFirstDay = -719'162; // 0001-01-01
constexpr std::int64_t kLastDay = 2'932'896; // 9999-12-31

void put(ShortText& text, char c) noexcept { text.bytes[text.size++] = c; }

void put_digits(ShortText& text, std::int64_t value, int width) noexcept {
  for (int i = width - 1; i >= 0; --i) {
    text.bytes[text.size + static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  text.size += static_cast<std::size_t>(width);
}

/// Takes exactly `width` digits off the front.
bool take_digits(std::string_view& text, std::size_t width, std::int64_t& value) noexcept {
  if (text.size() < width) return false;
  value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return true;
}

bool take(std::string_view& text, char wanted) noexcept {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) noexcept {
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
  if (!take_digits(text, 4, year) || !take(text, '-') || !take_digits(text, 2, month) || !take(text, '-') ||
      !take_digits(text, 2, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

/// Up to six digits behind the point; more only if they are zeros, because nothing is cut.
bool take_fraction(std::string_view& text, std::int64_t& microseconds) noexcept {
  std::int64_t unit = 100'000;
  bool any = false;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    const std::int64_t digit = text.front() - '0';
    if (unit == 0 && digit != 0) return false;
    microseconds += digit * unit;
    unit /= 10;
    any = true;
    text.remove_prefix(1);
  }
  return any;
}

/// Z, ±HH, ±HH:MM or ±HHMM up to the end; nothing there is UTC.
bool take_offset(std::string_view& text, std::int64_t& microseconds) noexcept {
  if (text.empty() || take(text, 'Z')) return text.empty();
  const bool west = text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return false;
  std::int64_t hours = 0;
  std::int64_t minutes = 0;
  if (!take_digits(text, 2, hours)) return false;
  if (!text.empty()) {
    (void)take(text, ':');
    if (!take_digits(text, 2, minutes)) return false;
  }
  if (hours > 23 || minutes > 59) return false;
  const std::int64_t offset = (hours * 60 + minutes) * 60'000'000;
  microseconds -= west ? -offset : offset;
  return text.empty();
}

} // namespace

std::optional<ShortText> date_text(std::int64_t days) noexcept {
  if (days < kFirstDay || days > kLastDay) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  ShortText text;
  put_digits(text, static_cast<int>(date.year()), 4);
  put(text, '-');
  put_digits(text, static_cast<unsigned>(date.month()), 2);
  put(text, '-');
  put_digits(text, static_cast<unsigned>(date.day()), 2);
  return text;
}

std::optional<ShortText> timestamp_text(std::int64_t microseconds) noexcept {
  std::int64_t days = microseconds / kMicrosecondsPerDay;
  std::int64_t rest = microseconds % kMicrosecondsPerDay;
  if (rest < 0) {
    rest += kMicrosecondsPerDay;
    --days;
  }
  auto text = date_text(days);
  if (!text) return text;
  put(*text, ' ');
  put_digits(*text, rest / 3'600'000'000, 2);
  put(*text, ':');
  put_digits(*text, rest / 60'000'000 % 60, 2);
  put(*text, ':');
  put_digits(*text, rest / 1'000'000 % 60, 2);
  put(*text, '.');
  put_digits(*text, rest % 1'000'000, 6);
  return text;
}

std::optional<std::int64_t> read_date(std::string_view text) noexcept {
  const auto days = take_date(text);
  return text.empty() ? days : std::nullopt;
}

std::optional<std::int64_t> read_timestamp(std::string_view text) noexcept {
  const auto days = take_date(text);
  if (!days) return std::nullopt;
  std::int64_t microseconds = *days * kMicrosecondsPerDay;
  if (text.empty()) return microseconds;
  if (!take(text, ' ') && !take(text, 'T')) return std::nullopt;
  std::int64_t hours = 0;
  std::int64_t minutes = 0;
  std::int64_t seconds = 0;
  if (!take_digits(text, 2, hours) || !take(text, ':') || !take_digits(text, 2, minutes)) return std::nullopt;
  if (take(text, ':') && !take_digits(text, 2, seconds)) return std::nullopt;
  if (hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
  microseconds += ((hours * 60 + minutes) * 60 + seconds) * 1'000'000;
  if (take(text, '.') && !take_fraction(text, microseconds)) return std::nullopt;
  if (!take_offset(text, microseconds)) return std::nullopt;
  return microseconds;
}

ShortText uuid_text(const unsigned char* sixteen_bytes, bool hyphens) noexcept {
  constexpr char kDigits[] = "0123456789abcdef";
  ShortText text;
  for (int i = 0; i < 16; ++i) {
    if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10)) put(text, '-');
    put(text, kDigits[sixteen_bytes[i] >> 4U]);
    put(text, kDigits[sixteen_bytes[i] & 0xfU]);
  }
  return text;
}

std::optional<std::array<unsigned char, 16>> read_uuid(std::string_view text) noexcept {
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  const bool hyphens = text.size() == 36;
  if (!hyphens && text.size() != 32) return std::nullopt;
  std::array<unsigned char, 16> bytes{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-') return std::nullopt;
    unsigned value = 0;
    for (int half = 0; half < 2; ++half) {
      const char c = text[at++];
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        value = value * 16 + static_cast<unsigned>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + static_cast<unsigned>(lower - 'a' + 10);
      } else {
        return std::nullopt;
      }
    }
    bytes[i] = static_cast<unsigned char>(value);
  }
  return bytes;
}

} // namespace tenon::sqlite
