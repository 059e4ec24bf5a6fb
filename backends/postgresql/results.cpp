#include "results.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <libpq-fe.h>

#include <tenon/interface/error.hpp>
#include <tenon/sql/text.hpp>

#include "values.hpp"

namespace tenon::postgresql {
namespace {

[[noreturn]] void refuse(const std::string& place, std::string_view what, std::string_view hint = {}) {
  ErrorInfo info;
  info.code = ErrorCode::data;
  info.backend = "postgresql";
  info.message = fmt::format("{}: {}", place, what);
  info.hint = hint;
  throw_error(std::move(info));
}

template <class Integer> Integer load_big_endian(const char* from) noexcept {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    bits = bits << 8 | static_cast<unsigned char>(from[i]);
  return static_cast<Integer>(bits);
}
template <> std::int64_t load_big_endian<std::int64_t>(const char* from) noexcept {
  std::uint64_t bits = 0;
  std::memcpy(&bits, from, sizeof bits);
  return static_cast<std::int64_t>(__builtin_bswap64(bits));
}

bool is_text(Oid type) noexcept {
  return type == oid::kText || type == oid::kVarchar || type == oid::kBpchar || type == oid::kName ||
         type == oid::kUnknown || type == oid::kChar;
}

bool is_array(Oid type) noexcept {
  return type == oid::kBoolArray || type == oid::kInt8Array || type == oid::kInt4Array || type == oid::kInt2Array ||
         type == oid::kFloat8Array || type == oid::kFloat4Array || type == oid::kTextArray ||
         type == oid::kVarcharArray || type == oid::kBpcharArray;
}

std::optional<Reader> reader_for(CellType wanted, Oid type) noexcept {
  switch (wanted) {
    case CellType::boolean:
      if (type == oid::kBool) return Reader::boolean;
      break;
    case CellType::int64:
      if (type == oid::kInt8) return Reader::int64;
      if (type == oid::kInt4) return Reader::int32;
      if (type == oid::kInt2) return Reader::int16;
      if (type == oid::kOid) return Reader::oid;
      break;
    case CellType::float64:
      if (type == oid::kFloat8) return Reader::float64;
      if (type == oid::kFloat4) return Reader::float32;
      if (type == oid::kInt4) return Reader::real_int32;
      if (type == oid::kInt2) return Reader::real_int16;
      break;
    case CellType::text:
      if (is_text(type) || type == oid::kJson || type == oid::kXml) return Reader::text;
      if (type == oid::kJsonb) return Reader::jsonb_text;
      if (type >= oid::kFirstUser) return Reader::user_text;
      break;
    case CellType::blob:
      if (type == oid::kBytea) return Reader::bytes;
      break;
    case CellType::decimal:
      if (type == oid::kNumeric) return Reader::numeric;
      if (type == oid::kInt8) return Reader::decimal_int64;
      if (type == oid::kInt4) return Reader::decimal_int32;
      if (type == oid::kInt2) return Reader::decimal_int16;
      break;
    case CellType::uuid:
      if (type == oid::kUuid) return Reader::uuid;
      if (is_text(type)) return Reader::uuid_text;
      break;
    case CellType::timestamp:
      if (type == oid::kTimestamptz || type == oid::kTimestamp) return Reader::timestamp;
      break;
    case CellType::date:
      if (type == oid::kDate) return Reader::date;
      break;
    case CellType::json:
      if (type == oid::kJsonb) return Reader::jsonb;
      if (type == oid::kJson || is_text(type)) return Reader::json;
      break;
    case CellType::array:
      if (is_array(type)) return Reader::array;
      break;
    case CellType::null: break;
  }
  return std::nullopt;
}

std::optional<CellType> natural_type(Oid type) noexcept {
  switch (type) {
    case oid::kBool: return CellType::boolean;
    case oid::kInt2:
    case oid::kInt4:
    case oid::kInt8:
    case oid::kOid: return CellType::int64;
    case oid::kFloat4:
    case oid::kFloat8: return CellType::float64;
    case oid::kNumeric: return CellType::decimal;
    case oid::kBytea: return CellType::blob;
    case oid::kTimestamp:
    case oid::kTimestamptz: return CellType::timestamp;
    case oid::kDate: return CellType::date;
    case oid::kUuid: return CellType::uuid;
    case oid::kJson:
    case oid::kJsonb: return CellType::json;
    case oid::kXml: return CellType::text;
    default: break;
  }
  if (is_array(type)) return CellType::array;
  return is_text(type) || type >= oid::kFirstUser ? std::optional(CellType::text) : std::nullopt;
}

std::string_view copy_to(sql::Arena& arena, std::string_view text) {
  char* const bytes = arena.allocate(text.size());
  std::memcpy(bytes, text.data(), text.size());
  return {bytes, text.size()};
}

Cell decimal_of(std::int64_t value, sql::Arena& arena) {
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  return Cell::decimal(copy_to(arena, {digits, static_cast<std::size_t>(end - digits)}));
}

/// The wire form: four int16 (number of base-10000 digits, weight of the first, sign, digits behind the point), then
/// the digits; leading and trailing zero digits are left out.
Cell decimal_of(std::string_view wire, sql::Arena& arena, const auto& place) {
  constexpr std::size_t kHeader = 8;
  if (wire.size() < kHeader) refuse(place(), "the server sent a numeric that cannot be read");
  const int count = load_big_endian<std::int16_t>(wire.data());
  const int weight = load_big_endian<std::int16_t>(wire.data() + 2);
  const int sign = load_big_endian<std::uint16_t>(wire.data() + 4);
  const int scale = load_big_endian<std::int16_t>(wire.data() + 6);
  if (sign != 0 && sign != 0x4000) refuse(place(), "NaN and infinity are not decimals", "store NULL instead");
  if (count < 0 || scale < 0 || wire.size() != kHeader + 2 * static_cast<std::size_t>(count)) {
    refuse(place(), "the server sent a numeric that cannot be read");
  }
  const auto digit = [&](int index) {
    return index < 0 || index >= count
               ? 0
               : static_cast<int>(load_big_endian<std::uint16_t>(wire.data() + kHeader + 2 * index));
  };
  std::string text;
  if (sign != 0) text += '-';
  for (int index = 0; index <= weight; ++index)
    text += index == 0 ? fmt::format("{}", digit(0)) : fmt::format("{:04}", digit(index));
  if (weight < 0) text += '0';
  if (scale > 0) {
    std::string fraction;
    for (int index = weight + 1; fraction.size() < static_cast<std::size_t>(scale); ++index)
      fraction += fmt::format("{:04}", digit(index));
    fraction.resize(static_cast<std::size_t>(scale));
    (text += '.') += fraction;
  }
  if (!sql::is_decimal(text)) refuse(place(), "a numeric has more than 38 digits");
  return Cell::decimal(copy_to(arena, text));
}

Cell uuid_of(std::string_view text, sql::Arena& arena, const auto& place) {
  char* const bytes = arena.allocate(16);
  std::size_t nibbles = 0;
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1); // of a char(n)
  for (const char c : text) {
    if (c == '-') continue;
    const int value = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (value < 0 || nibbles == 32) refuse(place(), "a text is not a uuid");
    char& byte = bytes[nibbles / 2];
    byte = static_cast<char>(nibbles % 2 == 0 ? value << 4 : static_cast<unsigned char>(byte) | value);
    ++nibbles;
  }
  if (nibbles != 32) refuse(place(), "a text is not a uuid");
  return Cell::uuid(bytes);
}

Cell timestamp_of(std::int64_t server, const auto& place) {
  using Limits = std::numeric_limits<std::int64_t>;
  if (server == Limits::max() || server == Limits::min())
    refuse(place(), "an infinite timestamp", "store NULL instead");
  if (server > Limits::max() - kEpochMicroseconds) refuse(place(), "a timestamp is too late for Tenon");
  return Cell::timestamp(server + kEpochMicroseconds);
}

Cell date_of(std::int32_t server, const auto& place) {
  using Limits = std::numeric_limits<std::int32_t>;
  if (server == Limits::max() || server == Limits::min()) refuse(place(), "an infinite date", "store NULL instead");
  return Cell::date(server + kEpochDays);
}

/// 0 for types of any length.
int width_of(Reader reader) noexcept {
  switch (reader) {
    case Reader::boolean: return 1;
    case Reader::int16:
    case Reader::real_int16:
    case Reader::decimal_int16: return 2;
    case Reader::int32:
    case Reader::real_int32:
    case Reader::decimal_int32:
    case Reader::oid:
    case Reader::float32:
    case Reader::date: return 4;
    case Reader::int64:
    case Reader::float64:
    case Reader::decimal_int64:
    case Reader::timestamp: return 8;
    case Reader::uuid: return 16;
    default: return 0;
  }
}

Cell read_cell(Reader reader, const char* data, std::size_t size, sql::Arena& arena, const auto& place) {
  if (const int width = width_of(reader); width != 0 && size != static_cast<std::size_t>(width)) {
    refuse(place(), "the server sent a value of an unexpected size");
  }
  const std::string_view bytes(data, size);
  const auto json = [&](bool versioned) { // jsonb travels as a version and its text
    if (versioned && (bytes.empty() || bytes.front() != 1)) refuse(place(), "the server sent an unknown form of jsonb");
    return bytes.substr(versioned ? 1 : 0);
  };
  switch (reader) {
    case Reader::boolean: return Cell::boolean(*data != 0);
    case Reader::int16: return Cell::int64(load_big_endian<std::int16_t>(data));
    case Reader::int32: return Cell::int64(load_big_endian<std::int32_t>(data));
    case Reader::int64: return Cell::int64(load_big_endian<std::int64_t>(data));
    case Reader::oid: return Cell::int64(load_big_endian<std::uint32_t>(data));
    case Reader::float32:
    case Reader::float64: {
      const double value = reader == Reader::float32 ? std::bit_cast<float>(load_big_endian<std::uint32_t>(data))
                                                     : std::bit_cast<double>(load_big_endian<std::int64_t>(data));
      if (value != value) refuse(place(), "NaN is not a value of Tenon's double", "store NULL instead");
      return Cell::float64(value);
    }
    case Reader::real_int16: return Cell::float64(load_big_endian<std::int16_t>(data));
    case Reader::real_int32: return Cell::float64(load_big_endian<std::int32_t>(data));
    case Reader::user_text:
      if (!sql::is_text(bytes)) refuse(place(), "a value of a type of its own is not text", "cast it to text");
      [[fallthrough]];
    case Reader::text: return Cell::text(bytes);
    case Reader::bytes: return Cell::blob(data, size);
    case Reader::numeric: return decimal_of(bytes, arena, place);
    case Reader::decimal_int16: return decimal_of(load_big_endian<std::int16_t>(data), arena);
    case Reader::decimal_int32: return decimal_of(load_big_endian<std::int32_t>(data), arena);
    case Reader::decimal_int64: return decimal_of(load_big_endian<std::int64_t>(data), arena);
    case Reader::timestamp: return timestamp_of(load_big_endian<std::int64_t>(data), place);
    case Reader::date: return date_of(load_big_endian<std::int32_t>(data), place);
    case Reader::uuid: return Cell::uuid(data);
    case Reader::uuid_text: return uuid_of(bytes, arena, place);
    case Reader::json: return Cell::json(bytes);
    case Reader::jsonb: return Cell::json(json(true));
    case Reader::jsonb_text: return Cell::text(json(true));
    case Reader::array: break;
  }
  refuse(place(), "no reader for its type");
}

/// The wire form: number of dimensions, has NULLs, element type; length and lower bound of each dimension; then each
/// element's size (-1: NULL) and bytes.
Cell array_of(std::string_view wire, sql::Arena& arena, const auto& place) {
  const auto take = [&] {
    if (wire.size() < 4) refuse(place(), "the server sent an array that cannot be read");
    const auto value = load_big_endian<std::int32_t>(wire.data());
    wire.remove_prefix(4);
    return value;
  };
  const std::int32_t dimensions = take();
  static_cast<void>(take());
  const auto type = static_cast<Oid>(take());
  if (dimensions == 0) return Cell::array(nullptr, 0);
  if (dimensions != 1) refuse(place(), "an array of several dimensions");
  const std::int32_t count = take();
  static_cast<void>(take());
  const auto natural = natural_type(type);
  if (!natural || !sql::is_element(*natural) || count < 0 || wire.size() / 4 < static_cast<std::size_t>(count)) {
    refuse(place(), "an array whose elements cannot be read");
  }
  const Reader reader = *reader_for(*natural, type);
  char* const room = arena.allocate(static_cast<std::size_t>(count) * sizeof(Cell) + alignof(Cell));
  const std::size_t behind = reinterpret_cast<std::uintptr_t>(room) % alignof(Cell);
  auto* const cells = reinterpret_cast<Cell*>(room + (behind == 0 ? 0 : alignof(Cell) - behind));
  for (std::int32_t i = 0; i < count; ++i) {
    const std::int32_t size = take();
    if (size > 0 && static_cast<std::size_t>(size) > wire.size()) refuse(place(), "an array that is cut off");
    const auto length = static_cast<std::size_t>(std::max(size, 0));
    const Cell cell = size < 0 ? Cell::null() : read_cell(reader, wire.data(), length, arena, place);
    std::memcpy(cells + i, &cell, sizeof cell);
    wire.remove_prefix(length);
  }
  return Cell::array(cells, static_cast<std::size_t>(count));
}

} // namespace

