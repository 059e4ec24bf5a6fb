// The pool by itself, over scripted sessions: limits, order of waiters, and what happens to connections that come back.

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "core_pool_support.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;
using detail::Condition;
using detail::Lease;
using detail::Pool;
using fake::eventually;
using fake::PoolTest;

bool ready(const std::future<Lease>& future) { return future.wait_for(0s) == std::future_status::ready; }

TEST_CASE_METHOD(PoolTest, "pool: nothing is opened before the first checkout, and connections are reused") {
  CHECK(pool().figures().created == 0);
  for (int i = 0; i < 3; ++i)
    pool().release(checkout(), Condition::good);
  CHECK(script->count("connect") == 1);
  CHECK(script->count("reset") == 3);
  const PoolFigures figures = pool().figures();
  CHECK(figures.created == 1);
  CHECK(figures.idle == 1);
  CHECK(figures.in_use == 0);
}

TEST_CASE_METHOD(PoolTest, "pool: never more than size + max_overflow open; overflow is closed on return") {
  std::vector<Lease> out;
  for (int i = 0; i < 3; ++i)
    out.push_back(checkout());
  CHECK(pool().figures().in_use == 3);
  CHECK(script->open == 3);
  for (auto& pooled : out)
    pool().release(std::move(pooled), Condition::good);
  CHECK(pool().figures().idle == 2);
  CHECK(eventually([&] { return script->open == 2; })); // closed in the background
}

