#pragma once
// The answer to a connection option that a backend does not know. Used by the backends' settings.cpp.
// Threads: pure functions.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/interface/error.hpp>

namespace tenon::sql {

/// Levenshtein's: the number of letters to insert, delete or replace.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

/// Throws ConfigError with the nearest valid name as its hint, or all of them where none is near.
[[noreturn]] inline void reject_option(std::string_view backend, std::string_view option,
                                       std::span<const std::string_view> known) {
  const auto nearest = std::min_element(known.begin(), known.end(), [&](std::string_view a, std::string_view b) {
    return edit_distance(option, a) < edit_distance(option, b);
  });
  ErrorInfo info;
  info.code = ErrorCode::config;
  info.backend = backend;
  info.message = std::string(backend) + " has no connection option \"" + std::string(option) + "\"";
  if (nearest != known.end() && edit_distance(option, *nearest) <= std::max<std::size_t>(2, option.size() / 3)) {
    info.hint = "did you mean \"" + std::string(*nearest) + "\"?";
  } else {
    for (const std::string_view name : known)
      (info.hint += info.hint.empty() ? "its options are " : ", ") += name;
  }
  throw_error(std::move(info));
}

} // namespace tenon::sql
