#pragma once
// Finds PostgreSQL's programs, and keeps one initialised data folder per version and account from which each server's
// is copied: initdb takes a second, the copy a twentieth of it.
// Used by PostgresServer. Threads: free functions, safe from any thread and any process at once (file lock).

#include <filesystem>
#include <string>

#include <tenon/testing/postgres_server.hpp>

#include "process.hpp"

namespace tenon::testing {

/// As find_postgres(), for a known account.
[[nodiscard]] PostgresInstallation find_postgres(const Account& account);

/// Fills `data`, which must not exist, with an initialised cluster whose superuser is `postgres`.
void initialise_cluster(const PostgresInstallation& installation, const Account& account,
                        const std::filesystem::path& data, Clock::time_point deadline);

} // namespace tenon::testing
