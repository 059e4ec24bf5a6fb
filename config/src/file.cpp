#include "file.hpp"

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <tenon/config/option_table.hpp>

#include "interpolate.hpp"
#include "small_file.hpp"
#include "text.hpp"

namespace tenon::config {
namespace {

constexpr std::size_t kLargestFile = 1U << 20U;
constexpr const char* kDefaultFile = "storage.yaml";

std::vector<std::string> top_level_keys() {
  std::vector<std::string> keys;
  for (const OptionSpec& option : kOptions) {
    if (option.scope == OptionScope::file) keys.emplace_back(option.key);
  }
  keys.emplace_back("profiles");
  return keys;
}

bool has_text(const Node& node, const std::string& key, Findings& findings) {
  if (node.kind == Node::Kind::scalar) return true;
  const bool empty = node.kind == Node::Kind::null;
  findings.add(node.at, key, {.message = empty ? "it has no value" : "it takes one value, not a list or a map"});
  return false;
}

} // namespace

std::optional<std::string> expanded(const Node& scalar, std::string_view key, const Environment& environment,
                                    Findings& findings) {
  std::string text;
  if (const auto fault = interpolate(scalar.text, environment, text)) {
    findings.add(scalar.at, key, *fault);
    return std::nullopt;
  }
  return text;
}

ConfigFile::ConfigFile(const Sources& sources, Findings& findings) {
  if (!sources.use_file) return;
  std::string hint;
  if (sources.file) {
    name_ = *sources.file;
    if (!std::filesystem::path(name_).is_absolute()) {
      hint = fmt::format("a relative name starts at {}", std::filesystem::current_path().string());
    }
  } else if (const auto named = sources.environment.get_filled("TENON_CONFIG")) {
    name_ = *named;
    hint = "the variable TENON_CONFIG names this file";
  } else {
    name_ = kDefaultFile;
    std::error_code error;
    if (std::filesystem::symlink_status(name_, error).type() == std::filesystem::file_type::not_found) return;
  }
  state_ = State::unusable;
  folder_ = std::filesystem::absolute(name_).parent_path();
  std::string text;
  if (const auto reason = read_small_file(name_, kLargestFile, text)) {
    findings.add({name_}, "", {.message = fmt::format("the file cannot be read: {}", *reason), .hint = hint});
    return;
  }
  auto root = parse_document(text, name_, findings);
  if (!root) return;
  root_ = std::move(*root);
  check_top_level(findings);
}

void ConfigFile::check_top_level(Findings& findings) {
  if (root_.kind != Node::Kind::map) {
    findings.add(root_.at, "", {.message = "the file is not a map", .hint = "it starts with version: 1 and profiles:"});
    return;
  }
  const std::vector<std::string> known = top_level_keys();
  for (const Node& child : root_.children) {
    if (std::find(known.begin(), known.end(), child.key) == known.end()) {
      const bool of_profile = is_section(child.key, kEveryBackend) || find_option_spec(child.key, kEveryBackend);
      findings.add(child.key_at, child.key,
                   {.message = "unknown key",
                    .hint = of_profile ? "it belongs within a profile" : "valid here are " + join(known, ", "),
                    .suggestion = of_profile ? "" : nearest(child.key, known)});
    }
  }
  if (const Node* version = root_.find("version"); version && has_text(*version, "version", findings)) {
    if (version->text != "1") {
      findings.add(version->at, "version",
                   {.message = fmt::format("version {} of the format is not known", in_quotes(version->text)),
                    .hint = "this build reads version 1"});
    }
  }
  if (const Node* fallback = root_.find("default_profile"); fallback && has_text(*fallback, fallback->key, findings)) {
    if (const auto fault = check_interpolation(fallback->text)) findings.add(fallback->at, fallback->key, *fault);
  }
  check_profiles(findings);
}

void ConfigFile::check_profiles(Findings& findings) {
  const Node* profiles = root_.find("profiles");
  const std::string hint = "profiles: { dev: { backend: sqlite, connection: { database: ./dev.db } } }";
  if (profiles == nullptr) {
    findings.add(root_.at, "", {.message = "the file has no profiles", .hint = hint});
    return;
  }
  if (profiles->kind != Node::Kind::map || profiles->children.empty()) {
    findings.add(profiles->at, "profiles", {.message = "it is not a map of at least one profile", .hint = hint});
    return;
  }
  bool good = true;
  for (const Node& profile : profiles->children) {
    if (profile.kind == Node::Kind::map && !profile.key.empty()) continue;
    const char* what = profile.key.empty() ? "a profile needs a name" : "a profile is a map";
    findings.add(profile.key_at, "profiles." + profile.key, {.message = what, .hint = "it needs at least a backend"});
    good = false;
  }
  if (good) state_ = State::read;
}

std::vector<std::string> ConfigFile::profile_names() const {
  std::vector<std::string> names;
  if (const Node* profiles = root_.find("profiles")) {
    for (const Node& profile : profiles->children)
      names.push_back(profile.key);
  }
  return names;
}

std::optional<std::string> ConfigFile::selected(const Sources& sources, Findings& findings) const {
  const std::vector<std::string> names = profile_names();
  const auto unknown = [&](const std::string& wanted) -> Fault {
    return {.message = fmt::format("there is no profile {}", in_quotes(wanted)),
            .hint = fmt::format("the file has {}", join(names, ", ")),
            .suggestion = nearest(wanted, names)};
  };
  const auto exists = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };

