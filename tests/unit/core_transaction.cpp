// store.transaction over a scripted backend: commit and rollback, when work runs again and when never, and what is done
// about a COMMIT that was not answered.

#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/log.hpp>
#include <tenon/core/repository.hpp>
#include <tenon/core/store.hpp>

#include "core_fake.hpp"
#include "core_models.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;
using fake::Script;
using fake::Team;

struct TransactionTest {
  std::shared_ptr<Script> script = std::make_shared<Script>();
  StoreSettings settings;
  std::optional<Store> opened;
  int runs = 0;

  TransactionTest() {
    settings.retry.attempts = 3;
    settings.retry.base_delay = Duration{1};
    settings.retry.max_delay = Duration{2};
  }
  Store& store() {
    if (!opened) opened.emplace(std::make_shared<fake::Backend>(script), settings);
    return *opened;
  }
  static void statement(Session& session) { static_cast<void>(Repository<Team>{session}.count()); }
  void run(const SessionOptions& options = {}) {
    store().transaction(options, [&](Session& session) {
      ++runs;
      statement(session);
    });
  }
};

TEST_CASE_METHOD(TransactionTest, "transaction: commits what returns and gives the value") {
  const int answer = store().transaction([](Session& session) {
    statement(session);
    return 7;
  });
  CHECK(answer == 7);
  CHECK(script->count("begin write") == 1);
  CHECK(script->count("commit") == 1);
  CHECK(script->count("rollback") == 0);
}

TEST_CASE_METHOD(TransactionTest, "transaction: a read-only one does not announce a write") {
  store().transaction({.read_only = true}, [](Session& session) { statement(session); });
  CHECK(script->count("begin read only") == 1);
}

TEST_CASE_METHOD(TransactionTest, "transaction: what it throws rolls back and is thrown on, any type of it") {
  CHECK_THROWS_AS(store().transaction([](Session& session) {
    statement(session);
    throw std::logic_error("mine");
  }),
                  std::logic_error);
  CHECK(script->count("rollback") == 1);
  CHECK(script->count("commit") == 0);
  CHECK(store().figures().in_use == 0);
}

TEST_CASE_METHOD(TransactionTest, "transaction: what the work committed itself does not run again") {
  const bool answered = GENERATE(true, false);
  if (!answered) script->fail("commit", fake::error(ErrorCode::commit_unknown));
  const auto work = [&](Session& session) {
    ++runs;
    statement(session);
    try {
      session.commit();
    } catch (const CommitUnknown&) {}
    script->fail("count", fake::retryable(ErrorCode::deadlock));
    statement(session);
  };
  CHECK_THROWS_AS(store().transaction(work), Error);
  CHECK(runs == 1);
}

TEST_CASE_METHOD(TransactionTest, "transaction: a retryable error runs the whole work again, in a new transaction") {
  script->fail("count", fake::retryable(ErrorCode::deadlock));
  script->fail("commit", fake::retryable());
  store().transaction([&](Session& session) {
    ++runs;
    statement(session);
  });
  CHECK(runs == 3);
  CHECK(script->count("begin write") == 3);
  CHECK(script->count("commit") == 2);
}

TEST_CASE_METHOD(TransactionTest, "transaction: gives up after the settings' attempts, with the last error") {
  for (int i = 0; i < 5; ++i)
    script->fail("count", fake::retryable());
  CHECK_THROWS_AS(store().transaction([&](Session& session) {
    ++runs;
    statement(session);
  }),
                  SerializationFailure);
  CHECK(runs == 3);
}

TEST_CASE_METHOD(TransactionTest, "transaction: other errors, and CommitUnknown even if marked retryable, run once") {
  ErrorInfo unknown = fake::broken(ErrorCode::commit_unknown);
  unknown.retryable = true;
  script->fail("commit", unknown);
  const auto work = [&](Session& session) {
    ++runs;
    statement(session);
  };
  CHECK_THROWS_AS(store().transaction(work), CommitUnknown);
  CHECK(runs == 1);
  script->fail("count", fake::error(ErrorCode::unique_violation));
  CHECK_THROWS_AS(store().transaction(work), IntegrityError);
  CHECK(runs == 2);
}

