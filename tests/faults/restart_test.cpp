// The server dies under load and comes back: what was acknowledged is there, nothing hangs, and it is served again
// soon.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <tenon/testing/tcp_proxy.hpp>

#include "load.hpp"

namespace tenon::faults {
namespace {

constexpr int kThreads = 32;
constexpr int kSize = 8, kOverflow = 4;

TEST_CASE("restart: a server killed under 32 threads loses nothing acknowledged, and is served again when it is back") {
  auto server = testing::PostgresServer::start();
  testing::TcpProxy proxy(server.port()); // which sees each connection that there is
  const Baseline baseline(server);
  {
    Store store = open_store(server,
                             {{"pool.size", std::to_string(kSize)},
                              {"pool.max_overflow", std::to_string(kOverflow)},
                              {"pool.timeout", "2s"},
                              {"deadlines.call", "2s"},
                              {"deadlines.connect", "1s"}},
                             proxy.port());
    Audit audit(store);
    Load load(store, audit, kThreads);
    REQUIRE(load.progresses(500));

    server.kill_server();
    std::this_thread::sleep_for(500ms);
    server.restart();
    const auto back = Clock::now();
    const bool served = load.progresses(1);
    const auto until_served = std::chrono::duration_cast<milliseconds>(Clock::now() - back);
    CHECK(served);
    CHECK(load.progresses(500));
    load.stop();

    fmt::print("restart: {}; worst call {} ms over its deadline; served {} ms after the server was back; "
               "at most {} connections of {}\n",
               audit.summary(), load.worst_overrun().count(), until_served.count(), proxy.figures().peak,
               kSize + kOverflow);
    CHECK(audit.problems(server) == "");
    CHECK(load.worst_overrun() < testing::kLateness);
    CHECK(until_served < 2s + testing::kLateness - 250ms);
    CHECK(proxy.figures().peak <= kSize + kOverflow);
    CHECK(proxy.figures().peak > 1);
    CHECK(audit.count(Audit::Outcome::acknowledged) >= 1000);
    CHECK(store.figures().in_use == 0);
    CHECK(store.figures().waiting == 0);
  }
  CHECK(baseline.is_reached());
}

} // namespace
} // namespace tenon::faults
