#include <tenon/config/environment.hpp>

#include <sys/auxv.h>
#include <unistd.h>

namespace tenon::config {

Environment::Environment() {
  if (getauxval(AT_SECURE) != 0 || environ == nullptr) return;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    // The first of two entries with one name counts, as for getenv().
    if (equals != std::string_view::npos && equals > 0) {
      variables_.emplace(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
    }
  }
}

std::optional<std::string> Environment::get(std::string_view name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Environment::get_filled(std::string_view name) const {
  auto value = get(name);
  return value && !value->empty() ? value : std::nullopt;
}

std::vector<std::pair<std::string, std::string>> Environment::with_prefix(std::string_view prefix) const {
  std::vector<std::pair<std::string, std::string>> found;
  for (auto entry = variables_.lower_bound(prefix);
       entry != variables_.end() && std::string_view(entry->first).substr(0, prefix.size()) == prefix; ++entry) {
    found.emplace_back(entry->first, entry->second);
  }
  return found;
}

} // namespace tenon::config
