// The kit's TCP proxy between libpq and a server: each fault does what it says, where it says.
#include <libpq-fe.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include <tenon/testing/postgres_server.hpp>
#include <tenon/testing/tcp_proxy.hpp>

namespace {

using namespace std::chrono_literals;
using tenon::testing::Direction;
using tenon::testing::Fault;
using tenon::testing::PostgresServer;
using tenon::testing::TcpProxy;
using Clock = std::chrono::steady_clock;
using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

const PostgresServer& server() {
  static const PostgresServer running = PostgresServer::start();
  return running;
}

Connection connect(int port) {
  const std::string conninfo = "host=127.0.0.1 port=" + std::to_string(port) + " user=" + server().user() +
                               " password=" + server().password() + " dbname=" + server().database() +
                               " connect_timeout=20";
  Connection connection(PQconnectdb(conninfo.c_str()), &PQfinish);
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  return connection;
}

/// The first cell, the command's tag, or "error".
std::string ask(const Connection& connection, const std::string& sql) {
  const Result result(PQexec(connection.get(), sql.c_str()), &PQclear);
  switch (PQresultStatus(result.get())) {
    case PGRES_TUPLES_OK: return PQgetvalue(result.get(), 0, 0);
    case PGRES_COMMAND_OK: return PQcmdStatus(result.get());
    default: return "error";
  }
}

std::string ask_directly(const std::string& sql) { return ask(connect(server().port()), sql); }

template <class Condition> bool becomes_true(Condition condition) {
  const auto until = Clock::now() + 20s;
  while (!condition()) {
    if (Clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// A table of its own for one case.
struct Notes {
  Notes() { ask_directly("DROP TABLE IF EXISTS notes; CREATE TABLE notes (n int)"); }
  [[nodiscard]] static std::string count() { return ask_directly("SELECT count(*) FROM notes"); }
};

} // namespace

TEST_CASE("proxy: passes everything on and counts who is there") {
  TcpProxy proxy(server().port());
  {
    const auto one = connect(proxy.port()), two = connect(proxy.port());
    CHECK(ask(one, "SELECT length(repeat('x', 3000000))") == "3000000");
    CHECK(ask(two, "SELECT repeat('x', 300000)").size() == 300000);
    CHECK(ask(two, "SELECT length('" + std::string(300000, 'y') + "')") == "300000");
    CHECK(proxy.figures().open == 2);
    const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> cancel(PQgetCancel(one.get()), &PQfreeCancel);
    std::array<char, 256> text{};
    CHECK(PQcancel(cancel.get(), text.data(), text.size()) == 1);
    CHECK(becomes_true([&] { return proxy.figures().cancels == 1; }));
  }
  CHECK(becomes_true([&] { return proxy.figures().open == 0; }));
  CHECK(proxy.figures().peak == 2);
  CHECK(proxy.figures().accepted == 3);
  proxy.restart_peak();
  CHECK(proxy.figures().peak == 0);
}

TEST_CASE("proxy: cuts at a byte and at a message, in either direction") {
  const Notes notes;
  TcpProxy proxy(server().port());
  const auto commit_with = [&](const Fault& fault) {
    const auto connection = connect(proxy.port());
    CHECK(ask(connection, "BEGIN") == "BEGIN");
    CHECK(ask(connection, "INSERT INTO notes VALUES (1)") == "INSERT 0 1");
    const auto before = proxy.figures().struck;
    proxy.arm(fault);
    std::string answer = ask(connection, "COMMIT");
    CHECK(proxy.figures().struck == before + 1);
    CHECK(PQstatus(connection.get()) == (answer == "error" ? CONNECTION_BAD : CONNECTION_OK));
    CHECK(becomes_true([] {
      return ask_directly("SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'") == "0";
    }));
    return answer;
  };
  SECTION("before the question's last byte nothing is done") {
    const std::int64_t bytes = 1 + 4 + 7; // Q, length, "COMMIT" and NUL
    for (const auto action : {Fault::Action::cut, Fault::Action::reset}) {
      CHECK(commit_with({.action = action, .direction = Direction::to_server, .offset = 0}) == "error");
      CHECK(commit_with({.action = action, .direction = Direction::to_server, .offset = bytes - 1}) == "error");
      CHECK(
          commit_with({.action = action, .direction = Direction::to_server, .message = 'Q', .containing = "COMMIT"}) ==
          "error");
    }
    CHECK(Notes::count() == "0");
    CHECK(commit_with({.direction = Direction::to_server, .offset = bytes}) == "error");
    CHECK(becomes_true([] { return Notes::count() == "1"; }));
  }
  SECTION("behind it the work is done, whether the answer comes or not") {
    CHECK(commit_with({.direction = Direction::to_client, .offset = 0}) == "error");
    CHECK(commit_with({.direction = Direction::to_client, .message = 'C', .containing = "COMMIT"}) == "error");
    CHECK(commit_with({.direction = Direction::to_client, .message = 'C', .offset = 3}) == "error");
    CHECK(Notes::count() == "3");
    // What follows CommandComplete is ReadyForQuery, without which libpq does not end the command.
    CHECK(commit_with({.direction = Direction::to_client, .message = 'C', .offset = Fault::kBehind}) == "error");
    CHECK(Notes::count() == "4");
  }
  SECTION("once, if nothing else was asked for") {
    proxy.arm({.direction = Direction::to_server, .message = 'Q', .containing = "COMMIT"});
    CHECK(ask(connect(proxy.port()), "COMMIT") == "error");
    CHECK(ask(connect(proxy.port()), "COMMIT") == "COMMIT");
  }
}

TEST_CASE("proxy: holds what comes until it is released") {
  TcpProxy proxy(server().port());
  const auto connection = connect(proxy.port());
  proxy.arm({.action = Fault::Action::hold, .direction = Direction::to_client});
  std::atomic<bool> answered = false;
  std::string answer;
  std::thread asker([&] {
    answer = ask(connection, "SELECT 42");
    answered = true;
  });
  CHECK(becomes_true([&] { return proxy.figures().struck == 1; }));
  std::this_thread::sleep_for(20ms);
  CHECK_FALSE(answered);
  proxy.release();
  asker.join();
  CHECK(answer == "42");
  CHECK(ask(connection, "SELECT 43") == "43");
}

TEST_CASE("proxy: swallows answers for ever, and the end of the connection with them") {
  TcpProxy proxy(server().port());
  const auto connection = connect(proxy.port());
  proxy.arm({.action = Fault::Action::swallow, .direction = Direction::to_client, .message = 'C'});
  const std::string pid = std::to_string(PQbackendPID(connection.get()));
  REQUIRE(PQsendQuery(connection.get(), "CREATE TABLE IF NOT EXISTS swallowed (n int)") == 1);
  CHECK(becomes_true([&] { return proxy.figures().struck == 1; }));
  CHECK(ask_directly("SELECT pg_terminate_backend(" + pid + ")") == "t");
  CHECK(becomes_true([&] { return ask_directly("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid) == "0"; }));
  std::this_thread::sleep_for(20ms);
  PQconsumeInput(connection.get());
  CHECK(PQisBusy(connection.get()) == 1);
  CHECK(PQstatus(connection.get()) == CONNECTION_OK);
}

TEST_CASE("proxy: delays, splits and throttles without losing a byte") {
  TcpProxy proxy(server().port());
  const auto connection = connect(proxy.port());
  const auto start = Clock::now();
  SECTION("delay") {
    proxy.arm({.action = Fault::Action::delay, .direction = Direction::to_client, .pause = 60ms});
    CHECK(ask(connection, "SELECT 42") == "42");
    CHECK(Clock::now() - start >= 60ms);
  }
  SECTION("split") {
    proxy.arm({.action = Fault::Action::split, .direction = Direction::to_client, .pause = 1ms, .amount = 1});
    CHECK(ask(connection, "SELECT repeat('x', 40)").size() == 40);
    CHECK(Clock::now() - start >= 40ms);
  }
  SECTION("throttle") {
    proxy.arm({.action = Fault::Action::throttle, .direction = Direction::to_client, .amount = 50'000});
    CHECK(ask(connection, "SELECT repeat('x', 5000)").size() == 5000);
    CHECK(Clock::now() - start >= 80ms);
  }
  proxy.release();
  CHECK(ask(connection, "SELECT 43") == "43");
}

TEST_CASE("proxy: refuses, ignores and resets connections") {
  TcpProxy proxy(server().port());
  proxy.refuse(true);
  CHECK(PQstatus(connect(proxy.port()).get()) == CONNECTION_BAD);
  proxy.refuse(false);
  const auto first = connect(proxy.port()), second = connect(proxy.port()), third = connect(proxy.port());
  CHECK(proxy.reset_connections(2) == 2);
  CHECK(proxy.figures().open == 1);
  CHECK(ask(first, "SELECT 1") == "error");
  CHECK(ask(second, "SELECT 1") == "error");
  CHECK(ask(third, "SELECT 1") == "1");
  proxy.ignore(true);
  PGconn* waiting = PQconnectStart(("host=127.0.0.1 port=" + std::to_string(proxy.port())).c_str());
  const Connection owned(waiting, &PQfinish);
  CHECK(becomes_true([&] { return proxy.figures().open == 2; }));
  proxy.release();
  CHECK(becomes_true([&] { return proxy.figures().open == 1; }));
}
