// tenon_pg: runs a command with a temporary PostgreSQL server, which POSTGRES_* in its environment describe.
// For scripts, for ctest (`tenon_pg run -- $<TARGET_FILE:some_test>`) and for a look at a server by hand
// (`tenon_pg run -- sh`).

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/error.hpp>
#include <tenon/testing/pgbouncer.hpp>
#include <tenon/testing/postgres_server.hpp>

namespace {

using tenon::testing::Pgbouncer;
using tenon::testing::PostgresOptions;
using tenon::testing::PostgresServer;

constexpr int kUsage = 64;
constexpr int kUnavailable = 69;
constexpr int kCannotExecute = 126;
constexpr int kNotFound = 127;
constexpr std::array kForwarded = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

constexpr const char* kHelp =
    R"(usage: tenon_pg run [--database NAME] [--durable] [--set NAME=VALUE]... [--pgbouncer] -- COMMAND [ARGUMENT]...
       tenon_pg info

run    starts a temporary PostgreSQL server, runs COMMAND with POSTGRES_HOST, _PORT, _USER, _PASSWORD and _DATABASE
       set, then ends the server and removes its data; exits as COMMAND did, 128+N when signal N ended it
info   prints which PostgreSQL would be used, and as which user

  --database NAME    the database to create (tenon)
  --durable          fsync and full-page writes on, as in production
  --set NAME=VALUE   one line of postgresql.conf
  --pgbouncer        POSTGRES_PORT is that of a pgbouncer in transaction mode before the server
)";

struct Invocation {
  PostgresOptions options;
  bool pooler = false;
  std::vector<char*> command; // ends with a null pointer
};

[[nodiscard]] int usage_error(const std::string& message) {
  std::fprintf(stderr, "tenon_pg: %s\n%s", message.c_str(), kHelp);
  return kUsage;
}

// The signals are blocked and taken one by one, so that none can end this process before its server is removed.
sigset_t waited_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (const int number : kForwarded)
    sigaddset(&set, number);
  return set;
}

[[noreturn]] void become(const Invocation& invocation, const PostgresServer& server, int port,
                         const sigset_t& original) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a command without its server would only hang
  ::sigprocmask(SIG_SETMASK, &original, nullptr);
  ::unsetenv("POSTGRES_URI"); // would be merged with ours
  for (const auto& [name, value] : server.environment())
    ::setenv(name.c_str(), value.c_str(), 1);
  ::setenv("POSTGRES_PORT", std::to_string(port).c_str(), 1);
  ::execvp(invocation.command[0], invocation.command.data());
  const int error = errno;
  std::fprintf(stderr, "tenon_pg: cannot run %s: %s\n", invocation.command[0], std::strerror(error));
  ::_exit(error == ENOENT ? kNotFound : kCannotExecute);
}

int run(const Invocation& invocation) {
  const sigset_t waited = waited_signals();
  sigset_t original;
  ::sigprocmask(SIG_BLOCK, &waited, &original);
  const PostgresServer server = PostgresServer::start(invocation.options);
  std::optional<Pgbouncer> pooler;
  if (invocation.pooler) pooler.emplace(Pgbouncer::start(server));
  const pid_t child = ::fork();
  if (child < 0) {
    std::fprintf(stderr, "tenon_pg: cannot start a process: %s\n", std::strerror(errno));
    return EXIT_FAILURE;
  }
  if (child == 0) become(invocation, server, pooler ? pooler->port() : server.port(), original);
  for (;;) {
    siginfo_t signal{};
    if (::sigwaitinfo(&waited, &signal) < 0) continue; // EINTR
    if (signal.si_signo != SIGCHLD) {
      // One that the terminal sent (si_code SI_KERNEL) has reached the command too: it is in our process group.
      if (signal.si_code != SI_KERNEL) ::kill(child, signal.si_signo);
      continue;
    }
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) != child) continue; // the server's or its watchdog's
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

int info() {
  const auto found = tenon::testing::find_postgres();
  std::printf("version: %s\nprograms: %s\nruns as: %s\n", found.version.c_str(), found.bin.c_str(), found.user.c_str());
  return EXIT_SUCCESS;
}

int parse_and_run(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "help" || verb == "--help" || verb == "-h") return std::fputs(kHelp, stdout) < 0 ? EXIT_FAILURE : 0;
  if (verb == "info" && argc == 2) return info();
  if (verb != "run") return usage_error(verb.empty() ? "no verb given" : "unknown verb or too many arguments");

  Invocation invocation;
  int at = 2;
  for (; at < argc && std::string_view(argv[at]) != "--"; ++at) {
    const std::string_view option = argv[at];
    if (option == "--durable") {
      invocation.options.durable = true;
    } else if (option == "--pgbouncer") {
      invocation.pooler = true;
    } else if (option == "--database" && at + 1 < argc) {
      invocation.options.database = argv[++at];
    } else if (option == "--set" && at + 1 < argc) {
      const std::string_view line = argv[++at];
      const auto equals = line.find('=');
      if (equals == std::string_view::npos) return usage_error("--set wants NAME=VALUE");
      invocation.options.settings.emplace_back(line.substr(0, equals), line.substr(equals + 1));
    } else {
      return usage_error("unknown option or missing value: " + std::string(option));
    }
  }
  for (++at; at < argc; ++at)
    invocation.command.push_back(argv[at]);
  if (invocation.command.empty()) return usage_error("no command after --");
  invocation.command.push_back(nullptr);
  return run(invocation);
}

} // namespace

int main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tenon_pg: %s\n", error.what());
    return kUnavailable;
  }
}
