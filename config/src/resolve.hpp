#pragma once
// Merges the levels of one profile: part by part, strongest first, each value with its origin. Threads: any.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/config/environment.hpp>
#include <tenon/config/option_table.hpp>

#include "findings.hpp"
#include "level.hpp"

namespace tenon::config {

/// A key with the value that won, ready for use: variables replaced, secrets read, paths absolute.
struct Resolved {
  std::string key;
  const OptionSpec* option = nullptr;  ///< null: known to the plugin only
  std::vector<std::string> texts = {}; ///< several for a list
  bool is_list = false;
  std::string origin = {};
  bool secret = false;
  std::string file = {}; ///< that a secret was read from
  Place at = {};         ///< of the value, for problems that show later
  std::string path = {}; ///< the key as problems name it
};

struct ResolveInput {
  BackendSet backend = kOther;
  const Environment& environment;
  std::filesystem::path folder; ///< where relative paths of the file start
};

/// `levels`: strongest first. The result stands in the option table's order, with plugin-only keys in the place of the
/// connection keys; keys that no level sets are not in it, nor are `backend` and `extends`.
[[nodiscard]] std::vector<Resolved> resolve(std::vector<Level> levels, const ResolveInput& input, Findings& findings);

} // namespace tenon::config
