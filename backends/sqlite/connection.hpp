#pragma once
// Connection: one open SQLite database, owned by a SOCI session. The only part that knows SOCI; all others work on the
// native handle. Threads: one at a time (the handle has no mutex of its own).

#include <memory>
#include <string>

#include <tenon/interface/fork_guard.hpp>

struct sqlite3;

namespace tenon::sqlite {

class Connection {
public:
  /// `uri` allows a "file:" name with parameters; otherwise the name is a path as it stands.
  /// Errors: OpenFailure, with nothing left behind.
  Connection(const std::string& name, bool uri);
  /// Closes it, which rolls back. In a child made by fork() it does nothing: closing would roll back the parent's
  /// transaction in the shared files.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] sqlite3* handle() const noexcept { return handle_; }

private:
  struct Soci;
  std::unique_ptr<Soci> soci_;
  sqlite3* handle_ = nullptr;
  ForkGuard made_;
};

/// What SQLite said about a database that it did not open. Caught by the backend, which knows what the name means.
struct OpenFailure {
  int code;
  std::string message;
};

} // namespace tenon::sqlite
