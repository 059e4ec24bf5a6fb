#include "values.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include <fmt/format.h>

#include <tenon/interface/error.hpp>
#include <tenon/sql/text.hpp>

namespace tenon::postgresql {

/// What a value is for; put into words only when it is refused.
struct Place {
  const TableDesc* table = nullptr; ///< none: a parameter of the caller's own SQL
  std::uint32_t column = sql::kNoColumn;
  std::size_t parameter = 0;

  [[nodiscard]] std::string words() const {
    if (table == nullptr) return fmt::format("parameter {}", parameter);
    const std::string name = table->qualified_name();
    return column < table->columns.size() ? fmt::format("{}.{}", name, table->columns[column].name)
                                          : "filter on " + name;
  }
};

namespace {

[[noreturn]] void refuse(const Place& place, std::string_view what, std::string_view hint = {}) {
  ErrorInfo info;
  info.code = ErrorCode::data;
  info.backend = "postgresql";
  info.message = fmt::format("{}: {}", place.words(), what);
  info.hint = hint;
  if (place.table != nullptr) {
    info.table = place.table->name;
    if (place.column < place.table->columns.size()) info.columns = {place.table->columns[place.column].name};
  }
  throw_error(std::move(info));
}

template <class Integer> void store_big_endian(char* to, Integer value) noexcept {
  auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  for (std::size_t i = sizeof bits; i-- > 0; bits = static_cast<decltype(bits)>(bits >> 8))
    to[i] = static_cast<char>(bits & 0xFF);
}
void store_big_endian(char* to, std::uint64_t value) noexcept {
  const std::uint64_t swapped = __builtin_bswap64(value);
  std::memcpy(to, &swapped, sizeof swapped);
}
void store_big_endian(char* to, std::int64_t value) noexcept {
  store_big_endian(to, static_cast<std::uint64_t>(value));
}

std::int64_t server_timestamp(std::int64_t microseconds, const Place& place) {
  // The two ends of the range are PostgreSQL's infinities, and what lies below cannot be moved to its epoch.
  if (microseconds <= std::numeric_limits<std::int64_t>::min() + kEpochMicroseconds) {
    refuse(place, "a timestamp is too early for PostgreSQL");
  }
  return microseconds - kEpochMicroseconds;
}

std::int32_t server_date(std::int64_t days, const Place& place) {
  const bool fits =
      days > std::numeric_limits<std::int32_t>::min() + kEpochDays && days < std::numeric_limits<std::int32_t>::max();
  if (!fits) refuse(place, "a date is out of PostgreSQL's range");
  return static_cast<std::int32_t>(days - kEpochDays);
}

double checked_real(double value, const Place& place) {
  if (std::isnan(value)) refuse(place, "NaN is not a value of Tenon's double", "store NULL where there is no number");
  return value;
}

std::string_view checked_decimal(const Cell& cell, const Place& place) {
  if (!sql::is_decimal(cell.bytes())) {
    refuse(place, "a decimal is not of the form [-]digits[.digits] with at most 38 digits");
  }
  return cell.bytes();
}

std::string_view checked_json(const Cell& cell, const Place& place) {
  if (!sql::is_json(cell.bytes())) refuse(place, "a text is not a JSON document");
  return cell.bytes();
}

/// ISO 8601 in UTC, as every column type that holds a time reads it. std::chrono's years end at 32767.
std::string timestamp_text(std::int64_t microseconds) {
  constexpr std::int64_t kDay = 86'400'000'000;
  const std::int64_t days = microseconds / kDay - (microseconds % kDay < 0 ? 1 : 0);
  const std::int64_t time = microseconds - days * kDay;
  // The proleptic Gregorian calendar in 400-year eras of 146097 days that start on a 1 March, counted from 0000-03-01.
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t of_era = shifted - era * 146'097;
  const std::int64_t year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * of_year + 2) / 153;
  const std::int64_t day = of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00{}", year > 0 ? year : 1 - year, month, day,
                     time / 3'600'000'000, time / 60'000'000 % 60, time / 1'000'000 % 60, time % 1'000'000,
                     year > 0 ? "" : " BC");
}

/// One element of an array in text form: always quoted, so that no text can be taken for NULL or for syntax.
void append_array_element(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

struct ArrayType {
  Oid array;
  Oid element;
  int size; ///< bytes of an element; -1: its own
};

constexpr ArrayType binary_array(CellType type) noexcept {
  switch (type) {
    case CellType::boolean: return {oid::kBoolArray, oid::kBool, 1};
    case CellType::int64: return {oid::kInt8Array, oid::kInt8, 8};
    case CellType::float64: return {oid::kFloat8Array, oid::kFloat8, 8};
    case CellType::date: return {oid::kDateArray, oid::kDate, 4};
    case CellType::uuid: return {oid::kUuidArray, oid::kUuid, 16};
    case CellType::blob: return {oid::kByteaArray, oid::kBytea, -1};
    default: return {oid::kInferred, oid::kInferred, 0};
  }
}

} // namespace

void Parameters::clear() noexcept {
  count_ = 0;
  arena_.clear();
}

