#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <fmt/format.h>

#include <tenon/interface/nearest.hpp>

namespace tenon::config {
namespace {

constexpr std::size_t kLongestWord = 64; // bounds the cost; no valid name comes near it
constexpr std::size_t kLongestShown = 60;

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

} // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower_char);
  return result;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kLongestWord) return {};
  const std::string wanted = lower(word);
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    if (candidate == word) continue;
    const std::size_t d = edit_distance(wanted, lower(candidate));
    if (d < best && d < candidate.size()) {
      best = d;
      found = candidate;
    }
  }
  return found;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> items;
  if (trim(text).empty()) return items;
  for (std::size_t begin = 0;;) {
    const auto end = text.find(separator, begin);
    items.emplace_back(trim(text.substr(begin, end == std::string_view::npos ? end : end - begin)));
    if (end == std::string_view::npos) return items;
    begin = end + 1;
  }
}

std::string join(const std::vector<std::string>& items, std::string_view separator) {
  return fmt::format("{}", fmt::join(items, separator));
}

std::string mask_passwords(std::string_view text) {
  std::string result(text);
  // The last '@' ends the user's part even if the password was not percent-encoded.
  const auto scheme = result.find("://");
  const auto at = result.rfind('@');
  if (scheme != std::string::npos && at != std::string::npos && at > scheme) {
    const auto colon = result.find(':', scheme + 3);
    if (colon < at) result.replace(colon + 1, at - colon - 1, "***");
  }
  constexpr std::array<std::string_view, 6> kNames{"password=", "passwd=", "pwd=", "token=", "secret=", "passphrase="};
  for (const std::string_view name : kNames) {
    for (std::size_t from = 0;;) {
      const auto found = lower(result).find(name, from);
      if (found == std::string::npos) break;
      const auto begin = found + name.size();
      const auto end = std::min(result.find_first_of("&; ", begin), result.size());
      result.replace(begin, end - begin, "***");
      from = begin;
    }
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  std::string shown = mask_passwords(text);
  const bool cut = shown.size() > kLongestShown;
  if (cut) shown.resize(kLongestShown);
  while (cut && !shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xC0U) == 0x80U)
    shown.pop_back();
  if (cut && !shown.empty() && static_cast<unsigned char>(shown.back()) >= 0xC0U) shown.pop_back();
  std::string result = "\"";
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20U || byte == 0x7FU) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result + (cut ? "…\"" : "\"");
}

bool names_secret(std::string_view key) {
  constexpr std::array<std::string_view, 9> kWords{"password", "passwd", "passphrase", "secret",     "token",
                                                   "api_key",  "apikey", "credential", "private_key"};
  const std::string name = lower(key);
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

} // namespace tenon::config
