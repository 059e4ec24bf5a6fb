// What several sessions do at once to the same rows: nothing is lost, and one of them wins where only one can.

#include <array>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

#include <tenon/adpa/adpa.hpp>

#include "adpa_database.hpp"

namespace {

using namespace tenon::adpa;
using adpa_test::Database;
using adpa_test::error_of;
using adpa_test::Place;
using tenon::Json;

constexpr int kThreads = 4;
constexpr int kRounds = 8;

struct World {
  explicit World(Place place) : database(place), store(database.open()) { create_tables(store); }

  /// Runs `work(session, thread, round)` in one transaction after the other, in all threads at once.
  void at_once(const std::function<void(tenon::Session&, int, int)>& work) {
    std::mutex mutex;
    std::exception_ptr failure;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        try {
          for (int round = 0; round < kRounds; ++round)
            store.transaction([&](tenon::Session& s) { work(s, thread, round); });
        } catch (...) {
          const std::lock_guard lock(mutex);
          failure = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads)
      thread.join();
    if (failure) std::rethrow_exception(failure);
  }

  Database database;
  tenon::Store store;
};

} // namespace

TEST_CASE("logins of several sessions at once are all counted") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  const User ann = world.store.transaction([](tenon::Session& s) {
    const Project p = ProjectRepository{s}.create({.project_id = "orion", .name = "Orion"});
    return UserRepository{s}.create({.username = "ann", .email = "ann@example.com", .project_id = p.id});
  });
  world.at_once([&](tenon::Session& s, int, int) { UserRepository{s}.record_login(ann.id); });
  auto s = world.store.session();
  CHECK(UserRepository{s}.get(ann.id).login_count == kThreads * kRounds);
}

TEST_CASE("states that several sessions create and set at once count every write in their versions") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  world.at_once([](tenon::Session& s, int thread, int round) {
    static_cast<void>(AppStateRepository{s}.set("round " + std::to_string(round), Json::parse(std::to_string(thread))));
  });
  auto s = world.store.session();
  const AppStateRepository states{s};
  CHECK(states.count() == kRounds);
  for (int round = 0; round < kRounds; ++round)
    CHECK(states.get("round " + std::to_string(round)).version == kThreads);
}

TEST_CASE("of several sessions that add the same state at once one succeeds") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  { // every second key exists and has expired
    auto s = world.store.session();
    for (int round = 0; round < kRounds; round += 2) {
      static_cast<void>(AppStateRepository{s}.set("lock " + std::to_string(round), Json::parse("null"),
                                                  std::chrono::microseconds{1}));
    }
    s.commit();
  }
  std::array<std::atomic<int>, kRounds> winners{};
  world.at_once([&](tenon::Session& s, int thread, int round) {
    if (AppStateRepository{s}.add("lock " + std::to_string(round), Json::parse(std::to_string(thread)))) {
      s.after_commit([&winners, round] { ++winners[static_cast<std::size_t>(round)]; });
    }
  });
  for (const auto& count : winners)
    CHECK(count == 1);
}

TEST_CASE("of several sessions that replace the same version at once one succeeds") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  world.store.transaction(
      [](tenon::Session& s) { static_cast<void>(AppStateRepository{s}.set("counter", Json::parse("0"))); });
  std::array<std::atomic<int>, kRounds> winners{};
  world.at_once([&](tenon::Session& s, int thread, int round) {
    if (AppStateRepository{s}.compare_and_set("counter", round + 1, Json::parse(std::to_string(thread)))) {
      s.after_commit([&winners, round] { ++winners[static_cast<std::size_t>(round)]; });
    }
  });
  for (const auto& count : winners)
    CHECK(count == 1);
  auto s = world.store.session();
  CHECK(AppStateRepository{s}.get("counter").version == kRounds + 1);
}

TEST_CASE("defaults that several sessions set at once leave exactly one") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  world.store.transaction([](tenon::Session& s) {
    for (int version = 1; version <= kThreads; ++version)
      static_cast<void>(ModelConfigRepository{s}.create({.name = "ranker", .version = version, .provider = "local"}));
  });
  world.at_once([&](tenon::Session& s, int thread, int round) {
    static_cast<void>(ModelConfigRepository{s}.set_default("ranker", 1 + (thread + round) % kThreads));
  });
  auto s = world.store.session();
  CHECK(ModelConfigRepository{s}.count(tenon::col<&ModelConfig::is_default> == true) == 1);
}

TEST_CASE("a state that the transaction may not see is set by running the transaction again") {
  World world(Place::postgresql);
  const tenon::TransactionOptions repeatable{.isolation = tenon::Isolation::repeatable_read};
  int runs = 0;
  const AppState set = world.store.transaction(repeatable, [&](tenon::Session& s) {
    AppStateRepository states{s};
    static_cast<void>(states.find("cursor")); // what this transaction sees is settled from here on
    if (++runs == 1) {
      world.store.transaction(
          [](tenon::Session& other) { static_cast<void>(AppStateRepository{other}.set("cursor", Json::parse("1"))); });
      const auto error = error_of<tenon::StaleData>([&] { static_cast<void>(states.set("cursor", Json::parse("2"))); });
      CHECK(error.retryable());
      throw error;
    }
    return states.set("cursor", Json::parse("2"));
  });
  CHECK(runs == 2);
  CHECK(set.version == 2);
}
