#pragma once
// The one way into a plugin's functions: prepares the error, keeps foreign exceptions out, and throws what the plugin
// reports. Used by the adapter. Threads: as the function called.
// On success nothing but the error struct on the stack is paid: no heap, no text.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/interface/backend.hpp>
#include <tenon/sdk/bridge.hpp>

namespace tenon::host {

/// What a message about a call needs to know.
struct Call {
  const BackendInfo& backend;
  const char* function = nullptr;   ///< as in tenon_abi.h
  const TableDesc* table = nullptr; ///< where there is one
};

/// Throws what `error` says. Errors: NotSupported for a stub.
[[noreturn, gnu::cold]] void throw_failure(const Call& call, std::int32_t status, tenon_error& error);

/// Throws NotSupported, naming the capability.
[[noreturn, gnu::cold]] void throw_unclaimed(const BackendInfo& backend, Capability capability);

/// Throws PluginError for the exception that is being handled. Requires to be called in a catch block.
[[noreturn, gnu::cold]] void throw_foreign(const Call& call);

/// Throws PluginError for a success whose results make no sense.
[[noreturn, gnu::cold]] void throw_broken(const Call& call, const std::string& what);

/// Tells the plugin log that a function which cannot report an error has thrown.
[[gnu::cold]] void log_foreign(const Call& call) noexcept;

/// Prepares an error for a call. In blocks, because GCC clears a struct of this size by `rep stos`, which takes
/// longer than all the rest of a call (measured: 42 ns instead of 7 for one that does nothing).
inline void clear(tenon_error& error) noexcept {
  constexpr std::size_t kBlock = 16;
  static_assert(sizeof error % kBlock == 0 && std::is_trivially_copyable_v<tenon_error>);
  auto* const bytes = reinterpret_cast<unsigned char*>(&error);
  [bytes]<std::size_t... Block>(std::index_sequence<Block...>) {
    (std::memset(bytes + Block * kBlock, 0, kBlock), ...);
  }
  (std::make_index_sequence<sizeof error / kBlock>{});
  error.struct_size = sizeof error;
}

/// Calls function(arguments…, &error).
template <class Function, class... Arguments>
inline void invoke(const Call& call, Function function, Arguments... arguments) {
  tenon_error error;
  clear(error);
  std::int32_t status = TENON_OK;
  try {
    status = function(arguments..., &error);
  } catch (...) {
    throw_foreign(call);
  }
  if (status != TENON_OK) [[unlikely]]
    throw_failure(call, status, error);
}

/// Calls a function that cannot report an error, from a destructor or a noexcept method. Returns false if it threw,
/// which is told to the plugin log.
template <class Function, class... Arguments>
inline bool invoke_quietly(const Call& call, Function function, Arguments... arguments) noexcept {
  try {
    function(arguments...);
    return true;
  } catch (...) {
    log_foreign(call);
    return false;
  }
}

} // namespace tenon::host
