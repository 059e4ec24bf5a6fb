#pragma once
// Watch: ends the calls of one connection in time. SQLite asks it every some operations, while it waits for another
// connection's lock, and when a commit begins. Owned by a Database. Threads: one at a time; cancel() from any.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>

#include <tenon/interface/rough_clock.hpp>
#include <tenon/interface/session.hpp>

#include "errors.hpp"

namespace tenon::sqlite {

class Watch {
public:
  explicit Watch(std::chrono::milliseconds busy_timeout) : busy_timeout_(busy_timeout) {}

  /// A call begins. Returns false if its deadline has passed already.
  [[nodiscard]] bool start() noexcept {
    cancelled_.store(false, std::memory_order_relaxed);
    ended_ = Ended::by_itself;
    asked_ = false;
    committing_ = false;
    return !has_passed(deadline_);
  }
  /// The call goes on with another statement, which may end again until its commit begins.
  void go_on() noexcept { committing_ = false; }
  void set_deadline(Deadline deadline) noexcept { deadline_ = deadline; }
  /// Ends the running call, also one that sleeps in wait(): that wakes at once.
  void cancel() noexcept;

  /// Who ended the call.
  [[nodiscard]] Ended ended() const noexcept { return ended_; }
  /// True if SQLite has asked in this call whether to wait for a lock. It does not where waiting could be for ever.
  [[nodiscard]] bool asked() const noexcept { return asked_; }

  /// The call's commit begins: from now on it ends only while it waits for a lock. SQLite looks once more when a
  /// statement is done, and would report as interrupted what has taken place.
  void commit_begins() noexcept { committing_ = true; }
  [[nodiscard]] bool committing() const noexcept { return committing_; }

  /// True if the call's time is over, or it was cancelled.
  [[nodiscard]] bool expired() noexcept;
  /// True if the running statement has to end now.
  [[nodiscard]] bool interrupts() noexcept { return !committing_ && !moving_ && expired(); }
  /// Waits a little for a lock. Returns false once the call's time, or the busy timeout, is over, or it is cancelled.
  /// `attempt` counts from 0.
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

  /// While one exists the running statement moves the transaction, and ends only while it waits for a lock: one that
  /// was interrupted might have taken place.
  class Move {
  public:
    explicit Move(Watch& watch) noexcept : watch_(watch) { watch_.moving_ = true; }
    ~Move() { watch_.moving_ = false; }
    Move(const Move&) = delete;
    Move& operator=(const Move&) = delete;

  private:
    Watch& watch_;
  };

private:
  std::atomic<bool> cancelled_{false};
  bool paused_ = false;
  bool moving_ = false;
  bool asked_ = false;
  bool committing_ = false;
  Ended ended_ = Ended::by_itself;
  Deadline deadline_ = Deadline::max();
  Clock::time_point waiting_since_;
  std::chrono::milliseconds busy_timeout_;
  std::minstd_rand random_{std::random_device{}()};
  std::mutex mutex_; // between cancel() and the sleep of wait()
  std::condition_variable cancel_;
};

} // namespace tenon::sqlite
