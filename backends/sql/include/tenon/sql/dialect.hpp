#pragma once
// Dialect: what differs between the SQL databases, as one table of data. Each SQL backend defines one constant of it in
// its dialect.hpp; the compiler reads it and knows no database. Threads: constant data and pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tenon/interface/cell.hpp>
#include <tenon/interface/error.hpp>

namespace tenon::sql {

/// Texts with holes are patterns: {l} is the left operand, {r} the right one, {c} a quoted column, {n} a number, {k} a
/// quoted constraint name, {d} "DISTINCT " or nothing. A pattern may use a hole twice, because placeholders are
/// numbered.
struct Dialect {
  std::string_view name; ///< as in `backend:`
  char quote = '"';      ///< around names; doubled inside
  char placeholder;      ///< stands before the number of a parameter: $1, ?1
  std::uint32_t max_parameters;
  bool schemas;              ///< tables are qualified by their schema; otherwise the described schema is left out
  bool nulls_smallest;       ///< how ORDER BY sorts NULL when nothing is said; false: as the largest
  bool generated_is_primary; ///< `generated_key` makes its column the whole primary key

  std::array<std::string_view, 11> types;      ///< by CellType; "" at CellType::null
  std::array<std::string_view, 4> array_types; ///< of boolean, int64, float64 and text
  std::string_view limited_text;               ///< {c} {n}: text of at most n code points
  std::string_view generated_key;              ///< {k}: type (and constraint) of a generated key

  std::string_view contains; ///< {l} {r}, as the following
  std::string_view starts_with;
  std::string_view ends_with;
  std::string_view like;    ///< \ escapes
  std::string_view in_list; ///< {r} is one parameter that carries the whole list
  std::string_view json_eq; ///< equal as JSON documents

  std::string_view by_code_point;      ///< behind a text whose own collation is another one
  std::string_view fold;               ///< {l} with A-Z as a-z
  std::string_view fold_unicode;       ///< {l} as Fold::unicode says; empty: not supported
  std::string_view constant;           ///< {l}: a text without columns, computed once and not for each row
  std::string_view as_int64;           ///< {l}: a column in arithmetic
  std::string_view as_float64;         ///< {l}
  std::string_view integer_as_decimal; ///< {l}: an integer that is compared with a decimal
  /// {l} {r}: add, subtract, multiply, divide; DataError where the result is none.
  std::array<std::string_view, 4> integer_arithmetic;
  std::array<std::string_view, 4> real_arithmetic;

  // A path starts with the document, and each step makes the {l} of the next one.
  std::string_view json_document;              ///< {l}
  std::string_view json_member;                ///< {l} {r}: by name
  std::string_view json_element;               ///< {l} {r}: by position from 0
  std::array<std::string_view, 4> json_values; ///< {l}: as boolean, int64, float64 and text, or NULL
  std::string_view json_exists;                ///< {l}, and {r} the document

  std::array<std::string_view, 3> sums;     ///< {l} {d}: of int64, float64 and decimal
  std::array<std::string_view, 3> averages; ///< {l} {d}
  std::string_view computed_decimal;        ///< {l}: a decimal out of an aggregate, to be compared as a number
  std::string_view limited_value;           ///< {l} {n}: a computed text for a column of at most n code points

  std::array<std::string_view, 5> locks; ///< by RowLock; {l}: " OF t0" where there are several tables
  std::string_view explain;              ///< stands before a select

  std::string_view offset_only; ///< what stands before the parameter of an offset without a limit

  /// {l}: a column that is false, that is true; with these `column = true` has no parameter, as Call::tests_booleans
  /// has to say too.
  std::array<std::string_view, 2> boolean_tests = {};

  /// What a statement begins with that moves the session's transaction: one or two words, in lower case.
  std::span<const std::string_view> transaction_words = {};
  bool comments_nest = false; ///< a comment may hold another one

  [[nodiscard]] constexpr std::string_view type(CellType cell_type) const noexcept {
    const auto index = static_cast<std::size_t>(cell_type);
    return index < types.size() ? types[index] : std::string_view{};
  }
  /// Of a column of elements. Requires a type that an element may have, as json_value.
  [[nodiscard]] constexpr std::string_view array_type(CellType element) const noexcept {
    return array_types[element_index(element)];
  }
  [[nodiscard]] constexpr std::string_view json_value(CellType wanted) const noexcept {
    return json_values[element_index(wanted)];
  }
  [[nodiscard]] static constexpr std::size_t element_index(CellType type) noexcept {
    switch (type) {
      case CellType::boolean: return 0;
      case CellType::int64: return 1;
      case CellType::float64: return 2;
      default: return 3;
    }
  }
};

/// PostgreSQL's limit; the same everywhere, so that a described table works on every backend.
inline constexpr std::size_t kMaxNameBytes = 63;

/// Appends a quoted name. Errors: ProgrammingError for a name that is empty, too long or holds NUL.
inline void append_name(std::string& out, const Dialect& dialect, std::string_view name) {
  if (name.empty()) throw_error(ErrorCode::programming, "a table, column or constraint has an empty name");
  if (name.size() > kMaxNameBytes) {
    throw_error(ErrorCode::programming, "the name \"" + std::string(name.substr(0, kMaxNameBytes)) + "…\" is too long",
                "names have at most 63 bytes");
  }
  if (name.find('\0') != std::string_view::npos) {
    throw_error(ErrorCode::programming, "a table, column or constraint name holds a NUL byte");
  }
  out += dialect.quote;
  for (const char c : name) {
    if (c == dialect.quote) out += c;
    out += c;
  }
  out += dialect.quote;
}

[[nodiscard]] inline std::string quoted(const Dialect& dialect, std::string_view name) {
  std::string out;
  append_name(out, dialect, name);
  return out;
}

/// The values of a pattern's holes; those that a pattern does not use stay empty.
struct Holes {
  std::string_view l{};
  std::string_view r{};
  std::string_view c{};
  std::string_view n{};
  std::string_view k{};
  std::string_view d{};
};

inline void append_pattern(std::string& out, std::string_view pattern, const Holes& holes) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{' || i + 2 >= pattern.size() || pattern[i + 2] != '}') {
      out += pattern[i];
      continue;
    }
    switch (pattern[i + 1]) {
      case 'l': out += holes.l; break;
      case 'r': out += holes.r; break;
      case 'c': out += holes.c; break;
      case 'n': out += holes.n; break;
      case 'k': out += holes.k; break;
      case 'd': out += holes.d; break;
      default: out += pattern.substr(i, 3); break;
    }
    i += 2;
  }
}

} // namespace tenon::sql
