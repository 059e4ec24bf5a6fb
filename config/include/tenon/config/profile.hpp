#pragma once
// One profile, ready to open: every source merged, secrets read, each value with its origin. Made by load(), used by
// tenon::open and `tenon config show`.
// Threads: values. `connection` holds secrets; `settings` and the two renderings never do.

#include <string>
#include <utility>
#include <vector>

#include <tenon/core/settings.hpp>
#include <tenon/interface/error.hpp>

namespace tenon::config {

/// Shown in the place of every secret.
inline constexpr char kSecretShown[] = "***";

struct Setting {
  std::string key;
  std::string value = {}; ///< as it is shown: kSecretShown if `secret`
  std::string origin =
      {}; ///< "storage.yaml:12:7", "environment POSTGRES_HOST", "uri of storage.yaml:9:7", "default", …
  bool secret = false;
};

struct PluginSettings {
  std::string path;   ///< absolute; empty: search
  std::string sha256; ///< lower case; empty: not pinned
  std::vector<std::string> directories;
  bool refuse_writable = false;
};

struct Profile {
  std::string name;
  std::string backend = {};
  /// For IBackend, as tenon::Option: keys without "connection.", nested ones joined by dots, lists as "hosts.0", …
  /// URI and *_file are resolved into the keys they stand for, paths are absolute, durations are in milliseconds
  /// ("3000ms"). Only what somebody set is here; the backend knows its defaults.
  std::vector<std::pair<std::string, std::string>> connection = {};
  StoreSettings store = {};
  PluginSettings plugin = {};
  /// Everything in effect, in the option table's order.
  std::vector<Setting> settings = {};
};

/// A table of key, value and origin for people.
[[nodiscard]] TENON_VISIBLE std::string to_text(const Profile& profile);
[[nodiscard]] TENON_VISIBLE std::string to_json(const Profile& profile);

} // namespace tenon::config
