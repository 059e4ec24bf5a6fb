#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tenon/host/registry.hpp>
#include <tenon/tenon.hpp>

#include "commands.hpp"

namespace tenon::tool {
namespace {

/// Where to look: the profile's plugin settings, if there is a configuration; else the usual places.
host::PluginRequest places_of(const Common& common) {
  host::PluginRequest request;
  if (common.file.empty() && common.profile.empty()) return request;
  const config::Profile profile = config::load(common.sources());
  request.path = profile.plugin.path;
  request.directories = profile.plugin.directories;
  request.refuse_writable = profile.plugin.refuse_writable;
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
  const host::PluginRequest request = places_of(common);
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
  host::PluginRequest request = places_of(common);
  request.backend = plugin;
  request.path.clear();
  if (plugin.find('/') != std::string::npos) { // a path: its id stands in the file's name
    const std::string path = std::string(plugin.front() == '/' ? "" : "./") + plugin;
    char* absolute = ::realpath(path.c_str(), nullptr);
    if (absolute == nullptr) throw_error(ErrorCode::plugin, "no such file: " + plugin, "give an id or a path");
    request.path = absolute;
    std::free(absolute); // NOLINT(cppcoreguidelines-no-malloc): realpath's own
    std::string name = request.path.substr(request.path.rfind('/') + 1);
    constexpr std::string_view kPrefix = "libtenon_";
    if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
    request.backend = name.substr(0, name.find('.'));
  }
  const host::Plugin& loaded = host::load_plugin(request);
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
