// Application states: versions, compare-and-set, expiry.

#include <limits>

#include <catch2/catch.hpp>

#include <tenon/adpa/adpa.hpp>

#include "adpa_database.hpp"

namespace {

using namespace tenon::adpa;
using adpa_test::Database;
using adpa_test::Place;
using tenon::Json;
using namespace std::chrono_literals;

/// A time to live that is over before the next statement looks.
constexpr auto kNoTime = std::chrono::microseconds{1};

struct World {
  explicit World(Place place) : database(place), store(database.open()) { create_tables(store); }
  Database database;
  tenon::Store store;
};

} // namespace

TEST_CASE("setting a state creates it at version 1 and replaces it at the next version") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  AppStateRepository states{s};
  CHECK(states.find("cursor") == std::nullopt);
  CHECK_THROWS_AS(states.get("cursor"), tenon::NotFound);

  const AppState first = states.set("cursor", Json::parse(R"({"page": 3, "of": [1, "x", null]})"));
  CHECK(first.version == 1);
  CHECK(first.expires_at == std::nullopt);
  CHECK(states.find("cursor") == first);
  CHECK(states.get("cursor") == first);

  const AppState second = states.set("cursor", Json::parse("4"));
  CHECK(second.id == first.id);
  CHECK(second.version == 2);
  CHECK(second.value == Json::parse("4"));
  CHECK(second.created_at == first.created_at);
  CHECK(states.get("cursor") == second);

  CHECK(states.set("other", Json::parse("null")).version == 1);
  CHECK(states.get("cursor") == second);
  CHECK(states.count() == 2);
}

TEST_CASE("compare-and-set replaces only the version that the caller has seen") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  AppStateRepository states{s};
  CHECK_FALSE(states.compare_and_set("cursor", 0, Json::parse("1")));
  CHECK(states.find("cursor") == std::nullopt);

  const AppState first = states.set("cursor", Json::parse("1"), 1h);
  static_cast<void>(states.set("other", Json::parse("1")));
  CHECK_FALSE(states.compare_and_set("cursor", 2, Json::parse("9")));
  CHECK_FALSE(states.compare_and_set("cursor", std::numeric_limits<std::int64_t>::max(), Json::parse("9")));
  CHECK(states.get("cursor") == first);

  CHECK(states.compare_and_set("cursor", 1, Json::parse("2")));
  const AppState second = states.get("cursor");
  CHECK(second.version == 2);
  CHECK(second.value == Json::parse("2"));
  CHECK(second.expires_at == first.expires_at);
  CHECK_FALSE(states.compare_and_set("cursor", 1, Json::parse("3")));
  CHECK(states.get("cursor") == second);
  CHECK(states.get("other").version == 1);
}

TEST_CASE("a state that has expired is absent for everybody") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  AppStateRepository states{s};
  const tenon::Timestamp before = tenon::now();
  const AppState lease = states.set("lease", Json::parse("1"), 1h);
  REQUIRE(lease.expires_at.has_value());
  CHECK(*lease.expires_at >= before + 1h);
  CHECK(*lease.expires_at <= tenon::now() + 1h);
  CHECK(states.find("lease") == lease);

  const AppState expired = states.set("lease", Json::parse("2"), kNoTime);
  CHECK(expired.version == 2);
  CHECK(states.find("lease") == std::nullopt);
  CHECK_THROWS_AS(states.get("lease"), tenon::NotFound);
  CHECK_FALSE(states.compare_and_set("lease", 2, Json::parse("3")));

  const AppState renewed = states.set("lease", Json::parse("4"));
  CHECK(renewed.id == lease.id);
  CHECK(renewed.version == 3); // who has seen version 2 must not replace this one
  CHECK(renewed.expires_at == std::nullopt);
  CHECK(states.find("lease") == renewed);
}

