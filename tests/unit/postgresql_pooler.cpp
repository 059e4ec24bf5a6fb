// Behind a pooler that lends a connection for one transaction: no named statements, no state of the session.
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "postgresql_support.hpp"

namespace tenon::postgresql::test {
namespace {

/// A pgbouncer in transaction mode before the server of the tests, with a single connection to it.
class Pgbouncer {
public:
  Pgbouncer() : folder_(std::filesystem::temp_directory_path() / ("tenon_pgbouncer_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    port_ = 20'000 + getpid() % 20'000;
    std::ofstream(folder_ / "users.txt") << '"' << server().user() << "\" \"" << server().password() << "\"\n";
    std::ofstream(folder_ / "pgbouncer.ini")
        << "[databases]\n* = host=" << server().host() << " port=" << server().port() << "\n[pgbouncer]\n"
        << "listen_addr = 127.0.0.1\nlisten_port = " << port_ << "\nunix_socket_dir =\nauth_type = scram-sha-256\n"
        << "auth_file = " << (folder_ / "users.txt").string() << "\npool_mode = transaction\ndefault_pool_size = 1\n"
        << "logfile = " << (folder_ / "log").string() << "\n";
    const passwd* unprivileged = getpwnam("nobody");
    REQUIRE(unprivileged != nullptr);
    if (getuid() == 0) {
      for (const auto& path : {folder_, folder_ / "users.txt", folder_ / "pgbouncer.ini"})
        REQUIRE(chown(path.c_str(), unprivileged->pw_uid, unprivileged->pw_gid) == 0);
    }
    process_ = fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) { // it refuses to run as root
      if (getuid() == 0 && (setgid(unprivileged->pw_gid) != 0 || setuid(unprivileged->pw_uid) != 0)) _exit(126);
      static_cast<void>(freopen("/dev/null", "w", stderr));
      execlp("pgbouncer", "pgbouncer", (folder_ / "pgbouncer.ini").c_str(), nullptr);
      execl("/usr/sbin/pgbouncer", "pgbouncer", (folder_ / "pgbouncer.ini").c_str(), nullptr);
      _exit(127);
    }
    wait_until([&] {
      try {
        connect({{"port", std::to_string(port_)}, {"pooler", "transaction"}})->ping();
        return true;
      } catch (const Error&) {
        return false;
      }
    });
  }
  ~Pgbouncer() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  Pgbouncer(const Pgbouncer&) = delete;
  Pgbouncer& operator=(const Pgbouncer&) = delete;
  [[nodiscard]] std::string port() const { return std::to_string(port_); }

private:
  std::filesystem::path folder_;
  int port_ = 0;
  pid_t process_ = -1;
};

void use(ISession& session, const TableDesc& table, const std::string& name) {
  auto& repository = session.repository(table);
  const std::vector<std::uint32_t> name_only{1};
  const Cell cell = Cell::text(name);
  repository.insert({name_only, &cell, 1, {}});
  CHECK(repository.find(1, {&cell, 1}).rows == 1);
  session.begin({});
  const std::vector<Node> filter{node(NodeKind::in, 2), column(1), value(cell)};
  const Assignment older{2, 0, 0, 0, Cell::int64(5)};
  CHECK(repository.update({filter, {&older, 1}, {}}) == 1);
  session.commit();
  Query query;
  query.filter = filter;
  CHECK(rows_of(*repository.select(query)).front()[2] == "5");
}

TEST_CASE("postgresql: with pooler: transaction nothing is prepared by name") {
  const Schema schema;
  const TableDesc table = users(schema);
  const auto session = connect({{"pooler", "transaction"}});
  session->create_tables(std::vector<const TableDesc*>{&table});
  use(*session, table, "ann");
  CHECK(value_of(*session, "SELECT count(*) FROM pg_prepared_statements") == "0");
}

TEST_CASE("postgresql: sessions share one connection of a real pooler") {
  const Schema schema;
  const TableDesc table = users(schema);
  const Pgbouncer pooler;
  const Pairs through{{"port", pooler.port()}, {"pooler", "transaction"}};
  const auto first = connect(through);
  const auto second = connect(through);
  first->create_tables(std::vector<const TableDesc*>{&table});
  for (int i = 0; i < 5; ++i) {
    use(*first, table, "a" + std::to_string(i));
    use(*second, table, "b" + std::to_string(i));
  }
  CHECK(value_of(*first, "SELECT pg_backend_pid()") == value_of(*second, "SELECT pg_backend_pid()"));
  first->set_deadline(Clock::now() + std::chrono::milliseconds(150));
  CHECK(failure_of([&] { run(*first, "SELECT pg_sleep(30)"); }).code == ErrorCode::timeout);
  CHECK(value_of(*second, "SELECT 1") == "1");
}

} // namespace
} // namespace tenon::postgresql::test
