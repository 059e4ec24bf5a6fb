// The table of errors, row by row, as the real server provokes them.
#include <signal.h>

#include <functional>
#include <thread>

#include <fmt/format.h>

#include "postgresql_faults.hpp"

namespace tenon::postgresql::test {
namespace {

/// Tables for every kind of violation.
class Rules {
public:
  Rules() {
    const auto session = connect();
    run(*session, "CREATE TABLE " + table("parent") + " (id int PRIMARY KEY)");
    run(*session,
        "CREATE TABLE " + table("child") +
            " (id int CONSTRAINT child_once UNIQUE, parent int CONSTRAINT child_parent REFERENCES " + table("parent") +
            ", must text NOT NULL DEFAULT '', few int CONSTRAINT child_few CHECK (few < 3), " +
            "during int4range, CONSTRAINT child_apart EXCLUDE USING gist (during WITH &&), short varchar(2), " +
            "late int CONSTRAINT child_late UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    run(*session,
        "CREATE VIEW " + table("small") + " AS SELECT id FROM " + table("child") + " WHERE id < 10 WITH CHECK OPTION");
    run(*session, "INSERT INTO " + table("parent") + " VALUES (1)");
    run(*session, "INSERT INTO " + table("child") + " (id, parent, during, late) VALUES (1, 1, '[1,5)', 1)");
  }
  [[nodiscard]] std::string table(const std::string& name) const { return schema_.table(name); }

private:
  Schema schema_;
};

struct Row {
  std::string sql;
  const char* sqlstate;
  ErrorCode code;
  const char* constraint = "";
  std::vector<std::string> columns = {};
  bool retryable = false;
};

TEST_CASE("postgresql errors: what a statement provokes has its class, kind, constraint, table and columns") {
  const Rules rules;
  const std::string child = rules.table("child");
  const std::vector<Row> rows{
      {"INSERT INTO " + child + " (id) VALUES (1)", "23505", ErrorCode::unique_violation, "child_once"},
      {"INSERT INTO " + child + " (parent) VALUES (99)", "23503", ErrorCode::foreign_key_violation, "child_parent"},
      {"DELETE FROM " + rules.table("parent"), "23503", ErrorCode::foreign_key_violation, "child_parent"},
      {"INSERT INTO " + child + " (must) VALUES (NULL)", "23502", ErrorCode::not_null_violation, "", {"must"}},
      {"INSERT INTO " + child + " (few) VALUES (4)", "23514", ErrorCode::check_violation, "child_few"},
      {"INSERT INTO " + child + " (during) VALUES ('[4,9)')", "23P01", ErrorCode::exclusion_violation, "child_apart"},
      {"INSERT INTO " + rules.table("small") + " VALUES (10)", "44000", ErrorCode::integrity},
      {"INSERT INTO " + child + " (short) VALUES ('abc')", "22001", ErrorCode::data},
      {"SELECT 2147483648::int", "22003", ErrorCode::data},
      {"SELECT 'tomorrowish'::date", "22007", ErrorCode::data},
      {"SELECT '2000-02-30'::date", "22008", ErrorCode::data},
      {"SELECT 1/0", "22012", ErrorCode::data},
      {"SELECT 'x'::int", "22P02", ErrorCode::data},
      {"SELECT '\\x00'::bytea::text::json", "22P02", ErrorCode::data},
      {"SELECT (SELECT 1 UNION SELECT 2)", "21000", ErrorCode::data},
      {"SELEKT 1", "42601", ErrorCode::programming},
      {"SELECT * FROM " + rules.table("nowhere"), "42P01", ErrorCode::programming},
      {"SELECT nothing FROM " + child, "42703", ErrorCode::programming},
      {"SELECT nothing(1)", "42883", ErrorCode::programming},
      {"CREATE TABLE no_such_schema.t (n int)", "3F000", ErrorCode::programming},
      {"EXECUTE nothing", "26000", ErrorCode::programming},
      {"CLOSE nothing", "34000", ErrorCode::programming},
      {"DECLARE c CURSOR FOR SELECT 1", "25P01", ErrorCode::programming},
      {"CREATE DATABASE a TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C.UTF-8'", "22023", ErrorCode::data},
      {"DROP DATABASE tenon", "55006", ErrorCode::operational},
      {"SELECT pg_read_file('/etc/hostname')", "42501", ErrorCode::permission},
      {"DO $$ BEGIN RAISE EXCEPTION 'hidden'; END $$", "P0001", ErrorCode::operational},
      {"DO $$ BEGIN RAISE no_data_found; END $$", "P0002", ErrorCode::operational},
      {"DO $$ BEGIN ASSERT false; END $$", "P0004", ErrorCode::operational},
      {"DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", "40001", ErrorCode::serialization_failure, "", {}, true},
      {"DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", "40P01", ErrorCode::deadlock, "", {}, true},
      {"DO $$ BEGIN RAISE SQLSTATE '53100'; END $$", "53100", ErrorCode::resource_exhausted},
      {"DO $$ BEGIN RAISE SQLSTATE '53200'; END $$", "53200", ErrorCode::resource_exhausted},
      {"DO $$ BEGIN RAISE SQLSTATE '54001'; END $$", "54001", ErrorCode::programming},
      {"DO $$ BEGIN RAISE SQLSTATE '58030'; END $$", "58030", ErrorCode::internal},
      {"DO $$ BEGIN RAISE SQLSTATE '40002'; END $$", "40002", ErrorCode::integrity},
      {"DO $$ BEGIN RAISE SQLSTATE '23001'; END $$", "23001", ErrorCode::foreign_key_violation},
      {"DO $$ BEGIN RAISE SQLSTATE '38001'; END $$", "38001", ErrorCode::operational},
      {"DO $$ BEGIN RAISE SQLSTATE '2D000'; END $$", "2D000", ErrorCode::programming},
  };
  for (const Row& row : rows) {
    CAPTURE(row.sql);
    const auto session = connect();
    const ErrorInfo error = failure_of([&] { run(*session, row.sql); });
    CAPTURE(error.message, error.detail);
    CHECK(error.sqlstate == row.sqlstate);
    CHECK(error_name(error.code) == error_name(row.code));
    CHECK(error.constraint == row.constraint);
    CHECK(error.columns == row.columns);
    CHECK(error.retryable == row.retryable);
    CHECK_FALSE(error.broken);
    CHECK(error.backend == "postgresql");
    CHECK(error.message.find("hidden") == std::string::npos);
    if (*row.constraint != '\0') CHECK(error.table == "child");
    CHECK(session->alive());
    CHECK(value_of(*session, "SELECT 1") == "1");
  }
}

TEST_CASE("postgresql errors: a constraint that is checked at COMMIT is raised by it") {
  const Rules rules;
  const auto session = connect();
  session->begin({});
  run(*session, "INSERT INTO " + rules.table("child") + " (id, late) VALUES (2, 1)");
  const ErrorInfo error = failure_of([&] { session->commit(); });
  CHECK(error.code == ErrorCode::unique_violation);
  CHECK(error.constraint == "child_late");
  CHECK_FALSE(error.broken);
  CHECK(value_of(*session, "SELECT count(*) FROM " + rules.table("child")) == "1");
}

TEST_CASE("postgresql errors: write skew at SERIALIZABLE is a SerializationFailure, at a statement or at COMMIT") {
  const Rules rules;
  const auto one = connect();
  const auto two = connect();
  TransactionOptions serializable;
  serializable.isolation = Isolation::serializable;
  const std::string parent = rules.table("parent");
  one->begin(serializable);
  two->begin(serializable);
  CHECK(value_of(*one, "SELECT count(*) FROM " + parent) == "1");
  CHECK(value_of(*two, "SELECT count(*) FROM " + parent) == "1");
  run(*one, "INSERT INTO " + parent + " VALUES (2)");
  run(*two, "INSERT INTO " + parent + " VALUES (3)");
  one->commit();
  const ErrorInfo error = failure_of([&] { two->commit(); });
  CHECK(error.code == ErrorCode::serialization_failure);
  CHECK(error.sqlstate == "40001");
  CHECK(error.retryable);
  CHECK(value_of(*two, "SELECT count(*) FROM " + parent) == "2");
}

TEST_CASE("postgresql errors: 57014 is Cancelled if we cancelled, TimeoutError if our deadline passed") {
  const auto session = connect();
  session->set_deadline(Clock::now() + milliseconds(50));
  CHECK(failure_of([&] { run(*session, "SELECT pg_sleep(30)"); }).code == ErrorCode::timeout);
  session->set_deadline(Deadline::max());
  run(*session, "SET statement_timeout = 30"); // somebody else's limit
  const ErrorInfo error = failure_of([&] { run(*session, "SELECT pg_sleep(30)"); });
  CHECK(error.code == ErrorCode::cancelled);
  CHECK(error.sqlstate == "57014");
  CHECK_FALSE(error.broken);
}

TEST_CASE("postgresql errors: 55P03 by lock_timeout, 25P02 behind a failure, 25006 in a read-only transaction") {
  const Rules rules;
  const std::string lock = "LOCK TABLE " + rules.table("parent");
  const auto holder = connect();
  holder->begin({});
  run(*holder, lock);
  const auto session = connect();
  run(*session, "SET lock_timeout = 30");
  session->begin({});
  const ErrorInfo late = failure_of([&] { run(*session, lock); });
  CHECK(late.code == ErrorCode::timeout);
  CHECK(late.sqlstate == "55P03");
  CHECK_FALSE(late.retryable);
  const ErrorInfo aborted = failure_of([&] { run(*session, "SELECT 1"); });
  CHECK(aborted.code == ErrorCode::programming);
  CHECK(aborted.sqlstate == "25P02");
  session->rollback();
  holder->rollback();

  TransactionOptions reads;
  reads.read_only = true;
  session->begin(reads);
  const ErrorInfo own = failure_of([&] { run(*session, "INSERT INTO " + rules.table("parent") + " VALUES (5)"); });
  CHECK(own.code == ErrorCode::read_only);
  CHECK_FALSE(own.broken); // the caller wanted it so
  session->rollback();
  run(*session, "SET default_transaction_read_only = on"); // as a demoted primary behaves
  session->begin({});
  const ErrorInfo server_s = failure_of([&] { run(*session, "INSERT INTO " + rules.table("parent") + " VALUES (5)"); });
  CHECK(server_s.code == ErrorCode::read_only);
  CHECK(server_s.sqlstate == "25006");
  CHECK(server_s.broken);
}

TEST_CASE("postgresql errors: a statement that the server forgot is prepared anew, once, and not in a transaction") {
  const Schema schema;
  const TableDesc table = users(schema);
  const auto session = connect();
  session->create_tables(std::vector<const TableDesc*>{&table});
  auto& repository = session->repository(table);
  const Cell name = Cell::text("ann");
  CHECK(repository.find(1, {&name, 1}).rows == 0);

  const auto taken = connect();
  run(*taken, "PREPARE tenon_1 AS SELECT 1"); // 42P05: the name of our first one
  CHECK(taken->repository(table).find(1, {&name, 1}).rows == 0);

  run(*session, "DEALLOCATE ALL"); // 26000
  CHECK(repository.find(1, {&name, 1}).rows == 0);

  const auto other = connect();
  run(*other, "ALTER TABLE " + schema.table("users") + " ALTER COLUMN age TYPE smallint"); // 0A000, the result's type
  CHECK(repository.find(1, {&name, 1}).rows == 0);

  for (const char* harm : {"DEALLOCATE ALL", "ALTER"}) {
    CAPTURE(harm);
    CHECK(repository.find(1, {&name, 1}).rows == 0);
    if (std::string_view(harm) == "ALTER") {
      const bool small = value_of(*other,
                                  "SELECT data_type = 'smallint' FROM information_schema.columns WHERE "
                                  "table_schema = $1 AND column_name = 'age'",
                                  {Cell::text(schema.name())}) == "true";
      run(*other, "ALTER TABLE " + schema.table("users") + " ALTER COLUMN age TYPE " + (small ? "bigint" : "smallint"));
    }
    session->begin({});
    if (std::string_view(harm) != "ALTER") run(*session, harm);
    const ErrorInfo error = failure_of([&] { static_cast<void>(repository.find(1, {&name, 1})); });
    CHECK(error.code == ErrorCode::programming);
    CHECK(error.retryable); // the transaction has failed, and is right the next time
    CHECK_FALSE(error.broken);
    session->rollback();
    session->begin({});
    CHECK(repository.find(1, {&name, 1}).rows == 0);
    session->commit();
  }
}

TEST_CASE("postgresql errors: a session that the server ends says why, and is discarded") {
  const auto admin = connect();
  const auto session = connect();
  const std::string pid = value_of(*session, "SELECT pg_backend_pid()");
  run(*admin, "SELECT pg_terminate_backend($1::text::int)", {Cell::text(pid)});
  wait_until([&] { return !session->alive(); });
  const ErrorInfo error = failure_of([&] { session->ping(); });
  CHECK(error.code == ErrorCode::connection);
  CHECK(error.sqlstate == "57P01");
  CHECK(error.retryable);
  CHECK(error.broken);

  const auto idle = connect();
  run(*idle, "SET idle_in_transaction_session_timeout = 50");
  idle->begin({});
  run(*idle, "SELECT 1");
  wait_until([&] { return !idle->alive(); });
  const ErrorInfo timed_out = failure_of([&] { run(*idle, "SELECT 1"); });
  CHECK(timed_out.code == ErrorCode::connection);
  CHECK(timed_out.sqlstate == "25P03");
  CHECK(timed_out.broken);

  const auto quiet = connect();
  run(*quiet, "SET idle_session_timeout = 50");
  wait_until([&] { return !quiet->alive(); });
  CHECK(failure_of([&] { quiet->ping(); }).sqlstate == "57P05");
}

TEST_CASE("postgresql errors: a server that starts, stops or is full is not ready, not lost") {
  auto own = testing::PostgresServer::start({.settings = {{"max_connections", "6"}}});
  const auto backend = open_backend(options_of(own));
  std::vector<std::unique_ptr<ISession>> sessions;
  ErrorInfo full;
  for (int i = 0; i < 8 && full.message.empty(); ++i) {
    try {
      sessions.push_back(backend->connect(Deadline::max()));
    } catch (const Error& error) {
      full = error.info();
    }
  }
  CHECK(full.code == ErrorCode::resource_exhausted);
  CHECK(full.sqlstate == "53300");
  CHECK(full.retryable);
  REQUIRE_FALSE(sessions.empty());
  kill(own.pid(), SIGTERM); // smart: it waits for us and lets nobody else in
  wait_until([&] {
    try {
      static_cast<void>(backend->connect(Deadline::max()));
      return false;
    } catch (const NotReady& error) {
      CHECK(error.sqlstate() == "57P03");
      CHECK(error.retryable());
      return true;
    } catch (const Error&) {
      return false;
    }
  });
}

TEST_CASE("postgresql errors: an error's text holds no value, and its detail does") {
  const Rules rules;
  const auto session = connect();
  const ErrorInfo error = failure_of([&] {
    run(*session, "INSERT INTO " + rules.table("child") + " (id, must) VALUES (1, $1)", {Cell::text("very-private")});
  });
  CHECK((error.message + error.hint + error.statement).find("very-private") == std::string::npos);
  const ErrorInfo check = failure_of([&] {
    run(*session, "INSERT INTO " + rules.table("child") + " (few, must) VALUES (9, $1)", {Cell::text("very-private")});
  });
  CHECK((check.message + check.hint + check.statement).find("very-private") == std::string::npos);
  CHECK(check.detail.find("very-private") != std::string::npos);
}

} // namespace
} // namespace tenon::postgresql::test
