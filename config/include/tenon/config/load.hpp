#pragma once
// Reads storage.yaml and the environment into a Profile. Called by tenon::open, the `tenon` command and tests.
// Order of strength: overrides > TENON__… variables > the file > POSTGRES_* variables > defaults.
// Threads: every function from any thread; they share nothing.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tenon/config/environment.hpp>
#include <tenon/config/problem.hpp>
#include <tenon/config/profile.hpp>
#include <tenon/interface/error.hpp>

namespace tenon::config {

/// Name of the profile when there is no file.
inline constexpr char kEnvironmentProfile[] = "environment";

struct Sources {
  std::optional<std::string> file = {};    ///< else TENON_CONFIG, else ./storage.yaml
  std::optional<std::string> profile = {}; ///< else the file's default_profile, else its only profile
  std::vector<std::pair<std::string, std::string>> overrides = {}; ///< ("pool.size", "20"); lists separated by commas
  Environment environment = {};
  bool use_file = true; ///< false: the environment and `overrides` alone
};

/// Whether there is anything to load from: a file that is named or is there, or a variable or override of Tenon's or
/// PostgreSQL's. Says nothing of whether load() succeeds.
[[nodiscard]] TENON_VISIBLE bool is_configured(const Sources& sources);

/// Returns the selected profile with every source merged.
/// Errors: ConfigError that names the first problem with its place, and how many more there are.
[[nodiscard]] TENON_VISIBLE Profile load(const Sources& sources);

/// Names in the order of the file; only kEnvironmentProfile if there is none.
/// Errors: ConfigError if the file cannot be read or is no configuration.
[[nodiscard]] TENON_VISIBLE std::vector<std::string> profile_names(const Sources& sources);

/// Every problem of the file, over all its profiles, and of the variables that apply to the selected one; sorted by
/// place. Without an error among them load() succeeds for the selected profile.
[[nodiscard]] TENON_VISIBLE std::vector<Problem> check(const Sources& sources);

} // namespace tenon::config
