#include <tenon/testing/postgres_server.hpp>

#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <thread>

#include <tenon/interface/error.hpp>

#include "port_reservation.hpp"
#include "postgres_installation.hpp"
#include "process.hpp"
#include "server_folder.hpp"

namespace fs = std::filesystem;

namespace tenon::testing {
namespace {

constexpr const char* kUser = "tenon";
constexpr int kPortAttempts = 20;
constexpr const char* kHostBasedAuthentication =
    R"(# the socket's folder lets nobody in but the server's account and root
local all         postgres              trust
local replication postgres              trust
local all         all                   scram-sha-256
host  all         all      127.0.0.1/32 scram-sha-256
host  replication all      127.0.0.1/32 scram-sha-256
)";

struct ConnectionCloser {
  void operator()(PGconn* connection) const noexcept { ::PQfinish(connection); }
};
struct ResultCloser {
  void operator()(PGresult* result) const noexcept { ::PQclear(result); }
};
struct MemoryFreer {
  void operator()(char* memory) const noexcept { ::PQfreemem(memory); }
};
using Connection = std::unique_ptr<PGconn, ConnectionCloser>;
using Result = std::unique_ptr<PGresult, ResultCloser>;
using Text = std::unique_ptr<char, MemoryFreer>;

std::string random_password() {
  std::array<unsigned char, 18> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw_errno("no random bytes for a password", errno);
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string password;
  for (const unsigned char byte : bytes) {
    password += kDigits[byte >> 4U];
    password += kDigits[byte & 15U];
  }
  return password;
}

// A value of postgresql.conf or of a libpq connection string, in single quotes.
std::string quoted(std::string_view value, std::string_view escaped_quote) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'')
      text += escaped_quote;
    else if (c == '\\')
      text += "\\\\";
    else
      text += c;
  }
  return text + "'";
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain)
      encoded += c;
    else
      encoded.append({'%', kDigits[byte >> 4U], kDigits[byte & 15U]});
  }
  return encoded;
}

} // namespace

struct PostgresServer::State {
  PostgresOptions options;
  Account account;
  PostgresInstallation installation;
  std::string host = "127.0.0.1";
  std::string user = kUser;
  std::string password = random_password();
  PortReservation reservation;
  ServerFolder folder;               // outlives the server, which the destructor's body ends
  std::atomic<pid_t> postmaster = 0; // atomic for pid() and is_running() alone
  bool suspended = false;
  std::string primary_conninfo; // of a standby

  State(PostgresOptions wanted, Account runs_as)
      : options(std::move(wanted)), account(std::move(runs_as)), installation(find_postgres(account)),
        folder(ServerFolder::create(account)) {}

  ~State() {
    try {
      end_all();
    } catch (...) { // the watchdog and the next start finish what failed here
    }
  }

  [[nodiscard]] fs::path log_file() const { return folder.path() / "server.log"; }
  [[nodiscard]] Clock::time_point deadline() const { return Clock::now() + options.deadline; }

