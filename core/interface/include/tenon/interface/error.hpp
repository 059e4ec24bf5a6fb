#pragma once
// The one error hierarchy of Tenon: thrown by core and by every backend, caught by applications.
// A backend throws these inside its own library; at the plugin boundary they become a plain struct and are thrown anew
// by the host, so an error never depends on the library it came from.
// Threads: values; an Error may be copied to and read from any thread.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define TENON_VISIBLE __attribute__((visibility("default")))

namespace tenon {

/// What went wrong, as a number that stays the same for ever: it crosses the plugin boundary (TENON_E_* in
/// tenon_abi.h).
enum class ErrorCode : std::int32_t {
  config = 1,
  plugin = 2,
  connection = 10,
  not_ready = 11,
  auth = 12,
  commit_unknown = 13,
  unique_violation = 20,
  foreign_key_violation = 21,
  not_null_violation = 22,
  check_violation = 23,
  exclusion_violation = 24,
  integrity = 25,
  operational = 30,
  timeout = 31,
  pool_timeout = 32,
  cancelled = 33,
  serialization_failure = 34,
  deadlock = 35,
  read_only = 36,
  resource_exhausted = 37,
  permission = 38,
  stale_data = 39,
  internal = 40,
  data = 50,
  programming = 51,
  not_found = 52,
  not_supported = 53,
  not_loaded = 54, ///< raised by the typed front alone
};

/// Everything an error carries. Backends fill what they know; empty means unknown.
/// Invariant: no field but `detail` ever holds a parameter value, a row value or a secret; `detail` is filled only when
/// the user asked for it (`errors.detail: full`) and is never part of what().
struct ErrorInfo {
  ErrorCode code = ErrorCode::operational;
  std::string message;  ///< lower case, what failed and on which object; ours, never the server's text with values
  std::string hint;     ///< what to do next
  std::string sqlstate; ///< five characters, or empty where the backend has none
  std::int32_t vendor_code = 0;
  bool retryable = false; ///< the same unit of work, run again as a whole, may succeed
  bool broken = false;    ///< the session cannot be used any more; the pool discards it
  std::string constraint;
  std::string table;
  std::vector<std::string> columns;
  std::string statement; ///< a summary such as "insert into users"; never values
  std::string backend;
  std::string detail;
  /// Of CommitUnknown: the server's name of the transaction, which IBackend::resolve takes; opaque, of use to that
  /// database alone. Empty: nobody can be asked.
  std::string transaction;
  /// What made this one come about: the first error of a transaction that accepts only a rollback now, the last one of
  /// work that was not run again. Null: nothing else. Does not cross the plugin boundary.
  std::shared_ptr<const ErrorInfo> cause;
};

/// Root of the hierarchy. what() is the message, then the hint on a line of its own.
class TENON_VISIBLE Error : public std::runtime_error {
public:
  explicit Error(ErrorInfo info)
      : std::runtime_error(compose(info)), info_(std::make_shared<const ErrorInfo>(std::move(info))) {}

