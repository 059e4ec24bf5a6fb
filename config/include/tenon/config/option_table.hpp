#pragma once
// The one table of everything storage.yaml and the environment can say. Validation, the JSON Schema and the reference
// page are all derived from it: an option that is not here does not exist.
// Used by tenon::config, the `tenon` command and the tests. Threads: constants.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenon::config {

enum class OptionType {
  integer,  ///< decimal digits within min..max; no leading zero
  boolean,  ///< true or false
  duration, ///< 500ms, 30s, 2m, 1h or a whole number of seconds; min..max are milliseconds
  text,     ///< anything but the empty string
  path,     ///< a file or folder; relative to the file it is written in
  choice,   ///< one word of `choices`
  secret,   ///< text that is never shown; empty leaves the key open
  uri,      ///< a connection URI, taken apart into other keys; never shown as a whole
  hosts,    ///< a list of host[:port]
  paths,    ///< a list of folders
};

/// Where an option stands: at the top of the file, or within one profile.
enum class OptionScope { file, profile };

/// Backends as bits. `kOther` are the backends of third parties, whose connection keys only they know.
using BackendSet = unsigned;
inline constexpr BackendSet kPostgresql = 1, kSqlite = 2, kMariadb = 4, kOther = 8;
inline constexpr BackendSet kEveryBackend = kPostgresql | kSqlite | kMariadb | kOther;

[[nodiscard]] constexpr BackendSet backend_bit(std::string_view id) noexcept {
  if (id == "postgresql") return kPostgresql;
  if (id == "sqlite") return kSqlite;
  if (id == "mariadb") return kMariadb;
  return kOther;
}

struct OptionSpec {
  std::string_view key; ///< dotted path within the profile ("pool.size")
  OptionType type = OptionType::text;
  std::string_view description = {};
  std::string_view fallback = {}; ///< value when nobody sets it; empty: none
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::string_view choices = {}; ///< words separated by '|'
  BackendSet backends = kEveryBackend;
  std::string_view variable = {}; ///< POSTGRES_* variable that fills it
  std::string_view libpq = {};    ///< PG* variable that libpq itself applies when nothing else is set
  OptionScope scope = OptionScope::profile;

  [[nodiscard]] constexpr bool secret() const noexcept { return type == OptionType::secret || type == OptionType::uri; }
  [[nodiscard]] constexpr bool list() const noexcept { return type == OptionType::hosts || type == OptionType::paths; }
};

namespace detail {
inline constexpr std::int64_t kMillisecond = 1, kSecond = 1000, kHour = 3'600'000, kDay = 24 * kHour;
inline constexpr BackendSet kServers = kPostgresql | kMariadb;
} // namespace detail

