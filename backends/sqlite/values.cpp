#include "values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>

#include <fmt/format.h>
#include <sqlite3.h>

#include <tenon/interface/error.hpp>
#include <tenon/sql/text.hpp>

#include "array_text.hpp"
#include "decimal.hpp"
#include "list_module.hpp"
#include "time_text.hpp"

namespace tenon::sqlite {
namespace {

constexpr double kExactIntegers = 9007199254740992.0; // 2^53: every integer up to here is a double

std::string name_of(const StoredColumn* column) {
  return column == nullptr || column->table == nullptr ? std::string("a parameter")
                                                       : column->table->qualified_name() + "." + column->column->name;
}

[[noreturn]] void raise(ErrorCode code, const StoredColumn* column, std::string_view what, std::string hint = {}) {
  ErrorInfo info;
  info.code = code;
  info.backend = "sqlite";
  info.message = fmt::format("{}: {}", name_of(column), what);
  info.hint = std::move(hint);
  if (column != nullptr && column->table != nullptr) {
    info.table = column->table->name;
    info.columns = {column->column->name};
  }
  throw_error(std::move(info));
}

Stored integer(std::int64_t value) noexcept { return {Stored::Class::integer, value, 0, {}}; }
Stored real(double value) noexcept { return {Stored::Class::real, 0, value, {}}; }
Stored text(std::string_view value) noexcept { return {Stored::Class::text, 0, 0, value}; }
Stored blob(std::string_view value) noexcept { return {Stored::Class::blob, 0, 0, value}; }

Stored short_text(const ShortText& value, sql::Arena& scratch) {
  return text(scratch.copy(value.bytes.data(), value.size));
}

/// A decimal for a column of numbers: SQLite would keep 15 digits and drop the rest in silence.
Stored number(std::string_view digits, const StoredColumn* column) {
  std::int64_t whole = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, whole);
  const bool is_whole = read.ec == std::errc{} && read.ptr == end;
  if (is_whole && column->column->type == CellType::int64) return integer(whole);
  if (significant_digits(digits) > 15) {
    raise(ErrorCode::data, column, "the column stores numbers with 15 digits, and this decimal has more",
          "declare the column as text to store decimals exactly");
  }
  if (is_whole) return integer(whole);
  double value = 0;
  std::from_chars(digits.data(), end, value);
  return real(value);
}

Stored decimal(const Cell& cell, const StoredColumn* column) {
  const std::string_view digits = cell.bytes();
  if (!sql::is_decimal(digits)) {
    raise(ErrorCode::data, column, "malformed decimal", "decimals are [-]digits[.digits] with at most 38 digits");
  }
  if (column == nullptr) return text(digits);
  const bool numbers = column->form == Form::number || column->column->type != CellType::decimal;
  return numbers ? number(digits, column) : text(digits);
}

/// A number that is compared with a decimal column takes the form of that column.
template <class Number> Stored as_decimal(Number value, sql::Arena& scratch) {
  std::array<char, 400> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return text(scratch.copy(digits.data(), static_cast<std::size_t>(written.ptr - digits.data())));
}

bool is_decimal_text(const StoredColumn* column) noexcept {
  return column != nullptr && column->column->type == CellType::decimal && column->form == Form::native;
}

Stored dated(const std::optional<ShortText>& written, const StoredColumn* column, sql::Arena& scratch) {
  if (!written) {
    raise(ErrorCode::data, column, "the column stores text, which holds the years 1 to 9999 only",
          "declare the column as BIGINT for other years");
  }
  return short_text(*written, scratch);
}

bool is_text_form(const StoredColumn* column) noexcept { return column != nullptr && column->form == Form::text; }

Stored store(const Cell& cell, const StoredColumn* column, sql::Arena& scratch) {
  switch (cell.type) {
    case CellType::null: return {};
    case CellType::boolean: return integer(cell.integer != 0 ? 1 : 0);
    case CellType::int64: return is_decimal_text(column) ? as_decimal(cell.integer, scratch) : integer(cell.integer);
    case CellType::float64:
      if (std::isnan(cell.real)) raise(ErrorCode::data, column, "NaN cannot be stored");
      return is_decimal_text(column) ? as_decimal(cell.real, scratch) : real(cell.real);
    case CellType::text:
      if (!sql::is_text(cell.bytes())) {
        raise(ErrorCode::data, column, "text has to be UTF-8 without NUL", "store other bytes as a blob");
      }
      return text(cell.bytes());
    case CellType::blob: return blob(cell.bytes());
    case CellType::decimal: return decimal(cell, column);
    case CellType::uuid: {
      if (cell.size != 16) raise(ErrorCode::programming, column, "a uuid has 16 bytes");
      if (column == nullptr || column->form == Form::native) return blob(cell.bytes());
      return short_text(uuid_text(static_cast<const unsigned char*>(cell.data), column->form == Form::text), scratch);
    }
    case CellType::timestamp:
      return is_text_form(column) ? dated(timestamp_text(cell.integer), column, scratch) : integer(cell.integer);
    case CellType::date:
      return is_text_form(column) ? dated(date_text(cell.integer), column, scratch) : integer(cell.integer);
    case CellType::json:
      if (!sql::is_json(cell.bytes())) raise(ErrorCode::data, column, "malformed JSON");
      return text(cell.bytes());
    case CellType::array: {
      const CellType element = sql::element_type(cell);
      const bool fits = column == nullptr || element == CellType::null || element == column->column->element;
      if (!fits || element == CellType::array) raise(ErrorCode::data, column, "an array with elements of another type");
      const auto json = array_text(cell);
      if (!json) raise(ErrorCode::data, column, "an array holds NaN, or text that is no UTF-8 without NUL");
      return text(scratch.copy(json->data(), json->size()));
    }
  }
  raise(ErrorCode::not_supported, column, "a value of a type that this backend does not know");
}

void copy_bytes(Stored& value, sql::Arena& bytes) {
  if (!value.bytes.empty()) value.bytes = bytes.copy(value.bytes.data(), value.bytes.size());
}

[[noreturn]] void does_not_fit(const StoredColumn& column) {
  raise(ErrorCode::data, &column, fmt::format("a stored value is no {}", cell_type_name(column.column->type)),
        "another program wrote it: correct it, or describe the column with the type that it holds");
}

std::string_view bytes_of(sqlite3_value* value) noexcept {
  const void* const data = sqlite3_value_blob(value); // of text too: the bytes as they are
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
  return data == nullptr ? std::string_view{} : std::string_view{static_cast<const char*>(data), size};
}

Cell read_text(sqlite3_value* value, int storage, const StoredColumn& column, sql::Arena& bytes) {
  const std::string_view stored = bytes_of(value);
  // A column that others declared JSON has numeric affinity, so a document that is a number is stored as one.
  const bool number = column.column->type == CellType::json && (storage == SQLITE_INTEGER || storage == SQLITE_FLOAT);
  if ((storage != SQLITE_TEXT && !number) || !sql::is_text(stored)) does_not_fit(column);
  const std::string_view kept = bytes.copy(stored.data(), stored.size());
  return column.column->type == CellType::json ? Cell::json(kept) : Cell::text(kept);
}

Cell read_decimal(sqlite3_value* value, int storage, const StoredColumn& column, sql::Arena& bytes) {
  std::array<char, 400> digits{};
  std::string_view stored;
  const auto write = [&](auto given, auto... format) {
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), given, format...);
    stored = {digits.data(), static_cast<std::size_t>(written.ptr - digits.data())};
  };
  switch (storage) {
    case SQLITE_INTEGER: write(sqlite3_value_int64(value)); break;
    case SQLITE_FLOAT: write(sqlite3_value_double(value), std::chars_format::fixed); break;
    case SQLITE_TEXT: stored = bytes_of(value); break;
    default: break;
  }
  if (!sql::is_decimal(stored)) does_not_fit(column);
  return Cell::decimal(bytes.copy(stored.data(), stored.size()));
}