void ClearResult::operator()(pg_result* result) const noexcept { PQclear(result); }

std::string RowReader::name(std::size_t column) const {
  if (column < names_.size()) return "column " + names_[column];
  const Origin& origin = origins_[column];
  if (origin.column != sql::kNoColumn) {
    return origin.table->qualified_name() + "." + origin.table->columns[origin.column].name;
  }
  return fmt::format("output {}", column + 1);
}

void RowReader::choose(const pg_result* result, std::size_t column, CellType wanted) {
  const Oid type = PQftype(result, static_cast<int>(column));
  const auto reader = reader_for(wanted, type);
  if (!reader) {
    refuse(name(column),
           fmt::format("the column's type (oid {}) does not fit the described {}", type, cell_type_name(wanted)),
           "change the member's type, or the column's");
  }
  readers_.push_back(*reader);
}

void RowReader::describe_once(const pg_result* result, std::uint64_t preparation, const TableDesc& table,
                              std::span<const std::uint32_t> columns) {
  if (preparation != 0 && preparation == described_) return;
  described_ = 0; // until all of it fits
  describe(result, table, columns);
  described_ = preparation;
}

void RowReader::describe(const pg_result* result, const TableDesc& table, std::span<const std::uint32_t> columns) {
  names_.clear();
  origins_.clear();
  readers_.clear();
  const std::size_t count = columns.empty() ? table.columns.size() : columns.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t column = columns.empty() ? static_cast<std::uint32_t>(i) : columns[i];
    origins_.push_back({&table, column});
    choose(result, i, table.columns[column].type);
  }
}

