#pragma once
// What an operator can demand of a plugin's file before it is loaded. Used by the registry. Threads: any.

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace tenon::host {

/// Errors: Refusal unsafe_permissions if the file or its folder can be written by group or others.
void check_permissions(const std::string& path);

/// Requires is_sha256(expected). Errors: Refusal checksum_mismatch.
void check_sha256(const std::string& path, const std::string& expected);

[[nodiscard]] bool is_sha256(const std::string& text) noexcept;

/// Tells whether a file is still the one that was seen before.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified = 0; ///< nanoseconds
  friend bool operator==(const FileIdentity&, const FileIdentity&) noexcept = default;
};
[[nodiscard]] FileIdentity file_identity(const std::string& path) noexcept;

} // namespace tenon::host
