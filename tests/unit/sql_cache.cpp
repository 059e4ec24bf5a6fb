#include <catch2/catch.hpp>

#include <memory>

#include <tenon/sql/readers.hpp>
#include <tenon/sql/statement_cache.hpp>

#include "sql_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

sql::Shape shape_of(const Tree& filter) {
  static const TableDesc table = people();
  sql::Call call;
  sql::read_filter(table, sql::Operation::count, filter, call);
  return call.shape;
}

sql::Shape numbered(std::uint32_t number) {
  sql::Shape shape;
  shape.start(sql::Operation::select);
  shape.add(number);
  return shape;
}

} // namespace

TEST_CASE("calls that differ in values only have one shape") {
  const auto named = [](std::string_view name) { return node(NodeKind::eq, {column(1), literal(name)}); };
  CHECK(shape_of(named("a")) == shape_of(named("another")));
  CHECK(shape_of(named("a")).hash() == shape_of(named("another")).hash());
}

TEST_CASE("lists of every length have one shape, but for the empty one") {
  const auto list = [](int length) {
    std::vector<Tree> children{column(0)};
    for (int i = 0; i < length; ++i)
      children.push_back(literal(i));
    return node(NodeKind::in, children);
  };
  CHECK(shape_of(list(1)) == shape_of(list(500)));
  CHECK_FALSE(shape_of(list(1)) == shape_of(list(0)));
}

TEST_CASE("lists of different types have different shapes, because their parameters do") {
  const auto list = [](const Cell& element) { return node(NodeKind::in, {column(5), literal(element)}); };
  CHECK_FALSE(shape_of(list(Cell::int64(1))) == shape_of(list(Cell::decimal("1"))));
  CHECK_FALSE(shape_of(list(Cell::int64(1))) == shape_of(list(Cell::null())));
}

TEST_CASE("whatever changes the SQL changes the shape") {
  const Tree plain = node(NodeKind::eq, {column(2), literal(1)});
  CHECK_FALSE(shape_of(plain) == shape_of(node(NodeKind::ne, {column(2), literal(1)})));
  CHECK_FALSE(shape_of(plain) == shape_of(node(NodeKind::eq, {column(0), literal(1)})));
  CHECK_FALSE(shape_of(plain) == shape_of(node(NodeKind::eq, {column(2), literal(Cell::null())})));
  CHECK_FALSE(shape_of(plain) == shape_of(node(NodeKind::eq, {literal(1), column(2)})));
  CHECK_FALSE(shape_of(plain) == shape_of({}));
  const Tree x = node(NodeKind::is_null, {column(2)});
  CHECK_FALSE(shape_of(node(NodeKind::all_of, {node(NodeKind::any_of, {x, x}), x})) ==
              shape_of(node(NodeKind::all_of, {node(NodeKind::any_of, {x}), x, x})));

  const TableDesc table = people();
  const auto select = [&](const Query& query) {
    sql::Call call;
    sql::read_select(table, query, call);
    return call.shape;
  };
  const auto columns = outputs({0, 1});
  const std::vector<OrderTerm> ascending{{1, 0, 0, NullOrder::largest}};
  const std::vector<OrderTerm> descending{{1, 0, 1, NullOrder::largest}};
  const std::vector<OrderTerm> nulls_first{{1, 0, 0, NullOrder::first}};
  const std::vector<Query> queries{{},
                                   {{}, {}, columns, kNoLimit, 0},
                                   {{}, ascending, {}, kNoLimit, 0},
                                   {{}, descending, {}, kNoLimit, 0},
                                   {{}, nulls_first, {}, kNoLimit, 0},
                                   {{}, {}, {}, 5, 0},
                                   {{}, {}, {}, kNoLimit, 5},
                                   {{}, {}, {}, 5, 5}};
  for (std::size_t i = 0; i < queries.size(); ++i) {
    for (std::size_t j = 0; j < queries.size(); ++j) {
      INFO("queries " << i << " and " << j);
      CHECK((select(queries[i]) == select(queries[j])) == (i == j));
    }
  }
}

TEST_CASE("the cache drops the statement that was used longest ago") {
  sql::StatementCache<std::shared_ptr<int>> cache(3);
  std::vector<std::weak_ptr<int>> watched;
  for (std::uint32_t i = 0; i < 3; ++i)
    watched.push_back(cache.insert(numbered(i), std::make_shared<int>(static_cast<int>(i))));
  REQUIRE(cache.find(numbered(0)) != nullptr); // now 1 is the oldest
  cache.insert(numbered(3), std::make_shared<int>(3));
  CHECK(cache.size() == 3);
  CHECK(watched[1].expired());
  CHECK(cache.find(numbered(1)) == nullptr);
  for (const std::uint32_t kept : {0U, 2U, 3U}) {
    REQUIRE(cache.find(numbered(kept)) != nullptr);
    CHECK(**cache.find(numbered(kept)) == static_cast<int>(kept));
  }
}

TEST_CASE("the cache keeps finding its statements through growth and clearing") {
  sql::StatementCache<int> cache(1000);
  for (std::uint32_t i = 0; i < 1000; ++i)
    cache.insert(numbered(i), static_cast<int>(i));
  for (std::uint32_t i = 0; i < 1000; ++i) {
    REQUIRE(cache.find(numbered(i)) != nullptr);
    CHECK(*cache.find(numbered(i)) == static_cast<int>(i));
  }
  cache.clear();
  CHECK(cache.size() == 0);
  CHECK(cache.find(numbered(7)) == nullptr);
}