void RowReader::describe_outputs(const pg_result* result, const TableDesc& table,
                                 std::span<const sql::RowColumn> columns) {
  if (columns.empty()) return describe(result, table, {});
  names_.clear();
  origins_.clear();
  readers_.clear();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    origins_.push_back({columns[i].table, columns[i].column});
    choose(result, i, columns[i].type);
  }
}

void RowReader::describe(const pg_result* result) {
  names_.clear();
  origins_.clear();
  readers_.clear();
  for (int i = 0; i < PQnfields(result); ++i) {
    names_.emplace_back(PQfname(result, i));
    const Oid type = PQftype(result, i);
    const auto natural = type == oid::kVoid ? CellType::text : natural_type(type);
    if (!natural) {
      refuse(name(names_.size() - 1), fmt::format("its type (oid {}) has no counterpart here", type),
             "cast it in the statement, for example to text");
    }
    readers_.push_back(type == oid::kVoid ? Reader::text : *reader_for(*natural, type));
  }
}

namespace {

// Values of the most frequent types. Each returns false for what has to be read or refused otherwise.
struct ReadText {
  static bool read(const char* data, int size, Cell& cell) noexcept {
    cell = Cell::text({data, static_cast<std::size_t>(size)});
    return true;
  }
};
struct ReadInt64 {
  static bool read(const char* data, int size, Cell& cell) noexcept {
    if (size != 8) return false;
    cell = Cell::int64(load_big_endian<std::int64_t>(data));
    return true;
  }
};
struct ReadTimestamp {
  static bool read(const char* data, int size, Cell& cell) noexcept {
    using Limits = std::numeric_limits<std::int64_t>;
    if (size != 8) return false;
    const auto server = load_big_endian<std::int64_t>(data);
    if (server == Limits::min() || server > Limits::max() - kEpochMicroseconds) return false;
    cell = Cell::timestamp(server + kEpochMicroseconds);
    return true;
  }
};
struct ReadBoolean {
  static bool read(const char* data, int size, Cell& cell) noexcept {
    if (size != 1) return false;
    cell = Cell::boolean(*data != 0);
    return true;
  }
};
struct ReadNone {
  static bool read(const char*, int, Cell&) noexcept { return false; }
};

/// The cells of one column of the rows from `row` to `end`; they lie `apart` from one another. Of libpq's calls for
/// each value as few as it takes: they are most of the work. Not inlined: so each loop has the registers for itself.
template <class Plain, class Other>
[[gnu::noinline]] void read_column(const pg_result* result, int column, int row, int end, Cell* to, std::size_t apart,
                                   const Other& other) {
  for (; row < end; ++row, to += apart) {
    const int size = PQgetlength(result, row, column);
    if (size == 0 && PQgetisnull(result, row, column) != 0) {
      *to = Cell::null();
      continue;
    }
    const char* const data = PQgetvalue(result, row, column);
    if (!Plain::read(data, size, *to)) [[unlikely]]
      *to = other(data, static_cast<std::size_t>(size));
  }
}

} // namespace

