// How the pool opens connections: in the background, for whoever waits longest, one by one while the server is down.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/testing/latency.hpp>

#include "core_pool_support.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;
using detail::Condition;
using detail::Lease;
using fake::eventually;
using fake::PoolTest;
using testing::kLateness;

ErrorInfo refused() {
  ErrorInfo info = fake::retryable(ErrorCode::connection);
  info.message = "connection refused";
  return info;
}

/// A server that is down until told otherwise.
struct DownTest : PoolTest {
  std::shared_ptr<std::atomic<bool>> up = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<int>> at_once = std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<std::atomic<int>> most_at_once = std::make_shared<std::atomic<int>>(0);

  DownTest() {
    script->during("connect", [up = up, at_once = at_once, most = most_at_once] {
      const int now = ++*at_once;
      if (now > *most) *most = now;
      std::this_thread::sleep_for(1ms);
      --*at_once;
      if (!*up) throw_error(refused());
    });
  }
};

TEST_CASE_METHOD(PoolTest, "pool: a caller waits for a connect within its own deadline; the late connection is kept") {
  std::promise<void> go;
  script->during("connect", [gate = go.get_future().share()] { gate.wait(); });
  const auto begin = Clock::now();
  const auto limit = begin + 50ms;
  CHECK_THROWS_AS(checkout(limit), PoolTimeout);
  CHECK(Clock::now() >= limit);
  CHECK(Clock::now() < limit + kLateness);
  CHECK(pool().figures().connecting == 1);
  go.set_value();
  REQUIRE(eventually([&] { return pool().figures().idle == 1; }));
  CHECK(checkout() != nullptr);
  CHECK(script->count("connect") == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: a connection that is given back meanwhile serves who waits for a connect") {
  settings.max_overflow = 0;
  auto first = checkout();
  std::promise<void> go;
  script->during("connect", [gate = go.get_future().share()] { gate.wait(); });
  auto waiter = waiting_checkout();
  pool().release(std::move(first), Condition::good);
  REQUIRE(waiter.wait_for(2s) == std::future_status::ready); // though the connect hangs
  CHECK(waiter.get() != nullptr);
  go.set_value();
}

TEST_CASE_METHOD(PoolTest, "pool: never more connects at once than there are permits, and few") {
  settings.size = 20;
  settings.max_overflow = 0;
  std::promise<void> go;
  std::atomic<int> at_once{0};
  script->during("connect", [&, gate = go.get_future().share()] {
    ++at_once;
    gate.wait();
  });
  std::vector<std::future<Lease>> waiters;
  for (int i = 0; i < 12; ++i)
    waiters.push_back(waiting_checkout());
  CHECK(eventually([&] { return at_once == 4; }));
  CHECK(pool().figures().connecting == 4);
  go.set_value();
  std::vector<Lease> out;
  for (auto& waiter : waiters)
    out.push_back(waiter.get());
  CHECK(script->open == 12);
}

TEST_CASE_METHOD(PoolTest, "pool: a connect that fails for good fails one caller, and the next is served at once") {
  only_one();
  std::promise<void> go;
  script->during("connect", [gate = go.get_future().share()] { gate.wait(); });
  script->fail("connect", fake::error(ErrorCode::connection, "no such host"));
  auto first = waiting_checkout();
  auto second = waiting_checkout();
  go.set_value();
  CHECK_THROWS_WITH(first.get(), Catch::Contains("no such host"));
  REQUIRE(second.wait_for(2s) == std::future_status::ready); // and not after pool.timeout
  CHECK(second.get() != nullptr);
}

TEST_CASE_METHOD(PoolTest, "pool: a wrong password fails all who wait at once") {
  settings.timeout = 60s;
  std::promise<void> go;
  script->during("connect", [gate = go.get_future().share()] { gate.wait(); });
  for (int i = 0; i < 3; ++i)
    script->fail("connect", fake::error(ErrorCode::auth, "wrong password"));
  std::vector<std::future<Lease>> waiters;
  for (int i = 0; i < 6; ++i)
    waiters.push_back(waiting_checkout());
  const auto begin = Clock::now();
  go.set_value();
  for (auto& waiter : waiters)
    CHECK_THROWS_AS(waiter.get(), AuthError);
  CHECK(Clock::now() - begin < kLateness);
  CHECK(pool().figures().waiting == 0);
  CHECK(eventually([&] { return pool().figures().connecting == 0; }));
  CHECK(checkout() != nullptr); // the password was mended
}

TEST_CASE_METHOD(DownTest,
                 "pool: while the server is down one prober tries, and all who wait are served when it is back") {
  settings.size = 3;
  settings.timeout = 30s;
  auto& shared = pool(); // made before there are threads
  std::vector<std::future<void>> waiters;
  for (int i = 0; i < 6; ++i)
    waiters.push_back(std::async(std::launch::async, [&] {
      auto lease = shared.acquire(Deadline::max(), BOOST_CURRENT_LOCATION);
      std::this_thread::sleep_for(1ms);
      shared.release(std::move(lease), Condition::good);
    }));
  REQUIRE(eventually([&] { return script->count("connect") >= 6; }));
  *most_at_once = 0;
  const std::size_t tries = script->count("connect");
  REQUIRE(eventually([&] { return script->count("connect") >= tries + 2; }));
  CHECK(*most_at_once == 1);
  *up = true;
  const auto back = Clock::now();
  for (auto& waiter : waiters)
    CHECK_NOTHROW(waiter.get());
  CHECK(Clock::now() - back < 2s + kLateness);
  CHECK(script->most_open <= 4);
}

TEST_CASE_METHOD(DownTest, "pool: the pauses of the prober grow, but stay below a second for those who wait") {
  settings.timeout = 30s;
  std::mutex mutex;
  std::vector<Clock::time_point> tries;
  script->during("connect", [&] {
    const std::lock_guard lock(mutex);
    tries.push_back(Clock::now());
    throw_error(refused());
  });
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return tries.size();
  };
  auto waiter = waiting_checkout();
  REQUIRE(eventually([&] { return count() >= 8; })); // 10, 20, 40 … 640 ms, less a fifth at most
  std::vector<Clock::time_point> seen;
  {
    const std::lock_guard lock(mutex);
    seen = tries;
  }
  Clock::duration least = 7ms; // from begin to begin, which is not quite when this was called
  for (std::size_t i = 1; i < 8; ++i, least *= 2)
    CHECK(seen[i] - seen[i - 1] >= least);
  CHECK(seen[7] - seen[6] < 1s + kLateness);
  pool().close();
  CHECK_THROWS_AS(waiter.get(), ProgrammingError);
}

