#include <algorithm>
#include <charconv>
#include <exception>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/dll/library_info.hpp>
#include <fmt/format.h>

#include <tenon/tenon_abi.h>

#include "elf_file.hpp"
#include "refusal.hpp"

namespace tenon::host {

namespace {

constexpr std::string_view kTagPrefix = "tenon_abi__";
constexpr std::string_view kPlatform = TENON_ABI_STRING(TENON_ABI_PLATFORM);

bool take_number(std::string_view& text, std::uint16_t& number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

std::optional<AbiTag> parse_tag(std::string_view name) {
  AbiTag tag{std::string(name), {}, {}};
  if (!take(name, kTagPrefix) || !take_number(name, tag.version.major) || !take(name, "_") ||
      !take_number(name, tag.version.minor) || !take(name, "__") || name.empty()) {
    return std::nullopt;
  }
  tag.platform = name;
  return tag;
}

} // namespace

AbiTag read_tag(const std::string& path) {
  std::vector<std::string> names;
  try {
    names = boost::dll::library_info(path).symbols(TENON_ABI_SECTION);
  } catch (const std::exception&) { // iostream and range errors, whose text says nothing about the file
    throw Refusal{LoadCode::not_a_plugin, "the file is damaged: its symbols cannot be read",
                  "install the plugin again"};
  }
  std::vector<AbiTag> tags;
  for (const std::string& name : names) {
    if (auto tag = parse_tag(name)) tags.push_back(*std::move(tag));
  }
  if (tags.empty()) {
    throw Refusal{LoadCode::not_a_plugin, "a shared library without a Tenon ABI tag",
                  "a plugin exports its tag through TENON_EXPORT_BACKEND (C++) or TENON_ABI_TAG (C)"};
  }
  if (tags.size() > 1) {
    throw Refusal{LoadCode::broken_contract,
                  fmt::format("exports {} ABI tags instead of one: {}, {}", tags.size(), tags[0].name, tags[1].name),
                  "report this to the plugin's author"};
  }
  return std::move(tags.front());
}

void check_tag(const AbiTag& tag) {
  if (tag.platform != kPlatform) {
    throw Refusal{LoadCode::wrong_architecture,
                  fmt::format("its tag says {}; this process is {}", tag.platform, kPlatform),
                  fmt::format("install the build of the plugin for {}", kPlatform), tag.version};
  }
  check_version(tag.version, 0, {});
}

void check_version(AbiVersion plugin, std::uint16_t min_host_minor, const std::string& plugin_version) {
  const AbiRange host = host_abi();
  const auto refuse = [&](LoadCode code, std::string hint) {
    throw Refusal{code, {}, std::move(hint), plugin, plugin_version};
  };
  switch (negotiate(host, plugin, min_host_minor)) {
    case Verdict::accepted: return;
    case Verdict::wrong_major:
      refuse(LoadCode::abi_major_mismatch,
             plugin.major > host.major
                 ? fmt::format("install the ABI-{} build, or upgrade tenon to {}.x", host.major, plugin.major)
                 : fmt::format("install a build of the plugin for ABI {}", host.major));
      return;
    case Verdict::plugin_too_old:
      refuse(LoadCode::abi_minor_mismatch,
             fmt::format("build the plugin again for ABI {}", to_string(AbiVersion{host.major, host.newest_minor})));
      return;
    case Verdict::host_too_old:
      refuse(LoadCode::abi_minor_mismatch,
             fmt::format("upgrade tenon to ABI {}, or install a plugin built for ABI {}",
                         to_string(AbiVersion{host.major, std::max(plugin.minor, min_host_minor)}), to_string(host)));
      return;
  }
}

} // namespace tenon::host
