#include "library.hpp"

#include <clocale>
#include <filesystem>
#include <string_view>
#include <vector>

#include <boost/dll/shared_library.hpp>
#include <dlfcn.h>
#include <fmt/format.h>

#include <tenon/sdk/bridge.hpp>

#include "refusal.hpp"

namespace tenon::host {

namespace {

using Entry = const tenon_backend_v1*(const tenon_host*, tenon_error*);

/// Messages of the dynamic linker in English for this thread, so that they can be told apart.
class EnglishMessages {
public:
  EnglishMessages() noexcept : locale_(newlocale(LC_MESSAGES_MASK, "C", duplocale(uselocale(nullptr)))) {
    if (locale_ != nullptr) before_ = uselocale(locale_);
  }
  EnglishMessages(const EnglishMessages&) = delete;
  EnglishMessages& operator=(const EnglishMessages&) = delete;
  ~EnglishMessages() {
    if (locale_ == nullptr) return;
    uselocale(before_);
    freelocale(locale_);
  }

private:
  locale_t locale_;
  locale_t before_ = nullptr;
};

[[noreturn]] void throw_load_failure(const std::string& path, std::string_view message) {
  // "<library>: cannot open shared object file: <why>", where the library is the plugin or one that it needs.
  const std::size_t end = message.find(": cannot open shared object file");
  const std::string_view library = message.substr(0, end);
  if (end != std::string_view::npos && library != path) {
    throw Refusal{LoadCode::missing_dependency, fmt::format("it needs {}, which is not there", library),
                  fmt::format("install the package that holds {}; \"ldd {}\" lists all it needs", library, path)};
  }
  throw Refusal{LoadCode::load_failed, fmt::format("the dynamic linker says: {}", message),
                "the plugin does not fit the libraries of this system: install the build for it"};
}

/// Boost's default would bind lazily, and a missing symbol would end the process at its first call. NODELETE: client
/// libraries leave thread-exit handlers and exceptions behind that must not outlive their code.
boost::dll::shared_library open_library(const std::string& path) {
  constexpr auto kMode = static_cast<boost::dll::load_mode::type>(
      static_cast<unsigned>(boost::dll::load_mode::rtld_now) |
      static_cast<unsigned>(boost::dll::load_mode::rtld_local) | static_cast<unsigned>(RTLD_NODELETE));
  const EnglishMessages english;
  boost::dll::shared_library library;
  std::error_code failed;
  library.load(path, failed, kMode);
  if (failed) {
    const char* const message = dlerror();
    throw_load_failure(path, message == nullptr ? failed.message() : message);
  }
  return library;
}

const tenon_backend_v1* call_entry(Entry& entry) {
  tenon_error error{};
  error.struct_size = sizeof error;
  const tenon_backend_v1* table = nullptr;
  try {
    table = entry(&host_services(), &error);
  } catch (...) {
    throw Refusal{LoadCode::entry_failed, "the plugin's entry function threw an exception",
                  "report this to the plugin's author"};
  }
  if (table != nullptr) return table;
  ErrorInfo info = bridge::take_error(error.code, error);
  throw Refusal{LoadCode::entry_failed,
                info.message.empty() ? "the plugin's entry function gave no table and no reason"
                                     : "the plugin cannot work in this process: " + info.message,
                info.hint.empty() ? "see the plugin's documentation for what it needs" : std::move(info.hint)};
}

} // namespace

const tenon_backend_v1& load_library(const std::string& path) {
  boost::dll::shared_library library = open_library(path);
  if (!library.has(TENON_PLUGIN_ENTRY_NAME)) {
    throw Refusal{LoadCode::broken_contract,
                  fmt::format("it has an ABI tag, but does not export {}", TENON_PLUGIN_ENTRY_NAME),
                  "report this to the plugin's author"};
  }
  const tenon_backend_v1* const table = call_entry(library.get<Entry>(TENON_PLUGIN_ENTRY_NAME));
  static auto& kept_for_ever = *new std::vector<boost::dll::shared_library>; // the registry's mutex guards it
  kept_for_ever.push_back(std::move(library));
  return *table;
}

} // namespace tenon::host
