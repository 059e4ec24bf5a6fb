#include "rules.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace tenon::architecture {
namespace {

namespace fs = std::filesystem;

struct Area {
  std::string_view prefix; ///< of paths; the longest one counts
  std::string_view name;
  std::vector<std::string_view> knows; ///< other areas
};

/// Tests and benchmarks may know everything.
const std::vector<Area>& areas() {
  static const std::vector<Area> all{
      {"core/interface/", "core/interface", {}},
      {"core/adpa/", "core/adpa", {"core", "core/interface"}},
      {"core/", "core", {"core/interface"}},
      {"plugins/abi/", "plugins/abi", {}},
      {"plugins/sdk/", "plugins/sdk", {"plugins/abi", "core/interface"}},
      {"plugins/host/", "plugins/host", {"plugins/sdk", "plugins/abi", "core", "core/interface"}},
      {"config/", "config", {"plugins/host", "core", "core/interface"}},
      {"backends/sql/", "backends/sql", {"plugins/sdk", "core/interface"}},
      {"backends/", "backends/*", {"backends/sql", "plugins/sdk", "core/interface"}},
      {"tests/kit/", "tests/kit", {"config", "plugins/host", "core", "core/interface"}},
      {"tools/", "tools", {"config", "plugins/host", "core", "core/adpa", "core/interface"}},
      {"examples/custom_backend/", "examples/custom_backend", {"plugins/sdk", "core/interface"}},
      {"examples/", "examples", {"config", "core", "core/adpa", "core/interface"}},
  };
  return all;
}

struct Library {
  std::string_view prefix;             ///< of the text between < and >
  std::vector<std::string_view> users; ///< prefixes of paths
};

/// A header that no line names may be included nowhere outside of tests and benchmarks.
const std::vector<Library>& libraries() {
  static const std::vector<Library> all{
      {"boost/assert/source_location.hpp", {"core/include/", "core/src/"}},
      {"boost/container/", {"core/include/", "core/src/"}},
      {"boost/describe/", {"core/include/", "core/adpa/include/", "examples/"}},
      {"boost/mp11/", {"core/include/"}},
      {"boost/uuid/uuid.hpp", {"core/include/"}},
      {"boost/uuid/", {"core/src/"}},
      {"boost/json", {"core/src/", "config/src/", "backends/sqlite/", "tools/tenon/"}},
      {"boost/dll/", {"plugins/host/src/"}},
      {"fmt/", {"core/src/", "core/adpa/src/", "plugins/host/src/", "config/src/", "backends/", "tools/", "examples/"}},
      {"yaml-cpp/", {"config/src/"}},
      {"openssl/", {"plugins/host/src/"}},
      // One file each, because its header for SQLite puts sqlite3.h into a namespace, where native code cannot use it.
      {"soci/soci.h", {"backends/postgresql/link.cpp", "backends/sqlite/connection.cpp", "backends/mariadb/"}},
      {"soci/postgresql/", {"backends/postgresql/link.cpp"}},
      {"soci/sqlite3/", {"backends/sqlite/connection.cpp"}},
      {"soci/mysql/", {"backends/mariadb/"}},
      {"libpq-fe.h", {"backends/postgresql/", "tests/kit/src/"}},
      {"sqlite3.h", {"backends/sqlite/"}},
      {"unicode/", {"backends/sqlite/letters.cpp"}},
      {"mysql.h", {"backends/mariadb/"}},
      {"CLI/", {"tools/", "examples/"}},
      {"spdlog/", {"tools/"}},
      {"nlohmann/", {"tools/"}},
  };
  return all;
}

/// POSIX, Linux and C headers, by where they may stand: never in a header that users compile, but for the ABI's two and
/// the guard against fork(), which no header of the standard library knows.
constexpr std::array<std::string_view, 11> kSystemUsers{
    "core/src/",         "core/interface/include/tenon/interface/fork_guard.hpp",
    "plugins/host/src/", "config/src/",
    "backends/",         "tools/",
    "examples/",         "tests/kit/src/",
    "tests/kit/tools/",  "tests/kit/include/tenon/testing/",
    "plugins/abi/",
};

bool starts_with_one_of(std::string_view path, const auto& prefixes) {
  return std::any_of(std::begin(prefixes), std::end(prefixes),
                     [&](std::string_view one) { return path.starts_with(one); });
}

bool may_know_everything(std::string_view path) {
  return (path.starts_with("tests/") && !path.starts_with("tests/kit/")) || path.starts_with("benchmarks/");
}

struct Include {
  std::size_t line;
  bool quoted;
  std::string name;
};

std::vector<Include> includes_of(const std::string& text) {
  std::vector<Include> found;
  std::istringstream lines(text);
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    std::size_t at = line.find_first_not_of(" \t");
    if (at == std::string::npos || line[at] != '#') continue;
    at = line.find_first_not_of(" \t", at + 1);
    if (at == std::string::npos || line.compare(at, 7, "include") != 0) continue;
    const std::size_t open = line.find_first_of("<\"", at + 7);
    if (open == std::string::npos) continue; // a macro
    const std::size_t close = line.find(line[open] == '<' ? '>' : '"', open + 1);
    found.push_back({number, line[open] == '"', line.substr(open + 1, close - open - 1)});
  }
  return found;
}

/// The file that <tenon/…> means: the one that some area's include folder holds.
std::optional<std::string> public_header(const Sources& sources, const std::string& name) {
  const std::string tail = "/include/" + name;
  for (const auto& [path, text] : sources) {
    if (path.ends_with(tail)) return path;
  }
  return std::nullopt;
}