TEST_CASE_METHOD(PoolTest, "pool: a wait ends with Cancelled when it is interrupted, and nobody else's does") {
  settings.size = 1;
  settings.max_overflow = 0;
  Lease held = checkout();
  std::atomic<bool> interrupted{false};
  auto cancelled = std::async(std::launch::async,
                              [&] { return pool().acquire(Deadline::max(), BOOST_CURRENT_LOCATION, &interrupted); });
  REQUIRE(eventually([&] { return pool().figures().waiting == 1; }));
  auto other = waiting_checkout();
  interrupted = true;
  pool().wake(interrupted);
  CHECK_THROWS_AS(cancelled.get(), Cancelled);
  CHECK(pool().figures().waiting == 1);
  CHECK_THROWS_AS(pool().acquire(Deadline::max(), BOOST_CURRENT_LOCATION, &interrupted), Cancelled); // set before
  pool().release(std::move(held), Condition::good);
  pool().release(other.get(), Condition::good);
  CHECK(script->count("connect") == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: threads that fight for connections never exceed the limit") {
  Pool& shared = pool(); // made before there are threads
  std::vector<std::thread> threads;
  std::atomic<int> done{0};
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        auto pooled = shared.acquire(Deadline::max(), BOOST_CURRENT_LOCATION);
        const auto condition = (i + t) % 17 == 0  ? Condition::lost
                               : (i + t) % 5 == 0 ? Condition::doubtful
                                                  : Condition::good;
        shared.release(std::move(pooled), condition);
        ++done;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(done == 12 * 200);
  CHECK(script->most_open <= 3);
  const PoolFigures figures = shared.figures();
  CHECK(figures.in_use == 0);
  CHECK(figures.waiting == 0);
  CHECK(figures.timeouts == 0);
  CHECK(eventually([&] { return static_cast<int>(shared.figures().idle) == script->open; }));
  CHECK(eventually([&] { return shared.figures().closing == 0; }));
}

TEST_CASE_METHOD(PoolTest, "pool: the last one returned is taken first") {
  auto a = checkout();
  auto b = checkout();
  const ISession* last = b->session.get();
  pool().release(std::move(a), Condition::good);
  pool().release(std::move(b), Condition::good);
  CHECK(checkout()->session.get() == last);
}

TEST_CASE_METHOD(PoolTest, "pool: waiters are served in the order they came") {
  settings.size = 1;
  settings.max_overflow = 0;
  auto only = checkout();
  const ISession* session = only->session.get();
  std::vector<std::future<Lease>> waiters;
  for (int i = 0; i < 4; ++i)
    waiters.push_back(waiting_checkout());
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    pool().release(std::move(only), Condition::good);
    only = waiters[i].get();
    CHECK(only->session.get() == session);
    for (std::size_t later = i + 1; later < waiters.size(); ++later)
      CHECK_FALSE(ready(waiters[later]));
  }
  CHECK(script->count("connect") == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: a newcomer does not overtake those who wait") {
  settings.size = 1;
  settings.max_overflow = 0;
  auto only = checkout();
  auto first = waiting_checkout();
  auto second = waiting_checkout();
  pool().release(std::move(only), Condition::good); // handed to `first` before anybody can ask
  auto newcomer = waiting_checkout();
  pool().release(first.get(), Condition::good);
  only = second.get();
  CHECK_FALSE(ready(newcomer));
  pool().release(std::move(only), Condition::good);
  CHECK(newcomer.get() != nullptr);
}

TEST_CASE_METHOD(PoolTest, "pool: a checkout that waits in vain tells the state and the last connect error") {
  settings.size = 1;
  settings.max_overflow = 0;
  settings.timeout = 30ms;
  script->fail("connect", fake::error(ErrorCode::connection, "no route to host"));
  CHECK_THROWS_AS(checkout(), ConnectionError);
  std::promise<void> go;
  script->during("connect", [gate = go.get_future().share()] { gate.wait(); }); // holds the permit
  CHECK_THROWS_WITH(checkout(Clock::now() + 10ms), Catch::Contains("(the caller's deadline)"));
  const auto begin = Clock::now();
  try {
    static_cast<void>(checkout());
    FAIL("no error");
  } catch (const PoolTimeout& error) {
    CHECK(Clock::now() - begin >= 30ms);
    CHECK_THAT(error.message(), Catch::Contains("the database") && Catch::Contains("no route to host") &&
                                    Catch::Contains("0 in use, 0 idle, 1 waiting, at most 1 open") &&
                                    Catch::Contains("30 ms (pool.timeout)"));
    CHECK_FALSE(error.hint().empty());
    CHECK(error.code() == ErrorCode::pool_timeout);
  }
  CHECK(pool().figures().timeouts == 2);
  CHECK(pool().figures().waiting == 0);
  go.set_value();
  CHECK(eventually([&] { return pool().figures().idle == 1; })); // late, and kept
}

TEST_CASE_METHOD(PoolTest, "pool: one that gave up waiting is not given a connection") {
  settings.size = 1;
  settings.max_overflow = 0;
  settings.timeout = 20ms;
  auto only = checkout();
  CHECK_THROWS_AS(checkout(), PoolTimeout);
  pool().release(std::move(only), Condition::good);
  CHECK(pool().figures().idle == 1);
  CHECK(checkout() != nullptr);
}

TEST_CASE_METHOD(PoolTest, "pool: a failed connect frees its place and wakes a waiter") {
  settings.size = 1;
  settings.max_overflow = 0;
  std::promise<void> go;
  auto gate = go.get_future().share();
  script->during("connect", [gate] { gate.wait(); });
  script->fail("connect", fake::error(ErrorCode::connection));
  auto failing = std::async(std::launch::async, [this] { return checkout(); });
  REQUIRE(eventually([&] { return script->count("connect") == 1; }));
  auto waiter = waiting_checkout();
  go.set_value();
  CHECK_THROWS_AS(failing.get(), ConnectionError);
  REQUIRE(waiter.wait_for(2s) == std::future_status::ready); // well below the pool's timeout
  CHECK(waiter.get() != nullptr);
  CHECK(script->count("connect") == 2);
}

TEST_CASE_METHOD(PoolTest, "pool: a connection that is thrown away leaves its place to a waiter") {
  settings.size = 1;
  settings.max_overflow = 0;
  auto only = checkout();
  auto waiter = waiting_checkout();
  pool().release(std::move(only), Condition::doubtful);
  REQUIRE(waiter.wait_for(2s) == std::future_status::ready);
  const auto fresh = waiter.get();
  CHECK(script->count("connect") == 2);
  CHECK(script->open == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: a connection whose reset fails is closed") {
  script->fail("reset", fake::error(ErrorCode::operational));
  pool().release(checkout(), Condition::good);
  CHECK(eventually([&] { return script->open == 0; }));
  CHECK(pool().figures().idle == 0);
  CHECK(checkout() != nullptr);
}

TEST_CASE_METHOD(PoolTest, "pool: a dead connection is replaced at checkout") {
  pool().release(checkout(), Condition::good);
  script->alive = false;
  const auto fresh = checkout();
  CHECK(script->count("connect") == 2);
  CHECK(eventually([&] { return script->open == 1; }));
  CHECK(pool().figures().in_use == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: a connection past its recycle time is replaced at checkout or closed on return") {
  settings.recycle = 200ms;
  auto pooled = checkout();
  const auto lifetime = pooled->expires - Clock::now();
  CHECK(lifetime <= 200ms);
  CHECK(lifetime > 60ms); // jitter takes at most a tenth
  pool().release(std::move(pooled), Condition::good);
  std::this_thread::sleep_for(205ms);
  pooled = checkout();
  CHECK(script->count("connect") == 2);
  std::this_thread::sleep_for(205ms);
  pool().release(std::move(pooled), Condition::good);
  CHECK(pool().figures().idle == 0);
}

TEST_CASE_METHOD(PoolTest, "pool: lifetimes are spread, so that connections do not expire together") {
  settings.size = 40;
  settings.recycle = 100s;
  std::vector<Lease> out;
  for (int i = 0; i < 40; ++i)
    out.push_back(checkout());
  const auto [least, most] =
      std::minmax_element(out.begin(), out.end(), [](const auto& a, const auto& b) { return a->expires < b->expires; });
  CHECK((*most)->expires - (*least)->expires > 2s);
  for (auto& pooled : out)
    pool().release(std::move(pooled), Condition::good);
}

TEST_CASE_METHOD(PoolTest, "pool: a lost connection closes all that are as old, and none that is younger") {
  settings.size = 3;
  auto a = checkout();
  auto b = checkout();
  auto c = checkout();
  pool().release(std::move(a), Condition::good); // idle when the loss is noticed
  pool().release(std::move(b), Condition::lost);
  auto young = checkout();
  CHECK(script->count("connect") == 4);          // the idle one was not trusted
  pool().release(std::move(c), Condition::lost); // as old as the first loss: news that is known
  pool().release(std::move(young), Condition::good);
  CHECK(pool().figures().idle == 1);
  CHECK(checkout() != nullptr);
  CHECK(script->count("connect") == 4); // the young one is trusted still
}

TEST_CASE_METHOD(PoolTest, "pool: close refuses checkouts, wakes those who wait and closes what comes back") {
  settings.size = 1;
  settings.max_overflow = 0;
  auto only = checkout();
  auto waiter = waiting_checkout();
  pool().close();
  CHECK_THROWS_AS(waiter.get(), ProgrammingError);
  CHECK_THROWS_AS(checkout(), ProgrammingError);
  CHECK(script->open == 1);
  pool().release(std::move(only), Condition::good);
  CHECK(eventually([&] { return script->open == 0; }));
}

} // namespace
} // namespace tenon