Cell read_uuid_cell(sqlite3_value* value, int storage, const StoredColumn& column, sql::Arena& bytes) {
  const std::string_view stored = bytes_of(value);
  if (storage == SQLITE_BLOB && stored.size() == 16) return Cell::uuid(bytes.copy(stored.data(), 16).data());
  if (storage != SQLITE_TEXT) does_not_fit(column);
  const auto uuid = read_uuid(stored);
  if (!uuid) does_not_fit(column);
  return Cell::uuid(bytes.copy(uuid->data(), uuid->size()).data());
}

std::int64_t read_integer(sqlite3_value* value, int storage, const StoredColumn& column) {
  if (storage == SQLITE_INTEGER) return sqlite3_value_int64(value);
  if (storage != SQLITE_FLOAT) does_not_fit(column);
  const double stored = sqlite3_value_double(value);
  if (std::trunc(stored) != stored || std::abs(stored) > kExactIntegers) does_not_fit(column);
  return static_cast<std::int64_t>(stored);
}

double read_real(sqlite3_value* value, int storage, const StoredColumn& column) {
  if (storage == SQLITE_FLOAT) return sqlite3_value_double(value);
  if (storage != SQLITE_INTEGER) does_not_fit(column);
  const std::int64_t whole = sqlite3_value_int64(value);
  if (std::abs(static_cast<double>(whole)) > kExactIntegers) does_not_fit(column);
  return static_cast<double>(whole);
}

