#pragma once
// Decimals as SQLite stores them: text, compared as numbers by a collation. Registered on every connection by
// database.cpp. Threads: pure functions.

#include <string_view>

namespace tenon::sqlite {

/// Orders decimal texts by value, exactly: negative, zero or positive. Exponents are understood, since SQLite writes
/// them when it turns a real into text. Text that is no number stands behind all numbers, by its bytes.
[[nodiscard]] int compare_decimals(std::string_view left, std::string_view right) noexcept;

/// The number of significant digits of a decimal text.
[[nodiscard]] unsigned significant_digits(std::string_view decimal) noexcept;

} // namespace tenon::sqlite
