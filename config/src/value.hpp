#pragma once
// Strict readings of single values. YAML's own typing is not used: it takes 010 for 8 and "no" for false.
// Threads: any.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tenon/config/option_table.hpp>
#include <tenon/core/settings.hpp>

namespace tenon::config {

/// Why a value is refused. Becomes a Problem once its place is known.
struct Fault {
  std::string message;
  std::string hint = {};
  std::string suggestion = {};
  bool machine = false; ///< the value is fine, this machine lacks something: a variable, a file
};

/// Whether a message may repeat the value. Never for what could be a secret, or came from a variable.
enum class Echo { shown, hidden };

[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);

/// Checks one value, or one item of a list, against its option. Returns nothing if it is good.
[[nodiscard]] std::optional<Fault> check_value(const OptionSpec& option, std::string_view text, Echo echo);

/// Checks a backend's id. `own_plugin`: the profile names the plugin's file, so any well-formed id is meant.
[[nodiscard]] std::optional<Fault> check_backend_id(std::string_view id, bool own_plugin);

/// "30s" for 30000, with the largest unit that is exact.
[[nodiscard]] std::string duration_text(std::int64_t milliseconds);

} // namespace tenon::config
