// Versions of model configurations and the default among them.

#include <catch2/catch.hpp>

#include <tenon/adpa/adpa.hpp>

#include "adpa_database.hpp"

namespace {

using namespace tenon::adpa;
using adpa_test::Database;
using adpa_test::error_of;
using adpa_test::Place;
using tenon::Json;

struct World {
  explicit World(Place place) : database(place), store(database.open()) { create_tables(store); }
  Database database;
  tenon::Store store;
};

ModelConfig make(ModelConfigRepository& configs, std::string name, std::int64_t version) {
  return configs.create({.name = std::move(name), .version = version, .provider = "local"});
}

/// The versions of a name that are marked as the default, hidden ones too.
std::vector<std::int64_t> defaults(const ModelConfigRepository& configs, const std::string& name) {
  std::vector<std::int64_t> versions;
  for (const ModelConfig& config : configs.with_deleted().list()) {
    if (config.name == name && config.is_default) versions.push_back(config.version);
  }
  return versions;
}

} // namespace

TEST_CASE("a configuration is found by name and version, and the latest is the one with the highest version") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  ModelConfigRepository configs{s};
  const ModelConfig tenth = configs.create({.name = "ranker",
                                            .version = 10,
                                            .provider = "remote",
                                            .parameters = Json::parse(R"({"alpha": 0.5, "stop": ["a"]})")});
  const ModelConfig second = make(configs, "ranker", 2);
  const ModelConfig ninth = make(configs, "ranker", 9);
  const ModelConfig other = make(configs, "other", 11);

  CHECK(configs.by_name_and_version("ranker", 10) == tenth);
  CHECK(configs.by_name_and_version("ranker", 2) == second);
  CHECK(configs.by_name_and_version("ranker", 11) == std::nullopt);
  CHECK(configs.by_name_and_version("Ranker", 10) == std::nullopt);
  CHECK(configs.versions("ranker") == std::vector<ModelConfig>{second, ninth, tenth});
  CHECK(configs.versions("nothing").empty());
  CHECK(configs.latest("ranker") == tenth);
  CHECK(configs.latest("nothing") == std::nullopt);

  configs.soft_delete(tenth.id);
  CHECK(configs.latest("ranker") == ninth);
  CHECK(configs.versions("ranker") == std::vector<ModelConfig>{second, ninth});
  CHECK(configs.by_name_and_version("ranker", 10) == std::nullopt);
}

TEST_CASE("a version of a name is given once; other names have it too") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  ModelConfigRepository configs{s};
  static_cast<void>(make(configs, "ranker", 1));
  static_cast<void>(make(configs, "ranker", 2));
  static_cast<void>(make(configs, "other", 1));
  const auto error =
      error_of<tenon::IntegrityError>([&] { s.nested([&] { static_cast<void>(make(configs, "ranker", 1)); }); });
  CHECK(error.kind() == tenon::IntegrityKind::unique);
  CHECK(error.columns() == std::vector<std::string>{"name", "version"});
  CHECK(error.constraint() == "model_configs_name_version_key");
}

TEST_CASE("exactly one version of a name is the default, the one that was set last") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  ModelConfigRepository configs{s};
  for (const std::int64_t version : {1, 2, 3})
    static_cast<void>(make(configs, "ranker", version));
  static_cast<void>(make(configs, "other", 1));
  static_cast<void>(configs.set_default("other", 1));
  CHECK(configs.default_of("ranker") == std::nullopt);

  for (const std::int64_t version : {2, 3, 1, 1}) {
    const ModelConfig set = configs.set_default("ranker", version);
    CHECK(set.version == version);
    CHECK(set.is_default);
    CHECK(configs.default_of("ranker") == set);
    CHECK(defaults(configs, "ranker") == std::vector{version});
  }
  CHECK(defaults(configs, "other") == std::vector<std::int64_t>{1});
}

TEST_CASE("a default that cannot be set leaves the one before, and the session goes on") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  ModelConfigRepository configs{s};
  static_cast<void>(make(configs, "ranker", 1));
  const ModelConfig hidden = make(configs, "ranker", 2);
  configs.soft_delete(hidden.id);
  static_cast<void>(configs.set_default("ranker", 1));

  CHECK_THROWS_AS(configs.set_default("ranker", 4711), tenon::NotFound);
  CHECK_THROWS_AS(configs.set_default("nothing", 1), tenon::NotFound);
  CHECK_THROWS_AS(configs.set_default("ranker", 2), tenon::NotFound);
  CHECK(defaults(configs, "ranker") == std::vector<std::int64_t>{1});
  s.commit();
  CHECK(configs.default_of("ranker")->version == 1);
}

TEST_CASE("a default that was soft-deleted does not come back as a second one") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  ModelConfigRepository configs{s};
  const ModelConfig first = make(configs, "ranker", 1);
  static_cast<void>(make(configs, "ranker", 2));
  static_cast<void>(configs.set_default("ranker", 1));
  configs.soft_delete(first.id);
  CHECK(configs.default_of("ranker") == std::nullopt);
  static_cast<void>(configs.set_default("ranker", 2));
  configs.restore(first.id);
  CHECK(defaults(configs, "ranker") == std::vector<std::int64_t>{2});
}
