#include "resolver.hpp"

#include <string>

#include <libpq-fe.h>

#include "session.hpp"

namespace tenon::postgresql {
namespace {

constexpr std::string_view kAsk =
    "SELECT pg_xact_status($1::text::xid8), left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) = $2::text AND "
    "coalesce(extract(epoch FROM (pg_stat_get_wal()).stats_reset)::text, '') = $3::text";

} // namespace

Outcome ask(Session& session, std::string_view transaction) {
  const auto first = transaction.find(':');
  const auto second = first == std::string_view::npos ? first : transaction.find(':', first + 1);
  const std::string_view number = transaction.substr(0, first);
  if (second == std::string_view::npos || number.empty() ||
      number.find_first_not_of("0123456789") != std::string_view::npos) {
    throw_error(ErrorCode::programming, "resolve: this is no transaction's name",
                "pass on what CommitUnknown's transaction() returns");
  }
  Parameters parameters;
  parameters.add_free(Cell::text(number));
  parameters.add_free(Cell::text(transaction.substr(first + 1, second - first - 1)));
  parameters.add_free(Cell::text(transaction.substr(second + 1)));
  const Work work{"resolve", nullptr, false};
  try {
    const Result answer =
        session.call(work, [&] { return session.connection().run(std::string(kAsk), parameters, work); });
    if (PQgetisnull(answer.get(), 0, 0) != 0) return Outcome::unknown; // so old that the server has forgotten it
    const std::string_view status = PQgetvalue(answer.get(), 0, 0);
    // "committed" may be said of another transaction that was given the number of one that a crash or a failover lost.
    // "aborted" never is wrong: had ours been committed, its number would not have been given away.
    if (status == "committed") return *PQgetvalue(answer.get(), 0, 1) != 0 ? Outcome::committed : Outcome::unknown;
    if (status == "aborted") return Outcome::rolled_back;
    return Outcome::in_progress;
  } catch (const DataError& error) { // 22023: the number was not given out yet, so this server lost it
    if (error.sqlstate() == "22023") return Outcome::unknown;
    throw;
  }
}

} // namespace tenon::postgresql
