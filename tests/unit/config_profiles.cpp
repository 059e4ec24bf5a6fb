// Choosing a profile, inheriting from another one, and replacing variables.

#include <catch2/catch.hpp>

#include "config_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using config_test::connection;
using config_test::error_of;
using config_test::Folder;
using config_test::kNoError;
using config_test::load_yaml;
using config_test::shown;
using tenon::config::load;

namespace {

const std::string kTwo = "default_profile: ${TENON_PROFILE:-dev}\n"
                         "profiles:\n"
                         "  dev: { backend: sqlite, connection: { database: dev.db } }\n"
                         "  prod: { backend: postgresql, connection: { host: \"${DB_HOST:?ask the operator}\" } }\n";

std::string user(const std::string& yaml_text, config_test::Variables variables = {}) {
  return connection(load_yaml("profiles: { p: { backend: postgresql, connection: { user: " + yaml_text + " } } }\n",
                              std::move(variables)),
                    "user");
}

std::string user_error(const std::string& yaml_text, config_test::Variables variables = {}) {
  return error_of("profiles: { p: { backend: postgresql, connection: { user: " + yaml_text + " } } }\n",
                  std::move(variables));
}

} // namespace

TEST_CASE("the profile is the named one, else default_profile, else the only one", "[config][profiles]") {
  const Folder folder(kTwo);
  CHECK(load(folder.sources()).name == "dev");
  CHECK(load(folder.sources({{"TENON_PROFILE", "prod"}, {"DB_HOST", "h"}})).name == "prod");
  auto named = folder.sources({{"TENON_PROFILE", "prod"}});
  named.profile = "dev";
  CHECK(load(named).name == "dev");
  CHECK(load_yaml("profiles: { only: { backend: postgresql } }\n").name == "only");
  CHECK(tenon::config::profile_names(folder.sources()) == std::vector<std::string>{"dev", "prod"});
}

TEST_CASE("a profile that is not there", "[config][profiles]") {
  CHECK(error_of(kTwo, {{"TENON_PROFILE", "prdo"}}) ==
        "storage.yaml:1:18: default_profile: there is no profile \"prdo\"\n  hint: did you mean \"prod\"? the file has "
        "dev, prod");
  const Folder folder(kTwo);
  auto named = folder.sources();
  named.profile = "def";
  CHECK_THAT(error_of(named, folder),
             StartsWith("storage.yaml: there is no profile \"def\"\n  hint: did you mean \"dev\"?"));
}

TEST_CASE("several profiles and no default are an error", "[config][profiles]") {
  CHECK_THAT(error_of("profiles: { a: { backend: postgresql }, b: { backend: postgresql } }\n"),
             StartsWith("storage.yaml: no profile is named") && Contains("name one of a, b"));
}

TEST_CASE("a variable that another profile needs does not matter", "[config][profiles]") {
  CHECK(error_of(kTwo) == kNoError);
}

TEST_CASE("an unset variable of the selected profile is an error with its message", "[config][profiles]") {
  CHECK(error_of(kTwo, {{"TENON_PROFILE", "prod"}}) == "storage.yaml:4:52: profiles.prod.connection.host: variable "
                                                       "DB_HOST is not set: ask the operator\n  hint: set DB_HOST "
                                                       "in the environment");
}

TEST_CASE("a child decides over its parent, key by key", "[config][profiles]") {
  const auto p =
      load_yaml("default_profile: c\nprofiles:\n"
                "  a: { backend: postgresql, connection: { host: a, user: a }, pool: { size: 1, max_overflow: 1 } }\n"
                "  b: { extends: a, connection: { user: b }, pool: { size: 2 } }\n"
                "  c: { extends: b, pool: { timeout: 1s } }\n");
  CHECK(connection(p, "host") == "a");
  CHECK(connection(p, "user") == "b");
  CHECK(p.store.pool.size == 2);
  CHECK(p.store.pool.max_overflow == 1);
  CHECK(shown(p, "backend") == "postgresql <- storage.yaml:3:8");
  CHECK(shown(p, "pool.size") == "2 <- storage.yaml:4:53");
}

TEST_CASE("a child's URI takes the place of its parent's and overrides its keys", "[config][profiles]") {
  const auto p =
      load_yaml("default_profile: b\nprofiles:\n"
                "  a: { backend: postgresql, connection: { uri: \"postgresql://u@a:7/d\", host: k, database: k } }\n"
                "  b: { extends: a, connection: { uri: \"postgresql://b\" } }\n");
  CHECK(connection(p, "host") == "b");
  CHECK(connection(p, "database") == "k");
  CHECK(connection(p, "user") == "(absent)");
  CHECK(connection(p, "port") == "(absent)");
}

