// Finds that follow one another in a transaction are steps of one open statement, and nobody sees that.
#include <algorithm>

#include <sqlite3.h>

#include "session.hpp"
#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();

TableDesc places() {
  TableDesc table;
  table.name = "places";
  table.columns = {{"x", CellType::int64, false, false, 0},
                   {"y", CellType::text, false, false, 0},
                   {"price", CellType::decimal, true, false, 0}};
  table.keys = {{"places_pkey", {0, 1}}, {"places_price", {2}}};
  return table;
}
const TableDesc kPlaces = places();

struct Fixture : OneSession {
  explicit Fixture(std::string_view database = ":memory:") : OneSession(database) {
    create(kPeople);
    for (int id = 1; id <= 20; ++id)
      REQUIRE(add_person(repository(), "p" + std::to_string(id)) == id);
    const auto note = [](unsigned, void* to, void*, void* sql) {
      static_cast<Fixture*>(to)->ran.emplace_back(static_cast<const char*>(sql));
      return 0;
    };
    sqlite3_trace_v2(handle(), SQLITE_TRACE_STMT, note, this);
  }
  sqlite3* handle() { return static_cast<sqlite::Session&>(*session).handle(); }
  IRepository& repository() { return session->repository(kPeople); }
  std::string named(std::int64_t id) {
    const Cell key = Cell::int64(id);
    const RowBatch found = repository().find(0, {&key, 1});
    return found.rows == 1 ? std::string(found.row(0)[1].bytes()) : "-";
  }
  std::int64_t id_of(std::string_view name) {
    const Cell key = Cell::text(name);
    const RowBatch found = repository().find(1, {&key, 1});
    return found.rows == 1 ? found.row(0)[0].integer : 0;
  }
  /// Two finds, so that the statement is open.
  void open_finder() {
    CHECK(named(1) == "p1");
    CHECK(named(2) == "p2");
    CHECK(sqlite3_next_stmt(handle(), nullptr) != nullptr);
    REQUIRE(open_statements() == 1);
  }
  int open_statements() {
    int busy = 0;
    for (sqlite3_stmt* one = nullptr; (one = sqlite3_next_stmt(handle(), one)) != nullptr;)
      busy += sqlite3_stmt_busy(one) != 0 ? 1 : 0;
    return busy;
  }
  int begun(std::string_view part) {
    return static_cast<int>(
        std::count_if(ran.begin(), ran.end(), [&](const std::string& sql) { return sql.find(part) != sql.npos; }));
  }

  std::vector<std::string> ran;
};

} // namespace

TEST_CASE_METHOD(Fixture, "finds of a transaction begin two statements, however many they are") {
  session->begin({});
  for (int round = 0; round < 5; ++round) {
    for (int id = 20; id >= 1; --id)
      CHECK(named(id) == "p" + std::to_string(id));
    CHECK(named(21) == "-");
    CHECK(named(-1) == "-");
  }
  CHECK(begun("SELECT tenon_row") == 2);
  session->commit();
  CHECK(open_statements() == 0);
}

TEST_CASE_METHOD(Fixture, "finds by several keys go on side by side") {
  session->begin({});
  for (int id = 1; id <= 20; ++id) {
    CHECK(named(id) == "p" + std::to_string(id));
    CHECK(id_of("p" + std::to_string(21 - id)) == 21 - id);
    CHECK(id_of("nobody") == 0);
  }
  CHECK(begun("SELECT tenon_row") == 4);
  session->rollback();
  CHECK(open_statements() == 0);
}

TEST_CASE_METHOD(Fixture, "a find without a transaction leaves no statement open") {
  for (int id = 1; id <= 5; ++id) {
    CHECK(named(id) == "p" + std::to_string(id));
    CHECK(open_statements() == 0);
    CHECK(sqlite3_txn_state(handle(), nullptr) == SQLITE_TXN_NONE);
  }
}