/// Microseconds or days: as an integer, or as text in any form that time_text.hpp reads.
std::int64_t read_dated(sqlite3_value* value, int storage, const StoredColumn& column) {
  if (storage == SQLITE_INTEGER) return sqlite3_value_int64(value);
  if (storage != SQLITE_TEXT) does_not_fit(column);
  const std::string_view stored = bytes_of(value);
  const auto moment = column.column->type == CellType::date ? read_date(stored) : read_timestamp(stored);
  if (!moment) does_not_fit(column);
  return *moment;
}

/// As SQLite finds affinities: by parts of the declared type, in any case.
bool declares(std::string_view declared, std::string_view part) noexcept {
  for (std::size_t i = 0; i + part.size() <= declared.size(); ++i) {
    if (sqlite3_strnicmp(declared.data() + i, part.data(), static_cast<int>(part.size())) == 0) return true;
  }
  return false;
}

} // namespace

Form form_of(CellType type, std::string_view declared) noexcept {
  const bool is_text = declares(declared, "CHAR") || declares(declared, "TEXT") || declares(declared, "CLOB");
  const bool is_integer = declares(declared, "INT");
  switch (type) {
    case CellType::timestamp:
    case CellType::date:
      if (is_integer) return Form::native;
      return is_text || declares(declared, "DATE") || declares(declared, "TIME") ? Form::text : Form::native;
    case CellType::uuid:
      if (declares(declared, "CHAR(32)")) return Form::hex;
      return is_text || declares(declared, "UUID") ? Form::text : Form::native;
    case CellType::decimal:
      return is_text || declared.empty() || declares(declared, "BLOB") ? Form::native : Form::number;
    default: return Form::native;
  }
}

Stored to_write(const Cell& cell, const StoredColumn& column, sql::Arena& scratch) {
  if (cell.type != column.column->type && cell.type != CellType::null) {
    raise(ErrorCode::programming, &column,
          fmt::format("the column is {} and the value {}", cell_type_name(column.column->type),
                      cell_type_name(cell.type)));
  }
  const Stored value = store(cell, &column, scratch);
  const std::uint32_t limit = column.column->max_length;
  if (limit != 0 && cell.type == CellType::text && cell.size > limit && sql::code_points(cell.bytes()) > limit) {
    raise(ErrorCode::data, &column, fmt::format("the text is longer than {} characters", limit));
  }
  return value;
}

