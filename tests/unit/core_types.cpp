// The value types and their way into cells and back.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/describe/enum.hpp>
#include <catch2/catch.hpp>

#include <tenon/core/type_map.hpp>
#include <tenon/core/types.hpp>

namespace tenon::types_test {
enum class Numbered { low = 3, high = 7 };
BOOST_DESCRIBE_ENUM(Numbered, low, high)

/// A type of an application: stored as text that has to be made.
struct Point {
  int x = 0, y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};
} // namespace tenon::types_test

template <> inline constexpr auto tenon::enum_form<tenon::types_test::Numbered> = tenon::EnumForm::number;
template <> struct tenon::TypeMap<tenon::types_test::Point> {
  using Point = types_test::Point;
  static constexpr CellType type = CellType::text;
  static Cell write(const Point& point, Scratch& scratch) {
    return Cell::text(scratch.keep(std::to_string(point.x) + "," + std::to_string(point.y)));
  }
  static void read(const Cell& cell, Point& point) {
    const std::string text(cell.bytes());
    const auto comma = text.find(',');
    if (comma == std::string::npos) throw_error(ErrorCode::data, "not a point");
    point = {std::stoi(text.substr(0, comma)), std::stoi(text.substr(comma + 1))};
  }
};

namespace tenon {
namespace {

using types_test::Numbered;
using types_test::Point;

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)
enum class Plain : std::uint8_t { one = 1, two = 2 };

template <class T> T round_trip(const T& value) {
  T out{};
  Scratch scratch;
  const Cell cell = detail::write_value(value, scratch);
  CHECK(cell.type == TypeMap<T>::type);
  TypeMap<T>::read(cell, out);
  return out;
}

TEST_CASE("decimal: parses to one canonical text that keeps its scale") {
  const auto text = [](std::string_view given) { return Decimal::parse(given).text(); };
  CHECK(text("0") == "0");
  CHECK(text("-0.00") == "0.00");
  CHECK(text("+1.50") == "1.50");
  CHECK(text("00012.3") == "12.3");
  CHECK(text("-0.5") == "-0.5");
  CHECK(text("99999999999999999999999999999999999999") == "99999999999999999999999999999999999999");
  CHECK(text("0.00000000000000000000000000000000000001") == "0.00000000000000000000000000000000000001");
  CHECK(Decimal(std::numeric_limits<std::int64_t>::min()).text() == "-9223372036854775808");
  CHECK(Decimal() == Decimal(0));
}

TEST_CASE("decimal: what is no decimal of at most 38 digits is DataError") {
  for (const char* bad : {"", "-", "+", ".", "1.", ".5", "1e3", "1,5", " 1", "1 ", "--1", "1.2.3", "0x1", "NaN", "١",
                          "999999999999999999999999999999999999999", "0.000000000000000000000000000000000000001"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(Decimal::parse(bad), DataError);
  }
}

TEST_CASE("decimal: equal and ordered by value, whatever the scale") {
  const char* ascending[] = {"-100", "-99.99", "-1.01", "-1.0", "-0.5", "0",  "0.0001",
                             "0.5",  "1",      "1.01",  "9.9",  "10",   "100"};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      CAPTURE(ascending[i], ascending[j]);
      CHECK((Decimal::parse(ascending[i]) <=> Decimal::parse(ascending[j])) == (i <=> j));
    }
  }
  CHECK(Decimal::parse("1.0") == Decimal::parse("1.00"));
  CHECK(Decimal::parse("-0.0") == Decimal::parse("0"));
  CHECK(Decimal::parse("1.0") != Decimal::parse("1.001"));
}

