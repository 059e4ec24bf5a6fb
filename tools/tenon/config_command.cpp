#include <algorithm>

#include <fmt/format.h>

#include <tenon/config/problem.hpp>
#include <tenon/config/schema.hpp>

#include "commands.hpp"

namespace tenon::tool {

int config_check(const Common& common) {
  const auto problems = config::check(common.sources());
  const auto errors = std::count_if(problems.begin(), problems.end(), [](const config::Problem& problem) {
    return problem.severity == config::Severity::error;
  });
  if (common.json) {
    print(config::to_json(problems));
  } else {
    for (const config::Problem& problem : problems)
      fmt::print(stderr, "{}\n", config::to_text(problem));
    const auto warnings = static_cast<std::ptrdiff_t>(problems.size()) - errors;
    print(errors == 0 && warnings == 0 ? std::string("ok\n")
                                       : fmt::format("{} error{}, {} warning{}\n", errors, errors == 1 ? "" : "s",
                                                     warnings, warnings == 1 ? "" : "s"));
  }
  return errors == 0 ? kOk : kConfiguration;
}

int config_show(const Common& common) {
  const config::Profile profile = config::load(common.sources());
  print(common.json ? config::to_json(profile) : config::to_text(profile));
  return kOk;
}

int config_schema() {
  print(config::json_schema());
  return kOk;
}

} // namespace tenon::tool
