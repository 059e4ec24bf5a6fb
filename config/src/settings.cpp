#include "settings.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "text.hpp"
#include "value.hpp"

namespace tenon::config {
namespace {

constexpr std::string_view kConnection = "connection.";

// Binds the table's keys to the members they fill.
void set_member(std::string_view key, const std::vector<std::string>& texts, Profile& profile) {
  const std::string& text = texts.front();
  const auto count = [&] { return static_cast<std::uint32_t>(parse_integer(text).value()); };
  const auto duration = [&] { return parse_duration(text).value(); };
  const auto flag = [&] { return parse_boolean(text).value(); };
  StoreSettings& store = profile.store;
  PluginSettings& plugin = profile.plugin;
  if (key == "pool.size") store.pool.size = count();
  if (key == "pool.max_overflow") store.pool.max_overflow = count();
  if (key == "pool.timeout") store.pool.timeout = duration();
  if (key == "pool.recycle") store.pool.recycle = duration();
  if (key == "pool.min_idle") store.pool.min_idle = count();
  if (key == "pool.ping_after") store.pool.ping_after = duration();
  if (key == "pool.leak_after") store.pool.leak_after = duration();
  if (key == "pool.when_down") store.pool.when_down = text == "fail" ? WhenDown::fail : WhenDown::wait;
  if (key == "retry.attempts") store.retry.attempts = count();
  if (key == "retry.base_delay") store.retry.base_delay = duration();
  if (key == "retry.max_delay") store.retry.max_delay = duration();
  if (key == "deadlines.call") store.call_timeout = duration();
  if (key == "deadlines.transaction") store.transaction_timeout = duration();
  if (key == "deadlines.connect") store.connect_timeout = duration();
  if (key == "errors.detail") store.error_detail = text == "full" ? ErrorDetail::full : ErrorDetail::none;
  if (key == "log.statements") store.log_statements = flag();
  if (key == "plugin.path") plugin.path = text;
  if (key == "plugin.sha256") plugin.sha256 = lower(text);
  if (key == "plugin.directories") plugin.directories = texts;
  if (key == "plugin.refuse_writable") plugin.refuse_writable = flag();
}

void add_connection(const Resolved& value, Profile& profile) {
  const std::string key = value.key.substr(kConnection.size());
  if (value.is_list) {
    for (std::size_t i = 0; i < value.texts.size(); ++i) {
      profile.connection.emplace_back(fmt::format("{}.{}", key, i), value.texts[i]);
    }
    return;
  }
  std::string text = value.texts.front();
  if (value.option != nullptr && value.option->type == OptionType::duration) {
    text = fmt::format("{}ms", parse_duration(text).value().count()); // one unit, and none can take it for another
  }
  profile.connection.emplace_back(key, std::move(text));
  // It reads the file anew with every connect, so that a password can be changed while the store is open.
  if (!value.file.empty() && profile.backend == "postgresql") {
    profile.connection.emplace_back("password_file", value.file);
  }
}

Setting setting(const Resolved& value) {
  const std::string shown = value.secret ? kSecretShown : mask_passwords(join(value.texts, ", "));
  return {.key = value.key, .value = shown, .origin = value.origin, .secret = value.secret};
}

bool is_set(const std::vector<Resolved>& values, std::string_view key) {
  return std::any_of(values.begin(), values.end(), [&](const Resolved& value) { return value.key == key; });
}

// What libpq adds by itself when the key is left open. It is shown, not copied: libpq applies it.
std::optional<Setting> from_libpq(const OptionSpec& option, const std::vector<Resolved>& values,
                                  const Environment& environment) {
  if (option.libpq.empty() || (option.key == "connection.host" && is_set(values, "connection.hosts"))) {
    return std::nullopt;
  }
  Setting found{.key = std::string(option.key), .secret = option.secret()};
  if (const auto text = environment.get_filled(option.libpq)) {
    found.value = found.secret ? kSecretShown : mask_passwords(*text);
    found.origin = fmt::format("environment {} (libpq)", option.libpq);
    return found;
  }
  if (option.key != "connection.password") return std::nullopt;
  auto file = environment.get_filled("PGPASSFILE");
  if (const auto home = environment.get_filled("HOME"); !file && home) file = *home + "/.pgpass";
  std::error_code error;
  if (!file || !std::filesystem::is_regular_file(*file, error)) return std::nullopt;
  found.value = kSecretShown;
  found.origin = fmt::format("file {}, where a line of it matches (libpq)", *file);
  return found;
}

void list_settings(const std::vector<Resolved>& values, const std::string& backend_origin,
                   const Environment& environment, Profile& profile) {
  const BackendSet backend = backend_bit(profile.backend);
  std::vector<Setting>& list = profile.settings;
  list.push_back({.key = "backend", .value = profile.backend, .origin = backend_origin});
  for (const Resolved& value : values) {
    if (value.option == nullptr) list.push_back(setting(value));
  }
  for (const OptionSpec& option : kOptions) {
    if (option.scope != OptionScope::profile || (option.backends & backend) == 0) continue;
    const auto found =
        std::find_if(values.begin(), values.end(), [&](const Resolved& value) { return value.option == &option; });
    if (found != values.end()) {
      list.push_back(setting(*found));
    } else if (auto libpq = backend == kPostgresql ? from_libpq(option, values, environment) : std::nullopt) {
      list.push_back(std::move(*libpq));
    } else if (!option.fallback.empty()) {
      list.push_back({.key = std::string(option.key), .value = std::string(option.fallback), .origin = "default"});
    }
  }
  if (const auto service = environment.get_filled("PGSERVICE"); service && backend == kPostgresql) {
    const auto after = std::find_if(list.begin(), list.end(), [](const Setting& s) { return s.key == "pool.size"; });
    list.insert(after, {.key = "connection.service", .value = *service, .origin = "environment PGSERVICE (libpq)"});
  }
}

// A rule over two keys is broken: reported where the one of them stands that was set on purpose.
void report(const std::vector<Resolved>& values, std::array<std::string_view, 2> keys, const Place& place,
            const Fault& fault, Findings& findings) {
  for (const std::string_view key : keys) {
    const auto found =
        std::find_if(values.begin(), values.end(), [&](const Resolved& value) { return value.key == key; });
    if (found != values.end()) return findings.add(found->at, found->path, fault);
  }
  findings.add(place, keys[0], fault);
}

void check_rules(const std::vector<Resolved>& values, const Place& place, const Profile& profile, Findings& findings) {
  const PoolSettings& pool = profile.store.pool;
  if (pool.min_idle > pool.size) {
    report(values, {"pool.min_idle", "pool.size"}, place,
           {.message = fmt::format("pool.min_idle ({}) is more than pool.size ({})", pool.min_idle, pool.size),
            .hint = "connections beyond size are closed when idle"},
           findings);
  }
  const RetrySettings& retry = profile.store.retry;
  if (retry.base_delay > retry.max_delay) {
    report(values, {"retry.base_delay", "retry.max_delay"}, place,
           {.message = fmt::format("retry.base_delay ({}) is more than retry.max_delay ({})",
                                   duration_text(retry.base_delay.count()), duration_text(retry.max_delay.count())),
            .hint = "max_delay bounds every delay"},
           findings);
  }
  if (profile.backend == "sqlite" && !is_set(values, "connection.database")) {
    const std::string section = place.line > 0 ? fmt::format("profiles.{}.", profile.name) : std::string{};
    findings.add(place, section + "connection.database",
                 {.message = "sqlite needs a database", .hint = "name a file, or \":memory:\""});
  }
}

} // namespace

void apply(const std::vector<Resolved>& values, const std::string& backend_origin, const Place& place,
           const Environment& environment, Profile& profile, Findings& findings) {
  for (const Resolved& value : values) {
    if (std::string_view(value.key).substr(0, kConnection.size()) == kConnection) {
      add_connection(value, profile);
    } else {
      set_member(value.key, value.texts, profile);
    }
  }
  check_rules(values, place, profile, findings);
  list_settings(values, backend_origin, environment, profile);
}

} // namespace tenon::config
