// How connections leave the pool: settled or closed in the background, watched while they are out, and the pool's end.

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/log.hpp>
#include <tenon/testing/latency.hpp>

#include "core_pool_support.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;
using detail::Condition;
using detail::Lease;
using fake::Events;
using fake::eventually;
using fake::PoolTest;
using testing::kLateness;
using Kind = PoolEvent::Kind;
using Reason = PoolEvent::Reason;

/// Lines of the log while it lives.
class Log {
public:
  Log() {
    set_log_sink([this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    });
  }
  ~Log() { set_log_sink({}); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

TEST_CASE_METHOD(PoolTest, "pool: a slow close holds up neither who gives back nor the lock, and keeps its slot") {
  only_one();
  auto only = checkout();
  std::promise<void> go;
  script->during("close", [gate = go.get_future().share()] { gate.wait(); });
  const auto begin = Clock::now();
  pool().release(std::move(only), Condition::doubtful);
  CHECK(Clock::now() - begin < kLateness);
  CHECK(pool().figures().closing == 1);
  auto waiter = waiting_checkout();
  CHECK(waiter.wait_for(30ms) != std::future_status::ready); // the server still counts the old one
  CHECK(script->count("connect") == 1);
  go.set_value();
  CHECK(waiter.get() != nullptr);
  CHECK(script->most_open == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: an unsettled connection is rolled back in the background and lent again") {
  only_one();
  auto only = checkout();
  std::promise<void> go;
  script->during("reset", [gate = go.get_future().share()] { gate.wait(); });
  const auto begin = Clock::now();
  pool().release(std::move(only), Condition::unsettled);
  CHECK(Clock::now() - begin < kLateness);
  REQUIRE(eventually([&] { return script->count("reset") == 1; }));
  CHECK(script->last_deadline != 0);
  CHECK(Deadline(Clock::duration(script->last_deadline.load())) <= Clock::now() + 2s);
  auto waiter = waiting_checkout();
  go.set_value();
  CHECK(waiter.get() != nullptr);
  CHECK(script->count("connect") == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: an unsettled connection that cannot be rolled back is closed") {
  script->fail("reset", fake::error(ErrorCode::timeout));
  pool().release(checkout(), Condition::unsettled);
  CHECK(eventually([&] { return script->open == 0 && pool().figures().closing == 0; }));
  CHECK(pool().figures().idle == 0);
}

TEST_CASE_METHOD(PoolTest, "pool: a lease that is dropped goes back and is not trusted") {
  { auto dropped = checkout(); }
  CHECK(pool().figures().in_use == 0);
  CHECK(eventually([&] { return script->open == 0; }));
}

TEST_CASE_METHOD(PoolTest, "pool: the connection least used goes when it is old, though nobody asks for it") {
  settings.recycle = 200ms;
  auto a = checkout();
  auto b = checkout();
  pool().release(std::move(a), Condition::good); // the bottom of the stack
  pool().release(std::move(b), Condition::good);
  const auto old = Clock::now() + 200ms;
  REQUIRE(eventually([&] {
    pool().release(checkout(), Condition::good); // the top alone is used
    return Clock::now() > old && script->count("connect") >= 3;
  }));
  CHECK(eventually([&] { return script->open == 1; }));
}

TEST_CASE_METHOD(PoolTest, "pool: a session held too long is reported once, with its place, though nobody else comes") {
  Events events;
  observer = events.observer();
  settings.leak_after = 30ms;
  const Log log;
  auto leaked = checkout(Deadline::max(), boost::source_location("somewhere.cpp", 42, "void leaky()"));
  REQUIRE(eventually([&] { return !log.lines().empty(); }));
  CHECK_THAT(log.lines().front(),
             Catch::Contains("the database") && Catch::Contains("somewhere.cpp:42") && Catch::Contains("void leaky()"));
  auto second = checkout(Deadline::max(), boost::source_location("elsewhere.cpp", 7, "f"));
  REQUIRE(eventually([&] { return log.lines().size() == 2; }));
  CHECK_THAT(log.lines().back(), Catch::Contains("elsewhere.cpp:7"));
  std::this_thread::sleep_for(70ms);
  CHECK(log.lines().size() == 2);
  CHECK(events.count(Kind::leak) == 2);
  pool().release(std::move(leaked), Condition::good);
  leaked = checkout(); // another use of the same connection is another leak
  CHECK(eventually([&] { return log.lines().size() == 3; }));
  pool().close(); // the watch ends with the pool
}

TEST_CASE_METHOD(PoolTest, "pool: short uses are no leaks") {
  settings.leak_after = 300ms;
  const Log log;
  const auto end = Clock::now() + 700ms;
  while (Clock::now() < end)
    pool().release(checkout(), Condition::good);
  CHECK(log.lines().empty());
}

TEST_CASE_METHOD(PoolTest, "pool: with leak detection on a timeout says who holds the connections") {
  settings.leak_after = 10s;
  settings.timeout = 20ms;
  const boost::source_location here("report.cpp", 12, "");
  auto a = checkout(Deadline::max(), here);
  auto b = checkout(Deadline::max(), here);
  auto c = checkout(Deadline::max(), boost::source_location("job.cpp", 9, ""));
  CHECK_THROWS_WITH(checkout(), Catch::Contains("in use by job.cpp:9 (1) report.cpp:12 (2)"));
}

TEST_CASE_METHOD(PoolTest,
                 "pool: close with a deadline waits for those who hold connections, and fails those who wait") {
  only_one();
  auto only = checkout();
  auto waiter = waiting_checkout();
  auto closing = std::async(std::launch::async, [this] { return pool().close(Clock::now() + 20s); });
  CHECK_THROWS_AS(waiter.get(), ProgrammingError);
  CHECK_THROWS_AS(checkout(), ProgrammingError);
  CHECK(closing.wait_for(30ms) != std::future_status::ready);
  pool().release(std::move(only), Condition::good);
  CHECK(closing.get());
  CHECK(script->open == 0);
  CHECK(script->count("cancel") == 0);
}

TEST_CASE_METHOD(PoolTest, "pool: when the deadline of close passes, what is out is cancelled and may do no more") {
  auto held = checkout();
  CHECK_FALSE(held->revoked);
  std::promise<void> cancelled;
  script->during("cancel", [&] { cancelled.set_value(); });
  auto holder = std::async(std::launch::async, [&] {
    cancelled.get_future().wait(); // as a call that ends with Cancelled
    const bool revoked = held->revoked;
    pool().release(std::move(held), Condition::doubtful);
    return revoked;
  });
  const auto limit = Clock::now() + 30ms;
  CHECK(pool().close(limit));
  CHECK(Clock::now() >= limit);
  CHECK(Clock::now() < limit + kLateness + 100ms);
  CHECK(holder.get());
  CHECK(script->open == 0);
}

TEST_CASE_METHOD(PoolTest,
                 "pool: close does not wait for a holder that never comes back, nor for a cancel that blocks") {
  auto held = checkout();
  std::promise<void> go;
  script->during("cancel", [gate = go.get_future().share()] { gate.wait(); });
  const auto limit = Clock::now() + 20ms;
  CHECK_FALSE(pool().close(limit));
  CHECK(Clock::now() < limit + kLateness + 100ms);
  pool().release(std::move(held), Condition::good); // while the cancel is under way: it keeps the session
  CHECK(script->open == 1);
  go.set_value();
  CHECK(eventually([&] { return script->open == 0 && pool().figures().closing == 0; }));
}

TEST_CASE_METHOD(PoolTest, "pool: a close that cancels a validation waits for it before the session goes") {
  settings.ping_after = 1ms;
  pool().release(checkout(), Condition::good);
  std::this_thread::sleep_for(5ms);
  std::promise<void> asked;
  std::promise<void> cancelled;
  std::atomic<bool> gone_early{false};
  std::atomic<bool> returned{false};
  script->during("ping", [&, until = cancelled.get_future().share()] {
    asked.set_value();
    until.wait();
    throw_error(fake::broken());
  });
  script->during("cancel", [&] {
    cancelled.set_value();
    gone_early = eventually([&] { return script->open == 0; }, 100ms); // while it is at work on the session
    returned = true;
  });
  auto holder = std::async(std::launch::async, [&] { static_cast<void>(checkout()); });
  asked.get_future().wait();
  static_cast<void>(pool().close(Clock::now() + 1ms));
  CHECK_THROWS_AS(holder.get(), ProgrammingError);
  CHECK(eventually([&] { return returned && script->open == 0 && pool().figures().closing == 0; }));
  CHECK_FALSE(gone_early);
}

TEST_CASE_METHOD(PoolTest, "pool: closing while some wait, some hold and some connect leaves nothing open") {
  settings.size = 4;
  settings.max_overflow = 2;
  for (int round = 0; round < 20; ++round) {
    made.reset();
    auto& shared = pool();
    std::atomic<int> refused{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 12; ++t) {
      threads.emplace_back([&] {
        try {
          for (;;)
            shared.release(shared.acquire(Deadline::max(), BOOST_CURRENT_LOCATION), Condition::good);
        } catch (const ProgrammingError&) {
          ++refused;
        }
      });
    }
    std::this_thread::sleep_for(1ms);
    CHECK(shared.close(Clock::now() + 10s));
    for (auto& thread : threads)
      thread.join();
    CHECK(refused == 12);
    CHECK(script->open == 0);
    CHECK(shared.figures().in_use + shared.figures().idle + shared.figures().closing == 0);
  }
  CHECK(script->most_open <= 6);
}

TEST_CASE_METHOD(PoolTest, "pool: a connect that is under way when the pool goes harms nobody") {
  std::promise<void> go;
  script->during("connect", [gate = go.get_future().share()] { gate.wait(); });
  CHECK_THROWS_AS(checkout(Clock::now() + 5ms), PoolTimeout);
  const auto begin = Clock::now();
  made.reset();
  CHECK(Clock::now() - begin < 250ms + kLateness);
  go.set_value();
  CHECK(eventually([&] { return script->count("connect") == 1 && script.use_count() <= 2 && script->open == 0; }));
}

TEST_CASE_METHOD(PoolTest, "pool: events tell what happens, and one that throws changes nothing") {
  Events events;
  observer = [&, note = events.observer()](const PoolEvent& event) {
    note(event);
    throw std::runtime_error("observers may be bad");
  };
  only_one();
  auto only = checkout();
  // Told by the thread that connected, which need not be done when the session is already in use.
  CHECK(eventually([&] { return events.count(Kind::created) == 1; }));
  CHECK_THROWS_AS(checkout(Clock::now() + 20ms), PoolTimeout);
  REQUIRE(events.count(Kind::checkout_timeout) == 1);
  CHECK_THAT(events.of(Kind::checkout_timeout)[0].message, Catch::Contains("1 in use"));
  pool().release(std::move(only), Condition::lost);
  CHECK(events.count(Kind::generation_raised) == 1);
  CHECK(eventually([&] { return events.count(Kind::closed, Reason::lost) == 1; }));
  script->fail("connect", fake::error(ErrorCode::connection, "no such host"));
  CHECK_THROWS_AS(checkout(), ConnectionError);
  CHECK(eventually([&] { return events.count(Kind::connect_failed) == 1; }));
  pool().release(checkout(), Condition::good);
  pool().close();
  CHECK(events.count(Kind::closed, Reason::closing) == 1);
}

TEST_CASE_METHOD(PoolTest, "pool: figures carry OpenTelemetry's names, and times are sorted into its buckets") {
  only_one();
  auto only = checkout();
  auto waiter = waiting_checkout();
  std::this_thread::sleep_for(15ms);
  pool().release(std::move(only), Condition::good);
  pool().release(waiter.get(), Condition::good);
  pool().release(checkout(), Condition::good);
  const PoolFigures figures = pool().figures();
  CHECK(figures.wait_time.count() == 3);
  CHECK(figures.use_time.count() == 3);
  CHECK(figures.create_time.count() == 1);
  CHECK(figures.wait_time.sum >= 0.015);
  CHECK(figures.wait_time.counts[0] >= 1); // the last one did not wait
  std::vector<std::string> names;
  for (const PoolMetric& metric : pool_metrics(figures))
    names.emplace_back(metric.name);
  for (const char* name : {"count", "idle.max", "idle.min", "max", "pending_requests", "timeouts", "create_time",
                           "wait_time", "use_time"}) {
    CHECK_THAT(names, Catch::VectorContains("db.client.connection." + std::string(name)));
  }
}

TEST_CASE("duration histogram: a value on a bound is below it") {
  DurationHistogram histogram;
  for (const auto took : {0ms, 1ms, 2ms, 10000ms, 10001ms})
    histogram.record(took);
  CHECK(histogram.counts[0] == 2);
  CHECK(histogram.counts[1] == 1);
  CHECK(histogram.counts[8] == 1);
  CHECK(histogram.counts[9] == 1);
  CHECK(histogram.count() == 5);
  CHECK(histogram.sum == Approx(20.004));
}

} // namespace
} // namespace tenon