/// A server that refuses some connects, then leaves them without an answer, and is back for those that begin later.
struct SilentTest : PoolTest {
  static constexpr int kRefused = 8; // until the pauses are as long as they get
  struct Server {
    std::atomic<bool> answers{false};
    std::atomic<int> tries{0};
    std::atomic<int> hanging{0};
    std::atomic<Clock::duration::rep> longest{0}; ///< time that one that hangs was given
  };
  std::shared_ptr<Server> server = std::make_shared<Server>();

  SilentTest() {
    connect_timeout = 20s;
    settings.timeout = 60s;
    only_one();
    connecting = [server = server](Deadline limit) {
      if (server->answers) return;
      if (server->tries++ < kRefused) throw_error(refused());
      server->longest = std::max(server->longest.load(), (limit - Clock::now()).count());
      ++server->hanging;
      std::this_thread::sleep_until(limit);
      --server->hanging;
      throw_error(fake::retryable(ErrorCode::timeout));
    };
  }
};

TEST_CASE_METHOD(SilentTest,
                 "pool: a prober's connect that hangs does not keep those who wait from a server that is back") {
  auto waiter = waiting_checkout();
  REQUIRE(eventually([&] { return server->hanging == 1; }));
  server->answers = true; // but not the one that hangs
  const auto back = Clock::now();
  CHECK(waiter.get() != nullptr);
  CHECK(Clock::now() - back < 2s + kLateness); // and not after the connect's own limit
  CHECK(Clock::duration(server->longest) < 2s);
  CHECK(script->most_open == 1);
}