// Order: as shown by `tenon config show` and in the reference; options of one section stand together.
inline constexpr auto kOptions = std::to_array<OptionSpec>({
    {.key = "version",
     .type = OptionType::choice,
     .description = "Version of the file's format.",
     .fallback = "1",
     .choices = "1",
     .scope = OptionScope::file},
    {.key = "default_profile",
     .description = "Profile that is used when none is named; `${TENON_PROFILE:-dev}` lets the environment choose.",
     .scope = OptionScope::file},

    {.key = "backend", .description = "Id of the backend: postgresql, sqlite, mariadb, or that of a plugin."},
    {.key = "extends",
     .description = "Profile whose settings this one starts from; what both set, this one decides. `connection` and "
                    "`plugin` are taken over only while the backend is the same."},

    {.key = "connection.uri",
     .type = OptionType::uri,
     .description = "`postgresql://user:password@host:port/database?sslmode=…`; single keys beside it override its "
                    "parts.",
     .backends = kPostgresql,
     .variable = "POSTGRES_URI"},
    {.key = "connection.host",
     .description = "Name or address of the server, or the folder of its socket.",
     .backends = detail::kServers,
     .variable = "POSTGRES_HOST",
     .libpq = "PGHOST"},
    {.key = "connection.hosts",
     .type = OptionType::hosts,
     .description = "Servers to try, each `host` or `host:port`, each with its share of the time; instead of `host`.",
     .backends = kPostgresql},
    {.key = "connection.port",
     .type = OptionType::integer,
     .description = "Port of the server, also for `hosts` without one.",
     .fallback = "5432",
     .min = 1,
     .max = 65535,
     .backends = kPostgresql,
     .variable = "POSTGRES_PORT",
     .libpq = "PGPORT"},
    {.key = "connection.port",
     .type = OptionType::integer,
     .description = "Port of the server.",
     .fallback = "3306",
     .min = 1,
     .max = 65535,
     .backends = kMariadb},
    {.key = "connection.user",
     .description = "User to connect as.",
     .backends = detail::kServers,
     .variable = "POSTGRES_USER",
     .libpq = "PGUSER"},
    {.key = "connection.password",
     .type = OptionType::secret,
     .description = "Password of the user; better kept in `password_file` or a variable.",
     .backends = detail::kServers,
     .variable = "POSTGRES_PASSWORD",
     .libpq = "PGPASSWORD"},
    {.key = "connection.password_file",
     .type = OptionType::path,
     .description =
         "File that holds the password; one trailing newline is dropped. Instead of `password`. PostgreSQL's "
         "is read anew with every connect, so a password can be changed while programs run.",
     .backends = detail::kServers},
    {.key = "connection.database",
     .description = "Database to connect to.",
     .backends = detail::kServers,
     .variable = "POSTGRES_DATABASE",
     .libpq = "PGDATABASE"},
    {.key = "connection.tls.mode",
     .type = OptionType::choice,
     .description = "Whether the connection is encrypted and how far the server is verified; only `verify-full` proves "
                    "that it is the server that was named.",
     .fallback = "prefer",
     .choices = "disable|allow|prefer|require|verify-ca|verify-full",
     .backends = detail::kServers,
     .libpq = "PGSSLMODE"},
    {.key = "connection.tls.ca",
     .type = OptionType::path,
     .description = "Certificates of the authorities that the server's certificate is checked against.",
     .backends = detail::kServers,
     .libpq = "PGSSLROOTCERT"},
    {.key = "connection.tls.cert",
     .type = OptionType::path,
     .description = "Our own certificate, for servers that ask for one.",
     .backends = detail::kServers,
     .libpq = "PGSSLCERT"},
    {.key = "connection.tls.key",
     .type = OptionType::path,
     .description = "Private key of `tls.cert`.",
     .backends = detail::kServers,
     .libpq = "PGSSLKEY"},
    {.key = "connection.target_session_attrs",
     .type = OptionType::choice,
     .description = "Which server of `hosts` is acceptable.",
     .fallback = "any",
     .choices = "any|read-write|read-only|primary|standby|prefer-standby",
     .backends = kPostgresql,
     .libpq = "PGTARGETSESSIONATTRS"},
    {.key = "connection.load_balance_hosts",
     .type = OptionType::choice,
     .description = "`random`: `hosts` are tried in a random order, which spreads the connections over those that are "
                    "acceptable; `disable`: in the order given. One that failed lately comes last either way.",
     .fallback = "random",
     .choices = "random|disable",
     .backends = kPostgresql},
    {.key = "connection.pooler",
     .type = OptionType::choice,
     .description = "`transaction` when a pooler such as pgbouncer stands in between and lends a connection for one "
                    "transaction: statements are then not prepared by name.",
     .fallback = "none",
     .choices = "none|transaction",
     .backends = kPostgresql},
    {.key = "connection.statement_timeout_backstop",
     .type = OptionType::boolean,
     .description = "The server limits the statements of a transaction as well, a second behind their deadlines (`SET "
                    "LOCAL statement_timeout`, with BEGIN): for those that no cancel reaches. It never lengthens a "
                    "limit that the server has. BEGIN then takes a round trip of its own, and rows that are read bit "
                    "by bit one more.",
     .fallback = "false",
     .backends = kPostgresql},
    {.key = "connection.resolve_commit",
     .type = OptionType::boolean,
     .description =
         "Write transactions learn their number as they begin, in a round trip of its own, so that `Store::resolve` "
         "can ask what became of one whose COMMIT was not answered. Costs each a transaction number.",
     .fallback = "false",
     .backends = kPostgresql},
    {.key = "connection.application_name",
     .description = "Name under which the server lists its connections.",
     .fallback = "tenon",
     .backends = kPostgresql},
    {.key = "connection.connect_timeout",
     .type = OptionType::duration,
     .description = "Time for reaching one address of the server; `deadlines.connect` bounds them all together.",
     .fallback = "10s",
     .min = detail::kSecond,
     .max = detail::kHour,
     .backends = detail::kServers},
    {.key = "connection.database",
     .type = OptionType::path,
     .description = "Database file, or `:memory:` for a database that lives as long as the store.",
     .backends = kSqlite},
    {.key = "connection.busy_timeout",
     .type = OptionType::duration,
     .description = "How long a writer waits for another one.",
     .fallback = "5s",
     .max = detail::kHour,
     .backends = kSqlite},
    {.key = "connection.journal_mode",
     .type = OptionType::choice,
     .description = "SQLite's journal mode; a database in memory has its own.",
     .fallback = "wal",
     .choices = "wal|delete|memory",
     .backends = kSqlite},
    {.key = "connection.synchronous",
     .type = OptionType::choice,
     .description =
         "When SQLite waits for the disk: `full` at every commit; `normal`, with the journal mode `wal`, may "
         "lose the last commits on power failure, but never the database.",
     .fallback = "full",
     .choices = "normal|full|off",
     .backends = kSqlite},
    {.key = "connection.foreign_keys",
     .type = OptionType::boolean,
     .description = "Whether foreign keys are enforced.",
     .fallback = "true",
     .backends = kSqlite},

    {.key = "pool.size",
     .type = OptionType::integer,
     .description = "Connections kept open when idle.",
     .fallback = "5",
     .min = 1,
     .max = 10000},
    {.key = "pool.max_overflow",
     .type = OptionType::integer,
     .description = "Connections beyond `size`, closed when they are given back.",
     .fallback = "10",
     .min = 0,
     .max = 10000},
    {.key = "pool.timeout",
     .type = OptionType::duration,
     .description = "How long a session waits for a free connection.",
     .fallback = "30s",
     .min = detail::kMillisecond,
     .max = detail::kDay},
    {.key = "pool.recycle",
     .type = OptionType::duration,
     .description = "Age at which a connection is replaced; 0: never.",
     .fallback = "30m",
     .max = 30 * detail::kDay},
    {.key = "pool.min_idle",
     .type = OptionType::integer,
     .description = "Connections kept ready in the background while fewer than `size` are open.",
     .fallback = "0",
     .min = 0,
     .max = 10000},
    {.key = "pool.ping_after",
     .type = OptionType::duration,
     .description = "A connection idle for longer has to answer before it is lent; 0: never.",
     .fallback = "60s",
     .max = 30 * detail::kDay},
    {.key = "pool.leak_after",
     .type = OptionType::duration,
     .description = "A session held longer is reported with the place that opened it; 0: never.",
     .fallback = "0",
     .max = 30 * detail::kDay},
    {.key = "pool.when_down",
     .type = OptionType::choice,
     .description = "While the server cannot be reached: `wait` for it within `timeout` and the call's deadline, or "
                    "`fail` at once.",
     .fallback = "wait",
     .choices = "wait|fail"},

    {.key = "retry.attempts",
     .type = OptionType::integer,
     .description = "Runs of a transaction in all, for errors that are worth it; 1: no retry.",
     .fallback = "3",
     .min = 1,
     .max = 100},
    {.key = "retry.base_delay",
     .type = OptionType::duration,
     .description = "Bound of the first random delay; it doubles with each further run.",
     .fallback = "10ms",
     .max = detail::kHour},
    {.key = "retry.max_delay",
     .type = OptionType::duration,
     .description = "Bound of every delay; at least `base_delay`.",
     .fallback = "1s",
     .max = detail::kHour},

    {.key = "deadlines.call",
     .type = OptionType::duration,
     .description = "Time for each call to the database; 0: none.",
     .fallback = "30s",
     .max = detail::kDay},
    {.key = "deadlines.transaction",
     .type = OptionType::duration,
     .description = "Time for a whole `store.transaction` with all its runs and the pauses between them; 0: none, each "
                    "call has its own.",
     .fallback = "0",
     .max = detail::kDay},
    {.key = "deadlines.connect",
     .type = OptionType::duration,
     .description = "Time for opening one connection.",
     .fallback = "10s",
     .min = detail::kMillisecond,
     .max = detail::kHour},

    {.key = "errors.detail",
     .type = OptionType::choice,
     .description = "`full` keeps the server's own detail with an error; it may hold values of rows.",
     .fallback = "none",
     .choices = "none|full"},
    {.key = "log.statements",
     .type = OptionType::boolean,
     .description = "Log every call with its table and time, never with values.",
     .fallback = "false"},

    {.key = "plugin.path",
     .type = OptionType::path,
     .description = "The backend's plugin file, instead of a search; absolute when it comes from the environment."},
    {.key = "plugin.sha256",
     .description = "SHA-256 of the plugin file, 64 hexadecimal digits; any other file is refused."},
    {.key = "plugin.directories",
     .type = OptionType::paths,
     .description = "Folders searched for the plugin before all others."},
    {.key = "plugin.refuse_writable",
     .type = OptionType::boolean,
     .description = "Refuse a plugin that its group or others could replace.",
     .fallback = "false"},
});

