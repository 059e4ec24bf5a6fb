#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();

struct Fixture : OneSession {
  Fixture() { create(kPeople); }
  IRepository& people() { return session->repository(kPeople); }
  std::vector<std::string> names() {
    std::vector<std::string> found;
    auto cursor = people().select({});
    for (RowBatch batch; cursor->next(batch);) {
      for (std::size_t i = 0; i < batch.rows; ++i)
        found.emplace_back(batch.row(i)[1].bytes());
    }
    return found;
  }
};

std::vector<Cell> person(std::string_view name, std::int64_t age) {
  return {Cell::text(name), Cell::int64(age), Cell::boolean(true)};
}
const Columns kGiven{1, 2, 4};

std::vector<Cell> joined(std::initializer_list<std::vector<Cell>> rows) {
  std::vector<Cell> cells;
  for (const auto& row : rows)
    cells.insert(cells.end(), row.begin(), row.end());
  return cells;
}

} // namespace

TEST_CASE_METHOD(Fixture, "insert returns the generated keys in input order") {
  const RowBatch batch = insert(people(), kGiven, joined({person("c", 1), person("a", 2), person("b", 3)}), {0});
  REQUIRE(batch.rows == 3);
  REQUIRE(batch.columns == 1);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(batch.row(i)[0].integer == static_cast<std::int64_t>(i) + 1);
}

TEST_CASE_METHOD(Fixture, "insert returns any columns, also those that the database fills") {
  const RowBatch batch = insert(people(), kGiven, joined({person("c", 1), person("a", 2)}), {1, 0, 5});
  REQUIRE(batch.rows == 2);
  REQUIRE(batch.columns == 3);
  CHECK(batch.row(1)[0].bytes() == "a");
  CHECK(batch.row(1)[1].integer == 2);
  CHECK(batch.row(1)[2].is_null());
}

TEST_CASE_METHOD(Fixture, "insert without anything wanted returns an empty batch") {
  CHECK(insert(people(), kGiven, person("a", 1)).empty());
  CHECK(people().insert({kGiven, nullptr, 0, {}}).empty());
  CHECK(people().count({}) == 1);
}

TEST_CASE_METHOD(Fixture, "a key that is given is kept, and the next one follows it") {
  CHECK(insert(people(), {0, 1, 4}, {Cell::int64(41), Cell::text("a"), Cell::boolean(true)}, {0}).cells[0].integer ==
        41);
  CHECK(add_person(people(), "b") == 42);
}

TEST_CASE_METHOD(Fixture, "the key of a deleted row is never given out again") {
  add_person(people(), "a");
  const std::int64_t last = add_person(people(), "b");
  CHECK(people().remove(node(NodeKind::eq, {column(0), literal(Cell::int64(last))})) == 1);
  CHECK(add_person(people(), "c") == last + 1);
}

TEST_CASE_METHOD(Fixture, "rows are inserted all or none, inside and outside of a transaction") {
  const auto bad = joined({person("x", 1), person("y", 2), person("x", 3)});
  CHECK_THROWS_AS(insert(people(), kGiven, bad), IntegrityError);
  CHECK(people().count({}) == 0);
  add_person(people(), "kept");
  session->begin({});
  session->savepoint(SavepointAction::create, 1);
  CHECK_THROWS_AS(insert(people(), kGiven, bad), IntegrityError);
  session->savepoint(SavepointAction::rollback, 1);
  CHECK(people().count({}) == 1);
  session->commit();
  CHECK(names() == std::vector<std::string>{"kept"});
}

TEST_CASE_METHOD(Fixture, "a bad value in a later row undoes the earlier ones") {
  const auto bad = joined({person("x", 1), person("\xff", 2)});
  CHECK_THROWS_AS(insert(people(), kGiven, bad), DataError);
  CHECK(people().count({}) == 0);
}

TEST_CASE_METHOD(Fixture, "a row of defaults only") {
  TableDesc table;
  table.name = "tickets";
  table.columns = {{"id", CellType::int64, false, true, 0}, {"note", CellType::text, true, false, 0}};
  table.keys = {{"tickets_pkey", {0}}};
  create(table);
  CHECK(insert(session->repository(table), {}, {}, {0}).cells[0].integer == 1);
  CHECK(session->repository(table).insert({{}, nullptr, 3, {}}).empty());
  CHECK(session->repository(table).count({}) == 4);
}

TEST_CASE_METHOD(Fixture, "upsert inserts, updates the named columns, and returns in input order") {
  add_person(people(), "old");
  const auto cells = joined({person("new", 10), person("old", 20)});
  const Columns update{2};
  const Columns returning{0, 2};
  const RowBatch batch = people().upsert({kGiven, cells.data(), 2, returning}, 1, update);
  REQUIRE(batch.rows == 2);
  CHECK(batch.row(0)[0].integer == 2);
  CHECK(batch.row(0)[1].integer == 10);
  CHECK(batch.row(1)[0].integer == 1);
  CHECK(batch.row(1)[1].integer == 20);
  CHECK(people().count({}) == 2);
}

