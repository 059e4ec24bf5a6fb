#pragma once
// TypeMap<T>: how a C++ type becomes a cell and back. Specialise it for a type of your own:
//
//   template <> struct tenon::TypeMap<Celsius> {
//     static constexpr CellType type = CellType::float64;
//     static Cell write(const Celsius& value);              // may point into `value`
//     static void read(const Cell& cell, Celsius& value);   // cell.type is `type`
//   };
//
// NULL is handled by std::optional<T>. Errors: DataError for a value that does not fit. Threads: pure functions.

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

#include <boost/describe/enum.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include <tenon/core/types.hpp>
#include <tenon/interface/cell.hpp>

namespace tenon {

template <class T> struct TypeMap {};

/// A type that a column can hold; without the optional, if it is one.
template <class T>
concept Storable = requires(const T& value, T& out, const Cell& cell) {
  { TypeMap<T>::type } -> std::convertible_to<CellType>;
  { TypeMap<T>::write(value) } -> std::same_as<Cell>;
  TypeMap<T>::read(cell, out);
};

namespace detail {

[[noreturn]] TENON_VISIBLE void throw_integer_range(std::int64_t value);
[[noreturn]] TENON_VISIBLE void throw_unsigned_range(std::uint64_t value);
[[noreturn]] TENON_VISIBLE void throw_nan();
[[noreturn]] TENON_VISIBLE void throw_unknown_enumerator(std::string_view name);
[[noreturn]] TENON_VISIBLE void throw_invalid_date();

template <class T> struct IsOptional : std::false_type {};
template <class T> struct IsOptional<std::optional<T>> : std::true_type {};
template <class T> struct Unwrap { using type = T; };
template <class T> struct Unwrap<std::optional<T>> { using type = T; };

} // namespace detail

/// The column's type without its optional.
template <class T> using Unwrapped = typename detail::Unwrap<T>::type;

template <> struct TypeMap<bool> {
  static constexpr CellType type = CellType::boolean;
  static Cell write(bool value) noexcept { return Cell::boolean(value); }
  static void read(const Cell& cell, bool& value) noexcept { value = cell.integer != 0; }
};

template <std::integral T>
requires(!std::same_as<T, bool>) struct TypeMap<T> {
  static constexpr CellType type = CellType::int64;
  static Cell write(T value) {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8) {
      if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) detail::throw_unsigned_range(value);
    }
    return Cell::int64(static_cast<std::int64_t>(value));
  }
  static void read(const Cell& cell, T& value) {
    if (!std::in_range<T>(cell.integer)) detail::throw_integer_range(cell.integer);
    value = static_cast<T>(cell.integer);
  }
};

template <std::floating_point T> struct TypeMap<T> {
  static constexpr CellType type = CellType::float64;
  static Cell write(T value) {
    if (std::isnan(value)) detail::throw_nan();
    return Cell::float64(static_cast<double>(value));
  }
  static void read(const Cell& cell, T& value) noexcept { value = static_cast<T>(cell.real); }
};

template <> struct TypeMap<std::string> {
  static constexpr CellType type = CellType::text;
  static Cell write(const std::string& value) noexcept { return Cell::text(value); }
  static void read(const Cell& cell, std::string& value) { value.assign(cell.bytes()); }
};

template <> struct TypeMap<Bytes> {
  static constexpr CellType type = CellType::blob;
  static Cell write(const Bytes& value) noexcept { return Cell::blob(value.data(), value.size()); }
  static void read(const Cell& cell, Bytes& value) {
    const auto* first = static_cast<const std::uint8_t*>(cell.data);
    value.assign(first, first + cell.size);
  }
};

template <> struct TypeMap<Timestamp> {
  static constexpr CellType type = CellType::timestamp;
  static Cell write(Timestamp value) noexcept { return Cell::timestamp(value.time_since_epoch().count()); }
  static void read(const Cell& cell, Timestamp& value) noexcept {
    value = Timestamp{std::chrono::microseconds{cell.integer}};
  }
};

template <> struct TypeMap<Date> {
  static constexpr CellType type = CellType::date;
  static Cell write(Date value) {
    if (!value.ok()) detail::throw_invalid_date();
    return Cell::date(std::chrono::sys_days{value}.time_since_epoch().count());
  }
  static void read(const Cell& cell, Date& value) noexcept {
    value = Date{std::chrono::sys_days{std::chrono::days{cell.integer}}};
  }
};

template <> struct TypeMap<Uuid> {
  static constexpr CellType type = CellType::uuid;
  static Cell write(const Uuid& value) noexcept { return Cell::uuid(value.data); }
  static void read(const Cell& cell, Uuid& value) noexcept { std::memcpy(value.data, cell.data, 16); }
};

template <> struct TypeMap<Decimal> {
  static constexpr CellType type = CellType::decimal;
  static Cell write(const Decimal& value) noexcept { return Cell::decimal(value.text()); }
  static void read(const Cell& cell, Decimal& value) { value = Decimal::parse(cell.bytes()); }
};

template <> struct TypeMap<Json> {
  static constexpr CellType type = CellType::json;
  static Cell write(const Json& value) noexcept { return Cell::json(value.text()); }
  static void read(const Cell& cell, Json& value) { value = Json::trusted(std::string(cell.bytes())); }
};

/// Enums described with BOOST_DESCRIBE_ENUM are stored by name, others by number.
template <class T>
requires std::is_enum_v<T>
struct TypeMap<T> {
  static constexpr bool by_name = boost::describe::has_describe_enumerators<T>::value;
  static constexpr CellType type = by_name ? CellType::text : CellType::int64;
  static Cell write(T value) {
    if constexpr (by_name) {
      const char* name = boost::describe::enum_to_string(value, nullptr);
      if (name == nullptr) detail::throw_unknown_enumerator(std::to_string(static_cast<std::int64_t>(value)));
      return Cell::text(name);
    } else {
      return TypeMap<std::underlying_type_t<T>>::write(static_cast<std::underlying_type_t<T>>(value));
    }
  }
  static void read(const Cell& cell, T& value) {
    if constexpr (by_name) {
      bool known = false; // Boost's own enum_from_string wants a string that ends with NUL, which a cell does not
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
        if (known || cell.bytes() != enumerator.name) return;
        value = enumerator.value;
        known = true;
      });
      if (!known) detail::throw_unknown_enumerator(cell.bytes());
    } else {
      std::underlying_type_t<T> number{};
      TypeMap<std::underlying_type_t<T>>::read(cell, number);
      value = static_cast<T>(number);
    }
  }
};

namespace detail {

template <class T> Cell write_cell(const T& value) {
  if constexpr (IsOptional<T>::value) {
    return value ? TypeMap<Unwrapped<T>>::write(*value) : Cell::null();
  } else {
    return TypeMap<T>::write(value);
  }
}

/// Requires a cell of the column's type, or NULL.
[[noreturn]] TENON_VISIBLE void throw_unexpected_cell(CellType wanted, CellType found, std::string_view table,
                                                      std::string_view column);

} // namespace detail
} // namespace tenon
