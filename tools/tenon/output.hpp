#pragma once
// What the command's verbs share: exit codes, where output goes, how errors look. Data on stdout, messages on stderr.

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <tenon/config/load.hpp>
#include <tenon/interface/error.hpp>

namespace tenon::tool {

/// Keeps the order of its members, for people who read it. Not the JSON inside libtenon, which stays there.
using Json = nlohmann::ordered_json;

/// The codes of the whole command; ping has its own, like pg_isready's. From BSD's sysexits.h where it has one.
enum Exit : int {
  kOk = 0,
  kFailed = 1,
  kDifferences = 2,
  kUsage = 64,
  kUnreachable = 69,
  kConfiguration = 78,
};

/// Options that every verb takes.
struct Common {
  std::string file;
  std::string profile;
  bool json = false;
  bool verbose = false;

  [[nodiscard]] config::Sources sources() const;
};

void print_json(const Json& value);
void print(std::string_view text);

/// "error: …" on stderr, red on a terminal unless NO_COLOR is set; as JSON on stdout where --json was given.
void report(const Error& error, const Common& common);

/// The code for an error: configuration and plugins 78, what cannot be reached 69, the rest 1.
[[nodiscard]] Exit exit_code(const Error& error) noexcept;

[[nodiscard]] Json to_json(const Error& error);

} // namespace tenon::tool
