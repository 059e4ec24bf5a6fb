#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();

struct Fixture : OneSession {
  Fixture() { create(kPeople); }
  std::unique_ptr<ICursor> run_with(std::string_view sql, const std::vector<Cell>& parameters) {
    return session->execute(sql, parameters);
  }
};

} // namespace

TEST_CASE_METHOD(Fixture, "parameters of every type are bound, and rows come as SQLite stores them") {
  const std::string blob("\0\1", 2);
  auto cursor =
      run_with("SELECT ?1, ?2, ?3, ?4, ?5, ?2", {Cell::int64(7), Cell::text("'; DROP TABLE people; --"),
                                                 Cell::float64(1.5), Cell::blob(blob.data(), 2), Cell::null()});
  RowBatch batch;
  REQUIRE(cursor->next(batch));
  REQUIRE(batch.rows == 1);
  REQUIRE(batch.columns == 6);
  CHECK(batch.cells[0].integer == 7);
  CHECK(batch.cells[1].bytes() == "'; DROP TABLE people; --");
  CHECK(batch.cells[2].real == 1.5);
  CHECK(batch.cells[3].type == CellType::blob);
  CHECK(batch.cells[3].bytes() == blob);
  CHECK(batch.cells[4].is_null());
  CHECK(batch.cells[5].bytes() == batch.cells[1].bytes());
  CHECK_FALSE(cursor->next(batch));
}

TEST_CASE_METHOD(Fixture, "a wrong number of parameters is ProgrammingError and nothing runs") {
  CHECK_THROWS_AS(run_with("DELETE FROM people WHERE id = ?1", {}), ProgrammingError);
  CHECK_THROWS_AS(run_with("SELECT 1", {Cell::int64(1)}), ProgrammingError);
}

TEST_CASE_METHOD(Fixture, "a statement that writes takes effect without its rows being read") {
  auto cursor = run_with("INSERT INTO people (name, is_active) VALUES ('a', 1), ('b', 1) RETURNING id, name", {});
  CHECK(number("SELECT count(*) FROM people") == 2);
  RowBatch batch;
  REQUIRE(cursor->next(batch));
  REQUIRE(batch.rows == 2);
  CHECK(batch.row(1)[1].bytes() == "b");
  CHECK_FALSE(cursor->next(batch));
}

TEST_CASE_METHOD(Fixture, "one statement at a time") {
  for (const char* sql : {"SELECT 1; SELECT 2", "SELECT 1; DROP TABLE people", "SELECT 1;; nonsense"}) {
    INFO(sql);
    CHECK_THROWS_AS(run_with(sql, {}), ProgrammingError);
  }
  for (const char* sql : {"SELECT 1;", "SELECT 1; ;; ", "SELECT 1 -- done", "SELECT 1; /* done */"}) {
    INFO(sql);
    CHECK(number(sql) == 1);
  }
  CHECK_THROWS_AS(run_with("", {}), ProgrammingError);
  CHECK_THROWS_AS(run_with("-- nothing", {}), ProgrammingError);
  CHECK_THROWS_AS(run_with(std::string_view("SELECT 1\0; SELECT 2", 19), {}), ProgrammingError);
  CHECK(number("SELECT count(*) FROM people") == 0);
}

TEST_CASE_METHOD(Fixture, "transactions are moved by the session alone") {
  for (const char* sql : {"BEGIN", "begin immediate", " \n COMMIT", "END", "ROLLBACK", "SAVEPOINT x", "RELEASE x",
                          "-- note\nCOMMIT", "/* note */ ; BEGIN"}) {
    INFO(sql);
    CHECK_THROWS_AS(run_with(sql, {}), ProgrammingError);
  }
  CHECK(number("SELECT 1") == 1);
}

TEST_CASE_METHOD(Fixture, "wrong SQL says where, and quotes nothing of it but in the detail") {
  const ErrorInfo info = error_of([&] { run_with("SELECT 'secret' FRM people", {}); });
  CHECK(info.code == ErrorCode::programming);
  CHECK(info.message.find("secret") == std::string::npos);
  CHECK(info.message.find("FRM") == std::string::npos);
  CHECK(info.message.find("at byte ") != std::string::npos);
  CHECK(info.detail.find("people") != std::string::npos);
  CHECK(error_of([&] { run_with("SELECT * FROM nowhere", {}); }).table == "nowhere");
}

TEST_CASE_METHOD(Fixture, "a transaction that begins with SQL that writes takes its turn at once") {
  auto other = backend->connect(Deadline::max());
  session->begin({});
  run("INSERT INTO people (name, is_active) VALUES ('a', 1)");
  other->set_deadline(soon(30));
  CHECK_THROWS_AS(other->begin({.write_intent = true}), TimeoutError);
  session->commit();
  CHECK(number("SELECT count(*) FROM people") == 1);
}

TEST_CASE_METHOD(Fixture, "LIKE in the application's own SQL minds case, as elsewhere") {
  CHECK(number("SELECT 'a' LIKE 'A'") == 0);
  CHECK(number("SELECT 'a' LIKE 'a'") == 1);
}

TEST_CASE_METHOD(Fixture, "the list behind `in` gives nothing away to SQL that has no list") {
  CHECK(number("SELECT count(*) FROM tenon_list(1)") == 0);
  CHECK_THROWS_AS(number("SELECT count(*) FROM tenon_list"), Error);
}