TEST_CASE_METHOD(TransactionTest, "transaction: a retryable exception of a hook does not run committed work again") {
  int hooks = 0;
  CHECK_THROWS_AS(store().transaction([&](Session& session) {
    ++runs;
    statement(session);
    session.after_commit([&] {
      ++hooks;
      throw_error(fake::retryable());
    });
  }),
                  SerializationFailure);
  CHECK(runs == 1);
  CHECK(hooks == 1);
  CHECK(script->count("commit") == 1);
}

TEST_CASE_METHOD(TransactionTest, "transaction: hooks of runs that failed are forgotten") {
  script->fail("commit", fake::retryable());
  int hooks = 0;
  store().transaction([&](Session& session) {
    statement(session);
    session.after_commit([&] { ++hooks; });
  });
  CHECK(hooks == 1);
}

TEST_CASE_METHOD(TransactionTest, "transaction: connections lost before commit are replaced and the work runs again") {
  ErrorInfo lost = fake::broken();
  lost.retryable = true;
  script->fail("count", lost);
  store().transaction([](Session& session) { statement(session); });
  CHECK(script->count("connect") == 2);
  CHECK(script->count("commit") == 1);
}

// ---- which errors run again ----------------------------------------------------------------------------------------

TEST_CASE_METHOD(TransactionTest, "transaction: an exception that is no tenon::Error passes as it is, and runs once") {
  CHECK_THROWS_AS(store().transaction([&](Session& session) {
    ++runs;
    statement(session);
    throw std::bad_alloc();
  }),
                  std::bad_alloc);
  CHECK_THROWS_AS(store().transaction([&](Session& session) {
    ++runs;
    statement(session);
    throw 7;
  }),
                  int);
  CHECK(runs == 2);
  CHECK(script->count("rollback") == 2);
  CHECK(store().figures().in_use == 0);
}

TEST_CASE_METHOD(TransactionTest, "transaction: work that swallows a retryable error runs again all the same") {
  script->fail("count", fake::retryable());
  store().transaction([&](Session& session) {
    ++runs;
    try {
      statement(session);
    } catch (const Error&) {}
  });
  CHECK(runs == 2);
  CHECK(script->count("commit") == 1);
}

TEST_CASE_METHOD(TransactionTest, "transaction: work that swallows another error is refused, with it as the cause") {
  script->fail("count", fake::error(ErrorCode::check_violation, "too small"));
  try {
    store().transaction([&](Session& session) {
      ++runs;
      CHECK_THROWS_AS(statement(session), IntegrityError);
    });
    FAIL("committed");
  } catch (const ProgrammingError& error) {
    REQUIRE(error.cause() != nullptr);
    CHECK(error.cause()->code == ErrorCode::check_violation);
  }
  CHECK(runs == 1);
  CHECK(script->count("commit") == 0);
  CHECK(script->count("rollback") == 1);
}

TEST_CASE_METHOD(TransactionTest, "transaction: a server that reads only is left behind, and the work runs again") {
  settings.pool.size = 2;
  ErrorInfo demoted = fake::broken(ErrorCode::read_only);
  Session old = store().session(); // a connection as old as the one that learns of it
  statement(old);
  script->fail("count", demoted);
  run();
  CHECK(runs == 2);
  CHECK(script->count("connect") == 3);
  old.commit();
  CHECK(fake::eventually([&] { return script->open == 1; })); // the old one went: it leads to the same server
  SECTION("but where the work only reads, that is the last word") {
    script->fail("count", demoted);
    CHECK_THROWS_AS(run({.read_only = true}), ReadOnly);
    CHECK(runs == 3);
  }
  SECTION("and so it is where only the transaction is read-only") {
    script->fail("count", fake::error(ErrorCode::read_only));
    CHECK_THROWS_AS(run(), ReadOnly);
    CHECK(runs == 3);
  }
}

TEST_CASE_METHOD(TransactionTest, "session: one connection ended for being idle says nothing about the others") {
  settings.pool.size = 2;
  Session other = store().session();
  statement(other);
  for (const char* state : {"57P05", "25P03"}) {
    Session session = store().session();
    statement(session);
    ErrorInfo idle = fake::broken();
    idle.sqlstate = state;
    script->fail("count", idle);
    CHECK_THROWS_AS(statement(session), ConnectionError);
  }
  other.commit();
  CHECK(store().figures().idle == 1);
}

