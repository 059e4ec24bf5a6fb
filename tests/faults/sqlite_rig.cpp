#include "sqlite_rig.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tenon/host/registry.hpp>

namespace tenon::faults {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* handle) const noexcept { sqlite3_close(handle); }
};

TableDesc described() {
  TableDesc table;
  table.name = "units";
  table.columns = {{"id", CellType::int64, false, true, 0},
                   {"unit", CellType::int64, false, false, 0},
                   {"part", CellType::int64, false, false, 0},
                   {"bulk", CellType::blob, true, false, 0}};
  table.keys = {{"units_pkey", {0}}, {"units_unit_part_key", {1, 2}}};
  return table;
}

} // namespace

std::unique_ptr<IBackend> open_plugin(const std::string& file, const SqliteOptions& options) {
  std::vector<Option> given{{"database", file}};
  for (const auto& [key, value] : options)
    given.push_back({key, value});
  host::PluginRequest request;
  request.backend = "sqlite";
  request.path = TENON_FAULTS_SQLITE;
  return host::open_backend(host::load_plugin(request), given);
}

const TableDesc& units_table() {
  static const TableDesc table = described();
  return table;
}

void create_units(ISession& session) {
  const TableDesc* const tables[] = {&units_table()};
  session.create_tables(tables);
}

void insert_unit(ISession& session, std::int64_t unit, std::size_t bulk) {
  static const std::vector<std::uint32_t> columns{1, 2, 3};
  const std::string bytes(bulk, 'x');
  const std::vector<Cell> cells{Cell::int64(unit), Cell::int64(1), Cell::blob(bytes.data(), bytes.size()),
                                Cell::int64(unit), Cell::int64(2), Cell::blob(bytes.data(), bytes.size())};
  session.repository(units_table()).insert({columns, cells.data(), 2, {}});
}

Contents contents_of(const std::string& file) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> database(opened);
  const auto failed = [&] { throw std::runtime_error(file + ": " + sqlite3_errmsg(database.get())); };
  if (code != SQLITE_OK) failed();
  Contents found;
  const auto text = [](void* to, int, char** values, char**) {
    static_cast<Contents*>(to)->integrity += values[0];
    return 0;
  };
  if (sqlite3_exec(opened, "PRAGMA integrity_check", text, &found, nullptr) != SQLITE_OK) failed();
  const auto part = [](void* to, int, char** values, char**) {
    static_cast<Contents*>(to)->parts[std::stoll(values[0])] = std::stoi(values[1]);
    return 0;
  };
  const char* const sql = "SELECT unit, sum(part) FROM units GROUP BY unit"; // 3 is both
  if (sqlite3_exec(opened, sql, part, &found, nullptr) != SQLITE_OK) failed();
  return found;
}

void copy_database(const std::string& file, const std::string& to) {
  for (const char* const end : {"", "-wal", "-journal"}) {
    std::filesystem::remove(to + end);
    if (std::filesystem::exists(file + end)) std::filesystem::copy_file(file + end, to + end);
  }
  std::filesystem::remove(to + "-shm"); // memory, which a crash of the last process makes worthless
}

Worker::Worker(const std::vector<std::string>& arguments) {
  int out[2];
  int in[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(in, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::vector<char*> words{const_cast<char*>(TENON_FAULTS_SQLITE_WORKER)};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const int failed = ::posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  ::close(in[0]);
  output_ = out[0];
  input_ = in[1];
  if (failed != 0) throw std::runtime_error("cannot run " TENON_FAULTS_SQLITE_WORKER);
}

Worker::~Worker() {
  kill();
  if (pid_ > 0) wait();
  go_on();
  ::close(output_);
}

std::string Worker::line() {
  std::string text;
  for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';)
    text += c;
  return text;
}

void Worker::go_on() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

void Worker::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

int Worker::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace tenon::faults
