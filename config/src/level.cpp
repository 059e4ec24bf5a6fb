#include "level.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "interpolate.hpp"
#include "text.hpp"
#include "value.hpp"

namespace tenon::config {
namespace {

constexpr std::string_view kPrefix = "TENON__";

bool has_prefix(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

// The names that may stand directly below `section` ("" is the profile itself).
std::vector<std::string> names_below(std::string_view section, BackendSet backend) {
  std::vector<std::string> names;
  for (const OptionSpec& option : kOptions) {
    std::string_view key = option.key;
    if (option.scope != OptionScope::profile || (option.backends & backend) == 0) continue;
    if (!section.empty()) {
      if (key.size() <= section.size() || !has_prefix(key, section) || key[section.size()] != '.') continue;
      key.remove_prefix(section.size() + 1);
    }
    const std::string name(key.substr(0, key.find('.')));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (section.empty() && std::find(names.begin(), names.end(), "connection") == names.end()) {
    names.emplace_back("connection"); // all of its keys belong to the plugin
  }
  return names;
}

// What another backend calls by this key, so that "unknown key" can say who knows it.
std::string owners_of(std::string_view key) {
  std::vector<std::string> owners;
  for (const char* id : {"postgresql", "sqlite", "mariadb"}) {
    const BackendSet bit = backend_bit(id);
    if (find_option_spec(key, bit) != nullptr || is_section(key, bit)) owners.emplace_back(id);
  }
  return join(owners, " and ");
}

Fault unknown_key(std::string_view section, std::string_view name, BackendSet backend) {
  const std::string key = section.empty() ? std::string(name) : fmt::format("{}.{}", section, name);
  const std::vector<std::string> known = names_below(section, backend);
  Fault fault{.message = "unknown key", .suggestion = nearest(name, known)};
  if (const std::string owners = owners_of(key); !owners.empty()) {
    fault.message = "this backend has no such key";
    fault.hint = fmt::format("it belongs to {}; valid here are {}", owners, join(known, ", "));
  } else {
    fault.hint = fmt::format("valid here are {}", join(known, ", "));
  }
  return fault;
}

bool within_connection(std::string_view key) { return has_prefix(key, "connection."); }

class Flattener {
public:
  Flattener(BackendSet backend, Level& level, Findings& findings)
      : backend_(backend), level_(level), findings_(findings) {}

  void section(const Node& map, const std::string& section, const std::string& path, ProfileParts parts) {
    for (const Node& child : map.children) {
      if (parts == ProfileParts::shared && (child.key == "connection" || child.key == "plugin")) continue;
      const std::string key = section.empty() ? child.key : section + "." + child.key;
      member(child, section, key, path + "." + child.key);
    }
  }

private:
  void member(const Node& child, const std::string& parent, const std::string& key, const std::string& path) {
    if (const OptionSpec* option = find_option_spec(key, backend_)) {
      leaf(child, option, key, path);
    } else if (is_section(key, backend_)) {
      if (child.kind == Node::Kind::map) return section(child, key, path, ProfileParts::all);
      findings_.add(
          child.at, path,
          {.message = "it is a section, not a value",
           .hint = fmt::format("write {}: {{ … }} with {}", child.key,
                               backend_ == kOther && key == "connection" ? "the plugin's own keys"
                                                                         : join(names_below(key, backend_), ", "))});
    } else if (backend_ == kOther && within_connection(key)) {
      if (child.kind == Node::Kind::map) return section(child, key, path, ProfileParts::all);
      leaf(child, nullptr, key, path);
    } else {
      findings_.add(child.key_at, path, unknown_key(parent, child.key, backend_));
    }
  }

  // `option` is null for what only a plugin knows.
  void leaf(const Node& child, const OptionSpec* option, const std::string& key, const std::string& path) {
    const bool list_allowed = option == nullptr || option->list();
    switch (child.kind) {
      case Node::Kind::null:
        findings_.add(child.at, path, {.message = "it has no value", .hint = "give it one, or remove the key"});
        return;
      case Node::Kind::map: findings_.add(child.at, path, {.message = "it takes a value, not a map"}); return;
      case Node::Kind::list:
        if (list_allowed) break;
        findings_.add(child.at, path, {.message = "it takes one value, not a list"});
        return;
      case Node::Kind::scalar: break;
    }
    Entry entry{.key = key, .at = child.at, .path = path, .origin = place_text(child.key_at)};
    if (child.kind == Node::Kind::scalar) {
      if (!check(child, option, path)) return;
      entry.texts = {child.text};
    } else {
      entry.is_list = true;
      for (const Node& item : child.children) {
        if (item.kind != Node::Kind::scalar) {
          findings_.add(item.at, path, {.message = "an item of the list is not a single value"});
          return;
        }
        if (!check(item, option, path)) return;
        entry.texts.push_back(item.text);
      }
    }
    level_.entries.push_back(std::move(entry));
  }

  bool check(const Node& scalar, const OptionSpec* option, const std::string& path) {
    std::optional<Fault> fault;
    if (is_interpolated(scalar.text)) {
      fault = check_interpolation(scalar.text);
    } else if (option != nullptr) {
      const bool bare = option->type == OptionType::integer || option->type == OptionType::boolean;
      if (bare && scalar.quoted) {
        fault = Fault{.message = "it is a quoted text", .hint = "remove the quotes"};
      } else {
        const auto texts = option->list() ? split(scalar.text, ',') : std::vector<std::string>{scalar.text};
        for (const std::string& text : texts) {
          if (!fault) fault = check_value(*option, text, option->secret() ? Echo::hidden : Echo::shown);
        }
      }
    }
    if (fault) findings_.add(scalar.at, path, *fault);
    return !fault;
  }

  BackendSet backend_;
  Level& level_;
  Findings& findings_;
};

// Adds what one variable or override says, if there is such a key.
void add_flat(const std::string& key, const std::string& text, const std::string& source, BackendSet backend,
              Level& level, Findings& findings) {
  const Place at{source};
  if (key == "extends") {
    findings.add(at, key, {.message = "it can be set in the file only"});
    return;
  }
  const bool known =
      find_option_spec(key, backend) != nullptr || (backend == kOther && within_connection(key) && key.back() != '.');
  if (!known) {
    const bool is_a_section = is_section(key, backend);
    // The longest part that is a section is where the name went wrong.
    std::string parent = key.substr(0, key.rfind('.') == std::string::npos ? 0 : key.rfind('.'));
    while (!parent.empty() && !is_section(parent, backend)) {
      parent.resize(parent.rfind('.') == std::string::npos ? 0 : parent.rfind('.'));
    }
    const std::string rest = parent.empty() ? key : key.substr(parent.size() + 1);
    Fault fault = is_a_section ? Fault{.message = "it is a section, not a value",
                                       .hint = fmt::format("one of {}", join(names_below(key, backend), ", "))}
                               : unknown_key(parent, rest, backend);
    if (!fault.suggestion.empty() && !parent.empty()) fault.suggestion = parent + "." + fault.suggestion;
    findings.add(at, key, fault);
    return;
  }
  level.entries.push_back({.key = key, .texts = {text}, .at = at, .path = key, .origin = source});
}

} // namespace

const Entry* Level::find(std::string_view key) const {
  // From the back: of two overrides of one key the later counts; no other source can hold a key twice.
  const auto found =
      std::find_if(entries.rbegin(), entries.rend(), [&](const Entry& entry) { return entry.key == key; });
  return found == entries.rend() ? nullptr : &*found;
}

Level file_level(const Node& profile, BackendSet backend, ProfileParts parts, Findings& findings) {
  Level level{Level::Kind::file, {}};
  Flattener(backend, level, findings).section(profile, "", "profiles." + profile.key, parts);
  return level;
}

Level environment_level(const Environment& environment, BackendSet backend, Findings& findings) {
  Level level{Level::Kind::environment, {}};
  for (const auto& [name, text] : environment.with_prefix(kPrefix)) {
    std::string key = lower(std::string_view(name).substr(kPrefix.size()));
    for (auto at = key.find("__"); at != std::string::npos; at = key.find("__", at + 1))
      key.replace(at, 2, ".");
    add_flat(key, text, "environment " + name, backend, level, findings);
  }
  return level;
}

Level override_level(const std::vector<std::pair<std::string, std::string>>& overrides, BackendSet backend,
                     Findings& findings) {
  Level level{Level::Kind::overrides, {}};
  for (const auto& [key, text] : overrides)
    add_flat(key, text, "override " + key, backend, level, findings);
  return level;
}

Level postgres_level(const Environment& environment) {
  Level level{Level::Kind::postgres, {}};
  for (const OptionSpec& option : kOptions) {
    if (option.variable.empty()) continue;
    if (auto text = environment.get_filled(option.variable)) {
      const std::string source = fmt::format("environment {}", option.variable);
      const std::string key(option.key);
      level.entries.push_back({.key = key, .texts = {std::move(*text)}, .at = {source}, .path = key, .origin = source});
    }
  }
  return level;
}

bool has_postgres_variables(const Environment& environment) { return !postgres_level(environment).entries.empty(); }

} // namespace tenon::config
