#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();

/// Two sessions on one file with a write-ahead log.
struct TwoSessions : OneSession {
  TwoSessions() : TwoSessions(std::make_unique<TemporaryFolder>()) {}
  explicit TwoSessions(std::unique_ptr<TemporaryFolder> made)
      : OneSession(made->file("two.db"), {{"busy_timeout", "100"}}), folder(std::move(made)),
        other(backend->connect(Deadline::max())) {
    create(kPeople);
  }
  ~TwoSessions() {
    other.reset();
    session.reset();
  }
  IRepository& people() { return session->repository(kPeople); }
  IRepository& others() { return other->repository(kPeople); }
  std::unique_ptr<TemporaryFolder> folder;
  std::unique_ptr<ISession> other;
};

} // namespace

TEST_CASE_METHOD(TwoSessions, "a commit is seen by others, a rollback and an unfinished transaction are not") {
  session->begin({});
  add_person(people(), "a");
  CHECK(people().count({}) == 1);
  CHECK(others().count({}) == 0);
  session->commit();
  CHECK(others().count({}) == 1);
  session->begin({});
  add_person(people(), "b");
  session->rollback();
  CHECK(others().count({}) == 1);
}

TEST_CASE_METHOD(TwoSessions, "without a transaction each call commits by itself") {
  add_person(people(), "a");
  CHECK(others().count({}) == 1);
}

TEST_CASE_METHOD(TwoSessions, "a session that ends takes its transaction with it") {
  other->begin({});
  add_person(others(), "a");
  other.reset();
  CHECK(people().count({}) == 0);
  CHECK(add_person(people(), "not locked out") > 0);
}

TEST_CASE_METHOD(TwoSessions, "a transaction that begins with a write waits for its turn instead of failing later") {
  session->begin({});
  add_person(people(), "a");
  other->begin({});
  const ErrorInfo error = error_of([&] { add_person(others(), "b"); });
  CHECK(error.code == ErrorCode::timeout);
  CHECK_FALSE(error.retryable);
  other->rollback();
  session->commit();
  other->begin({});
  CHECK(add_person(others(), "b") > 0);
  other->commit();
}

TEST_CASE_METHOD(TwoSessions, "a write after a stale read is a retryable SerializationFailure") {
  session->begin({});
  CHECK(people().count({}) == 0); // its snapshot is from before the other's commit
  add_person(others(), "other");
  const ErrorInfo error = error_of([&] { add_person(people(), "mine"); });
  CHECK(error.code == ErrorCode::serialization_failure);
  CHECK(error.retryable);
  session->rollback();
  session->begin({});
  CHECK(people().count({}) == 1);
  add_person(people(), "mine");
  session->commit();
  CHECK(others().count({}) == 2);
}

TEST_CASE_METHOD(TwoSessions, "with write intent the turn is taken at begin, and reads stay fresh") {
  session->begin({.write_intent = true});
  CHECK_THROWS_AS(add_person(others(), "other"), TimeoutError);
  CHECK(people().count({}) == 0);
  add_person(people(), "mine");
  session->commit();
  CHECK(others().count({}) == 1);
  other->begin({.write_intent = true});
  CHECK_THROWS_AS(session->begin({.write_intent = true}), TimeoutError);
  CHECK_NOTHROW(session->begin({})); // a begin that failed has begun nothing
  session->rollback();
  other->rollback();
}

TEST_CASE_METHOD(TwoSessions, "readers do not wait for a writer") {
  other->begin({.write_intent = true});
  add_person(others(), "other");
  session->begin({.read_only = true});
  CHECK(people().count({}) == 0);
  other->commit();
  CHECK(people().count({}) == 0); // one snapshot for the whole transaction
  session->commit();
  CHECK(people().count({}) == 1);
}

TEST_CASE_METHOD(TwoSessions, "a read-only transaction refuses writes, the next one takes them") {
  session->begin({.read_only = true, .write_intent = true});
  CHECK(error_of([&] { add_person(people(), "a"); }).code == ErrorCode::read_only);
  session->rollback();
  session->begin({.read_only = true});
  CHECK(error_of([&] { run("DELETE FROM people"); }).code == ErrorCode::read_only);
  session->rollback();
  session->begin({});
  CHECK(add_person(people(), "a") > 0);
  session->commit();
}

