// Behaviour of SQLite and SOCI that was seen to go wrong, each with the guard that keeps it from us.
#include <sqlite3.h>

#include <tenon/testing/latency.hpp>

#include "session.hpp"
#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;
using namespace std::chrono_literals;

namespace {

const TableDesc kPeople = people();

sqlite3* handle_of(ISession& session) { return static_cast<sqlite::Session&>(session).handle(); }

} // namespace

TEST_CASE("trap: SOCI's handle takes a mutex for each call, ours has none") {
  TemporaryFolder folder;
  for (const std::string& database : {std::string(":memory:"), folder.file("x.db")})
    CHECK(sqlite3_db_mutex(handle_of(*OneSession(database).session)) == nullptr);
}

TEST_CASE("trap: a statement that gave one row would keep its lock until the next") {
  OneSession one;
  one.create(kPeople);
  IRepository& people = one.session->repository(kPeople);
  add_person(people, "a");
  const auto is_free = [&] { return sqlite3_txn_state(handle_of(*one.session), nullptr) == SQLITE_TXN_NONE; };
  const Cell key = Cell::int64(1);
  CHECK(people.find(0, {&key, 1}).rows == 1);
  CHECK(is_free());
  CHECK(people.exists({}));
  CHECK(is_free());
  CHECK(people.count({}) == 1);
  CHECK(is_free());
  one.session->ping();
  CHECK(is_free());
  add_person(people, "b"); // with its key returned
  CHECK(is_free());
}

TEST_CASE("trap: a deferred BEGIN lets a writer fail with a stale snapshot, so writers begin by taking their turn") {
  TemporaryFolder folder;
  OneSession one(folder.file("x.db"));
  one.create(kPeople);
  one.session->begin({.write_intent = true});
  CHECK(sqlite3_txn_state(handle_of(*one.session), nullptr) == SQLITE_TXN_WRITE);
  one.session->rollback();
  one.session->begin({});
  CHECK(sqlite3_get_autocommit(handle_of(*one.session)) != 0); // nothing is begun before it is known how
  add_person(one.session->repository(kPeople), "a");
  CHECK(sqlite3_txn_state(handle_of(*one.session), nullptr) == SQLITE_TXN_WRITE);
}

TEST_CASE("trap: a shared cache answers LOCKED at once whatever the timeout; sessions in memory wait") {
  OneSession one(":memory:", {{"busy_timeout", "50ms"}});
  one.create(kPeople);
  auto other = one.backend->connect(Deadline::max());
  other->begin({.write_intent = true});
  add_person(other->repository(kPeople), "a");
  for (const bool writes : {true, false}) { // an immediate writer keeps readers out as well
    const auto begin = Clock::now();
    const ErrorInfo info = error_of([&] {
      if (writes) {
        add_person(one.session->repository(kPeople), "b");
      } else {
        (void)one.session->repository(kPeople).count({});
      }
    });
    CHECK(info.code == ErrorCode::timeout);
    CHECK(info.vendor_code == SQLITE_BUSY);
    CHECK(Clock::now() - begin >= 50ms);
  }
}

TEST_CASE("trap: foreign keys are off by default, and on in every session of ours") {
  TemporaryFolder folder;
  for (const std::string& database : {std::string(":memory:"), folder.file("x.db")}) {
    OneSession one(database);
    CHECK(one.number("PRAGMA foreign_keys") == 1);
    auto second = one.backend->connect(Deadline::max());
    one.run("CREATE TABLE a (id INTEGER PRIMARY KEY)");
    one.run("CREATE TABLE b (a INTEGER REFERENCES a (id))");
    CHECK(error_of([&] { (void)second->execute("INSERT INTO b VALUES (1)", {}); }).code ==
          ErrorCode::foreign_key_violation);
  }
}
