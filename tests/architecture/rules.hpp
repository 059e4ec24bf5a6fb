#pragma once
// Who may know whom in this tree, as data, and the check of sources against it. The list is that of the architecture:
// core/interface <- sdk <- backends/sql <- backends/X, and core/interface <- core <- host <- config <- kit, tools,
// examples. Used by the architecture tests alone. Threads: pure functions.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::architecture {

/// Paths relative to the root of the tree, with the files' texts.
using Sources = std::map<std::string, std::string>;

struct Finding {
  std::string file;
  std::size_t line; ///< from 1
  std::string what;
};

/// All sources below the root in C and C++, but what was built.
[[nodiscard]] Sources read_tree(const std::string& root);

/// Includes that the list forbids: of other areas, of third-party libraries, of files that do not exist.
[[nodiscard]] std::vector<Finding> forbidden_includes(const Sources& sources);
/// Uses of tenon::detail outside of core's own files.
[[nodiscard]] std::vector<Finding> uses_of_internals(const Sources& sources);
/// Looks at the clock on the wall, which somebody may set, in what waits or measures: all of core but the time of day
/// itself, and all backends.
[[nodiscard]] std::vector<Finding> wall_clock_reads(const Sources& sources);
/// Files that are longer than allowed.
[[nodiscard]] std::vector<Finding> long_files(const Sources& sources, std::size_t most_lines);

/// The area that a path belongs to ("core", "backends/sqlite", …); empty if to none.
[[nodiscard]] std::string area_of(std::string_view path);

} // namespace tenon::architecture
