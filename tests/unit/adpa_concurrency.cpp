// What several sessions do at once to the same rows: nothing is lost, and one of them wins where only one can.

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
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

/// A store whose transactions are not run again, so that what is shown is the repositories' doing.
struct World {
  explicit World(Place place) : database(place), store(database.open({{"retry.attempts", "1"}})) {
    create_tables(store);
  }

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

  /// Runs `first` and, while its transaction is still open, `second` in another one; ends the first when the second
  /// waits for it, or did not have to. Requires PostgreSQL.
  template <class First, class Second> void interleave(First&& first, Second&& second) {
    auto s = store.session();
    first(s);
    std::atomic<bool> done = false;
    std::exception_ptr failure;
    std::thread other([&] {
      try {
        store.transaction([&](tenon::Session& o) { second(o); });
      } catch (...) {
        failure = std::current_exception();
      }
      done = true;
    });
    while (!done && database.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    s.commit();
    other.join();
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

TEST_CASE("a login waits for the one before it to be committed, and counts on") {
  World world(Place::postgresql);
  const User ann = world.store.transaction([](tenon::Session& s) {
    const Project p = ProjectRepository{s}.create({.project_id = "orion", .name = "Orion"});
    return UserRepository{s}.create({.username = "ann", .email = "ann@example.com", .project_id = p.id});
  });
  const auto login = [&](tenon::Session& s) { UserRepository{s}.record_login(ann.id); };
  world.interleave(login, login);
  auto s = world.store.session();
  CHECK(UserRepository{s}.get(ann.id).login_count == 2);
}

TEST_CASE("a state that another session has set and not committed is waited for and counted on") {
  World world(Place::postgresql);
  const auto set = [](const char* value) {
    return [=](tenon::Session& s) { static_cast<void>(AppStateRepository{s}.set("cursor", Json::parse(value))); };
  };
  const auto stored = [&] {
    auto s = world.store.session();
    return AppStateRepository{s}.get("cursor");
  };
  world.interleave(set("1"), set("2")); // both find it absent
  CHECK(stored().version == 2);
  CHECK(stored().value == Json::parse("2"));
  world.interleave(set("3"), set("4"));
  CHECK(stored().version == 4);
  CHECK(stored().value == Json::parse("4"));
}

TEST_CASE("a state that another session is adding is not added again") {
  World world(Place::postgresql);
  std::optional<AppState> second;
  world.interleave([](tenon::Session& s) { CHECK(AppStateRepository{s}.add("lock", Json::parse("1")).has_value()); },
                   [&](tenon::Session& s) { second = AppStateRepository{s}.add("lock", Json::parse("2")); });
  CHECK(second == std::nullopt);
  auto s = world.store.session();
  CHECK(AppStateRepository{s}.get("lock").value == Json::parse("1"));
}

TEST_CASE("a default that another session is setting is waited for and replaced") {
  World world(Place::postgresql);
  world.store.transaction([](tenon::Session& s) {
    for (const std::int64_t version : {1, 2, 3})
      static_cast<void>(ModelConfigRepository{s}.create({.name = "ranker", .version = version, .provider = "local"}));
  });
  const auto set = [](std::int64_t version) {
    return [=](tenon::Session& s) { static_cast<void>(ModelConfigRepository{s}.set_default("ranker", version)); };
  };
  world.interleave(set(2), set(3));
  auto s = world.store.session();
  const ModelConfigRepository configs{s};
  CHECK(configs.count(tenon::col<&ModelConfig::is_default> == true) == 1);
  CHECK(configs.default_of("ranker")->version == 3);
}

TEST_CASE("a state that the transaction may not see is set by running the transaction again") {
  World world(Place::postgresql);
  auto store = world.database.open({{"retry.attempts", "2"}});
  const tenon::TransactionOptions repeatable{.isolation = tenon::Isolation::repeatable_read};
  int runs = 0;
  const AppState set = store.transaction(repeatable, [&](tenon::Session& s) {
    AppStateRepository states{s};
    static_cast<void>(states.find("cursor")); // what this transaction sees is settled from here on
    if (++runs == 1) {
      world.store.transaction(
          [](tenon::Session& other) { static_cast<void>(AppStateRepository{other}.set("cursor", Json::parse("1"))); });
      const auto error = error_of<tenon::StaleData>([&] { static_cast<void>(states.set("cursor", Json::parse("2"))); });
      CHECK(error.retryable());
      throw tenon::StaleData(error.info());
    }
    return states.set("cursor", Json::parse("2"));
  });
  CHECK(runs == 2);
  CHECK(set.version == 2);
}
