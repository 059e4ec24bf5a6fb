#include <tenon/config/load.hpp>

#include <utility>

#include <fmt/format.h>

#include <tenon/config/option_table.hpp>

#include "file.hpp"
#include "level.hpp"
#include "resolve.hpp"
#include "settings.hpp"
#include "text.hpp"
#include "value.hpp"

namespace tenon::config {
namespace {

struct Backend {
  std::string id;
  std::string origin;
};

// One run over the sources: load() looks at the selected profile's values, check() at those of every profile.
class Loader {
public:
  explicit Loader(const Sources& sources) : sources_(sources), file_(sources, findings_) {}

  [[nodiscard]] const ConfigFile& file() const noexcept { return file_; }
  [[nodiscard]] Findings& findings() noexcept { return findings_; }

  /// The selected profile, or nothing and findings.
  std::optional<Profile> selected() {
    if (file_.state() == ConfigFile::State::unusable) return std::nullopt;
    if (file_.state() == ConfigFile::State::absent) return without_file();
    const auto name = file_.selected(sources_, findings_);
    return name ? merged(*name, Selected::yes) : std::nullopt;
  }

  /// Looks at the profiles that are not selected: their keys and plain values, with `deep` their variables too. What
  /// only this machine lacks for them is a warning.
  void others(const std::optional<Profile>& except, bool deep) {
    if (file_.state() != ConfigFile::State::read) return;
    findings_.set_machine_severity(Severity::warning);
    for (const std::string& name : file_.profile_names()) {
      if (except && except->name == name) continue;
      if (deep) {
        merged(name, Selected::no);
      } else {
        std::optional<Backend> backend;
        file_levels(name, Selected::no, backend);
      }
    }
    findings_.set_machine_severity(Severity::error);
  }

private:
  enum class Selected { no, yes };

  std::optional<Profile> without_file() {
    if (sources_.profile && *sources_.profile != kEnvironmentProfile) {
      findings_.add(
          {}, "",
          {.message = fmt::format("there is no file, so there is no profile {}", in_quotes(*sources_.profile)),
           .hint = looked_for()});
      return std::nullopt;
    }
    std::optional<Backend> backend = strong_backend(strong_plugin());
    if (!backend && has_postgres_variables(sources_.environment)) {
      backend = Backend{"postgresql", "environment POSTGRES_*"};
    }
    if (!backend) {
      if (!findings_.has_errors()) findings_.add({}, "", {.message = "no configuration found", .hint = looked_for()});
      return std::nullopt;
    }
    return merged_levels(kEnvironmentProfile, *backend, {}, {}, Selected::yes, findings_.added());
  }

  [[nodiscard]] std::string looked_for() const {
    const char* environment = "set POSTGRES_HOST, POSTGRES_DATABASE and their like, or POSTGRES_URI";
    if (!sources_.use_file) return environment;
    return fmt::format(
        "looked for a file that is named, for TENON_CONFIG (not set) and for ./storage.yaml (not there); "
        "write one, or {}",
        environment);
  }

  // Whether an override or a variable names the plugin's file.
  [[nodiscard]] bool strong_plugin() const {
    bool named = sources_.environment.get_filled("TENON__PLUGIN__PATH").has_value();
    for (const auto& [key, text] : sources_.overrides)
      named = named || key == "plugin.path";
    return named;
  }

  // The backend that an override or a variable names. `own_plugin`: see check_backend_id().
  std::optional<Backend> strong_backend(bool own_plugin) {
    std::optional<Backend> found;
    for (const auto& [key, text] : sources_.overrides) {
      if (key == "backend") found = Backend{text, "override backend"};
    }
    if (const auto text = sources_.environment.get("TENON__BACKEND"); text && !found) {
      found = Backend{*text, "environment TENON__BACKEND"};
    }
    if (!found) return std::nullopt;
    if (const auto fault = check_backend_id(found->id, own_plugin)) {
      findings_.add({found->origin}, "backend", *fault);
      return std::nullopt;
    }
    return found;
  }

  // What a profile of the file itself says, or nothing; `failed` if it says something unusable.
  std::optional<Backend> own_backend(const Node& profile, bool own_plugin, bool& failed) {
    const Node* node = profile.find("backend");
    if (node == nullptr) return std::nullopt;
    failed = true;
    const std::string key = fmt::format("profiles.{}.backend", profile.key);
    if (node->kind != Node::Kind::scalar) {
      findings_.add(node->at, key, {.message = "it is not the id of a backend", .hint = "backend: sqlite"});
      return std::nullopt;
    }
    const auto id = expanded(*node, key, sources_.environment, findings_);
    if (!id) return std::nullopt;
    if (const auto fault = check_backend_id(*id, own_plugin)) {
      findings_.add(node->at, key, *fault);
      return std::nullopt;
    }
    failed = false;
    return Backend{*id, place_text(node->key_at)};
  }

