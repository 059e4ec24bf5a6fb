// Waits for a socket: they end when it is ready, and by their limit, whatever was waited for before.
#include <array>
#include <chrono>

#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tenon/testing/latency.hpp>

#include "waiter.hpp"

namespace tenon::postgresql::test {
namespace {

using std::chrono::milliseconds;

struct Fixture {
  Fixture() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0); }
  ~Fixture() {
    close(ends[0]);
    close(ends[1]);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  void send() const { REQUIRE(write(ends[1], "x", 1) == 1); }
  void take() const {
    char byte = 0;
    REQUIRE(read(ends[0], &byte, 1) == 1);
  }
  /// As a connection waits. Returns whether the socket became ready.
  bool wait(Deadline limit) {
    for (turns = 1;; ++turns) {
      const int ready = waiter.wait(ends[0], POLLIN, limit);
      REQUIRE(ready >= 0);
      if (ready > 0) return true;
      if (Clock::now() >= limit) return false;
    }
  }

  std::array<int, 2> ends{};
  Waiter waiter;
  int turns = 0; ///< of the last wait
};

/// How long a wait for nothing takes from now on.
milliseconds time_of(Fixture& f, milliseconds limit) {
  const auto start = Clock::now();
  CHECK_FALSE(f.wait(start + limit));
  return std::chrono::floor<milliseconds>(Clock::now() - start);
}

TEST_CASE("postgresql waiter: it ends when the socket is ready, whatever the limit") {
  Fixture f;
  f.send();
  for (const Deadline limit : {Deadline::max(), Clock::now() + milliseconds(500), Clock::now() + std::chrono::hours(1),
                               Clock::now() + milliseconds(500), Clock::now() - milliseconds(1)}) {
    CHECK(f.wait(limit));
    CHECK(f.turns == 1);
  }
  close(f.ends[1]); // the other end is gone, which is something to read
  CHECK(f.wait(Clock::now() + std::chrono::hours(1)));
  f.ends[1] = dup(f.ends[0]);
}

TEST_CASE("postgresql waiter: a limit is kept, near and far, also behind waits with later and with earlier ones") {
  Fixture f;
  const milliseconds last = milliseconds(250) + testing::kLateness;
  const auto kept = [&](milliseconds limit) {
    const milliseconds took = time_of(f, limit);
    CAPTURE(limit.count(), took.count(), f.turns);
    CHECK(took >= limit);
    CHECK(took < limit + last);
    CHECK(f.turns < 10); // it sleeps, and does not look again and again
  };
  kept(milliseconds(30));
  kept(milliseconds(1300)); // beyond what the last tick is good for
  f.send();
  CHECK(f.wait(Clock::now() + std::chrono::hours(1)));
  f.take();
  kept(milliseconds(1300)); // sooner than the one before
  f.send();
  CHECK(f.wait(Clock::now() + milliseconds(1250))); // whose timer rings 250 ms from now on
  f.take();
  kept(milliseconds(400));
  kept(milliseconds(1300)); // behind a timer that rang when nobody waited
}

} // namespace
} // namespace tenon::postgresql::test
