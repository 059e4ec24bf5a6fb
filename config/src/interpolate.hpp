#pragma once
// ${V}, ${V:-default}, ${V:?message} and $$ in values of the file. One pass: what a variable holds is not looked at
// again. Threads: any.

#include <optional>
#include <string>
#include <string_view>

#include <tenon/config/environment.hpp>

#include "value.hpp"

namespace tenon::config {

/// Whether interpolate() would change, or refuse, the text.
[[nodiscard]] inline bool is_interpolated(std::string_view text) { return text.find('$') != std::string_view::npos; }

/// Writes the text with variables replaced to `result`. Returns why it cannot be done; the message never holds a value.
[[nodiscard]] std::optional<Fault> interpolate(std::string_view text, const Environment& environment,
                                               std::string& result);

/// Checks the form alone, without looking at any variable.
[[nodiscard]] std::optional<Fault> check_interpolation(std::string_view text);

} // namespace tenon::config
