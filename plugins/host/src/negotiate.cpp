#include <tenon/host/negotiate.hpp>

#include <fmt/format.h>

#include <tenon/tenon_abi.h>

namespace tenon::host {

AbiRange host_abi() noexcept {
  constexpr std::uint16_t kOldestMinor = TENON_ABI_MAJOR == 0 ? TENON_ABI_MINOR : 0;
  return {TENON_ABI_MAJOR, kOldestMinor, TENON_ABI_MINOR};
}

std::string to_string(AbiVersion version) { return fmt::format("{}.{}", version.major, version.minor); }

std::string to_string(AbiRange range) {
  std::string newest = to_string(AbiVersion{range.major, range.newest_minor});
  if (range.major == 0 || range.oldest_minor == range.newest_minor) return newest;
  return to_string(AbiVersion{range.major, range.oldest_minor}) + "–" + newest;
}

} // namespace tenon::host
