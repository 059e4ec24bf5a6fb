#include "errors.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <sqlite3.h>

#include "functions.hpp"

namespace tenon::sqlite {
namespace {

constexpr int kAnyOf = 1 << 30; ///< a rule for a primary code with all its extended ones
constexpr int any_of(int primary) { return kAnyOf | primary; }

struct Rule {
  int code;
  ErrorCode error;
  bool retryable;
  bool broken;
  const char* message; ///< nullptr: worded elsewhere
  const char* hint;
};

/// The first rule that fits counts: exact codes stand before the families.
constexpr Rule kRules[] = {
    {SQLITE_CONSTRAINT_UNIQUE, ErrorCode::unique_violation, false, false, nullptr, nullptr},
    {SQLITE_CONSTRAINT_PRIMARYKEY, ErrorCode::unique_violation, false, false, nullptr, nullptr},
    {SQLITE_CONSTRAINT_ROWID, ErrorCode::unique_violation, false, false, nullptr, nullptr},
    {SQLITE_CONSTRAINT_FOREIGNKEY, ErrorCode::foreign_key_violation, false, false, nullptr, nullptr},
    {SQLITE_CONSTRAINT_NOTNULL, ErrorCode::not_null_violation, false, false, nullptr, nullptr},
    {SQLITE_CONSTRAINT_CHECK, ErrorCode::check_violation, false, false, nullptr, nullptr},
    {any_of(SQLITE_CONSTRAINT), ErrorCode::integrity, false, false, nullptr, nullptr},
    {SQLITE_BUSY_SNAPSHOT, ErrorCode::serialization_failure, true, false,
     "another session has written since this transaction read", "run the whole transaction again"},
    {any_of(SQLITE_BUSY), ErrorCode::timeout, false, false, "the database stayed locked by another session",
     "shorten the other transactions, or raise busy_timeout"},
    {any_of(SQLITE_LOCKED), ErrorCode::timeout, false, false, "the table is locked",
     "read or destroy the open cursors of this session first"},
    {SQLITE_READONLY_DBMOVED, ErrorCode::read_only, false, true, "the database file was moved or deleted",
     "put the file back, or open the new one"},
    {any_of(SQLITE_READONLY), ErrorCode::read_only, false, false, "the database is read-only",
     "check the permissions of the file and of its folder"},
    {SQLITE_INTERRUPT, ErrorCode::cancelled, false, false, "cancelled", nullptr},
    {any_of(SQLITE_NOMEM), ErrorCode::resource_exhausted, false, false, "out of memory", nullptr},
    {any_of(SQLITE_FULL), ErrorCode::resource_exhausted, false, false, "the disk or the database is full",
     "free some space"},
    {any_of(SQLITE_TOOBIG), ErrorCode::data, false, false, "a value or a row is too big", nullptr},
    {any_of(SQLITE_IOERR), ErrorCode::internal, false, true, "an input or output operation failed",
     "check the disk and the system's log"},
    {any_of(SQLITE_PROTOCOL), ErrorCode::internal, false, true, "the locking of the database failed", nullptr},
    {any_of(SQLITE_CORRUPT), ErrorCode::internal, false, true, "the database file is damaged",
     "run PRAGMA integrity_check and restore a backup"},
    {any_of(SQLITE_NOTADB), ErrorCode::internal, false, true, "the file is not a SQLite database",
     "check the path; the file has been left as it is"},
    {any_of(SQLITE_CANTOPEN), ErrorCode::connection, false, true, "the database file cannot be opened",
     "check the path and the permissions of the file and of its folder"},
    {any_of(SQLITE_MISMATCH), ErrorCode::data, false, false, "a value has the wrong type for its column", nullptr},
    {any_of(SQLITE_RANGE), ErrorCode::programming, false, false, "a parameter that the statement does not have",
     nullptr},
    {SQLITE_ABORT_ROLLBACK, ErrorCode::programming, false, false, "the transaction has ended meanwhile", nullptr},
    {any_of(SQLITE_ERROR), ErrorCode::programming, false, false, nullptr, nullptr},
    {any_of(SQLITE_SCHEMA), ErrorCode::programming, false, false, "the schema keeps changing", nullptr},
    {any_of(SQLITE_MISUSE), ErrorCode::programming, false, false, "the database was used against its rules", nullptr},
    {any_of(SQLITE_PERM), ErrorCode::permission, false, false, "access is denied", nullptr},
    {any_of(SQLITE_AUTH), ErrorCode::permission, false, false, "the statement is not allowed", nullptr},
};

const Rule* find_rule(int code) {
  const auto fits = [code](const Rule& rule) {
    return (rule.code & kAnyOf) != 0 ? (rule.code & ~kAnyOf) == (code & 0xff) : rule.code == code;
  };
  const auto* const found = std::find_if(std::begin(kRules), std::end(kRules), fits);
  return found == std::end(kRules) ? nullptr : found;
}

/// What stands behind `prefix`, or nothing.
std::optional<std::string_view> behind(std::string_view message, std::string_view prefix) {
  if (!message.starts_with(prefix)) return std::nullopt;
  return message.substr(prefix.size());
}

/// "users.name, users.version" as SQLite writes the columns of a key.
std::string as_written(const TableDesc& table, const std::vector<std::uint32_t>& columns) {
  std::string out;
  for (const std::uint32_t column : columns) {
    if (!out.empty()) out += ", ";
    out += table.name + "." + table.columns[column].name;
  }
  return out;
}

/// Table and columns from SQLite's own list, for tables that are not the described one (a trigger's, raw SQL's).
void read_columns(std::string_view list, ErrorInfo& info) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(", "), list.size());
    const std::string_view one = list.substr(0, comma);
    const std::size_t dot = one.find('.');
    if (dot == std::string_view::npos) return;
    info.table = one.substr(0, dot);
    info.columns.emplace_back(one.substr(dot + 1));
    list.remove_prefix(std::min(comma + 2, list.size()));
  }
}