TEST_CASE_METHOD(Fixture, "the open statement searches by the key's index") {
  session->begin({});
  for (int i = 0; i < 2; ++i) {
    CHECK(named(3) == "p3");
    CHECK(id_of("p3") == 3);
  }
  int seen = 0;
  for (const std::string& sql : std::vector<std::string>(ran)) {
    if (sql.find("tenon_key") == std::string::npos) continue;
    ++seen;
    RowBatch rows;
    const Cell none = Cell::null();
    const auto plan = session->execute("EXPLAIN QUERY PLAN " + sql, {&none, 1});
    std::string text;
    while (plan->next(rows)) {
      for (std::size_t i = 0; i < rows.rows; ++i)
        text += rows.row(i)[3].bytes();
    }
    CHECK(text.find("SEARCH r USING") != std::string::npos);
  }
  CHECK(seen == 2);
}

TEST_CASE_METHOD(Fixture, "finds see what the transaction has written and undone") {
  session->begin({.write_intent = true});
  open_finder();
  CHECK(add_person(repository(), "new") == 21);
  CHECK(open_statements() == 0);
  CHECK(named(21) == "new");
  CHECK(id_of("new") == 21);
  CHECK(id_of("new") == 21);
  session->savepoint(SavepointAction::create, 1);
  CHECK(named(21) == "new");
  run("DELETE FROM people WHERE id = 21");
  CHECK(named(21) == "-");
  CHECK(named(21) == "-");
  session->savepoint(SavepointAction::rollback, 1);
  CHECK(named(21) == "new");
  CHECK(named(21) == "new");
  CHECK(repository().remove(Filter{}) == 21);
  CHECK(named(21) == "-");
  CHECK(named(1) == "-");
  session->rollback();
  session->begin({});
  CHECK(named(21) == "-");
  CHECK(named(1) == "p1");
}

TEST_CASE_METHOD(Fixture, "an open statement keeps nobody from what a transaction may do") {
  run("CREATE TABLE other (n)");
  session->begin({.write_intent = true});
  open_finder();
  run("DROP TABLE other"); // "database table is locked" while a statement is open
  open_finder();
  run("ALTER TABLE people ADD COLUMN more INT DEFAULT 1");
  open_finder();
  run("CREATE INDEX by_age ON people (age)");
  open_finder();
  session->commit();
  const auto second = backend->connect(soon(1000));
  (void)second->execute("UPDATE people SET age = 1", {}); // nothing of ours is in its way
  session->begin({});
  open_finder();
}

TEST_CASE_METHOD(Fixture, "SQL of the application's that begins late finds no statement open") {
  session->begin({});
  RowBatch rows;
  CHECK_FALSE(session->execute("ATTACH 'aside' AS aside", {})->next(rows));
  const auto detach = session->execute("DETACH aside", {});
  open_finder();
  CHECK_FALSE(detach->next(rows));
  CHECK(open_statements() == 0);
}

TEST_CASE_METHOD(Fixture, "finds between the rows of a query leave it alone") {
  session->begin({});
  const auto cursor = repository().select({});
  std::int64_t seen = 0;
  for (RowBatch rows; cursor->next(rows);) {
    std::vector<std::int64_t> here;
    for (std::size_t i = 0; i < rows.rows; ++i)
      here.push_back(rows.row(i)[0].integer);
    for (const std::int64_t id : here)
      CHECK(named(id) == "p" + std::to_string(++seen));
  }
  CHECK(seen == 20);
  CHECK(begun("SELECT tenon_row") == 3);
}

TEST_CASE_METHOD(Fixture, "a find that fails leaves no statement open, and the next one is right") {
  run("UPDATE people SET settings = x'ff', balance = 'nonsense' WHERE id = 3");
  session->begin({});
  open_finder();
  session->savepoint(SavepointAction::create, 1);
  open_finder();
  CHECK(error_of([&] { named(3); }).code == ErrorCode::data);
  CHECK(open_statements() == 0);
  session->savepoint(SavepointAction::rollback, 1);
  open_finder();
  CHECK_THROWS_AS(repository().find(0, std::vector<Cell>{Cell::text("x")}), ProgrammingError);
  CHECK(named(4) == "p4");
}

