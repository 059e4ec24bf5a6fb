#pragma once
// Documents generated from the option table: the JSON Schema of storage.yaml, and the table of docs/configuration.md.
// Used by `tenon config schema` and the tests that keep the committed copies true. Threads: any.

#include <string>

#include <tenon/interface/error.hpp>

namespace tenon::config {

/// JSON Schema, draft 2020-12, ending in a newline.
[[nodiscard]] TENON_VISIBLE std::string json_schema();

/// The reference of all options as Markdown tables.
[[nodiscard]] TENON_VISIBLE std::string option_reference_markdown();

} // namespace tenon::config
