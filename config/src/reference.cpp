#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <tenon/config/option_table.hpp>
#include <tenon/config/schema.hpp>

#include "text.hpp"
#include "value.hpp"

namespace tenon::config {
namespace {

std::string values_text(const OptionSpec& option) {
  switch (option.type) {
    case OptionType::integer: return fmt::format("{} to {}", option.min, option.max);
    case OptionType::boolean: return "`true`, `false`";
    case OptionType::duration:
      return fmt::format("duration, {} to {}", duration_text(option.min), duration_text(option.max));
    case OptionType::text: return "text";
    case OptionType::path: return "path";
    case OptionType::choice: return "`" + join(split(option.choices, '|'), "`, `") + "`";
    case OptionType::secret: return "secret";
    case OptionType::uri: return "URI, secret";
    case OptionType::hosts: return "list of `host` or `host:port`";
    case OptionType::paths: return "list of paths";
  }
  return {};
}

std::string code_or_none(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", text); }

bool of_connection(const OptionSpec& option) { return option.key.substr(0, 11) == "connection."; }

void add_row(const OptionSpec& option, bool with_variables, std::string& page) {
  page += fmt::format("| `{}` | {} | {} | ", option.key, values_text(option), code_or_none(option.fallback));
  if (with_variables) {
    std::vector<std::string> names;
    for (const std::string_view name : {option.variable, option.libpq}) {
      if (!name.empty()) names.push_back(code_or_none(name));
    }
    page += join(names, ", ") + " | ";
  }
  page += fmt::format("{} |\n", option.description);
}

void add_connection(std::string_view backend, std::string_view title, std::string& page) {
  const bool with_variables = backend == "postgresql";
  page += fmt::format("\n### `connection` of {}\n\n", title);
  page += with_variables ? "| key | values | default | filled by | meaning |\n|---|---|---|---|---|\n"
                         : "| key | values | default | meaning |\n|---|---|---|---|\n";
  for (const OptionSpec& option : kOptions) {
    if (of_connection(option) && (option.backends & backend_bit(backend)) != 0) add_row(option, with_variables, page);
  }
}

} // namespace

std::string option_reference_markdown() {
  const std::string head = "| key | values | default | meaning |\n|---|---|---|---|\n";
  std::string page = "### The file\n\n" + head;
  for (const OptionSpec& option : kOptions) {
    if (option.scope == OptionScope::file) add_row(option, false, page);
  }
  page += "| `profiles` | map of profiles |  | Named configurations, one of which is used. |\n";
  page += "\n### A profile\n\n" + head;
  for (const OptionSpec& option : kOptions) {
    if (option.scope == OptionScope::profile && !of_connection(option)) add_row(option, false, page);
  }
  add_connection("postgresql", "PostgreSQL", page);
  add_connection("sqlite", "SQLite", page);
  add_connection("mariadb", "MariaDB", page);
  return page;
}

} // namespace tenon::config
