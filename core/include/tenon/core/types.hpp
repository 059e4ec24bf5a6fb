#pragma once
// Value types of the data model that the standard library lacks: decimals, JSON text, and names for the rest.
// Used in application structs. Threads: values.

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/uuid/uuid.hpp>

#include <tenon/interface/error.hpp>

namespace tenon {

/// A moment in UTC with microseconds, which is what every backend keeps exactly.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
using Date = std::chrono::year_month_day;
using Bytes = std::vector<std::uint8_t>;
using Uuid = boost::uuids::uuid;

/// The current time, cut to microseconds.
[[nodiscard]] TENON_VISIBLE Timestamp now();

/// A random (version 4) UUID.
[[nodiscard]] TENON_VISIBLE Uuid new_uuid();
/// A UUID for keys (version 7): the time in milliseconds, then random bits. Later ones sort behind earlier ones, so
/// that an index over them grows at its end; those of one thread strictly so.
[[nodiscard]] TENON_VISIBLE Uuid new_ordered_uuid();

/// A key that is not mixed up with the keys of other models: `Id<Project> project_id` is assigned and compared only
/// with its own kind. Stored as its value. `Tag` is any type, usually the model; it may be incomplete.
template <class Tag, class Value = std::int64_t> struct Id {
  Value value{};

  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;
};

/// An exact decimal number of at most 38 digits, kept as text with its scale: 1.50 stays "1.50" and equals 1.5.
class TENON_VISIBLE Decimal {
public:
  Decimal() : text_("0") {}
  explicit Decimal(std::int64_t value) : text_(std::to_string(value)) {}
  /// Accepts [+-]digits[.digits]. Errors: DataError for anything else or for more than 38 digits.
  [[nodiscard]] static Decimal parse(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  friend bool operator==(const Decimal& a, const Decimal& b) noexcept { return (a <=> b) == 0; }
  TENON_VISIBLE friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) noexcept;

private:
  std::string text_; // canonical: no plus, no needless leading zero, no negative zero
};

/// A JSON document as text. Two are equal if they hold the same value, however written: databases may store it
/// reformatted.
class TENON_VISIBLE Json {
public:
  Json() : text_("null") {}
  /// Errors: DataError if the text is not one JSON value.
  [[nodiscard]] static Json parse(std::string text);
  /// Requires text that is known to be JSON, such as a database's own.
  [[nodiscard]] static Json trusted(std::string text) {
    Json json;
    json.text_ = std::move(text);
    return json;
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  TENON_VISIBLE friend bool operator==(const Json& a, const Json& b);

private:
  std::string text_;
};

} // namespace tenon
