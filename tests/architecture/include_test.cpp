// The tree follows its list of who may know whom; and the check finds what breaks it, so that it cannot pass by being
// blind.

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "rules.hpp"

namespace tenon::architecture {
namespace {

constexpr std::size_t kMostLines = 600;

const Sources& tree() {
  static const Sources sources = read_tree(TENON_SOURCE_ROOT);
  return sources;
}

std::string report(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings)
    text += finding.file + ":" + std::to_string(finding.line) + ": " + finding.what + "\n";
  return text;
}

TEST_CASE("includes: the tree follows the list") { CHECK(report(forbidden_includes(tree())) == std::string()); }

TEST_CASE("includes: the whole tree is looked at") {
  for (const char* file :
       {"core/interface/include/tenon/interface/cell.hpp", "core/src/pool.cpp", "plugins/abi/include/tenon/tenon_abi.h",
        "plugins/host/src/registry.cpp", "config/src/open.cpp", "backends/sqlite/plugin.cpp",
        "backends/postgresql/plugin.cpp", "tests/kit/src/postgres_server.cpp"}) {
    CAPTURE(file);
    CHECK(tree().contains(file));
    CHECK_FALSE(tree().at(file).empty());
  }
}

TEST_CASE("includes: every planted violation is found, at its line") {
  struct Planted {
    const char* file;
    const char* include;
  };
  const std::vector<Planted> planted{
      {"core/interface/include/tenon/interface/cell.hpp", "<tenon/core/store.hpp>"},
      {"core/interface/include/tenon/interface/cell.hpp", "<fmt/format.h>"},
      {"core/interface/include/tenon/interface/cell.hpp", "<unistd.h>"},
      {"core/include/tenon/core/store.hpp", "<tenon/host/registry.hpp>"},
      {"core/include/tenon/core/store.hpp", "<fmt/format.h>"},
      {"core/include/tenon/core/store.hpp", "<boost/json.hpp>"},
      {"core/src/store.cpp", "<tenon/config/load.hpp>"},
      {"core/src/store.cpp", "<libpq-fe.h>"},
      {"core/src/store.cpp", "<boost/asio.hpp>"},
      {"core/src/store.cpp", "\"../../plugins/host/src/library.hpp\""},
      {"core/adpa/src/user.cpp", "<tenon/host/registry.hpp>"},
      {"core/adpa/src/user.cpp", "\"../../src/pool.hpp\""},
      {"plugins/sdk/include/tenon/sdk/plugin.hpp", "<tenon/core/store.hpp>"},
      {"plugins/sdk/include/tenon/sdk/plugin.hpp", "<boost/describe.hpp>"},
      {"plugins/host/src/library.cpp", "<tenon/config/load.hpp>"},
      {"plugins/host/include/tenon/host/registry.hpp", "<boost/dll/shared_library.hpp>"},
      {"config/src/load.cpp", "\"../../backends/sqlite/settings.hpp\""},
      {"config/src/load.cpp", "<sqlite3.h>"},
      {"config/include/tenon/config/load.hpp", "<yaml-cpp/yaml.h>"},
      {"backends/sql/include/tenon/sql/dialect.hpp", "<sqlite3.h>"},
      {"backends/sqlite/session.cpp", "\"../postgresql/session.hpp\""},
      {"backends/sqlite/session.cpp", "<libpq-fe.h>"},
      {"backends/sqlite/session.cpp", "<tenon/core/store.hpp>"},
      {"backends/sqlite/session.cpp", "<tenon/host/registry.hpp>"},
      {"backends/postgresql/session.cpp", "<soci/sqlite3/soci-sqlite3.h>"},
      {"backends/postgresql/session.cpp", "<soci/soci.h>"},
      {"backends/sqlite/session.cpp", "<soci/sqlite3/soci-sqlite3.h>"},
      {"examples/custom_backend/backend.cpp", "<tenon/core/store.hpp>"},
      {"examples/quickstart/main.cpp", "<tenon/testing.hpp>"},
      {"tests/kit/src/memory_store.cpp", "\"../../../core/src/pool.hpp\""},
      {"tools/tenon/main.cpp", "\"../../config/src/document.hpp\""},
      {"config/src/load.cpp", "<tenon/core/no_such_header.hpp>"},
      {"config/src/load.cpp", "\"no_such_header.hpp\""},
  };
  for (const Planted& one : planted) {
    CAPTURE(one.file, one.include);
    Sources changed = tree();
    REQUIRE(changed.contains(one.file));
    changed[one.file] = "// first line\n  #  include " + std::string(one.include) + "\n" + changed[one.file];
    const auto findings = forbidden_includes(changed);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].file == one.file);
    CHECK(findings[0].line == 2);
  }
}

TEST_CASE("includes: what the list allows is allowed") {
  const std::vector<std::pair<std::string, std::string>> allowed{
      {"backends/mariadb/session.cpp", "<tenon/sql/dialect.hpp>"},
      {"backends/mariadb/session.cpp", "<mysql.h>"},
      {"backends/mariadb/session.cpp", "<tenon/sdk/plugin.hpp>"},
      {"config/src/new.cpp", "<tenon/host/registry.hpp>"},
      {"tools/tenon/new.cpp", "<tenon/tenon.hpp>"},
      {"tests/unit/new.cpp", "<sqlite3.h>"},
      {"core/src/new.cpp", "<vector>"},
      {"plugins/host/src/new.cpp", "<dlfcn.h>"}};
  for (const auto& [file, include] : allowed) {
    CAPTURE(file, include);
    Sources changed = tree();
    changed[file] = "#include " + include + "\n";
    CHECK(report(forbidden_includes(changed)) == std::string());
  }
}

TEST_CASE("internals: applications, tools and the kit use core's public names alone") {
  CHECK(report(uses_of_internals(tree())) == std::string());
  Sources changed = tree();
  changed["core/adpa/src/planted.cpp"] = "void f() {\n  tenon::detail::Tree tree;\n}\n";
  REQUIRE(uses_of_internals(changed).size() == 1);
  CHECK(uses_of_internals(changed)[0].line == 2);
}

TEST_CASE("clocks: nothing that waits or measures reads the clock on the wall") {
  CHECK(report(wall_clock_reads(tree())) == std::string());
  REQUIRE(tree().contains("core/src/pool_core.cpp"));
  for (const char* read :
       {"std::chrono::system_clock::now()", "clock_gettime(CLOCK_REALTIME, &now)", "std::time(nullptr)"}) {
    CAPTURE(read);
    Sources changed = tree();
    changed["core/src/pool_core.cpp"] = "// first line\nconst auto now = " + std::string(read) + ";\n";
    REQUIRE(wall_clock_reads(changed).size() == 1);
    CHECK(wall_clock_reads(changed)[0].line == 2);
  }
}

TEST_CASE("length: no file is longer than 600 lines") {
  CHECK(report(long_files(tree(), kMostLines)) == std::string());
  CHECK(long_files({{"core/src/planted.cpp", std::string(kMostLines + 1, '\n')}}, kMostLines).size() == 1);
  CHECK(long_files({{"core/src/planted.cpp", std::string(kMostLines, '\n')}}, kMostLines).empty());
}

} // namespace
} // namespace tenon::architecture