  [[nodiscard]] std::string log() const {
    std::ifstream file(log_file());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  [[nodiscard]] std::string end_of_log() const {
    constexpr std::size_t kEnough = 2000;
    const std::string text = log();
    return text.size() <= kEnough ? text : text.substr(text.find('\n', text.size() - kEnough) + 1);
  }

  [[nodiscard]] std::string admin_conninfo(std::string_view database) const {
    return "host=" + quoted(folder.path().string(), "\\'") + " port=" + std::to_string(reservation.port) +
           " user=postgres dbname=" + quoted(database, "\\'") + " connect_timeout=10";
  }

  void write_configuration() const {
    std::vector<std::pair<std::string, std::string>> lines = {
        {"listen_addresses", host},
        {"port", std::to_string(reservation.port)},
        {"unix_socket_directories", folder.path().string()},
        {"unix_socket_permissions", "0700"},
        {"password_encryption", "scram-sha-256"},
        {"max_connections", "100"},
        {"max_prepared_transactions", "10"},
        {"shared_buffers", "32MB"},
        {"dynamic_shared_memory_type", "mmap"}, // in the folder, so nothing is left in /dev/shm after a kill
        {"fsync", options.durable ? "on" : "off"},
        {"full_page_writes", options.durable ? "on" : "off"},
        {"timezone", "Asia/Kolkata"},
        {"log_timezone", "UTC"},
        {"log_line_prefix", "%m [%p] "},
        {"lc_messages", "C.UTF-8"},
    };
    if (!primary_conninfo.empty()) {
      lines.emplace_back("primary_conninfo", primary_conninfo);
      lines.emplace_back("wal_retrieve_retry_interval", "100ms"); // tests wait for it
    }
    lines.insert(lines.end(), options.settings.begin(), options.settings.end());
    std::string text;
    for (const auto& [name, value] : lines)
      text += name + " = " + quoted(value, "''") + "\n";
    folder.write(folder.data() / "postgresql.conf", text);
    folder.write(folder.data() / "pg_hba.conf", kHostBasedAuthentication);
  }

  // Returns false if the port turned out to be taken. Errors: anything else that keeps the server from starting.
  [[nodiscard]] bool launch() {
    write_configuration();
    const auto log_start = log().size();
    const Descriptor out(::open(log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (out.get() < 0) throw_errno("cannot write " + log_file().string(), errno);
    const auto until = deadline();
    postmaster = spawn({.arguments = {installation.bin / "postgres", "-D", folder.data()},
                        .account = account,
                        .directory = folder.path(),
                        .environment = options.environment,
                        .output = out.get()});
    suspended = false;
    const std::string conninfo = admin_conninfo("postgres"); // the socket in our folder: no other server answers there
    while (::PQping(conninfo.c_str()) != PQPING_OK) {
      if (try_wait(postmaster)) {
        postmaster = 0;
        if (log().find("Address already in use", log_start) != std::string::npos) return false;
        throw_error(ErrorCode::operational, "PostgreSQL " + installation.version + " ended while starting",
                    end_of_log());
      }
      if (Clock::now() >= until) {
        end_all();
        throw_error(ErrorCode::timeout, "PostgreSQL " + installation.version + " does not accept connections in time",
                    end_of_log());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }

  void start() {
    initialise_cluster(installation, account, folder.data(), deadline());
    launch_on_some_port();
    create_role_and_database();
  }

  void start_standby(const State& primary) {
    password = primary.password;
    options.database = primary.options.database;
    // By the socket in the primary's folder, which the common account can enter: no password has to be written down.
    primary_conninfo = "host=" + quoted(primary.folder.path().string(), "\\'") +
                       " port=" + std::to_string(primary.reservation.port) + " user=postgres";
    const Finished copied = run({.arguments = {installation.bin / "pg_basebackup", "--dbname=" + primary_conninfo,
                                               "--pgdata=" + folder.data().string(), "--checkpoint=fast",
                                               "--wal-method=stream", "--no-sync", "--no-password"},
                                 .account = account,
                                 .directory = folder.path()},
                                deadline());
    if (copied.status != 0) throw_error(ErrorCode::operational, "pg_basebackup failed", copied.output);
    folder.write(folder.data() / "standby.signal", "");
    launch_on_some_port();
  }

  void launch_on_some_port() {
    for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
      reservation = reserve_port();
      if (launch()) return;
    }
    throw_error(ErrorCode::operational, "every port tried was taken", end_of_log());
  }

  [[nodiscard]] std::string ask(const std::string& sql) const {
    const Connection connection = connect_as_admin();
    const Result result(::PQexec(connection.get(), sql.c_str()));
    if (::PQresultStatus(result.get()) == PGRES_TUPLES_OK && ::PQntuples(result.get()) == 1)
      return ::PQgetvalue(result.get(), 0, 0);
    throw_error(ErrorCode::operational, "cannot ask the temporary server", ::PQresultErrorMessage(result.get()));
  }

  [[nodiscard]] Connection connect_as_admin() const {
    Connection connection(::PQconnectdb(admin_conninfo("postgres").c_str()));
    if (::PQstatus(connection.get()) == CONNECTION_OK) {
      ::PQsetNoticeProcessor(
          connection.get(), [](void*, const char*) {}, nullptr); // not to the tests' stderr
      return connection;
    }
    throw_error(ErrorCode::operational, "cannot connect to the temporary server as its superuser", end_of_log());
  }

  void execute(PGconn* connection, const std::string& sql, const std::string& what) const {
    const Result result(::PQexec(connection, sql.c_str()));
    if (::PQresultStatus(result.get()) == PGRES_COMMAND_OK) return;
    throw_error(ErrorCode::operational, "cannot " + what, ::PQresultErrorMessage(result.get()));
  }

  [[nodiscard]] std::string identifier(PGconn* connection, std::string_view name) const {
    const Text text(::PQescapeIdentifier(connection, name.data(), name.size()));
    if (text) return text.get();
    throw_error(ErrorCode::operational, "not a name for a database: " + std::string(name));
  }

  void create_role_and_database() const {
    const Connection connection = connect_as_admin();
    // The verifier instead of the password: the server's log must not hold it even when the statement fails.
    const Text verifier(::PQencryptPasswordConn(connection.get(), password.c_str(), kUser, "scram-sha-256"));
    if (!verifier) throw_error(ErrorCode::operational, "cannot encrypt a password");
    execute(
        connection.get(),
        std::string("CREATE ROLE tenon LOGIN CREATEDB CREATEROLE IN ROLE pg_monitor, pg_signal_backend PASSWORD '") +
            verifier.get() + "'",
        "create the role tenon");
    create_database(connection.get(), options.database);
  }

  void create_database(PGconn* connection, std::string_view name) const {
    execute(connection, "CREATE DATABASE " + identifier(connection, name) + " OWNER tenon",
            "create the database " + std::string(name));
  }

  void signal_all(int number) const {
    // Stopped first: a postmaster that runs could start a process after it was asked for its children.
    ::kill(postmaster, SIGSTOP);
    const auto children = children_of(postmaster);
    for (const pid_t child : children)
      ::kill(child, number);
    ::kill(postmaster, number);
  }

  void end_all() {
    if (postmaster == 0) return;
    const std::string data = folder.data();
    ::kill(postmaster, SIGSTOP);
    const auto children = children_of(postmaster);
    for (const pid_t child : children)
      ::kill(child, SIGKILL);
    ::kill(postmaster, SIGKILL);
    const auto until = deadline();
    bool ended = wait_until(postmaster, until).has_value();
    postmaster = 0;
    suspended = false;
    for (const pid_t child : children) {
      while (works_in(child, data) && Clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      ended = ended && !works_in(child, data);
    }
    if (!ended) throw_error(ErrorCode::timeout, "PostgreSQL's processes survive SIGKILL");
  }
};

PostgresServer::PostgresServer(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
PostgresServer::PostgresServer(PostgresServer&&) noexcept = default;
PostgresServer& PostgresServer::operator=(PostgresServer&&) noexcept = default;
PostgresServer::~PostgresServer() = default;

PostgresServer PostgresServer::start(PostgresOptions options) {
  auto state = std::make_unique<State>(std::move(options), server_account());
  state->start();
  return PostgresServer(std::move(state));
}

PostgresServer PostgresServer::start_standby(const PostgresServer& primary, PostgresOptions options) {
  auto state = std::make_unique<State>(std::move(options), primary.state_->account);
  state->start_standby(*primary.state_);
  return PostgresServer(std::move(state));
}

const std::string& PostgresServer::host() const noexcept { return state_->host; }
int PostgresServer::port() const noexcept { return state_->reservation.port; }
const std::string& PostgresServer::user() const noexcept { return state_->user; }
const std::string& PostgresServer::password() const noexcept { return state_->password; }
const std::string& PostgresServer::database() const noexcept { return state_->options.database; }

std::string PostgresServer::uri() const { return uri(database()); }

std::string PostgresServer::uri(std::string_view database) const {
  return "postgresql://" + user() + ":" + password() + "@" + host() + ":" + std::to_string(port()) + "/" +
         percent_encoded(database);
}

std::string PostgresServer::uri_without_password() const {
  return "postgresql://" + user() + "@" + host() + ":" + std::to_string(port()) + "/" + percent_encoded(database());
}

std::string PostgresServer::admin_conninfo(std::string_view database) const { return state_->admin_conninfo(database); }

std::vector<std::pair<std::string, std::string>> PostgresServer::environment() const {
  return {{"POSTGRES_HOST", host()},
          {"POSTGRES_PORT", std::to_string(port())},
          {"POSTGRES_USER", user()},
          {"POSTGRES_PASSWORD", password()},
          {"POSTGRES_DATABASE", database()}};
}

const fs::path& PostgresServer::folder() const noexcept { return state_->folder.path(); }
std::string PostgresServer::log() const { return state_->log(); }
std::string PostgresServer::version() const { return state_->installation.version; }
pid_t PostgresServer::pid() const noexcept { return state_->postmaster; }
bool PostgresServer::is_running() const noexcept {
  return state_->postmaster != 0 && works_in(state_->postmaster, state_->folder.data());
}

void PostgresServer::create_database(std::string_view name) {
  state_->create_database(state_->connect_as_admin().get(), name);
}

void PostgresServer::drop_database(std::string_view name) {
  const Connection connection = state_->connect_as_admin();
  state_->execute(connection.get(),
                  "DROP DATABASE IF EXISTS " + state_->identifier(connection.get(), name) + " WITH (FORCE)",
                  "drop the database " + std::string(name));
}

void PostgresServer::promote() {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(state_->options.deadline).count();
  if (state_->ask("SELECT pg_promote(true, " + std::to_string(seconds) + ")") != "t") {
    throw_error(ErrorCode::timeout, "the standby was not promoted in time", state_->end_of_log());
  }
}

void PostgresServer::catch_up_with(const PostgresServer& primary) const {
  const std::string goal = primary.state_->ask("SELECT pg_current_wal_flush_lsn()");
  const auto until = state_->deadline();
  while (state_->ask("SELECT pg_last_wal_replay_lsn() >= '" + goal + "'") != "t") {
    if (Clock::now() >= until) {
      throw_error(ErrorCode::timeout, "the standby does not catch up in time", state_->end_of_log());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void PostgresServer::stop(StopMode mode) {
  if (state_->postmaster == 0) return;
  if (state_->suspended) resume();
  const int number = mode == StopMode::smart ? SIGTERM : mode == StopMode::fast ? SIGINT : SIGQUIT;
  ::kill(state_->postmaster, number);
  if (!wait_until(state_->postmaster, state_->deadline())) {
    throw_error(ErrorCode::timeout, "PostgreSQL does not stop in time", state_->end_of_log());
  }
  state_->postmaster = 0;
}

void PostgresServer::restart(StopMode mode) {
  stop(mode);
  if (!state_->launch()) {
    throw_error(ErrorCode::operational, "port " + std::to_string(port()) + " was taken during the restart");
  }
}

void PostgresServer::kill_server() { state_->end_all(); }

void PostgresServer::suspend() {
  if (state_->postmaster == 0) return;
  state_->signal_all(SIGSTOP);
  state_->suspended = true;
}

void PostgresServer::resume() {
  if (state_->postmaster == 0) return;
  state_->signal_all(SIGCONT);
  state_->suspended = false;
}

} // namespace tenon::testing
