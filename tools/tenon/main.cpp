// The `tenon` command: looks at configuration, plugins and databases. Verbs are in commands.hpp.

#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <tenon/core/log.hpp>
#include <tenon/interface/nearest.hpp>

#include "commands.hpp"

namespace {

using namespace tenon::tool;

void log_to_stderr() {
  spdlog::set_default_logger(spdlog::stderr_color_mt("tenon"));
  spdlog::set_level(spdlog::level::debug);
  tenon::set_log_sink([](tenon::LogLevel level, std::string_view message) {
    constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                     spdlog::level::err};
    spdlog::log(kLevels[static_cast<int>(level) - 1], "{}", message);
  });
}

/// A word that is no verb or no option where it stands.
struct Mistyped {
  std::string what;
  std::string nearest; ///< the one that was meant, or empty
};

/// Verbs take the options of those above them, too.
const CLI::Option* option_of(const CLI::App& app, const std::string& name) {
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    if (const CLI::Option* option = at->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

Mistyped mistyped_option(const CLI::App& app, const std::string& name) {
  for (const CLI::App* verb : verbs_of(app)) {
    if (verb->get_option_no_throw(name) == nullptr) continue;
    return {fmt::format("\"{}\" is an option of {} and stands behind it", name, verb->get_name()), {}};
  }
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& word : option->get_lnames())
        names.push_back("--" + word);
    }
  }
  return {fmt::format("\"{}\" is not an option", name),
          name.starts_with("--") ? tenon::nearest_name(name, names) : std::string()};
}

/// The first option in the word, as --name, --name=value or -abc, that is none. `takes_next`: the next word is a value.
std::optional<Mistyped> mistyped_in(const CLI::App& app, const std::string& word, bool& takes_next) {
  takes_next = false;
  if (word.starts_with("--")) {
    const std::string name = word.substr(0, word.find('='));
    const CLI::Option* option = option_of(app, name);
    if (option == nullptr) return mistyped_option(app, name);
    takes_next = name == word && option->get_items_expected() > 0;
    return std::nullopt;
  }
  for (std::size_t i = 1; i < word.size(); ++i) {
    const std::string name = {'-', word[i]};
    const CLI::Option* option = option_of(app, name);
    if (option == nullptr) return mistyped_option(app, name);
    takes_next = option->get_items_expected() > 0 && i + 1 == word.size();
    if (option->get_items_expected() > 0) break; // the rest of the word is its value
  }
  return std::nullopt;
}

std::optional<Mistyped> mistyped_word(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--") break;
    if (word.starts_with('-')) {
      bool takes_next = false;
      if (auto mistyped = mistyped_in(*at, word, takes_next)) return mistyped;
      if (takes_next) ++i;
      continue;
    }
    std::vector<std::string> verbs;
    const CLI::App* next = nullptr;
    for (const CLI::App* verb : verbs_of(*at)) {
      verbs.push_back(verb->get_name());
      if (verb->get_name() == word) next = verb;
    }
    if (verbs.empty()) continue; // the verb's own
    if (next == nullptr) return Mistyped{fmt::format("\"{}\" is not a verb", word), tenon::nearest_name(word, verbs)};
    at = next;
  }
  return std::nullopt;
}

} // namespace

int main(int argc, char** argv) {
  Common common;
  std::string plugin;
  double timeout_seconds = 3;

  CLI::App app("Looks at Tenon's configuration, plugins and databases.\n"
               "The configuration is --config, else $TENON_CONFIG, else ./storage.yaml, else the environment alone.",
               "tenon");
  app.set_version_flag("--version", "tenon " TENON_VERSION);
  app.require_subcommand(1);
  app.fallthrough(); // the common options may stand behind the verb
  app.footer("Exit codes: 0 ok, 1 failed, 2 differences, 64 usage, 69 unreachable, 78 configuration.\n"
             "ping: 0 accepting, 1 rejecting, 2 no response, 3 not attempted.");
  app.add_option("-c,--config", common.file, "the configuration file")->type_name("FILE");
  app.add_option("-p,--profile", common.profile, "the profile (default: the file's default_profile)")
      ->type_name("NAME");
  app.add_flag("--json", common.json, "print data as JSON");
  app.add_flag("-v,--verbose", common.verbose, "log to stderr what is done");

  auto* config = app.add_subcommand("config", "look at the configuration");
  config->require_subcommand(1);
  auto* check = config->add_subcommand("check", "list every problem of the file, with its place");
  auto* show = config->add_subcommand("show", "print each value of the profile with its origin; no secrets");
  auto* schema = config->add_subcommand("schema", "print the JSON Schema of storage.yaml");
  auto* plugins = app.add_subcommand("plugin", "look at backend plugins");
  plugins->require_subcommand(1);
  auto* list = plugins->add_subcommand("list", "list what is found, without running any of its code");
  auto* info = plugins->add_subcommand("info", "load one plugin and print what it says of itself");
  info->add_option("plugin", plugin, "its id, or the path of its file")->required()->type_name("ID|PATH");
  auto* ping_verb = app.add_subcommand("ping", "ask whether the database accepts connections");
  ping_verb->add_option("-t,--timeout", timeout_seconds, "seconds to wait at most")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  auto* doctor_verb = app.add_subcommand("doctor", "look at file, plugin, server and schema, and say what to do next");
  for (CLI::App* verb : {config, plugins, check, show, schema, list, info, ping_verb, doctor_verb})
    verb->fallthrough();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error); // --help, --version
    if (const auto mistyped = mistyped_word(app, argc, argv)) {
      fmt::print(stderr, "error: {}\n", mistyped->what);
      if (!mistyped->nearest.empty()) fmt::print(stderr, "  did you mean \"{}\"?\n", mistyped->nearest);
    } else {
      fmt::print(stderr, "error: {}\n", error.what());
    }
    fmt::print(stderr, "  see tenon --help\n");
    return kUsage;
  }

  try {
    if (common.verbose) log_to_stderr();
    if (*check) return config_check(common);
    if (*show) return config_show(common);
    if (*schema) return config_schema();
    if (*list) return plugin_list(common);
    if (*info) return plugin_info(common, plugin);
    if (*ping_verb) {
      return ping(common, std::chrono::milliseconds(static_cast<std::int64_t>(timeout_seconds * 1000)));
    }
    return doctor(common);
  } catch (const tenon::Error& error) {
    report(error, common);
    return exit_code(error);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return kFailed;
  }
}