void describe_unique(std::string_view list, const Context& context, ErrorInfo& info) {
  if (context.table != nullptr) {
    for (const KeyDesc& key : context.table->keys) {
      if (as_written(*context.table, key.columns) != list) continue;
      info.constraint = key.name;
      info.columns = sql::column_names(*context.table, key.columns);
      return;
    }
  }
  if (const auto index = behind(list, "index '")) {
    info.constraint = index->substr(0, index->find('\''));
    return;
  }
  read_columns(list, info);
}

/// A check without a name is named by its expression, as SQLite does. Those that create_tables writes are about one
/// column.
void describe_check(std::string_view name, const Context& context, ErrorInfo& info) {
  info.constraint = name;
  if (context.table == nullptr) return;
  for (const ColumnDesc& column : context.table->columns) {
    if (column.max_length > 0 && name == fmt::format("length(\"{}\") <= {}", column.name, column.max_length)) {
      info.columns.push_back(column.name);
    }
  }
}

/// SQLite does not say which foreign key: it is told only where there is no choice.
void describe_foreign_key(const Context& context, ErrorInfo& info) {
  if (context.table == nullptr || context.side != sql::ForeignKeySide::referring) return;
  if (context.table->foreign_keys.size() != 1) return;
  info.constraint = context.table->foreign_keys.front().name;
  info.columns = sql::column_names(*context.table, context.table->foreign_keys.front().columns);
}

void describe_integrity(std::string_view message, const Context& context, ErrorInfo& info) {
  if (context.table != nullptr) info.table = context.table->name;
  if (const auto list = behind(message, "UNIQUE constraint failed: ")) describe_unique(*list, context, info);
  if (const auto list = behind(message, "NOT NULL constraint failed: ")) read_columns(*list, info);
  if (const auto name = behind(message, "CHECK constraint failed: ")) describe_check(*name, context, info);
  // ON DELETE RESTRICT comes with the code of a trigger; the text is that of every foreign key.
  if (message == "FOREIGN KEY constraint failed") info.code = ErrorCode::foreign_key_violation;
  if (info.code == ErrorCode::foreign_key_violation) describe_foreign_key(context, info);
  sql::word_integrity(info, context.side);
}

