#include <map>
#include <string>

#include <catch2/catch.hpp>

#include <tenon/testing/postgres_server.hpp>

#include "tool.hpp"

using namespace tenon::testing;

namespace {

/// One server for this file's cases; none of them changes what another one sees.
PostgresServer& server() {
  static PostgresServer shared = PostgresServer::start();
  return shared;
}

std::map<std::string, std::string> environment_of(const PostgresServer& of) {
  std::map<std::string, std::string> variables;
  for (const auto& [name, value] : of.environment())
    variables[name] = value;
  return variables;
}

/// Runs in a folder without storage.yaml, with the server named by POSTGRES_* alone.
ProgramResult run_with(const std::vector<std::string>& arguments, std::map<std::string, std::string> variables) {
  const TemporaryFolder folder;
  return run_tool(arguments, {.environment = std::move(variables), .directory = folder.path()});
}

} // namespace

TEST_CASE("ping of a server that accepts connections exits with 0") {
  const auto result = run_with({"ping"}, environment_of(server()));
  INFO(result.err);
  CHECK(result.exit == 0);
  CHECK(has(result.out, "accepting connections"));
}

TEST_CASE("ping with a wrong password exits with 1 and does not show it") {
  auto variables = environment_of(server());
  variables["POSTGRES_PASSWORD"] = "letmein";
  const auto result = run_with({"ping"}, variables);
  CHECK(result.exit == 1);
  CHECK(has(result.out, "rejecting connections"));
  CHECK_FALSE(has(result.out + result.err, "letmein"));
}

TEST_CASE("ping of a database that is not there exits with 1 and names it") {
  auto variables = environment_of(server());
  variables["POSTGRES_DATABASE"] = "no_such_database";
  const auto result = run_with({"ping", "--json"}, variables);
  CHECK(result.exit == 1);
  CHECK(has(result.out, "no_such_database"));
  CHECK(has(result.out, "3D000"));
}

TEST_CASE("ping where nothing listens exits with 2 and says where") {
  PostgresServer stopped = PostgresServer::start();
  const auto variables = environment_of(stopped);
  stopped.stop(StopMode::immediate);
  const auto result = run_with({"ping"}, variables);
  CHECK(result.exit == 2);
  CHECK(has(result.out, "no response"));
  CHECK(has(result.err, std::to_string(stopped.port())));
  CHECK_FALSE(has(result.err, stopped.password()));
}

TEST_CASE("ping with a broken configuration is not attempted and exits with 3") {
  const TemporaryFolder folder;
  const auto file =
      folder.write("storage.yaml", "version: 1\nprofiles: { dev: { backend: sqlite, pool: { size: many } } }\n");
  const auto result = run_tool({"ping", "-c", file});
  CHECK(result.exit == 3);
  CHECK(has(result.out, "not attempted"));
}

TEST_CASE("doctor finds nothing wrong with a good profile") {
  const TemporaryFolder folder;
  const auto file = folder.write(
      "storage.yaml", "version: 1\nprofiles: { dev: { backend: sqlite, connection: { database: ./dev.db } } }\n");
  const auto result = run_tool({"doctor", "-c", file});
  INFO(result.out << result.err);
  CHECK(result.exit == 0);
  for (const char* part : {"file    ok", "plugin  ok", "server  ok", "schema  note"})
    CHECK(has(result.out, part));
}

TEST_CASE("doctor names the part that is wrong and skips what depends on it") {
  auto variables = environment_of(server());
  variables["POSTGRES_PASSWORD"] = "letmein";
  const auto result = run_with({"doctor"}, variables);
  CHECK(result.exit == 69);
  CHECK(has(result.out, "plugin  ok"));
  CHECK(has(result.out, "server  wrong"));
  CHECK(has(result.out, "next: "));
  CHECK(has(result.out, "schema  skipped"));
  CHECK_FALSE(has(result.out + result.err, "letmein"));
}
