// What the server remembers of prepared statements: as many as are of use, whatever fails in between.
#include "postgresql_support.hpp"

namespace tenon::postgresql::test {
namespace {

struct Fixture {
  Fixture() { session->create_tables(std::vector<const TableDesc*>{&table}); }
  Schema schema;
  TableDesc table = users(schema);
  std::unique_ptr<ISession> session = connect();

  [[nodiscard]] IRepository& people() const { return session->repository(table); }
  [[nodiscard]] int prepared() const {
    return std::stoi(value_of(*session, "SELECT count(*) FROM pg_prepared_statements"));
  }
  /// A statement of its own for each number.
  [[nodiscard]] std::uint64_t count_with(std::uint32_t children) const {
    std::vector<Node> filter{node(NodeKind::any_of, children)};
    for (std::uint32_t i = 0; i < children; ++i) {
      filter.push_back(node(NodeKind::is_null, 1));
      filter.push_back(column(2));
    }
    return people().count(filter);
  }
  /// As many as a repository keeps.
  void fill() const {
    for (std::uint32_t children = 1; children <= 128; ++children)
      CHECK(count_with(children) == 0);
  }
};

TEST_CASE("postgresql: batches that fail leave no statement behind that nobody knows, and lose none") {
  const Fixture f;
  const std::vector<std::uint32_t> name{1}, name_and_age{1, 2}, age{2};
  const Cell taken = Cell::text("taken"), fresh = Cell::text("fresh");
  const Cell row[] = {fresh, Cell::int64(1)};
  f.people().insert({name, &taken, 1, {}});
  const std::vector<Node> filter{node(NodeKind::eq, 2), column(1), value(fresh)};
  const Assignment older = Assignment::of(2, Cell::int64(2));
  const auto write = [&](BatchKind kind, WriteRows rows) {
    BatchItem item;
    item.table = &f.table;
    item.kind = kind;
    item.rows = rows;
    item.key = 1;
    item.update_columns = age;
    item.update = {filter, {&older, 1}, {}};
    return item;
  };
  const std::vector<BatchItem> good{write(BatchKind::insert, {name_and_age, row, 1, {}}), write(BatchKind::update, {}),
                                    write(BatchKind::upsert, {name_and_age, row, 1, {}}), write(BatchKind::remove, {})};
  std::vector<BatchItem> bad = good;
  bad.insert(bad.begin() + 2, write(BatchKind::insert, {name, &taken, 1, {}}));
  std::vector<std::uint64_t> affected(bad.size());
  for (int i = 0; i < 50; ++i) {
    if (i % 2 != 0) f.session->begin({});
    CHECK_THROWS_AS(f.session->batch(bad, affected), IntegrityError);
    f.session->rollback();
  }
  CHECK(f.prepared() <= 3); // those before the failure, and what failed
  for (int i = 0; i < 2; ++i) {
    f.session->batch(good, affected);
    CHECK(std::vector<std::uint64_t>(affected.begin(), affected.begin() + 4) == std::vector<std::uint64_t>{1, 1, 1, 1});
  }
  CHECK(f.prepared() <= 5);
  CHECK(f.people().count({}) == 1);
}

TEST_CASE("postgresql: statements that the caller's own SQL has made the server forget fail no call that is new") {
  const Fixture f;
  for (const char* sql : {"DEALLOCATE ALL", "DISCARD ALL"}) {
    CAPTURE(sql);
    f.fill();
    run(*f.session, sql);
    CHECK(f.count_with(200) == 0); // takes the place of one that was forgotten
    CHECK(f.prepared() == 1);
  }
  f.fill();
  f.session->begin({});
  run(*f.session, "DEALLOCATE ALL");
  const ErrorInfo error = failure_of([&] { static_cast<void>(f.count_with(201)); });
  CHECK(error.sqlstate == "26000");
  CHECK(error.retryable); // the transaction has failed, and is right the next time
  CHECK_FALSE(error.broken);
  CHECK(error.message.find("select from ") == 0);
  f.session->rollback();
  f.session->begin({});
  CHECK(f.count_with(201) == 0);
  f.session->commit();
}

} // namespace
} // namespace tenon::postgresql::test