TEST_CASE("json: equal by value, refused if it is none") {
  CHECK(Json::parse(R"({"a": [1, 2], "b": null})") == Json::parse(R"({"b":null,"a":[1,2]})"));
  CHECK(Json::parse("[1,2]") != Json::parse("[2,1]"));
  CHECK(Json() == Json::parse("null"));
  for (const char* bad : {"", "{", "{a:1}", "[1,]", "nul", "1 2", "'a'"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(Json::parse(bad), DataError);
  }
}

TEST_CASE("type map: integers of every width come back, and refuse what does not fit") {
  CHECK(round_trip(std::numeric_limits<std::int64_t>::min()) == std::numeric_limits<std::int64_t>::min());
  CHECK(round_trip(std::numeric_limits<std::uint32_t>::max()) == std::numeric_limits<std::uint32_t>::max());
  CHECK(round_trip(std::int8_t{-128}) == -128);
  CHECK_THROWS_AS(TypeMap<std::uint64_t>::write(std::uint64_t{1} << 63), DataError);
  CHECK(TypeMap<std::uint64_t>::write((std::uint64_t{1} << 63) - 1).integer ==
        std::numeric_limits<std::int64_t>::max());
  std::int8_t narrow = 0;
  CHECK_THROWS_AS(TypeMap<std::int8_t>::read(Cell::int64(128), narrow), DataError);
  std::uint32_t positive = 0;
  CHECK_THROWS_AS(TypeMap<std::uint32_t>::read(Cell::int64(-1), positive), DataError);
}

TEST_CASE("type map: NaN is refused, infinity is not") {
  CHECK_THROWS_AS(TypeMap<double>::write(std::nan("")), DataError);
  CHECK_THROWS_AS(TypeMap<float>::write(std::nanf("")), DataError);
  CHECK(round_trip(std::numeric_limits<double>::infinity()) == std::numeric_limits<double>::infinity());
  CHECK(round_trip(1.5F) == 1.5F);
}

TEST_CASE("type map: bytes, text, times, uuid") {
  using namespace std::chrono;
  CHECK(round_trip(std::string("a\0b", 3)) == std::string("a\0b", 3));
  CHECK(round_trip(Bytes{0, 255, 1}) == Bytes{0, 255, 1});
  CHECK(round_trip(Bytes{}) == Bytes{});
  const Timestamp before = sys_days{1969y / 12 / 31} + 23h + microseconds{1};
  CHECK(TypeMap<Timestamp>::write(before).integer == -3'600'000'000 + 1);
  CHECK(round_trip(before) == before);
  CHECK(TypeMap<Date>::write(1970y / 1 / 2).integer == 1);
  CHECK(round_trip(Date{1y / 1 / 1}) == Date{1y / 1 / 1});
  CHECK_THROWS_AS(TypeMap<Date>::write(2023y / 2 / 29), DataError);
  const Uuid id = new_uuid();
  CHECK(round_trip(id) == id);
  CHECK(id.version() == Uuid::version_random_number_based);
}

TEST_CASE("type map: described enums are stored by name, others by number") {
  CHECK(TypeMap<Colour>::write(Colour::green).bytes() == "green");
  CHECK(round_trip(Colour::red) == Colour::red);
  CHECK(TypeMap<Plain>::write(Plain::two).integer == 2);
  CHECK(round_trip(Plain::one) == Plain::one);
  Colour colour{};
  CHECK_THROWS_AS(TypeMap<Colour>::read(Cell::text("blue"), colour), DataError);
  CHECK_THROWS_AS(TypeMap<Colour>::write(static_cast<Colour>(9)), DataError);
}

TEST_CASE("type map: an empty optional is NULL, and NULL is not empty") {
  Scratch scratch;
  const auto write = [&](const std::optional<std::string>& value) { return detail::write_cell(value, scratch); };
  CHECK(write(std::optional<std::string>()).is_null());
  const std::optional<std::string> empty("");
  CHECK(write(empty).type == CellType::text);
  CHECK(write(empty).size == 0);
}

TEST_CASE("type map: a described enum can be stored by number; other numbers are none of it") {
  CHECK(TypeMap<Numbered>::write(Numbered::high).integer == 7);
  CHECK(round_trip(Numbered::low) == Numbered::low);
  Numbered value{};
  CHECK_THROWS_AS(TypeMap<Numbered>::read(Cell::int64(4), value), DataError);
  CHECK_THROWS_AS(TypeMap<Numbered>::write(static_cast<Numbered>(4)), DataError);
}

TEST_CASE("type map: durations are whole microseconds, exact or refused") {
  using namespace std::chrono;
  CHECK(TypeMap<seconds>::write(seconds(-3)).integer == -3'000'000);
  CHECK(TypeMap<nanoseconds>::write(nanoseconds(2000)).integer == 2);
  CHECK(round_trip(hours(5)) == hours(5));
  CHECK(round_trip(microseconds::max()) == microseconds::max());
  CHECK_THROWS_AS(TypeMap<nanoseconds>::write(nanoseconds(1)), DataError);
  CHECK_THROWS_AS(TypeMap<hours>::write(hours::max()), DataError);
  CHECK_THROWS_AS(TypeMap<seconds>::write(seconds::max()), DataError);
  minutes read{};
  CHECK_THROWS_AS(TypeMap<minutes>::read(Cell::int64(1), read), DataError);
  nanoseconds fine{};
  CHECK_THROWS_AS(TypeMap<nanoseconds>::read(Cell::int64(std::numeric_limits<std::int64_t>::max()), fine), DataError);
}

TEST_CASE("type map: identifiers are stored as their value and are not each other") {
  struct A;
  struct B;
  CHECK(TypeMap<Id<A>>::write(Id<A>{7}).integer == 7);
  CHECK(round_trip(Id<B, Uuid>{new_uuid()}).value.version() == Uuid::version_random_number_based);
  CHECK(round_trip(Id<A, std::string>{"x"}) == Id<A, std::string>{"x"});
  static_assert(!std::is_convertible_v<Id<A>, Id<B>> && !std::is_convertible_v<std::int64_t, Id<A>>);
}

TEST_CASE("type map: vectors are arrays of their elements, which may be NULL where they are optional") {
  CHECK(round_trip(std::vector<std::string>{"a", "", "c"}) == std::vector<std::string>{"a", "", "c"});
  CHECK(round_trip(std::vector<bool>{true, false}) == std::vector<bool>{true, false});
  CHECK(round_trip(std::vector<std::int16_t>{-1, 2}) == std::vector<std::int16_t>{-1, 2});
  CHECK(round_trip(std::vector<double>{}).empty());
  CHECK(round_trip(std::vector<Colour>{Colour::green}) == std::vector<Colour>{Colour::green});
  const std::vector<std::optional<int>> holes{1, std::nullopt, 3};
  CHECK(round_trip(holes) == holes);
  static_assert(TypeMap<std::vector<float>>::element == CellType::float64);
  const Cell null = Cell::null();
  std::vector<int> whole;
  CHECK_THROWS_AS(TypeMap<std::vector<int>>::read(Cell::array(&null, 1), whole), DataError);
}

TEST_CASE("type map: a type of the application's own, with what its cell points to made for the call") {
  static_assert(Storable<Point> && !detail::WritesInPlace<Point>);
  CHECK(round_trip(Point{3, -4}) == Point{3, -4});
  Point point;
  CHECK_THROWS_AS(TypeMap<Point>::read(Cell::text("x"), point), DataError);
}

static_assert(Storable<float> && Storable<double> && !Storable<long double>);

TEST_CASE("type map: a float holds what it can, and makes no infinity of a number") {
  float value = 0;
  CHECK_THROWS_AS(TypeMap<float>::read(Cell::float64(1e300), value), DataError);
  TypeMap<float>::read(Cell::float64(std::numeric_limits<double>::infinity()), value);
  CHECK(value == std::numeric_limits<float>::infinity());
}

TEST_CASE("ordered uuids are of version 7, differ, and never go back within a thread") {
  Uuid last = new_ordered_uuid();
  CHECK((last.data[6] >> 4) == 7);
  CHECK(last.variant() == Uuid::variant_rfc_4122);
  for (int i = 0; i < 10'000; ++i) {
    const Uuid next = new_ordered_uuid();
    if (!(last < next)) FAIL("not ordered at " << i);
    last = next;
  }
  std::int64_t milliseconds = 0;
  for (int i = 0; i < 6; ++i)
    milliseconds = milliseconds * 256 + last.data[i];
  const auto made = std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(milliseconds));
  CHECK(std::chrono::abs(made - std::chrono::system_clock::now()) < std::chrono::seconds(5));
}

TEST_CASE("errors name no value") {
  try {
    TypeMap<std::uint64_t>::write(18'000'000'000'000'000'123U);
    FAIL("accepted");
  } catch (const DataError& error) {
    CHECK_THAT(error.what(), !Catch::Contains("123"));
  }
}

TEST_CASE("now is in whole microseconds and moves forward; uuids differ") {
  const Timestamp first = now();
  CHECK(now() >= first);
  CHECK(std::chrono::abs(first - std::chrono::system_clock::now()) < std::chrono::seconds(5));
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = new_uuid();
    ids.emplace(id.begin(), id.end());
  }
  CHECK(ids.size() == 1000);
}

} // namespace
} // namespace tenon
