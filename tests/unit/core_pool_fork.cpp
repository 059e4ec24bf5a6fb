// The pool across fork(): the child does not touch what the parent opened, and works with connections of its own.

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/log.hpp>
#include <tenon/core/session.hpp>
#include <tenon/core/store.hpp>
#include <tenon/testing/effort.hpp>
#include <tenon/testing/fork.hpp>

#include "core_pool_support.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;
using detail::Condition;
using detail::Pool;
using fake::PoolTest;
using fake::Script;
using testing::in_child;

/// Whether a child may start threads, as the pool does: under ThreadSanitizer a process that has some may not fork one.
bool can_fork() {
#if defined(__SANITIZE_THREAD__)
  const bool can = false;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  const bool can = false;
#else
  const bool can = true;
#endif
#else
  const bool can = true;
#endif
  if (!can) WARN("fork() with threads is not tested under ThreadSanitizer");
  return can;
}

TEST_CASE_METHOD(PoolTest, "pool: a child leaves the parent's connections alone and opens its own") {
  if (!can_fork()) return;
  auto held = checkout();
  pool().release(checkout(), Condition::good);
  REQUIRE(pool().figures().idle == 1);
  REQUIRE(script->count("connect") == 2);
  const std::size_t resets = script->count("reset");
  CHECK_FALSE(held->inherited());
  script->forget_calls();
  CHECK(in_child([&] {
          if (!held->inherited()) return 1;
          auto own = checkout();
          if (own->inherited()) return 2;
          if (script->count("connect") != 1) return 3;
          if (script->open != 2) return 4; // the idle one was destroyed, the held one is the holder's
          pool().release(std::move(held), Condition::good);
          if (script->count("reset") != 0) return 5; // nothing is said on the parent's connection
          if (script->open != 1) return 6;
          pool().release(std::move(own), Condition::good);
          const PoolFigures figures = pool().figures();
          return figures.idle == 1 && figures.created == 1 && figures.in_use == 0 ? 0 : 7;
        }) == 0);
  CHECK(resets == 1);
  CHECK_FALSE(held->inherited());
  pool().release(std::move(held), Condition::good); // the parent's pool is as it was
  CHECK(pool().figures().idle == 2);
  CHECK(script->open == 2);
}

TEST_CASE_METHOD(PoolTest, "pool: a child of a child opens its own connections again") {
  if (!can_fork()) return;
  pool().release(checkout(), Condition::good);
  CHECK(in_child([&] {
          pool().release(checkout(), Condition::good);
          if (script->count("connect") != 2) return 1;
          const pid_t grandchild = ::fork();
          if (grandchild == 0) {
            pool().release(checkout(), Condition::good);
            ::_exit(script->count("connect") == 3 && pool().figures().created == 1 ? 0 : 1);
          }
          int status = -1;
          if (::waitpid(grandchild, &status, 0) != grandchild) return 2;
          return status == 0 ? 0 : 3;
        }) == 0);
}

TEST_CASE("pool: a child made while threads are inside of the pool finds no lock held") {
  if (testing::kSanitized) { // a child inherits the locks of their allocators, which do not let go of them at a fork
    WARN("fork() beside threads at work is not tested under sanitizers");
    return;
  }
  constexpr int kForks = 100;
  PoolSettings settings;
  settings.size = 2;
  settings.max_overflow = 1;
  settings.timeout = 10s;
  const auto connect = [](Deadline) -> std::unique_ptr<ISession> {
    return std::make_unique<fake::Session>(std::make_shared<Script>()); // of its own: no lock that a child inherits
  };
  Pool pool(settings, 1s, connect, "the database");
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; !stop; ++i)
        pool.release(pool.acquire(Deadline::max(), BOOST_CURRENT_LOCATION),
                     (i + t) % 50 == 0 ? Condition::doubtful : Condition::good);
    });
  }
  int wrong = 0;
  for (int i = 0; i < kForks; ++i) {
    wrong += in_child([&] {
               for (int n = 0; n < 5; ++n)
                 pool.release(pool.acquire(Deadline::max(), BOOST_CURRENT_LOCATION), Condition::good);
               return pool.figures().created == 1 ? 0 : 1;
             }) == 0
                 ? 0
                 : 1;
  }
  stop = true;
  for (auto& thread : threads)
    thread.join();
  CHECK(wrong == 0);
}

TEST_CASE_METHOD(PoolTest, "pool: what was closed before the fork is closed in the child") {
  if (!can_fork()) return;
  pool().close();
  CHECK(in_child([&] {
          try {
            static_cast<void>(checkout());
          } catch (const ProgrammingError&) {
            return 0;
          }
          return 1;
        }) == 0);
}

TEST_CASE("log: a child made while another thread is in the sink can log without waiting for it") {
  std::promise<void> inside;
  std::promise<void> go;
  set_log_sink([&, gate = go.get_future().share()](LogLevel, std::string_view) {
    inside.set_value();
    gate.wait();
  });
  std::thread busy([] { log(LogLevel::info, "takes long"); });
  inside.get_future().wait();
  CHECK(in_child([&] {
          log(LogLevel::info, "would wait for ever");
          int heard = 0;
          set_log_sink([&](LogLevel, std::string_view) { ++heard; });
          log(LogLevel::info, "its own");
          return heard == 1 ? 0 : 1;
        }) == 0);
  go.set_value();
  busy.join();
  set_log_sink({});
}

TEST_CASE_METHOD(PoolTest, "pool: a store that goes in the child takes nothing of the parent's with it") {
  if (!can_fork()) return;
  pool().release(checkout(), Condition::good);
  CHECK(in_child([&] {
          made.reset();
          return script->open == 1 ? 0 : 1;
        }) == 0);
  CHECK(checkout() != nullptr);
  CHECK(script->count("connect") == 1);
}

TEST_CASE("session: rows that a parent was reading are not read on in its child") {
  if (!can_fork()) return;
  const auto script = std::make_shared<Script>();
  script->rows = {{Cell::int64(1)}, {Cell::int64(2)}, {Cell::int64(3)}};
  Store store(std::make_shared<fake::Backend>(script), StoreSettings{});
  Session session = store.session();
  const auto cursor = session.execute("SELECT id FROM t");
  RowBatch batch;
  REQUIRE(cursor->next(batch));
  CHECK(in_child([&] {
          const std::size_t fetches = script->count("fetch");
          try {
            static_cast<void>(cursor->next(batch));
            return 1;
          } catch (const ConnectionError& error) {
            if (error.message().find("forked") == std::string::npos) return 2;
          }
          return script->count("fetch") == fetches ? 0 : 3; // not a word on the parent's connection
        }) == 0);
  CHECK(cursor->next(batch));
}

} // namespace
} // namespace tenon
