// Limits and changes of a healthy server: connections used up, a password rotated, more threads than connections.
#include <libpq-fe.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <tenon/testing/effort.hpp>
#include <tenon/testing/tcp_proxy.hpp>

#include "load.hpp"

namespace tenon::faults {
namespace {

TEST_CASE("limits: more threads than connections share them, and never more are open than the pool may have") {
  constexpr int kThreads = 24, kSize = 3, kOverflow = 2;
  const auto server = testing::PostgresServer::start();
  const testing::TcpProxy proxy(server.port()); // which sees each connection that there is
  const Baseline baseline(server);
  {
    Store store = open_store(server,
                             {{"pool.size", std::to_string(kSize)},
                              {"pool.max_overflow", std::to_string(kOverflow)},
                              {"pool.timeout", "20s"}},
                             proxy.port());
    Audit audit(store);
    on_threads(kThreads, [&](int) {
      for (int i = 0; i < testing::rounds(50, 5); ++i)
        audit.write(store);
    });
    fmt::print("limits: {}; at most {} connections of {}, {} opened\n", audit.summary(), proxy.figures().peak,
               kSize + kOverflow, store.figures().created);
    CHECK(audit.count(Audit::Outcome::acknowledged) == kThreads * testing::rounds(50, 5));
    CHECK(audit.problems(server) == "");
    CHECK(proxy.figures().peak <= kSize + kOverflow);
    CHECK(proxy.figures().peak > kSize);
    CHECK(store.figures().in_use == 0);
    CHECK(store.figures().idle <= kSize);
    CHECK(as_admin(server, "SELECT count(*) <= 3 FROM pg_stat_activity WHERE usename = 'tenon'") == "t");
  }
  CHECK(baseline.is_reached());
}

TEST_CASE("limits: a checkout that waits in vain says who has the connections, at its time and not before") {
  const auto server = testing::PostgresServer::start();
  Store store = open_store(server, {{"pool.size", "1"}, {"pool.max_overflow", "0"}, {"pool.timeout", "200ms"}});
  Session holder = store.session();
  holder.with_connection([](ISession& connection) { connection.ping(); });
  const auto start = Clock::now();
  const ErrorInfo error = failure_of([&] { store.ping(); });
  const auto took = Clock::now() - start;
  CHECK(error.code == ErrorCode::pool_timeout);
  CHECK(error.message.find("1 in use") != std::string::npos);
  CHECK(took >= 200ms);
  CHECK(took < 200ms + testing::kLateness);
  holder.rollback();
  CHECK_NOTHROW(store.ping());
}

TEST_CASE("limits: connections used up by others are ResourceExhausted, and had once there are some") {
  const auto server =
      testing::PostgresServer::start({.settings = {{"max_connections", "8"}, {"superuser_reserved_connections", "3"}}});
  const Baseline baseline(server);
  {
    Store store = open_store(server, {{"pool.timeout", "500ms"}, {"deadlines.connect", "500ms"}});
    std::vector<std::unique_ptr<PGconn, decltype(&PQfinish)>> others;
    for (int i = 0; i < 5; ++i)
      others.emplace_back(PQconnectdb(server.uri().c_str()), &PQfinish);
    REQUIRE(PQstatus(others.back().get()) == CONNECTION_OK);
    Stopwatch watch;
    const ErrorInfo error = watch.time(1s, [&] { return failure_of([&] { store.ping(); }); });
    CHECK((error.code == ErrorCode::resource_exhausted || error.code == ErrorCode::pool_timeout));
    CHECK(error.message.find("no connection left") != std::string::npos);
    CHECK(watch.worst() < testing::kLateness);
    CHECK(store.figures().in_use == 0);
    others.clear();
    CHECK(becomes_true([&] { return answers(store); }, 3s));
    CHECK(store.figures().in_use == 0);
  }
  CHECK(baseline.is_reached());
}

TEST_CASE("limits: a rotated password is refused at once, and spares the connections that are open") {
  const auto server = testing::PostgresServer::start();
  const Baseline baseline(server);
  {
    const SettingLines settings{{"pool.size", "2"}, {"pool.timeout", "10s"}};
    Store store = open_store(server, settings);
    Audit audit(store);
    Session early = store.session();
    Audit::insert(early, 0);
    as_admin(server, "ALTER ROLE tenon PASSWORD 'another'");

    Stopwatch watch;
    const ErrorInfo error = watch.time(0ms, [&] { return failure_of([&] { store.ping(); }); });
    CHECK(error.code == ErrorCode::auth);
    CHECK(error.sqlstate == "28P01");
    CHECK_FALSE(error.retryable);
    CHECK(watch.worst() < 1s + testing::kLateness); // fails fast: no waiting for pool.timeout
    CHECK(error.message.find(server.password()) == std::string::npos);

    early.rollback();
    CHECK(audit.write(store) == Audit::Outcome::acknowledged); // on the open connection
    SettingLines changed = settings;
    changed.emplace_back("connection.password", "another");
    Store renewed = open_store(server, changed);
    CHECK(audit.write(renewed) == Audit::Outcome::acknowledged);
    as_admin(server, fmt::format("ALTER ROLE tenon PASSWORD '{}'", server.password()));
    Session one = store.session(), two = store.session();
    Audit::insert(one, 0);
    CHECK_NOTHROW(Audit::insert(two, 0)); // a new connection
    one.rollback();
    two.rollback();
    CHECK(audit.problems(server) == "");
    CHECK(store.figures().in_use == 0);
  }
  CHECK(baseline.is_reached());
}

} // namespace
} // namespace tenon::faults