/// SQLITE_ERROR covers all that is wrong with a statement; only the text tells.
void describe_error(const Failure& failure, const Context& context, ErrorInfo& info) {
  const auto name = [](std::string_view text) { return text.substr(0, text.find(' ')); };
  if (const auto table = behind(failure.message, "no such table: ")) {
    info.table = *table;
    info.message = fmt::format("there is no table {}", *table);
    info.hint = sql::kMissingTableHint;
  } else if (const auto column = behind(failure.message, "no such column: ")) {
    info.columns.emplace_back(*column);
    info.message = fmt::format("there is no column {}", *column);
    info.hint = "the described table and the database's differ: add the column, or rename it in the description";
  } else if (failure.message.find(" has no column named ") != std::string_view::npos) {
    const std::size_t at = failure.message.find(" has no column named ");
    const std::string_view missing = name(failure.message.substr(at + 21));
    info.columns.emplace_back(missing);
    info.message = fmt::format("there is no column {}", missing);
    info.hint = "the described table and the database's differ: add the column, or rename it in the description";
  } else if (const auto problem = behind(failure.message, kDataError)) {
    info.code = ErrorCode::data;
    info.message = *problem;
  } else if (failure.message.starts_with("malformed JSON")) {
    info.code = ErrorCode::data;
    info.message = "a stored value is not JSON";
  } else if (failure.message == "integer overflow") {
    info.code = ErrorCode::data;
    info.message = "a number leaves the range of 64 bits";
  } else if (context.foreign_sql) {
    info.message = failure.offset >= 0 ? fmt::format("the SQL is wrong at byte {}", failure.offset)
                                       : std::string("the SQL is wrong");
    info.hint = "set errors.detail: full to see what SQLite says about it";
  } else {
    info.message = failure.message; // of compiled SQL, whose values are bound
  }
}

} // namespace

ErrorInfo translate(const Failure& failure, const Context& context) {
  ErrorInfo info;
  info.backend = "sqlite";
  info.vendor_code = failure.code;
  info.statement = context.statement;
  info.detail = failure.message;
  if (context.table != nullptr) info.table = context.table->name;

  // Another session is writing what this transaction has read from: waiting would end in BUSY_SNAPSHOT, or never.
  const bool stale_read = failure.stale_read && failure.code == SQLITE_BUSY;
  const Rule* const rule = find_rule(stale_read ? SQLITE_BUSY_SNAPSHOT : failure.code);
  if (rule != nullptr) {
    info.code = rule->error;
    info.retryable = rule->retryable;
    info.broken = rule->broken;
  }
  const int primary = failure.code & 0xff;
  if (primary == SQLITE_CONSTRAINT) {
    describe_integrity(failure.message, context, info);
    return info;
  }
  if (primary == SQLITE_INTERRUPT || primary == SQLITE_BUSY) {
    if (failure.ended == Ended::by_cancel) {
      info.code = ErrorCode::cancelled;
      info.retryable = false;
      info.message = "cancelled";
    } else if (failure.ended == Ended::by_deadline) {
      info.code = ErrorCode::timeout;
      info.message = primary == SQLITE_BUSY ? "the deadline passed while another session held the database's lock"
                                            : "the deadline passed";
    }
  } else if (failure.in_commit && info.broken && info.code != ErrorCode::read_only) {
    info.code = ErrorCode::commit_unknown;
    info.message = "writing the commit failed: it may or may not have taken place";
    info.hint = "look at the data before you repeat the work";
  } else if (primary == SQLITE_ERROR) {
    describe_error(failure, context, info);
  }
  if (info.message.empty()) {
    info.message = rule != nullptr && rule->message != nullptr ? rule->message : "the statement failed";
    if (rule != nullptr && rule->hint != nullptr) info.hint = rule->hint;
  }
  if (!context.statement.empty()) info.message = fmt::format("{}: {}", context.statement, info.message);
  return info;
}

ErrorInfo deadline_passed(const Context& context) {
  ErrorInfo info;
  info.code = ErrorCode::timeout;
  info.backend = "sqlite";
  info.statement = context.statement;
  info.message =
      context.statement.empty() ? "the deadline passed" : fmt::format("{}: the deadline passed", context.statement);
  return info;
}

} // namespace tenon::sqlite