/// Returns null if there is no such option for this backend.
[[nodiscard]] constexpr const OptionSpec* find_option_spec(std::string_view key, BackendSet backend,
                                                           OptionScope scope = OptionScope::profile) noexcept {
  for (const OptionSpec& option : kOptions) {
    if (option.scope == scope && option.key == key && (option.backends & backend) != 0) return &option;
  }
  return nullptr;
}

/// Whether `key` is a section: a proper prefix of some option, as "pool" or "connection.tls".
[[nodiscard]] constexpr bool is_section(std::string_view key, BackendSet backend) noexcept {
  for (const OptionSpec& option : kOptions) {
    if (option.scope == OptionScope::profile && (option.backends & backend) != 0 && option.key.size() > key.size() &&
        option.key[key.size()] == '.' && option.key.substr(0, key.size()) == key) {
      return true;
    }
  }
  return key == "connection";
}

namespace detail {
constexpr bool each_option_once() {
  for (std::size_t i = 0; i < kOptions.size(); ++i) {
    for (std::size_t j = i + 1; j < kOptions.size(); ++j) {
      if (kOptions[i].key == kOptions[j].key && (kOptions[i].backends & kOptions[j].backends) != 0) return false;
    }
  }
  return true;
}
static_assert(each_option_once(), "an option stands twice in the table for one backend");
} // namespace detail

} // namespace tenon::config
