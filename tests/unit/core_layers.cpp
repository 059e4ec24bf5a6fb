// The default layers: what they add to each call, and that they pass everything else through.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/layer.hpp>
#include <tenon/core/log.hpp>
#include <tenon/core/settings.hpp>

#include "core_fake.hpp"
#include "core_models.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;
using fake::Script;
using fake::Team;

struct LayerTest {
  std::shared_ptr<Script> script = std::make_shared<Script>();
  StoreSettings settings;
  std::vector<std::string> said;

  LayerTest() {
    settings.call_timeout = Duration::zero();
    settings.error_detail = ErrorDetail::full;
    set_log_sink([this](LogLevel, std::string_view message) { said.emplace_back(message); });
  }
  ~LayerTest() { set_log_sink({}); }

  std::unique_ptr<ISession> layered() {
    return assemble_layers(std::make_unique<fake::Session>(script), settings, Capabilities(script->capabilities));
  }
};

TEST_CASE_METHOD(LayerTest, "bound layer: without a call timeout the deadline of the work is told once") {
  const auto session = layered();
  const Deadline limit = Clock::now() + 5s;
  session->set_deadline(limit);
  session->ping();
  CHECK(script->last_deadline == limit.time_since_epoch().count());
  script->last_deadline = 0;
  session->ping();
  CHECK(script->last_deadline == 0);
}

TEST_CASE_METHOD(LayerTest, "bound layer: the sooner of call timeout and the work's deadline counts, until rollback") {
  settings.call_timeout = 10s;
  const auto session = layered();
  const auto given = [&] { return Deadline(Clock::duration(script->last_deadline.load())); };
  const Deadline soon = Clock::now() + 2s;
  session->set_deadline(soon);
  session->ping();
  CHECK(given() == soon);
  session->set_deadline(Clock::now() + 20s);
  session->ping();
  CHECK(given() <= Clock::now() + 10s);
  CHECK(given() > soon);
  session->set_deadline(soon);
  session->rollback();
  session->ping();
  CHECK(given() > soon);
}

TEST_CASE_METHOD(LayerTest, "bound layer: a backend that keeps no deadlines is not called past one, but to undo") {
  script->capabilities &= ~static_cast<std::uint64_t>(Capability::deadlines);
  const auto session = layered();
  session->set_deadline(Clock::now() + 10s);
  session->ping();
  session->set_deadline(Clock::now() - 1ms);
  CHECK_THROWS_AS(session->ping(), TimeoutError);
  CHECK_THROWS_AS(session->savepoint(SavepointAction::create, 1), TimeoutError);
  session->savepoint(SavepointAction::rollback, 1);
  session->savepoint(SavepointAction::release, 1);
  session->rollback();
  session->ping();
  CHECK(script->calls() == std::vector<std::string>{"ping", "rollback to 1", "release 1", "reset", "ping"});
  CHECK(script->last_deadline == 0);
}

TEST_CASE_METHOD(LayerTest, "bound layer: once cancelled it lets nothing through but what undoes, until rollback") {
  const auto session = layered();
  const auto cursor = session->repository(described<Team>()).select({});
  session->cancel();
  RowBatch batch;
  CHECK_THROWS_AS(cursor->next(batch), Cancelled);
  CHECK_THROWS_AS(session->commit(), Cancelled);
  CHECK_THROWS_AS(session->repository(described<Team>()).count({}), Cancelled);
  CHECK_THROWS_AS(session->savepoint(SavepointAction::create, 1), Cancelled);
  session->savepoint(SavepointAction::rollback, 1);
  session->rollback();
  session->commit();
  CHECK(script->calls() == std::vector<std::string>{"select", "cancel", "rollback to 1", "reset", "commit"});
}

TEST_CASE_METHOD(LayerTest, "deadline layer: each call gets its own deadline, a cursor's fetches too") {
  settings.call_timeout = 5s; // one of ten seconds or more is counted from the last tick of the timer
  const auto session = layered();
  const auto given = [&] { return Deadline(Clock::duration(script->last_deadline.load())) - Clock::now(); };
  session->ping();
  CHECK(given() > 4s);
  CHECK(given() <= 5s);
  const auto cursor = session->repository(described<Team>()).select({});
  script->last_deadline = 0;
  RowBatch batch;
  cursor->next(batch);
  CHECK(given() > 4s);
}

TEST_CASE_METHOD(LayerTest, "deadline layer: a backend without deadlines is not asked to keep them") {
  settings.call_timeout = 10s;
  script->capabilities &= ~static_cast<std::uint64_t>(Capability::deadlines);
  layered()->ping();
  CHECK(script->last_deadline == 0);
}

