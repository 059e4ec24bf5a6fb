#pragma once
// Canceller: cancel requests for one connection, and the rule that none of them is under way when the connection is
// used again, because a late one would hit the next statement. Used by Connection.
// Threads: request() from any thread, the rest from the session's.

#include <chrono>
#include <memory>

struct pg_conn;

namespace tenon::postgresql {

class Canceller {
public:
  explicit Canceller(pg_conn* connection);
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;
  ~Canceller();

  /// A call of the session starts: from now on request() finds something to cancel. Calls may nest.
  void begin_call() noexcept;
  void end_call() noexcept;

  /// Cancels the running call, if there is one. Blocks for a connection of its own to the server.
  void request() noexcept;
  /// The same from a thread that is left to itself, for a caller who keeps a deadline.
  void request_in_background() noexcept;

  /// request() was called during the running call.
  [[nodiscard]] bool requested() const noexcept;
  /// Waits until no request is under way. Returns false if one still is at `limit`.
  [[nodiscard]] bool settle(std::chrono::steady_clock::time_point limit) noexcept;

private:
  struct State; // shared with threads that may outlive the connection
  std::shared_ptr<State> state_;
};

} // namespace tenon::postgresql
