#include "pgbench.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

namespace tenon::benchmarks {
namespace {

/// The number behind the first `label` in a report.
double number_behind(const std::string& report, std::string_view label) {
  const auto at = report.find(label);
  if (at == std::string::npos)
    throw std::runtime_error("pgbench does not say \"" + std::string(label) + "\": " + report);
  return std::stod(report.substr(at + label.size()));
}

/// Pointers as exec wants them.
std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

} // namespace

Pgbench::Pgbench(const testing::PostgresServer& server, int scale)
    : program_(testing::find_postgres().bin / "pgbench"),
      environment_{"PATH=/usr/bin:/bin",
                   "LC_ALL=C",
                   "PGHOST=" + server.host(),
                   fmt::format("PGPORT={}", server.port()),
                   "PGUSER=" + server.user(),
                   "PGPASSWORD=" + server.password(),
                   "PGCONNECT_TIMEOUT=30",
                   "PGOPTIONS=-c statement_timeout=300s -c lock_timeout=30s"}, // it ends, whatever happens
      database_(server.database()), scale_(scale) {
  static_cast<void>(call({"--initialize", "--quiet", fmt::format("--scale={}", scale)}));
}

double Pgbench::run(int threads, std::int64_t transactions) const {
  const std::string report =
      call({"--no-vacuum", "--builtin=tpcb-like", "--protocol=prepared", fmt::format("--client={}", threads),
            fmt::format("--jobs={}", threads), fmt::format("--transactions={}", transactions)});
  const double wanted = static_cast<double>(threads) * static_cast<double>(transactions);
  if (number_behind(report, "number of transactions actually processed: ") != wanted ||
      number_behind(report, "number of failed transactions: ") != 0) {
    throw std::runtime_error("pgbench left transactions out: " + report);
  }
  return wanted / number_behind(report, "tps = ");
}

std::string Pgbench::call(std::vector<std::string> options) const {
  std::vector<std::string> words{program_.string()};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(database_);
  std::vector<std::string> environment = environment_;

  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe for pgbench");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, program_.c_str(), &actions, nullptr, pointers_to(words).data(),
                                 pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);

  std::string output;
  std::array<char, 4096> piece{};
  while (failed == 0) {
    const ssize_t got = read(ends[0], piece.data(), piece.size());
    if (got > 0) output.append(piece.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR)) break;
  }
  close(ends[0]);
  if (failed != 0) throw std::runtime_error("cannot run " + program_.string());
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("pgbench failed: " + output);
  return output;
}

} // namespace tenon::benchmarks
