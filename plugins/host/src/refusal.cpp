#include "refusal.hpp"

#include <fmt/format.h>

#include "plugin_names.hpp"

namespace tenon::host {

namespace {

[[noreturn]] void throw_plugin_error(LoadCode code, const std::string& backend, std::string message, std::string hint) {
  ErrorInfo info;
  info.code = ErrorCode::plugin;
  info.vendor_code = static_cast<std::int32_t>(code);
  info.backend = backend;
  info.message = std::move(message);
  info.hint = std::move(hint);
  throw_error(std::move(info));
}

std::string headline(LoadCode code, const std::string& backend) {
  return fmt::format("cannot load backend \"{}\" [{}]", backend, load_code_name(code));
}

void append_searched(std::string& message, const Search& search) {
  if (search.without_match.empty()) return;
  message += "\n  searched:";
  for (const auto& [place, why] : search.without_match) {
    message += fmt::format("\n    {}  ({}): {}", place.directory, place.origin, why);
  }
}

} // namespace

std::string_view load_code_name(LoadCode code) noexcept {
  switch (code) {
    case LoadCode::ok: return "OK";
    case LoadCode::not_found: return "NOT_FOUND";
    case LoadCode::not_a_plugin: return "NOT_A_PLUGIN";
    case LoadCode::wrong_architecture: return "WRONG_ARCHITECTURE";
    case LoadCode::abi_major_mismatch: return "ABI_MAJOR_MISMATCH";
    case LoadCode::abi_minor_mismatch: return "ABI_MINOR_MISMATCH";
    case LoadCode::missing_dependency: return "MISSING_DEPENDENCY";
    case LoadCode::load_failed: return "LOAD_FAILED";
    case LoadCode::entry_failed: return "ENTRY_FAILED";
    case LoadCode::broken_contract: return "BROKEN_CONTRACT";
    case LoadCode::id_mismatch: return "ID_MISMATCH";
    case LoadCode::checksum_mismatch: return "CHECKSUM_MISMATCH";
    case LoadCode::unsafe_permissions: return "UNSAFE_PERMISSIONS";
  }
  return "UNKNOWN";
}

void throw_refusal(const std::string& backend, const Search& search, const Refusal& refusal) {
  std::string message = headline(refusal.code, backend);
  message += fmt::format("\n  file:   {}  (from {})", search.file, search.origin);
  if (refusal.abi) {
    message +=
        fmt::format("\n  plugin: ABI {}{}   host: accepts ABI {}", to_string(*refusal.abi),
                    refusal.plugin_version.empty() ? "" : " (" + refusal.plugin_version + ")", to_string(host_abi()));
  }
  if (!refusal.reason.empty()) message += "\n  reason: " + refusal.reason;
  append_searched(message, search);
  throw_plugin_error(refusal.code, backend, std::move(message), refusal.hint);
}

void throw_not_found(const std::string& backend, const Search& search, const std::vector<std::string>& available) {
  std::string message = headline(LoadCode::not_found, backend);
  message += "\n  file:   " + (search.file.empty() ? plugin_file_name(backend) : search.file);
  append_searched(message, search);
  message += fmt::format("\n  available: {}", available.empty() ? "none" : fmt::to_string(fmt::join(available, ", ")));
  const std::string similar = nearest_id(backend, available);
  throw_plugin_error(LoadCode::not_found, backend, std::move(message),
                     similar.empty() ? "install the plugin, or name its folder in TENON_PLUGIN_PATH (absolute paths)"
                                     : "did you mean \"" + similar + "\"?");
}

} // namespace tenon::host
