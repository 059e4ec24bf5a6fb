#pragma once
// What the tests of config share: a folder of their own, an environment of their own, and short ways to ask.
// Threads: each test has its own.

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stdlib.h>

#include <tenon/config/load.hpp>

namespace config_test {

using Variables = std::map<std::string, std::string, std::less<>>;
using Overrides = std::vector<std::pair<std::string, std::string>>;

/// What error_of() returns when nothing is thrown.
inline const std::string kNoError;

/// A temporary folder with a storage.yaml that is removed with it.
class Folder {
public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tenon-config-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = std::filesystem::canonical(pattern);
  }
  explicit Folder(std::string_view yaml) : Folder() { write("storage.yaml", yaml); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string write(const std::string& name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return file(name);
  }
  [[nodiscard]] std::string file(const std::string& name = "storage.yaml") const { return (path_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  [[nodiscard]] tenon::config::Sources sources(Variables variables = {}, Overrides overrides = {}) const {
    tenon::config::Sources sources{.file = file(), .environment = tenon::config::Environment(std::move(variables))};
    sources.overrides = std::move(overrides);
    return sources;
  }

private:
  std::filesystem::path path_;
};

/// Sources without any file.
inline tenon::config::Sources no_file(Variables variables, Overrides overrides = {}) {
  tenon::config::Sources sources{.environment = tenon::config::Environment(std::move(variables))};
  sources.use_file = false;
  sources.overrides = std::move(overrides);
  return sources;
}

/// Loads the text as storage.yaml.
inline tenon::config::Profile load_yaml(std::string_view yaml, Variables variables = {}, Overrides overrides = {}) {
  const Folder folder(yaml);
  return tenon::config::load(folder.sources(std::move(variables), std::move(overrides)));
}

/// What load() throws, with the file's path shortened to "storage.yaml" and the folder to "DIR"; empty: nothing.
inline std::string error_of(const tenon::config::Sources& sources, const Folder& folder) {
  std::string text;
  try {
    static_cast<void>(tenon::config::load(sources));
    return {};
  } catch (const tenon::ConfigError& error) {
    text = error.what();
  }
  const auto shorten = [&](const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from))
      text.replace(at, from.size(), to);
  };
  shorten(folder.file(), "storage.yaml");
  shorten(folder.path().string(), "DIR");
  return text;
}

inline std::string error_of(std::string_view yaml, Variables variables = {}, Overrides overrides = {}) {
  const Folder folder(yaml);
  return error_of(folder.sources(std::move(variables), std::move(overrides)), folder);
}

/// The value of a connection key, or "(absent)".
inline std::string connection(const tenon::config::Profile& profile, std::string_view key) {
  for (const auto& [name, value] : profile.connection) {
    if (name == key) return value;
  }
  return "(absent)";
}

/// The setting as "value <- origin" with the folder of the file left out, or "(absent)".
inline std::string shown(const tenon::config::Profile& profile, std::string_view key) {
  for (const tenon::config::Setting& setting : profile.settings) {
    if (setting.key != key) continue;
    std::string origin = setting.origin;
    if (const auto end = origin.rfind("/storage.yaml"); end != std::string::npos) {
      const auto begin =
          origin.rfind(' ', end) == std::string::npos ? 0 : origin.find_first_not_of("( ", origin.rfind(' ', end));
      origin.erase(begin, end + 1 - begin);
    }
    return setting.value + " <- " + origin;
  }
  return "(absent)";
}

inline std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

} // namespace config_test