void Parameters::grow() {
  const std::size_t places = 2 * count_ + 16;
  values_.resize(places);
  lengths_.resize(places);
  formats_.resize(places);
  types_.resize(places); // last: what is full is seen by its size
}

void Parameters::push(Oid type, const char* value, std::size_t length, bool binary, const Place& place) {
  if (length > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    refuse(place, "a value is larger than PostgreSQL's 1 GB");
  }
  if (count_ == types_.size()) grow();
  types_[count_] = type;
  values_[count_] = value;
  lengths_[count_] = static_cast<int>(length);
  formats_[count_] = binary ? 1 : 0;
  ++count_;
}

void Parameters::push_text(Oid type, std::string_view text, const Place& place, std::uint32_t max_length) {
  if (!sql::is_text(text)) {
    refuse(place, "a text is not valid UTF-8 or holds a NUL byte", "keep arbitrary bytes in a blob");
  }
  if (max_length > 0 && text.size() > max_length) { // no shorter text can have too many characters
    const std::size_t length = sql::code_points(text);
    if (length > max_length) {
      refuse(place, fmt::format("a text of {} characters is longer than the {} allowed", length, max_length));
    }
  }
  char* const copy = arena_.allocate(text.size() + 1); // libpq looks for the NUL
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  push(type, copy, text.size(), false, place);
}

template <class Integer> void Parameters::push_integer(Oid type, Integer value) {
  char* const bytes = arena_.allocate(sizeof value);
  store_big_endian(bytes, value);
  push(type, bytes, sizeof value, true, {});
}

void Parameters::push_value(const Cell& cell, Oid text_type, Oid decimal_type, Oid json_type, Oid timestamp_type,
                            const Place& place) {
  switch (cell.type) {
    case CellType::null: push(oid::kInferred, nullptr, 0, false, place); return;
    case CellType::boolean: push_integer(oid::kBool, static_cast<std::int8_t>(cell.integer != 0)); return;
    case CellType::int64: push_integer(oid::kInt8, cell.integer); return;
    case CellType::float64:
      push_integer(oid::kFloat8, std::bit_cast<std::uint64_t>(checked_real(cell.real, place)));
      return;
    case CellType::text: push_text(text_type, cell.bytes(), place); return;
    case CellType::json: push_text(json_type, checked_json(cell, place), place); return;
    case CellType::decimal: push_text(decimal_type, checked_decimal(cell, place), place); return;
    case CellType::timestamp: push_integer(timestamp_type, server_timestamp(cell.integer, place)); return;
    case CellType::date: push_integer(oid::kDate, server_date(cell.integer, place)); return;
    case CellType::blob:
    case CellType::uuid: {
      if (cell.type == CellType::uuid && cell.size != 16) refuse(place, "a uuid does not have 16 bytes");
      char* const copy = arena_.allocate(cell.size + 1); // never null, which would mean NULL
      if (cell.size > 0) std::memcpy(copy, cell.data, cell.size);
      push(cell.type == CellType::uuid ? oid::kUuid : oid::kBytea, copy, cell.size, true, place);
      return;
    }
    case CellType::array: push_array(cell, CellType::null, false, place); return;
  }
  refuse(place, "a value of an unknown type");
}

void Parameters::add_written(const Cell& cell, const TableDesc& table, std::uint32_t column) {
  const ColumnDesc& described = table.columns[column];
  const Place place{&table, column, 0};
  if (cell.type == CellType::text && described.type == CellType::text) {
    return push_text(oid::kInferred, cell.bytes(), place, described.max_length);
  }
  if (cell.type == described.type) {
    if (cell.type == CellType::int64) return push_integer(oid::kInt8, cell.integer);
    if (cell.type == CellType::timestamp) return push_integer(oid::kInferred, server_timestamp(cell.integer, place));
  } else if (!cell.is_null()) {
    refuse(place, fmt::format("the column is a {} and the value a {}", cell_type_name(described.type),
                              cell_type_name(cell.type)));
  }
  if (cell.type == CellType::array) return push_array(cell, described.element, true, place);
  push_value(cell, oid::kInferred, oid::kInferred, oid::kInferred, oid::kInferred, place);
  // One prepared statement serves rows with and without a value, so a NULL has the type of its column's values.
  if (cell.is_null()) {
    switch (described.type) {
      case CellType::boolean: types_[count_ - 1] = oid::kBool; break;
      case CellType::int64: types_[count_ - 1] = oid::kInt8; break;
      case CellType::float64: types_[count_ - 1] = oid::kFloat8; break;
      case CellType::date: types_[count_ - 1] = oid::kDate; break;
      case CellType::blob: types_[count_ - 1] = oid::kBytea; break;
      case CellType::uuid: types_[count_ - 1] = oid::kUuid; break;
      case CellType::array: types_[count_ - 1] = binary_array(described.element).array; break;
      default: break;
    }
  }
}

