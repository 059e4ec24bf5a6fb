// Servers that stop, stall, lose a process or are not there yet, under load.
#include <csignal>
#include <functional>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <tenon/testing/effort.hpp>
#include <tenon/testing/tcp_proxy.hpp>

#include "load.hpp"

namespace tenon::faults {
namespace {

using testing::StopMode;

constexpr int kThreads = 8;
constexpr int kMost = 4; // connections

SettingLines settings(const std::string& limit = "1s") {
  return {{"pool.size", "2"},
          {"pool.max_overflow", "2"},
          {"pool.timeout", limit},
          {"deadlines.call", limit},
          {"deadlines.connect", limit}};
}

/// A process that serves one of the application's connections, or 0.
pid_t some_backend(const testing::PostgresServer& server) {
  const std::string pid = as_admin(server, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND "
                                           "usename = 'tenon' ORDER BY random() LIMIT 1");
  return pid.empty() ? 0 : std::stoi(pid);
}

/// The scenario's end: the invariants, and one line of figures.
void check_end(std::string_view what, const testing::PostgresServer& server, const Store& store, const Audit& audit,
               const Load& load) {
  fmt::print("{}: {}; worst call {} ms over its deadline\n", what, audit.summary(), load.worst_overrun().count());
  CHECK(audit.problems(server) == "");
  CHECK(load.worst_overrun() < testing::kLateness);
  CHECK(store.figures().in_use == 0);
  CHECK(store.figures().waiting == 0);
}

/// Something happens to a server while a load runs on it, and the invariants hold.
void under_load(std::string_view what, const SettingLines& lines,
                const std::function<void(testing::PostgresServer&, Load&, const Audit&)>& scenario) {
  auto server = testing::PostgresServer::start();
  const testing::TcpProxy proxy(server.port());
  const Baseline baseline(server);
  {
    Store store = open_store(server, lines, proxy.port());
    Audit audit(store);
    Load load(store, audit, kThreads);
    scenario(server, load, audit);
    load.stop();
    check_end(what, server, store, audit, load);
    fmt::print("{}: at most {} connections of {}\n", what, proxy.figures().peak, kMost);
    CHECK(proxy.figures().peak <= kMost);
  }
  CHECK(baseline.is_reached());
}

TEST_CASE("stops: one connection after the other is ended by the server, and the work goes on") {
  under_load("terminated backends", settings(), [](testing::PostgresServer& server, Load& load, const Audit&) {
    for (int i = 0; i < testing::rounds(30, 5); ++i) {
      REQUIRE(load.progresses(5));
      as_admin(server, fmt::format("SELECT pg_terminate_backend({})", some_backend(server)));
    }
    CHECK(load.progresses(50));
  });
}

TEST_CASE("stops: kill -9 of one server process, after which the server recovers by itself") {
  under_load("killed backend", settings(), [](testing::PostgresServer& server, Load& load, const Audit&) {
    for (int i = 0; i < testing::rounds(3, 1); ++i) {
      REQUIRE(load.progresses(20));
      const pid_t backend = some_backend(server);
      REQUIRE(backend > 0);
      ::kill(backend, SIGKILL);
      REQUIRE(becomes_true([&] { return ::kill(backend, 0) != 0; }));
      REQUIRE(becomes_true([&] { return answers(server); }));
      CHECK(load.progresses(1, 2s + testing::kLateness));
    }
  });
}

TEST_CASE("stops: a fast and an immediate stop under load, then a start") {
  const auto mode = GENERATE(StopMode::fast, StopMode::immediate);
  under_load(mode == StopMode::fast ? "fast stop" : "immediate stop", settings(),
             [&](testing::PostgresServer& server, Load& load, const Audit&) {
               REQUIRE(load.progresses(50));
               server.stop(mode);
               std::this_thread::sleep_for(100ms);
               server.restart();
               CHECK(load.progresses(1, 2s + testing::kLateness));
               CHECK(load.progresses(50));
             });
}

TEST_CASE("stops: a smart stop lets the sessions finish, and ends when the store is closed") {
  auto server = testing::PostgresServer::start();
  const Baseline baseline(server);
  {
    Store store = open_store(server, {{"pool.size", "2"}, {"pool.max_overflow", "0"}, {"pool.timeout", "1s"}});
    Audit audit(store);
    audit.record([&](std::int64_t op) {
      Session early = store.session();
      Audit::insert(early, op);
      std::thread stopper([&] { server.stop(StopMode::smart); });
      const bool stops = becomes_true([&] { return server.log().find("smart shutdown") != std::string::npos; });
      early.commit();
      CHECK(audit.write(store) == Audit::Outcome::acknowledged); // on the connection that is open
      store.close();
      stopper.join();
      CHECK(stops);
    });
    CHECK(failure_of([&] { store.ping(); }).code == ErrorCode::programming); // closed
    server.restart();
    CHECK(audit.count(Audit::Outcome::acknowledged) == 2);
    CHECK(audit.problems(server) == "");
  }
  CHECK(baseline.is_reached());
}

TEST_CASE("stops: nothing hangs on a server that is stopped by SIGSTOP, and the work goes on when it resumes") {
  under_load("SIGSTOP", settings("300ms"), [](testing::PostgresServer& server, Load& load, const Audit& audit) {
    REQUIRE(load.progresses(50));
    server.suspend();
    std::this_thread::sleep_for(1500ms);
    CHECK(audit.count(Audit::Outcome::failed) > 0);
    server.resume();
    CHECK(load.progresses(50));
    load.stop();
    REQUIRE(becomes_true([&] { // work in the server that nobody waits for any more
      return as_admin(server, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tenon' AND state = 'active'") ==
             "0";
    }));
  });
}

TEST_CASE("stops: a server that is not there yet is an error within the deadline, and is used once it is there") {
  auto server = testing::PostgresServer::start();
  { // the table
    Store store = open_store(server);
    const Audit audit(store);
  }
  server.stop();
  const Baseline baseline(server);
  {
    Store store = open_store(server, settings());
    Stopwatch watch;
    const ErrorInfo error = watch.time(1s, [&] { return failure_of([&] { store.ping(); }); });
    CHECK((error.code == ErrorCode::connection || error.code == ErrorCode::pool_timeout));
    CHECK(error.message.find("127.0.0.1") != std::string::npos);
    CHECK(error.message.find("refused") != std::string::npos);
    CHECK(watch.worst() < testing::kLateness);

    server.restart(); // for the audit's table, which only a server that runs can hold
    Audit audit(store);
    server.stop();
    Load load(store, audit, kThreads);
    REQUIRE(becomes_true([&] { return audit.count(Audit::Outcome::failed) > 0; }));
    server.restart();
    CHECK(load.progresses(1, 2s + testing::kLateness));
    CHECK(load.progresses(50));
    load.stop();
    check_end("started late", server, store, audit, load);
  }
  CHECK(baseline.is_reached());
}

} // namespace
} // namespace tenon::faults
