#pragma once
// Looking for plugins in the places that are allowed. Used by load_plugin and list_plugins.
// Threads: reads the environment and the file system; from any thread.

#include <string>
#include <vector>

#include "refusal.hpp"

namespace tenon::host {

inline constexpr const char* kConfiguredPath = "the configured path";

/// The first file that matches, whether or not it is any good: a match ends the search.
[[nodiscard]] Search find_plugin(const PluginRequest& request);

/// Paths of the files in a directory that are named like plugins, sorted by name; empty if it cannot be read.
[[nodiscard]] std::vector<std::string> plugin_files(const std::string& directory);

/// The ids that the places offer, sorted, each once.
[[nodiscard]] std::vector<std::string> available_ids(const PluginRequest& request);

} // namespace tenon::host
