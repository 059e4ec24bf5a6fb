#include <catch2/catch.hpp>

#include "tool.hpp"

using namespace tenon::testing;

namespace {

/// A profile whose backend is the example plugin, with these plugin settings.
std::string yaml_with(const std::string& plugin) {
  return "version: 1\nprofiles: { only: { backend: memory_map, plugin: { " + plugin + " } } }\n";
}

std::string folder_of(const std::string& file) { return file.substr(0, file.rfind('/')); }

const std::string kDirectories = "directories: [\"" + folder_of(TENON_EXAMPLE_PLUGIN) + "\"]";
const std::string kPath = "path: \"" TENON_EXAMPLE_PLUGIN "\"";

} // namespace

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

TEST_CASE("plugin list and info look where the configuration in use says, whoever names it") {
  const TemporaryFolder folder;
  const auto file = folder.write("storage.yaml", yaml_with(kDirectories));
  for (const ProgramOptions& where : {ProgramOptions{.environment = {{"TENON_CONFIG", file}}},
                                      ProgramOptions{.environment = {}, .directory = folder.path()}}) {
    CHECK(has(run_tool({"plugin", "list"}, where).out, TENON_EXAMPLE_PLUGIN));
    const auto info = run_tool({"plugin", "info", "memory_map"}, where);
    INFO(info.err);
    CHECK(info.exit == 0);
    CHECK(has(info.out, TENON_EXAMPLE_PLUGIN));
  }
}

TEST_CASE("plugin list and info obey variables, without a file too") {
  const TemporaryFolder folder;
  const ProgramOptions variables{
      .environment = {{"TENON__BACKEND", "memory_map"}, {"TENON__PLUGIN__PATH", TENON_EXAMPLE_PLUGIN}},
      .directory = folder.path()};
  CHECK(has(run_tool({"plugin", "list"}, variables).out, TENON_EXAMPLE_PLUGIN));
  CHECK(run_tool({"plugin", "info", "memory_map"}, variables).exit == 0);
}

TEST_CASE("plugin info takes the configured path for the profile's own backend, and searches for another one") {
  const TemporaryFolder folder;
  const auto file = folder.write("storage.yaml", yaml_with(kPath));
  const auto own = run_tool({"plugin", "info", "memory_map", "-c", file});
  INFO(own.err);
  CHECK(own.exit == 0);
  CHECK(has(own.out, "the configured path"));
  const auto other = run_tool({"plugin", "info", "sqlite", "-c", file});
  CHECK(other.exit == 0);
  CHECK(has(other.out, TENON_PLUGINS "/libtenon_sqlite.so"));
}

TEST_CASE("plugin list and info refuse a file whose checksum is not the pinned one") {
  const TemporaryFolder folder;
  const std::string pin = ", sha256: \"" + std::string(64, '0') + "\"";
  for (const std::string& place : {kPath, kDirectories}) {
    const auto file = folder.write("storage.yaml", yaml_with(place + pin));
    const auto list = run_tool({"plugin", "list", "-c", file});
    CHECK(list.exit == 0);
    CHECK(has(list.out, "memory_map     CHECKSUM_MISMATCH"));
    const auto info = run_tool({"plugin", "info", "memory_map", "-c", file});
    CHECK(info.exit == 78);
    CHECK(has(info.err, "[CHECKSUM_MISMATCH]"));
    CHECK(run_tool({"plugin", "info", "sqlite", "-c", file}).exit == 0); // another backend is not pinned
  }
}

TEST_CASE("a broken configuration that nobody named is a warning to plugin list, a named one an error") {
  const TemporaryFolder folder;
  const auto file = folder.write("storage.yaml", yaml_with("pth: x"));
  const auto found = run_tool({"plugin", "list"}, {.directory = folder.path()});
  CHECK(found.exit == 0);
  CHECK(has(found.out, TENON_PLUGINS));
  CHECK(has(found.err, "warning: only the usual places are searched"));
  CHECK(has(found.err, "\"path\""));
  CHECK(run_tool({"plugin", "list", "-c", file}).exit == 78);
}

TEST_CASE("without a configuration the usual places are searched, and nothing is said of it") {
  const TemporaryFolder folder;
  const auto result = run_tool({"plugin", "list"}, {.directory = folder.path()});
  CHECK(result.exit == 0);
  CHECK(has(result.out, TENON_PLUGINS));
  CHECK(result.err == "");
}
