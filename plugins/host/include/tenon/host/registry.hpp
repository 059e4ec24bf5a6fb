#pragma once
// Finds, checks and loads backend plugins, and opens backends from them. Used by config's open() and by the `tenon`
// command. A plugin is loaded once, by its canonical absolute path, and stays loaded until the process ends.
// Threads: every function and every method from any thread.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/host/negotiate.hpp>
#include <tenon/interface/backend.hpp>

struct tenon_backend_v1;

namespace tenon::host {

/// Why a plugin was refused. The name (load_code_name) stands in the error's first line, the number in
/// Error::vendor_code().
enum class LoadCode : std::int32_t {
  ok = 0,
  not_found = 1,
  not_a_plugin = 2,
  wrong_architecture = 3,
  abi_major_mismatch = 4,
  abi_minor_mismatch = 5,
  missing_dependency = 6,
  load_failed = 7,
  entry_failed = 8,
  broken_contract = 9,
  id_mismatch = 10,
  checksum_mismatch = 11,
  unsafe_permissions = 12,
};

/// "NOT_FOUND", "ABI_MAJOR_MISMATCH", …
[[nodiscard]] TENON_VISIBLE std::string_view load_code_name(LoadCode code) noexcept;

struct PluginRequest {
  std::string backend;                  ///< the id: [a-z][a-z0-9_]*
  std::string path;                     ///< absolute; empty: search for libtenon_<backend>.so
  std::string sha256;                   ///< 64 hexadecimal digits; empty: not pinned
  std::vector<std::string> directories; ///< absolute; searched first
  bool refuse_writable = false;         ///< refuse a file, or a folder of one, that group or others may write to
};

/// A directory where plugins are looked for.
struct Place {
  std::string origin; ///< "TENON_PLUGIN_PATH entry 1"
  std::string directory;
  std::string ignored; ///< why it is not searched; empty: it is
};

/// A file named libtenon_<id>.so in one of the places, as far as it can be judged without running any of its code.
struct PluginListing {
  std::string id; ///< from the file's name
  std::string path;
  std::string origin;
  std::string tag; ///< as exported; empty if none could be read
  std::optional<AbiVersion> abi;
  bool shadowed = false;        ///< a place before this one has the same id: this file is never used
  LoadCode code = LoadCode::ok; ///< ok: it would be loaded, unless a library that it needs is missing
  std::string reason;           ///< why not; empty for ok
  std::string hint;
};

/// A loaded plugin. Lifetime: until the process ends.
class TENON_VISIBLE Plugin {
public:
  struct Facts {
    std::string path;   ///< canonical
    std::string origin; ///< which place it came from, as in Place::origin
    std::string tag;
    BackendInfo info;
    Capabilities capabilities; ///< what it can do at most
    AbiVersion abi;
  };

  Plugin(Facts facts, const tenon_backend_v1& table) : facts_(std::move(facts)), table_(&table) {}
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return facts_.path; }
  [[nodiscard]] const std::string& origin() const noexcept { return facts_.origin; }
  [[nodiscard]] const std::string& tag() const noexcept { return facts_.tag; }
  [[nodiscard]] const BackendInfo& info() const noexcept { return facts_.info; }
  [[nodiscard]] Capabilities capabilities() const noexcept { return facts_.capabilities; }
  [[nodiscard]] AbiVersion abi() const noexcept { return facts_.abi; }
  /// The checked table: required functions are there, unclaimed ones answer NotSupported.
  [[nodiscard]] const tenon_backend_v1& table() const noexcept { return *table_; }

private:
  Facts facts_;
  const tenon_backend_v1* table_; // never freed: the registry is leaked on purpose
};

/// Returns the same object each time for the same file.
/// Errors: PluginError with one of the codes above; ConfigError for a malformed id or checksum.
[[nodiscard]] TENON_VISIBLE const Plugin& load_plugin(const PluginRequest& request);

/// Errors: as the plugin's open: ConfigError for an unknown option, …; PluginError if it breaks its contract.
[[nodiscard]] TENON_VISIBLE std::unique_ptr<IBackend> open_backend(const Plugin& plugin, Options options);

/// In the order of search: directories of the request, TENON_PLUGIN_PATH, the directory beside the library. Never the
/// current directory, never LD_LIBRARY_PATH.
[[nodiscard]] TENON_VISIBLE std::vector<Place> search_places(const PluginRequest& request);

/// Everything that looks like a plugin in `places.path` and the places of search, sorted by place, then name.
[[nodiscard]] TENON_VISIBLE std::vector<PluginListing> list_plugins(const PluginRequest& places);

/// Where messages of plugins go; nullptr, the default, drops them. `level` is 1 (debug) to 4 (error).
TENON_VISIBLE void set_plugin_log(void (*sink)(int level, std::string_view message)) noexcept;

} // namespace tenon::host
