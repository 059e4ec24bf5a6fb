#pragma once
// storage.yaml: found, read, and its outer shape checked; profiles are handed out as trees. Threads: a value.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tenon/config/load.hpp>

#include "document.hpp"
#include "findings.hpp"

namespace tenon::config {

/// A text of the file with variables replaced. Problems go to `findings`; then nothing is returned.
[[nodiscard]] std::optional<std::string> expanded(const Node& scalar, std::string_view key,
                                                  const Environment& environment, Findings& findings);

class ConfigFile {
public:
  enum class State {
    absent,   ///< no file was named, and ./storage.yaml is not there
    unusable, ///< findings say why
    read,
  };

  /// Finds and reads the file that `sources` mean.
  ConfigFile(const Sources& sources, Findings& findings);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The folder that relative paths of the file start from.
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  [[nodiscard]] std::vector<std::string> profile_names() const;
  /// The profile that `sources` select, or nothing and a finding.
  [[nodiscard]] std::optional<std::string> selected(const Sources& sources, Findings& findings) const;
  /// The profile and those it extends, nearest first; empty, and a finding, if that chain is broken.
  [[nodiscard]] std::vector<const Node*> chain(const std::string& profile, const Environment& environment,
                                               Findings& findings) const;

private:
  void check_top_level(Findings& findings);
  void check_profiles(Findings& findings);

  State state_ = State::absent;
  std::string name_;
  std::filesystem::path folder_;
  Node root_;
};

} // namespace tenon::config
