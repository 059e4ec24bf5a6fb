#pragma once
// From merged keys to what a store is opened with and what `tenon config show` prints. Threads: any.

#include <string>
#include <vector>

#include <tenon/config/environment.hpp>
#include <tenon/config/profile.hpp>

#include "findings.hpp"
#include "resolve.hpp"

namespace tenon::config {

/// Fills connection, store, plugin and settings of `profile`, whose name and backend are set. Rules that join several
/// keys are checked here. `place`: of the profile as a whole, for what is missing.
void apply(const std::vector<Resolved>& values, const std::string& backend_origin, const Place& place,
           const Environment& environment, Profile& profile, Findings& findings);

} // namespace tenon::config