Stored to_compare(const Cell& cell, const StoredColumn* column, sql::Arena& scratch) {
  return store(cell, column, scratch);
}

int bind(sqlite3_stmt* statement, int index, const Stored& value) noexcept {
  const char* const data = value.bytes.empty() ? "" : value.bytes.data(); // a null pointer would bind NULL
  switch (value.storage) {
    case Stored::Class::null: return sqlite3_bind_null(statement, index);
    case Stored::Class::integer: return sqlite3_bind_int64(statement, index, value.integer);
    case Stored::Class::real: return sqlite3_bind_double(statement, index, value.real);
    case Stored::Class::text:
      return sqlite3_bind_text64(statement, index, data, value.bytes.size(), SQLITE_STATIC, SQLITE_UTF8);
    case Stored::Class::blob: return sqlite3_bind_blob64(statement, index, data, value.bytes.size(), SQLITE_STATIC);
  }
  return SQLITE_MISUSE;
}

int bind_written(sqlite3_stmt* statement, int index, const Cell& cell, const StoredColumn& column,
                 sql::Arena& scratch) {
  // What most values are, without the steps between.
  if (cell.type == CellType::null) return sqlite3_bind_null(statement, index);
  if (cell.type == column.column->type && column.form == Form::native) {
    switch (cell.type) {
      case CellType::int64:
      case CellType::timestamp:
      case CellType::date: return sqlite3_bind_int64(statement, index, cell.integer);
      case CellType::text: {
        if (column.column->max_length != 0 || cell.size == 0 || !sql::is_text(cell.bytes())) break;
        return sqlite3_bind_text64(statement, index, cell.bytes().data(), cell.size, SQLITE_STATIC, SQLITE_UTF8);
      }
      default: break;
    }
  }
  return bind(statement, index, to_write(cell, column, scratch));
}

void set_result(sqlite3_context* context, const Stored& value) noexcept {
  const char* const data = value.bytes.empty() ? "" : value.bytes.data();
  switch (value.storage) {
    case Stored::Class::null: sqlite3_result_null(context); return;
    case Stored::Class::integer: sqlite3_result_int64(context, value.integer); return;
    case Stored::Class::real: sqlite3_result_double(context, value.real); return;
    case Stored::Class::text:
      sqlite3_result_text64(context, data, value.bytes.size(), SQLITE_STATIC, SQLITE_UTF8);
      return;
    case Stored::Class::blob: sqlite3_result_blob64(context, data, value.bytes.size(), SQLITE_STATIC); return;
  }
}

const StoredColumn& computed_column(CellType type) noexcept {
  static const std::array<ColumnDesc, 12> described = [] {
    std::array<ColumnDesc, 12> all;
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = {"a computed value", static_cast<CellType>(i), true, false, 0};
    return all;
  }();
  static const std::array<StoredColumn, 12> columns = [] {
    std::array<StoredColumn, 12> all;
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = {nullptr, &described[i], Form::native};
    return all;
  }();
  return columns[static_cast<std::size_t>(type)];
}

