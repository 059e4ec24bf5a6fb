#pragma once
// Ids of backends and names of plugin files. Used by the search and by messages. Threads: pure functions.

#include <string>
#include <string_view>
#include <vector>

namespace tenon::host {

/// [a-z][a-z0-9_]*, so that an id can never lead out of a directory.
[[nodiscard]] bool is_backend_id(std::string_view id) noexcept;

/// "libtenon_<id>.so"
[[nodiscard]] std::string plugin_file_name(std::string_view id);

/// The id in a plugin's file name, or an empty view if it is none.
[[nodiscard]] std::string_view id_of_file_name(std::string_view file_name) noexcept;

/// The id that was probably meant: a prefix, or within a third of its letters; empty if none is that close.
[[nodiscard]] std::string nearest_id(std::string_view wanted, const std::vector<std::string>& ids);

} // namespace tenon::host
