// A process that ends while a cancel and a connect are still under way.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <tenon/testing/program.hpp>
#include <tenon/testing/tcp_proxy.hpp>

#include "postgresql_faults.hpp"

namespace tenon::postgresql::test {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  REQUIRE(value != nullptr);
  return value;
}

// Run by the case below in a process of its own.
TEST_CASE("postgresql exit: the process that ends", "[.][exit-program]") {
  const auto backend = open_backend({{"host", "127.0.0.1"},
                                     {"port", variable("EXIT_PORT")},
                                     {"user", variable("EXIT_USER")},
                                     {"password", variable("EXIT_PASSWORD")},
                                     {"database", variable("EXIT_DATABASE")}});
  const auto session = backend->connect(Deadline::max());
  session->set_deadline(Clock::now() + milliseconds(1000));
  CHECK(failure_of([&] { run(*session, "SELECT pg_sleep(30)"); }).broken); // the cancel is not answered
  const auto hole = open_backend({{"host", "127.0.0.1"}, {"port", variable("EXIT_HOLE")}});
  CHECK(failure_of([&] { static_cast<void>(hole->connect(Clock::now() + milliseconds(50))); }).code ==
        ErrorCode::timeout);
}

TEST_CASE("postgresql exit: a cancel and a connect that are under way keep no process, and end none badly") {
  testing::TcpProxy proxy(server().port());
  const BlackHole hole;
  const std::string place = hole.place();
  std::atomic<bool> ended = false;
  std::thread watcher([&] { // what comes behind the first connection is the cancel
    while (!ended && proxy.figures().open == 0)
      std::this_thread::sleep_for(milliseconds(1));
    proxy.ignore(true);
  });
  const auto start = Clock::now();
  const auto result = testing::run_program({std::filesystem::read_symlink("/proc/self/exe"), "[exit-program]"},
                                           {.environment = {{"EXIT_PORT", std::to_string(proxy.port())},
                                                            {"EXIT_USER", server().user()},
                                                            {"EXIT_PASSWORD", server().password()},
                                                            {"EXIT_DATABASE", server().database()},
                                                            {"EXIT_HOLE", place.substr(place.find(':') + 1)}}});
  ended = true;
  watcher.join();
  CAPTURE(result.out, result.err);
  CHECK(result.exit == 0);
  CHECK(elapsed(start) < milliseconds(10'000) + kOver);
}

} // namespace
} // namespace tenon::postgresql::test