TEST_CASE_METHOD(DownTest, "pool: nobody probes when nobody waits, and who comes later does not wait for old pauses") {
  settings.timeout = 1500ms;
  CHECK_THROWS_AS(checkout(), ConnectionError);
  REQUIRE(eventually([&] { return pool().figures().connecting == 0; }));
  const std::size_t tries = script->count("connect");
  std::this_thread::sleep_for(1100ms); // longer than any pause with a waiter
  CHECK(script->count("connect") == tries);
  *up = true;
  const auto begin = Clock::now();
  CHECK(checkout() != nullptr);
  CHECK(Clock::now() - begin < kLateness);
}

TEST_CASE_METHOD(DownTest,
                 "pool: a caller whose time is up while the server is down learns why, in the error's own class") {
  settings.timeout = 250ms;
  const auto begin = Clock::now();
  try {
    static_cast<void>(checkout());
    FAIL("no error");
  } catch (const ConnectionError& error) {
    CHECK(error.code() == ErrorCode::connection);
    CHECK_THAT(error.message(), Catch::Contains("within 250 ms (pool.timeout)") &&
                                    Catch::Contains("0 in use, 0 idle, 1 waiting, at most 3 open") &&
                                    Catch::Contains("the last connect failed: connection refused"));
    CHECK_FALSE(error.retryable()); // it was tried for all the time there was
  }
  CHECK(Clock::now() - begin >= 250ms);
  CHECK(Clock::now() - begin < 250ms + kLateness);
  CHECK(pool().figures().timeouts == 1);
}

TEST_CASE_METHOD(DownTest, "pool: connections that work are lent out while no new one can be opened") {
  settings.timeout = 20s;
  *up = true;
  auto only = checkout();
  *up = false;
  auto waiter = waiting_checkout();
  REQUIRE(eventually([&] { return script->count("connect") >= 3; }));
  pool().release(std::move(only), Condition::good);
  CHECK(waiter.get() != nullptr);
}

TEST_CASE_METHOD(DownTest, "pool: with when_down fail the error is the caller's at once") {
  settings.when_down = WhenDown::fail;
  settings.timeout = 60s;
  const auto begin = Clock::now();
  CHECK_THROWS_WITH(checkout(), Catch::Contains("connection refused"));
  CHECK(Clock::now() - begin < kLateness);
}

TEST_CASE_METHOD(DownTest, "pool: a full server is waited for as a server that is down") {
  settings.timeout = 300ms;
  script->during("connect", [] { throw_error(fake::error(ErrorCode::resource_exhausted, "too many clients")); });
  CHECK_THROWS_AS(checkout(), PoolTimeout);
  CHECK(script->count("connect") > 1);
}

TEST_CASE_METHOD(PoolTest, "pool: min_idle connections are opened in the background, at most size") {
  settings.min_idle = 9;
  std::promise<void> go;
  script->during("connect", [gate = go.get_future().share()] { gate.wait(); });
  const auto begin = Clock::now();
  pool().warm_up();
  CHECK(Clock::now() - begin < kLateness); // though no connect returns
  go.set_value();
  CHECK(eventually([&] { return pool().figures().idle == 2; }));
  CHECK(pool().figures().created == 2);
}

TEST_CASE_METHOD(PoolTest,
                 "pool: a server that refuses for good is not asked again and again for min_idle connections") {
  settings.min_idle = 2;
  script->during("connect", [] { throw_error(fake::error(ErrorCode::auth, "wrong password")); });
  pool().warm_up();
  REQUIRE(eventually([&] { return script->count("connect") == 2 && pool().figures().connecting == 0; }));
  std::this_thread::sleep_for(20ms);
  CHECK(script->count("connect") == 2);
  CHECK_THROWS_AS(checkout(), AuthError);
  CHECK(script->count("connect") == 3);
  script->during("connect", [] {});
  pool().release(checkout(), Condition::good); // and once one succeeds, they are made up for
  CHECK(eventually([&] { return pool().figures().idle == 2; }));
}

