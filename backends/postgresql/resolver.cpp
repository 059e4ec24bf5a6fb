#include "resolver.hpp"

#include <array>
#include <string>

namespace tenon::postgresql {
namespace {

constexpr std::string_view kAsk =
    "SELECT pg_xact_status($1::text::xid8), left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) = $2::text AND "
    "coalesce(extract(epoch FROM (pg_stat_get_wal()).stats_reset)::text, '') = $3::text";

} // namespace

Outcome ask(ISession& session, std::string_view transaction) {
  const auto first = transaction.find(':');
  const auto second = first == std::string_view::npos ? first : transaction.find(':', first + 1);
  const std::string_view number = transaction.substr(0, first);
  if (second == std::string_view::npos || number.empty() ||
      number.find_first_not_of("0123456789") != std::string_view::npos) {
    throw_error(ErrorCode::programming, "resolve: this is no transaction's name",
                "pass on what CommitUnknown's transaction() returns");
  }
  const std::array<Cell, 3> parameters{Cell::text(number),
                                       Cell::text(transaction.substr(first + 1, second - first - 1)),
                                       Cell::text(transaction.substr(second + 1))};
  try {
    const auto rows = session.execute(kAsk, parameters);
    RowBatch batch;
    if (!rows->next(batch)) return Outcome::unknown;
    const Cell& status = batch.row(0)[0];
    if (status.is_null()) return Outcome::unknown; // so old that the server has forgotten it
    // "committed" may be said of another transaction that was given the number of one that a crash or a failover lost.
    // "aborted" never is wrong: had ours been committed, its number would not have been given away.
    if (status.bytes() == "committed") return batch.row(0)[1].integer != 0 ? Outcome::committed : Outcome::unknown;
    if (status.bytes() == "aborted") return Outcome::rolled_back;
    return Outcome::in_progress;
  } catch (const DataError& error) { // 22023: the number was not given out yet, so this server lost it
    if (error.sqlstate() == "22023") return Outcome::unknown;
    throw;
  }
}

} // namespace tenon::postgresql
