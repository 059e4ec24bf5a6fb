#pragma once
// The answer to a connection option that a backend does not know. Used by the backends' settings.cpp.
// Threads: pure functions.

#include <span>
#include <string>
#include <string_view>

#include <tenon/interface/error.hpp>
#include <tenon/interface/nearest.hpp>

namespace tenon::sql {

/// Throws ConfigError with the nearest valid name as its hint, or all of them where none is near.
[[noreturn]] inline void reject_option(std::string_view backend, std::string_view option,
                                       std::span<const std::string_view> known) {
  ErrorInfo info;
  info.code = ErrorCode::config;
  info.backend = backend;
  info.message = std::string(backend) + " has no connection option \"" + std::string(option) + "\"";
  if (const std::string nearest = nearest_name(option, known); !nearest.empty()) {
    info.hint = "did you mean \"" + nearest + "\"?";
  } else {
    for (const std::string_view name : known)
      (info.hint += info.hint.empty() ? "its options are " : ", ") += name;
  }
  throw_error(std::move(info));
}

} // namespace tenon::sql
