#pragma once
// The environment variables that configuration may read: those of the process, or a set made by a test.
// Threads: a value; taking the snapshot must not race with setenv() in another thread.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/interface/error.hpp>

namespace tenon::config {

class TENON_VISIBLE Environment {
public:
  /// A snapshot of the process environment. Empty in a process that runs with raised rights (set-user-id,
  /// capabilities): its variables belong to somebody with fewer rights, and could name files and plugins.
  Environment();
  explicit Environment(std::map<std::string, std::string, std::less<>> variables) : variables_(std::move(variables)) {}

  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  /// As get(), but a variable that is set and empty counts as not set.
  [[nodiscard]] std::optional<std::string> get_filled(std::string_view name) const;
  /// Variables whose name starts with `prefix`, sorted by name.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> with_prefix(std::string_view prefix) const;

private:
  std::map<std::string, std::string, std::less<>> variables_;
};

} // namespace tenon::config
