#pragma once
// The translation of SQLite's result codes into Tenon's errors: the only place that knows them. Used by the session and
// by the opening of a database. Threads: pure functions.

#include <string>
#include <string_view>

#include <tenon/interface/error.hpp>
#include <tenon/interface/table.hpp>
#include <tenon/sql/messages.hpp>

namespace tenon::sqlite {

/// Who ended a statement that SQLite reports as interrupted or busy.
enum class Ended { by_itself, by_cancel, by_deadline };

struct WrittenRow;

/// What was going on when a call failed.
struct Context {
  std::string_view statement;       ///< a summary such as "insert into users"
  const TableDesc* table = nullptr; ///< described, where the statement is about one
  sql::ForeignKeySide side = sql::ForeignKeySide::unknown;
  const WrittenRow* row = nullptr; ///< that is being written; null where it is not a row that the caller gave
  bool foreign_sql = false;        ///< the text is the application's, so SQLite's message may quote values
};

struct Failure {
  int code = 0;             ///< extended result code
  std::string_view message; ///< sqlite3_errmsg
  int offset = -1;          ///< of the error in the SQL, in bytes; -1 if unknown
  Ended ended = Ended::by_itself;
  bool in_commit = false;  ///< the commit had begun
  bool stale_read = false; ///< a transaction that has read was refused its write at once, without any waiting
};

[[nodiscard]] ErrorInfo translate(const Failure& failure, const Context& context);

/// A call that was not begun because its deadline had passed.
[[nodiscard]] ErrorInfo deadline_passed(const Context& context);

} // namespace tenon::sqlite
