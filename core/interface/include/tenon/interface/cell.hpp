#pragma once
// One value on its way between a struct and a driver: a tagged, borrowed view without ownership, so a row costs no
// heap. Made by the typed front and by backends; its layout equals tenon_cell in tenon_abi.h, so cells cross the plugin
// boundary without being copied (the SDK and the host assert this).
// Lifetime: text, blob, decimal, uuid, json and array point into memory that somebody else owns; each function that
// takes or gives cells says for how long.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace tenon {

/// The types of Tenon's data model. A backend stores each exactly or answers DataError; it never rounds or cuts in
/// silence.
enum class CellType : std::uint32_t {
  null = 0,
  boolean = 1,   ///< integer 0 or 1
  int64 = 2,     ///< integer
  float64 = 3,   ///< real; NaN is refused before it reaches a backend
  text = 4,      ///< UTF-8 without NUL
  blob = 5,      ///< any bytes
  decimal = 6,   ///< text of the form [-]digits[.digits], at most 38 digits
  uuid = 7,      ///< 16 bytes in network order
  timestamp = 8, ///< integer: microseconds since 1970-01-01 00:00:00 UTC
  date = 9,      ///< integer: days since 1970-01-01
  json = 10,     ///< JSON text in UTF-8
  array = 11,    ///< cells of one type, or NULL; see Cell::array
};

struct Cell {
  CellType type;
  std::uint32_t reserved;
  std::uint64_t size; ///< bytes behind `data`; 0 for types held in place
  union {
    std::int64_t integer;
    double real;
    const void* data;
  };

  static constexpr Cell null() noexcept { return in_place(CellType::null, 0); }
  static constexpr Cell boolean(bool value) noexcept { return in_place(CellType::boolean, value ? 1 : 0); }
  static constexpr Cell int64(std::int64_t value) noexcept { return in_place(CellType::int64, value); }
  static constexpr Cell timestamp(std::int64_t microseconds) noexcept {
    return in_place(CellType::timestamp, microseconds);
  }
  static constexpr Cell date(std::int64_t days) noexcept { return in_place(CellType::date, days); }
  static constexpr Cell float64(double value) noexcept { return {CellType::float64, 0, 0, {.real = value}}; }
  static constexpr Cell text(std::string_view value) noexcept {
    return borrowed(CellType::text, value.data(), value.size());
  }
  static constexpr Cell blob(const void* bytes, std::size_t size) noexcept {
    return borrowed(CellType::blob, bytes, size);
  }
  static constexpr Cell decimal(std::string_view digits) noexcept {
    return borrowed(CellType::decimal, digits.data(), digits.size());
  }
  static constexpr Cell uuid(const void* sixteen_bytes) noexcept { return borrowed(CellType::uuid, sixteen_bytes, 16); }
  static constexpr Cell json(std::string_view value) noexcept {
    return borrowed(CellType::json, value.data(), value.size());
  }

  /// Elements: all of the column's ColumnDesc::element (boolean, int64, float64 or text), or NULL. Borrowed like bytes.
  static constexpr Cell array(const Cell* elements, std::size_t count) noexcept {
    return borrowed(CellType::array, elements, count * sizeof(Cell));
  }

  [[nodiscard]] constexpr bool is_null() const noexcept { return type == CellType::null; }
  /// Requires a type that points to bytes (text, blob, decimal, uuid, json).
  [[nodiscard]] std::string_view bytes() const noexcept { return {static_cast<const char*>(data), size}; }
  /// Requires an array.
  [[nodiscard]] const Cell* elements() const noexcept { return static_cast<const Cell*>(data); }
  [[nodiscard]] constexpr std::size_t element_count() const noexcept { return size / sizeof(Cell); }

private:
  // As one aggregate: GCC 12 makes a cell that is zeroed and then filled on the stack, in pieces which the load of the
  // whole has to wait for; as many cycles as the rest of reading a value.
  static constexpr Cell in_place(CellType type, std::int64_t value) noexcept {
    return {type, 0, 0, {.integer = value}};
  }
  static constexpr Cell borrowed(CellType type, const void* bytes, std::size_t size) noexcept {
    return {type, 0, size, {.data = bytes}};
  }
};

static_assert(std::is_trivially_copyable_v<Cell> && std::is_standard_layout_v<Cell> && sizeof(Cell) == 24);

/// Rows as a matrix of cells, row after row. Lifetime: as said by the function that gives it.
struct RowBatch {
  const Cell* cells = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;

  [[nodiscard]] const Cell* row(std::size_t index) const noexcept { return cells + index * columns; }
  [[nodiscard]] bool empty() const noexcept { return rows == 0; }
};

/// The word for a type in messages, reports and the plugin kit.
[[nodiscard]] constexpr std::string_view cell_type_name(CellType type) noexcept {
  switch (type) {
    case CellType::null: return "null";
    case CellType::boolean: return "bool";
    case CellType::int64: return "int64";
    case CellType::float64: return "double";
    case CellType::text: return "text";
    case CellType::blob: return "blob";
    case CellType::decimal: return "decimal";
    case CellType::uuid: return "uuid";
    case CellType::timestamp: return "timestamp";
    case CellType::date: return "date";
    case CellType::json: return "json";
    case CellType::array: return "array";
  }
  return "unknown";
}

} // namespace tenon