/// What is wrong with the include, or nothing.
std::string verdict_on_own(const std::string& from, const std::string& target) {
  const std::string here = area_of(from);
  const std::string there = area_of(target);
  if (here == there) return {};
  if (there.starts_with("tests/")) return "the test kit is for tests";
  for (const Area& area : areas()) {
    const bool backend = here.starts_with("backends/") && here != "backends/sql" && area.name == "backends/*";
    if (area.name != here && !backend) continue;
    if (std::find(area.knows.begin(), area.knows.end(), there) != area.knows.end()) {
      return target.find("/include/") == std::string::npos ? "an internal header of " + there : std::string();
    }
  }
  return here + " may not know " + there;
}

std::string verdict_on_foreign(const std::string& from, const std::string& name) {
  const Library* longest = nullptr;
  for (const Library& library : libraries()) {
    if (!name.starts_with(library.prefix)) continue;
    if (longest == nullptr || library.prefix.size() > longest->prefix.size()) longest = &library;
  }
  if (longest != nullptr) {
    return starts_with_one_of(from, longest->users) ? std::string() : area_of(from) + " may not use this library here";
  }
  const bool standard = name.find('.') == std::string::npos && name.find('/') == std::string::npos;
  if (standard) return {};
  if (name.starts_with("boost/") || name.ends_with(".hpp")) return "a library that the architecture does not name";
  return starts_with_one_of(from, kSystemUsers) ? std::string()
                                                : "a system header where only the standard library may stand";
}

} // namespace

std::string area_of(std::string_view path) {
  const Area* longest = nullptr;
  for (const Area& area : areas()) {
    if (path.starts_with(area.prefix) && (longest == nullptr || area.prefix.size() > longest->prefix.size()))
      longest = &area;
  }
  if (longest == nullptr) return {};
  if (longest->name != "backends/*") return std::string(longest->name);
  return std::string(path.substr(0, path.find('/', longest->prefix.size())));
}

Sources read_tree(const std::string& root) {
  Sources sources;
  for (const char* folder : {"core", "plugins", "config", "backends", "tools", "examples", "tests", "benchmarks"}) {
    if (!fs::is_directory(fs::path(root) / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(root) / folder)) {
      const auto kind = entry.path().extension();
      if (kind != ".hpp" && kind != ".cpp" && kind != ".h" && kind != ".c") continue;
      const std::string path = fs::relative(entry.path(), root).generic_string();
      if (path.find("/build/") != std::string::npos) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      sources[path] = std::string(std::istreambuf_iterator<char>(file), {});
    }
  }
  return sources;
}

std::vector<Finding> forbidden_includes(const Sources& sources) {
  std::vector<Finding> findings;
  for (const auto& [path, text] : sources) {
    if (may_know_everything(path)) continue;
    for (const Include& include : includes_of(text)) {
      std::string wrong;
      if (include.quoted) {
        const std::string target = (fs::path(path).parent_path() / include.name).lexically_normal().generic_string();
        wrong = sources.contains(target) ? verdict_on_own(path, target) : "not beside this file: use <…>";
      } else if (include.name.starts_with("tenon/")) {
        const auto target = public_header(sources, include.name);
        wrong = target ? verdict_on_own(path, *target) : "there is no such header";
      } else {
        wrong = verdict_on_foreign(path, include.name);
      }
      if (!wrong.empty()) findings.push_back({path, include.line, include.name + ": " + wrong});
    }
  }
  return findings;
}

std::vector<Finding> uses_of_internals(const Sources& sources) {
  std::vector<Finding> findings;
  for (const auto& [path, text] : sources) {
    const std::string area = area_of(path);
    if (area != "core/adpa" && !area.starts_with("examples") && area != "tools" && area != "tests/kit") continue;
    std::istringstream lines(text);
    std::string line;
    for (std::size_t number = 1; std::getline(lines, line); ++number) {
      if (line.find("tenon::detail") != std::string::npos || line.find(" detail::") != std::string::npos) {
        findings.push_back({path, number, "uses what is internal to core"});
      }
    }
  }
  return findings;
}

std::vector<Finding> wall_clock_reads(const Sources& sources) {
  constexpr std::array<std::string_view, 7> kReads{
      "system_clock::now", "high_resolution_clock", "gettimeofday",          "CLOCK_REALTIME",
      "std::time(",        "::time(nullptr)",       "pthread_cond_timedwait"};
  std::vector<Finding> findings;
  for (const auto& [path, text] : sources) {
    const bool waits = path.starts_with("core/") || path.starts_with("backends/") || path.starts_with("plugins/");
    if (!waits || path == "core/src/types.cpp") continue; // now(), for created_at and its like
    std::istringstream lines(text);
    std::string line;
    for (std::size_t number = 1; std::getline(lines, line); ++number) {
      const auto read = std::find_if(kReads.begin(), kReads.end(),
                                     [&](std::string_view one) { return line.find(one) != std::string::npos; });
      if (read != kReads.end()) findings.push_back({path, number, std::string(*read)});
    }
  }
  return findings;
}

std::vector<Finding> long_files(const Sources& sources, std::size_t most_lines) {
  std::vector<Finding> findings;
  for (const auto& [path, text] : sources) {
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (lines > most_lines) findings.push_back({path, lines, "too long"});
  }
  return findings;
}

} // namespace tenon::architecture
