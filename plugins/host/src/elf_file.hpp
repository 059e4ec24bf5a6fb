#pragma once
// Is a file a shared library for this process, and which ABI tag does it carry? Answered from the file's bytes; no code
// of the plugin runs. Used by the registry. Threads: any.

#include <string>

#include <tenon/host/negotiate.hpp>

namespace tenon::host {

/// Errors: Refusal not_a_plugin, wrong_architecture, or load_failed if the file cannot be read. Behind it, the tables
/// that read_tag follows lie within the file.
void check_elf(const std::string& path);

struct AbiTag {
  std::string name; ///< "tenon_abi__0_1__linux_amd64"
  AbiVersion version;
  std::string platform; ///< "linux_amd64"
};

/// Requires check_elf(path). Errors: Refusal not_a_plugin without a tag, broken_contract with more than one.
[[nodiscard]] AbiTag read_tag(const std::string& path);

/// Throws Refusal wrong_architecture, abi_major_mismatch or abi_minor_mismatch, unless this host accepts the tag.
void check_tag(const AbiTag& tag);

/// The same for the table, whose version and need of the host are known; `plugin_version` is for the message.
void check_version(AbiVersion plugin, std::uint16_t min_host_minor, const std::string& plugin_version);

} // namespace tenon::host