Cell RowReader::read_other(std::size_t column, const char* data, std::size_t size, sql::Arena& arena) const {
  const auto place = [&] { return name(column); };
  return readers_[column] == Reader::array ? array_of({data, size}, arena, place)
                                           : read_cell(readers_[column], data, size, arena, place);
}

void RowReader::read_one(const pg_result* result, int row, Cell* cells, sql::Arena& arena) const {
  const auto plain = [](Reader reader, const char* data, int size, Cell& cell) {
    switch (reader) {
      case Reader::text: return ReadText::read(data, size, cell);
      case Reader::int64: return ReadInt64::read(data, size, cell);
      case Reader::timestamp: return ReadTimestamp::read(data, size, cell);
      case Reader::boolean: return ReadBoolean::read(data, size, cell);
      default: return false;
    }
  };
  const std::size_t count = readers_.size();
  for (std::size_t i = 0; i < count; ++i) {
    const int column = static_cast<int>(i);
    const int size = PQgetlength(result, row, column);
    if (size == 0 && PQgetisnull(result, row, column) != 0) {
      cells[i] = Cell::null();
      continue;
    }
    const char* const data = PQgetvalue(result, row, column);
    if (!plain(readers_[i], data, size, cells[i])) [[unlikely]]
      cells[i] = read_other(i, data, static_cast<std::size_t>(size), arena);
  }
}

