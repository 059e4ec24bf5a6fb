// Places: connections that others open within the pool's limit, as who asks what became of a COMMIT.

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/repository.hpp>
#include <tenon/core/session.hpp>
#include <tenon/core/store.hpp>
#include <tenon/testing/latency.hpp>

#include "core_models.hpp"
#include "core_pool_support.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;
using detail::Condition;
using detail::Lease;
using detail::Place;
using fake::eventually;
using fake::PoolTest;
using testing::kLateness;

struct PlaceTest : PoolTest {
  [[nodiscard]] Place reserve(Deadline limit = Deadline::max()) {
    return pool().reserve(limit, BOOST_CURRENT_LOCATION);
  }
  std::future<Place> waiting_for_a_place() {
    auto asker = std::async(std::launch::async, [this] { return reserve(); });
    CHECK(asker.wait_for(20ms) == std::future_status::timeout);
    return asker;
  }
};

template <class T> bool ready(const std::future<T>& future) { return future.wait_for(2s) == std::future_status::ready; }

TEST_CASE_METHOD(PlaceTest, "place: it counts against the limit, and is there again when it is given back") {
  only_one();
  Place place = reserve();
  CHECK_THROWS_AS(checkout(Clock::now() + 20ms), PoolTimeout);
  CHECK(script->count("connect") == 0);
  auto waiter = waiting_checkout();
  place.reset();
  REQUIRE(ready(waiter));
  CHECK(waiter.get() != nullptr);
}

TEST_CASE_METHOD(PlaceTest, "place: where all are taken an idle connection is closed for it, and closed first") {
  only_one();
  pool().release(checkout(), Condition::good);
  REQUIRE(pool().figures().idle == 1);
  const Place place = reserve();
  CHECK(script->open == 0);
  CHECK(pool().figures().idle == 0);
  CHECK(pool().figures().timeouts == 0);
}

TEST_CASE_METHOD(PlaceTest, "place: the next connection that comes back gives way, before those who wait for one") {
  only_one();
  auto lease = checkout();
  auto waiter = waiting_checkout();
  auto asker = waiting_for_a_place();
  pool().release(std::move(lease), Condition::good);
  REQUIRE(ready(asker));
  Place place = asker.get();
  CHECK(script->open == 0);
  CHECK(waiter.wait_for(0s) == std::future_status::timeout);
  place.reset();
  REQUIRE(ready(waiter));
  CHECK(waiter.get() != nullptr);
  CHECK(script->most_open == 1);
}

TEST_CASE_METHOD(PlaceTest, "place: one that is closed anyway gives way, and no second one") {
  settings.size = 2;
  settings.max_overflow = 0;
  auto first = checkout();
  auto second = checkout();
  std::promise<void> go;
  script->during("close", [gate = go.get_future().share()] { gate.wait(); });
  auto asker = waiting_for_a_place();
  pool().release(std::move(first), Condition::doubtful); // slow to close
  pool().release(std::move(second), Condition::good);
  CHECK(pool().figures().idle == 1);
  CHECK(asker.wait_for(20ms) == std::future_status::timeout); // until it is closed
  go.set_value();
  REQUIRE(ready(asker));
  CHECK(asker.get() != nullptr);
  CHECK(pool().figures().idle == 1);
}

TEST_CASE_METHOD(PlaceTest, "place: waiting ends at the deadline with the pool's state, and at close") {
  only_one();
  auto lease = checkout();
  const auto limit = Clock::now() + 30ms;
  CHECK_THROWS_WITH(reserve(limit), Catch::Contains("(the caller's deadline): 1 in use"));
  CHECK(Clock::now() >= limit);
  CHECK(Clock::now() < limit + kLateness);
  CHECK(pool().figures().timeouts == 1);
  auto asker = waiting_for_a_place();
  pool().close();
  REQUIRE(ready(asker));
  CHECK_THROWS_AS(asker.get(), ProgrammingError);
  CHECK_THROWS_AS(reserve(), ProgrammingError);
}

TEST_CASE_METHOD(PlaceTest, "place: close with a deadline waits for the places") {
  Place place = reserve();
  CHECK_FALSE(pool().close(Clock::now() + 20ms));
  place.reset();
  CHECK(pool().close(Clock::now() + 20ms));
}

TEST_CASE_METHOD(PlaceTest, "place: threads that fight for places and connections never exceed the limit, nor stall") {
  settings.timeout = 30s;
  auto& shared = pool(); // made before there are threads
  std::vector<std::thread> threads;
  for (int number = 0; number < 8; ++number) {
    threads.emplace_back([&, number] {
      for (int i = 0; i < 200; ++i) {
        if (number % 2 == 0) {
          auto lease = shared.acquire(Deadline::max(), BOOST_CURRENT_LOCATION);
          shared.release(std::move(lease), i % 5 == 0 ? Condition::doubtful : Condition::good);
        } else {
          const Place place = shared.reserve(Deadline::max(), BOOST_CURRENT_LOCATION);
          const fake::Session own(script);
        }
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(script->most_open <= 3);
  CHECK(shared.figures().waiting == 0);
  CHECK(shared.figures().timeouts == 0);
  CHECK(eventually([&] { return shared.figures().connecting == 0 && shared.figures().closing == 0; }));
}

// The backend asks over a connection of its own: with those of the pool it must not be one too many.
TEST_CASE("resolve: what asks about a COMMIT takes the place of a connection") {
  const auto script = std::make_shared<fake::Script>();
  StoreSettings settings;
  settings.pool.size = 2;
  settings.pool.max_overflow = 0;
  settings.pool.timeout = 30s;
  script->during("resolve 7:42", [&] {
    const fake::Session own(script);
    std::this_thread::sleep_for(2ms);
  });
  constexpr int kUnits = 20;
  script->outcomes.assign(2 * kUnits, Outcome::committed);
  for (int i = 0; i < kUnits; ++i) {
    ErrorInfo lost = fake::broken(ErrorCode::commit_unknown);
    lost.transaction = "7:42";
    script->fail("commit", lost);
  }
  Store store(std::make_shared<fake::Backend>(script), settings);
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int number = 0; number < 6; ++number) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        store.transaction([](Session& session) { static_cast<void>(Repository<fake::Team>{session}.count()); });
        ++done;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(done == 60);
  CHECK(script->count("resolve 7:42") == kUnits);
  CHECK(script->most_open <= 2);
}

} // namespace
} // namespace tenon