TEST_CASE_METHOD(TwoSessions, "after a failed statement only rollback is left, and commit raises the first error") {
  add_person(people(), "a");
  session->begin({});
  add_person(people(), "b");
  CHECK_THROWS_AS(add_person(people(), "a"), IntegrityError);
  const ErrorInfo doomed = error_of([&] { (void)people().count({}); });
  CHECK(doomed.code == ErrorCode::programming);
  CHECK(doomed.message.find("name is taken") != std::string::npos);
  const ErrorInfo error = error_of([&] { session->commit(); });
  CHECK(error.code == ErrorCode::unique_violation);
  CHECK(error.message.starts_with("commit: the transaction is rolled back"));
  CHECK(others().count({}) == 1);
  CHECK(add_person(people(), "c") > 0);
}

TEST_CASE_METHOD(TwoSessions, "savepoints undo what came after them and keep what came before") {
  session->begin({});
  session->savepoint(SavepointAction::create, 1); // before the first statement
  add_person(people(), "a");
  session->savepoint(SavepointAction::create, 2);
  add_person(people(), "b");
  session->savepoint(SavepointAction::rollback, 2);
  CHECK(people().count({}) == 1);
  add_person(people(), "c");
  CHECK_THROWS_AS(add_person(people(), "c"), IntegrityError);
  CHECK_THROWS_AS(people().count({}), ProgrammingError);
  session->savepoint(SavepointAction::rollback, 2);
  add_person(people(), "d");
  session->savepoint(SavepointAction::release, 2);
  session->savepoint(SavepointAction::release, 1);
  session->commit();
  CHECK(others().count({}) == 2);
}

TEST_CASE_METHOD(TwoSessions, "a savepoint before the first statement does not keep a write from taking its turn") {
  session->begin({});
  session->savepoint(SavepointAction::create, 1);
  add_person(people(), "a");
  CHECK_THROWS_AS(add_person(others(), "b"), TimeoutError);
  session->savepoint(SavepointAction::rollback, 1);
  session->commit();
  CHECK(others().count({}) == 0);
}

TEST_CASE_METHOD(TwoSessions, "savepoints that were released or undone before the first statement are gone") {
  session->begin({});
  session->savepoint(SavepointAction::create, 1);
  session->savepoint(SavepointAction::create, 2);
  session->savepoint(SavepointAction::rollback, 1); // forgets 2
  session->savepoint(SavepointAction::release, 1);
  CHECK(people().count({}) == 0);
  CHECK_THROWS_AS(session->savepoint(SavepointAction::release, 1), ProgrammingError);
  session->rollback();
}

TEST_CASE_METHOD(TwoSessions, "transaction calls out of order are ProgrammingError, but rollback is harmless") {
  CHECK_THROWS_AS(session->commit(), ProgrammingError);
  CHECK_THROWS_AS(session->savepoint(SavepointAction::create, 1), ProgrammingError);
  CHECK_NOTHROW(session->rollback());
  session->begin({});
  CHECK_THROWS_AS(session->begin({}), ProgrammingError);
  CHECK_NOTHROW(session->commit()); // nothing has happened in it
  CHECK_NOTHROW(session->rollback());
}

TEST_CASE_METHOD(TwoSessions, "rollback forgets the deadline") {
  session->begin({});
  add_person(people(), "a");
  session->set_deadline(soon(-1000));
  CHECK_THROWS_AS(people().count({}), TimeoutError);
  session->rollback();
  CHECK(people().count({}) == 0);
  CHECK(others().count({}) == 0);
  CHECK(add_person(others(), "not locked out") > 0);
}

TEST_CASE("a foreign key checked at commit rolls back and says why") {
  OneSession one;
  one.run("CREATE TABLE a (id INTEGER PRIMARY KEY)");
  one.run("CREATE TABLE b (a INTEGER REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)");
  one.session->begin({});
  one.run("INSERT INTO b VALUES (1)");
  CHECK(error_of([&] { one.session->commit(); }).code == ErrorCode::foreign_key_violation);
  CHECK(one.number("SELECT count(*) FROM b") == 0);
  CHECK_NOTHROW(one.session->begin({}));
}
