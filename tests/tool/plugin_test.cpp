#include <catch2/catch.hpp>

#include "tool.hpp"

using namespace tenon::testing;

TEST_CASE("plugin list shows the first-party plugins without loading them") {
  const auto result = run_tool({"plugin", "list"});
  CHECK(result.exit == 0);
  CHECK(has(result.out, "sqlite"));
  CHECK(has(result.out, "postgresql"));
  CHECK(has(result.out, TENON_PLUGINS));
}

TEST_CASE("plugin list says why a file in a place of search is no plugin") {
  const TemporaryFolder folder;
  folder.write("libtenon_broken.so", "not a library");
  const auto result = run_tool({"plugin", "list"}, {.environment = {{"TENON_PLUGIN_PATH", folder.path().string()}}});
  CHECK(result.exit == 0);
  CHECK(has(result.out, "NOT_A_PLUGIN"));
}

TEST_CASE("plugin info takes an id or a path") {
  for (const std::string& plugin : {std::string("sqlite"), std::string(TENON_PLUGINS "/libtenon_sqlite.so")}) {
    const auto result = run_tool({"plugin", "info", plugin, "--json"});
    CHECK(result.exit == 0);
    CHECK(has(result.out, "\"id\":\"sqlite\""));
    CHECK(has(result.out, "\"transactions\""));
  }
}

TEST_CASE("plugin info of an unknown id names the places searched and the nearest id") {
  const auto result = run_tool({"plugin", "info", "sqlit"});
  CHECK(result.exit == 78);
  CHECK(has(result.err, "cannot load backend \"sqlit\" [NOT_FOUND]"));
  CHECK(has(result.err, TENON_PLUGINS));
  CHECK(has(result.err, "sqlite"));
}

TEST_CASE("plugin info of a broken file exits with 78 and names it") {
  const TemporaryFolder folder;
  const auto file = folder.write("libtenon_broken.so", "not a library");
  const auto result = run_tool({"plugin", "info", file});
  CHECK(result.exit == 78);
  CHECK(has(result.err, "[NOT_A_PLUGIN]"));
  CHECK(has(result.err, file));
}