int bind_all(sqlite3_stmt* statement, std::span<const sql::Parameter> parameters, StoredTables tables,
             BoundValues& bound, bool copy) {
  int index = 0;
  for (const sql::Parameter& parameter : parameters) {
    const StoredColumn* column = parameter.decimal ? &computed_column(CellType::decimal) : nullptr;
    if (parameter.column != sql::kNoColumn) column = &tables[parameter.source][parameter.column];
    int code = SQLITE_OK;
    if (parameter.is_list()) {
      List& list = bound.lists.emplace_back();
      list.reserve(parameter.list.size());
      for (const Node& node : parameter.list) {
        list.push_back(to_compare(node.value, column, bound.bytes));
        if (copy) copy_bytes(list.back(), bound.bytes);
      }
      code = bind_list(statement, ++index, list);
    } else if (parameter.assigned && !copy) {
      code = bind_written(statement, ++index, parameter.cell, *column, bound.bytes);
    } else {
      Stored value = parameter.assigned ? to_write(parameter.cell, *column, bound.bytes)
                                        : to_compare(parameter.cell, column, bound.bytes);
      if (copy) copy_bytes(value, bound.bytes);
      code = bind(statement, ++index, value);
    }
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

Cell read(sqlite3_value* value, const StoredColumn& column, sql::Arena& bytes) {
  const int storage = sqlite3_value_type(value);
  if (storage == SQLITE_NULL) return Cell::null();
  switch (column.column->type) {
    case CellType::null: break;
    case CellType::array: {
      const auto array =
          storage == SQLITE_TEXT ? read_array(bytes_of(value), column.column->element, bytes) : std::nullopt;
      if (!array) does_not_fit(column);
      return *array;
    }
    case CellType::boolean: {
      const std::int64_t flag = storage == SQLITE_INTEGER ? sqlite3_value_int64(value) : 2;
      if (flag != 0 && flag != 1) does_not_fit(column);
      return Cell::boolean(flag == 1);
    }
    case CellType::int64: return Cell::int64(read_integer(value, storage, column));
    case CellType::float64: return Cell::float64(read_real(value, storage, column));
    case CellType::text:
    case CellType::json: return read_text(value, storage, column, bytes);
    case CellType::blob: {
      if (storage != SQLITE_BLOB) does_not_fit(column);
      const std::string_view stored = bytes_of(value);
      const std::string_view kept = bytes.copy(stored.data(), stored.size());
      return Cell::blob(kept.data(), kept.size());
    }
    case CellType::decimal: return read_decimal(value, storage, column, bytes);
    case CellType::uuid: return read_uuid_cell(value, storage, column, bytes);
    case CellType::timestamp: return Cell::timestamp(read_dated(value, storage, column));
    case CellType::date: return Cell::date(read_dated(value, storage, column));
  }
  raise(ErrorCode::not_supported, &column, "the column has a type that this backend does not know");
}

void read_row(sqlite3_value** values, std::span<const StoredColumn> columns, Cell* cells, sql::Arena& bytes) {
  // The classes that most values have, here in one place: a call of read() for each took 300 of a find's instructions.
  for (const StoredColumn& column : columns) {
    sqlite3_value* const value = *values++;
    Cell& cell = *cells++;
    const CellType type = column.column->type;
    const int storage = sqlite3_value_type(value);
    if (storage == SQLITE_INTEGER &&
        (type == CellType::int64 || type == CellType::timestamp || type == CellType::date)) {
      cell = {type, 0, 0, {sqlite3_value_int64(value)}};
    } else if (storage == SQLITE_TEXT && type == CellType::text) {
      const std::string_view stored = bytes_of(value);
      if (!sql::is_text(stored)) does_not_fit(column);
      cell = Cell::text(bytes.copy(stored.data(), stored.size()));
    } else if (storage == SQLITE_NULL) {
      cell = Cell::null();
    } else {
      cell = read(value, column, bytes);
    }
  }
}

Cell read_plain(sqlite3_value* value, std::size_t position, sql::Arena& bytes) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER: return Cell::int64(sqlite3_value_int64(value));
    case SQLITE_FLOAT: return Cell::float64(sqlite3_value_double(value));
    case SQLITE_TEXT: {
      const std::string_view stored = bytes_of(value);
      if (!sql::is_text(stored)) {
        throw_error(ErrorCode::data, fmt::format("column {} of the result is no UTF-8 text", position + 1));
      }
      return Cell::text(bytes.copy(stored.data(), stored.size()));
    }
    case SQLITE_BLOB: {
      const std::string_view stored = bytes_of(value);
      const std::string_view kept = bytes.copy(stored.data(), stored.size());
      return Cell::blob(kept.data(), kept.size());
    }
    default: return Cell::null();
  }
}

} // namespace tenon::sqlite
