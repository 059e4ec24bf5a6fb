#include <algorithm>
#include <random>

#include "decimal.hpp"
#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;
using sqlite::compare_decimals;

TEST_CASE("decimals compare by value, exactly") {
  // In ascending order; texts in one group are equal.
  const std::vector<std::vector<std::string>> ascending{
      {"-99999999999999999999999999999999999999"},
      {"-10", "-10.0", "-1e1"},
      {"-9.99"},
      {"-0.5"},
      {"-0.0000000000000000000000000000000000001"},
      {"0", "-0", "0.00", "000", "0e5"},
      {"0.0000000000000000000000000000000000001", "1e-37"},
      {"0.05"},
      {"0.5", "0.50", "00.5", "5e-1", "+0.5"},
      {"1", "1.0", "1.000"},
      {"1.00000000000000000000000000000000000001"},
      {"9.5"},
      {"10", "1e1", "1.0e+01"},
      {"10.1"},
      {"100"},
      {"99999999999999999999999999999999999998"},
      {"99999999999999999999999999999999999999"},
      {"1e300"},
      {""},
      {"Inf"},
      {"abc"},
  };
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      for (const std::string& left : ascending[i]) {
        for (const std::string& right : ascending[j]) {
          INFO(left << " against " << right);
          const int order = compare_decimals(left, right);
          CHECK((order < 0) == (i < j));
          CHECK((order > 0) == (i > j));
        }
      }
    }
  }
}

TEST_CASE("random decimals with few digits compare as their integers do") {
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    const auto make = [&](long& scaled) {
      scaled = static_cast<long>(random() % 20001) - 10000;
      const std::string digits = std::to_string(std::abs(scaled) + 100000).substr(1); // five digits
      return std::string(scaled < 0 ? "-" : "") + digits.substr(0, 3) + "." + digits.substr(3);
    };
    long a = 0;
    long b = 0;
    const std::string left = make(a);
    const std::string right = make(b);
    INFO(left << " against " << right);
    const int order = compare_decimals(left, right);
    CHECK((order < 0) == (a < b));
    CHECK((order > 0) == (a > b));
  }
}

TEST_CASE("significant digits leave zeros at both ends out") {
  CHECK(sqlite::significant_digits("0.00") == 0);
  CHECK(sqlite::significant_digits("00120.0300") == 5);
  CHECK(sqlite::significant_digits("-123.456") == 6);
}

TEST_CASE("decimal columns sort, compare and stay unique by value") {
  TableDesc table;
  table.name = "prices";
  table.columns = {{"id", CellType::int64, false, true, 0}, {"price", CellType::decimal, false, false, 0}};
  table.keys = {{"prices_pkey", {0}}, {"prices_price_key", {1}}};
  OneSession one;
  one.create(table);
  IRepository& prices = one.session->repository(table);
  for (const char* price : {"10", "9.5", "-1.25", "100", "0.5"})
    insert(prices, {1}, {Cell::decimal(price)});

  const std::vector<OrderTerm> by_price{{1, 0, 0, NullOrder::largest}};
  CHECK(ids(prices, Query{{}, by_price, {}, kNoLimit, 0}) == std::vector<std::int64_t>{3, 5, 2, 1, 4});
  const auto matching = [&](NodeKind kind, const Cell& cell) {
    return ids(prices, node(kind, {column(1), literal(cell)}));
  };
  CHECK(matching(NodeKind::lt, Cell::decimal("9.50001")) == std::vector<std::int64_t>{2, 3, 5});
  CHECK(matching(NodeKind::eq, Cell::decimal("10.00")) == std::vector<std::int64_t>{1});
  CHECK(matching(NodeKind::ge, Cell::int64(10)) == std::vector<std::int64_t>{1, 4});
  CHECK(matching(NodeKind::eq, Cell::float64(0.5)) == std::vector<std::int64_t>{5});
  CHECK(matching(NodeKind::in, Cell::decimal("100.0")) == std::vector<std::int64_t>{4});
  CHECK(matching(NodeKind::in, Cell::int64(100)) == std::vector<std::int64_t>{4});
  CHECK_THROWS_AS(insert(prices, {1}, {Cell::decimal("9.500")}), IntegrityError);
}
