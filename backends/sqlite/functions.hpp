#pragma once
// SQL functions of Tenon, registered on every connection by Database: arithmetic that fails where SQLite would change
// the type or answer NULL, exact aggregates, paths into JSON, and letters without case. The dialect names them.
// Threads: each connection its own. A message that starts with kDataError reaches the application as DataError.

#include <cstdint>
#include <string_view>

struct sqlite3;
struct sqlite3_context;
struct sqlite3_value;

namespace tenon::sqlite {

inline constexpr std::string_view kDataError = "tenon: ";

/// All return SQLite's code.
[[nodiscard]] int register_arithmetic(sqlite3* handle) noexcept;
[[nodiscard]] int register_aggregates(sqlite3* handle) noexcept;
[[nodiscard]] int register_json_paths(sqlite3* handle) noexcept;
[[nodiscard]] int register_letters(sqlite3* handle) noexcept;

/// Ends the statement with DataError. Requires a text that starts with kDataError and lives for ever.
void fail_function(sqlite3_context* context, const char* message) noexcept;
/// Reads an integer, also one that an existing column stores as a real. Returns false, with the error raised, for
/// anything else.
[[nodiscard]] bool read_integer(sqlite3_context* context, sqlite3_value* value, std::int64_t& out) noexcept;
[[nodiscard]] bool read_real(sqlite3_context* context, sqlite3_value* value, double& out) noexcept;

} // namespace tenon::sqlite
