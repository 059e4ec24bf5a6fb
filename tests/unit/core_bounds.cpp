// Sessions over a scripted backend: deadlines of a unit of work, and cancelling it at any moment.

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include <tenon/core/repository.hpp>
#include <tenon/core/store.hpp>

#include "core_fake.hpp"
#include "core_models.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;
using fake::eventually;
using fake::Script;
using fake::Team;

struct BoundsTest {
  std::shared_ptr<Script> script = std::make_shared<Script>();
  StoreSettings settings;
  std::optional<Store> opened;

  BoundsTest() {
    settings.pool.size = 1;
    settings.pool.max_overflow = 0;
    settings.pool.timeout = 20s;
    settings.call_timeout = 10s;
    settings.retry.base_delay = Duration{1};
    settings.retry.max_delay = Duration{2};
  }
  Store& store() {
    if (!opened) opened.emplace(std::make_shared<fake::Backend>(script), settings);
    return *opened;
  }
  static void statement(Session& session) { static_cast<void>(Repository<Team>{session}.count()); }
  [[nodiscard]] Deadline given() const { return Deadline(Clock::duration(script->last_deadline.load())); }
  [[nodiscard]] bool waits() { return store().figures().waiting == 1; }
};

// ---- deadlines -----------------------------------------------------------------------------------------------------

TEST_CASE_METHOD(BoundsTest, "deadline: that of a session bounds its calls, and a set one replaces it") {
  const Deadline limit = Clock::now() + 3s;
  Session session = store().session({.deadline = limit});
  CHECK(session.deadline() == limit);
  statement(session);
  CHECK(given() == limit);
  session.set_deadline(limit + 1s);
  statement(session);
  CHECK(given() == limit + 1s);
  session.commit();
  statement(session); // the next transaction of the same session
  CHECK(given() == limit + 1s);
  session.commit();
  store().ping(); // nobody else's
  CHECK(given() > limit + 1s);
}

TEST_CASE_METHOD(BoundsTest, "deadline: a timeout counts from when the session is made; the sooner of both counts") {
  const auto before = Clock::now();
  Session session = store().session({.timeout = 2s, .deadline = before + 1min});
  CHECK(session.deadline() >= before + 2s);
  CHECK(session.deadline() <= Clock::now() + 2s);
  CHECK(store().session({.timeout = 1min, .deadline = before}).deadline() == before);
}

TEST_CASE_METHOD(BoundsTest, "deadline: waiting for a connection counts against it, and against the call timeout") {
  Session holder = store().session();
  statement(holder);
  const auto begin = Clock::now();
  SECTION("of the session") {
    Session session = store().session({.timeout = 30ms});
    CHECK_THROWS_AS(statement(session), PoolTimeout);
  }
  SECTION("of the transaction") {
    CHECK_THROWS_AS(store().transaction({.timeout = 30ms}, [](Session& session) { statement(session); }), PoolTimeout);
  }
  CHECK(Clock::now() - begin >= 30ms);
  CHECK(Clock::now() - begin < 10s);
}

TEST_CASE_METHOD(BoundsTest, "deadline: the call timeout bounds the wait for a connection, too") {
  settings.call_timeout = 30ms;
  Session holder = store().session();
  statement(holder);
  const auto begin = Clock::now();
  CHECK_THROWS_AS(store().ping(), PoolTimeout);
  CHECK(Clock::now() - begin >= 30ms);
  CHECK(Clock::now() - begin < 10s);
}

// ---- cancel --------------------------------------------------------------------------------------------------------

TEST_CASE_METHOD(BoundsTest, "cancel: harmless where no transaction is open") {
  Session session = store().session();
  session.cancel();
  statement(session);
  session.commit();
  session.cancel();
  statement(session);
  session.commit();
  CHECK(script->count("cancel") == 0);
}

TEST_CASE_METHOD(BoundsTest, "cancel: reaches the running call, and ends the unit of work until rollback") {
  Session session = store().session();
  script->during("count", [&] { std::thread([&] { session.cancel(); }).join(); });
  statement(session); // this backend lets it end
  CHECK(script->count("cancel") == 1);
  script->during("count", {});
  CHECK_THROWS_AS(session.commit(), Cancelled);
  CHECK(script->count("commit") == 0);
  CHECK_FALSE(session.active());
  CHECK(eventually([&] { return script->count("rollback") == 1; }));
  statement(session);
  session.commit();
}

TEST_CASE_METHOD(BoundsTest, "cancel: one that comes between two calls of a transaction is not lost") {
  Session session = store().session();
  statement(session);
  session.cancel();
  CHECK_THROWS_AS(statement(session), Cancelled);
  CHECK_THROWS_AS(statement(session), ProgrammingError);
  session.rollback();
  statement(session);
  session.commit();
  CHECK(script->count("count") == 2);
}