TEST_CASE_METHOD(TransactionTest, "transaction: no connection to be had does not count as a run") {
  settings.retry.attempts = 2;
  ErrorInfo refused = fake::error(ErrorCode::not_ready, "starting up");
  refused.retryable = true;
  for (int i = 0; i < 3; ++i)
    script->fail("connect", refused);
  SECTION("where a checkout waits for the server") {
    run();
    CHECK(runs == 1);
    CHECK(script->count("connect") == 4);
  }
  SECTION("but it does where a checkout has to fail at once") {
    settings.pool.when_down = WhenDown::fail;
    CHECK_THROWS_AS(run(), NotReady);
    CHECK(runs == 2);
  }
}

TEST_CASE_METHOD(TransactionTest, "transaction: no connection to be had within the deadline is the connect's error") {
  ErrorInfo refused = fake::error(ErrorCode::connection, "nobody listens");
  refused.retryable = true;
  for (int i = 0; i < 10000; ++i)
    script->fail("connect", refused);
  const auto begin = Clock::now();
  SECTION("of the transaction") { CHECK_THROWS_AS(run({.timeout = 50ms}), Error); }
  SECTION("of the store's transactions") {
    settings.transaction_timeout = 50ms;
    CHECK_THROWS_AS(run(), Error);
  }
  SECTION("or the pool's time, without one") {
    settings.pool.timeout = 50ms;
    CHECK_THROWS_AS(run(), Error);
  }
  CHECK(Clock::now() - begin >= 40ms);
  CHECK(Clock::now() - begin < 10s);
  CHECK(script->count("commit") == 0);
}

TEST_CASE_METHOD(TransactionTest, "transaction: a rejected login is not tried again") {
  script->fail("connect", fake::error(ErrorCode::auth));
  CHECK_THROWS_AS(run(), AuthError);
  CHECK(script->count("connect") == 1);
}

// ---- deadline ------------------------------------------------------------------------------------------------------

TEST_CASE_METHOD(TransactionTest, "transaction: one deadline bounds all runs and the pauses between them") {
  settings.retry.attempts = 1000000;
  settings.retry.base_delay = Duration{5};
  settings.retry.max_delay = Duration{20};
  std::vector<Deadline> deadlines;
  const auto begin = Clock::now();
  try {
    store().transaction({.timeout = 100ms}, [&](Session& session) {
      deadlines.push_back(session.deadline());
      throw_error(fake::retryable());
    });
    FAIL("no error");
  } catch (const SerializationFailure&) { // the last error of the work
  }
  CHECK(Clock::now() - begin >= 90ms);
  CHECK(Clock::now() - begin < 10s);
  REQUIRE(deadlines.size() > 2);
  for (const Deadline& one : deadlines)
    CHECK(one == deadlines.front());
}

TEST_CASE_METHOD(TransactionTest, "transaction: past its deadline it does not run again") {
  settings.retry.attempts = 10;
  CHECK_THROWS_AS(store().transaction({.deadline = Clock::now() - 1ms},
                                      [&](Session&) {
                                        ++runs;
                                        throw_error(fake::retryable());
                                      }),
                  SerializationFailure);
  CHECK(runs == 1);
}

TEST_CASE_METHOD(TransactionTest, "transaction: the log says which one runs again and why, and no values") {
  std::vector<std::string> said;
  set_log_sink([&](LogLevel, std::string_view message) { said.emplace_back(message); });
  ErrorInfo info = fake::retryable();
  info.sqlstate = "40001";
  info.message = info.detail = "the value 4711";
  script->fail("commit", info);
  run();
  set_log_sink({});
  REQUIRE(said.size() == 1);
  CHECK_THAT(said.front(), Catch::Contains("core_transaction.cpp:") && Catch::Contains("SerializationFailure 40001"));
  CHECK_THAT(said.front(), !Catch::Contains("4711"));
}

// ---- COMMIT without an answer --------------------------------------------------------------------------------------

struct ResolveTest : TransactionTest {
  int hooks = 0;