TEST_CASE("an overridden value is not replaced, so its variable may be unset", "[config][profiles]") {
  const auto p = load_yaml("default_profile: b\nprofiles:\n"
                           "  a: { backend: postgresql, connection: { host: \"${NOT_SET}\" } }\n"
                           "  b: { extends: a, connection: { host: b } }\n");
  CHECK(connection(p, "host") == "b");
}

TEST_CASE("a child's password_file displaces its parent's password", "[config][profiles]") {
  const Folder folder(
      "default_profile: b\nprofiles:\n  a: { backend: postgresql, connection: { password: of-parent } }\n"
      "  b: { extends: a, connection: { password_file: secret } }\n");
  folder.write("secret", "of-child\n");
  CHECK(connection(load(folder.sources()), "password") == "of-child");
}

TEST_CASE("a child with another backend takes over what is not the backend's", "[config][profiles]") {
  const auto p =
      load_yaml("default_profile: b\nprofiles:\n"
                "  a: { backend: postgresql, connection: { host: a }, plugin: { path: /a.so }, pool: { size: 2 } }\n"
                "  b: { extends: a, backend: sqlite, connection: { database: \":memory:\" } }\n");
  CHECK(connection(p, "host") == "(absent)");
  CHECK(p.plugin.path.empty());
  CHECK(p.store.pool.size == 2);
}

TEST_CASE("a parent may leave the backend to its children", "[config][profiles]") {
  const std::string yaml = "default_profile: b\nprofiles:\n  base: { connection: { user: u }, pool: { size: 2 } }\n"
                           "  b: { extends: base, backend: postgresql }\n";
  const auto p = load_yaml(yaml);
  CHECK(connection(p, "user") == "u");
  CHECK(p.store.pool.size == 2);
  CHECK_THAT(error_of("default_profile: b\nprofiles:\n  base: { connection: { usr: u } }\n  b: { extends: base, "
                      "backend: postgresql }\n"),
             StartsWith("storage.yaml:3:25: profiles.base.connection.usr: unknown key"));
}

TEST_CASE("a parent that is not there, or is the child itself", "[config][profiles]") {
  CHECK_THAT(
      error_of("profiles:\n  prod: { backend: postgresql }\n  ci: { extends: prd }\ndefault_profile: ci\n"),
      StartsWith(
          "storage.yaml:3:18: profiles.ci.extends: there is no profile \"prd\"\n  hint: did you mean \"prod\"?"));
  CHECK_THAT(error_of("profiles: { a: { extends: a } }\n"),
             StartsWith("storage.yaml:1:27: profiles.a.extends: the profile extends itself: a -> a"));
  CHECK_THAT(error_of("default_profile: a\nprofiles:\n  a: { extends: b }\n  b: { extends: c }\n  c: { extends: a }\n"),
             StartsWith("storage.yaml:3:17: profiles.a.extends: the profile extends itself: b -> c -> a -> b"));
}

TEST_CASE("forms of variables", "[config][interpolation]") {
  CHECK(user("\"${V}\"", {{"V", "x"}}) == "x");
  CHECK(user("\"a${V}b${W}\"", {{"V", "1"}, {"W", "2"}}) == "a1b2");
  CHECK(user("\"${V:-d}\"") == "d");
  CHECK(user("\"${V:-d}\"", {{"V", ""}}) == "d");
  CHECK(user("\"${V:-d}\"", {{"V", "x"}}) == "x");
  CHECK(user("\"${V:?needed}\"", {{"V", "x"}}) == "x");
  CHECK(user("\"x${V}\"", {{"V", ""}}) == "x");
  CHECK(user("\"${V:-a:b-c?}\"") == "a:b-c?");
}

TEST_CASE("two dollars are one", "[config][interpolation]") {
  CHECK(user("a$$b") == "a$b");
  CHECK(user("\"$${V}\"") == "${V}");
  CHECK(user("\"$$$$\"") == "$$");
}

TEST_CASE("what a variable holds is not looked at again", "[config][interpolation]") {
  CHECK(user("\"${V}\"", {{"V", "${W} $ $$"}, {"W", "x"}}) == "${W} $ $$");
}

TEST_CASE("variables that are missing", "[config][interpolation]") {
  CHECK(user_error("\"${V}\"") == "storage.yaml:1:59: profiles.p.connection.user: variable V is not set\n  hint: set V "
                                  "in the environment, or give a "
                                  "default: \"${V:-…}\"");
  CHECK_THAT(user_error("\"${V:?}\""), Contains("variable V is not set\n"));
  CHECK_THAT(user_error("\"${V:?tell me}\""), Contains("variable V is not set: tell me"));
  CHECK_THAT(user_error("\"${V:?tell me}\"", {{"V", ""}}), Contains("variable V is empty: tell me"));
  CHECK_THAT(user_error("\"${V}\"", {{"V", ""}}), Contains("connection.user: it is empty"));
}

