#pragma once
// Checks a plugin's table and completes it, so that the adapter may call every function without looking.
// Used by the registry (once per plugin) and the adapter (once per database). Threads: pure functions.

#include <memory>
#include <string>

#include <tenon/interface/capabilities.hpp>
#include <tenon/tenon_abi.h>

#include "elf_file.hpp"

namespace tenon::host {

/// Copies what both sides know of `given` into a zeroed table, after checking it against the tag and itself.
/// Errors: Refusal broken_contract, abi_minor_mismatch; id_mismatch if `backend` is not the table's id.
[[nodiscard]] std::unique_ptr<tenon_backend_v1> check_table(const tenon_backend_v1& given, const AbiTag& tag,
                                                            const std::string& backend);

/// Replaces the functions of unclaimed capabilities by stubs that answer NotSupported.
void set_stubs(tenon_backend_v1& table, Capabilities claimed) noexcept;

/// The capability whose stub filled `error`, or nullptr if the plugin filled it.
[[nodiscard]] const char* stubbed_capability(const tenon_error& error) noexcept;

/// Capabilities that this host knows; bits of a newer minor are dropped.
[[nodiscard]] Capabilities known_capabilities(std::uint64_t bits) noexcept;

} // namespace tenon::host