TEST_CASE_METHOD(Fixture, "upsert with nothing to update leaves the row and still returns it") {
  insert(people(), kGiven, person("old", 1));
  const auto cells = joined({person("old", 99), person("new", 5)});
  const Columns returning{0, 2};
  const RowBatch batch = people().upsert({kGiven, cells.data(), 2, returning}, 1, {});
  REQUIRE(batch.rows == 2);
  CHECK(batch.row(0)[0].integer == 1);
  CHECK(batch.row(0)[1].integer == 1);
  CHECK(batch.row(1)[1].integer == 5);
  const auto again = person("old", 77);
  CHECK(people().upsert({kGiven, again.data(), 1, {}}, 1, {}).empty());
  CHECK(number("SELECT age FROM people WHERE name = 'old'") == 1);
}

TEST_CASE_METHOD(Fixture, "update sets what matches and counts it, also where nothing changes") {
  insert(people(), kGiven, joined({person("a", 1), person("b", 2), person("c", 3)}));
  const std::vector<Assignment> assignments{{2, 0, 0, 0, Cell::int64(2)}, {5, 0, 0, 0, Cell::decimal("1.5")}};
  CHECK(people().update({node(NodeKind::ge, {column(2), literal(2)}), assignments, {}}) == 2);
  CHECK(number("SELECT count(*) FROM people WHERE age = 2 AND balance = '1.5'") == 2);
  CHECK(people().update({node(NodeKind::eq, {column(2), literal(99)}), assignments, {}}) == 0);
  const std::vector<Assignment> to_null{{5, 0, 0, 0, Cell::null()}};
  CHECK(people().update({{}, to_null, {}}) == 3);
  const std::vector<Assignment> too_long{
      {1, 0, 0, 0, Cell::text("a name that is longer than the forty characters allowed")}};
  CHECK_THROWS_AS(people().update({{}, too_long, {}}), DataError);
}

TEST_CASE_METHOD(Fixture, "remove deletes what matches and counts it") {
  insert(people(), kGiven, joined({person("a", 1), person("b", 2), person("c", 3)}));
  CHECK(people().remove(node(NodeKind::lt, {column(2), literal(3)})) == 2);
  CHECK(names() == std::vector<std::string>{"c"});
  CHECK(people().remove({}) == 1);
}

TEST_CASE_METHOD(Fixture, "find knows every key, also of several columns") {
  TableDesc table;
  table.name = "versions";
  table.columns = {{"name", CellType::text, false, false, 0},
                   {"version", CellType::int64, false, false, 0},
                   {"note", CellType::text, true, false, 0}};
  table.keys = {{"versions_pkey", {1, 0}}};
  create(table);
  IRepository& versions = session->repository(table);
  insert(versions, {0, 1, 2},
         {Cell::text("m"), Cell::int64(1), Cell::text("first"), Cell::text("m"), Cell::int64(2), Cell::text("second")});
  const std::vector<Cell> key{Cell::int64(2), Cell::text("m")};
  REQUIRE(versions.find(0, key).rows == 1);
  CHECK(versions.find(0, key).cells[2].bytes() == "second");
  const std::vector<Cell> absent{Cell::int64(3), Cell::text("m")};
  CHECK(versions.find(0, absent).empty());
  const std::vector<Cell> null{Cell::null(), Cell::text("m")};
  CHECK(versions.find(0, null).empty());
  CHECK_THROWS_AS(versions.find(1, key), ProgrammingError);
  CHECK_THROWS_AS(versions.find(0, {key.data(), 1}), ProgrammingError);
  const std::vector<Cell> swapped{Cell::text("m"), Cell::int64(2)};
  CHECK_THROWS_AS(versions.find(0, swapped), ProgrammingError);
  const auto none = versions.find(0, absent);
  CHECK(none.columns == 3);
}

TEST_CASE_METHOD(Fixture, "a primary key that is not generated has to be given") {
  TableDesc table;
  table.name = "codes";
  table.columns = {{"code", CellType::int64, false, false, 0}, {"note", CellType::text, true, false, 0}};
  table.keys = {{"codes_pkey", {0}}};
  create(table);
  IRepository& codes = session->repository(table);
  CHECK(error_of([&] { insert(codes, {1}, {Cell::text("x")}); }).code == ErrorCode::not_null_violation);
  CHECK(error_of([&] { insert(codes, {0}, {Cell::null()}); }).code == ErrorCode::not_null_violation);
}
