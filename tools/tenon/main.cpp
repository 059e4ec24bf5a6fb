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

/// A word that stands where a verb has to, and is none.
struct Mistyped {
  std::string word;
  std::string nearest; ///< the verb that was meant, or empty
};

std::optional<Mistyped> mistyped_verb(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) {
      const CLI::Option* option = app.get_option_no_throw(word);
      if (option != nullptr && option->get_items_expected() > 0) ++i; // its value is no verb
      continue;
    }
    std::vector<std::string> verbs;
    const CLI::App* next = nullptr;
    for (const CLI::App* verb : at->get_subcommands([](const CLI::App*) { return true; })) {
      verbs.push_back(verb->get_name());
      if (verb->get_name() == word) next = verb;
    }
    if (verbs.empty()) return std::nullopt; // the rest is the verb's own
    if (next == nullptr) return Mistyped{word, tenon::nearest_name(word, verbs)};
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
    if (const auto mistyped = mistyped_verb(app, argc, argv)) {
      fmt::print(stderr, "error: \"{}\" is not a verb\n", mistyped->word);
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