void Parameters::add(const sql::Parameter& parameter, const TableDesc& table) {
  const bool has_column = parameter.column < table.columns.size();
  const Place place{&table, parameter.column, 0};
  if (parameter.is_list()) return push_list(parameter, has_column, place);
  if (parameter.cell.type == CellType::array) {
    return push_array(parameter.cell, has_column ? table.columns[parameter.column].element : CellType::null, has_column,
                      place);
  }
  // With a column at the other side its type is inferred, whatever it is; alone a text would have no type at all. A
  // decimal is always numeric: as the type of an integer column it would lose its digits.
  push_value(parameter.cell, has_column ? oid::kInferred : oid::kText, oid::kNumeric,
             has_column ? oid::kInferred : oid::kJson, has_column ? oid::kInferred : oid::kTimestamptz, place);
}

void Parameters::add_free(const Cell& cell) {
  push_value(cell, oid::kInferred, oid::kInferred, oid::kInferred, oid::kInferred,
             {nullptr, sql::kNoColumn, count_ + 1});
}

void Parameters::push_list(const sql::Parameter& list, bool has_column, const Place& place) {
  const CellType type = list.cell.type;
  const ArrayType array = binary_array(type);
  if (array.array == oid::kInferred) { // text form
    std::string text = "{";
    for (const Node& node : list.list) {
      if (text.size() > 1) text += ',';
      switch (node.value.type) {
        case CellType::null: text += "NULL"; break;
        case CellType::timestamp: append_array_element(text, timestamp_text(node.value.integer)); break;
        case CellType::decimal: append_array_element(text, checked_decimal(node.value, place)); break;
        default: append_array_element(text, node.value.bytes()); break;
      }
    }
    text += '}';
    const Oid alone = type == CellType::timestamp ? oid::kTimestamptzArray : oid::kInferred;
    return push_text(type == CellType::decimal ? oid::kNumericArray : has_column ? oid::kInferred : alone, text, place);
  }

  std::vector<const Cell*> elements;
  elements.reserve(list.list.size());
  for (const Node& node : list.list)
    elements.push_back(&node.value);
  push_binary_array(elements, type, place);
}

void Parameters::push_array(const Cell& cell, CellType described, bool has_column, const Place& place) {
  const CellType found = sql::element_type(cell);
  const CellType type = found == CellType::null ? described : found;
  if (found == CellType::array || (described != CellType::null && type != described)) {
    refuse(place, "an array with elements of another type");
  }
  const std::span<const Cell> cells(cell.elements(), cell.element_count());
  if (type == CellType::boolean || type == CellType::int64 || type == CellType::float64) {
    std::vector<const Cell*> elements;
    elements.reserve(cells.size());
    for (const Cell& element : cells)
      elements.push_back(&element);
    return push_binary_array(elements, type, place);
  }
  std::string text = "{";
  for (const Cell& element : cells) {
    if (text.size() > 1) text += ',';
    if (element.is_null()) {
      text += "NULL";
    } else {
      append_array_element(text, element.bytes());
    }
  }
  text += '}';
  push_text(has_column ? oid::kInferred : oid::kTextArray, text, place);
}

void Parameters::push_binary_array(std::span<const Cell* const> elements, CellType type, const Place& place) {
  const ArrayType array = binary_array(type);
  constexpr std::size_t kHeader = 20; // dimensions, has NULLs, element type, length, lower bound
  std::size_t size = kHeader;
  bool has_null = false;
  for (const Cell* const cell : elements) {
    has_null = has_null || cell->is_null();
    if (type == CellType::uuid && !cell->is_null() && cell->size != 16) refuse(place, "a uuid does not have 16 bytes");
    size += 4;
    if (!cell->is_null()) size += array.size < 0 ? cell->size : static_cast<std::size_t>(array.size);
  }
  char* const bytes = arena_.allocate(size);
  char* at = bytes;
  const auto put = [&](std::int64_t value, int width) {
    if (width == 8) store_big_endian(at, value);
    if (width == 4) store_big_endian(at, static_cast<std::int32_t>(value));
    if (width == 1) *at = static_cast<char>(value);
    at += width;
  };
  put(elements.empty() ? 0 : 1, 4);
  put(has_null ? 1 : 0, 4);
  put(array.element, 4);
  if (!elements.empty()) {
    put(static_cast<std::int64_t>(elements.size()), 4);
    put(1, 4);
  }
  for (const Cell* const element : elements) {
    const Cell& cell = *element;
    if (cell.is_null()) {
      put(-1, 4);
      continue;
    }
    const std::size_t length = array.size < 0 ? cell.size : static_cast<std::size_t>(array.size);
    put(static_cast<std::int64_t>(length), 4);
    switch (type) {
      case CellType::boolean: put(cell.integer != 0 ? 1 : 0, 1); break;
      case CellType::int64: put(cell.integer, 8); break;
      case CellType::float64: put(std::bit_cast<std::int64_t>(checked_real(cell.real, place)), 8); break;
      case CellType::date: put(server_date(cell.integer, place), 4); break;
      default:
        if (length > 0) std::memcpy(at, cell.data, length);
        at += length;
        break;
    }
  }
  push(array.array, bytes, static_cast<std::size_t>(at - bytes), true, place);
}

} // namespace tenon::postgresql
