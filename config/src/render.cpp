#include <algorithm>

#include <fmt/format.h>

#include <tenon/config/profile.hpp>

#include "json_text.hpp"

namespace tenon::config {
namespace {

// One line of at least one character, so that the columns of the table hold.
std::string cell(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20U || byte == 0x7FU ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return shown.empty() ? "\"\"" : shown;
}

} // namespace

std::string to_text(const Profile& profile) {
  std::size_t key_width = 0, value_width = 0;
  for (const Setting& setting : profile.settings) {
    key_width = std::max(key_width, setting.key.size());
    value_width = std::max(value_width, std::min<std::size_t>(cell(setting.value).size(), 40));
  }
  std::string text = fmt::format("profile {}\n", profile.name);
  for (const Setting& setting : profile.settings) {
    text += fmt::format("  {:<{}}  {:<{}}  {}\n", setting.key, key_width, cell(setting.value), value_width,
                        cell(setting.origin));
  }
  return text;
}

std::string to_json(const Profile& profile) {
  boost::json::array settings;
  for (const Setting& setting : profile.settings) {
    settings.push_back(boost::json::object{
        {"key", setting.key}, {"value", setting.value}, {"origin", setting.origin}, {"secret", setting.secret}});
  }
  return json_text(
      boost::json::object{{"profile", profile.name}, {"backend", profile.backend}, {"settings", std::move(settings)}});
}

} // namespace tenon::config
