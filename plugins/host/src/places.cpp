#include "places.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <system_error>

#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include "plugin_names.hpp"

namespace tenon::host {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPathVariable = "TENON_PLUGIN_PATH";
constexpr const char* kBesideLibrary = "tenon/plugins/v1";

Place place(std::string origin, std::string directory) {
  Place made{std::move(origin), std::move(directory), {}};
  if (!fs::path(made.directory).is_absolute()) made.ignored = "ignored, because it is not an absolute path";
  return made;
}

/// The file that holds this code: libtenon, or a program that it is linked into. Empty if that cannot be told.
fs::path own_file() {
  Dl_info info{};
  link_map* map = nullptr;
  if (dladdr1(reinterpret_cast<const void*>(&own_file), &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0) {
    return {};
  }
  std::error_code failed;
  // The program's own name is whatever its caller passed; a library found by a relative path is not trusted either.
  const bool program = map == nullptr || map->l_name == nullptr || *map->l_name == '\0';
  const fs::path named = program ? fs::path("/proc/self/exe") : fs::path(map->l_name);
  if (!named.is_absolute()) return {};
  const fs::path file = fs::canonical(named, failed);
  return failed ? fs::path{} : file;
}

void append_environment(std::vector<Place>& places) {
  const char* const value = secure_getenv(kPathVariable);
  if (value == nullptr) return;
  std::string_view rest = value;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find(':');
    const std::string_view entry = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (entry.empty()) continue;
    places.push_back(place(fmt::format("{} entry {}", kPathVariable, number), std::string(entry)));
  }
}

/// Why a directory does not hold `file`, or an empty text if it does. A link that leads nowhere counts as held.
std::string why_absent(const std::string& directory, const std::string& file) {
  struct stat status {};
  if (lstat((fs::path(directory) / file).c_str(), &status) == 0) return {};
  const int failed = errno;
  if (failed == ENOENT && stat(directory.c_str(), &status) != 0) return "no such directory";
  if (failed == ENOENT) return "no " + file;
  if (failed == ENOTDIR) return "not a directory";
  return "cannot be searched: " + std::generic_category().message(failed);
}

} // namespace

std::vector<Place> search_places(const PluginRequest& request) {
  std::vector<Place> places;
  for (std::size_t i = 0; i < request.directories.size(); ++i) {
    places.push_back(place(fmt::format("configured directory {}", i + 1), request.directories[i]));
  }
  append_environment(places);
  const fs::path own = own_file();
  if (own.empty()) {
    places.push_back({"beside the library", kBesideLibrary, "ignored, because the library's own path is not known"});
  } else {
    places.push_back(place("beside the library", own.parent_path() / kBesideLibrary));
  }
  return places;
}

Search find_plugin(const PluginRequest& request) {
  Search search;
  if (!request.path.empty()) {
    Place named = place(kConfiguredPath, request.path);
    const fs::path path(request.path);
    std::string why = named.ignored.empty() ? why_absent(path.parent_path(), path.filename()) : named.ignored;
    if (why.empty()) {
      search.file = request.path;
      search.origin = named.origin;
    } else {
      search.without_match.push_back({std::move(named), std::move(why)});
    }
    return search;
  }
  const std::string file = plugin_file_name(request.backend);
  for (Place& candidate : search_places(request)) {
    std::string why = candidate.ignored.empty() ? why_absent(candidate.directory, file) : candidate.ignored;
    if (why.empty()) {
      search.file = fs::path(candidate.directory) / file;
      search.origin = candidate.origin;
      return search;
    }
    search.without_match.push_back({std::move(candidate), std::move(why)});
  }
  return search;
}

std::vector<std::string> plugin_files(const std::string& directory) {
  std::set<std::string> files;
  std::error_code failed;
  fs::directory_iterator entry(directory, failed);
  for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    if (!id_of_file_name(entry->path().filename().native()).empty()) files.insert(entry->path().native());
  }
  return {files.begin(), files.end()};
}

std::vector<std::string> available_ids(const PluginRequest& request) {
  std::set<std::string> ids;
  for (const Place& candidate : search_places(request)) {
    if (!candidate.ignored.empty()) continue;
    for (const std::string& file : plugin_files(candidate.directory)) {
      ids.emplace(id_of_file_name(fs::path(file).filename().native()));
    }
  }
  return {ids.begin(), ids.end()};
}

} // namespace tenon::host
