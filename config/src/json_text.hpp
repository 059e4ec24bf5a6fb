#pragma once
// JSON laid out for people, for what the `tenon` command prints and the repository keeps. Threads: any.

#include <string>

#include <boost/json.hpp>

namespace tenon::config {

/// Two blanks per level, members in their own order, a newline at the end.
[[nodiscard]] std::string json_text(const boost::json::value& value);

} // namespace tenon::config