  if (sources.profile) {
    if (exists(*sources.profile)) return sources.profile;
    findings.add({name_}, "", unknown(*sources.profile));
    return std::nullopt;
  }
  if (const Node* fallback = root_.find("default_profile")) {
    if (fallback->kind != Node::Kind::scalar) return std::nullopt; // already found
    auto name = expanded(*fallback, fallback->key, sources.environment, findings);
    if (!name || exists(*name)) return name;
    findings.add(fallback->at, fallback->key, unknown(*name));
    return std::nullopt;
  }
  if (names.size() == 1) return names.front();
  findings.add({name_}, "",
               {.message = "no profile is named, and the file has several and no default_profile",
                .hint = fmt::format("name one of {}, or add default_profile: ${{TENON_PROFILE:-{}}}", join(names, ", "),
                                    names.front())});
  return std::nullopt;
}

std::vector<const Node*> ConfigFile::chain(const std::string& profile, const Environment& environment,
                                           Findings& findings) const {
  const Node* profiles = root_.find("profiles");
  std::vector<const Node*> links;
  std::vector<std::string> names;
  for (const Node* at = profiles->find(profile); at != nullptr;) {
    links.push_back(at);
    names.push_back(at->key);
    const Node* extends = at->find("extends");
    if (extends == nullptr) return links;
    const std::string key = fmt::format("profiles.{}.extends", at->key);
    if (!has_text(*extends, key, findings)) return {};
    const auto parent = expanded(*extends, key, environment, findings);
    if (!parent) return {};
    if (std::find(names.begin(), names.end(), *parent) != names.end()) {
      names.push_back(*parent);
      findings.add(extends->at, key,
                   {.message = fmt::format("the profile extends itself: {}", join(names, " -> ")),
                    .hint = "one of them must stand on its own"});
      return {};
    }
    at = profiles->find(*parent);
    if (at == nullptr) {
      std::vector<std::string> others = profile_names();
      others.erase(std::remove(others.begin(), others.end(), links.back()->key), others.end());
      findings.add(extends->at, key,
                   {.message = fmt::format("there is no profile {}", in_quotes(*parent)),
                    .hint = fmt::format("the file has {}", join(profile_names(), ", ")),
                    .suggestion = nearest(*parent, others)});
      return {};
    }
  }
  return {};
}

} // namespace tenon::config