TEST_CASE("malformed variables", "[config][interpolation]") {
  for (const char* text : {"\"$\"", "\"a$\"", "\"$V\"", "\"5$ \""})
    CHECK_THAT(user_error(text), Contains(": a single $\n"));
  CHECK_THAT(user_error("\"${V\""), Contains("${ without its }"));
  for (const char* text : {"\"${}\"", "\"${ V}\"", "\"${1V}\"", "\"${V-d}\"", "\"${:-d}\""}) {
    CHECK_THAT(user_error(text), Contains("without the name of a variable"));
  }
  for (const char* text : {"\"${V:}\"", "\"${V:+d}\"", "\"${V:=d}\""})
    CHECK_THAT(user_error(text), Contains("unknown form of ${V:…}"));
  CHECK_THAT(user_error("\"${V:-${W}}\""), Contains("another ${ within ${V:…}"));
}

TEST_CASE("malformed variables are found in every profile", "[config][interpolation]") {
  CHECK_THAT(error_of("default_profile: a\nprofiles:\n  a: { backend: postgresql }\n  b: { backend: postgresql, pool: "
                      "{ size: \"${1}\" } }\n"),
             StartsWith("storage.yaml:4:43: "));
}

TEST_CASE("a replaced value is checked like any other, and not repeated", "[config][interpolation]") {
  const std::string yaml = "profiles: { p: { backend: postgresql, pool: { size: \"${SIZE}\" } } }\n";
  CHECK(load_yaml(yaml, {{"SIZE", "7"}}).store.pool.size == 7);
  CHECK(error_of(yaml, {{"SIZE", "hunter2"}}) == "storage.yaml:1:53: profiles.p.pool.size: its value is not a whole "
                                                 "number\n  hint: decimal digits only, 1 to 10000");
  CHECK_THAT(error_of(yaml, {{"SIZE", "007"}}), !Contains("007"));
  CHECK_THAT(error_of("profiles: { p: { backend: postgresql, connection: { tls: { mode: \"${MODE}\" } } } }\n",
                      {{"MODE", "requird"}}),
             Contains("its value is not one of its values") && !Contains("did you mean"));
}

TEST_CASE("keys are not replaced", "[config][interpolation]") {
  CHECK_THAT(error_of("profiles: { p: { backend: postgresql, \"${K}\": { size: 1 } } }\n", {{"K", "pool"}}),
             Contains("profiles.p.${K}: unknown key"));
}

TEST_CASE("check finds the problems of all profiles", "[config][check]") {
  const Folder folder("default_profile: a\nprofiles:\n"
                      "  a: { backend: postgresql, pool: { size: x } }\n"
                      "  b: { backend: sqlite, connection: { databse: d } }\n"
                      "  c: { extends: a, log: { statements: no } }\n");
  const auto problems = tenon::config::check(folder.sources());
  REQUIRE(problems.size() == 3); // that of a is not repeated for c
  CHECK(problems[0].line == 3);
  CHECK(problems[0].column == 43);
  CHECK(problems[0].key == "profiles.a.pool.size");
  CHECK(problems[1].line == 4);
  CHECK(problems[1].suggestion == "database");
  CHECK(problems[1].file == folder.file());
  CHECK(problems[2].line == 5);
  CHECK(problems[2].severity == tenon::config::Severity::error);
}

TEST_CASE("check warns of what only this machine lacks for other profiles", "[config][check]") {
  const Folder folder(kTwo);
  const auto problems = tenon::config::check(folder.sources());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].severity == tenon::config::Severity::warning);
  CHECK(problems[0].line == 4);
  CHECK_THAT(to_text(problems[0]),
             StartsWith("warning: ") && Contains("DB_HOST is not set") && Contains("\n  hint: set DB_HOST"));
  const auto selected = tenon::config::check(folder.sources({{"TENON_PROFILE", "prod"}}));
  REQUIRE(selected.size() == 1);
  CHECK(selected[0].severity == tenon::config::Severity::error);
}

TEST_CASE("check includes the variables that apply to the selected profile", "[config][check]") {
  const Folder folder(kTwo);
  const auto problems =
      tenon::config::check(folder.sources({{"DB_HOST", "h"}, {"TENON__POOL__SIZE", "x"}, {"TENON__A", "b"}}));
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].line == 0);
  CHECK(problems[0].file == "environment TENON__A");
  CHECK(problems[1].file == "environment TENON__POOL__SIZE");
}

TEST_CASE("check of a good file is empty", "[config][check]") {
  CHECK(tenon::config::check(Folder(kTwo).sources({{"DB_HOST", "h"}})).empty());
}
