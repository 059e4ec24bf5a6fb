// Contract: columns of arrays, exact through the boundary; compared for equality only.

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

ColumnDesc list(std::string name, CellType element) {
  return {std::move(name), CellType::array, true, false, 0, element};
}

/// id, b (boolean[]), n (int64[]), x (float64[]), t (text[])
const TableDesc& lists() {
  static const TableDesc made = table("lists", {list("b", CellType::boolean), list("n", CellType::int64),
                                                list("x", CellType::float64), list("t", CellType::text)});
  return made;
}

TEST_CASE("arrays: without the capability a table with one is NotSupported") {
  Database database;
  if (database.can(Capability::arrays)) return;
  const auto session = database.connect();
  const TableDesc* const described = &lists();
  CHECK_THROWS_AS(session->create_tables({&described, 1}), NotSupported);
}

struct Lists {
  Database database;
  std::unique_ptr<ISession> session =
      database.can(Capability::arrays) ? database.connect_with({&lists()}) : database.connect();
};

const Row& everything() {
  static const Row made{
      Value::array({Value::boolean(true), Value::null(), Value::boolean(false)}),
      Value::array({Value::int64(std::numeric_limits<std::int64_t>::max()), Value::int64(-1), Value::null()}),
      Value::array({Value::float64(0.1), Value::float64(-1e300), Value::float64(5e-324),
                    Value::float64(std::numeric_limits<double>::infinity())}),
      Value::array({Value::text("a,b"), Value::text("\"q\" \\ {}"), Value::text(""), Value::text("NULL"), Value::null(),
                    Value::text("\xF0\x9F\x97\x84\n\t\x01")})};
  return made;
}

TEST_CASE("arrays: come back as they were written") {
  Lists t;
  if (!t.database.can(Capability::arrays)) return;
  IRepository& repository = t.session->repository(lists());
  const Row empty(4, Value::array({}));
  const Row none(4, Value::null());
  insert(repository, {1, 2, 3, 4}, {everything(), empty, none});
  CHECK(select(repository, {.order = {ascending(0)}, .outputs = columns({1, 2, 3, 4})}) ==
        Rows{everything(), empty, none});
  CHECK(update(repository, Tree::compare(NodeKind::eq, 0, Value::int64(2)), {{2, Value::array({Value::int64(4)})}}) ==
        1);
  CHECK(find(repository, 0, {Value::int64(2)}).front()[2] == Value::array({Value::int64(4)}));
  CHECK(insert(repository, {2}, {{Value::array({Value::int64(8)})}}, {2, 0}).front().front() ==
        Value::array({Value::int64(8)}));
}

TEST_CASE("arrays: compare for equality, element by element") {
  Lists t;
  if (!t.database.can(Capability::arrays)) return;
  IRepository& repository = t.session->repository(lists());
  insert(repository, {1, 2, 3, 4}, {everything(), Row(4, Value::array({})), Row(4, Value::null())});
  for (std::uint32_t column = 1; column <= 4; ++column) {
    CHECK(repository.count(Tree::compare(NodeKind::eq, column, everything()[column - 1]).filter()) == 1);
    CHECK(repository.count(Tree::compare(NodeKind::ne, column, everything()[column - 1]).filter()) == 1);
    CHECK(repository.count(Tree::compare(NodeKind::eq, column, Value::array({})).filter()) == 1);
    CHECK(repository.count(Tree::test(NodeKind::is_null, column).filter()) == 1);
  }
  CHECK(repository.count(Tree::compare(NodeKind::eq, 3, Value::array({Value::float64(-0.0)})).filter()) == 0);
}

TEST_CASE("arrays: have no order, and elements of one type only") {
  Lists t;
  if (!t.database.can(Capability::arrays)) return;
  IRepository& repository = t.session->repository(lists());
  const auto count = [&](const Tree& filter) { return repository.count(filter.filter()); };
  const Value ints = Value::array({Value::int64(1)});
  CHECK_THROWS_AS(count(Tree::compare(NodeKind::lt, 2, ints)), NotSupported);
  CHECK_THROWS_AS(count(Tree::in(2, {ints})), NotSupported);
  CHECK_THROWS_AS(select(repository, {.order = {ascending(2)}}), NotSupported);
  CHECK_THROWS_AS(select(repository, {.outputs = columns({2}), .distinct = true}), NotSupported);
  CHECK_THROWS_AS(count(Tree::compare(NodeKind::eq, 4, ints)), ProgrammingError);
  CHECK_THROWS_AS(count(Tree::compare(NodeKind::eq, 2, Value::array({Value::int64(1), Value::text("x")}))),
                  ProgrammingError);
  CHECK_THROWS_AS(insert(repository, {4}, {{ints}}), DataError);
  CHECK_THROWS_AS(insert(repository, {2}, {{Value::array({Value::int64(1), Value::text("x")})}}), DataError);
  CHECK_THROWS_AS(insert(repository, {4}, {{Value::array({Value::text("\xff")})}}), DataError);
  CHECK_THROWS_AS(insert(repository, {3}, {{Value::array({Value::float64(std::numeric_limits<double>::quiet_NaN())})}}),
                  DataError);
  CHECK(count({}) == 0);
}

} // namespace
} // namespace tenon::contract
