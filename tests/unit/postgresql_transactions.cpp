#include <thread>

#include "connection.hpp"
#include "postgresql_support.hpp"

namespace tenon::postgresql::test {
namespace {

class Counter {
public:
  Counter() : session_(connect()) {
    run(*session_,
        "CREATE TABLE " + schema_.table("t") + " (n int CONSTRAINT once UNIQUE DEFERRABLE INITIALLY IMMEDIATE)");
  }
  [[nodiscard]] ISession& session() const { return *session_; }
  [[nodiscard]] std::string table() const { return schema_.table("t"); }
  void add(int n) const { run(*session_, "INSERT INTO " + table() + " VALUES (" + std::to_string(n) + ")"); }
  [[nodiscard]] std::string seen_by_others() const {
    return value_of(*connect(), "SELECT coalesce(string_agg(n::text, ',' ORDER BY n), '') FROM " + table());
  }

private:
  Schema schema_;
  std::unique_ptr<ISession> session_;
};

TEST_CASE("postgresql: a transaction is seen by others once it is committed, and not if it is rolled back") {
  const Counter t;
  t.session().begin({});
  t.add(1);
  CHECK(t.seen_by_others().empty());
  t.session().commit();
  CHECK(t.seen_by_others() == "1");
  t.session().begin({});
  t.add(2);
  t.session().rollback();
  CHECK_NOTHROW(t.session().rollback());
  CHECK(t.seen_by_others() == "1");
}

TEST_CASE("postgresql: begin in a transaction and commit outside of one are ProgrammingErrors") {
  const Counter t;
  CHECK(failure_of([&] { t.session().commit(); }).code == ErrorCode::programming);
  CHECK(failure_of([&] { t.session().savepoint(SavepointAction::create, 1); }).code == ErrorCode::programming);
  t.session().begin({});
  t.add(1);
  CHECK(failure_of([&] { t.session().begin({}); }).code == ErrorCode::programming);
  t.session().commit(); // the transaction has survived the refused begin
  CHECK(t.seen_by_others() == "1");
}

TEST_CASE("postgresql: isolation and read-only are the transaction's, and end with it") {
  const Counter t;
  const auto setting = [&](const char* name) {
    return value_of(t.session(), std::string("SELECT current_setting('") + name + "')");
  };
  t.session().begin({Isolation::serializable, true, false});
  CHECK(setting("transaction_isolation") == "serializable");
  CHECK(setting("transaction_read_only") == "on");
  const ErrorInfo error = failure_of([&] { t.add(1); });
  CHECK(error.code == ErrorCode::read_only);
  CHECK_FALSE(error.broken);
  t.session().rollback();
  t.session().begin({Isolation::repeatable_read, false, true});
  CHECK(setting("transaction_isolation") == "repeatable read");
  CHECK(setting("transaction_read_only") == "off");
  t.session().commit();
  CHECK(setting("transaction_isolation") == "read committed");
}

TEST_CASE("postgresql: commit after a failed statement raises the first error and stores nothing") {
  const Counter t;
  t.session().begin({});
  t.add(1);
  const ErrorInfo first = failure_of([&] { t.add(1); });
  const ErrorInfo second = failure_of([&] { t.add(2); });
  CHECK(second.code == ErrorCode::programming);
  CHECK(second.sqlstate == "25P02");
  CHECK(second.message.find(first.message) != std::string::npos);
  const ErrorInfo error = failure_of([&] { t.session().commit(); });
  CHECK(error.code == ErrorCode::unique_violation);
  CHECK(error.constraint == "once");
  CHECK(error.message.find("commit: rolled back") == 0);
  CHECK(t.seen_by_others().empty());
  t.add(3); // the session is free again
  CHECK(t.seen_by_others() == "3");
}

TEST_CASE("postgresql: a failure that the commit itself finds is raised, and the session is free again") {
  const Counter t;
  t.add(1);
  t.session().begin({});
  run(t.session(), "SET CONSTRAINTS ALL DEFERRED");
  t.add(1);
  CHECK(failure_of([&] { t.session().commit(); }).code == ErrorCode::unique_violation);
  CHECK_NOTHROW(t.session().begin({}));
  t.add(2);
  t.session().commit();
  CHECK(t.seen_by_others() == "1,2");
}

TEST_CASE("postgresql: savepoints undo, keep and forget, and heal a failed transaction") {
  const Counter t;
  t.session().begin({});
  t.add(1);
  t.session().savepoint(SavepointAction::create, 1);
  t.add(2);
  t.session().savepoint(SavepointAction::create, 2);
  CHECK_THROWS_AS(t.add(2), IntegrityError);
  CHECK_THROWS_AS(t.add(9), ProgrammingError);
  t.session().savepoint(SavepointAction::rollback, 2);
  t.add(3);
  t.session().savepoint(SavepointAction::release, 2);
  t.session().savepoint(SavepointAction::rollback, 1);
  t.add(4);
  t.session().savepoint(SavepointAction::rollback, 1); // it is kept
  t.add(5);
  t.session().savepoint(SavepointAction::release, 1);
  t.session().commit();
  CHECK(t.seen_by_others() == "1,5");
}

TEST_CASE("postgresql: a conflict of serializable transactions is retryable") {
  const Counter t;
  t.add(1);
  const auto other = connect();
  t.session().begin({Isolation::repeatable_read, false, false});
  CHECK(value_of(t.session(), "SELECT count(*) FROM " + t.table()) == "1");
  run(*other, "UPDATE " + t.table() + " SET n = 2");
  const ErrorInfo error = failure_of([&] { run(t.session(), "UPDATE " + t.table() + " SET n = 3"); });
  CHECK(error.code == ErrorCode::serialization_failure);
  CHECK(error.retryable);
  CHECK_FALSE(error.broken);
  const ErrorInfo commit = failure_of([&] { t.session().commit(); });
  CHECK(commit.code == ErrorCode::serialization_failure);
  CHECK(commit.retryable);
}

TEST_CASE("postgresql: a deadlock is found by the server and retryable; a lock timeout is a TimeoutError") {
  const Counter t;
  t.add(1);
  t.add(2);
  const auto other = connect();
  const auto lock = [&](ISession& session, int n) {
    run(session, "SELECT 1 FROM " + t.table() + " WHERE n = " + std::to_string(n) + " FOR UPDATE");
  };
  t.session().begin({});
  other->begin({});
  lock(t.session(), 1);
  lock(*other, 2);
  ErrorInfo theirs;
  std::thread thread([&] {
    try {
      lock(*other, 1);
    } catch (const Error& error) {
      theirs = error.info();
    }
  });
  ErrorInfo ours;
  try {
    lock(t.session(), 2);
  } catch (const Error& error) {
    ours = error.info();
    t.session().rollback(); // lets the other one go on
  }
  thread.join();
  const ErrorInfo& victim = ours.message.empty() ? theirs : ours;
  CHECK(victim.code == ErrorCode::deadlock);
  CHECK(victim.retryable);
  CHECK((ours.message.empty() || theirs.message.empty()));
  t.session().rollback();
  other->rollback();

  other->begin({});
  lock(*other, 1);
  t.session().begin({});
  const ErrorInfo late =
      failure_of([&] { run(t.session(), "SELECT 1 FROM " + t.table() + " WHERE n = 1 FOR UPDATE NOWAIT"); });
  CHECK(late.code == ErrorCode::timeout);
  CHECK(late.sqlstate == "55P03");
}

TEST_CASE("postgresql: a commit of what has ended behind its back is no success") {
  const Pairs pairs = server_options();
  std::vector<Option> options;
  for (const auto& [key, text] : pairs)
    options.push_back({key, text});
  HostMemory memory;
  Connection connection(read_settings(options), memory, Deadline::max());
  const Work work{"test", nullptr, true};
  for (const char* end : {"ROLLBACK", "COMMIT"}) {
    connection.begin("BEGIN", false);
    connection.command("SELECT 1", work);
    connection.command(end, work);
    const ErrorInfo error = failure_of([&] { static_cast<void>(connection.commit()); });
    CHECK(error.code == ErrorCode::programming);
    CHECK(error.sqlstate == "25P01");
    CHECK_FALSE(connection.broken());
  }
  connection.begin("BEGIN", false);
  connection.command("SELECT 1", work);
  CHECK(connection.commit());
}

TEST_CASE("postgresql: rollback puts a session back to what it was") {
  const Counter t;
  t.session().begin({});
  t.add(1);
  const auto rows = t.session().execute("SELECT generate_series(1, 100000)", {});
  RowBatch batch;
  CHECK(rows->next(batch));
  t.session().set_deadline(Clock::now() + std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  t.session().rollback();
  CHECK_THROWS_AS(rows->next(batch), ProgrammingError);
  CHECK(t.session().alive());
  CHECK(t.seen_by_others().empty());
  CHECK(value_of(t.session(), "SELECT 1") == "1");
  t.add(2);
  CHECK(t.seen_by_others() == "2");
}

} // namespace
} // namespace tenon::postgresql::test
