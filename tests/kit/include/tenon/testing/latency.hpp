#pragma once
// Figures for tests of deadlines: what is promised, but not under a sanitizer, which slows everything down and is there
// to find other things. kLateness: how late a call may come back behind its deadline. kShortDeadline: a deadline that a
// test waits for in full; what has to be done within it beforehand, such as a connect, is done by then.

#include <chrono>

namespace tenon::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TENON_TESTING_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TENON_TESTING_SANITIZED 1
#endif
#endif

#ifdef TENON_TESTING_SANITIZED
inline constexpr std::chrono::milliseconds kLateness = std::chrono::seconds(30);
inline constexpr std::chrono::milliseconds kShortDeadline{2000};
#else
inline constexpr std::chrono::milliseconds kLateness{250};
inline constexpr std::chrono::milliseconds kShortDeadline{300};
#endif

} // namespace tenon::testing