TEST_CASE_METHOD(PoolTest, "pool: min_idle is kept up when connections are taken and when they are lost") {
  settings.size = 4;
  settings.min_idle = 2;
  pool().warm_up();
  REQUIRE(eventually([&] { return pool().figures().idle == 2; }));
  auto one = checkout();
  auto two = checkout();
  CHECK(eventually([&] { return pool().figures().idle == 2; }));
  CHECK(script->most_open == 4);
  pool().release(std::move(one), Condition::lost);
  pool().release(std::move(two), Condition::lost);
  CHECK(eventually([&] {
    const auto figures = pool().figures();
    return figures.idle == 2 && figures.closing == 0 && script->open == 2;
  }));
  CHECK(script->most_open <= 5);
}

TEST_CASE_METHOD(PoolTest, "pool: a connection that was idle for long has to answer before it is lent") {
  settings.ping_after = 200ms;
  pool().release(checkout(), Condition::good);
  pool().release(checkout(), Condition::good);
  CHECK(script->count("ping") == 0);
  std::this_thread::sleep_for(205ms);
  pool().release(checkout(), Condition::good);
  CHECK(script->count("ping") == 1);
  std::this_thread::sleep_for(205ms);
  script->fail("ping", fake::broken());
  auto fresh = checkout();
  CHECK(script->count("connect") == 2);
  CHECK(pool().figures().generation == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: a caller who is late says nothing about the other connections") {
  settings.ping_after = 1ms;
  auto first = checkout();
  auto second = checkout();
  pool().release(std::move(first), Condition::good);
  pool().release(std::move(second), Condition::good);
  std::this_thread::sleep_for(5ms);
  SECTION("before it asks: it gets the connection, and its first call tells it") {
    pool().release(checkout(Clock::now() - 1s), Condition::good);
    CHECK(script->count("ping") == 0);
    CHECK(script->open == 2);
  }
  SECTION("while it asks: the one that was asked goes") {
    script->fail("ping", fake::error(ErrorCode::timeout));
    pool().release(checkout(Clock::now() + 1s), Condition::good);
    CHECK(script->count("ping") == 2);
    CHECK(script->count("connect") == 2);
  }
  CHECK(pool().figures().generation == 0);
}

TEST_CASE_METHOD(PoolTest, "pool: an answer that takes longer than a ping may is a loss") {
  settings.ping_after = 1ms;
  pool().release(checkout(), Condition::good);
  std::this_thread::sleep_for(5ms);
  script->fail("ping", fake::error(ErrorCode::timeout));
  pool().release(checkout(), Condition::good);
  CHECK(pool().figures().generation == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: the largest figures are no limits") {
  settings.max_overflow = std::numeric_limits<std::uint32_t>::max();
  settings.timeout = Duration::max();
  connect_timeout = Duration::max();
  auto first = checkout();
  auto second = checkout();
  CHECK(second != nullptr);
  CHECK(pool().figures().max == std::numeric_limits<std::uint32_t>::max());
}

TEST_CASE_METHOD(PoolTest, "pool: connections found dead are replaced in turn, and who found them keeps its place") {
  only_one();
  auto only = checkout();
  auto first = waiting_checkout();
  auto second = waiting_checkout();
  script->alive = false; // handed over and then found dead
  pool().release(std::move(only), Condition::good);
  REQUIRE(first.wait_for(2s) == std::future_status::ready);
  CHECK(second.wait_for(0s) != std::future_status::ready);
  CHECK(script->count("connect") == 2);
  pool().release(first.get(), Condition::doubtful);
  CHECK(second.get() != nullptr);
}

} // namespace
} // namespace tenon
