#include <tenon/testing/pgbouncer.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include <tenon/interface/error.hpp>

#include "port_reservation.hpp"
#include "process.hpp"
#include "server_folder.hpp"

namespace fs = std::filesystem;

namespace tenon::testing {
namespace {

constexpr int kPortAttempts = 20;
constexpr auto kDeadline = std::chrono::seconds(30);

fs::path find_pgbouncer() {
  for (const char* path :
       {"/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  throw_error(ErrorCode::operational, "there is no pgbouncer", "install the package pgbouncer");
}

bool accepts_connections(int port) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

} // namespace

struct Pgbouncer::State {
  Account account = server_account();
  ServerFolder folder = ServerFolder::create(account);
  PortReservation reservation;
  pid_t process = 0;

  ~State() {
    if (process == 0) return;
    ::kill(process, SIGKILL);
    static_cast<void>(wait_until(process, Clock::now() + kDeadline));
  }

  [[nodiscard]] std::string log() const {
    std::ifstream file(folder.path() / "pooler.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void configure(const PostgresServer& server, const PgbouncerOptions& options) const {
    const std::string users = folder.path() / "users.txt";
    folder.write(users, '"' + server.user() + "\" \"" + server.password() + "\"\n");
    // The pid file stands where the folder's watchdog looks for it.
    folder.write(folder.path() / "pgbouncer.ini",
                 "[databases]\n* = host=" + server.host() + " port=" + std::to_string(server.port()) +
                     "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " + std::to_string(reservation.port) +
                     "\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = " + users +
                     "\npool_mode = transaction\ndefault_pool_size = " + std::to_string(options.pool_size) +
                     "\nmax_client_conn = " + std::to_string(options.max_clients) +
                     "\nserver_idle_timeout = 10\nlog_connections = 0\nlog_disconnections = 0\nlogfile =\npidfile = " +
                     (folder.data() / "postmaster.pid").string() + "\n");
  }

  // Returns false if the port turned out to be taken.
  [[nodiscard]] bool launch(const fs::path& program) {
    const Descriptor out(
        ::open((folder.path() / "pooler.log").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (out.get() < 0) throw_errno("cannot write the pooler's log", errno);
    process = spawn({.arguments = {program, folder.path() / "pgbouncer.ini"},
                     .account = account,
                     .directory = folder.data(),
                     .output = out.get()});
    const auto until = Clock::now() + kDeadline;
    while (!accepts_connections(reservation.port)) {
      if (try_wait(process)) {
        process = 0;
        if (log().find("in use") != std::string::npos) return false;
        throw_error(ErrorCode::operational, "pgbouncer ended while starting", log());
      }
      if (Clock::now() >= until) throw_error(ErrorCode::timeout, "pgbouncer does not accept connections", log());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
};

Pgbouncer::Pgbouncer(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Pgbouncer::Pgbouncer(Pgbouncer&&) noexcept = default;
Pgbouncer::~Pgbouncer() = default;

Pgbouncer Pgbouncer::start(const PostgresServer& server, PgbouncerOptions options) {
  const fs::path program = find_pgbouncer();
  auto state = std::make_unique<State>();
  fs::create_directory(state->folder.data());
  if (::chown(state->folder.data().c_str(), state->account.uid, state->account.gid) != 0) {
    throw_errno("cannot hand over the pooler's folder", errno);
  }
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    state->reservation = reserve_port();
    state->configure(server, options);
    if (state->launch(program)) return Pgbouncer(std::move(state));
  }
  throw_error(ErrorCode::operational, "every port tried was taken", state->log());
}

int Pgbouncer::port() const noexcept { return state_->reservation.port; }
std::string Pgbouncer::log() const { return state_->log(); }

} // namespace tenon::testing
