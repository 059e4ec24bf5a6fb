#pragma once
// A PostgreSQL server for the cases of the `tenon` command; none of them changes what another one sees.
// Threads: Catch2 runs cases one by one.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <tenon/testing/postgres_server.hpp>

#include "tool.hpp"

namespace tenon::testing {

inline PostgresServer& server() {
  static PostgresServer shared = PostgresServer::start();
  return shared;
}

inline std::map<std::string, std::string> environment_of(const PostgresServer& of) {
  std::map<std::string, std::string> variables;
  for (const auto& [name, value] : of.environment())
    variables[name] = value;
  return variables;
}

/// Runs in a folder without storage.yaml, with the server named by POSTGRES_* alone.
inline ProgramResult run_with(const std::vector<std::string>& arguments, std::map<std::string, std::string> variables) {
  const TemporaryFolder folder;
  return run_tool(arguments, {.environment = std::move(variables), .directory = folder.path()});
}

} // namespace tenon::testing
