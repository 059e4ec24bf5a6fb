#include <thread>

#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();

} // namespace

TEST_CASE("the sessions of one backend share its database in memory, and no other's") {
  OneSession one;
  one.create(kPeople);
  add_person(one.session->repository(kPeople), "a");
  auto second = one.backend->connect(Deadline::max());
  CHECK(second->repository(kPeople).count({}) == 1);
  add_person(second->repository(kPeople), "b");
  CHECK(one.session->repository(kPeople).count({}) == 2);

  OneSession stranger;
  CHECK_THROWS_AS(stranger.session->repository(kPeople).count({}), ProgrammingError);
}

TEST_CASE("a database in memory lives while its backend does, also without sessions") {
  OneSession one;
  one.create(kPeople);
  add_person(one.session->repository(kPeople), "a");
  one.session.reset();
  one.session = one.backend->connect(Deadline::max());
  CHECK(one.session->repository(kPeople).count({}) == 1);
}

TEST_CASE("threads with sessions of their own write to one database and lose nothing") {
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  TemporaryFolder folder;
  const std::string file = folder.file("shared.db");
  for (const std::string& database : {std::string(":memory:"), file}) {
    INFO(database);
    OneSession one(database, {{"busy_timeout", "1m"}});
    one.create(kPeople);
    std::vector<std::thread> threads;
    std::atomic<int> failures{0};
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        try {
          auto session = one.backend->connect(Deadline::max());
          IRepository& people = session->repository(kPeople);
          for (int i = 0; i < kEach; ++i) {
            session->begin({.write_intent = true});
            add_person(people, std::to_string(t) + "/" + std::to_string(i));
            session->commit();
          }
        } catch (const Error&) {
          ++failures;
        }
      });
    }
    for (std::thread& thread : threads)
      thread.join();
    CHECK(failures == 0);
    CHECK(one.session->repository(kPeople).count({}) == kThreads * kEach);
  }
}

TEST_CASE("what a file holds is there for the next backend") {
  TemporaryFolder folder;
  {
    OneSession one(folder.file("kept.db"));
    one.create(kPeople);
    add_person(one.session->repository(kPeople), "a");
  }
  OneSession again(folder.file("kept.db"));
  CHECK(again.session->repository(kPeople).count({}) == 1);
}

TEST_CASE("tables are created only if they are not there, all or none") {
  OneSession one;
  one.create(kPeople);
  add_person(one.session->repository(kPeople), "a");
  one.create(kPeople);
  CHECK(one.session->repository(kPeople).count({}) == 1);

  TableDesc good = kPeople;
  good.name = "good";
  TableDesc bad = kPeople;
  bad.name = "bad";
  bad.indexes = {{"bad_idx", {99}}};
  const TableDesc* const tables[] = {&good, &bad};
  CHECK_THROWS_AS(one.session->create_tables(tables), ProgrammingError);
  CHECK(one.number("SELECT count(*) FROM sqlite_schema WHERE name = 'good'") == 0);
}

TEST_CASE("tables are created inside of a transaction and go with it") {
  OneSession one;
  one.session->begin({});
  one.create(kPeople);
  add_person(one.session->repository(kPeople), "a");
  one.session->rollback();
  CHECK(one.number("SELECT count(*) FROM sqlite_schema WHERE name = 'people'") == 0);
}

TEST_CASE("constraints have their described names, and lengths are checked for every program") {
  OneSession one;
  one.create(kPeople);
  const std::string sql = one.text("SELECT sql FROM sqlite_schema WHERE name = 'people'");
  CHECK(sql.find("\"people_name_key\"") != std::string::npos);
  CHECK(sql.find("\"people_pkey\"") != std::string::npos);
  const ErrorInfo info =
      error_of([&] { one.run("INSERT INTO people (name, is_active) VALUES (printf('%.*c', 41, 'x'), 1)"); });
  CHECK(info.code == ErrorCode::check_violation);
}
