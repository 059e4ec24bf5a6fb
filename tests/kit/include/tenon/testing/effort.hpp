#pragma once
// How much a test that repeats itself does: the full count in an ordinary build, a part of it under a sanitizer, where
// each round takes many times as long and finds what it looks for in the first few.

#include <algorithm>

#include <tenon/testing/latency.hpp>

namespace tenon::testing {

#ifdef TENON_TESTING_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// Returns `full`, or under a sanitizer a tenth of it, but at least `least` (and never more than `full`).
[[nodiscard]] constexpr int rounds(int full, int least = 1) noexcept {
  return kSanitized ? std::min(full, std::max(full / 10, least)) : full;
}

} // namespace tenon::testing
