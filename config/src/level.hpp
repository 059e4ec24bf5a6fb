#pragma once
// One source of settings as a flat list: the overrides, the TENON__ variables, one profile of the file, POSTGRES_*.
// resolve() merges levels. Threads: values.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <tenon/config/environment.hpp>
#include <tenon/config/option_table.hpp>

#include "document.hpp"
#include "findings.hpp"

namespace tenon::config {

/// One key as its source wrote it.
struct Entry {
  std::string key;                     ///< within the profile: "pool.size"
  std::vector<std::string> texts = {}; ///< one, or the items of a list
  bool is_list = false;                ///< `texts` are items already; otherwise a list is split at commas
  Place at = {};                       ///< of the value, for problems
  std::string path = {};               ///< the key as problems name it: "profiles.prod.pool.size"
  std::string origin = {};             ///< as Setting::origin
  bool of_uri = false;                 ///< part of a URI: weaker than its neighbours, never repeated in a message
};

struct Level {
  enum class Kind { overrides, environment, file, postgres };
  Kind kind = Kind::file;
  std::vector<Entry> entries;

  [[nodiscard]] const Entry* find(std::string_view key) const;
};

/// Which parts of a profile flatten() reads.
enum class ProfileParts {
  all,
  shared, ///< without `connection` and `plugin`, which belong to another backend than the one in use
};

/// Flattens a profile of the file, and checks every key, every form, and every value that holds no variable.
[[nodiscard]] Level file_level(const Node& profile, BackendSet backend, ProfileParts parts, Findings& findings);

/// From TENON__POOL__SIZE and its like.
[[nodiscard]] Level environment_level(const Environment& environment, BackendSet backend, Findings& findings);

[[nodiscard]] Level override_level(const std::vector<std::pair<std::string, std::string>>& overrides,
                                   BackendSet backend, Findings& findings);

/// From POSTGRES_*; empty variables count as not set.
[[nodiscard]] Level postgres_level(const Environment& environment);

/// Whether the environment has any POSTGRES_* variable of the table.
[[nodiscard]] bool has_postgres_variables(const Environment& environment);

} // namespace tenon::config
