// Contract: every type comes back exactly, or is refused with DataError; nothing is rounded or cut in silence.

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

/// id and one nullable column of a type.
struct Typed {
  explicit Typed(CellType type, std::uint32_t max_length = 0) : described(table("samples", {nullable("v", type)})) {
    described.columns[1].max_length = max_length;
    session = database.connect_with({&described});
    samples = &session->repository(described);
  }
  std::int64_t add(const Value& value) {
    const Value id = insert(*samples, {1}, {{value}}, {0}).at(0).at(0);
    CHECK(id.type() == CellType::int64);
    return id.cell().integer;
  }
  Value read(std::int64_t id) { return find(*samples, 0, {Value::int64(id)}).at(0).at(1); }

  Database database;
  TableDesc described;
  std::unique_ptr<ISession> session;
  IRepository* samples = nullptr;
};

/// Each value comes back by find, by select, after an update, and is found by an equality; NULL stays apart from all.
void round_trip(CellType type, const std::vector<Value>& values) {
  Typed t(type);
  const std::int64_t null_id = t.add(Value::null());
  std::vector<std::int64_t> ids;
  for (const Value& value : values) {
    CAPTURE(value);
    ids.push_back(t.add(value));
    CHECK(t.read(ids.back()) == value);
  }
  const Rows all = select(*t.samples, {.order = {ascending(0)}, .outputs = columns({1})});
  REQUIRE(all.size() == values.size() + 1);
  for (std::size_t i = 0; i < values.size(); ++i)
    CHECK(all[i + 1][0] == values[i]);

  CHECK(t.read(null_id) == Value::null());
  CHECK(t.samples->count(Tree::test(NodeKind::is_null, 1).filter()) == 1);
  const std::int64_t updated = t.add(Value::null());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CAPTURE(values[i]);
    CHECK(update(*t.samples, Tree::compare(NodeKind::eq, 0, Value::int64(updated)), {{1, values[i]}}) == 1);
    CHECK(t.read(updated) == values[i]);
    if (type == CellType::json) continue; // its equality is not promised
    const Tree equal = Tree::of(NodeKind::all_of, {Tree::compare(NodeKind::eq, 1, values[i]),
                                                   Tree::compare(NodeKind::eq, 0, Value::int64(ids[i]))});
    CHECK(t.samples->count(equal.filter()) == 1);
    CHECK(t.samples->exists(Tree::in(1, {values[i], values[i]}).filter()));
  }
  CHECK(update(*t.samples, Tree::compare(NodeKind::eq, 0, Value::int64(updated)), {{1, Value::null()}}) == 1);
  CHECK(t.read(updated) == Value::null());
}

TEST_CASE("types: bool") { round_trip(CellType::boolean, {Value::boolean(true), Value::boolean(false)}); }

TEST_CASE("types: int64 with its ends") {
  using Limits = std::numeric_limits<std::int64_t>;
  std::vector<Value> values;
  for (const std::int64_t n :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{INT32_MAX} + 1, std::int64_t{INT32_MIN} - 1,
        (std::int64_t{1} << 53) + 1, Limits::max(), Limits::min()}) {
    values.push_back(Value::int64(n));
  }
  round_trip(CellType::int64, values);
}

TEST_CASE("types: double with infinities, subnormals and digits that text would lose") {
  using Limits = std::numeric_limits<double>;
  std::vector<Value> values;
  for (const double d : {0.0, -0.0, 0.1, 1.0 / 3, -1e-300, 9007199254740993.0, 1e22, Limits::max(), Limits::lowest(),
                         Limits::min(), Limits::denorm_min(), -Limits::denorm_min(), Limits::infinity(),
                         -Limits::infinity(), std::nextafter(1.0, 2.0)}) {
    values.push_back(Value::float64(d));
  }
  round_trip(CellType::float64, values);
}

