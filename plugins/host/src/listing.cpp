#include <filesystem>
#include <set>
#include <system_error>

#include <tenon/host/registry.hpp>

#include "elf_file.hpp"
#include "file_checks.hpp"
#include "places.hpp"
#include "plugin_names.hpp"
#include "refusal.hpp"

namespace tenon::host {

namespace fs = std::filesystem;

namespace {

void examine(PluginListing& listing, const PluginRequest& request) {
  try {
    if (request.refuse_writable) check_permissions(listing.path);
    if (!request.sha256.empty() && listing.id == request.backend) check_sha256(listing.path, request.sha256);
    check_elf(listing.path);
    AbiTag tag = read_tag(listing.path);
    listing.tag = tag.name;
    listing.abi = tag.version;
    check_tag(tag);
  } catch (const Refusal& refusal) {
    listing.code = refusal.code;
    listing.reason = refusal.reason;
    listing.hint = refusal.hint;
    if (listing.reason.empty() && refusal.abi) {
      listing.reason = "plugin: ABI " + to_string(*refusal.abi) + ", host: accepts ABI " + to_string(host_abi());
    }
  }
}

PluginListing list_file(std::string id, const std::string& path, std::string origin, const PluginRequest& request) {
  PluginListing listing;
  listing.id = std::move(id);
  listing.origin = std::move(origin);
  if (!fs::path(path).is_absolute()) {
    listing.path = path;
    listing.code = LoadCode::not_found;
    listing.reason = "ignored, because it is not an absolute path";
    return listing;
  }
  std::error_code failed;
  const fs::path file = fs::canonical(path, failed);
  listing.path = failed ? path : file.string();
  if (failed) {
    listing.code = LoadCode::not_a_plugin;
    listing.reason = "the file cannot be found: " + failed.message();
    return listing;
  }
  examine(listing, request);
  return listing;
}

} // namespace

std::vector<PluginListing> list_plugins(const PluginRequest& places) {
  std::vector<PluginListing> listings;
  std::set<std::string> seen;
  const auto add = [&](std::string id, const std::string& path, const std::string& origin) {
    const bool first = seen.insert(id).second;
    listings.push_back(list_file(std::move(id), path, origin, places));
    listings.back().shadowed = !first;
  };
  if (!places.path.empty()) {
    const std::string_view named = id_of_file_name(std::string_view(places.path).substr(places.path.rfind('/') + 1));
    add(places.backend.empty() ? std::string(named) : places.backend, places.path, kConfiguredPath);
  }
  for (const Place& place : search_places(places)) {
    if (!place.ignored.empty()) continue;
    for (const std::string& file : plugin_files(place.directory)) {
      add(std::string(id_of_file_name(fs::path(file).filename().native())), file, place.origin);
    }
  }
  return listings;
}

} // namespace tenon::host
