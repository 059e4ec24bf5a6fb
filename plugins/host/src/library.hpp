#pragma once
// Maps a plugin into the process and asks it for its table. From here on the plugin's code runs.
// Used by the registry, under its mutex. Threads: one at a time.

#include <string>

#include <tenon/tenon_abi.h>

namespace tenon::host {

/// Requires a canonical absolute path. The library stays mapped until the process ends, even if this fails.
/// An exception out of a plugin's static initialiser ends the process: the dynamic linker lets none through.
/// Errors: Refusal missing_dependency, load_failed, entry_failed, broken_contract.
[[nodiscard]] const tenon_backend_v1& load_library(const std::string& path);

/// What every plugin is given.
[[nodiscard]] const tenon_host& host_services() noexcept;

} // namespace tenon::host
