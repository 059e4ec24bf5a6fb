#pragma once
// What became of a transaction whose COMMIT was not answered: the name that a transaction gets as it begins, and the
// question about it. Used by Connection and Backend. Threads: functions over a session.

#include <string_view>

#include <tenon/interface/backend.hpp>

namespace tenon::postgresql {

class Session;

/// Runs behind BEGIN; its single text is the transaction's name, empty on a standby. The name is the transaction's
/// number, and what tells whether a number means the same transaction later: the timeline (a promoted standby gives
/// out again the numbers that it had not heard of) and when the server's statistics began (a crash discards them, and
/// may forget numbers that were given out).
inline constexpr std::string_view kNameTransaction =
    "SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE pg_current_xact_id()::text || ':' || "
    "left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || ':' || "
    "coalesce(extract(epoch FROM (pg_stat_get_wal()).stats_reset)::text, '') END";

/// Asks through a session on a primary of the same cluster; another cluster answers about a transaction of its own.
/// Errors: ProgrammingError if it is no name of a transaction; those of the session.
[[nodiscard]] Outcome ask(Session& session, std::string_view transaction);

} // namespace tenon::postgresql