TEST_CASE_METHOD(Fixture, "keys of several columns and of other forms are found one after another") {
  run("CREATE TABLE places (x BIGINT, y TEXT, price TEXT COLLATE tenon_decimal, PRIMARY KEY (x, y))");
  run("INSERT INTO places VALUES (1, 'a', '1.50'), (1, 'b', '2'), (2, 'a', NULL)");
  const bool has_index = GENERATE(false, true);
  if (has_index) {
    run("CREATE UNIQUE INDEX places_price ON places (price)");
    run("ANALYZE"); // with which SQLite takes other decisions
  }
  session->begin({});
  IRepository& places = session->repository(kPlaces);
  const auto price = [&](std::int64_t x, std::string_view y) -> std::string {
    const std::array key{Cell::int64(x), Cell::text(y)};
    const RowBatch found = places.find(0, key);
    if (found.rows == 0) return "-";
    return found.row(0)[2].is_null() ? "null" : std::string(found.row(0)[2].bytes());
  };
  const auto place = [&](const Cell& of) {
    const RowBatch found = places.find(1, {&of, 1});
    return found.rows == 0 ? "-" : std::string(found.row(0)[1].bytes());
  };
  for (int round = 0; round < 3; ++round) {
    CHECK(price(1, "a") == "1.50");
    CHECK(price(1, "b") == "2");
    CHECK(price(2, "a") == "null");
    CHECK(price(2, "b") == "-");
    CHECK(place(Cell::decimal("1.5")) == "a");
    CHECK(place(Cell::int64(2)) == "b");
    CHECK(place(Cell::decimal("3")) == "-");
    CHECK(place(Cell::null()) == "-");
  }
  if (has_index) CHECK(begun("tenon_key") == 2); // else the rest of the table is looked through for the key before
}

TEST_CASE_METHOD(Fixture, "a key of which the table holds two rows is no answer for the next one") {
  run("CREATE TABLE places (x BIGINT, y TEXT, price TEXT COLLATE tenon_decimal, PRIMARY KEY (x, y))");
  if (GENERATE(false, true)) run("CREATE INDEX places_price ON places (price)"); // not unique
  run("INSERT INTO places VALUES (1, 'a', '10000000000000000001'), (2, 'b', '10000000000000000001.0'), "
      "(3, 'c', '10000000000000000002')");
  if (GENERATE(false, true)) run("UPDATE places SET y = x'ff' WHERE x = 2"); // which nobody has asked for
  session->begin({});
  const auto found = [&](const std::string& price) { // the bytes of a key are gone when the next one is found
    const Cell key = Cell::decimal(price);
    const RowBatch row = session->repository(kPlaces).find(1, {&key, 1});
    return row.rows == 0 ? "-" : std::string(row.row(0)[1].bytes());
  };
  for (int round = 0; round < 3; ++round) {
    CHECK(found("10000000000000000001") == "a");
    CHECK(found("10000000000000000001.00") == "a");
    CHECK(found("10000000000000000002") == "c");
    CHECK(found("10000000000000000002.0") == "c");
    CHECK(found("10000000000000000003") == "-");
    CHECK(found("10000000000000000001") == "a");
    CHECK(found("10000000000000000003") == "-");
  }
}

TEST_CASE_METHOD(Fixture, "a deadline that has passed ends a find that would go on") {
  session->begin({});
  open_finder();
  session->set_deadline(soon(-1));
  CHECK(error_of([&] { named(3); }).code == ErrorCode::timeout);
  session->set_deadline(Deadline::max());
  session->rollback();
  CHECK(named(3) == "p3");
}

TEST_CASE("finds go on behind a schema that another session has changed") {
  TemporaryFolder folder;
  Fixture people(folder.file("x.db"));
  people.session->begin({});
  people.open_finder();
  people.session->commit();
  (void)people.backend->connect(soon(1000))->execute("ALTER TABLE people ADD COLUMN more INT", {});
  people.session->begin({});
  people.open_finder();
  CHECK(people.named(3) == "p3");
  people.session->commit();
}

TEST_CASE_METHOD(Fixture, "the source of keys has no rows for others") {
  CHECK(number("SELECT count(*) FROM tenon_key(1)") == 0);
  CHECK(number("SELECT count(*) FROM tenon_key(NULL)") == 0);
  CHECK_THROWS_AS(number("SELECT count(*) FROM tenon_key"), Error);
}
