#pragma once
// Timestamps, dates and uuids as text: the forms that other programs (SQLAlchemy among them) store in SQLite. Used by
// values.cpp for columns that are declared so. Threads: pure functions.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon::sqlite {

/// Text in place, so that writing one allocates nothing.
struct ShortText {
  std::array<char, 40> bytes{};
  std::size_t size = 0;
  [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), size}; }
};

/// "YYYY-MM-DD HH:MM:SS.ffffff" in UTC; nothing for years before 1 and after 9999, which this form cannot order.
[[nodiscard]] std::optional<ShortText> timestamp_text(std::int64_t microseconds) noexcept;
/// "YYYY-MM-DD"; nothing as above.
[[nodiscard]] std::optional<ShortText> date_text(std::int64_t days) noexcept;

/// Reads what timestamp_text writes, also with T, with less precision, without a time, with Z or an offset.
[[nodiscard]] std::optional<std::int64_t> read_timestamp(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::int64_t> read_date(std::string_view text) noexcept;

/// 36 characters with hyphens, or 32 without, in lower case.
[[nodiscard]] ShortText uuid_text(const unsigned char* sixteen_bytes, bool hyphens) noexcept;
/// Reads both, in either case, with or without braces.
[[nodiscard]] std::optional<std::array<unsigned char, 16>> read_uuid(std::string_view text) noexcept;

} // namespace tenon::sqlite
