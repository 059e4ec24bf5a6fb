#pragma once
// TypeMap<T>: how a C++ type becomes a cell and back. Specialise it for a type of your own:
//
//   template <> struct tenon::TypeMap<Celsius> {
//     static constexpr CellType type = CellType::float64;
//     static Cell write(const Celsius& value);              // may point into `value`
//     static void read(const Cell& cell, Celsius& value);   // cell.type is `type`
//   };
//
// A type whose stored form has to be made first takes write(const T& value, Scratch& scratch) instead and keeps what
// the cell points to in `scratch`. NULL is handled by std::optional<T>. For an identifier that is not to be mixed up
// with others, tenon::Id needs no specialisation. Errors: DataError for a value that does not fit. Threads: pure
// functions.

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <forward_list>
#include <limits>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe/enum.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include <tenon/core/types.hpp>
#include <tenon/interface/cell.hpp>

namespace tenon {

template <class T> struct TypeMap {};

/// What cells point to that had to be made for one call. Costs no heap while nothing is kept.
/// Lifetime: views stay true until it is cleared or destroyed. Threads: one.
class Scratch {
public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string_view keep(std::string text) { return texts_.emplace_front(std::move(text)); }
  [[nodiscard]] Cell* cells(std::size_t count) { return cells_.emplace_front(count, Cell::null()).data(); }
  void clear() noexcept {
    texts_.clear();
    cells_.clear();
  }

private:
  std::forward_list<std::string> texts_;
  std::forward_list<std::vector<Cell>> cells_;
};

namespace detail {

template <class T>
concept WritesInPlace = requires(const T& value) {
  { TypeMap<T>::write(value) } -> std::same_as<Cell>;
};
template <class T>
concept WritesToScratch = requires(const T& value, Scratch& scratch) {
  { TypeMap<T>::write(value, scratch) } -> std::same_as<Cell>;
};

} // namespace detail

/// A type that a column can hold; without the optional, if it is one.
template <class T>
concept Storable = (detail::WritesInPlace<T> || detail::WritesToScratch<T>)&&requires(T& out, const Cell& cell) {
  { TypeMap<T>::type } -> std::convertible_to<CellType>;
  TypeMap<T>::read(cell, out);
};

namespace detail {

[[noreturn]] TENON_VISIBLE void throw_integer_range(std::int64_t value);
[[noreturn]] TENON_VISIBLE void throw_unsigned_range(std::uint64_t value);
[[noreturn]] TENON_VISIBLE void throw_nan();
[[noreturn]] TENON_VISIBLE void throw_unknown_enumerator();
[[noreturn]] TENON_VISIBLE void throw_invalid_date();
[[noreturn]] TENON_VISIBLE void throw_float_range();
[[noreturn]] TENON_VISIBLE void throw_inexact_duration();
[[noreturn]] TENON_VISIBLE void throw_null_element();

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

/// float and double; a long double would be cut.
template <std::floating_point T>
requires(sizeof(T) <= sizeof(double)) struct TypeMap<T> {
  static constexpr CellType type = CellType::float64;
  static Cell write(T value) {
    if (std::isnan(value)) detail::throw_nan();
    return Cell::float64(static_cast<double>(value));
  }
  static void read(const Cell& cell, T& value) {
    if constexpr (sizeof(T) < sizeof(double)) { // rounds as any conversion does, but makes no infinity of a number
      if (std::isfinite(cell.real) && std::fabs(cell.real) > static_cast<double>(std::numeric_limits<T>::max())) {
        detail::throw_float_range();
      }
    }
    value = static_cast<T>(cell.real);
  }
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

/// Durations of any unit are stored as microseconds. Errors: DataError for one that is not whole in the unit that it is
/// written to or read into, or is out of range.
template <std::integral Rep, class Period> struct TypeMap<std::chrono::duration<Rep, Period>> {
  using Value = std::chrono::duration<Rep, Period>;
  static constexpr CellType type = CellType::int64;
  static Cell write(Value value) {
    return Cell::int64(convert<std::int64_t, Rep>(value.count(), std::ratio_divide<Period, std::micro>()));
  }
  static void read(const Cell& cell, Value& value) {
    value = Value(convert<Rep, std::int64_t>(cell.integer, std::ratio_divide<std::micro, Period>()));
  }

private:
  template <class To, class From, std::intmax_t N, std::intmax_t D> static To convert(From count, std::ratio<N, D>) {
    __extension__ using Wide = __int128; // 64 bits times any standard unit fit
    const Wide scaled = static_cast<Wide>(count) * N;
    if (scaled % D != 0) detail::throw_inexact_duration();
    const Wide whole = scaled / D;
    if (whole < static_cast<Wide>(std::numeric_limits<To>::min()) ||
        whole > static_cast<Wide>(std::numeric_limits<To>::max())) {
      detail::throw_inexact_duration();
    }
    return static_cast<To>(whole);
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

/// How an enum is stored. Choose otherwise at global scope:
///   template <> inline constexpr auto tenon::enum_form<Colour> = tenon::EnumForm::number;
enum class EnumForm { name, number };
template <class T>
inline constexpr EnumForm enum_form =
    boost::describe::has_describe_enumerators<T>::value ? EnumForm::name : EnumForm::number;

/// Enums described with BOOST_DESCRIBE_ENUM are stored by name unless enum_form says otherwise, others by number. A
/// described one holds no other value than those described.
template <class T>
requires std::is_enum_v<T>
struct TypeMap<T> {
  static constexpr bool described = boost::describe::has_describe_enumerators<T>::value;
  static constexpr bool by_name = enum_form<T> == EnumForm::name;
  static_assert(described || !by_name,
                "an enum that is stored by name is described: BOOST_DESCRIBE_ENUM(Type, names…)");
  static constexpr CellType type = by_name ? CellType::text : CellType::int64;

  static Cell write(T value) {
    if constexpr (described) {
      const char* name = boost::describe::enum_to_string(value, nullptr);
      if (name == nullptr) detail::throw_unknown_enumerator();
      if constexpr (by_name) return Cell::text(name);
    }
    return TypeMap<std::underlying_type_t<T>>::write(static_cast<std::underlying_type_t<T>>(value));
  }
  static void read(const Cell& cell, T& value) {
    if constexpr (by_name) {
      bool known = false; // Boost's own enum_from_string wants a string that ends with NUL, which a cell does not
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
        if (known || cell.bytes() != enumerator.name) return;
        value = enumerator.value;
        known = true;
      });
      if (!known) detail::throw_unknown_enumerator();
    } else {
      std::underlying_type_t<T> number{};
      TypeMap<std::underlying_type_t<T>>::read(cell, number);
      value = static_cast<T>(number);
      if constexpr (described) {
        if (boost::describe::enum_to_string(value, nullptr) == nullptr) detail::throw_unknown_enumerator();
      }
    }
  }
};

/// Stored as the value inside.
template <class Tag, class Value> struct TypeMap<Id<Tag, Value>> {
  static constexpr CellType type = TypeMap<Value>::type;
  static Cell write(const Id<Tag, Value>& id) { return TypeMap<Value>::write(id.value); }
  static void read(const Cell& cell, Id<Tag, Value>& id) { TypeMap<Value>::read(cell, id.value); }
};

/// Arrays of booleans, integers, floating-point numbers, text, and what is stored as one of these; elements may be
/// optional. (A vector of bytes is a blob.) Capability: arrays.
template <class E>
requires(std::is_enum_v<Unwrapped<E>> || detail::WritesInPlace<Unwrapped<E>>) struct TypeMap<std::vector<E>> {
  using Element = Unwrapped<E>;
  static constexpr CellType type = CellType::array;
  static constexpr CellType element = TypeMap<Element>::type;
  static_assert(element == CellType::boolean || element == CellType::int64 || element == CellType::float64 ||
                    element == CellType::text,
                "elements of an array are booleans, integers, floating-point numbers or text");

  static Cell write(const std::vector<E>& values, Scratch& scratch) {
    Cell* const cells = scratch.cells(values.size());
    std::size_t i = 0;
    for (const auto& value : values) {
      if constexpr (detail::IsOptional<E>::value) {
        if (value) cells[i] = TypeMap<Element>::write(*value);
      } else {
        cells[i] = TypeMap<Element>::write(value);
      }
      ++i;
    }
    return Cell::array(cells, values.size());
  }
  static void read(const Cell& cell, std::vector<E>& values) {
    values.clear();
    values.reserve(cell.element_count());
    for (std::size_t i = 0; i < cell.element_count(); ++i) {
      const Cell& one = cell.elements()[i];
      if (one.is_null()) {
        if constexpr (detail::IsOptional<E>::value) {
          values.emplace_back();
          continue;
        } else {
          detail::throw_null_element();
        }
      }
      Element value{};
      TypeMap<Element>::read(one, value);
      values.push_back(std::move(value));
    }
  }
};

namespace detail {

template <class T> Cell write_value(const T& value, Scratch& scratch) {
  if constexpr (WritesInPlace<T>) {
    return TypeMap<T>::write(value);
  } else {
    return TypeMap<T>::write(value, scratch);
  }
}

/// The cell of a member, which may be optional. Borrows from `value` and `scratch`.
template <class T> Cell write_cell(const T& value, Scratch& scratch) {
  if constexpr (IsOptional<T>::value) {
    return value ? write_value(*value, scratch) : Cell::null();
  } else {
    return write_value(value, scratch);
  }
}

/// Of an array the type of its elements, else null.
template <class T> consteval CellType element_type() {
  if constexpr (requires { TypeMap<T>::element; }) {
    return TypeMap<T>::element;
  } else {
    return CellType::null;
  }
}

/// Requires a cell of the column's type, or NULL.
[[noreturn]] TENON_VISIBLE void throw_unexpected_cell(CellType wanted, CellType found, std::string_view table,
                                                      std::string_view column);
/// The same of the output of a query at this position.
[[noreturn]] TENON_VISIBLE void throw_unexpected_output(CellType wanted, CellType found, std::size_t position);

} // namespace detail
} // namespace tenon
