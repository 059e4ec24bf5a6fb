#pragma once
// Starts the `tenon` command with an environment that holds nothing of the caller's configuration.

#include <string>
#include <vector>

#include <tenon/testing/program.hpp>

namespace tenon::testing {

inline ProgramResult run_tool(std::vector<std::string> arguments, ProgramOptions options = {}) {
  arguments.insert(arguments.begin(), TENON_COMMAND);
  for (const char* name : {"TENON_CONFIG", "TENON_PROFILE", "TENON_PLUGIN_PATH", "POSTGRES_HOST", "POSTGRES_PORT",
                           "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DATABASE", "POSTGRES_URI"}) {
    options.environment.try_emplace(name, "");
  }
  options.environment.try_emplace("NO_COLOR", "1");
  return run_program(arguments, options);
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace tenon::testing
