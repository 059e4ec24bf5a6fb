#include "plugin_names.hpp"

#include <algorithm>
#include <cstddef>

#include <tenon/interface/nearest.hpp>

namespace tenon::host {

namespace {

constexpr std::string_view kPrefix = "libtenon_";
constexpr std::string_view kSuffix = ".so";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

} // namespace

bool is_backend_id(std::string_view id) noexcept {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !id.empty() && lower(id.front()) &&
         std::all_of(id.begin(), id.end(), [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

std::string plugin_file_name(std::string_view id) { return std::string(kPrefix).append(id).append(kSuffix); }

std::string_view id_of_file_name(std::string_view file_name) noexcept {
  if (!file_name.starts_with(kPrefix) || !file_name.ends_with(kSuffix)) return {};
  if (file_name.size() <= kPrefix.size() + kSuffix.size()) return {};
  const std::string_view id = file_name.substr(kPrefix.size(), file_name.size() - kPrefix.size() - kSuffix.size());
  return is_backend_id(id) ? id : std::string_view{};
}

std::string nearest_id(std::string_view wanted, const std::vector<std::string>& ids) {
  constexpr std::size_t kShortestPrefix = 3;
  const std::string given = lower_case(wanted);
  std::string best;
  std::size_t best_distance = 0;
  for (const std::string& id : ids) {
    const std::size_t longer = std::max(id.size(), given.size());
    const std::size_t distance = edit_distance(given, id);
    const bool prefix =
        std::min(id.size(), given.size()) >= kShortestPrefix && (id.starts_with(given) || given.starts_with(id));
    if (!prefix && distance > longer / 3) continue;
    if (best.empty() || distance < best_distance) {
      best = id;
      best_distance = distance;
    }
  }
  return best;
}

} // namespace tenon::host
