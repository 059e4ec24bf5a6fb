// Contract: stores under threads: the pool's limits and order over real sessions, and transactions that run again.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "models.hpp"
#include "support.hpp"

namespace tenon::contract {
namespace {

using namespace std::chrono_literals;

StoreSettings small_pool() {
  StoreSettings settings;
  settings.pool.size = 2;
  settings.pool.max_overflow = 1;
  settings.pool.timeout = 20s;
  settings.retry.attempts = 200;
  settings.retry.base_delay = 1ms;
  settings.retry.max_delay = 20ms;
  return settings;
}

void touch(Session& session) { static_cast<void>(Repository<Counter>{session}.count()); }

TEST_CASE("pool: connections are reused, limited, and closed beyond the pool's size") {
  Database database;
  Store store = database.store(small_pool());
  store.create_tables<Counter>();
  for (int i = 0; i < 10; ++i) {
    Session session = store.session();
    touch(session);
    session.commit();
  }
  CHECK(store.figures().created == 1);
  {
    Session a = store.session();
    Session b = store.session();
    Session c = store.session();
    for (Session* session : {&a, &b, &c})
      touch(*session);
    CHECK(store.figures().in_use == 3);
  }
  CHECK(store.figures().in_use == 0);
  CHECK(store.figures().idle == 2);
}

TEST_CASE("pool: a checkout beyond the limit waits, is served when one comes back, or times out") {
  Database database;
  StoreSettings settings = small_pool();
  settings.pool.size = 1;
  settings.pool.max_overflow = 0;
  settings.pool.timeout = 300ms;
  Store store = database.store(settings);
  store.create_tables<Counter>();
  std::optional<Session> holder(store.session());
  touch(*holder);
  CHECK_THROWS_AS(store.ping(), PoolTimeout);
  CHECK(store.figures().timeouts == 1);
  auto waiting = std::async(std::launch::async, [&] { store.ping(); });
  while (store.figures().waiting == 0 && waiting.wait_for(0s) != std::future_status::ready)
    std::this_thread::yield();
  holder.reset();
  CHECK_NOTHROW(waiting.get());
}

TEST_CASE("pool: many threads share few connections and lose nothing") {
  Database database;
  Store store = database.store(small_pool());
  store.create_tables<Author>();
  std::atomic<std::uint32_t> most{0};
  const auto errors = in_threads(8, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      store.transaction([&](Session& session) {
        Repository<Author>{session}.create({.name = std::to_string(thread) + "." + std::to_string(i)});
        const std::uint32_t in_use = store.figures().in_use;
        std::uint32_t before = most;
        while (before < in_use && !most.compare_exchange_weak(before, in_use)) {}
      });
    }
  });
  CHECK(errors == std::vector<std::string>{});
  CHECK(most <= 3);
  CHECK(store.figures().in_use == 0);
  Session session = store.session();
  CHECK(Repository<Author>{session}.count() == 160);
}

TEST_CASE("transaction: read-modify-write by many threads adds up, because conflicts run again") {
  Database database;
  Store store = database.store(small_pool());
  store.create_tables<Counter>();
  store.transaction([](Session& session) { Repository<Counter>{session}.create({.name = "hits", .value = 0}); });
  std::atomic<int> runs{0};
  const auto add_one = [&](Session& session) {
    ++runs;
    Repository<Counter> counters{session};
    Counter counter = counters.get("hits");
    ++counter.value;
    counters.update(counter);
  };
  if (!database.can(Capability::transactions)) {
    store.transaction(add_one);
    CHECK(runs == 1);
    return;
  }
  const auto errors = in_threads(4, [&](int) {
    for (int i = 0; i < 15; ++i)
      store.transaction({.isolation = Isolation::serializable}, add_one);
  });
  CHECK(errors == std::vector<std::string>{});
  Session session = store.session();
  CHECK(Repository<Counter>{session}.get("hits").value == 60);
  CHECK(runs >= 60);
}

TEST_CASE("store: sessions that are out when it closes may finish; no new ones are given") {
  Database database;
  std::optional<Store> store(database.store(small_pool()));
  store->create_tables<Author>();
  Session out = store->session();
  Repository<Author>{out}.create({.name = "a"});
  store->close();
  CHECK_THROWS_AS(store->ping(), ProgrammingError);
  store.reset();
  out.commit();
  Store again = database.store();
  Session session = again.session();
  CHECK(Repository<Author>{session}.count() == 1);
}

} // namespace
} // namespace tenon::contract
