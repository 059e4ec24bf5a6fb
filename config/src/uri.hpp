#pragma once
// postgresql:// and postgres:// URIs, taken apart as libpq does, into keys of `connection`. Threads: any.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "value.hpp"

namespace tenon::config {

struct UriPart {
  std::string key; ///< "connection.host", …; several hosts become one part "connection.hosts"
  std::vector<std::string> texts;
};

/// Appends the parts that the URI holds; what it leaves out is not among them.
/// Returns why it is malformed. The message repeats no piece of the URI: where it is malformed, any may be the
/// password.
[[nodiscard]] std::optional<Fault> parse_uri(std::string_view uri, std::vector<UriPart>& parts);

} // namespace tenon::config
