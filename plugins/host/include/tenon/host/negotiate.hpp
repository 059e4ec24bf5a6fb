#pragma once
// Which plugins a host accepts, by version numbers alone. Used by the registry and by `tenon plugin list`.
// Threads: pure functions.

#include <cstdint>
#include <string>

#include <tenon/interface/error.hpp>

namespace tenon::host {

struct AbiVersion {
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  friend constexpr bool operator==(AbiVersion, AbiVersion) noexcept = default;
};

/// What a host accepts: one major, and within it the minors that it can read.
struct AbiRange {
  std::uint16_t major = 0;
  std::uint16_t oldest_minor = 0;
  std::uint16_t newest_minor = 0;
};

enum class Verdict {
  accepted,
  wrong_major,
  plugin_too_old, ///< the host no longer reads that minor
  host_too_old,   ///< the plugin needs a minor that the host does not know
};

/// `min_host_minor` is what the plugin's table says; 0 as long as only its tag is known.
/// A newer plugin is accepted from major 1 on, because a minor only appends; in major 0 minors must be equal.
[[nodiscard]] constexpr Verdict negotiate(AbiRange host, AbiVersion plugin, std::uint16_t min_host_minor = 0) noexcept {
  if (plugin.major != host.major) return Verdict::wrong_major;
  const std::uint16_t oldest = host.major == 0 ? host.newest_minor : host.oldest_minor;
  if (plugin.minor < oldest) return Verdict::plugin_too_old;
  if (host.major == 0 && plugin.minor > host.newest_minor) return Verdict::host_too_old;
  return min_host_minor > host.newest_minor ? Verdict::host_too_old : Verdict::accepted;
}

/// What this host accepts.
[[nodiscard]] TENON_VISIBLE AbiRange host_abi() noexcept;

/// "2.0"
[[nodiscard]] TENON_VISIBLE std::string to_string(AbiVersion version);
/// "1.0–1.3", or "0.1" where only one minor is accepted.
[[nodiscard]] TENON_VISIBLE std::string to_string(AbiRange range);

} // namespace tenon::host
