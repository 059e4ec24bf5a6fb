// More than one host: order, shares of the time, what each must be, and what the error says when none is it.
#include <set>
#include <thread>

#include <tenon/testing/tcp_proxy.hpp>

#include "postgresql_faults.hpp"

namespace tenon::postgresql::test {
namespace {

constexpr const char* kNobody = "127.0.0.1:1"; // a port of the system that nothing listens on

TEST_CASE("postgresql hosts: one that swallows everything leaves the others their share of the time") {
  const BlackHole hole;
  const auto backend =
      open_backend(hosts_of(server(), {hole.place(), place_of(server())}, {{"load_balance_hosts", "disable"}}));
  const auto start = Clock::now();
  const auto session = backend->connect(start + milliseconds(1000));
  CHECK(value_of(*session, "SELECT 1") == "1");
  CHECK(elapsed(start) >= milliseconds(450)); // half of it went to the first
  CHECK(elapsed(start) < milliseconds(1000));
  const auto again = Clock::now();
  CHECK(value_of(*backend->connect(again + milliseconds(1000)), "SELECT 1") == "1");
  CHECK(elapsed(again) < milliseconds(400) + kOver); // it is remembered, and comes last
}

TEST_CASE("postgresql hosts: when none answers the error has the reason of each and keeps the deadline") {
  const BlackHole hole;
  const auto backend = open_backend(
      hosts_of(server(), {hole.place(), kNobody, "no.such.host.invalid:5432"}, {{"password", "s3cret-s3cret"}}));
  const auto start = Clock::now();
  const ErrorInfo error = failure_of([&] { static_cast<void>(backend->connect(start + milliseconds(900))); });
  CAPTURE(error.message);
  CHECK(elapsed(start) < milliseconds(900) + kOver);
  CHECK(error.code == ErrorCode::connection);
  CHECK(error.retryable);
  CHECK(error.message.find("cannot connect to " + backend->endpoint() + ": ") == 0);
  CHECK(error.message.find(hole.place() + ": no answer in time; ") != std::string::npos);
  CHECK(error.message.find(std::string(kNobody) + ": connection refused; ") != std::string::npos);
  CHECK(error.message.find("no.such.host.invalid:5432: the ") != std::string::npos); // unknown, or no name service
  CHECK((error.message + error.hint + error.detail).find("s3cret") == std::string::npos);
}

TEST_CASE("postgresql hosts: a connect that was given up is waited for, whatever the next one is for") {
  testing::TcpProxy proxy(server().port());
  const auto backend =
      open_backend(server_options({{"port", std::to_string(proxy.port())}, {"resolve_commit", "true"}}));
  const auto give_up = [&] {
    return failure_of([&] { static_cast<void>(backend->connect(Clock::now() + milliseconds(150))); }).code;
  };
  // Asks over a connection that has to be to a server that can write, which the one under way was not meant to be.
  const auto resolve = [&](milliseconds within) {
    static_cast<void>(backend->resolve("1:000000010000000000000001:", Clock::now() + within));
  };
  SECTION("it is not answered") {
    proxy.ignore(true);
    CHECK(give_up() == ErrorCode::timeout);
    CHECK(failure_of([&] { resolve(milliseconds(150)); }).code == ErrorCode::timeout);
    CHECK(give_up() == ErrorCode::timeout);
    proxy.ignore(false);
    proxy.release();
    CHECK_NOTHROW(resolve(std::chrono::seconds(10)));
  }
  SECTION("it is answered late") {
    proxy.arm({.action = testing::Fault::Action::hold, .direction = testing::Direction::to_client});
    CHECK(give_up() == ErrorCode::timeout);
    std::thread releasing([&] {
      std::this_thread::sleep_for(milliseconds(50));
      proxy.release();
    });
    CHECK_NOTHROW(resolve(std::chrono::seconds(10)));
    releasing.join();
  }
  CHECK(proxy.figures().peak == 1);
}

TEST_CASE("postgresql hosts: all that swallow everything are a TimeoutError") {
  const BlackHole one;
  const BlackHole two;
  const auto backend = open_backend(hosts_of(server(), {one.place(), two.place()}));
  const auto start = Clock::now();
  CHECK(failure_of([&] { static_cast<void>(backend->connect(start + milliseconds(400))); }).code == ErrorCode::timeout);
  CHECK(elapsed(start) >= milliseconds(390));
  CHECK(elapsed(start) < milliseconds(400) + kOver);
}

TEST_CASE("postgresql hosts: what a server said decides the class, not the silence of the others") {
  Pairs options = hosts_of(server(), {kNobody, place_of(server())});
  options[1].second = "wrong";
  const ErrorInfo error = failure_of([&] { static_cast<void>(open_backend(options)->connect(Deadline::max())); });
  CHECK(error.code == ErrorCode::auth);
  CHECK(error.sqlstate == "28P01");
  CHECK_FALSE(error.retryable);
  CHECK(error.message.find(": connection refused") != std::string::npos);
  CHECK(error.message.find(": the password was refused") != std::string::npos);
}

TEST_CASE("postgresql hosts: a name with several addresses is tried at each") {
  // localhost is ::1 and 127.0.0.1 on most machines; the server listens on the latter alone.
  const auto session = connect({{"host", "localhost"}});
  CHECK(value_of(*session, "SELECT host(inet_server_addr())") == "127.0.0.1");
}

TEST_CASE("postgresql hosts: load is spread at random, unless that is turned off") {
  auto other = testing::PostgresServer::start();
  // The second server knows the first one's role.
  const auto admin = open_backend(options_of(other))->connect(Deadline::max());
  run(*admin, "ALTER ROLE tenon PASSWORD '" + server().password() + "'");
  const std::vector<std::string> places{place_of(server()), place_of(other)};
  const auto ports = [&](const Pairs& more) {
    std::set<std::string> met;
    const auto backend = open_backend(hosts_of(server(), places, more));
    for (int i = 0; i < 40; ++i)
      met.insert(value_of(*backend->connect(Deadline::max()), "SELECT inet_server_port()"));
    return met;
  };
  CHECK(ports({}).size() == 2);
  CHECK(ports({{"load_balance_hosts", "disable"}}) == std::set<std::string>{std::to_string(server().port())});
}

TEST_CASE("postgresql hosts: target_session_attrs finds the primary, the standby, and what comes next") {
  auto primary = testing::PostgresServer::start();
  auto standby = testing::PostgresServer::start_standby(primary);
  const auto recovery_of = [&](const char* attrs) {
    const auto backend =
        open_backend(hosts_of(primary, {place_of(standby), place_of(primary)}, {{"target_session_attrs", attrs}}));
    return value_of(*backend->connect(Clock::now() + std::chrono::seconds(20)), "SELECT pg_is_in_recovery()");
  };
  for (int i = 0; i < 4; ++i) {
    CHECK(recovery_of("read-write") == "false");
    CHECK(recovery_of("primary") == "false");
    CHECK(recovery_of("standby") == "true");
    CHECK(recovery_of("read-only") == "true");
    CHECK(recovery_of("prefer-standby") == "true");
  }
  const auto only = open_backend(hosts_of(primary, {place_of(standby)}, {{"target_session_attrs", "read-write"}}));
  const ErrorInfo error = failure_of([&] { static_cast<void>(only->connect(Deadline::max())); });
  CHECK(error.code == ErrorCode::connection);
  CHECK(error.retryable); // it may be promoted
  CHECK(error.message.find("it accepts only reads") != std::string::npos);

  // A read-write BEGIN that lands on a standby all the same: the connection is of no use on this route.
  const auto stray = open_backend(options_of(standby, {{"password", primary.password()}}))->connect(Deadline::max());
  TransactionOptions writes;
  writes.write_intent = true;
  const ErrorInfo refused = failure_of([&] {
    stray->begin(writes); // travels with the first statement
    run(*stray, "SELECT 1");
  });
  CHECK(refused.code == ErrorCode::read_only);
  CHECK(refused.sqlstate == "0A000");
  CHECK(refused.broken);

  standby.stop();
  CHECK(recovery_of("prefer-standby") == "false");
  standby.restart();
  standby.promote();
  primary.stop();
  CHECK(recovery_of("read-write") == "false"); // the next session goes to the new one
}

} // namespace
} // namespace tenon::postgresql::test
