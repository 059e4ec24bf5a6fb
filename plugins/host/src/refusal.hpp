#pragma once
// Why a plugin is refused, on its way from a check to the error that the user sees. Thrown by the checks of this
// folder, caught by load_plugin and list_plugins only. Threads: values.

#include <optional>
#include <string>
#include <vector>

#include <tenon/host/registry.hpp>

namespace tenon::host {

struct Refusal {
  LoadCode code = LoadCode::load_failed;
  std::string reason; ///< empty where the versions alone say it
  std::string hint;
  std::optional<AbiVersion> abi = std::nullopt;
  std::string plugin_version = {};
};

/// A place that was searched and did not match.
struct Searched {
  Place place;
  std::string why;
};

/// Where a plugin was looked for and what was found.
struct Search {
  std::string file; ///< what was found; empty: nothing
  std::string origin;
  std::vector<Searched> without_match;
};

/// Throws the PluginError for a refusal.
[[noreturn]] void throw_refusal(const std::string& backend, const Search& search, const Refusal& refusal);

/// Throws the PluginError for a search that found nothing. `available` are the ids that the places offer.
[[noreturn]] void throw_not_found(const std::string& backend, const Search& search,
                                  const std::vector<std::string>& available);

} // namespace tenon::host
