#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();

struct Fixture : OneSession {
  Fixture() {
    create(kPeople);
    std::vector<Cell> cells;
    for (int i = 0; i < kCount; ++i) {
      names.push_back("person " + std::to_string(i));
      cells.insert(cells.end(), {Cell::text(names.back()), Cell::boolean(true)});
    }
    for (std::size_t i = 0; i < names.size(); ++i)
      cells[2 * i] = Cell::text(names[i]); // short texts move with their vector
    insert(people(), {1, 4}, cells);
  }
  IRepository& people() { return session->repository(kPeople); }
  static constexpr int kCount = 1000;
  std::vector<std::string> names;
};

} // namespace

TEST_CASE_METHOD(Fixture, "a cursor gives every row once, in batches that grow") {
  std::vector<std::size_t> sizes;
  std::vector<std::string> found;
  auto cursor = people().select({});
  for (RowBatch batch; cursor->next(batch);) {
    sizes.push_back(batch.rows);
    for (std::size_t i = 0; i < batch.rows; ++i)
      found.emplace_back(batch.row(i)[1].bytes());
  }
  CHECK(found == names);
  std::vector<std::size_t> expected(17, 64);
  expected.front() = 16;
  expected.back() = 24;
  CHECK(sizes == expected);
  RowBatch batch;
  CHECK_FALSE(cursor->next(batch));
  CHECK(batch.empty());
}

TEST_CASE_METHOD(Fixture, "all cells of a batch are valid until the next call") {
  auto cursor = people().select({});
  RowBatch batch;
  REQUIRE(cursor->next(batch));
  REQUIRE(cursor->next(batch));
  for (std::size_t i = 0; i < batch.rows; ++i)
    CHECK(batch.row(i)[1].bytes() == names[16 + i]);
}

TEST_CASE_METHOD(Fixture, "the filter's values may go away while the cursor is read") {
  std::unique_ptr<ICursor> cursor;
  {
    const std::string long_text(200, 'x');
    std::string first = "person 1";
    std::string second = "person 3";
    const Tree filter =
        node(NodeKind::all_of, {node(NodeKind::in, {column(1), literal(first), literal(second), literal(long_text)}),
                                node(NodeKind::ne, {column(1), literal(second)})});
    cursor = people().select({filter, {}, {}, kNoLimit, 0});
    first.assign(first.size(), '?');
    second.assign(second.size(), '?');
  }
  RowBatch batch;
  REQUIRE(cursor->next(batch));
  CHECK(batch.rows == 1);
  CHECK(batch.row(0)[1].bytes() == "person 1");
}

TEST_CASE_METHOD(Fixture, "two cursors of one shape are read side by side") {
  auto first = people().select({});
  auto second = people().select({});
  RowBatch a;
  RowBatch b;
  REQUIRE(first->next(a));
  REQUIRE(second->next(b));
  CHECK(a.row(0)[1].bytes() == "person 0");
  CHECK(b.row(0)[1].bytes() == "person 0");
  REQUIRE(first->next(a));
  CHECK(a.row(0)[1].bytes() == "person 16");
}

TEST_CASE_METHOD(Fixture, "a cursor that is destroyed early leaves nothing behind") {
  {
    auto cursor = people().select({});
    RowBatch batch;
    REQUIRE(cursor->next(batch));
  }
  auto other = backend->connect(Deadline::max());
  CHECK(add_person(other->repository(kPeople), "not locked out") > 0);
}

TEST_CASE_METHOD(Fixture, "a cursor read to its end holds no lock") {
  const Tree filter = node(NodeKind::le, {column(0), literal(3)});
  auto cursor = people().select({filter, {}, {}, kNoLimit, 0});
  RowBatch batch;
  REQUIRE(cursor->next(batch));
  CHECK(batch.rows == 3);
  auto other = backend->connect(Deadline::max());
  CHECK(add_person(other->repository(kPeople), "not locked out") > 0);
  CHECK_FALSE(cursor->next(batch));
}

TEST_CASE_METHOD(Fixture, "commit, rollback and reset end cursors") {
  RowBatch batch;
  const auto opened = [&] {
    session->begin({});
    auto cursor = people().select({});
    REQUIRE(cursor->next(batch));
    return cursor;
  };
  auto cursor = opened();
  session->commit();
  CHECK_THROWS_AS(cursor->next(batch), ProgrammingError);
  CHECK(batch.empty());
  cursor = opened();
  session->rollback();
  CHECK_THROWS_AS(cursor->next(batch), ProgrammingError);
  CHECK(people().count({}) == kCount);
}

TEST_CASE_METHOD(Fixture, "a session that ends before its cursor does no harm") {
  auto other = backend->connect(Deadline::max());
  auto cursor = other->repository(kPeople).select({});
  RowBatch batch;
  REQUIRE(cursor->next(batch));
  other.reset();
  CHECK_THROWS_AS(cursor->next(batch), ProgrammingError);
}

TEST_CASE_METHOD(Fixture, "an empty result knows its end at once") {
  auto cursor = people().select({node(NodeKind::lt, {column(0), literal(0)}), {}, {}, kNoLimit, 0});
  RowBatch batch;
  CHECK_FALSE(cursor->next(batch));
}

TEST_CASE_METHOD(Fixture, "large rows come in small batches") {
  run("UPDATE people SET settings = '\"' || printf('%.*c', 300000, 'x') || '\"' WHERE id <= 40");
  auto cursor = people().select({node(NodeKind::le, {column(0), literal(40)}), {}, {}, kNoLimit, 0});
  std::size_t rows = 0;
  for (RowBatch batch; cursor->next(batch);) {
    CHECK(batch.rows <= 4); // about one MiB
    rows += batch.rows;
  }
  CHECK(rows == 40);
}