  ResolveTest() {
    ErrorInfo lost = fake::broken(ErrorCode::commit_unknown);
    lost.transaction = "7:42";
    script->fail("commit", lost);
  }
  int run(const SessionOptions& options = {}) {
    return store().transaction(options, [&](Session& session) {
      ++runs;
      statement(session);
      session.after_commit([&] { ++hooks; });
      return 7;
    });
  }
};

TEST_CASE_METHOD(ResolveTest, "resolve: a COMMIT that turns out to be one is success, with hooks and result") {
  script->outcomes = {Outcome::in_progress, Outcome::in_progress, Outcome::committed};
  CHECK(run() == 7);
  CHECK(runs == 1);
  CHECK(hooks == 1);
  CHECK(script->count("resolve 7:42") == 3);
  CHECK(fake::eventually([&] { return script->open == 0; })); // the connection is given up all the same
}

TEST_CASE_METHOD(ResolveTest, "resolve: work that was rolled back runs again as a whole") {
  script->outcomes = {Outcome::rolled_back};
  CHECK(run() == 7);
  CHECK(runs == 2);
  CHECK(hooks == 1);
}

TEST_CASE_METHOD(ResolveTest, "resolve: rolled back without another run is a lost connection, and says so") {
  settings.retry.attempts = 1;
  script->outcomes = {Outcome::rolled_back};
  try {
    run();
    FAIL("no error");
  } catch (const CommitUnknown&) {
    FAIL("it is known");
  } catch (const ConnectionError& error) {
    REQUIRE(error.cause() != nullptr);
    CHECK(error.cause()->code == ErrorCode::commit_unknown);
    CHECK(error.retryable());
  }
  CHECK(runs == 1);
  CHECK(hooks == 0);
}

TEST_CASE_METHOD(ResolveTest, "resolve: what the database cannot tell stays CommitUnknown, which runs once") {
  script->outcomes = {Outcome::unknown};
  CHECK_THROWS_AS(run(), CommitUnknown);
  CHECK(runs == 1);
  CHECK(hooks == 0);
}

TEST_CASE_METHOD(ResolveTest, "resolve: a server that is on its way back is asked again, one that refuses is not") {
  ErrorInfo starting = fake::error(ErrorCode::not_ready);
  starting.retryable = true;
  SECTION("on its way back") {
    script->fail("resolve 7:42", starting);
    script->fail("resolve 7:42", starting);
    script->outcomes = {Outcome::committed};
    CHECK(run() == 7);
    CHECK(script->count("resolve 7:42") == 3);
  }
  SECTION("refuses") {
    script->fail("resolve 7:42", fake::error(ErrorCode::auth));
    CHECK_THROWS_AS(run(), CommitUnknown);
    CHECK(script->count("resolve 7:42") == 1);
  }
}

TEST_CASE_METHOD(ResolveTest, "resolve: asks no longer than the deadline") {
  for (int i = 0; i < 100000; ++i)
    script->outcomes.push_back(Outcome::in_progress);
  const auto begin = Clock::now();
  CHECK_THROWS_AS(run({.timeout = 50ms}), CommitUnknown);
  CHECK(Clock::now() - begin >= 40ms);
  CHECK(Clock::now() - begin < 10s);
  CHECK(runs == 1);
}

TEST_CASE_METHOD(ResolveTest, "resolve: is left to the caller for a session by hand, whose hooks do not run") {
  Session session = store().session();
  statement(session);
  session.after_commit([&] { ++hooks; });
  try {
    session.commit();
    FAIL("no error");
  } catch (const CommitUnknown& error) {
    script->outcomes = {Outcome::committed};
    CHECK(store().resolve(error) == Outcome::committed);
  }
  statement(session);
  session.commit();
  CHECK(hooks == 0);
}

TEST_CASE_METHOD(TransactionTest,
                 "resolve: CommitUnknown out of the work itself is not this transaction's to resolve") {
  script->outcomes = {Outcome::committed};
  ErrorInfo foreign = fake::error(ErrorCode::commit_unknown);
  foreign.transaction = "1:1";
  CHECK_THROWS_AS(store().transaction([&](Session& session) {
    ++runs;
    statement(session);
    throw_error(foreign);
  }),
                  CommitUnknown);
  CHECK(runs == 1);
  CHECK(script->count("resolve 1:1") == 0);
}

} // namespace
} // namespace tenon
