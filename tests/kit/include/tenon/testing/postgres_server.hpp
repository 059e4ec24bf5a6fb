#pragma once
// A temporary PostgreSQL server of its own for a test: free port on 127.0.0.1, fresh data, gone with the object, and
// gone too when the test process is killed. Used by tests that need a server and by the `tenon_pg` command.
// Threads: one object is used by one thread at a time; the const members may be called from any thread meanwhile.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::testing {

struct PostgresOptions {
  std::string database = "tenon"; ///< created at start, owned by user()
  bool durable = false;           ///< fsync and full-page writes, as in production; off for speed
  std::chrono::milliseconds deadline = std::chrono::seconds(60); ///< for each start and each stop

  /// Lines of postgresql.conf that come after ours, such as {"max_connections", "5"}. The defaults are legal but not
  /// convenient, so that wrong assumptions show: a linguistic default collation and a time zone that is not UTC.
  std::vector<std::pair<std::string, std::string>> settings = {};
  /// Variables of the server's processes, NAME=value, such as LD_PRELOAD=… of a library that makes calls fail.
  std::vector<std::string> environment = {};
};

/// How a server is asked to end; the words are PostgreSQL's.
enum class StopMode {
  smart,     ///< waits for clients to leave
  fast,      ///< rolls open transactions back, disconnects clients, writes a checkpoint
  immediate, ///< disconnects without a checkpoint: the next start recovers from the log
};

/// Requires a PostgreSQL installation; runs as the calling user, and when that is root as `postgres` or `nobody`.
/// Errors: every member throws tenon::OperationalError (TimeoutError where the deadline passed) with the last lines of
/// the server's log as its hint.
class PostgresServer {
public:
  /// Returns a server that accepts connections.
  [[nodiscard]] static PostgresServer start(PostgresOptions options = {});

  /// Returns a hot standby of `primary`, on a port of its own with the same roles, passwords and databases: it accepts
  /// reads and follows by streaming, through the primary's restarts as well. Requires that `primary` runs. `settings`
  /// are its own; give it at least the primary's max_connections. Lifetime: independent of the primary's.
  [[nodiscard]] static PostgresServer start_standby(const PostgresServer& primary, PostgresOptions options = {});

  PostgresServer(PostgresServer&&) noexcept;
  PostgresServer& operator=(PostgresServer&&) noexcept;
  ~PostgresServer(); ///< ends the server at once and removes its folder

  [[nodiscard]] const std::string& host() const noexcept;
  [[nodiscard]] int port() const noexcept; ///< the same for the whole life, restarts included
  /// The application's role: may create databases and roles, see all figures and end sessions; not a superuser.
  [[nodiscard]] const std::string& user() const noexcept;
  [[nodiscard]] const std::string& password() const noexcept; ///< random, of this server alone
  [[nodiscard]] const std::string& database() const noexcept;
  [[nodiscard]] std::string uri() const;
  [[nodiscard]] std::string uri(std::string_view database) const;
  [[nodiscard]] std::string uri_without_password() const;
  /// The superuser, over the socket in the server's folder; only the server's own user and root can reach it.
  [[nodiscard]] std::string admin_conninfo(std::string_view database = "postgres") const;
  /// POSTGRES_HOST, _PORT, _USER, _PASSWORD and _DATABASE with their values.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept;
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::string version() const; ///< such as "15.6"
  [[nodiscard]] pid_t pid() const noexcept;  ///< of the postmaster; 0 when it does not run
  [[nodiscard]] bool is_running() const noexcept;

  void create_database(std::string_view name); ///< owned by user()
  void drop_database(std::string_view name);   ///< with the sessions on it; nothing happens if it is not there

  /// Makes a standby a primary. Requires a standby that runs. Returns when it accepts writes.
  void promote();
  /// Waits until this standby shows all that `primary` had committed at the call.
  void catch_up_with(const PostgresServer& primary) const;

  void stop(StopMode mode = StopMode::fast);    ///< nothing happens if it does not run
  void restart(StopMode mode = StopMode::fast); ///< stops if needed, then starts on the same port and data
  void kill_server();                           ///< SIGKILL to all its processes, as a power cut: restart() recovers
  void suspend();                               ///< SIGSTOP to all its processes: connections stay open and unanswered
  void resume();                                ///< SIGCONT after suspend()

private:
  struct State;
  explicit PostgresServer(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

/// What start() would use, found without starting anything.
struct PostgresInstallation {
  std::filesystem::path bin; ///< the folder of initdb and postgres
  std::string version;
  std::string user; ///< that the server will run as
};

/// Looks in $TENON_POSTGRES_BIN, then for the newest in /usr/lib/postgresql/*/bin, then in $PATH.
/// Errors: OperationalError that names every place searched and the package to install.
[[nodiscard]] PostgresInstallation find_postgres();

} // namespace tenon::testing
