#include <tenon/host/registry.hpp>

#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>

#include <fmt/format.h>

#include <tenon/sdk/bridge.hpp>

#include "elf_file.hpp"
#include "file_checks.hpp"
#include "function_table.hpp"
#include "library.hpp"
#include "places.hpp"
#include "plugin_names.hpp"
#include "refusal.hpp"

namespace tenon::host {

namespace fs = std::filesystem;

namespace {

std::string canonical(const std::string& path) {
  std::error_code failed;
  fs::path file = fs::canonical(path, failed);
  if (failed) {
    throw Refusal{LoadCode::not_a_plugin,
                  "a link that leads nowhere, or a path that cannot be followed: " + failed.message(),
                  "install the plugin again, or remove the link"};
  }
  return std::move(file).string();
}

BackendInfo backend_info(const tenon_backend_v1& table) {
  const auto text = [](const tenon_string& field) { return std::string(bridge::view(field)); };
  return {text(table.id),      text(table.version), text(table.vendor),
          text(table.license), text(table.url),     text(table.build)};
}

class Registry {
public:
  const Plugin& get(const PluginRequest& request, const Search& found) {
    const std::string path = canonical(found.file);
    const std::lock_guard lock(mutex_);
    const FileIdentity file = file_identity(path);
    if (request.refuse_writable) check_permissions(path);
    if (!request.sha256.empty()) check_sha256(path, request.sha256);
    if (const auto known = plugins_.find(path); known != plugins_.end())
      return loaded_before(known->second, request, file);
    check_elf(path);
    const AbiTag tag = read_tag(path);
    check_tag(tag);
    auto table = check_table(load_library(path), tag, request.backend);
    Plugin::Facts facts{path,       found.origin, tag.name, backend_info(*table), Capabilities(table->capabilities),
                        tag.version};
    auto plugin = std::make_unique<Plugin>(std::move(facts), *table);
    const Loaded& loaded = plugins_[path] = Loaded{std::move(plugin), file};
    static_cast<void>(table.release()); // the registry has it now, and keeps it
    return *loaded.plugin;
  }

private:
  struct Loaded {
    std::unique_ptr<const Plugin> plugin;
    FileIdentity file;
  };

  static const Plugin& loaded_before(const Loaded& loaded, const PluginRequest& request, const FileIdentity& file) {
    const std::string& id = loaded.plugin->info().id;
    if (id != request.backend) {
      throw Refusal{LoadCode::id_mismatch, fmt::format("the plugin is backend \"{}\"", id),
                    fmt::format("write \"backend: {}\", or install the plugin for \"{}\"", id, request.backend)};
    }
    if (!request.sha256.empty() && loaded.file != file) {
      throw Refusal{LoadCode::checksum_mismatch, "the file has changed since this process loaded it",
                    "start the process again"};
    }
    return *loaded.plugin;
  }

  std::mutex mutex_;
  std::map<std::string, Loaded> plugins_; // by canonical path
};

/// Leaked on purpose: plugins must outlive every static destructor.
Registry& registry() {
  static auto& only = *new Registry;
  return only;
}

void check_request(const PluginRequest& request) {
  if (!is_backend_id(request.backend)) {
    const std::string similar = nearest_id(request.backend, available_ids(request));
    throw_error(ErrorCode::config, fmt::format("\"{}\" is not the name of a backend", request.backend),
                similar.empty() ? "a name consists of lower-case letters, digits and _, and begins with a letter"
                                : "did you mean \"" + similar + "\"?");
  }
  if (!request.sha256.empty() && !is_sha256(request.sha256)) {
    throw_error(ErrorCode::config,
                fmt::format("the sha256 of backend \"{}\" is not 64 hexadecimal digits", request.backend),
                "take the output of sha256sum");
  }
}

} // namespace

const Plugin& load_plugin(const PluginRequest& request) {
  check_request(request);
  const Search search = find_plugin(request);
  if (search.file.empty()) throw_not_found(request.backend, search, available_ids(request));
  try {
    return registry().get(request, search);
  } catch (const Refusal& refusal) {
    throw_refusal(request.backend, search, refusal);
  }
}

} // namespace tenon::host
