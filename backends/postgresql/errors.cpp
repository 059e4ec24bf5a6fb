#include "errors.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>
#include <libpq-fe.h>

#include <tenon/sql/messages.hpp>

#include "dialect.hpp"

namespace tenon::postgresql {
namespace {

enum Flags : std::uint8_t { kPlain = 0, kRetry = 1, kDiscard = 2 };

struct Rule {
  std::string_view state; ///< five characters, or the two of a class
  ErrorCode code;
  std::uint8_t flags;
};

constexpr std::array kExact{
    Rule{"08007", ErrorCode::commit_unknown, kDiscard},
    Rule{"0A000", ErrorCode::programming, kPlain},
    Rule{"21000", ErrorCode::data, kPlain},
    Rule{"23001", ErrorCode::foreign_key_violation, kPlain},
    Rule{"23502", ErrorCode::not_null_violation, kPlain},
    Rule{"23503", ErrorCode::foreign_key_violation, kPlain},
    Rule{"23505", ErrorCode::unique_violation, kPlain},
    Rule{"23514", ErrorCode::check_violation, kPlain},
    Rule{"23P01", ErrorCode::exclusion_violation, kPlain},
    Rule{"25006", ErrorCode::read_only, kDiscard},
    Rule{"25P02", ErrorCode::programming, kPlain},
    Rule{"25P03", ErrorCode::connection, kDiscard},
    Rule{"28000", ErrorCode::auth, kPlain},
    Rule{"28P01", ErrorCode::auth, kPlain},
    Rule{"34000", ErrorCode::programming, kPlain},
    Rule{"3D000", ErrorCode::auth, kPlain},
    Rule{"3F000", ErrorCode::programming, kPlain},
    Rule{"40001", ErrorCode::serialization_failure, kRetry},
    Rule{"40002", ErrorCode::integrity, kPlain},
    Rule{"40003", ErrorCode::commit_unknown, kDiscard},
    Rule{"40P01", ErrorCode::deadlock, kRetry},
    Rule{"42501", ErrorCode::permission, kPlain},
    Rule{"44000", ErrorCode::integrity, kPlain},
    Rule{"53300", ErrorCode::resource_exhausted, kRetry},
    Rule{"55P03", ErrorCode::timeout, kPlain},
    Rule{"57014", ErrorCode::cancelled, kPlain},
    Rule{"57P01", ErrorCode::connection, kDiscard},
    Rule{"57P02", ErrorCode::connection, kDiscard},
    Rule{"57P03", ErrorCode::not_ready, kRetry},
    Rule{"57P05", ErrorCode::connection, kDiscard},
    Rule{"XX001", ErrorCode::internal, kDiscard},
    Rule{"XX002", ErrorCode::internal, kDiscard},
};

constexpr std::array kClasses{
    Rule{"08", ErrorCode::connection, kDiscard},       Rule{"0A", ErrorCode::programming, kPlain},
    Rule{"0B", ErrorCode::programming, kPlain},        Rule{"22", ErrorCode::data, kPlain},
    Rule{"23", ErrorCode::integrity, kPlain},          Rule{"25", ErrorCode::programming, kPlain},
    Rule{"26", ErrorCode::programming, kPlain},        Rule{"2D", ErrorCode::programming, kPlain},
    Rule{"38", ErrorCode::operational, kPlain},        Rule{"39", ErrorCode::operational, kPlain},
    Rule{"3B", ErrorCode::programming, kPlain},        Rule{"42", ErrorCode::programming, kPlain},
    Rule{"53", ErrorCode::resource_exhausted, kPlain}, Rule{"54", ErrorCode::programming, kPlain},
    Rule{"58", ErrorCode::internal, kPlain},           Rule{"F0", ErrorCode::internal, kPlain},
    Rule{"P0", ErrorCode::operational, kPlain},        Rule{"XX", ErrorCode::internal, kPlain},
};

constexpr auto by_state = [](const Rule& a, const Rule& b) { return a.state < b.state; };
static_assert(std::is_sorted(kExact.begin(), kExact.end(), by_state));
static_assert(std::is_sorted(kClasses.begin(), kClasses.end(), by_state));

template <class Table> const Rule* look_up(const Table& table, std::string_view state) noexcept {
  const auto found = std::lower_bound(table.begin(), table.end(), Rule{state, {}, kPlain}, by_state);
  return found != table.end() && found->state == state ? &*found : nullptr;
}

/// Quoted names are the same in every language of the server's messages.
bool lacks_unicode_case(const Failure& failure) {
  return failure.sqlstate == "42704" &&
         failure.message.find(fmt::format("\"{}\"", kUnicodeCollation)) != failure.message.npos;
}

Rule classify(const Failure& failure, const Circumstances& now) {
  const std::string_view state = failure.sqlstate;
  const Rule* rule = look_up(kExact, state);
  if (rule == nullptr && state.size() == 5) rule = look_up(kClasses, state.substr(0, 2));
  const bool refused =
      rule != nullptr && (rule->code == ErrorCode::auth || rule->code == ErrorCode::not_ready ||
                          rule->code == ErrorCode::resource_exhausted || rule->code == ErrorCode::permission);
  // A connection that broke under us is lost whatever it said before; a connect that was refused says why.
  if (failure.lost && !(now.phase == Phase::connect && refused)) return {state, ErrorCode::connection, kDiscard};
  // The server answers so to a Bind with a wrong number of parameters; a connection that works is no lost one.
  if (state == "08P01") return {state, ErrorCode::programming, kPlain};
  if (state == "57014" && !now.cancelled && now.deadline_passed) return {state, ErrorCode::timeout, kPlain};
  if (state == "25006" && now.read_only) return {state, ErrorCode::read_only, kPlain};
  if (lacks_unicode_case(failure)) return {state, ErrorCode::not_supported, kPlain};
  if (state == "0A000" && now.begins) return {state, ErrorCode::read_only, kDiscard};
  return rule != nullptr ? *rule : Rule{state, ErrorCode::operational, kPlain};
}

std::string lead(const Circumstances& now) { return now.statement.empty() ? "" : fmt::format("{}: ", now.statement); }

// What a connection that ends means depends on what it still owed us an answer to.
void word_lost(ErrorInfo& info, const Circumstances& now) {
  info.broken = true;
  const std::string from = now.endpoint.empty() ? "the server" : std::string(now.endpoint);
  switch (now.phase) {
    case Phase::commit:
    case Phase::write:
      info.code = ErrorCode::commit_unknown;
      info.retryable = false;
      info.message = now.phase == Phase::commit
                         ? fmt::format("the connection to {} was lost while COMMIT was in flight", from)
                         : fmt::format("{}the connection to {} was lost before the answer came", lead(now), from);
      info.hint = "the work may or may not be stored: look before repeating it";
      return;
    case Phase::connect:
      info.retryable = true;
      info.message = "the connection failed"; // Link says to which host
      info.hint = "is the server running and listening there?";
      return;
    default:
      info.retryable = true;
      info.message = fmt::format("{}the connection to {} was lost", lead(now), from);
      info.hint = info.sqlstate == "57P05" || info.sqlstate == "25P03"
                      ? "it was idle for longer than the server allows: shorten pool.recycle or the transaction"
                      : "nothing was committed; run the unit of work again";
  }
}

void word_connect_refusal(ErrorInfo& info) {
  const auto say = [&](std::string_view what, std::string_view hint) {
    info.message = what; // Link says of which host
    info.hint = hint;
  };
  if (info.sqlstate == "3D000") return say("there is no such database", "create it, or correct connection.database");
  if (info.sqlstate == "28P01") return say("the password was refused", "check connection.user and its password");
  if (info.sqlstate == "28000") {
    return say("the user may not connect this way",
               "check connection.user, connection.tls and the server's pg_hba.conf");
  }
  if (info.code == ErrorCode::not_ready) return say("the server is starting up or shutting down", "try again shortly");
  if (info.code == ErrorCode::resource_exhausted) {
    return say("the server has no connection left", "lower pool.size, or raise the server's max_connections");
  }
  if (info.code == ErrorCode::permission) return say("permission denied", "grant the user CONNECT on the database");
  say("the server refused the connection", "the server's log says why");
}

std::string_view data_text(std::string_view state) {
  if (state == "22001") return "a text is longer than its column allows";
  if (state == "22003") return "a number is out of the range of its column";
  if (state == "22007" || state == "22008") return "a date or time is not valid or out of range";
  if (state == "22012") return "division by zero";
  if (state == "22021" || state == "22P05") return "a text holds bytes that are not valid in the database's encoding";
  if (state == "22P02" || state == "22P03") return "a value does not have the form of its column's type";
  if (state == "22030" || state == "22032") return "a JSON document is not valid";
  if (state == "21000") return "one statement met the same row twice";
  return "a value does not fit";
}

// The server's text of these quotes names of the schema, but no stored, bound or literal value; that of a syntax error
// quotes one token of the statement, which may be a literal.
bool is_free_of_values(std::string_view state, std::string_view message) noexcept {
  if (state == "42601") {
    const std::string_view token = message.substr(std::min(message.find('"'), message.size()));
    return token.size() > 1 && token.find('\'') == std::string_view::npos && (token[1] < '0' || token[1] > '9');
  }
  return state == "42P01" || state == "42703" || state == "42883" || state == "42704" || state == "42P02" ||
         state == "42P18" || state == "42804" || state == "42702" || state == "42P07" || state == "3F000" ||
         state == "42501" || state == "42P10" || state == "42725";
}

void word_programming(ErrorInfo& info, const Failure& failure, const Circumstances& now) {
  const std::string_view state = info.sqlstate;
  if (state == "42P01") {
    info.message = now.table == nullptr ? lead(now) + failure.message
                                        : fmt::format("{}there is no table {}", lead(now), now.table->qualified_name());
    info.hint = sql::kMissingTableHint;
    return;
  }
  if (state == "25P02") {
    info.message = lead(now) + "the transaction has failed and accepts only a rollback";
    info.hint = "roll back, or roll back to a savepoint";
    return;
  }
  if (state == "3F000") info.hint = "create the schema, or let store.create_tables<…>() do it";
  if (state == "42703") info.hint = "the described table and the database's differ: compare their columns";
  info.message = lead(now) + (is_free_of_values(state, failure.message) ? failure.message
                              : state == "42601"                        ? "a syntax error in the statement"
                                                                        : "the server refused the statement");
}

void word_plain(ErrorInfo& info, const Failure& failure, const Circumstances& now) {
  switch (info.code) {
    case ErrorCode::data: info.message = lead(now) + std::string(data_text(info.sqlstate)); return;
    case ErrorCode::programming: return word_programming(info, failure, now);
    case ErrorCode::not_supported:
      info.message = lead(now) + "this database has no case of letters beyond A to Z (unicode_case)";
      info.hint = "it asks a server built with ICU and a database in UTF-8; leave Fold::unicode out for A to Z alone";
      return;
    case ErrorCode::timeout:
      info.message = lead(now) + (info.sqlstate == "55P03" ? "a lock could not be had in time" : "the deadline passed");
      info.hint = info.sqlstate == "55P03" ? "another transaction holds it; try again, or wait longer"
                                           : "raise the deadline, or make the statement cheaper";
      return;
    case ErrorCode::cancelled: info.message = lead(now) + "cancelled"; return;
    case ErrorCode::serialization_failure:
      info.message = lead(now) + "it conflicts with a concurrent transaction";
      info.hint = "run the whole transaction again; store.transaction does so";
      return;
    case ErrorCode::deadlock:
      info.message = lead(now) + "it was chosen to end a deadlock";
      info.hint = "run the whole transaction again; store.transaction does so";
      return;
    case ErrorCode::read_only:
      info.message = lead(now) + (now.read_only ? "the transaction is read-only" : "the server accepts only reads");
      info.hint = now.read_only ? "begin it without read_only"
                                : "it may be a standby: set connection.target_session_attrs to read-write";
      return;
    case ErrorCode::permission:
      info.message = lead(now) + failure.message;
      info.hint = "grant the user the privilege it lacks";
      return;
    case ErrorCode::resource_exhausted:
      info.message = lead(now) + (info.sqlstate == "53100"   ? "the server's disk is full"
                                  : info.sqlstate == "53200" ? "the server is out of memory"
                                  : info.sqlstate == "53300" ? "the server has no connection left"
                                                             : "the server ran out of a resource");
      return;
    case ErrorCode::internal:
      info.message = lead(now) + "the server reported an internal failure";
      info.hint = "the server's log says more";
      return;
    case ErrorCode::commit_unknown:
      info.message = lead(now) + "the server cannot tell whether the transaction was committed";
      info.hint = "the work may or may not be stored: look before repeating it";
      return;
    default: info.message = lead(now) + "the server reported an error"; return;
  }
}

const KeyDesc* key_named(const TableDesc& table, std::string_view name) {
  const auto found =
      std::find_if(table.keys.begin(), table.keys.end(), [&](const auto& key) { return key.name == name; });
  return found == table.keys.end() ? nullptr : &*found;
}

// PostgreSQL names the constraint but not its columns (except for NOT NULL); the described table knows them.
void explain_integrity(ErrorInfo& info, const Failure& failure, const Circumstances& now) {
  auto side = sql::ForeignKeySide::unknown;
  if (!failure.column.empty()) {
    info.columns = {failure.column};
  } else if (now.table != nullptr) {
    if (const KeyDesc* key = key_named(*now.table, failure.constraint)) {
      info.columns = sql::column_names(*now.table, key->columns);
    }
    for (const ForeignKeyDesc& key : now.table->foreign_keys) {
      if (key.name == failure.constraint) info.columns = sql::column_names(*now.table, key.columns);
    }
  }
  if (info.code == ErrorCode::foreign_key_violation && now.table != nullptr) {
    // The server reports the referring table for both sides, so the other table's name means a reference to ours.
    side = failure.table == now.table->name && !now.statement.starts_with("delete") ? sql::ForeignKeySide::referring
                                                                                    : sql::ForeignKeySide::referenced;
  }
  sql::word_integrity(info, side);
}

bool is_integrity(ErrorCode code) noexcept {
  return code >= ErrorCode::unique_violation && code <= ErrorCode::integrity;
}

std::string field(const pg_result* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string{} : std::string{text};
}

} // namespace

Failure read_failure(const pg_result* result) {
  Failure failure;
  if (result == nullptr) return failure;
  failure.sqlstate = field(result, PG_DIAG_SQLSTATE);
  failure.message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  failure.detail = field(result, PG_DIAG_MESSAGE_DETAIL);
  failure.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
  failure.schema = field(result, PG_DIAG_SCHEMA_NAME);
  failure.table = field(result, PG_DIAG_TABLE_NAME);
  failure.column = field(result, PG_DIAG_COLUMN_NAME);
  failure.routine = field(result, PG_DIAG_SOURCE_FUNCTION);
  return failure;
}

ErrorInfo translate(const Failure& failure, const Circumstances& now) {
  const Rule rule = classify(failure, now);
  ErrorInfo info;
  info.code = rule.code;
  info.backend = "postgresql";
  info.sqlstate = failure.sqlstate;
  info.retryable = (rule.flags & kRetry) != 0;
  info.broken = (rule.flags & kDiscard) != 0;
  info.constraint = failure.constraint;
  info.statement = now.statement;
  info.table = !failure.table.empty() ? failure.table : now.table != nullptr ? now.table->name : std::string{};
  info.detail = failure.message;
  if (!failure.detail.empty()) info.detail += (info.detail.empty() ? "" : "\n") + failure.detail;

  info.transaction = now.transaction; // dropped below unless it is in doubt
  if (rule.code == ErrorCode::connection) {
    word_lost(info, now);
  } else if (now.phase == Phase::connect) {
    word_connect_refusal(info);
  } else if (is_integrity(rule.code)) {
    explain_integrity(info, failure, now);
  } else {
    word_plain(info, failure, now);
  }
  if (info.code != ErrorCode::commit_unknown) info.transaction.clear();
  return info;
}

bool is_stale_statement(const Failure& failure) noexcept {
  if (failure.sqlstate == "26000" || failure.sqlstate == "42P05") return true;
  // "cached plan must not change result type" shares its SQLSTATE with every unsupported feature.
  return failure.sqlstate == "0A000" && failure.routine == "RevalidateCachedQuery";
}

ErrorInfo unanswered(const Circumstances& now) {
  ErrorInfo info;
  info.backend = "postgresql";
  info.statement = now.statement;
  info.table = now.table != nullptr ? now.table->name : std::string{};
  info.broken = true;
  if (now.phase == Phase::commit || now.phase == Phase::write) {
    info.code = ErrorCode::commit_unknown;
    info.transaction = now.transaction;
    info.message = now.phase == Phase::commit ? "the deadline passed while COMMIT was in flight"
                                              : lead(now) + "the deadline passed and no answer came";
    info.hint = "the work may or may not be stored: look before repeating it";
    return info;
  }
  info.code = now.cancelled ? ErrorCode::cancelled : ErrorCode::timeout;
  info.message = lead(now) + (now.cancelled ? "cancelled" : "the deadline passed") + ", and the server did not answer";
  info.hint = "the connection is given up; check the server and the network";
  return info;
}

std::string sqlstate_of_connect(std::string_view text) {
  std::string state;
  // "FATAL:  28P01: …": the severity may be translated, so look for the two blanks and the five characters.
  for (std::size_t at = text.find(":  "); at != std::string_view::npos; at = text.find(":  ", at + 1)) {
    const std::string_view candidate = text.substr(at + 3, 6);
    const bool is_state = candidate.size() == 6 && candidate.back() == ':' &&
                          std::all_of(candidate.begin(), candidate.end() - 1,
                                      [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
    if (is_state) state = candidate.substr(0, 5);
  }
  return state;
}

} // namespace tenon::postgresql
