#include "database_file.hpp"

#include <filesystem>
#include <system_error>

#include <tenon/config/option_table.hpp>

namespace tenon::tool {

namespace fs = std::filesystem;

std::optional<std::string> file_to_be_created(const config::Profile& profile) {
  const auto* option = config::find_option_spec("connection.database", config::backend_bit(profile.backend));
  if (option == nullptr || option->type != config::OptionType::path) return std::nullopt;
  for (const auto& [key, value] : profile.connection) {
    const fs::path file(value);
    if (key != "database" || !file.is_absolute()) continue; // what is no file, as a database in memory, stays as it is
    std::error_code failed;
    if (fs::status(file, failed).type() != fs::file_type::not_found) continue;
    if (fs::is_directory(file.parent_path(), failed)) return value;
  }
  return std::nullopt;
}

} // namespace tenon::tool
