#pragma once
// Whole files of bounded size: storage.yaml and secrets. Threads: any.

#include <cstddef>
#include <optional>
#include <string>

namespace tenon::config {

/// Writes the content of a regular file to `content`. Returns why it cannot be read ("no such file or directory");
/// never a piece of the content. Never waits: pipes and devices are refused.
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path, std::size_t limit,
                                                         std::string& content);

} // namespace tenon::config
