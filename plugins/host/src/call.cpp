#include "call.hpp"

#include <exception>

#include <fmt/format.h>

#include <tenon/host/registry.hpp>

#include "function_table.hpp"
#include "library.hpp"

namespace tenon::host {

namespace {

constexpr const char* kUnclaimedHint = "choose a backend that claims it (see: tenon plugin info)";

std::string place_of(const Call& call) {
  std::string place = fmt::format("backend \"{}\" in {}", call.backend.id, call.function);
  if (call.table != nullptr) place += fmt::format(" of table \"{}\"", call.table->qualified_name());
  return place;
}

[[noreturn]] void throw_contract(const Call& call, const std::string& what, std::string detail) {
  ErrorInfo info;
  info.code = ErrorCode::plugin;
  info.vendor_code = static_cast<std::int32_t>(LoadCode::broken_contract);
  info.message = fmt::format("{} {} [{}]", place_of(call), what, load_code_name(LoadCode::broken_contract));
  info.hint = "report this to the plugin's author";
  info.broken = true; // what state the connection is in is anybody's guess
  info.backend = call.backend.id;
  if (call.table != nullptr) info.table = call.table->name;
  info.detail = std::move(detail);
  throw_error(std::move(info));
}

} // namespace

void throw_failure(const Call& call, std::int32_t status, tenon_error& error) {
  const char* const unclaimed = stubbed_capability(error);
  ErrorInfo info = bridge::take_error(status, error);
  if (unclaimed != nullptr) {
    info.message = fmt::format("backend \"{}\" does not support {}", call.backend.id, unclaimed);
    info.hint = kUnclaimedHint;
  }
  if (info.message.empty()) info.message = place_of(call) + " failed without saying why";
  if (error_name(info.code) == "Error") info.code = ErrorCode::operational; // of a newer minor, or nonsense
  if (info.backend.empty()) info.backend = call.backend.id;
  if (info.table.empty() && call.table != nullptr) info.table = call.table->name;
  throw_error(std::move(info));
}

void throw_unclaimed(const BackendInfo& backend, Capability capability) {
  ErrorInfo info;
  info.code = ErrorCode::not_supported;
  info.message = fmt::format("backend \"{}\" does not support {}", backend.id, capability_name(capability));
  info.hint = kUnclaimedHint;
  info.backend = backend.id;
  throw_error(std::move(info));
}

void throw_foreign(const Call& call) {
  std::string detail; // its text may hold values, so it goes where values may be
  try {
    throw;
  } catch (const std::exception& e) {
    detail = e.what();
  } catch (...) { // of another runtime, or not an exception class
  }
  throw_contract(call, "let an exception cross the boundary", std::move(detail));
}

void throw_broken(const Call& call, const std::string& what) { throw_contract(call, what, {}); }

void log_foreign(const Call& call) noexcept {
  try {
    const std::string message = place_of(call) + " let an exception cross the boundary";
    host_services().log(TENON_LOG_ERROR, bridge::string(message));
  } catch (...) { // out of memory
  }
}

} // namespace tenon::host