// Column by column: what the type of one asks for is decided once for all of its values.
void RowReader::read(const pg_result* result, int first, int rows, Cell* cells, sql::Arena& arena) const {
  if (rows == 1) return read_one(result, first, cells, arena);
  const std::size_t count = readers_.size();
  const int end = first + rows;
  for (std::size_t i = 0; i < count; ++i) {
    const int column = static_cast<int>(i);
    const auto other = [&](const char* data, std::size_t size) { return read_other(i, data, size, arena); };
    switch (readers_[i]) {
      case Reader::text: read_column<ReadText>(result, column, first, end, cells + i, count, other); break;
      case Reader::int64: read_column<ReadInt64>(result, column, first, end, cells + i, count, other); break;
      case Reader::timestamp: read_column<ReadTimestamp>(result, column, first, end, cells + i, count, other); break;
      case Reader::boolean: read_column<ReadBoolean>(result, column, first, end, cells + i, count, other); break;
      default: read_column<ReadNone>(result, column, first, end, cells + i, count, other); break;
    }
  }
}

bool is_failure(const pg_result* result) noexcept {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR;
}

bool is_copy(const pg_result* result) noexcept {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

std::int64_t single_integer(const pg_result* result) {
  if (PQntuples(result) != 1 || PQnfields(result) != 1 || PQgetisnull(result, 0, 0) != 0) {
    throw_error(ErrorCode::internal, "the server did not answer with a single number");
  }
  return PQgetlength(result, 0, 0) == 1 ? *PQgetvalue(result, 0, 0)
                                        : load_big_endian<std::int64_t>(PQgetvalue(result, 0, 0));
}

std::uint64_t affected_rows(pg_result* result) noexcept {
  const std::string_view text = PQcmdTuples(result);
  std::uint64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

} // namespace tenon::postgresql
