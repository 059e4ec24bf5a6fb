#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "tool_server.hpp"

using namespace tenon::testing;

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

TEST_CASE("ping of a database file that is not there is not attempted, says so and does not create it") {
  const TemporaryFolder folder;
  const auto file = folder.write(
      "storage.yaml", "version: 1\nprofiles: { dev: { backend: sqlite, connection: { database: ./dev.db } } }\n");
  const auto absent = run_tool({"ping", "-c", file});
  CHECK(absent.exit == 3);
  CHECK(has(absent.out, folder / "dev.db" + " - not attempted"));
  CHECK(has(absent.err, "not there yet"));
  CHECK_FALSE(std::filesystem::exists(folder / "dev.db"));
  folder.write("dev.db", "");
  CHECK(run_tool({"ping", "-c", file}).exit == 0);
  CHECK(run_tool({"ping", "-c", file}, {.environment = {{"TENON__CONNECTION__DATABASE", ":memory:"}}}).exit == 0);
}
