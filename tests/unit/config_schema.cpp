// What is generated from the option table equals what is committed, and the sample loads.
// With TENON_UPDATE_GENERATED=1 the committed copies are written anew; the test fails all the same, once.

#include <cstdlib>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>
#include <yaml-cpp/yaml.h>

#include <tenon/config/option_table.hpp>
#include <tenon/config/schema.hpp>

#include "config_support.hpp"

using config_test::connection;
using config_test::read_file;
using tenon::config::kOptions;
using tenon::config::OptionScope;
using tenon::config::OptionSpec;

namespace {

const std::string kRoot = TENON_SOURCE_DIR;
const std::string kBegin = "<!-- options: generated from config/include/tenon/config/option_table.hpp -->\n";
const std::string kEnd = "<!-- end of options -->\n";

void compare(const std::string& path, const std::string& expected) {
  const std::string found = read_file(path);
  const bool update = std::getenv("TENON_UPDATE_GENERATED") != nullptr;
  if (update && found != expected) std::ofstream(path, std::ios::binary) << expected;
  CHECK(found == expected);
}

tenon::config::Sources sample(config_test::Variables variables, const std::string& profile) {
  tenon::config::Sources sources{.file = kRoot + "/config/storage.yaml",
                                 .environment = tenon::config::Environment(std::move(variables))};
  sources.profile = profile;
  return sources;
}

// Follows "a.b.c" through properties of properties. JSON is read as the YAML that it is also.
YAML::Node find_property(const YAML::Node& schema, const std::string& path) {
  const auto dot = path.find('.');
  const YAML::Node found = schema["properties"][path.substr(0, dot)];
  if (!found || dot == std::string::npos) return found;
  return find_property(found, path.substr(dot + 1));
}

} // namespace

TEST_CASE("the committed JSON Schema is the generated one", "[config][generated]") {
  compare(kRoot + "/config/storage.schema.json", tenon::config::json_schema());
}

TEST_CASE("the committed reference is the generated one", "[config][generated]") {
  const std::string path = kRoot + "/docs/configuration.md";
  const std::string page = read_file(path);
  const auto begin = page.find(kBegin);
  const auto end = page.find(kEnd);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  compare(path,
          page.substr(0, begin) + kBegin + "\n" + tenon::config::option_reference_markdown() + "\n" + page.substr(end));
}

TEST_CASE("the schema has every option of the table in its place", "[config][generated]") {
  const YAML::Node schema = YAML::Load(tenon::config::json_schema());
  const std::string connection_prefix = "connection.";
  for (const OptionSpec& option : kOptions) {
    const std::string key(option.key);
    INFO(key);
    std::vector<YAML::Node> places;
    if (option.scope == OptionScope::file) {
      places.push_back(find_property(schema, key));
    } else if (key.find(connection_prefix) != 0) {
      places.push_back(find_property(schema["$defs"]["profile"], key));
    } else {
      for (const char* id : {"postgresql", "sqlite", "mariadb"}) {
        const bool belongs = (option.backends & tenon::config::backend_bit(id)) != 0;
        if (belongs) places.push_back(find_property(schema["$defs"][id], key.substr(connection_prefix.size())));
      }
    }
    REQUIRE_FALSE(places.empty());
    for (const YAML::Node& place : places) {
      REQUIRE(place.IsDefined());
      CHECK(place["description"].Scalar() == option.description);
    }
  }
}

