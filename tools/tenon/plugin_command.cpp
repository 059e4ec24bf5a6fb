#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tenon/host/registry.hpp>
#include <tenon/tenon.hpp>

#include "commands.hpp"

namespace tenon::tool {
namespace {

/// What the profile in use asks for; without a configuration the usual places. A broken one that nobody named is no
/// reason to show no plugins.
host::PluginRequest request_of(const Common& common) {
  const config::Sources sources = common.sources();
  const bool named = sources.file || sources.profile;
  if (!named && !config::is_configured(sources)) return {};
  try {
    const config::Profile profile = config::load(sources);
    return {profile.backend, profile.plugin.path, profile.plugin.sha256, profile.plugin.directories,
            profile.plugin.refuse_writable};
  } catch (const ConfigError& error) {
    if (named) throw;
    fmt::print(stderr, "warning: only the usual places are searched, because the configuration cannot be used: {}\n",
               error.what());
    return {};
  }
}

/// The request for one plugin, named by its id or by the path of its file.
host::PluginRequest request_for(const std::string& plugin, host::PluginRequest request) {
  std::string id = plugin;
  std::string path;
  if (plugin.find('/') != std::string::npos) { // its id stands in the file's name
    std::error_code failed;
    path = std::filesystem::canonical(plugin, failed).string();
    if (failed) throw_error(ErrorCode::plugin, "no such file: " + plugin, "give an id or a path");
    id = path.substr(path.rfind('/') + 1);
    constexpr std::string_view kPrefix = "libtenon_";
    if (id.starts_with(kPrefix)) id.erase(0, kPrefix.size());
    id = id.substr(0, id.find('.'));
  }
  if (id != request.backend) { // the configured file and its checksum are another backend's
    request.path.clear();
    request.sha256.clear();
  }
  request.backend = std::move(id);
  if (!path.empty()) request.path = std::move(path);
  return request;
}

std::string status_of(const host::PluginListing& listing) {
  if (listing.code != host::LoadCode::ok) return std::string(host::load_code_name(listing.code));
  return listing.shadowed ? "shadowed" : "ok";
}

std::vector<std::string_view> names_of(Capabilities capabilities) {
  std::vector<std::string_view> names;
  for (const auto& [capability, name] : kCapabilityNames) {
    if (capabilities.has(capability)) names.push_back(name);
  }
  return names;
}

} // namespace

int plugin_list(const Common& common) {
  const host::PluginRequest request = request_of(common);
  const auto listings = host::list_plugins(request);
  if (common.json) {
    Json array = Json::array();
    for (const auto& listing : listings) {
      array.push_back(Json{{"id", listing.id},
                           {"path", listing.path},
                           {"origin", listing.origin},
                           {"abi", listing.abi ? host::to_string(*listing.abi) : ""},
                           {"status", status_of(listing)},
                           {"reason", listing.reason},
                           {"hint", listing.hint}});
    }
    print_json(array);
    return kOk;
  }
  for (const auto& listing : listings) {
    print(fmt::format("{:<14} {:<10} ABI {:<5} {}\n", listing.id, status_of(listing),
                      listing.abi ? host::to_string(*listing.abi) : "-", listing.path));
    if (!listing.reason.empty()) print(fmt::format("  {}\n", listing.reason));
  }
  if (listings.empty()) {
    fmt::print(stderr, "no plugins found; searched:\n");
    for (const auto& place : host::search_places(request)) {
      fmt::print(stderr, "  {} ({}){}\n", place.directory, place.origin,
                 place.ignored.empty() ? "" : ": ignored, " + place.ignored);
    }
  }
  return kOk;
}

int plugin_info(const Common& common, const std::string& plugin) {
  const host::Plugin& loaded = host::load_plugin(request_for(plugin, request_of(common)));
  const BackendInfo& info = loaded.info();
  const auto capabilities = names_of(loaded.capabilities());
  if (common.json) {
    print_json(Json{{"id", info.id},
                    {"version", info.version},
                    {"vendor", info.vendor},
                    {"license", info.license},
                    {"url", info.url},
                    {"build", info.build},
                    {"path", loaded.path()},
                    {"origin", loaded.origin()},
                    {"abi", host::to_string(loaded.abi())},
                    {"capabilities", capabilities}});
    return kOk;
  }
  const auto line = [](std::string_view name, std::string_view value) {
    print(fmt::format("{:<13} {}\n", name, value));
  };
  line("id", info.id);
  line("version", info.version);
  line("vendor", info.vendor);
  line("license", info.license);
  line("url", info.url);
  line("build", info.build);
  line("path", loaded.path());
  line("origin", loaded.origin());
  line("abi", host::to_string(loaded.abi()));
  line("capabilities", fmt::format("{}", fmt::join(capabilities, " ")));
  return kOk;
}

} // namespace tenon::tool
