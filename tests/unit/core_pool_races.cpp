// The pool under many threads: the order of a long queue, and handing over while the time of those who wait runs out.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/testing/effort.hpp>

#include "core_pool_support.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;
using detail::Condition;
using fake::eventually;
using fake::PoolTest;

TEST_CASE_METHOD(PoolTest, "pool: a thousand waiters are served in the order they came") {
  constexpr std::uint32_t kWaiters = 1000;
  only_one();
  settings.timeout = 120s;
  auto& shared = pool();
  auto only = checkout();
  std::mutex mutex;
  std::vector<std::uint32_t> order;
  std::vector<std::thread> threads;
  threads.reserve(kWaiters);
  for (std::uint32_t i = 0; i < kWaiters; ++i) {
    threads.emplace_back([&, i] {
      auto lease = shared.acquire(Deadline::max(), BOOST_CURRENT_LOCATION);
      {
        const std::lock_guard lock(mutex);
        order.push_back(i);
      }
      shared.release(std::move(lease), Condition::good);
    });
    const auto limit = Clock::now() + 20s;
    while (shared.figures().waiting <= i && Clock::now() < limit)
      std::this_thread::yield();
  }
  CHECK(shared.figures().waiting == kWaiters);
  shared.release(std::move(only), Condition::good);
  for (auto& thread : threads)
    thread.join();
  REQUIRE(order.size() == kWaiters);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(script->count("connect") == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: handing over while the waiter's time runs out loses nothing, a million times") {
  constexpr int kAttempts = testing::rounds(1'000'000) / (testing::kSanitized ? 5 : 1);
  constexpr int kThreads = 4;
  const auto connect = [](Deadline) -> std::unique_ptr<ISession> {
    static const auto shared = std::make_shared<fake::Script>();
    return std::make_unique<fake::Session>(shared);
  };
  only_one();
  detail::Pool shared(settings, 1s, connect, "the database");
  static_cast<void>(shared.acquire(Deadline::max(), BOOST_CURRENT_LOCATION));
  std::atomic<int> attempts{0};
  std::atomic<int> served{0};
  std::atomic<int> late{0};
  std::atomic<int> early{0};
  std::atomic<int> holders{0};
  std::atomic<int> shared_by_two{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::minstd_rand random(t + 1);
      while (attempts.fetch_add(1) < kAttempts) {
        const auto limit = Clock::now() + std::chrono::nanoseconds(random() % 6000);
        try {
          auto lease = shared.acquire(limit, BOOST_CURRENT_LOCATION);
          if (++holders != 1) ++shared_by_two;
          ++served;
          if (random() % 4 == 0) std::this_thread::yield(); // lets others come and wait
          --holders;
          shared.release(std::move(lease), Condition::good);
        } catch (const PoolTimeout&) {
          ++late;
          if (Clock::now() < limit) ++early;
        }
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  INFO(served << " served, " << late << " too late");
  CHECK(served + late == kAttempts);
  CHECK(late > kAttempts / 1000); // both happen, or nothing was raced
  CHECK(served > kAttempts / 1000);
  CHECK(early == 0);
  CHECK(shared_by_two == 0);
  const PoolFigures figures = shared.figures();
  CHECK(figures.in_use == 0);
  CHECK(figures.waiting == 0);
  CHECK(figures.timeouts == static_cast<std::uint64_t>(late));
  CHECK(figures.use_time.count() == static_cast<std::uint64_t>(served) + 1);
  CHECK(shared.acquire(Deadline::max(), BOOST_CURRENT_LOCATION) != nullptr); // the one connection is not lost
}

TEST_CASE_METHOD(PoolTest, "pool: threads that lose, doubt, leak and give up never exceed the limit, nor stall") {
  settings.size = 3;
  settings.max_overflow = 2;
  settings.min_idle = 1;
  settings.timeout = 30s;
  auto& shared = pool();
  std::atomic<std::uint64_t> gone_wrong{0};
  script->during("connect", [turn = std::make_shared<std::atomic<int>>(0)] {
    const int now = ++*turn;
    if (now % 11 == 0) throw_error(fake::retryable(ErrorCode::not_ready));
    if (now % 37 == 0) throw_error(fake::error(ErrorCode::connection));
  });
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      std::minstd_rand random(t + 1);
      for (int i = 0; i < 300; ++i) {
        try {
          const auto limit =
              random() % 5 == 0 ? Clock::now() + std::chrono::microseconds(random() % 300) : Deadline::max();
          auto lease = shared.acquire(limit, BOOST_CURRENT_LOCATION);
          switch (random() % 12) {
            case 0: shared.release(std::move(lease), Condition::lost); break;
            case 1: shared.release(std::move(lease), Condition::doubtful); break;
            case 2: shared.release(std::move(lease), Condition::unsettled); break;
            case 3: lease.reset(); break;
            default: shared.release(std::move(lease), Condition::good);
          }
        } catch (const PoolTimeout&) { // asked for
        } catch (const ConnectionError&) {
        } catch (const std::exception&) {
          ++gone_wrong;
        }
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(gone_wrong == 0);
  CHECK(script->most_open <= 5);
  // The last connect may have failed for good, which pauses the spares until one succeeds: the next who asks sees to
  // it.
  const auto served = [&] {
    try {
      shared.release(shared.acquire(Deadline::max(), BOOST_CURRENT_LOCATION), Condition::good);
      return true;
    } catch (const ConnectionError&) {
      return false;
    }
  };
  CHECK((served() || served()));
  CHECK(eventually([&] {
    const auto figures = shared.figures();
    return figures.closing == 0 && figures.connecting == 0 && figures.idle >= 1 &&
           static_cast<int>(figures.idle) == script->open;
  }));
  CHECK(shared.figures().in_use == 0);
  CHECK(shared.close(Clock::now() + 5s));
  CHECK(script->open == 0);
}

} // namespace
} // namespace tenon