TEST_CASE("types: text from empty to long, every plane of Unicode, composed and decomposed apart") {
  std::string control;
  for (char c = 1; c < 32; ++c)
    control += c;
  round_trip(CellType::text,
             {Value::text(""), Value::text(" "), Value::text("  padded  "), Value::text("NULL"), Value::text("0"),
              Value::text("\xC3\xA9"), Value::text("e\xCC\x81"), Value::text("\xF0\x9F\x97\x84\xEF\xB8\x8F"),
              Value::text("\xF4\x8F\xBF\xBF"), Value::text("\xED\x9F\xBF\xEE\x80\x80"),
              Value::text("\xEF\xBB\xBF"
                          "bom"),
              Value::text("line\r\nend\ttab"), Value::text(control), Value::text("back\\slash 'quote' \"double\" %_"),
              Value::text("\xE2\x80\xAE"
                          "rtl"),
              Value::text(std::string(300'000, 'x') + "\xE2\x82\xAC")});
}

TEST_CASE("types: text that is no UTF-8, or holds NUL, is DataError in values and stores nothing") {
  Typed t(CellType::text);
  const std::int64_t id = t.add(Value::text("good"));
  const std::vector<std::string> bad{std::string("a\0b", 3),
                                     std::string("\0", 1),
                                     "\xff",
                                     "\x80",
                                     "cut \xE2\x82",
                                     "overlong \xC0\xAF",
                                     "overlong \xE0\x80\xAF",
                                     "surrogate \xED\xA0\x80",
                                     "beyond \xF4\x90\x80\x80",
                                     "five \xF8\x88\x80\x80\x80"};
  for (const std::string& text : bad) {
    CAPTURE(Value::text(text));
    CHECK_THROWS_AS(t.add(Value::text(text)), DataError);
    CHECK_THROWS_AS(update(*t.samples, {}, {{1, Value::text(text)}}), DataError);
  }
  CHECK(t.samples->count({}) == 1);
  CHECK(t.read(id) == Value::text("good"));
}

TEST_CASE("types: blob keeps every byte") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    all += static_cast<char>(byte);
  round_trip(CellType::blob,
             {Value::blob(""), Value::blob(std::string("\0", 1)), Value::blob(std::string("a\0b", 3)),
              Value::blob("\xff\xfe"), Value::blob("plain text"), Value::blob("\\x00"), Value::blob(all)});
}

TEST_CASE("types: a blob of 8 MiB") {
  Typed t(CellType::blob);
  std::string bytes(8U << 20, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes)
    byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  const std::int64_t id = t.add(Value::blob(bytes));
  CHECK((t.read(id) == Value::blob(bytes))); // in brackets: a failure must not print it
}

TEST_CASE("types: empty and NULL are two things, for text and for blobs") {
  for (const CellType type : {CellType::text, CellType::blob}) {
    Typed t(type);
    const Value empty = type == CellType::text ? Value::text("") : Value::blob("");
    const std::int64_t of_empty = t.add(empty);
    const std::int64_t of_null = t.add(Value::null());
    CHECK(t.read(of_empty) == empty);
    CHECK(t.read(of_null) == Value::null());
    CHECK(t.samples->count(Tree::compare(NodeKind::eq, 1, empty).filter()) == 1);
    CHECK(t.samples->count(Tree::test(NodeKind::is_not_null, 1).filter()) == 1);
  }
}

TEST_CASE("types: decimal is exact to 38 digits and keeps its scale") {
  std::vector<Value> values;
  for (const char* digits : {"0", "1", "-1", "1.50", "0.001", "-0.10", "12345678901234567890.123456789012345678",
                             "99999999999999999999999999999999999999", "-99999999999999999999999999999999999999",
                             "0.00000000000000000000000000000000000001", "10000000000000000000", "1.000"}) {
    values.push_back(Value::decimal(digits));
  }
  round_trip(CellType::decimal, values);
}

TEST_CASE("types: decimals are equal and ordered by value, whatever their scale") {
  Typed t(CellType::decimal);
  const std::vector<const char*> ascending_values{"-100", "-99.9", "-1.01", "-0.5", "0",
                                                  "0.5",  "1.0",   "9",     "10",   "100.001"};
  for (auto value = ascending_values.rbegin(); value != ascending_values.rend(); ++value)
    t.add(Value::decimal(*value));
  const Rows sorted = select(*t.samples, {.order = {ascending(1)}, .outputs = columns({1})});
  REQUIRE(sorted.size() == ascending_values.size());
  for (std::size_t i = 0; i < sorted.size(); ++i)
    CHECK(sorted[i][0] == Value::decimal(ascending_values[i]));
  const auto count = [&](NodeKind kind, const char* digits) {
    return t.samples->count(Tree::compare(kind, 1, Value::decimal(digits)).filter());
  };
  CHECK(count(NodeKind::eq, "1.00") == 1);
  CHECK(count(NodeKind::eq, "1") == 1);
  CHECK(count(NodeKind::eq, "0.50") == 1);
  CHECK(count(NodeKind::ne, "10.0") == 9);
  CHECK(count(NodeKind::lt, "9.000") == 7);
  CHECK(count(NodeKind::ge, "9.000") == 3);
  CHECK(count(NodeKind::gt, "99999999999999999999999999999999999999") == 0);
  CHECK(t.samples->count(Tree::in(1, {Value::decimal("1.000"), Value::decimal("-0.50")}).filter()) == 2);
}

TEST_CASE("types: a unique key over decimals takes 1.0 and 1.00 for one") {
  Database database;
  TableDesc described = table("prices", {column("price", CellType::decimal)});
  described.keys.push_back({"prices_price_key", {1}});
  const auto session = database.connect_with({&described});
  IRepository& prices = session->repository(described);
  insert(prices, {1}, {{Value::decimal("1.0")}});
  CHECK_THROWS_AS(insert(prices, {1}, {{Value::decimal("1.00")}}), IntegrityError);
  REQUIRE(find(prices, 1, {Value::decimal("1.000")}).size() == 1);
}

TEST_CASE("types: uuid") {
  round_trip(CellType::uuid,
             {Value::uuid(std::string(16, '\0')), Value::uuid(std::string(16, '\xff')),
              Value::uuid(std::string("\x01\x23\x45\x67\x89\xab\x4d\xef\x80\x00\x00\x00\x00\x00\x00\x01", 16))});
}

TEST_CASE("types: timestamps in microseconds, before 1970, after 2038, from year 1 to 9999") {
  std::vector<Value> values;
  for (const std::int64_t microseconds :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{-999'999}, std::int64_t{999'999},
        std::int64_t{1'700'000'000'999'500}, std::int64_t{1'711'846'800'000'000}, // the hour that summer time skips
        std::int64_t{INT32_MAX} * 1'000'000 + 1'000'001, std::int64_t{-62'135'596'800'000'000},
        std::int64_t{253'402'300'799'999'999}, std::int64_t{951'782'400'000'000}}) {
    values.push_back(Value::timestamp(microseconds));
  }
  round_trip(CellType::timestamp, values);
}

TEST_CASE("types: dates from year 1 to 9999") {
  std::vector<Value> values;
  for (const std::int64_t days : {0, 1, -1, 11016, 19782, -25509, -719162, 2932896})
    values.push_back(Value::date(days));
  round_trip(CellType::date, values);
}

TEST_CASE("types: json keeps what it says") {
  std::vector<Value> values;
  for (const char* text : {"null", "true", "0", "-1.5e3", "\"\"", "\"a \\\"b\\\" \\u00e9 \xF0\x9F\x97\x84\"", "[]",
                           "{}", R"({"a":{"b":[1,2,{"c":null}]},"d":"x"})", "[9007199254740993,0.1]"}) {
    values.push_back(Value::json(text));
  }
  round_trip(CellType::json, values);
}

TEST_CASE("types: text that is no JSON is DataError in a JSON column, or kept as it is") {
  for (const char* bad : {"", "{", "{a:1}", "'x'", "nul", "[1,]", "{\"a\":1}}"}) {
    CAPTURE(bad);
    Typed t(CellType::json);
    try {
      const Value stored = t.read(t.add(Value::json(bad)));
      CHECK(stored.type() == CellType::json);
      CHECK((stored.cell().size == 0 ? "" : stored.cell().bytes()) == bad);
    } catch (const DataError&) {
      CHECK(t.samples->count({}) == 0);
    }
  }
}

TEST_CASE("types: max_length counts characters, and longer text is DataError, not cut, trailing blanks included") {
  Typed t(CellType::text, 4);
  const std::string four = "\xC3\xA9\xF0\x9F\x97\x84"
                           "ab";
  const std::int64_t id = t.add(Value::text(four));
  t.add(Value::text("ab  "));
  t.add(Value::text(""));
  t.add(Value::null());
  for (const char* longer : {"abcde", "abcd ", "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", "     "}) {
    CAPTURE(longer);
    CHECK_THROWS_AS(t.add(Value::text(longer)), DataError);
    CHECK_THROWS_AS(update(*t.samples, Tree::compare(NodeKind::eq, 0, Value::int64(id)), {{1, Value::text(longer)}}),
                    DataError);
  }
  CHECK(t.samples->count({}) == 4);
  CHECK(t.read(id) == Value::text(four));
}

} // namespace
} // namespace tenon::contract
