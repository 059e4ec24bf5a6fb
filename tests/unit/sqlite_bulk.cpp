#include <chrono>

#include <tenon/testing/latency.hpp>

#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();

std::vector<Cell> many(std::vector<std::string>& names, int count) {
  names.clear();
  for (int i = 0; i < count; ++i)
    names.push_back("person number " + std::to_string(i));
  std::vector<Cell> cells;
  for (const std::string& name : names)
    cells.insert(cells.end(), {Cell::text(name), Cell::boolean(true)});
  return cells;
}

} // namespace

TEST_CASE("a hundred thousand rows are inserted in one call, in order, in seconds") {
  constexpr int kCount = 100000;
  TemporaryFolder folder;
  OneSession one(folder.file("bulk.db"));
  one.create(kPeople);
  IRepository& repository = one.session->repository(kPeople);
  std::vector<std::string> names;
  const auto cells = many(names, kCount);

  const auto begin = std::chrono::steady_clock::now();
  const RowBatch keys = insert(repository, {1, 4}, cells, {0});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  REQUIRE(keys.rows == kCount);
  for (int i = 0; i < kCount; ++i)
    REQUIRE(keys.row(static_cast<std::size_t>(i))[0].integer == i + 1);
  CHECK(took.count() < 30); // about 0.2 s where nothing else runs

  std::size_t row = 0;
  auto cursor = repository.select({});
  for (RowBatch batch; cursor->next(batch);) {
    for (std::size_t i = 0; i < batch.rows; ++i, ++row)
      REQUIRE(batch.row(i)[1].bytes() == names[row]);
  }
  CHECK(row == kCount);
}

TEST_CASE("rows of a trigger do not stand for those that an insert left out") {
  OneSession one;
  one.create(kPeople);
  one.run("CREATE TABLE seen(name)");
  one.run("CREATE TRIGGER refuse BEFORE INSERT ON people WHEN new.name = 'c' BEGIN SELECT RAISE(IGNORE); END");
  one.run(
      "CREATE TRIGGER note AFTER INSERT ON people WHEN new.name = 'a' BEGIN INSERT INTO seen VALUES (new.name); END");
  const RowBatch keys = insert(one.session->repository(kPeople), {1, 4},
                               {Cell::text("a"), Cell::boolean(true), Cell::text("b"), Cell::boolean(true),
                                Cell::text("c"), Cell::boolean(true)},
                               {0});
  REQUIRE(keys.rows >= 2);
  CHECK(keys.row(0)[0].integer == one.number("SELECT id FROM people WHERE name = 'a'"));
}

TEST_CASE("a bulk insert ends at its deadline and leaves nothing") {
  OneSession one;
  one.create(kPeople);
  IRepository& repository = one.session->repository(kPeople);
  std::vector<std::string> names;
  const auto cells = many(names, 400000);
  one.session->set_deadline(soon(20));
  const auto begin = Clock::now();
  CHECK_THROWS_AS(insert(repository, {1, 4}, cells), TimeoutError);
  CHECK(Clock::now() - begin < std::chrono::milliseconds(20) + tenon::testing::kLateness);
  one.session->set_deadline(Deadline::max());
  CHECK(repository.count({}) == 0);
  CHECK(add_person(repository, "the session goes on") > 0);
}
