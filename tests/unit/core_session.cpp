// Session over a scripted backend: when a connection is taken and given back, the doomed state, savepoints, hooks.

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/repository.hpp>
#include <tenon/core/store.hpp>

#include "core_session_support.hpp"

namespace tenon {
namespace {

using fake::SessionTest;
using Calls = std::vector<std::string>;

TEST_CASE_METHOD(SessionTest, "session: a connection is held from the first statement to commit, and again after it") {
  Session session = store().session();
  CHECK(script->calls().empty());
  CHECK_FALSE(session.active());
  statement(session);
  CHECK(session.active());
  CHECK(store().figures().in_use == 1);
  session.commit();
  CHECK_FALSE(session.active());
  CHECK(store().figures().in_use == 0);
  statement(session);
  session.rollback();
  CHECK(script->calls() ==
        Calls{"connect", "begin", "count", "commit", "reset", "begin", "count", "rollback", "reset"});
}

TEST_CASE_METHOD(SessionTest, "session: commit and rollback without a statement ask nothing of the database") {
  Session session = store().session();
  session.commit();
  session.rollback();
  CHECK(script->calls().empty());
}

TEST_CASE_METHOD(SessionTest, "session: its end without commit rolls back and gives the connection back") {
  {
    Session session = store().session();
    statement(session);
  }
  CHECK(script->count("rollback") == 1);
  CHECK(script->count("commit") == 0);
  CHECK(store().figures().idle == 1);
}

TEST_CASE_METHOD(SessionTest, "session: a moved-to session rolls back what it had") {
  Session session = store().session();
  statement(session);
  session = store().session();
  CHECK(script->count("rollback") == 1);
  CHECK(store().figures().in_use == 0);
}

TEST_CASE_METHOD(SessionTest, "session: the options reach the transaction") {
  Session reader = store().session({Isolation::backend_default, true, false});
  statement(reader);
  reader.rollback();
  Session writer = store().session({Isolation::backend_default, false, true});
  statement(writer);
  CHECK(script->count("begin read only") == 1);
  CHECK(script->count("begin write") == 1);
}

TEST_CASE_METHOD(SessionTest,
                 "session: after a failed statement only rollback is accepted, and names the first error") {
  Session session = store().session();
  statement(session);
  ErrorInfo first = fake::error(ErrorCode::unique_violation, "name is taken");
  failing_statement(session, first);
  const std::size_t asked = script->calls().size();
  for (int i = 0; i < 2; ++i) {
    try {
      i == 0 ? statement(session) : session.commit();
      FAIL("accepted");
    } catch (const ProgrammingError& error) {
      CHECK_THAT(error.message(), Catch::Contains("name is taken"));
      CHECK(error.sqlstate() == "25P02");
      REQUIRE(error.cause() != nullptr);
      CHECK(error.cause()->code == ErrorCode::unique_violation);
    }
  }
  CHECK(script->calls().size() == asked); // nothing of it reached the database
  CHECK(session.active());
  session.rollback();
  statement(session);
  session.commit();
  CHECK(script->count("commit") == 1);
}

TEST_CASE_METHOD(SessionTest, "session: a doomed retryable error stays retryable, so that transaction() runs again") {
  Session session = store().session();
  failing_statement(session, fake::retryable());
  try {
    statement(session);
    FAIL("accepted");
  } catch (const ProgrammingError& error) {
    CHECK(error.retryable());
  }
}

TEST_CASE_METHOD(SessionTest, "session: a broken connection is discarded without a rollback on it") {
  Session session = store().session();
  statement(session);
  failing_statement(session, fake::broken());
  session.rollback();
  CHECK(script->count("rollback") == 0);
  CHECK(fake::eventually([&] { return script->open == 0; }));
  statement(session);
  CHECK(script->count("connect") == 2);
}

TEST_CASE_METHOD(SessionTest, "session: a rollback that fails discards the connection and is no error") {
  Session session = store().session();
  statement(session);
  script->fail("rollback", fake::error(ErrorCode::operational));
  session.rollback();
  CHECK(fake::eventually([&] { return script->open == 0; }));
}

TEST_CASE_METHOD(SessionTest, "session: a connection that turns out to be lost at BEGIN is replaced, once") {
  Session session = store().session();
  ErrorInfo lost = fake::broken();
  lost.retryable = true;
  script->fail("begin", lost);
  statement(session);
  session.commit();
  CHECK(script->count("connect") == 2);
  store().ping();
  script->fail("begin", lost);
  script->fail("begin", lost);
  CHECK_THROWS_AS(statement(session), ConnectionError);
  CHECK_FALSE(session.active());
  CHECK(fake::eventually([&] { return script->open == 0; }));
}

TEST_CASE_METHOD(SessionTest, "session: a begin that fails gives the place back") {
  Session session = store().session();
  script->fail("begin", fake::error(ErrorCode::operational));
  CHECK_THROWS_AS(statement(session), OperationalError);
  CHECK_FALSE(session.active());
  CHECK(store().figures().in_use == 0);
  statement(session);
  CHECK(script->count("connect") == 1); // an error that breaks nothing costs no connection
}

TEST_CASE_METHOD(SessionTest, "session: a commit that fails ends the transaction and forgets the hooks") {
  int hooks = 0;
  Session session = store().session();
  session.after_commit([&] { ++hooks; });
  statement(session);
  script->fail("commit", fake::retryable());
  CHECK_THROWS_AS(session.commit(), SerializationFailure);
  CHECK_FALSE(session.active());
  statement(session);
  session.commit();
  CHECK(hooks == 0);
}

TEST_CASE_METHOD(SessionTest, "session: a commit without an answer is CommitUnknown and costs the connection") {
  Session session = store().session();
  statement(session);
  script->fail("commit", fake::broken(ErrorCode::commit_unknown));
  CHECK_THROWS_AS(session.commit(), CommitUnknown);
  CHECK(fake::eventually([&] { return script->open == 0; }));
}

TEST_CASE_METHOD(SessionTest, "session: hooks run in order, after the connection is back, once") {
  std::string order;
  Session session = store().session();
  session.after_commit([&] {
    order += "a";
    CHECK(store().figures().in_use == 0);
    CHECK(script->count("commit") == 1);
  });
  statement(session);
  session.after_commit([&] { order += "b"; });
  session.commit();
  CHECK(order == "ab");
  session.commit();
  CHECK(order == "ab");
}

TEST_CASE_METHOD(SessionTest, "session: a hook's exception leaves commit after all hooks have run") {
  bool second = false;
  Session session = store().session();
  statement(session);
  session.after_commit([] { throw std::runtime_error("hook"); });
  session.after_commit([&] { second = true; });
  CHECK_THROWS_WITH(session.commit(), "hook");
  CHECK(second);
  CHECK(script->count("commit") == 1);
}

TEST_CASE_METHOD(SessionTest, "session: rollback forgets hooks") {
  bool ran = false;
  Session session = store().session();
  statement(session);
  session.after_commit([&] { ran = true; });
  session.rollback();
  session.commit();
  CHECK_FALSE(ran);
}

TEST_CASE_METHOD(SessionTest, "nested: savepoints are numbered by depth, released on return and undone on a throw") {
  Session session = store().session();
  const int answer = session.nested([&] {
    session.nested([&] { statement(session); });
    CHECK_THROWS_WITH(session.nested([&] { throw std::runtime_error("inner"); }), "inner");
    return 42;
  });
  CHECK(answer == 42);
  CHECK(script->calls() == Calls{"connect", "begin", "savepoint 1", "savepoint 2", "count", "release 2", "savepoint 2",
                                 "rollback to 2", "release 2", "release 1"});
  session.commit();
}

TEST_CASE_METHOD(SessionTest, "nested: a failed statement inside dooms the inner work only") {
  Session session = store().session();
  statement(session);
  CHECK_THROWS_AS(session.nested([&] {
    script->fail("count", fake::error(ErrorCode::data));
    statement(session);
  }),
                  DataError);
  statement(session);
  session.commit();
  CHECK(script->count("commit") == 1);
}

TEST_CASE_METHOD(SessionTest, "nested: an error that the work swallows is undone by the failing release") {
  Session session = store().session();
  CHECK_THROWS_AS(session.nested([&] { failing_statement(session, fake::error(ErrorCode::data)); }), ProgrammingError);
  CHECK(script->count("rollback to 1") == 1);
  statement(session);
  session.commit();
}

TEST_CASE_METHOD(SessionTest, "nested: a connection that breaks inside keeps the whole session doomed") {
  Session session = store().session();
  CHECK_THROWS_AS(session.nested([&] {
    script->fail("count", fake::broken());
    statement(session);
  }),
                  ConnectionError);
  CHECK(script->count("rollback to 1") == 0);
  CHECK_THROWS_AS(statement(session), ProgrammingError);
  session.rollback();
  CHECK(fake::eventually([&] { return script->open == 0; }));
}

TEST_CASE_METHOD(SessionTest, "nested: where undoing fails the connection is given up, and the first error is kept") {
  Session session = store().session();
  script->fail("rollback to 1", fake::error(ErrorCode::operational, "savepoint lost"));
  SECTION("the work threw something of its own") {
    CHECK_THROWS_WITH(session.nested([] { throw std::runtime_error("inner"); }), "inner");
    CHECK_THROWS_WITH(session.commit(), Catch::Contains("savepoint lost"));
  }
  SECTION("a statement had failed") {
    CHECK_THROWS_AS(session.nested([&] {
      script->fail("count", fake::error(ErrorCode::data, "the first"));
      statement(session);
    }),
                    DataError);
    CHECK_THROWS_WITH(session.commit(), Catch::Contains("the first"));
  }
  session.rollback();
  CHECK(script->count("rollback") == 0); // nobody knows what such a connection holds
  CHECK(fake::eventually([&] { return script->open == 0; }));
}

TEST_CASE_METHOD(SessionTest, "nested: past the deadline the work is undone, and the session accepts a rollback only") {
  Session session = store().session();
  script->fail("release 1", fake::error(ErrorCode::timeout, "late"));
  CHECK_THROWS_WITH(session.nested([] { throw std::runtime_error("inner"); }), "inner");
  CHECK_THROWS_WITH(session.commit(), Catch::Contains("late"));
  session.rollback(); // in the background, where it may take its time
  CHECK(fake::eventually([&] { return script->count("rollback") == 1 && store().figures().idle == 1; }));
}

TEST_CASE_METHOD(SessionTest, "nested: hooks of undone work are forgotten, others stay") {
  std::string order;
  Session session = store().session();
  session.after_commit([&] { order += "outer"; });
  CHECK_THROWS(session.nested([&] {
    session.after_commit([&] { order += "inner"; });
    throw std::runtime_error("undo");
  }));
  session.commit();
  CHECK(order == "outer");
}

TEST_CASE_METHOD(SessionTest, "nested: commit and rollback are refused inside, and the outer work lives on") {
  Session session = store().session();
  session.nested([&] {
    CHECK_THROWS_AS(session.commit(), ProgrammingError);
    CHECK_THROWS_AS(session.rollback(), ProgrammingError);
    statement(session);
  });
  session.commit();
  CHECK(script->count("commit") == 1);
  CHECK(script->count("rollback") == 0);
}

TEST_CASE_METHOD(SessionTest, "session: without transactions each call stands alone") {
  script->capabilities &= ~static_cast<std::uint64_t>(Capability::transactions);
  Session session = store().session();
  failing_statement(session, fake::error(ErrorCode::data));
  statement(session);
  CHECK_THROWS_AS(session.rollback(), NotSupported);
  session.commit();
  CHECK(script->count("begin") == 0);
  CHECK(script->count("commit") == 0);
  CHECK(store().figures().idle == 1);
}

TEST_CASE_METHOD(SessionTest,
                 "session: without transactions, rollback gives up a connection that is lost or cancelled") {
  script->capabilities &= ~static_cast<std::uint64_t>(Capability::transactions);
  Session session = store().session();
  failing_statement(session, GENERATE(fake::broken(), fake::error(ErrorCode::cancelled)));
  session.rollback();
  CHECK_FALSE(session.active());
  statement(session);
  session.commit();
}

TEST_CASE_METHOD(SessionTest, "session: it counts its statements, and nothing else") {
  Session session = store().session();
  statement(session);
  session.nested([&] { statement(session); });
  static_cast<void>(session.execute("select 1"));
  session.commit();
  CHECK(session.statements() == 3);
  failing_statement(session, fake::error(ErrorCode::data));
  CHECK(session.statements() == 4);
}

TEST_CASE_METHOD(SessionTest, "session: it may outlive its store object, and its connection is closed with it") {
  std::optional<Session> session(store().session());
  statement(*session);
  opened.reset();
  CHECK(script->open == 1);
  session->commit();
  CHECK(script->count("commit") == 1);
  CHECK(fake::eventually([&] { return script->open == 0; })); // in the background
  CHECK_THROWS_AS(statement(*session), ProgrammingError);
}

} // namespace
} // namespace tenon
