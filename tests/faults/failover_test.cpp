// The primary dies under load and its standby is promoted: a store that knows both hosts goes on there.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <tenon/testing/tcp_proxy.hpp>

#include "load.hpp"

namespace tenon::faults {
namespace {

TEST_CASE("failover: a store of two hosts goes on at the promoted standby, with all that was acknowledged") {
  constexpr int kThreads = 8, kSize = 2, kOverflow = 2;
  auto primary = testing::PostgresServer::start();
  auto standby = testing::PostgresServer::start_standby(primary);
  const testing::TcpProxy before(primary.port()), after(standby.port()); // which see each connection that there is
  const Baseline baseline(standby);
  {
    Store store = open_store(
        primary, {{"connection.host", ""},
                  {"connection.port", ""},
                  {"connection.hosts", fmt::format("127.0.0.1:{},127.0.0.1:{}", before.port(), after.port())},
                  {"connection.target_session_attrs", "read-write"},
                  {"pool.size", std::to_string(kSize)},
                  {"pool.max_overflow", std::to_string(kOverflow)},
                  {"pool.timeout", "2s"},
                  {"deadlines.call", "2s"},
                  {"deadlines.connect", "1s"}});
    Audit audit(store);
    // From here on an acknowledged commit is on both; otherwise the server, not we, would lose it.
    as_admin(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    as_admin(primary, "SELECT pg_reload_conf()");
    REQUIRE(becomes_true([&] { return as_admin(primary, "SHOW synchronous_standby_names") == "*"; }));
    REQUIRE(becomes_true([&] {
      return as_admin(primary, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1";
    }));
    Load load(store, audit, kThreads);
    REQUIRE(load.progresses(100));

    primary.kill_server();
    standby.promote();
    const auto back = Clock::now();
    const bool served = load.progresses(1);
    const auto until_served = std::chrono::duration_cast<milliseconds>(Clock::now() - back);
    CHECK(served);
    CHECK(load.progresses(100));
    load.stop();
    fmt::print("failover: {}; worst call {} ms over its deadline; served {} ms after the promotion\n", audit.summary(),
               load.worst_overrun().count(), until_served.count());
    CHECK(audit.problems(standby) == "");
    CHECK(load.worst_overrun() < testing::kLateness);
    CHECK(until_served < 2s + testing::kLateness);
    CHECK(before.figures().peak <= kSize + kOverflow);
    CHECK(after.figures().peak <= kSize + kOverflow);
    CHECK(audit.count(Audit::Outcome::acknowledged) >= 200);
    CHECK(store.figures().in_use == 0);
  }
  CHECK(baseline.is_reached());
}

} // namespace
} // namespace tenon::faults