TEST_CASE("defaults of the table are those of the store's settings", "[config][generated]") {
  // Each default, set on purpose, changes nothing.
  config_test::Overrides overrides;
  for (const OptionSpec& option : kOptions) {
    const bool of_store =
        option.scope == OptionScope::profile && option.key.find("connection.") != 0 && option.key != "backend";
    if (of_store && !option.fallback.empty()) overrides.emplace_back(option.key, option.fallback);
  }
  REQUIRE(overrides.size() == 17);
  const auto set = config_test::load_yaml("profiles: { p: { backend: postgresql } }\n", {}, overrides);
  const tenon::StoreSettings wanted;
  CHECK(set.store.pool.size == wanted.pool.size);
  CHECK(set.store.pool.max_overflow == wanted.pool.max_overflow);
  CHECK(set.store.pool.timeout == wanted.pool.timeout);
  CHECK(set.store.pool.recycle == wanted.pool.recycle);
  CHECK(set.store.pool.min_idle == wanted.pool.min_idle);
  CHECK(set.store.pool.ping_after == wanted.pool.ping_after);
  CHECK(set.store.pool.leak_after == wanted.pool.leak_after);
  CHECK(set.store.pool.when_down == wanted.pool.when_down);
  CHECK(set.store.retry.attempts == wanted.retry.attempts);
  CHECK(set.store.retry.base_delay == wanted.retry.base_delay);
  CHECK(set.store.retry.max_delay == wanted.retry.max_delay);
  CHECK(set.store.call_timeout == wanted.call_timeout);
  CHECK(set.store.transaction_timeout == wanted.transaction_timeout);
  CHECK(set.store.connect_timeout == wanted.connect_timeout);
  CHECK(set.store.error_detail == wanted.error_detail);
  CHECK(set.store.log_statements == wanted.log_statements);
  CHECK(set.plugin.refuse_writable == tenon::config::PluginSettings{}.refuse_writable);
}

TEST_CASE("the sample's embedded profiles load with no variable set", "[config][sample]") {
  CHECK(connection(tenon::config::load(sample({}, "dev")), "database") == kRoot + "/config/dev.db");
  CHECK(connection(tenon::config::load(sample({}, "test")), "database") == ":memory:");
  CHECK(tenon::config::load(sample({}, "pg")).backend == "postgresql");
}

TEST_CASE("the sample has no errors, and warns of what prod needs", "[config][sample]") {
  for (const auto& problem : tenon::config::check(sample({}, "dev"))) {
    CHECK(problem.severity == tenon::config::Severity::warning);
    CHECK(problem.key.find("profiles.prod.connection.") == 0);
  }
}

TEST_CASE("the sample's prod and ci load once their needs are met", "[config][sample]") {
  const config_test::Folder folder;
  const std::string secret = folder.write("db", "hunter2\n");
  const config_test::Variables met{{"DB_HOST", "db1"}, {"TENON__CONNECTION__PASSWORD_FILE", secret}};
  const auto prod = tenon::config::load(sample(met, "prod"));
  CHECK(connection(prod, "host") == "db1");
  CHECK(connection(prod, "password") == "hunter2");
  CHECK(connection(prod, "tls.mode") == "verify-full");
  const auto ci = tenon::config::load(sample(met, "ci"));
  CHECK(ci.store.pool.size == 2);
  CHECK(ci.store.pool.max_overflow == 10);
  CHECK(connection(ci, "database") == "analytics");
}

TEST_CASE("renderings", "[config][rendering]") {
  const auto p = config_test::load_yaml("profiles: { p: { backend: postgresql, connection: { user: \"a\\nb\" } } }\n",
                                        {{"POSTGRES_PASSWORD", "hunter2"}});
  CHECK(to_text(p).find("profile p\n  backend ") == 0);
  CHECK(to_text(p).find("a\\x0ab") != std::string::npos);
  const YAML::Node json = YAML::Load(to_json(p));
  CHECK(json["profile"].Scalar() == "p");
  CHECK(json["backend"].Scalar() == "postgresql");
  bool found = false;
  for (const auto& setting : json["settings"]) {
    if (setting["key"].Scalar() != "connection.password") continue;
    found = true;
    CHECK(setting["value"].Scalar() == "***");
    CHECK(setting["origin"].Scalar() == "environment POSTGRES_PASSWORD");
    CHECK(setting["secret"].Scalar() == "true");
  }
  CHECK(found);
}