TEST_CASE("adding a state succeeds only where there is none") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  AppStateRepository states{s};
  const auto first = states.add("lock", Json::parse(R"("ann")"), 1h);
  REQUIRE(first.has_value());
  CHECK(first->version == 1);
  CHECK(states.find("lock") == first);
  CHECK(states.add("lock", Json::parse(R"("bob")"), 1h) == std::nullopt);
  CHECK(states.find("lock") == first);

  static_cast<void>(states.set("lock", Json::parse(R"("ann")"), kNoTime));
  const auto taken_over = states.add("lock", Json::parse(R"("bob")"));
  REQUIRE(taken_over.has_value());
  CHECK(taken_over->version == 3);
  CHECK(taken_over->expires_at == std::nullopt);
  CHECK(states.find("lock") == taken_over);
  CHECK(states.add("lock", Json::parse("0")) == std::nullopt); // never expires

  states.soft_delete(taken_over->id);
  CHECK(states.find("lock") == std::nullopt);
  CHECK_FALSE(states.compare_and_set("lock", 3, Json::parse("0")));
  const auto revived = states.add("lock", Json::parse("1"));
  REQUIRE(revived.has_value());
  CHECK(revived->version == 4);
  CHECK(states.find("lock") == revived);
}

TEST_CASE("setting a soft-deleted state brings it back") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  AppStateRepository states{s};
  const AppState first = states.set("cursor", Json::parse("1"));
  states.soft_delete(first.id);
  const AppState second = states.set("cursor", Json::parse("2"));
  CHECK(second.id == first.id);
  CHECK(second.is_active);
  CHECK(second.version == 2);
  CHECK(states.find("cursor") == second);
}

TEST_CASE("purging deletes for good what has expired, and nothing else") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  AppStateRepository states{s};
  static_cast<void>(states.set("for ever", Json::parse("1")));
  static_cast<void>(states.set("for an hour", Json::parse("1"), 1h));
  static_cast<void>(states.set("over", Json::parse("1"), kNoTime));
  const AppState hidden = states.set("over and hidden", Json::parse("1"), kNoTime);
  states.soft_delete(hidden.id);

  CHECK(states.purge_expired() == 2);
  CHECK(states.with_deleted().count() == 2);
  CHECK(states.find("for ever").has_value());
  CHECK(states.find("for an hour").has_value());
  CHECK(states.purge_expired() == 0);
  CHECK(states.set("over", Json::parse("2")).version == 1);
}

TEST_CASE("what takes several statements is refused in a session with autocommit, before anything is written") {
  World world(Place::sqlite_memory);
  auto s = world.store.session({.autocommit = true});
  AppStateRepository states{s};
  CHECK_THROWS_WITH(states.set("cursor", Json::parse("1")), Catch::Contains("AppStateRepository::set"));
  CHECK_THROWS_WITH(states.add("cursor", Json::parse("1")), Catch::Contains("AppStateRepository::add"));
  CHECK(states.with_deleted().count() == 0);

  const AppState made = states.create({.key = "cursor", .value = Json::parse("1")});
  CHECK_THROWS_AS(states.set("cursor", Json::parse("2")), tenon::ProgrammingError);
  CHECK(states.get("cursor") == made);
  CHECK(states.compare_and_set("cursor", 1, Json::parse("2"))); // one statement
  CHECK_THROWS_AS(ModelConfigRepository{s}.set_default("ranker", 1), tenon::ProgrammingError);
}

TEST_CASE("a time to live that cannot be is refused before anything is written") {
  World world(Place::sqlite_memory);
  auto s = world.store.session();
  AppStateRepository states{s};
  const auto ttl =
      GENERATE(std::chrono::microseconds{0}, std::chrono::microseconds{-1}, std::chrono::microseconds::max());
  CHECK_THROWS_AS(states.set("cursor", Json::parse("1"), ttl), tenon::DataError);
  CHECK_THROWS_AS(states.add("cursor", Json::parse("1"), ttl), tenon::DataError);
  CHECK(states.with_deleted().count() == 0);
}
