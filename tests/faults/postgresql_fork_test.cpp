// A child process that inherits connections: closing them there must not end them for the parent.
#include <sys/wait.h>
#include <unistd.h>

#include "postgresql_faults.hpp"

namespace tenon::postgresql::test {
namespace {

TEST_CASE("postgresql fork: a child closes an inherited session without a goodbye on its parent's connection") {
  auto session = connect();
  const std::string backend = value_of(*session, "SELECT pg_backend_pid()");
  session->begin({});
  for (int i = 0; i < 5; ++i) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const bool usable = session->alive();
      session.reset();
      _exit(usable ? 1 : 0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0); // the child saw that it is not its own
    CHECK(value_of(*session, "SELECT pg_backend_pid()") == backend);
  }
  session->commit();
}

TEST_CASE("postgresql fork: a child may open sessions of its own and cancel in them") {
  const auto session = connect();
  session->set_deadline(Clock::now() + milliseconds(50)); // the cancel service's threads are there before the fork
  CHECK(failure_of([&] { run(*session, "SELECT pg_sleep(30)"); }).code == ErrorCode::timeout);
  const auto backend = open_backend(server_options());
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int outcome = 1;
    try {
      const auto own = backend->connect(Deadline::max());
      own->set_deadline(Clock::now() + milliseconds(50));
      try {
        static_cast<void>(own->execute("SELECT pg_sleep(30)", {}));
      } catch (const TimeoutError& error) {
        outcome = error.broken() ? 2 : 0; // the cancel has worked
      }
    } catch (...) {
      outcome = 3;
    }
    _exit(outcome);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

} // namespace
} // namespace tenon::postgresql::test
