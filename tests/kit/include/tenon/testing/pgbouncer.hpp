#pragma once
// A temporary pgbouncer in transaction mode before a PostgresServer: a free port on 127.0.0.1, gone with the object,
// and gone too when the test process is killed. Used by tests of what works behind a pooler and by `tenon_pg`. Threads:
// one object is used by one thread at a time.

#include <memory>
#include <string>

#include <tenon/testing/postgres_server.hpp>

namespace tenon::testing {

struct PgbouncerOptions {
  int pool_size = 20;     ///< connections to the server, for each database
  int max_clients = 1000; ///< connections to the pooler
};

/// Clients log in as the server's user() with its password(), to any of the server's databases.
class Pgbouncer {
public:
  /// Requires that `server` runs, and outlives the object. Returns when the pooler accepts connections.
  /// Errors: OperationalError if there is no pgbouncer (Debian's package pgbouncer) or it does not start.
  [[nodiscard]] static Pgbouncer start(const PostgresServer& server, PgbouncerOptions options = {});

  Pgbouncer(Pgbouncer&&) noexcept;
  Pgbouncer& operator=(Pgbouncer&&) = delete;
  ~Pgbouncer();

  [[nodiscard]] int port() const noexcept; ///< of 127.0.0.1
  [[nodiscard]] std::string log() const;

private:
  struct State;
  explicit Pgbouncer(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

} // namespace tenon::testing
