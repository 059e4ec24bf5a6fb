// Deadlines and cancels against servers that do not answer: bounded in time and in threads, and never late for the
// next.
#include <atomic>
#include <thread>

#include <tenon/testing/tcp_proxy.hpp>

#include "cancel_service.hpp"
#include "postgresql_faults.hpp"

namespace tenon::postgresql::test {
namespace {

Pairs through(const testing::TcpProxy& proxy) { return {{"port", std::to_string(proxy.port())}}; }

TEST_CASE("postgresql cancel: one that is not answered costs the connection, and no call its deadline") {
  testing::TcpProxy proxy(server().port());
  const auto session = connect(through(proxy));
  session->begin({});
  proxy.ignore(true); // the connection that carries the cancel
  const auto start = Clock::now();
  session->set_deadline(start + milliseconds(150));
  const ErrorInfo error = failure_of([&] { run(*session, "SELECT pg_sleep(30)"); });
  CHECK(elapsed(start) >= milliseconds(150));
  CHECK(elapsed(start) < milliseconds(150) + kOver);
  CHECK(error.code == ErrorCode::timeout);
  CHECK(error.broken);
  CHECK_FALSE(session->alive());
}

TEST_CASE("postgresql cancel: a statement that ends while its cancel is under way is not followed by another") {
  testing::TcpProxy proxy(server().port());
  const auto session = connect(through(proxy));
  session->begin({});
  proxy.ignore(true);
  const auto start = Clock::now();
  session->set_deadline(start + milliseconds(100));
  try { // it ends in the time that is left for the cancel
    run(*session, "SELECT pg_sleep(0.2)");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::timeout);
  }
  CHECK(elapsed(start) < milliseconds(100) + kOver);
  // The cancel may still arrive: whoever came next would be hit.
  CHECK_FALSE(session->alive());
  CHECK(failure_of([&] { session->ping(); }).broken);
}

TEST_CASE("postgresql cancel: one that comes before its statement is sent again until that ends") {
  testing::TcpProxy proxy(server().port());
  const auto session = connect(through(proxy));
  session->ping();
  testing::Fault late;
  late.action = testing::Fault::Action::delay;
  late.direction = testing::Direction::to_server;
  late.message = 'P';
  late.containing = "pg_sleep";
  late.pause = milliseconds(150);
  proxy.arm(late);
  std::atomic<bool> running = false;
  std::thread other([&] {
    while (!running)
      std::this_thread::yield();
    std::this_thread::sleep_for(milliseconds(50)); // the statement is on its way, and the server still idle
    session->cancel();                             // once
  });
  const auto start = Clock::now();
  running = true;
  const ErrorInfo error = failure_of([&] { run(*session, "SELECT pg_sleep(30)"); });
  other.join();
  CHECK(error.code == ErrorCode::cancelled);
  CHECK(elapsed(start) < milliseconds(5000));
  session->rollback();
  for (int i = 0; i < 50; ++i)
    CHECK(value_of(*session, "SELECT 1") == "1");
}

TEST_CASE("postgresql cancel: cancel() does not wait for the server") {
  auto frozen = testing::PostgresServer::start();
  const auto backend = open_backend(options_of(frozen));
  const auto session = backend->connect(Deadline::max());
  frozen.suspend();
  std::atomic<bool> entered = false;
  std::atomic<bool> gave_up = false;
  std::thread caller([&] {
    session->set_deadline(Clock::now() + milliseconds(600));
    entered = true;
    try {
      run(*session, "SELECT 1");
    } catch (const Error& error) {
      gave_up = error.broken();
    }
  });
  while (!entered)
    std::this_thread::yield();
  std::this_thread::sleep_for(milliseconds(50));
  const auto start = Clock::now();
  for (int i = 0; i < 100; ++i)
    session->cancel();
  const auto took = elapsed(start);
  caller.join();
  CHECK(took < kOver);
  CHECK(gave_up);
  frozen.resume();
}

TEST_CASE("postgresql cancel: a dead server takes few threads, and holds up no cancel for another one") {
  auto frozen = testing::PostgresServer::start();
  const auto backend = open_backend(options_of(frozen));
  std::vector<std::unique_ptr<ISession>> sessions;
  for (int i = 0; i < 20; ++i)
    sessions.push_back(backend->connect(Deadline::max()));
  frozen.suspend();
  std::vector<std::thread> callers;
  std::atomic<int> in_time = 0;
  for (const auto& session : sessions) {
    callers.emplace_back([&, &one = *session] {
      const auto start = Clock::now();
      one.set_deadline(start + milliseconds(150));
      try {
        one.ping();
      } catch (const TimeoutError&) {
        if (elapsed(start) < milliseconds(150) + kOver) ++in_time;
      }
    });
  }
  for (std::thread& caller : callers)
    caller.join();
  CHECK(in_time == 20);
  CHECK(CancelService::instance().threads() <= CancelService::kThreads);
  // Two of the threads still wait for the frozen one.
  const auto other = connect();
  other->set_deadline(Clock::now() + milliseconds(100));
  const ErrorInfo error = failure_of([&] { run(*other, "SELECT pg_sleep(30)"); });
  CHECK(error.sqlstate == "57014");
  CHECK_FALSE(error.broken);
  sessions.clear();
  frozen.resume();
}

TEST_CASE("postgresql cancel: a send that the server does not read ends with the deadline") {
  auto frozen = testing::PostgresServer::start();
  const auto backend = open_backend(options_of(frozen));
  const auto session = backend->connect(Deadline::max());
  const std::string large(std::size_t{64} << 20, 'x'); // more than the sockets' buffers hold
  session->begin({});
  run(*session, "SELECT 1");
  frozen.suspend();
  const auto start = Clock::now();
  session->set_deadline(start + milliseconds(200));
  const ErrorInfo error = failure_of([&] { run(*session, "SELECT length($1::text)", {Cell::text(large)}); });
  const auto took = elapsed(start);
  frozen.resume();
  CHECK(error.code == ErrorCode::timeout);
  CHECK(error.broken);
  CHECK(took < milliseconds(200) + kOver + milliseconds(200)); // copying the text is not part of the wait
}

TEST_CASE("postgresql cancel: a question and an answer that both fill the sockets do not lock each other up") {
  testing::TcpProxy proxy(server().port());
  const auto session = connect(through(proxy));
  session->set_deadline(Clock::now() + std::chrono::seconds(60));
  const std::string large(std::size_t{16} << 20, 'y');
  CHECK(value_of(*session, "SELECT $1::text", {Cell::text(large)}) == large);
}

} // namespace
} // namespace tenon::postgresql::test
