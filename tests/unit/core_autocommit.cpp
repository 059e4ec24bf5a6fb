// Session with autocommit over a scripted backend: no BEGIN, no COMMIT, each call by itself.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/batch.hpp>
#include <tenon/core/repository.hpp>
#include <tenon/core/store.hpp>

#include "core_session_support.hpp"

namespace tenon {
namespace {

using fake::Document;
using fake::Player;
using fake::SessionTest;
using fake::Team;
using Calls = std::vector<std::string>;

struct AutocommitTest : SessionTest {
  Session session() { return store().session({.autocommit = true}); }
};

TEST_CASE_METHOD(AutocommitTest,
                 "autocommit: statements begin nothing, and keep the connection until commit or rollback") {
  Session session = this->session();
  CHECK(session.autocommit());
  statement(session);
  CHECK(session.active());
  statement(session);
  session.commit();
  CHECK_FALSE(session.active());
  CHECK(store().figures().in_use == 0);
  statement(session);
  session.rollback();
  CHECK_FALSE(session.active());
  CHECK(script->calls() == Calls{"connect", "count", "count", "reset", "count", "reset"});
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: a failed statement leaves the session as it was") {
  Session session = this->session();
  script->fail("count", fake::error(ErrorCode::unique_violation));
  CHECK_THROWS_AS(statement(session), IntegrityError);
  statement(session);
  session.commit();
  CHECK(store().figures().idle == 1);
}

TEST_CASE_METHOD(
    AutocommitTest,
    "autocommit: a lost connection is CommitUnknown or ConnectionError, and nothing runs again by itself") {
  Session session = this->session();
  const ErrorCode code = GENERATE(ErrorCode::commit_unknown, ErrorCode::connection);
  ErrorInfo lost = fake::error(code);
  lost.broken = true;
  lost.retryable = code == ErrorCode::connection;
  script->fail("count", lost);
  CHECK_THROWS_AS(statement(session), Error);
  CHECK(script->count("count") == 1);
  CHECK_THROWS_AS(statement(session), ProgrammingError);
  CHECK_THROWS_AS(session.commit(), ProgrammingError);
  session.rollback();
  CHECK(store().figures().idle == 0); // it is not used again
  statement(session);
  CHECK(script->count("connect") == 2);
  CHECK(script->count("begin") == 0);
  CHECK(script->count("rollback") == 0);
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: there are no savepoints, and nested() asks nothing of the database") {
  Session session = this->session();
  bool ran = false;
  CHECK_THROWS_AS(session.nested([&] { ran = true; }), ProgrammingError);
  CHECK_FALSE(ran);
  CHECK(script->calls().empty());
  statement(session);
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: options of transactions and store.transaction are refused beside it") {
  CHECK_THROWS_AS(static_cast<void>(store().session({.read_only = true, .autocommit = true})), ProgrammingError);
  CHECK_THROWS_AS(static_cast<void>(store().session({.isolation = Isolation::serializable, .autocommit = true})),
                  ProgrammingError);
  CHECK_THROWS_AS(store().transaction({.autocommit = true}, [](Session& session) { statement(session); }),
                  ProgrammingError);
  CHECK(script->calls().empty());
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: hooks run at commit and are forgotten at rollback") {
  Session session = this->session();
  int ran = 0;
  session.after_commit([&] { ++ran; });
  statement(session);
  CHECK(ran == 0);
  session.commit();
  CHECK(ran == 1);
  session.after_commit([&] { ++ran; });
  session.rollback();
  session.commit();
  CHECK(ran == 1);
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: a stream that fails ends, and the session goes on") {
  Session session = this->session();
  for (const char* name : {"a", "b", "c"})
    script->rows.push_back(
        {Cell::int64(1), Cell::boolean(true), Cell::timestamp(1), Cell::timestamp(2), Cell::text(name)});
  script->batch_rows = 2;
  auto teams = Repository<Team>{session}.query().stream();
  auto at = teams.begin();
  ++at;
  CHECK(at->name == "b");
  script->fail("fetch", fake::error(ErrorCode::data));
  CHECK_THROWS_AS(++at, DataError);
  ++at;
  CHECK(at == teams.end()); // and gives no row a second time
  statement(session);
  session.commit();
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: create_many is one call of the backend, so that it is all or nothing") {
  Session session = this->session();
  std::vector<Team> many(20'000);
  for (std::size_t i = 0; i < many.size(); ++i)
    many[i].name = std::to_string(i);
  Repository<Team>{session}.create_many(many);
  CHECK(script->count("insert") == 1);
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: a batch without updates of values is one call of the backend") {
  Session session = this->session();
  Batch batch = session.batch();
  batch.create(Team{.name = "reds"}).update(col<&Team::name> == "x", {set<&Team::name>("y")}).remove<Team>(7);
  batch.run();
  CHECK(script->calls() == Calls{"connect", "batch"});
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: a batch with updates of values commits once they have found their rows") {
  Session session = this->session();
  Batch batch = session.batch();
  batch.create(Team{.name = "reds"}).update(Player{});
  batch.run();
  CHECK(script->calls() == Calls{"connect", "begin write", "batch", "commit"});
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: a batch with an update that finds no row writes nothing") {
  Session session = this->session();
  session.set_deadline(Clock::now() + std::chrono::seconds(20));
  script->affected = 0;
  Batch batch = session.batch();
  batch.create(Team{.name = "reds"}).update(Player{});
  CHECK_THROWS_AS(batch.run(), NotFound);
  script->during("exists", [this] { script->affected = 1; });
  batch.create(Team{.name = "reds"}).update(Document{});
  CHECK_THROWS_AS(batch.run(), StaleData);
  statement(session);
  CHECK(script->last_deadline == session.deadline().time_since_epoch().count()); // which a rollback clears
  CHECK(script->calls() ==
        Calls{"connect", "begin write", "batch", "rollback", "begin write", "batch", "exists", "rollback", "count"});
}

TEST_CASE_METHOD(AutocommitTest,
                 "autocommit: a batch with updates that fails writes nothing, and tells its own error") {
  Session session = this->session();
  Batch batch = session.batch();
  batch.update(Player{});
  script->fail("batch", fake::error(ErrorCode::unique_violation));
  CHECK_THROWS_AS(batch.run(), IntegrityError);
  statement(session);
  CHECK(script->calls() == Calls{"connect", "begin write", "batch", "rollback", "count"});

  script->forget_calls();
  script->fail("batch", fake::broken());
  batch.update(Player{});
  CHECK_THROWS_AS(batch.run(), ConnectionError);
  CHECK_THROWS_AS(statement(session), ProgrammingError); // the connection is gone
  session.rollback();
  script->fail("batch", fake::error(ErrorCode::unique_violation));
  script->fail("rollback", fake::error(ErrorCode::timeout));
  batch.update(Player{});
  CHECK_THROWS_AS(batch.run(), IntegrityError);
  CHECK_THROWS_AS(statement(session), ProgrammingError); // nothing goes into what may be open still
  session.rollback();
  CHECK(script->calls() == Calls{"begin write", "batch", "connect", "begin write", "batch", "rollback"});
  CHECK(store().figures().idle == 0);
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: a batch with updates that is cancelled leaves the session cancelled") {
  Session session = this->session();
  Batch batch = session.batch();
  batch.update(Player{});
  script->during("batch", [&] { session.cancel(); });
  script->fail("batch", fake::error(ErrorCode::cancelled));
  CHECK_THROWS_AS(batch.run(), Cancelled);
  CHECK(script->count("rollback") == 1);
  CHECK_THROWS_AS(statement(session), Cancelled);
  session.rollback();
  statement(session);
}

TEST_CASE_METHOD(AutocommitTest, "autocommit: a batch with updates runs as it is where there are no transactions") {
  script->capabilities &= ~static_cast<std::uint64_t>(Capability::transactions);
  Session session = this->session();
  script->affected = 0;
  Batch batch = session.batch();
  batch.update(Player{});
  CHECK_THROWS_AS(batch.run(), NotFound);
  CHECK(script->calls() == Calls{"connect", "batch"});
}

} // namespace
} // namespace tenon
