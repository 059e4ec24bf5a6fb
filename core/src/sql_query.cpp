#include <tenon/core/sql_query.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <limits>

#include <fmt/format.h>

namespace tenon {
namespace detail {
namespace {

/// Reads exactly `digits` digits from the front of `text`.
bool take_number(std::string_view& text, std::size_t digits, int& number) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc{} || end != text.data() + digits || text.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& text, std::string_view among) {
  if (text.empty() || among.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// "2024-02-29"
bool take_date(std::string_view& text, std::chrono::sys_days& day) {
  int year = 0, month = 0, number = 0;
  if (!take_number(text, 4, year) || !take_char(text, "-") || !take_number(text, 2, month) || !take_char(text, "-") ||
      !take_number(text, 2, number)) {
    return false;
  }
  const Date date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                  std::chrono::day(static_cast<unsigned>(number))};
  day = std::chrono::sys_days(date);
  return date.ok();
}

/// "2024-02-29 12:34:56[.789][Z|+00]", with a T for the space too; UTC.
bool read_timestamp(std::string_view text, std::int64_t& microseconds) {
  std::chrono::sys_days day;
  int hours = 0, minutes = 0, seconds = 0;
  if (!take_date(text, day) || !take_char(text, " T") || !take_number(text, 2, hours) || !take_char(text, ":") ||
      !take_number(text, 2, minutes) || !take_char(text, ":") || !take_number(text, 2, seconds) || hours > 23 ||
      minutes > 59 || seconds > 59) {
    return false;
  }
  std::int64_t fraction = 0;
  if (take_char(text, ".")) {
    std::int64_t unit = 100'000;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      if (unit == 0) return false; // finer than microseconds
      fraction += (text.front() - '0') * unit;
      unit /= 10;
      text.remove_prefix(1);
    }
  }
  if (!text.empty() && text != "Z" && text != "+00" && text != "+00:00") return false;
  const std::int64_t since = day.time_since_epoch().count();
  microseconds = ((since * 24 + hours) * 60 + minutes) * 60'000'000 + seconds * std::int64_t{1'000'000} + fraction;
  return true;
}

bool read_uuid(std::string_view text, std::string& room) {
  std::string bytes;
  int high = -1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((i == 8 || i == 13 || i == 18 || i == 23) && text[i] == '-' && text.size() == 36) continue;
    int digit = 0;
    const auto [end, error] = std::from_chars(&text[i], &text[i] + 1, digit, 16);
    if (error != std::errc{} || end != &text[i] + 1) return false;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<char>(high * 16 + digit));
      high = -1;
    }
  }
  if (bytes.size() != 16 || high >= 0) return false;
  room = std::move(bytes);
  return true;
}

template <class T> bool read_number(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

Cell from_text(const Cell& cell, CellType wanted, std::string& room) {
  const std::string_view text = cell.bytes();
  std::int64_t integer = 0;
  std::chrono::sys_days day;
  std::string_view rest = text;
  switch (wanted) {
    case CellType::json: return Cell::json(text);
    case CellType::uuid: return read_uuid(text, room) ? Cell::uuid(room.data()) : cell;
    case CellType::timestamp: return read_timestamp(text, integer) ? Cell::timestamp(integer) : cell;
    case CellType::date:
      return take_date(rest, day) && rest.empty() ? Cell::date(day.time_since_epoch().count()) : cell;
    case CellType::decimal: room = Decimal::parse(text).text(); return Cell::decimal(room);
    default: return cell;
  }
}

} // namespace

Cell coerced(const Cell& cell, CellType wanted, std::string& room) {
  if (cell.type == wanted || cell.is_null()) return cell;
  switch (cell.type) {
    case CellType::text: return from_text(cell, wanted, room);
    case CellType::json: return wanted == CellType::text ? Cell::text(cell.bytes()) : cell;
    case CellType::blob: return wanted == CellType::uuid && cell.size == 16 ? Cell::uuid(cell.data) : cell;
    case CellType::boolean: return wanted == CellType::int64 ? Cell::int64(cell.integer) : cell;
    case CellType::int64:
      if (wanted == CellType::boolean && (cell.integer == 0 || cell.integer == 1))
        return Cell::boolean(cell.integer != 0);
      if (wanted == CellType::float64) return Cell::float64(static_cast<double>(cell.integer));
      if (wanted == CellType::timestamp) return Cell::timestamp(cell.integer); // the form in which SQLite stores both
      if (wanted == CellType::date) return Cell::date(cell.integer);
      if (wanted == CellType::decimal) {
        room = std::to_string(cell.integer);
        return Cell::decimal(room);
      }
      return cell;
    case CellType::decimal: { // what PostgreSQL makes of sums
      std::int64_t integer = 0;
      double real = 0;
      if (wanted == CellType::int64 && read_number(cell.bytes(), integer)) return Cell::int64(integer);
      if (wanted == CellType::float64 && read_number(cell.bytes(), real)) return Cell::float64(real);
      return cell;
    }
    default: return cell;
  }
}

void throw_width(std::size_t asked, std::size_t found) {
  throw_error(ErrorCode::programming, fmt::format("a statement gave {} columns where {} are read", found, asked),
              "name the columns in the statement, in the order of the members");
}

} // namespace detail

void SqlQuery::throw_not_one(std::size_t rows) {
  throw_error(rows == 0 ? ErrorCode::not_found : ErrorCode::programming,
              fmt::format("one row of a statement was asked, {} came", rows == 0 ? "none" : "several"),
              rows == 0 ? "use first() where there may be none" : "narrow the statement, or use first() or all()");
}

void SqlQuery::fetch(detail::RowSink sink) const {
  const auto cursor = session_->execute(text_, {parameters_.data(), parameters_.size()});
  session_->with_connection([&](ISession&) {
    RowBatch batch;
    while (cursor->next(batch))
      sink.take(sink.object, batch);
  });
}

} // namespace tenon
