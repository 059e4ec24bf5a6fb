#include <libpq-fe.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include <tenon/interface/error.hpp>
#include <tenon/testing/postgres_server.hpp>

namespace fs = std::filesystem;
using tenon::testing::PostgresServer;
using tenon::testing::StopMode;

namespace {

struct ConnectionCloser {
  void operator()(PGconn* connection) const noexcept { ::PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, ConnectionCloser>;

Connection connect(const std::string& conninfo) { return Connection(::PQconnectdb(conninfo.c_str())); }

// The first cell of the answer, or the error's text.
std::string query(PGconn* connection, const char* sql) {
  PGresult* result = ::PQexec(connection, sql);
  std::string answer = ::PQresultStatus(result) == PGRES_TUPLES_OK ? ::PQgetvalue(result, 0, 0)
                       : ::PQresultStatus(result) == PGRES_COMMAND_OK
                           ? "ok"
                           : std::string("error: ") + ::PQresultErrorMessage(result);
  ::PQclear(result);
  return answer;
}

std::string query(const std::string& conninfo, const char* sql) { return query(connect(conninfo).get(), sql); }

template <class Condition> bool becomes_true(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

uid_t owner_of(pid_t pid) {
  struct stat status {};
  REQUIRE(::stat(("/proc/" + std::to_string(pid)).c_str(), &status) == 0);
  return status.st_uid;
}

bool lives(pid_t pid) { return ::kill(pid, 0) == 0; }

} // namespace

TEST_CASE("a server answers under its password and not under another") {
  const auto server = PostgresServer::start();
  CHECK(server.is_running());
  CHECK(query(server.uri(), "SELECT current_user || '@' || current_database()") == "tenon@tenon");
  const auto refused = connect(server.uri_without_password() + "?password=wrong");
  CHECK(::PQstatus(refused.get()) == CONNECTION_BAD);
  CHECK(std::string(::PQerrorMessage(refused.get())).find("password authentication failed") != std::string::npos);
  CHECK(server.uri_without_password().find(server.password()) == std::string::npos);
  CHECK(server.log().find(server.password()) == std::string::npos);
}

TEST_CASE("a server never runs as root, and only its account can enter its folder") {
  const auto server = PostgresServer::start();
  CHECK(owner_of(server.pid()) != 0);
  struct stat status {};
  REQUIRE(::stat(server.folder().c_str(), &status) == 0);
  CHECK(status.st_uid == owner_of(server.pid()));
  CHECK((status.st_mode & 07777) == 0700);
}

TEST_CASE("a server listens on the loopback address alone") {
  const auto server = PostgresServer::start();
  CHECK(query(server.uri(), "SHOW listen_addresses") == "127.0.0.1");
}

TEST_CASE("the application's role is no superuser but may make databases") {
  const auto server = PostgresServer::start();
  CHECK(query(server.uri(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "f");
  CHECK(query(server.uri(), "CREATE DATABASE another") == "ok");
  CHECK(query(server.admin_conninfo(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "t");
}

TEST_CASE("databases come and go under any name") {
  auto server = PostgresServer::start({.database = "the first"});
  const std::string name = "Größe \"x\" ' \\ %/?";
  server.create_database(name);
  CHECK(query(server.uri(name), "SELECT current_database()") == name);
  CHECK(query(server.uri(), "SELECT current_database()") == "the first");
  CHECK_THROWS_AS(server.create_database(name), tenon::OperationalError);
  const auto session = connect(server.uri(name));
  server.drop_database(name); // with a session on it
  CHECK(::PQstatus(connect(server.uri(name)).get()) == CONNECTION_BAD);
  CHECK_NOTHROW(server.drop_database(name));
}

TEST_CASE("options reach the server") {
  const auto server = PostgresServer::start({.durable = true, .settings = {{"max_connections", "7"}}});
  CHECK(query(server.uri(), "SHOW max_connections") == "7");
  CHECK(query(server.uri(), "SHOW fsync") == "on");
  const auto fast = PostgresServer::start();
  CHECK(query(fast.uri(), "SHOW fsync") == "off");
}

TEST_CASE("a setting that the server refuses is an error that shows its log") {
  try {
    static_cast<void>(PostgresServer::start({.settings = {{"no_such_setting", "1"}}}));
    FAIL("the server started");
  } catch (const tenon::OperationalError& error) {
    CHECK(error.hint().find("no_such_setting") != std::string::npos);
  }
}

TEST_CASE("a restart keeps port, password and data, and nobody gets the port meanwhile") {
  auto server = PostgresServer::start();
  const int port = server.port();
  const auto uri = server.uri();
  const auto first = server.pid();
  REQUIRE(query(uri, "CREATE TABLE kept AS SELECT 42 AS answer") == "ok");
  for (const StopMode mode : {StopMode::smart, StopMode::fast, StopMode::immediate}) {
    server.stop(mode);
    CHECK_FALSE(server.is_running());
    CHECK(::PQstatus(connect(uri).get()) == CONNECTION_BAD);
    const auto other = PostgresServer::start();
    CHECK(other.port() != port);
    server.restart();
    CHECK(server.pid() != first);
    CHECK(server.uri() == uri);
    CHECK(query(uri, "SELECT answer FROM kept") == "42");
  }
}

TEST_CASE("a killed server cuts its connections and keeps what was committed") {
  auto server = PostgresServer::start();
  REQUIRE(query(server.uri(), "CREATE TABLE kept AS SELECT 42 AS answer") == "ok");
  const auto session = connect(server.uri());
  const pid_t backend = ::PQbackendPID(session.get());
  REQUIRE(lives(backend));
  server.kill_server();
  CHECK(server.pid() == 0);
  CHECK(becomes_true([&] { return !lives(backend); }));
  CHECK(query(session.get(), "SELECT 1").starts_with("error"));
  server.restart();
  CHECK(query(server.uri(), "SELECT answer FROM kept") == "42");
}

TEST_CASE("a suspended server keeps connections open and answers nothing until it is resumed") {
  auto server = PostgresServer::start();
  const auto session = connect(server.uri());
  server.suspend();
  REQUIRE(::PQsendQuery(session.get(), "SELECT 7") == 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  REQUIRE(::PQconsumeInput(session.get()) == 1);
  CHECK(::PQisBusy(session.get()) == 1);
  server.resume();
  PGresult* result = ::PQgetResult(session.get());
  CHECK(std::string(::PQgetvalue(result, 0, 0)) == "7");
  ::PQclear(result);
}

TEST_CASE("nothing of a server is left when its object is gone") {
  fs::path folder;
  pid_t pid = 0;
  {
    auto server = PostgresServer::start();
    auto moved = std::move(server);
    folder = moved.folder();
    pid = moved.pid();
    REQUIRE(fs::exists(folder));
  }
  CHECK_FALSE(fs::exists(folder));
  CHECK_FALSE(lives(pid));
}

namespace {

// A process that started a server and waits to be killed.
struct Owner {
  pid_t pid = 0;
  pid_t postmaster = 0;
  std::string folder;
};

Owner start_owner() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  Owner owner;
  owner.pid = ::fork();
  if (owner.pid == 0) { // a process of one thread: it may do anything
    const auto server = PostgresServer::start();
    const std::string text = std::to_string(server.pid()) + " " + server.folder().string() + "\n";
    if (::write(ends[1], text.data(), text.size()) < 0) ::_exit(1);
    for (;;)
      ::pause();
  }
  ::close(ends[1]);
  std::array<char, 512> text{};
  const auto length = ::read(ends[0], text.data(), text.size() - 1);
  ::close(ends[0]);
  REQUIRE(length > 0);
  std::istringstream(text.data()) >> owner.postmaster >> owner.folder;
  REQUIRE(lives(owner.postmaster));
  REQUIRE(fs::exists(owner.folder));
  return owner;
}

} // namespace

TEST_CASE("nothing of a server is left when its owner is killed") {
  const Owner owner = start_owner();
  REQUIRE(::kill(owner.pid, SIGKILL) == 0);
  REQUIRE(::waitpid(owner.pid, nullptr, 0) == owner.pid);
  CHECK(becomes_true([&] { return !lives(owner.postmaster); }));
  CHECK(becomes_true([&] { return !fs::exists(owner.folder); }));
}

TEST_CASE("what owner and watchdog left behind goes with the next start, and a server in use stays") {
  const auto in_use = PostgresServer::start();
  const Owner owner = start_owner();
  REQUIRE(::kill(owner.pid, SIGSTOP) == 0);
  const std::string pid = std::to_string(owner.pid);
  std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
  int watchdogs = 0;
  for (pid_t child = 0; children >> child;) {
    if (child == owner.postmaster) continue;
    REQUIRE(::kill(child, SIGKILL) == 0);
    ++watchdogs;
  }
  REQUIRE(watchdogs == 1);
  REQUIRE(::kill(owner.pid, SIGKILL) == 0);
  REQUIRE(::waitpid(owner.pid, nullptr, 0) == owner.pid);
  REQUIRE(fs::exists(owner.folder));

  const auto next = PostgresServer::start();
  CHECK_FALSE(fs::exists(owner.folder));
  CHECK(becomes_true([&] { return !lives(owner.postmaster); }));
  CHECK(query(in_use.uri(), "SELECT 1") == "1");
}

TEST_CASE("a standby shows what its primary committed, refuses writes, and accepts them once it is promoted") {
  auto primary = PostgresServer::start();
  query(primary.uri(), "CREATE TABLE notes (n int)");
  auto standby = PostgresServer::start_standby(primary);
  CHECK(standby.port() != primary.port());
  CHECK(query(standby.uri(), "SELECT pg_is_in_recovery()") == "t");
  CHECK(query(primary.uri(), "INSERT INTO notes VALUES (1)") == "ok");
  standby.catch_up_with(primary);
  CHECK(query(standby.uri(), "SELECT count(*) FROM notes") == "1");
  CHECK(query(standby.uri(), "INSERT INTO notes VALUES (2)").find("read-only") != std::string::npos);
  primary.restart(StopMode::immediate);
  CHECK(query(primary.uri(), "INSERT INTO notes VALUES (2)") == "ok");
  standby.catch_up_with(primary);
  CHECK(query(standby.uri(), "SELECT count(*) FROM notes") == "2");
  primary.kill_server();
  standby.promote();
  CHECK(query(standby.uri(), "INSERT INTO notes VALUES (3)") == "ok");
  standby.restart();
  CHECK(query(standby.uri(), "SELECT count(*) FROM notes") == "3");
}
