#include <catch2/catch.hpp>

#include "tool.hpp"

using namespace tenon::testing;

namespace {

const char* const kGood = "version: 1\n"
                          "default_profile: dev\n"
                          "profiles:\n"
                          "  dev:\n"
                          "    backend: sqlite\n"
                          "    connection: { database: ./dev.db }\n";

} // namespace

TEST_CASE("config check accepts the sample configuration") {
  const auto result = run_tool({"config", "check", "--config", TENON_SOURCE "/config/storage.yaml"},
                               {.environment = {{"DB_HOST", "db.example.org"}}});
  CHECK(result.exit == 0);
  INFO(result.err);
  CHECK_FALSE(has(result.err, "error"));
}

TEST_CASE("config check names file, line, column and the nearest key of a typo") {
  const TemporaryFolder folder;
  const auto file = folder.write("storage.yaml", std::string(kGood) + "    pool: { siez: 4 }\n");
  const auto result = run_tool({"config", "check", "-c", file});
  CHECK(result.exit == 78);
  CHECK(has(result.err, file + ":7:13: "));
  CHECK(has(result.err, "siez"));
  CHECK(has(result.err, "\"size\""));
}

TEST_CASE("config check --json gives an array to read by programs") {
  const TemporaryFolder folder;
  const auto file = folder.write("storage.yaml", std::string(kGood) + "    pool: { siez: 4 }\n");
  const auto result = run_tool({"config", "check", "--json", "-c", file});
  CHECK(result.exit == 78);
  CHECK(result.out.starts_with("["));
  CHECK(has(result.out, "\"line\": 7"));
}

TEST_CASE("config show prints origins and hides secrets") {
  const TemporaryFolder folder;
  const auto file = folder.write("storage.yaml", "version: 1\n"
                                                 "profiles:\n"
                                                 "  pg:\n"
                                                 "    backend: postgresql\n"
                                                 "    connection:\n"
                                                 "      uri: postgresql://app:hunter2@db.example.org/analytics\n");
  const auto result = run_tool({"config", "show", "-c", file}, {.environment = {{"TENON__POOL__SIZE", "7"}}});
  CHECK(result.exit == 0);
  CHECK(has(result.out, "environment TENON__POOL__SIZE"));
  CHECK(has(result.out, "***"));
  CHECK_FALSE(has(result.out + result.err, "hunter2"));
}

TEST_CASE("config schema prints the committed schema") {
  const auto result = run_tool({"config", "schema"});
  CHECK(result.exit == 0);
  CHECK(result.out == read_file(TENON_SOURCE "/config/storage.schema.json"));
}

TEST_CASE("a missing configuration says what was looked for") {
  const TemporaryFolder folder;
  const auto result = run_tool({"config", "show"}, {.directory = folder.path()});
  CHECK(result.exit == 78);
  CHECK(has(result.err, "storage.yaml"));
  CHECK(has(result.err, "POSTGRES_"));
}

TEST_CASE("a mistyped verb exits with 64 and suggests the right one") {
  const auto top = run_tool({"pnig"});
  CHECK(top.exit == 64);
  CHECK(has(top.err, "did you mean \"ping\"?"));
  const auto nested = run_tool({"config", "shwo"});
  CHECK(nested.exit == 64);
  CHECK(has(nested.err, "did you mean \"show\"?"));
}

TEST_CASE("help goes to stdout and exits with 0") {
  const auto result = run_tool({"--help"});
  CHECK(result.exit == 0);
  CHECK(has(result.out, "doctor"));
  CHECK(result.err.empty());
}

TEST_CASE("a word that is no verb is named; the value of an option is none") {
  const auto unknown = run_tool({"--profile", "dev", "xyzzy"});
  CHECK(unknown.exit == 64);
  CHECK(has(unknown.err, "\"xyzzy\" is not a verb"));
  CHECK_FALSE(has(unknown.err, "did you mean"));
  const auto missing = run_tool({"config"});
  CHECK(missing.exit == 64);
  CHECK_FALSE(has(missing.err, "is not a verb"));
}

TEST_CASE("a mistyped option is named, with the nearest one, before the verb and behind it") {
  const auto before = run_tool({"--profil", "prod", "ping"});
  CHECK(before.exit == 64);
  CHECK(has(before.err, "\"--profil\" is not an option"));
  CHECK(has(before.err, "did you mean \"--profile\"?"));
  CHECK_FALSE(has(before.err, "verb"));
  const auto behind = run_tool({"-v", "ping", "--tiemout=5"});
  CHECK(behind.exit == 64);
  CHECK(has(behind.err, "did you mean \"--timeout\"?"));
  const auto cluster = run_tool({"-vx", "ping"});
  CHECK(cluster.exit == 64);
  CHECK(has(cluster.err, "\"-x\" is not an option"));
  CHECK_FALSE(has(cluster.err, "did you mean"));
}

TEST_CASE("an option of a verb that stands before it is told where it belongs") {
  const auto result = run_tool({"-t", "5", "ping"});
  CHECK(result.exit == 64);
  CHECK(has(result.err, "\"-t\" is an option of ping and stands behind it"));
}

TEST_CASE("values of options are no verbs, however they are written") {
  for (const char* option : {"--profile=dev", "-pdev", "-vpdev"}) {
    const auto result = run_tool({option, "xyzzy"});
    CHECK(result.exit == 64);
    CHECK(has(result.err, "\"xyzzy\" is not a verb"));
  }
}