TEST_CASE_METHOD(LayerTest, "bound layer: a cancel that the backend missed is repeated until the call ends") {
  const auto session = layered();
  script->during("ping", [&] {
    session->cancel(); // the backend has not begun the call yet, so it forgets this one
    CHECK(fake::eventually([&] { return script->count("cancel") >= 3; }));
  });
  session->ping();
  const std::size_t asked = script->count("cancel");
  CHECK_THROWS_AS(session->ping(), Cancelled);
  session->rollback();
  script->during("ping", {});
  session->ping();
  session->cancel(); // nothing runs: nothing to repeat
  CHECK(script->count("cancel") <= asked + 2);
}

TEST_CASE_METHOD(LayerTest, "layers: every call reaches the session, one repository per table") {
  settings.call_timeout = 10s;
  settings.log_statements = true;
  const auto session = layered();
  IRepository& repository = session->repository(described<Team>());
  CHECK(&session->repository(described<Team>()) == &repository);
  CHECK(&repository.table() == &described<Team>());
  const Cell cell = Cell::int64(1);
  const std::uint32_t column = 0;
  const WriteRows rows{{&column, 1}, &cell, 1, {&column, 1}};
  const Assignment assignment{1, 0, 0, 0, Cell::boolean(true)};
  script->affected = 3;
  CHECK(repository.insert(rows).rows == 1);
  repository.upsert(rows, 0, {});
  repository.find(0, {&cell, 1});
  CHECK(repository.update({{}, {&assignment, 1}, {}}) == 3);
  CHECK(repository.remove({}) == 3);
  CHECK(repository.count({}) == 3);
  CHECK(repository.exists({}));
  session->begin({});
  session->savepoint(SavepointAction::create, 1);
  session->commit();
  session->rollback();
  static_cast<void>(session->execute("select 1", {}));
  const TableDesc* const table = &described<Team>();
  session->create_tables({&table, 1});
  session->cancel();
  CHECK(session->alive());
  script->alive = false;
  CHECK_FALSE(session->alive());
  CHECK(script->calls() == std::vector<std::string>{"insert", "upsert", "find", "update", "remove", "count", "exists",
                                                    "begin", "savepoint 1", "commit", "reset", "execute",
                                                    "create_tables", "cancel"});
}

TEST_CASE_METHOD(LayerTest, "log layer: operation, table and time; the error's class; never a message with values") {
  settings.log_statements = true;
  const auto session = layered();
  IRepository& repository = session->repository(described<Team>());
  said.clear();
  static_cast<void>(repository.count({}));
  ErrorInfo info = fake::error(ErrorCode::unique_violation, "the secret value");
  info.sqlstate = "23505";
  script->fail("remove", info);
  CHECK_THROWS_AS(repository.remove({}), IntegrityError);
  REQUIRE(said.size() == 2);
  CHECK_THAT(said[0], Catch::StartsWith("count teams ") && Catch::EndsWith(" ms"));
  CHECK_THAT(said[1], Catch::StartsWith("remove teams failed after ") && Catch::EndsWith("IntegrityError 23505"));
}

TEST_CASE_METHOD(LayerTest,
                 "discretion layer: the detail, which may hold values, is left out unless it was asked for") {
  ErrorInfo info = fake::error(ErrorCode::unique_violation, "name is taken");
  info.detail = "Key (name)=(secret) already exists.";
  info.constraint = "teams_name_key";
  for (const ErrorDetail wanted : {ErrorDetail::none, ErrorDetail::full}) {
    settings.error_detail = wanted;
    const auto session = layered();
    script->fail("count", info);
    script->fail("ping", fake::error(ErrorCode::not_ready, "starting up"));
    try {
      static_cast<void>(session->repository(described<Team>()).count({}));
      FAIL("no error");
    } catch (const IntegrityError& error) {
      CHECK(error.detail() == (wanted == ErrorDetail::full ? info.detail : ""));
      CHECK(error.message() == "name is taken");
      CHECK(error.constraint() == "teams_name_key");
      CHECK_THAT(error.what(), !Catch::Contains("secret"));
    }
    CHECK_THROWS_AS(session->ping(), NotReady); // an error without detail passes as it is
  }
}

TEST_CASE("log: a sink is replaced, and silence is the default") {
  int first = 0;
  int second = 0;
  CHECK_FALSE(log_enabled());
  set_log_sink([&](LogLevel level, std::string_view) { first += static_cast<int>(level); });
  CHECK(log_enabled());
  log(LogLevel::error, "x");
  set_log_sink([&](LogLevel, std::string_view) { ++second; });
  log(LogLevel::info, "x");
  set_log_sink({});
  log(LogLevel::info, "x");
  CHECK(first == 4);
  CHECK(second == 1);
}

} // namespace
} // namespace tenon
