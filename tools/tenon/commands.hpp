#pragma once
// The verbs of the `tenon` command. Each prints its result and returns the exit code; errors are thrown to main().

#include <chrono>
#include <string>

#include "output.hpp"

namespace tenon::tool {

/// Checks the whole file: every profile, every problem. 0, or 78 if there is an error.
int config_check(const Common& common);
/// Prints each value of the profile with its origin; secrets as ***.
int config_show(const Common& common);
/// Prints the JSON Schema of storage.yaml.
int config_schema();

/// Prints what lies in the places of search, read without running any plugin's code.
int plugin_list(const Common& common);
/// Loads one plugin, named by id or by path, and prints what it says of itself.
int plugin_info(const Common& common, const std::string& plugin);

/// As pg_isready: 0 accepting, 1 rejecting, 2 no response, 3 not attempted.
int ping(const Common& common, std::chrono::milliseconds timeout);

/// Looks at file, plugin, server and schema in turn and says, for each that is wrong, what to do next.
int doctor(const Common& common);

} // namespace tenon::tool
