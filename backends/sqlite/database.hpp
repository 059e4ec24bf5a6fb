#pragma once
// Database: one connection set up the way Tenon needs it, and the Watch that ends its calls in time. Owned by a
// session, and by the backend where it keeps a database in memory alive. Threads: one at a time; Watch::cancel from
// any.

#include <memory>
#include <string>

#include <tenon/interface/fork_guard.hpp>
#include <tenon/interface/session.hpp>

#include "connection.hpp"
#include "open_files.hpp"
#include "row_function.hpp"
#include "settings.hpp"
#include "watch.hpp"

namespace tenon::sqlite {

class Database {
public:
  /// `name` is what Connection opens; messages name settings.database.
  /// Errors: ConnectionError and its kin, also for a file that this process has inherited open from its parent;
  /// Internal for a file that is no database; TimeoutError past `deadline`.
  Database(const Settings& settings, const std::string& name, Deadline deadline);
  /// A file that has moved keeps its log unread: where the log was, another database's may be by now.
  ~Database();

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] sqlite3* handle() const noexcept { return connection_->handle(); }
  [[nodiscard]] Watch& watch() noexcept { return watch_; }
  /// Of the rows that the running statement gives by tenon_row.
  [[nodiscard]] RowReceiver& receiver() noexcept { return receiver_; }
  /// True if the path leads elsewhere by now: the file was deleted, or replaced. Costs a look at the file system.
  [[nodiscard]] bool moved() const noexcept;
  /// True if the running call's commit was refused because the file has moved: it would have gone where nobody looks.
  [[nodiscard]] bool refused_commit() const noexcept { return refused_commit_; }

private:
  static int on_commit(void* database);
  void register_functions();
  void set_up(const Settings& settings);
  void set_journal_mode(const Settings& settings);
  void run(const char* sql);

  const bool in_memory_;
  bool refused_commit_ = false;
  Watch watch_; // before the connection, whose handlers point to it
  RowReceiver receiver_;
  ForkGuard made_;
  OpenFile file_;
  std::unique_ptr<Connection> connection_;
};

} // namespace tenon::sqlite