  // The profile and its parents as levels, nearest first; `backend` is the one in use. Both empty after a finding.
  std::vector<Level> file_levels(const std::string& name, Selected selected, std::optional<Backend>& backend) {
    const std::vector<const Node*> chain = file_.chain(name, sources_.environment, findings_);
    if (chain.empty()) return {};
    bool own_plugin = selected == Selected::yes && strong_plugin();
    for (const Node* profile : chain) {
      const Node* plugin = profile->find("plugin");
      own_plugin = own_plugin || (plugin != nullptr && plugin->find("path") != nullptr);
    }
    // What each link runs on: its own backend, or that of the nearest parent that names one.
    std::vector<std::optional<Backend>> named;
    named.reserve(chain.size());
    bool failed = false;
    for (const Node* profile : chain)
      named.push_back(own_backend(*profile, own_plugin, failed));
    if (failed) return {};
    for (std::size_t i = named.size() - 1; i > 0; --i) {
      if (!named[i - 1]) named[i - 1] = named[i];
    }
    if (selected == Selected::yes) {
      const std::size_t before = findings_.added();
      backend = strong_backend(own_plugin);
      if (findings_.added() != before) return {};
    }
    if (!backend) backend = named.front();
    std::vector<Level> levels;
    levels.reserve(chain.size());
    for (std::size_t i = 0; i < chain.size(); ++i) {
      const bool same = backend && (!named[i] || named[i]->id == backend->id);
      levels.push_back(file_level(*chain[i], backend_bit(backend ? backend->id : ""),
                                  same ? ProfileParts::all : ProfileParts::shared, findings_));
    }
    return levels;
  }

  std::optional<Profile> merged(const std::string& name, Selected selected) {
    const std::size_t before = findings_.added();
    std::optional<Backend> backend;
    std::vector<Level> levels = file_levels(name, selected, backend);
    if (levels.empty()) return std::nullopt;
    const Node& profile = *file_.chain(name, sources_.environment, findings_).front();
    if (!backend) {
      // A profile that others extend may leave the backend to them.
      if (selected == Selected::yes) {
        findings_.add(profile.key_at, "profiles." + name,
                      {.message = "the profile has no backend", .hint = "add backend: postgresql or backend: sqlite"});
      }
      return std::nullopt;
    }
    return merged_levels(name, *backend, std::move(levels), profile.key_at, selected, before);
  }

  // `before`: findings_.added() before this profile was looked at.
  std::optional<Profile> merged_levels(const std::string& name, const Backend& backend, std::vector<Level> file_levels,
                                       const Place& place, Selected selected, std::size_t before) {
    const BackendSet bit = backend_bit(backend.id);
    std::vector<Level> levels;
    if (selected == Selected::yes) {
      levels.push_back(override_level(sources_.overrides, bit, findings_));
      levels.push_back(environment_level(sources_.environment, bit, findings_));
    }
    for (Level& level : file_levels)
      levels.push_back(std::move(level));
    if (selected == Selected::yes && bit == kPostgresql) levels.push_back(postgres_level(sources_.environment));

    const ResolveInput input{bit, sources_.environment, file_.folder()};
    const std::vector<Resolved> values = resolve(std::move(levels), input, findings_);
    Profile profile{.name = name, .backend = backend.id};
    // Values that were refused are missing; to complain of that too would say the same twice.
    if (findings_.added() == before) apply(values, backend.origin, place, sources_.environment, profile, findings_);
    return profile;
  }

  const Sources& sources_;
  Findings findings_;
  ConfigFile file_;
};

} // namespace

bool is_configured(const Sources& sources) {
  if (Loader(sources).file().state() != ConfigFile::State::absent) return true;
  return !sources.overrides.empty() || has_postgres_variables(sources.environment) ||
         !sources.environment.with_prefix("TENON__").empty();
}

Profile load(const Sources& sources) {
  Loader loader(sources);
  std::optional<Profile> profile = loader.selected();
  loader.others(profile, false);
  loader.findings().throw_first();
  return std::move(profile).value();
}

std::vector<std::string> profile_names(const Sources& sources) {
  Loader loader(sources);
  if (loader.file().state() == ConfigFile::State::absent) return {kEnvironmentProfile};
  if (loader.file().state() == ConfigFile::State::unusable) loader.findings().throw_first();
  return loader.file().profile_names();
}

std::vector<Problem> check(const Sources& sources) {
  Loader loader(sources);
  const std::optional<Profile> profile = loader.selected();
  loader.others(profile, true);
  return loader.findings().sorted();
}

} // namespace tenon::config
