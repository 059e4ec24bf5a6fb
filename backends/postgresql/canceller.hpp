#pragma once
// Canceller: cancel requests for one connection, and the rule that none of them is under way when the connection is
// used again, because a late one would hit the next statement. Used by Connection.
// Threads: request() from any thread, the rest from the session's. Nothing here waits for the server, but for settle().

#include <chrono>
#include <memory>
#include <string>

struct pg_conn;

namespace tenon::postgresql {

class Canceller {
public:
  /// `server` tells one server from the other: the requests of one that does not answer hold up no other's.
  Canceller(pg_conn* connection, std::string server);
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;
  ~Canceller();

  /// A call of the session starts: from now on request() finds something to cancel. Calls may nest.
  void begin_call() noexcept;
  void end_call() noexcept;

  /// Cancels the running call, if there is one: again and again until it ends, because a request that meets the server
  /// between two statements of the call has no effect.
  void request() noexcept;
  /// Cancels the running statement for us, who keep a deadline: requested() does not tell of it.
  void request_for_deadline() noexcept;

  /// request() was called during the running call.
  [[nodiscard]] bool requested() const noexcept;
  /// Nothing was requested since the last settle(), so that another one would do nothing.
  [[nodiscard]] bool is_settled() const noexcept;
  /// Takes back what was not sent yet and waits until no request is under way. Returns false if one still is at
  /// `limit`.
  [[nodiscard]] bool settle(std::chrono::steady_clock::time_point limit) noexcept;

private:
  class State; // shared with the service, whose threads may outlive the connection
  std::shared_ptr<State> state_;
};

} // namespace tenon::postgresql
