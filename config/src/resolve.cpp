#include "resolve.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "interpolate.hpp"
#include "small_file.hpp"
#include "text.hpp"
#include "uri.hpp"
#include "value.hpp"

namespace tenon::config {
namespace {

constexpr std::size_t kLargestSecret = std::size_t{64} << 10U;
constexpr std::string_view kFileSuffix = "_file";
constexpr std::string_view kConnection = "connection.";

bool has_suffix(std::string_view text, std::string_view suffix) {
  return text.size() > suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// Two ways to say the same: a level may use one of them, and a stronger one displaces a weaker other one.
struct Slot {
  std::string key;
  std::string alternative; // empty: none
};

class Resolver {
public:
  Resolver(std::vector<Level> levels, const ResolveInput& input, Findings& findings)
      : levels_(std::move(levels)), input_(input), findings_(findings) {}

  std::vector<Resolved> run() {
    expand_uris();
    std::vector<Resolved> result;
    for (const Slot& slot : slots()) {
      if (auto value = fill(slot)) result.push_back(std::move(*value));
    }
    return result;
  }

private:
  // Within the file a child's URI takes the place of its parent's: same key. Between sources URIs merge by their parts.
  void expand_uris() {
    bool file_has_uri = false;
    for (Level& level : levels_) {
      const Entry* found = level.find("connection.uri");
      if (found == nullptr || (level.kind == Level::Kind::file && file_has_uri)) continue;
      file_has_uri = file_has_uri || level.kind == Level::Kind::file;
      const Entry uri = *found;
      std::string text = uri.texts.front();
      std::optional<Fault> fault;
      if (level.kind == Level::Kind::file) fault = interpolate(uri.texts.front(), input_.environment, text);
      std::vector<UriPart> parts;
      if (!fault && text.empty()) fault = Fault{.message = "it is empty", .hint = "remove it to leave it open"};
      if (!fault) fault = parse_uri(text, parts);
      if (fault) {
        findings_.add(uri.at, uri.path, *fault);
        continue;
      }
      for (UriPart& part : parts) {
        Entry entry{.key = std::move(part.key), .texts = std::move(part.texts)};
        entry.is_list = entry.key == "connection.hosts";
        entry.at = uri.at;
        entry.path = uri.path;
        entry.origin = "uri of " + uri.origin;
        entry.of_uri = true;
        level.entries.insert(level.entries.begin(), std::move(entry)); // before, so weaker than, the single keys
      }
    }
  }

  std::vector<Slot> slots() const {
    std::vector<Slot> all;
    if (input_.backend == kOther) add_plugin_slots(all);
    for (const OptionSpec& option : kOptions) {
      if (option.scope != OptionScope::profile || (option.backends & input_.backend) == 0) continue;
      if (option.key == "backend" || option.key == "extends" || option.key == "connection.uri" ||
          option.key == "connection.hosts" || option.key == "connection.password_file") {
        continue;
      }
      Slot slot{std::string(option.key), {}};
      if (option.key == "connection.host") slot.alternative = "connection.hosts";
      if (option.key == "connection.password") slot.alternative = "connection.password_file";
      all.push_back(std::move(slot));
    }
    return all;
  }

  void add_plugin_slots(std::vector<Slot>& all) const {
    const auto known = [&](const std::string& key) {
      return std::any_of(all.begin(), all.end(), [&](const Slot& slot) { return slot.key == key; });
    };
    for (const Level& level : levels_) {
      for (const Entry& entry : level.entries) {
        if (entry.key.substr(0, kConnection.size()) != kConnection) continue;
        const bool file = is_secret_file(entry.key);
        const std::string key = file ? entry.key.substr(0, entry.key.size() - kFileSuffix.size()) : entry.key;
        if (!known(key)) all.push_back({key, names_secret(key) ? key + std::string(kFileSuffix) : std::string{}});
      }
    }
  }

  static bool is_secret_file(std::string_view key) {
    return has_suffix(key, kFileSuffix) && names_secret(key.substr(0, key.size() - kFileSuffix.size()));
  }

  std::optional<Resolved> fill(const Slot& slot) {
    for (const Level& level : levels_) {
      const Entry* entry = level.find(slot.key);
      const Entry* other = slot.alternative.empty() ? nullptr : level.find(slot.alternative);
      if (entry != nullptr && other != nullptr && entry->of_uri == other->of_uri) {
        const auto name = [](const std::string& key) { return key.substr(key.rfind('.') + 1); };
        findings_.add(other->at, other->path,
                      {.message = fmt::format("both {} and {} are set", name(slot.key), name(slot.alternative)),
                       .hint = "keep one of them"});
        return std::nullopt;
      }
      if (entry == nullptr || (other != nullptr && entry->of_uri)) entry = other;
      if (entry == nullptr) continue;
      auto value = finish(level, *entry);
      if (!value) return std::nullopt;
      // ${PASSWORD:-} says: no password here. A weaker source may have one.
      if (value->secret && !value->is_list && value->texts.front().empty()) continue;
      return value;
    }
    return std::nullopt;
  }

  // Returns nothing, and a finding, if the value cannot be used.
  std::optional<Resolved> finish(const Level& level, const Entry& entry) {
    Resolved value{.key = entry.key,
                   .option = find_option_spec(entry.key, input_.backend),
                   .origin = entry.origin,
                   .at = entry.at,
                   .path = entry.path};
    value.is_list = value.option != nullptr ? value.option->list() : entry.is_list;
    value.secret = value.option != nullptr ? value.option->secret() : names_secret(entry.key);
    Echo echo = entry.of_uri || value.secret ? Echo::hidden : Echo::shown;
    for (const std::string& raw : entry.texts) {
      std::string text = raw;
      if (level.kind == Level::Kind::file && !entry.of_uri && is_interpolated(raw)) {
        if (const auto fault = interpolate(raw, input_.environment, text)) return refuse(entry, *fault);
        echo = Echo::hidden; // it may come from a variable that is a secret elsewhere
      }
      value.texts.push_back(std::move(text));
    }
    if (value.is_list && !entry.is_list) value.texts = split(value.texts.front(), ',');
    if (value.option != nullptr) {
      if (value.texts.empty()) return refuse(entry, {.message = "the list is empty", .hint = "remove the key"});
      for (const std::string& text : value.texts) {
        if (const auto fault = check_value(*value.option, text, echo)) return refuse(entry, *fault);
      }
      if (value.option->type == OptionType::path || value.option->type == OptionType::paths) {
        if (!make_absolute(level, entry, value)) return std::nullopt;
      }
    }
    const bool file = value.option != nullptr ? value.key == "connection.password_file" : is_secret_file(value.key);
    if (file && !value.is_list && !read_secret(level, entry, value)) return std::nullopt;
    return value;
  }

  std::nullopt_t refuse(const Entry& entry, const Fault& fault) {
    findings_.add(entry.at, entry.path, fault);
    return std::nullopt;
  }

  std::filesystem::path absolute(const Level& level, const std::string& text) const {
    const std::filesystem::path path(text);
    if (path.is_absolute()) return path.lexically_normal();
    const bool of_file = level.kind == Level::Kind::file;
    return ((of_file ? input_.folder : std::filesystem::current_path()) / path).lexically_normal();
  }

  bool make_absolute(const Level& level, const Entry& entry, Resolved& value) {
    if (value.key == "connection.database" && value.texts.front() == ":memory:") return true;
    for (std::string& text : value.texts) {
      const bool plugin = value.key.substr(0, 7) == "plugin.";
      if (plugin && level.kind == Level::Kind::environment && text.front() != '/') {
        // A plugin is code: it is never looked for in whatever folder the program happens to run in.
        findings_.add(entry.at, entry.path, {.message = "it is a relative path", .hint = "write the full path"});
        return false;
      }
      text = absolute(level, text).string();
    }
    return true;
  }

  // Puts the secret itself in the place of the file that holds it.
  bool read_secret(const Level& level, const Entry& entry, Resolved& value) {
    const std::string path = absolute(level, value.texts.front()).string();
    std::string content;
    if (const auto reason = read_small_file(path, kLargestSecret, content)) {
      refuse(entry, {.message = fmt::format("the file {} cannot be read: {}", path, *reason),
                     .hint = "the secret is read by the user that the program runs as",
                     .machine = true});
      return false;
    }
    if (has_suffix(content, "\n") || content == "\n") content.pop_back();
    if (has_suffix(content, "\r") || content == "\r") content.pop_back();
    if (content.empty() || content.find('\0') != std::string::npos) {
      const char* what = content.empty() ? "is empty" : "holds a NUL byte";
      refuse(entry, {.message = fmt::format("the file {} {}", path, what), .machine = true});
      return false;
    }
    value.key.resize(value.key.size() - kFileSuffix.size());
    value.option = find_option_spec(value.key, input_.backend);
    value.texts = {std::move(content)};
    value.origin = fmt::format("file {} ({})", path, entry.origin);
    value.secret = true;
    value.file = path;
    return true;
  }

  std::vector<Level> levels_;
  const ResolveInput& input_;
  Findings& findings_;
};

} // namespace

std::vector<Resolved> resolve(std::vector<Level> levels, const ResolveInput& input, Findings& findings) {
  return Resolver(std::move(levels), input, findings).run();
}

} // namespace tenon::config
