#pragma once
// The translation of PostgreSQL's failures into Tenon's errors: the only place that knows SQLSTATEs. Used by the
// connection for everything that goes wrong. Threads: pure functions.

#include <string>
#include <string_view>

#include <tenon/interface/error.hpp>
#include <tenon/interface/table.hpp>

struct pg_result;

namespace tenon::postgresql {

/// What a failure reports about itself. The texts are the server's and may hold row values.
struct Failure {
  std::string sqlstate; ///< empty where libpq itself gave up
  std::string message;
  std::string detail;
  std::string constraint;
  std::string schema;
  std::string table;
  std::string column;
  std::string routine; ///< the server's function that raised it: unlike the message it is never translated
  bool lost = false;   ///< the connection's status is BAD
};

[[nodiscard]] Failure read_failure(const pg_result* result);

/// What was going on; it decides what a lost connection means for the work.
enum class Phase {
  connect,
  unsent,      ///< nothing of the statement left this process
  read,        ///< outside a transaction, and it only reads
  write,       ///< outside a transaction, and it may write: its answer is the acknowledgement of a commit
  transaction, ///< inside a transaction that is still open
  commit,
};

struct Circumstances {
  Phase phase = Phase::transaction;
  std::string_view statement;       ///< a summary such as "insert into users"
  const TableDesc* table = nullptr; ///< described, where the statement is about one
  std::string_view endpoint;
  bool cancelled = false;       ///< ISession::cancel was called meanwhile
  bool deadline_passed = false; ///< we cancelled it ourselves
  bool begins = false;          ///< the statement is BEGIN
  std::string_view transaction; ///< by which the server can be asked about the open transaction; empty: not known
  bool read_only = false;       ///< the caller asked for a read-only transaction
};

/// Order: connection status, exact SQLSTATE, its class, OperationalError.
[[nodiscard]] ErrorInfo translate(const Failure& failure, const Circumstances& circumstances);

/// True for what a forgotten or outdated prepared statement answers: preparing anew and running once more is right.
[[nodiscard]] bool is_stale_statement(const Failure& failure) noexcept;

/// The deadline passed and the server did not answer in the time left for a cancel: the connection is given up.
[[nodiscard]] ErrorInfo unanswered(const Circumstances& circumstances);

/// Names the SQLSTATE in libpq's verbose text of a failed connect ("FATAL:  3D000: …"), the last one if several hosts
/// answered; empty if no server did.
[[nodiscard]] std::string sqlstate_of_connect(std::string_view verbose_text);

} // namespace tenon::postgresql
