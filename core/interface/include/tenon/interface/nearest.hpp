#pragma once
// "Did you mean …": the nearest of the valid names to a mistyped one. Used by configuration, backends and tools, so
// that all of them suggest alike. Threads: pure functions.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

/// Edits that lead from one to the other, a swap of neighbours counting as one (optimal string alignment).
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

/// Returns the name of `valid` (anything of things like std::string_view) with the fewest edits, the first of equals;
/// empty if none is near: more than two edits, and more than a third of the word, are another word.
template <class Names> [[nodiscard]] std::string nearest_name(std::string_view word, const Names& valid) {
  std::string found;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view name : valid) {
    const std::size_t distance = edit_distance(word, name);
    if (distance < least && distance < name.size()) {
      least = distance;
      found = name;
    }
  }
  return found;
}

} // namespace tenon
