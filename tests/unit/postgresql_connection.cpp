#include <atomic>
#include <thread>

#include "postgresql_network.hpp"
#include "postgresql_support.hpp"

namespace tenon::postgresql::test {
namespace {

std::string pid_of(ISession& session) { return value_of(session, "SELECT pg_backend_pid()"); }

void terminate(const std::string& pid) {
  const auto admin = connect();
  REQUIRE(value_of(*admin, "SELECT pg_terminate_backend($1::text::int)", {Cell::text(pid)}) == "true");
  wait_until([&] {
    return value_of(*admin, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1::text::int", {Cell::text(pid)}) ==
           "0";
  });
}

TEST_CASE("postgresql: a connect keeps a deadline shorter than libpq's own smallest") {
  const BlackHole hole;
  const auto backend = open_backend(server_options({{"port", std::to_string(hole.port())}}));
  const auto start = Clock::now();
  const ErrorInfo error = failure_of([&] { static_cast<void>(backend->connect(start + milliseconds(150))); });
  CHECK(error.code == ErrorCode::timeout);
  CHECK(error.message.find(backend->endpoint()) != std::string::npos);
  CHECK(elapsed(start) >= milliseconds(150));
  CHECK(elapsed(start) < milliseconds(150) + kOver);
}

TEST_CASE("postgresql: connect_timeout holds without a deadline") {
  const BlackHole hole;
  const auto backend =
      open_backend(server_options({{"port", std::to_string(hole.port())}, {"connect_timeout", "200ms"}}));
  const auto start = Clock::now();
  CHECK(failure_of([&] { static_cast<void>(backend->connect(Deadline::max())); }).code == ErrorCode::timeout);
  CHECK(elapsed(start) < milliseconds(200) + kOver);
}

TEST_CASE("postgresql: an idle session that the server has ended is seen without a round trip") {
  const auto session = connect();
  CHECK(session->alive());
  terminate(pid_of(*session));
  wait_until([&] { return !session->alive(); });
  const ErrorInfo error = failure_of([&] { run(*session, "CREATE TABLE never_made (n int)"); });
  CHECK(error.code == ErrorCode::connection); // nothing was sent, so nothing is in doubt
  CHECK(error.sqlstate == "57P01");
  CHECK(error.broken);
  CHECK(error.retryable);
  CHECK(failure_of([&] { session->rollback(); }).code == ErrorCode::connection);
}

TEST_CASE("postgresql: a notice does not end a session and goes to no stream") {
  const auto session = connect();
  run(*session, "DO $$ BEGIN RAISE WARNING 'noise'; END $$");
  run(*session, "LISTEN something");
  run(*connect(), "NOTIFY something, 'text'");
  for (int i = 0; i < 20; ++i) {
    CHECK(session->alive());
    std::this_thread::sleep_for(milliseconds(2));
  }
  CHECK_NOTHROW(session->ping());
}

TEST_CASE("postgresql: a statement ends with its deadline, and the session can be used again") {
  const auto session = connect();
  const auto start = Clock::now();
  session->set_deadline(start + milliseconds(200));
  const ErrorInfo error = failure_of([&] { run(*session, "SELECT pg_sleep(30)"); });
  CHECK(error.code == ErrorCode::timeout);
  CHECK(error.sqlstate == "57014");
  CHECK_FALSE(error.broken);
  CHECK(elapsed(start) >= milliseconds(200));
  CHECK(elapsed(start) < milliseconds(200) + kOver);
  session->set_deadline(Deadline::max());
  CHECK(session->alive());
  for (int i = 0; i < 50; ++i) // no late cancel hits what comes next
    CHECK(value_of(*session, "SELECT 1") == "1");
}

TEST_CASE("postgresql: a deadline that has passed sends nothing") {
  const auto session = connect();
  session->begin({});
  session->set_deadline(Clock::now() - milliseconds(1));
  const ErrorInfo error = failure_of([&] { run(*session, "SELECT 1"); });
  CHECK(error.code == ErrorCode::timeout);
  session->set_deadline(Deadline::max());
  CHECK(value_of(*session, "SELECT 1") == "1");
}

TEST_CASE("postgresql: a deadline in a transaction fails the transaction, and rollback works after it") {
  const Schema schema;
  const auto session = connect();
  const std::string table = schema.table("t");
  run(*session, "CREATE TABLE " + table + " (n int)");
  session->begin({});
  run(*session, "INSERT INTO " + table + " VALUES (1)");
  session->set_deadline(Clock::now() + milliseconds(100));
  CHECK(failure_of([&] { run(*session, "SELECT pg_sleep(30)"); }).code == ErrorCode::timeout);
  session->rollback();
  session->set_deadline(Deadline::max());
  CHECK(value_of(*session, "SELECT count(*) FROM " + table) == "0");
}

TEST_CASE("postgresql: rows end with the deadline, and leaving them then is quick in a transaction too") {
  for (const bool in_transaction : {false, true}) {
    CAPTURE(in_transaction);
    const auto session = connect();
    if (in_transaction) session->begin({});
    auto start = Clock::now();
    {
      const auto rows = session->execute("SELECT generate_series(1, 2000000000)", {});
      start = Clock::now();
      session->set_deadline(start + milliseconds(200));
      RowBatch batch;
      const ErrorInfo error = failure_of([&] {
        while (rows->next(batch)) {}
      });
      CHECK(error.code == ErrorCode::timeout);
      CHECK_THROWS_AS(rows->next(batch), ProgrammingError);
    }
    CHECK(elapsed(start) < milliseconds(200) + kOver);
    session->set_deadline(Deadline::max());
    session->rollback();
    CHECK(value_of(*session, "SELECT 1") == "1");
  }
}

TEST_CASE("postgresql: a server that does not answer costs the connection, not the deadline") {
  auto frozen = testing::PostgresServer::start();
  const auto backend = open_backend({{"host", frozen.host()},
                                     {"port", std::to_string(frozen.port())},
                                     {"user", frozen.user()},
                                     {"password", frozen.password()},
                                     {"database", frozen.database()}});
  struct Case {
    const char* what;
    ErrorCode code;
    bool in_transaction;
    bool commit;
  };
  for (const Case& row : {Case{"SHOW server_version", ErrorCode::timeout, false, false},
                          Case{"SELECT 1", ErrorCode::commit_unknown, false, false}, // any function may write
                          Case{"CREATE TABLE a (n int)", ErrorCode::commit_unknown, false, false},
                          Case{"CREATE TABLE a (n int)", ErrorCode::timeout, true, false},
                          Case{"SELECT 1", ErrorCode::commit_unknown, true, true}}) {
    CAPTURE(row.what, row.in_transaction, row.commit);
    const auto session = backend->connect(Deadline::max());
    if (row.in_transaction) session->begin({});
    if (row.commit) run(*session, row.what);
    frozen.suspend();
    const auto start = Clock::now();
    session->set_deadline(start + milliseconds(150));
    const ErrorInfo error = failure_of([&] { row.commit ? session->commit() : run(*session, row.what); });
    const auto took = elapsed(start);
    frozen.resume();
    CHECK(error_name(error.code) == error_name(row.code));
    CHECK(error.code == row.code);
    CHECK(error.broken);
    CHECK_FALSE(error.retryable);
    CHECK(took < milliseconds(150) + kOver);
    CHECK_FALSE(session->alive());
  }
}

TEST_CASE("postgresql: cancel ends the running call and only that") {
  const auto session = connect();
  session->cancel(); // harmless
  CHECK(value_of(*session, "SELECT 1") == "1");
  std::atomic<bool> done = false;
  std::thread other([&] {
    while (!done) {
      session->cancel();
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  const auto start = Clock::now();
  const ErrorInfo error = failure_of([&] { run(*session, "SELECT pg_sleep(30)"); });
  done = true;
  other.join();
  CHECK(error.code == ErrorCode::cancelled);
  CHECK(elapsed(start) < milliseconds(5000));
  for (int i = 0; i < 50; ++i)
    CHECK(value_of(*session, "SELECT 1") == "1");
}

TEST_CASE("postgresql: a connection lost in a statement is told by what it means for the work") {
  const Schema schema;
  const std::string table = schema.table("t");
  run(*connect(), "CREATE TABLE " + table + " (n int)");
  run(*connect(), "CREATE FUNCTION " + schema.table("write") + "() RETURNS void BEGIN ATOMIC INSERT INTO " + table +
                      " SELECT 1 FROM pg_sleep(30); END");
  const std::string by_statement = "INSERT INTO " + table + " SELECT 1 FROM pg_sleep(30)";
  const std::string by_function = "SELECT " + schema.table("write") + "()";
  for (const auto& [in_transaction, sleep_and_write] : {std::pair{false, by_statement},
                                                        {true, by_statement},
                                                        {false, by_function},
                                                        {false, "(" + by_function + ")"},
                                                        {true, by_function}}) {
    CAPTURE(in_transaction, sleep_and_write);
    const auto session = connect();
    const std::string pid = pid_of(*session);
    if (in_transaction) session->begin({});
    std::thread killer([&] {
      const auto admin = connect();
      wait_until([&] {
        return value_of(*admin,
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = $1::text::int",
                        {Cell::text(pid)}) == "1";
      });
      run(*admin, "SELECT pg_terminate_backend($1::text::int)", {Cell::text(pid)});
    });
    const ErrorInfo error = failure_of([&, &sql = sleep_and_write] { run(*session, sql); });
    killer.join();
    CHECK(error.sqlstate == "57P01");
    CHECK(error.code == (in_transaction ? ErrorCode::connection : ErrorCode::commit_unknown));
    CHECK(error.retryable == in_transaction);
    CHECK(error.broken);
    CHECK_FALSE(session->alive());
    if (in_transaction) CHECK(failure_of([&] { session->commit(); }).code == ErrorCode::connection);
  }
  CHECK(value_of(*connect(), "SELECT count(*) FROM " + table) == "0");
}

TEST_CASE("postgresql: a session that is destroyed leaves no connection behind") {
  const auto admin = connect();
  const auto count = [&] {
    return value_of(*admin, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leaks'");
  };
  for (int i = 0; i < 20; ++i) {
    const auto session = connect({{"application_name", "leaks"}});
    session->begin({});
    const auto rows = session->execute("SELECT generate_series(1, 100000)", {});
    RowBatch batch;
    CHECK(rows->next(batch));
  }
  wait_until([&] { return count() == "0"; });
}

} // namespace
} // namespace tenon::postgresql::test
