#include <tenon/open.hpp>

#include <memory>
#include <utility>
#include <vector>

#include <tenon/core/layer.hpp>
#include <tenon/core/log.hpp>
#include <tenon/host/registry.hpp>

namespace tenon {
namespace {

void route_plugin_log() {
  host::set_plugin_log([](int level, std::string_view message) { log(static_cast<LogLevel>(level), message); });
}

} // namespace

Store open(const config::Profile& profile) {
  route_plugin_log();
  const host::Plugin& plugin = host::load_plugin({profile.backend, profile.plugin.path, profile.plugin.sha256,
                                                  profile.plugin.directories, profile.plugin.refuse_writable});
  std::vector<Option> options;
  for (const auto& [key, value] : profile.connection)
    options.push_back({key, value});
  try {
    return Store(host::open_backend(plugin, options), profile.store);
  } catch (const Error& error) {
    ErrorInfo info = profile.store.error_detail == ErrorDetail::none ? without_detail(error) : error.info();
    if (info.code == ErrorCode::config) // the plugin knows the option, we know where it was written
      info.message = "profile " + profile.name + ": " + info.message;
    throw_error(std::move(info));
  }
}

Store open(const config::Sources& sources) { return open(config::load(sources)); }

Store open(const std::string& file) { return open(config::Sources{.file = file}); }

Store open(const std::string& file, const std::string& profile) {
  return open(config::Sources{.file = file, .profile = profile});
}

Store open_from_environment() {
  config::Sources sources;
  sources.use_file = sources.environment.get_filled("TENON_CONFIG").has_value();
  return open(sources);
}

} // namespace tenon
