#pragma once
// Databases that are files, told by the option table and without connecting. Used by ping and doctor. Threads: any.

#include <optional>
#include <string>

#include <tenon/config/profile.hpp>

namespace tenon::tool {

/// The file of the profile's database, where it is not there but its folder is: whoever connects creates it, so that a
/// mistyped path looks like a database that works.
[[nodiscard]] std::optional<std::string> file_to_be_created(const config::Profile& profile);

/// What to do about it.
inline constexpr char kFileToBeCreated[] = "nothing, if that is the path you mean; else correct connection.database";

} // namespace tenon::tool
