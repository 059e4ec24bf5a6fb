// TLS against authorities made for the test, and a password that changes while a program runs.
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include <tenon/testing/program.hpp>

#include "postgresql_faults.hpp"

namespace tenon::postgresql::test {
namespace {

/// Two authorities, and a certificate for "localhost" from the first, with a key that the server's account can read.
class Authority {
public:
  Authority() {
    chmod(folder_.path().c_str(), 0755);
    for (const char* name : {"ca", "other"}) {
      openssl({"req", "-new", "-x509", "-days", "2", "-nodes", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:prime256v1", "-subj", std::string("/CN=tenon test ") + name, "-keyout",
               file(std::string(name) + ".key"), "-out", file(std::string(name) + ".pem")});
    }
    openssl({"req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj",
             "/CN=localhost", "-keyout", file("server.key"), "-out", file("server.csr")});
    const std::string names = folder_.write("names.cnf", "subjectAltName=DNS:localhost\n");
    openssl({"x509", "-req", "-days", "2", "-in", file("server.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"),
             "-CAcreateserial", "-extfile", names, "-out", file("server.pem")});
    if (geteuid() == 0) {
      const passwd* account = getpwnam(testing::find_postgres().user.c_str());
      REQUIRE(account != nullptr);
      REQUIRE(chown(file("server.key").c_str(), account->pw_uid, account->pw_gid) == 0);
    }
    REQUIRE(chmod(file("server.key").c_str(), 0600) == 0);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ / name; }

private:
  static void openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const auto result = testing::run_program(arguments);
    CAPTURE(result.err);
    REQUIRE(result.exit == 0);
  }
  testing::TemporaryFolder folder_;
};

TEST_CASE("postgresql tls: verify-full proves the server, and refuses each that it does not prove") {
  const Authority authority;
  auto secured = testing::PostgresServer::start({.settings = {{"ssl", "on"},
                                                              {"ssl_cert_file", authority.file("server.pem")},
                                                              {"ssl_key_file", authority.file("server.key")}}});
  const auto with = [&](const Pairs& tls) {
    Pairs options = options_of(secured, tls);
    if (tls.front().first == "host") options.erase(options.begin()); // instead of the server's own
    return open_backend(options);
  };
  const auto encrypted = [](ISession& session) {
    return value_of(session, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
  };
  const Pairs proven{{"host", "localhost"}, {"tls.mode", "verify-full"}, {"tls.ca", authority.file("ca.pem")}};
  CHECK(encrypted(*with(proven)->connect(Deadline::max())) == "true");
  CHECK(encrypted(*with({{"tls.mode", "disable"}})->connect(Deadline::max())) == "false");
  CHECK(encrypted(*with({{"tls.mode", "verify-ca"}, {"tls.ca", authority.file("ca.pem")}})->connect(Deadline::max())) ==
        "true");

  struct Row {
    Pairs tls;
    const char* text;
  };
  for (const Row& row :
       {Row{{{"host", "localhost"}, {"tls.mode", "verify-full"}, {"tls.ca", authority.file("other.pem")}},
            "certificate is not trusted"},
        Row{{{"tls.mode", "verify-full"}, {"tls.ca", authority.file("ca.pem")}}, "certificate is for another host"},
        Row{{{"tls.mode", "verify-full"}, {"tls.ca", authority.file("nowhere.pem")}}, "tls.ca cannot be used"}}) {
    CAPTURE(row.text);
    const auto backend = with(row.tls);
    const ErrorInfo error = failure_of([&] { static_cast<void>(backend->connect(Deadline::max())); });
    CAPTURE(error.message);
    CHECK(error.code == ErrorCode::connection);
    CHECK(error.message.find("cannot connect to " + backend->endpoint()) == 0);
    CHECK(error.message.find(row.text) != std::string::npos);
    CHECK_FALSE(error.hint.empty());
    CHECK_FALSE(error.retryable); // it stays so until somebody changes the settings
    CHECK((error.message + error.hint + error.detail).find(secured.password()) == std::string::npos);
  }

  // What TLS itself says at the end of a connection is a goodbye, too.
  auto session = with(proven)->connect(Deadline::max());
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    session.reset();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(encrypted(*session) == "true");
}

TEST_CASE("postgresql tls: where it is required, a server without it is refused") {
  for (const char* mode : {"require", "verify-full"}) {
    Pairs options = server_options({{"tls.mode", mode}});
    const Authority authority;
    options.emplace_back("tls.ca", authority.file("ca.pem"));
    const ErrorInfo error = failure_of([&] { static_cast<void>(open_backend(options)->connect(Deadline::max())); });
    CHECK(error.code == ErrorCode::connection);
    CHECK(error.message.find("does not offer TLS") != std::string::npos);
    CHECK_FALSE(error.retryable);
  }
}

TEST_CASE("postgresql password: a changed one is read from its file with the next connect") {
  auto own = testing::PostgresServer::start();
  const testing::TemporaryFolder folder;
  const std::string file = folder.write("password", own.password() + "\n");
  Pairs options = options_of(own, {{"password_file", file}});
  options[3].second = "what was there when the profile was read";
  const auto backend = open_backend(options);
  const auto old = backend->connect(Deadline::max());

  run(*old, "ALTER ROLE tenon PASSWORD 'second'");
  const auto start = Clock::now();
  const ErrorInfo error = failure_of([&] { static_cast<void>(backend->connect(Deadline::max())); });
  CHECK(error.code == ErrorCode::auth);
  CHECK_FALSE(error.retryable);
  CHECK(elapsed(start) < milliseconds(2000)); // fails fast
  CHECK(error.hint.find("password_file") != std::string::npos);
  CHECK((error.message + error.hint + error.detail).find(own.password()) == std::string::npos);
  CHECK(value_of(*old, "SELECT 1") == "1"); // open sessions live on

  folder.write("password.new", "second\r\n");
  std::filesystem::rename(folder / "password.new", file);
  CHECK(value_of(*backend->connect(Deadline::max()), "SELECT 1") == "1");

  std::filesystem::remove(file); // the one that was given stands in
  CHECK(failure_of([&] { static_cast<void>(backend->connect(Deadline::max())); }).code == ErrorCode::auth);
}

} // namespace
} // namespace tenon::postgresql::test
