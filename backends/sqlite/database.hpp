#pragma once
// Database: one connection set up the way Tenon needs it, and the Watch that ends its calls in time. Owned by a
// session, and by the backend where it keeps a database in memory alive. Threads: one at a time; Watch::cancel from
// any.

#include <atomic>
#include <chrono>
#include <string>

#include <tenon/interface/session.hpp>

#include "connection.hpp"
#include "errors.hpp"
#include "settings.hpp"

namespace tenon::sqlite {

/// Deadline and cancellation of the running call. SQLite asks it every some operations, and while it waits for a lock.
class Watch {
public:
  explicit Watch(std::chrono::milliseconds busy_timeout) : busy_timeout_(busy_timeout) {}

  /// A call begins. Returns false if its deadline has passed already.
  [[nodiscard]] bool start() noexcept {
    cancelled_.store(false, std::memory_order_relaxed);
    ended_ = Ended::by_itself;
    return deadline_ == Deadline::max() || Clock::now() < deadline_;
  }
  void set_deadline(Deadline deadline) noexcept { deadline_ = deadline; }
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  /// Who ended the call.
  [[nodiscard]] Ended ended() const noexcept { return ended_; }

  /// True if the call has to end now.
  [[nodiscard]] bool expired() noexcept;
  /// Waits a little for a lock. Returns false once the call's time, or the busy timeout, is over. `attempt` counts from
  /// 0.
  [[nodiscard]] bool wait(int attempt) noexcept;

  /// While one exists nothing ends a call: for rollbacks, which must not stop half-way.
  class Pause {
  public:
    explicit Pause(Watch& watch) noexcept : watch_(watch) { watch_.paused_ = true; }
    ~Pause() { watch_.paused_ = false; }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

  private:
    Watch& watch_;
  };

private:
  std::atomic<bool> cancelled_{false};
  bool paused_ = false;
  Ended ended_ = Ended::by_itself;
  Deadline deadline_ = Deadline::max();
  Clock::time_point waiting_since_;
  std::chrono::milliseconds busy_timeout_;
};

class Database {
public:
  /// `name` is what Connection opens; messages name settings.database.
  /// Errors: ConnectionError and its kin, Internal for a file that is no database; TimeoutError past `deadline`.
  Database(const Settings& settings, const std::string& name, Deadline deadline);

  [[nodiscard]] sqlite3* handle() const noexcept { return connection_->handle(); }
  [[nodiscard]] Watch& watch() noexcept { return watch_; }

private:
  void register_functions();
  void set_up(const Settings& settings);
  void set_journal_mode(const Settings& settings);
  void run(const char* sql);

  Watch watch_; // before the connection, whose handlers point to it
  std::unique_ptr<Connection> connection_;
};

} // namespace tenon::sqlite
