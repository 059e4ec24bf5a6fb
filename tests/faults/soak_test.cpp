// Random units of work under random faults; every few seconds all stop, and the invariants must hold.
// TENON_SOAK_MINUTES is how long (a tenth of a minute without it), TENON_SOAK_SEED repeats the draws of a run.
#include <cstdlib>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "soak.hpp"

namespace tenon::faults {
namespace {

constexpr int kWorkers = 12;
constexpr int kSize = 3, kOverflow = 2;

std::uint64_t seed() {
  const char* given = std::getenv("TENON_SOAK_SEED");
  return given != nullptr && *given != '\0' ? std::stoull(given) : std::random_device{}();
}

std::chrono::duration<double> wanted_time() {
  const char* minutes = std::getenv("TENON_SOAK_MINUTES");
  return std::chrono::duration<double>(60 * (minutes != nullptr && *minutes != '\0' ? std::stod(minutes) : 0.1));
}

/// With everybody stopped: nothing is checked out, nothing is under way on the server, and the audit is right.
void check_all(testing::PostgresServer& server, testing::TcpProxy& proxy, const Store& store, Audit& audit,
               const Work& work) {
  proxy.release();
  CHECK(becomes_true([&] { return store.figures().in_use == 0; }, 10s)); // what was given up is drained meanwhile
  CHECK(store.figures().waiting == 0);
  CHECK(becomes_true(
      [&] {
        return as_admin(server, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tenon' AND state <> 'idle'") ==
               "0";
      },
      30s));
  CHECK(audit.problems(server) == "");
  CHECK(work.worst_overrun() < testing::kLateness);
  CHECK(proxy.figures().peak <= kSize + kOverflow);
  audit.clear(server);
}

TEST_CASE("soak: the invariants hold under random work and random faults") {
  const std::uint64_t first_seed = seed();
  fmt::print("soak: TENON_SOAK_SEED={}\n", first_seed);
  std::fflush(stdout);
  auto server = testing::PostgresServer::start();
  testing::TcpProxy proxy(server.port());
  const Baseline baseline(server);
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(wanted_time());
  {
    Store store = open_store(server,
                             {{"pool.size", std::to_string(kSize)},
                              {"pool.max_overflow", std::to_string(kOverflow)},
                              {"pool.timeout", "1s"},
                              {"deadlines.call", "500ms"},
                              {"deadlines.connect", "500ms"},
                              {"connection.resolve_commit", first_seed % 2 == 0 ? "true" : "false"}},
                             proxy.port());
    Audit audit(store);
    Gate gate;
    Work work(store, audit, gate);
    Chaos chaos(server, proxy, gate);
    std::vector<std::thread> threads;
    for (std::uint64_t number = 0; number < kWorkers; ++number)
      threads.emplace_back([&, number] { work.run(first_seed + 1 + number); });
    threads.emplace_back([&] { chaos.run(first_seed); });

    std::int64_t acknowledged = 0;
    int checks = 0;
    do {
      std::this_thread::sleep_for(std::min<Clock::duration>(3s, until - Clock::now()));
      gate.close();
      acknowledged += audit.count(Audit::Outcome::acknowledged);
      check_all(server, proxy, store, audit, work);
      ++checks;
      gate.open();
    } while (Clock::now() < until);
    gate.end();
    for (auto& thread : threads)
      thread.join();
    proxy.release();
    fmt::print("soak: {} acknowledged, {} checks; worst call {} ms over its deadline; at most {} connections of {}; "
               "{}; {}\n",
               acknowledged, checks, work.worst_overrun().count(), proxy.figures().peak, kSize + kOverflow,
               chaos.summary(), audit.summary());
    CHECK(acknowledged > 0);
    CHECK(store.figures().in_use == 0);
  }
  CHECK(baseline.is_reached());
}

} // namespace
} // namespace tenon::faults
