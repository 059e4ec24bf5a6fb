// Page cursors: what goes in comes out, and nothing else is accepted.

#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/interface/error.hpp>

#include "page_cursor.hpp"

namespace tenon {
namespace {

using detail::decode_cursor;
using detail::encode_cursor;

const TableDesc& every_type() {
  static const TableDesc table = [] {
    TableDesc made;
    made.name = "t";
    for (std::uint32_t type = 1; type <= 10; ++type) {
      made.columns.push_back({std::string("c") + std::to_string(type), static_cast<CellType>(type), false, false, 0});
    }
    made.keys.push_back({"t_pkey", {1}});
    return made;
  }();
  return table;
}

std::vector<OrderTerm> all_columns() {
  std::vector<OrderTerm> order;
  for (std::uint32_t i = 0; i < 10; ++i)
    order.push_back({i, 0, static_cast<std::uint16_t>(i % 2), NullOrder::largest});
  return order;
}

std::array<Cell, 10> sample_row() {
  static const std::string blob("\0\xff\x80", 3);
  static const std::string long_text(5000, 'x');
  return {Cell::boolean(true),
          Cell::int64(std::numeric_limits<std::int64_t>::min()),
          Cell::float64(-0.1),
          Cell::text(long_text),
          Cell::blob(blob.data(), blob.size()),
          Cell::decimal("-12.500"),
          Cell::uuid("0123456789abcdef"),
          Cell::timestamp(-1),
          Cell::date(99),
          Cell::json("{}")};
}

TEST_CASE("page cursor: values of every type come back bit for bit") {
  const auto order = all_columns();
  const auto row = sample_row();
  const std::string text = encode_cursor(every_type(), order, row.data());
  CHECK(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string::npos);
  const auto values = decode_cursor(every_type(), order, text);
  REQUIRE(values.cells.size() == row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    CAPTURE(i);
    CHECK(values.cells[i].type == row[i].type);
    CHECK(values.cells[i].size == row[i].size);
    if (row[i].size > 0) {
      CHECK(values.cells[i].bytes() == row[i].bytes());
    } else {
      CHECK(values.cells[i].integer == row[i].integer);
    }
  }
}

TEST_CASE("page cursor: values stay with the cursor when it moves") {
  const std::vector<OrderTerm> order{{3, 0, 0, NullOrder::largest}};
  const auto row = sample_row();
  auto values = decode_cursor(every_type(), order, encode_cursor(every_type(), order, row.data()));
  const auto moved = std::move(values);
  CHECK(moved.cells[0].bytes() == row[3].bytes());
}

TEST_CASE("page cursor: one of another order or table is DataError") {
  const std::vector<OrderTerm> order{{1, 0, 0, NullOrder::largest}};
  const std::vector<OrderTerm> turned{{1, 0, 1, NullOrder::largest}};
  const std::vector<OrderTerm> longer{{1, 0, 0, NullOrder::largest}, {7, 0, 0, NullOrder::largest}};
  const std::vector<OrderTerm> other_column{{7, 0, 0, NullOrder::largest}};
  TableDesc other = every_type();
  other.name = "u";
  const auto row = sample_row();
  const std::string text = encode_cursor(every_type(), order, row.data());
  CHECK_NOTHROW(decode_cursor(every_type(), order, text));
  CHECK_THROWS_AS(decode_cursor(every_type(), turned, text), DataError);
  CHECK_THROWS_AS(decode_cursor(every_type(), longer, text), DataError);
  CHECK_THROWS_AS(decode_cursor(every_type(), other_column, text), DataError);
  CHECK_THROWS_AS(decode_cursor(other, order, text), DataError);
}

TEST_CASE("page cursor: what is cut, longer, or not base64url is DataError, never read beyond its end") {
  const auto order = all_columns();
  const auto row = sample_row();
  const std::string text = encode_cursor(every_type(), order, row.data());
  for (std::size_t length = 0; length < text.size(); length += length < 64 ? 1 : 97) {
    CAPTURE(length);
    CHECK_THROWS_AS(decode_cursor(every_type(), order, text.substr(0, length)), DataError);
  }
  CHECK_THROWS_AS(decode_cursor(every_type(), order, text + "AAAA"), DataError);
  for (const char* bad : {"!", "AAAA=", "a b", "\xff", "%2e"})
    CHECK_THROWS_AS(decode_cursor(every_type(), order, bad), DataError);
}

TEST_CASE("page cursor: a length that lies is DataError") {
  const std::vector<OrderTerm> order{{3, 0, 0, NullOrder::largest}};
  std::array<Cell, 10> row = sample_row();
  row[3] = Cell::text("abcd");
  std::string text = encode_cursor(every_type(), order, row.data());
  // Bytes 4 to 7 hold the length: characters 5 to 10 of the base64 text.
  for (const char c : {'_', '-', 'f', '4'}) {
    std::string changed = text;
    changed[7] = c;
    CAPTURE(changed);
    CHECK_THROWS_AS(decode_cursor(every_type(), order, changed), DataError);
  }
}

} // namespace
} // namespace tenon
