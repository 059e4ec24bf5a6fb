// Observations of components.

#include <catch2/catch.hpp>

#include <tenon/adpa/adpa.hpp>

#include "adpa_database.hpp"

namespace {

using namespace tenon::adpa;
using adpa_test::Database;
using adpa_test::Place;
using tenon::Json;
using tenon::Timestamp;
using namespace std::chrono_literals;

constexpr Timestamp kMoment{std::chrono::microseconds{1'700'000'000'123'456}};

struct World {
  explicit World(Place place) : database(place), store(database.open()) { create_tables(store); }
  Database database;
  tenon::Store store;
};

SystemHealth observe(SystemHealthRepository& health, std::string component, HealthStatus status, Timestamp at) {
  return health.record({.component = std::move(component), .status = status, .recorded_at = at});
}

} // namespace

TEST_CASE("an observation is kept as it was made, as of now if it says nothing else") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  SystemHealthRepository health{s};
  const Timestamp before = tenon::now();
  const SystemHealth plain = health.record({.component = "api"});
  CHECK(plain.recorded_at >= before);
  CHECK(plain.recorded_at <= tenon::now());
  CHECK(plain.status == HealthStatus::healthy);
  CHECK(plain.message == std::nullopt);
  CHECK(plain.latency_ms == std::nullopt);
  CHECK(health.get(plain.id) == plain);

  const SystemHealth full = health.record({.component = "db",
                                           .status = HealthStatus::unhealthy,
                                           .message = "no answer",
                                           .latency_ms = 1234.0625,
                                           .metrics = Json::parse(R"({"p99": 0.1, "pool": {"idle": 0}})"),
                                           .recorded_at = kMoment});
  CHECK(full.recorded_at == kMoment);
  CHECK(health.get(full.id) == full);
  CHECK(health.get(full.id).latency_ms == 1234.0625);
}

TEST_CASE("the latest observation is the one made last, not the one stored last") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  SystemHealthRepository health{s};
  static_cast<void>(observe(health, "api", HealthStatus::healthy, kMoment));
  const SystemHealth last = observe(health, "api", HealthStatus::degraded, kMoment + 1us);
  static_cast<void>(observe(health, "api", HealthStatus::unhealthy, kMoment - 1us));
  static_cast<void>(observe(health, "db", HealthStatus::healthy, kMoment + 1h));
  CHECK(health.latest("api") == last);
  CHECK(health.latest("nothing") == std::nullopt);

  const SystemHealth same_moment = observe(health, "api", HealthStatus::healthy, last.recorded_at);
  CHECK(health.latest("api") == same_moment);
  health.soft_delete(same_moment.id);
  CHECK(health.latest("api") == last);
}

TEST_CASE("the latest of each component names each once, by component") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  SystemHealthRepository health{s};
  CHECK(health.latest_of_each().empty());
  const std::vector<std::string> components{"", "API", "api", "api 2", "db", "é"}; // by code point
  std::vector<SystemHealth> expected;
  for (const std::string& component : components)
    expected.push_back(observe(health, component, HealthStatus::degraded, kMoment + 2h));
  for (int hour = 0; hour < 2; ++hour) {
    for (const std::string& component : components)
      static_cast<void>(observe(health, component, HealthStatus::healthy, kMoment + hour * 1h));
  }
  const SystemHealth hidden = observe(health, "hidden", HealthStatus::healthy, kMoment);
  health.soft_delete(hidden.id);
  CHECK(health.latest_of_each() == expected);
}

TEST_CASE("a history begins at the moment asked for and runs forward in time") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  SystemHealthRepository health{s};
  const SystemHealth third = observe(health, "api", HealthStatus::healthy, kMoment + 2us);
  static_cast<void>(observe(health, "api", HealthStatus::healthy, kMoment - 1us));
  const SystemHealth first = observe(health, "api", HealthStatus::degraded, kMoment);
  const SystemHealth second = observe(health, "api", HealthStatus::unhealthy, kMoment + 1us);
  static_cast<void>(observe(health, "db", HealthStatus::healthy, kMoment + 1us));
  CHECK(health.history("api", kMoment) == std::vector<SystemHealth>{first, second, third});
  CHECK(health.history("api", kMoment + 3us).empty());
}

TEST_CASE("the summary counts each component by its latest observation") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  SystemHealthRepository health{s};
  CHECK(health.summary() == HealthSummary{});
  static_cast<void>(observe(health, "api", HealthStatus::unhealthy, kMoment));
  static_cast<void>(observe(health, "api", HealthStatus::healthy, kMoment + 1us));
  static_cast<void>(observe(health, "cache", HealthStatus::unhealthy, kMoment));
  static_cast<void>(observe(health, "db", HealthStatus::healthy, kMoment));
  static_cast<void>(observe(health, "db", HealthStatus::unhealthy, kMoment + 1us));
  static_cast<void>(observe(health, "mail", HealthStatus::degraded, kMoment));
  const HealthSummary summary = health.summary();
  CHECK(summary == HealthSummary{.healthy = 1, .degraded = 1, .unhealthy = 2});
  CHECK(summary.components() == 4);
}

TEST_CASE("pruning deletes for good what was observed before a moment, and not at it") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  SystemHealthRepository health{s};
  const SystemHealth hidden = observe(health, "api", HealthStatus::healthy, kMoment - 2us);
  health.soft_delete(hidden.id);
  static_cast<void>(observe(health, "db", HealthStatus::healthy, kMoment - 1us));
  const SystemHealth kept = observe(health, "api", HealthStatus::healthy, kMoment);
  CHECK(health.prune(kMoment) == 2);
  CHECK(health.with_deleted().list() == std::vector<SystemHealth>{kept});
  CHECK(health.prune(kMoment) == 0);
}
