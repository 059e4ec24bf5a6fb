// Behaviour of SQLite and SOCI that was seen to go wrong, each with the guard that keeps it from us.
#include <soci/soci.h>
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

TEST_CASE("trap: SOCI is given its backend and loads none, whose end would unload the core library") {
  OneSession one;
  CHECK(one.number("SELECT 1") == 1);
  CHECK(soci::dynamic_backends::list_all().empty());
}

TEST_CASE("trap: a database that is deserialised is one connection's alone; ours in memory takes a template for all") {
  const auto close = [](sqlite3* database) { sqlite3_close(database); };
  using Raw = std::unique_ptr<sqlite3, decltype(close)>;
  const auto open = [&](const char* name) {
    sqlite3* made = nullptr;
    REQUIRE(sqlite3_open_v2(name, &made, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, nullptr) ==
            SQLITE_OK);
    return Raw(made, close);
  };
  const auto finds = [](sqlite3* database) {
    return sqlite3_exec(database, "SELECT * FROM kept", nullptr, nullptr, nullptr) == SQLITE_OK;
  };
  const Raw model = open(":memory:");
  REQUIRE(sqlite3_exec(model.get(), "CREATE TABLE kept (n); INSERT INTO kept VALUES (7)", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
  {
    const Raw first = open("file:/tenon-trap-16?vfs=memdb");
    const Raw second = open("file:/tenon-trap-16?vfs=memdb");
    sqlite3_int64 size = 0;
    unsigned char* const bytes = sqlite3_serialize(model.get(), "main", &size, 0);
    REQUIRE(sqlite3_deserialize(first.get(), "main", bytes, size, size,
                                SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) == SQLITE_OK);
    CHECK(finds(first.get()));
    CHECK_FALSE(finds(second.get()));
  }
  OneSession one;
  const auto second = one.backend->connect(Deadline::max());
  sqlite3_backup* const copy = sqlite3_backup_init(handle_of(*one.session), "main", model.get(), "main");
  REQUIRE(copy != nullptr);
  CHECK(sqlite3_backup_step(copy, -1) == SQLITE_DONE);
  CHECK(sqlite3_backup_finish(copy) == SQLITE_OK);
  for (ISession* session : {one.session.get(), second.get()}) {
    RowBatch rows;
    REQUIRE(session->execute("SELECT n FROM kept", {})->next(rows));
    CHECK(rows.row(0)[0].integer == 7);
  }
}

TEST_CASE("trap: a PRAGMA lasts as long as its connection, so one that sets something is nobody's legacy") {
  const auto is_reused = [](const char* sql) {
    OneSession one;
    {
      const auto rows = one.session->execute(sql, {});
      RowBatch ignored;
      while (rows->next(ignored)) {}
    }
    one.session->rollback(); // as the pool does
    return one.session->alive();
  };
  for (const char* sql : {"PRAGMA foreign_keys = OFF", "pragma main.synchronous=0", "/* off */ PRAGMA foreign_keys(0)",
                          "PRAGMA busy_timeout = 1"}) {
    INFO(sql);
    CHECK_FALSE(is_reused(sql));
  }
  for (const char* sql : {"PRAGMA foreign_keys", "PRAGMA table_info(t)", "PRAGMA main.integrity_check ( 5 )",
                          "SELECT 1 = (1)", "SELECT * FROM pragma_table_info('t')"}) {
    INFO(sql);
    CHECK(is_reused(sql));
  }
}
