#pragma once
// From configuration to an open store: reads the profile, loads its plugin, opens the backend.
// Called by applications. Threads: any.

#include <string>

#include <tenon/config/load.hpp>
#include <tenon/core/store.hpp>

namespace tenon {

/// Opens the file's default profile. Connects to nothing yet.
/// Errors: ConfigError with file, line and column; PluginError that names every place searched.
[[nodiscard]] TENON_VISIBLE Store open(const std::string& file);
[[nodiscard]] TENON_VISIBLE Store open(const std::string& file, const std::string& profile);

/// What the environment says and nothing else: the file that TENON_CONFIG names, or without it POSTGRES_* and TENON__…
[[nodiscard]] TENON_VISIBLE Store open_from_environment();

/// The general form: other sources, overrides by hand.
[[nodiscard]] TENON_VISIBLE Store open(const config::Sources& sources);
/// A profile that is loaded already.
[[nodiscard]] TENON_VISIBLE Store open(const config::Profile& profile);

} // namespace tenon