  [[nodiscard]] ErrorCode code() const noexcept { return info_->code; }
  [[nodiscard]] const std::string& message() const noexcept { return info_->message; }
  [[nodiscard]] const std::string& hint() const noexcept { return info_->hint; }
  [[nodiscard]] const std::string& sqlstate() const noexcept { return info_->sqlstate; }
  [[nodiscard]] std::int32_t vendor_code() const noexcept { return info_->vendor_code; }
  [[nodiscard]] bool retryable() const noexcept { return info_->retryable; }
  [[nodiscard]] bool broken() const noexcept { return info_->broken; }
  [[nodiscard]] const std::string& constraint() const noexcept { return info_->constraint; }
  [[nodiscard]] const std::string& table() const noexcept { return info_->table; }
  [[nodiscard]] const std::vector<std::string>& columns() const noexcept { return info_->columns; }
  [[nodiscard]] const std::string& statement() const noexcept { return info_->statement; }
  [[nodiscard]] const std::string& backend() const noexcept { return info_->backend; }
  [[nodiscard]] const std::string& detail() const noexcept { return info_->detail; }
  [[nodiscard]] const std::string& transaction() const noexcept { return info_->transaction; }
  /// Null if there is none. Lifetime: that of this error and its copies.
  [[nodiscard]] const ErrorInfo* cause() const noexcept { return info_->cause.get(); }
  [[nodiscard]] const ErrorInfo& info() const noexcept { return *info_; }
  /// The same, for whoever keeps it as a cause; cannot fail.
  [[nodiscard]] std::shared_ptr<const ErrorInfo> share() const noexcept { return info_; }

private:
  static std::string compose(const ErrorInfo& info) {
    return info.hint.empty() ? info.message : info.message + "\n  hint: " + info.hint;
  }
  std::shared_ptr<const ErrorInfo> info_; // shared, so that copying an exception cannot throw
};

/// A configuration that cannot be used. The message starts with "file:line:column: " where there is such a place.
class TENON_VISIBLE ConfigError : public Error {
public:
  using Error::Error;
};

/// A plugin that is missing, is none, does not fit this host, or broke its contract.
class TENON_VISIBLE PluginError : public Error {
public:
  using Error::Error;
};

/// The database cannot be reached, was lost, or rejected us.
class TENON_VISIBLE ConnectionError : public Error {
public:
  using Error::Error;
};
/// The server is starting up or shutting down: worth trying again within the deadline.
class TENON_VISIBLE NotReady : public ConnectionError {
public:
  using ConnectionError::ConnectionError;
};
/// Wrong user, password or database: trying again cannot help.
class TENON_VISIBLE AuthError : public ConnectionError {
public:
  using ConnectionError::ConnectionError;
};
/// The connection was lost while COMMIT was in flight: the work may or may not be there. Never retried by Tenon.
/// Where the backend claims resolve_commit, Store::resolve can find out.
class TENON_VISIBLE CommitUnknown : public ConnectionError {
public:
  using ConnectionError::ConnectionError;
};

enum class IntegrityKind { unique, foreign_key, not_null, check, exclusion, other };

/// The data would break a rule of the schema; constraint(), table() and columns() say which.
class TENON_VISIBLE IntegrityError : public Error {
public:
  using Error::Error;
  [[nodiscard]] IntegrityKind kind() const noexcept {
    switch (code()) {
      case ErrorCode::unique_violation: return IntegrityKind::unique;
      case ErrorCode::foreign_key_violation: return IntegrityKind::foreign_key;
      case ErrorCode::not_null_violation: return IntegrityKind::not_null;
      case ErrorCode::check_violation: return IntegrityKind::check;
      case ErrorCode::exclusion_violation: return IntegrityKind::exclusion;
      default: return IntegrityKind::other;
    }
  }
};

/// The statement was fine and so was the data, but it could not be carried out now.
class TENON_VISIBLE OperationalError : public Error {
public:
  using Error::Error;
};
/// A deadline passed: of the call, of a lock, of a busy database.
class TENON_VISIBLE TimeoutError : public OperationalError {
public:
  using OperationalError::OperationalError;
};
/// No connection of the pool became free in time.
class TENON_VISIBLE PoolTimeout : public TimeoutError {
public:
  using TimeoutError::TimeoutError;
};
class TENON_VISIBLE Cancelled : public OperationalError {
public:
  using OperationalError::OperationalError;
};
class TENON_VISIBLE SerializationFailure : public OperationalError {
public:
  using OperationalError::OperationalError;
};
class TENON_VISIBLE Deadlock : public OperationalError {
public:
  using OperationalError::OperationalError;
};
/// A write on a database, transaction or server that only reads.
class TENON_VISIBLE ReadOnly : public OperationalError {
public:
  using OperationalError::OperationalError;
};
/// Disk, memory or connections of the server are used up.
class TENON_VISIBLE ResourceExhausted : public OperationalError {
public:
  using OperationalError::OperationalError;
};
class TENON_VISIBLE PermissionError : public OperationalError {
public:
  using OperationalError::OperationalError;
};
/// An optimistic lock found another version than it expected.
class TENON_VISIBLE StaleData : public OperationalError {
public:
  using OperationalError::OperationalError;
};
/// I/O failure, corruption, or a bug in the server or the backend.
class TENON_VISIBLE Internal : public OperationalError {
public:
  using OperationalError::OperationalError;
};

/// A value that the database cannot hold: out of range, badly encoded, too long, NaN.
class TENON_VISIBLE DataError : public Error {
public:
  using Error::Error;
};
/// The call itself is wrong: a missing table, a bad statement, the wrong transaction state.
class TENON_VISIBLE ProgrammingError : public Error {
public:
  using Error::Error;
};
/// A relation of a row was read that no query has loaded: ask for it by with<…>().
class TENON_VISIBLE NotLoaded : public ProgrammingError {
public:
  using ProgrammingError::ProgrammingError;
};
/// get() or get_by() of a row that is not there (find() and find_by() return an empty optional instead).
class TENON_VISIBLE NotFound : public Error {
public:
  using Error::Error;
};
/// The backend does not claim this capability.
class TENON_VISIBLE NotSupported : public Error {
public:
  using Error::Error;
};

/// Throws the class of the hierarchy that belongs to info.code; an unknown code becomes OperationalError.
[[noreturn]] inline void throw_error(ErrorInfo info) {
  switch (info.code) {
    case ErrorCode::config: throw ConfigError(std::move(info));
    case ErrorCode::plugin: throw PluginError(std::move(info));
    case ErrorCode::connection: throw ConnectionError(std::move(info));
    case ErrorCode::not_ready: throw NotReady(std::move(info));
    case ErrorCode::auth: throw AuthError(std::move(info));
    case ErrorCode::commit_unknown: throw CommitUnknown(std::move(info));
    case ErrorCode::unique_violation:
    case ErrorCode::foreign_key_violation:
    case ErrorCode::not_null_violation:
    case ErrorCode::check_violation:
    case ErrorCode::exclusion_violation:
    case ErrorCode::integrity: throw IntegrityError(std::move(info));
    case ErrorCode::operational: throw OperationalError(std::move(info));
    case ErrorCode::timeout: throw TimeoutError(std::move(info));
    case ErrorCode::pool_timeout: throw PoolTimeout(std::move(info));
    case ErrorCode::cancelled: throw Cancelled(std::move(info));
    case ErrorCode::serialization_failure: throw SerializationFailure(std::move(info));
    case ErrorCode::deadlock: throw Deadlock(std::move(info));
    case ErrorCode::read_only: throw ReadOnly(std::move(info));
    case ErrorCode::resource_exhausted: throw ResourceExhausted(std::move(info));
    case ErrorCode::permission: throw PermissionError(std::move(info));
    case ErrorCode::stale_data: throw StaleData(std::move(info));
    case ErrorCode::internal: throw Internal(std::move(info));
    case ErrorCode::data: throw DataError(std::move(info));
    case ErrorCode::programming: throw ProgrammingError(std::move(info));
    case ErrorCode::not_found: throw NotFound(std::move(info));
    case ErrorCode::not_supported: throw NotSupported(std::move(info));
    case ErrorCode::not_loaded: throw NotLoaded(std::move(info));
  }
  throw OperationalError(std::move(info));
}

/// The short form for errors that carry only a message and a hint.
[[noreturn]] inline void throw_error(ErrorCode code, std::string message, std::string hint = {}) {
  ErrorInfo info;
  info.code = code;
  info.message = std::move(message);
  info.hint = std::move(hint);
  throw_error(std::move(info));
}

/// The class name of a code, for logs and JSON output ("IntegrityError", "TimeoutError", …).
[[nodiscard]] constexpr std::string_view error_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::config: return "ConfigError";
    case ErrorCode::plugin: return "PluginError";
    case ErrorCode::connection: return "ConnectionError";
    case ErrorCode::not_ready: return "NotReady";
    case ErrorCode::auth: return "AuthError";
    case ErrorCode::commit_unknown: return "CommitUnknown";
    case ErrorCode::unique_violation:
    case ErrorCode::foreign_key_violation:
    case ErrorCode::not_null_violation:
    case ErrorCode::check_violation:
    case ErrorCode::exclusion_violation:
    case ErrorCode::integrity: return "IntegrityError";
    case ErrorCode::operational: return "OperationalError";
    case ErrorCode::timeout: return "TimeoutError";
    case ErrorCode::pool_timeout: return "PoolTimeout";
    case ErrorCode::cancelled: return "Cancelled";
    case ErrorCode::serialization_failure: return "SerializationFailure";
    case ErrorCode::deadlock: return "Deadlock";
    case ErrorCode::read_only: return "ReadOnly";
    case ErrorCode::resource_exhausted: return "ResourceExhausted";
    case ErrorCode::permission: return "PermissionError";
    case ErrorCode::stale_data: return "StaleData";
    case ErrorCode::internal: return "Internal";
    case ErrorCode::data: return "DataError";
    case ErrorCode::programming: return "ProgrammingError";
    case ErrorCode::not_found: return "NotFound";
    case ErrorCode::not_supported: return "NotSupported";
    case ErrorCode::not_loaded: return "NotLoaded";
  }
  return "Error";
}

} // namespace tenon