TEST_CASE_METHOD(BoundsTest, "cancel: wakes a session that waits for a connection, and nobody else") {
  Session holder = store().session();
  statement(holder);
  Session session = store().session();
  auto waiting = std::async(std::launch::async, [&] { statement(session); });
  REQUIRE(eventually([&] { return waits(); }));
  session.cancel();
  CHECK_THROWS_AS(waiting.get(), Cancelled);
  CHECK(store().figures().waiting == 0);
  holder.commit();
  statement(session); // the wait was cancelled, not the session
  session.commit();
}

TEST_CASE_METHOD(BoundsTest, "cancel: during nested work undoes to the savepoint and leaves the rest to rollback") {
  Session session = store().session();
  CHECK_THROWS_AS(session.nested([&] {
    session.cancel();
    statement(session);
  }),
                  Cancelled);
  CHECK(script->count("rollback to 1") == 1);
  CHECK_THROWS_AS(session.commit(), Cancelled);
  CHECK(store().figures().in_use == 0);
}

// ---- stop ----------------------------------------------------------------------------------------------------------

TEST_CASE_METHOD(BoundsTest, "stop: requested before, nothing is asked of the database") {
  std::stop_source stop;
  stop.request_stop();
  Session session = store().session({.stop = stop.get_token()});
  CHECK_THROWS_AS(statement(session), Cancelled);
  CHECK_THROWS_AS(store().transaction({.stop = stop.get_token()}, [](Session& s) { statement(s); }), Cancelled);
  CHECK(script->calls().empty());
}

TEST_CASE_METHOD(BoundsTest, "stop: requested meanwhile, it ends the work of every transaction, and rollback works") {
  std::stop_source stop;
  Session session = store().session({.stop = stop.get_token()});
  statement(session);
  stop.request_stop();
  CHECK(script->count("cancel") == 1);
  CHECK_THROWS_AS(statement(session), Cancelled);
  session.rollback(); // in the background: nobody knows what is still running
  CHECK_THROWS_AS(statement(session), Cancelled);
  CHECK(store().figures().in_use == 0);
  CHECK(eventually([&] { return script->count("rollback") == 1 && store().figures().idle == 1; }));
}

TEST_CASE_METHOD(BoundsTest, "stop: wakes a session that waits for a connection") {
  Session holder = store().session();
  statement(holder);
  std::stop_source stop;
  auto waiting = std::async(std::launch::async, [&] {
    store().transaction({.stop = stop.get_token()}, [](Session& session) { statement(session); });
  });
  REQUIRE(eventually([&] { return waits(); }));
  stop.request_stop();
  CHECK_THROWS_AS(waiting.get(), Cancelled);
}

TEST_CASE_METHOD(BoundsTest, "stop: a request behind the session's end reaches nobody") {
  std::stop_source stop;
  {
    Session session = store().session({.stop = stop.get_token()});
    statement(session);
    session.commit();
  }
  stop.request_stop();
  store().ping();
  CHECK(script->count("cancel") == 0);
}

TEST_CASE_METHOD(BoundsTest, "stop: ends the pause before a transaction runs again, with the last error as cause") {
  settings.retry.base_delay = settings.retry.max_delay = Duration{3'600'000};
  std::stop_source stop;
  script->fail("count", fake::retryable(ErrorCode::deadlock));
  auto running = std::async(std::launch::async, [&] {
    store().transaction({.stop = stop.get_token()}, [](Session& session) { statement(session); });
  });
  REQUIRE(eventually([&] { return script->count("rollback") == 1; }));
  stop.request_stop();
  try {
    running.get();
    FAIL("no error");
  } catch (const Cancelled& error) {
    REQUIRE(error.cause() != nullptr);
    CHECK(error.cause()->code == ErrorCode::deadlock);
  }
}

TEST_CASE_METHOD(BoundsTest, "stop: at any moment of the work, which never hangs and leaves nothing behind") {
  for (int i = 0; i < 300; ++i) {
    std::stop_source stop;
    std::thread requester([&, i] {
      for (std::atomic<int> spin{0}; spin < i * 20; ++spin) {}
      stop.request_stop();
    });
    try {
      store().transaction({.stop = stop.get_token()}, [](Session& session) {
        for (int s = 0; s < 5; ++s)
          statement(session);
      });
    } catch (const Cancelled&) {}
    requester.join();
    REQUIRE(store().figures().in_use == 0);
  }
  store().ping();
  CHECK(script->open == 1);
}

} // namespace
} // namespace tenon
