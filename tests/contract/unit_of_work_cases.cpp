// Contract: units of work through a store: transactions that conflict and run again, deadlines and cancellation of
// sessions, and what a COMMIT that fails leaves behind.

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "long_search.hpp"
#include "models.hpp"
#include "support.hpp"

namespace tenon::contract {
namespace {

using namespace std::chrono_literals;

/// A promise of 250 ms, with room for a busy machine and a sanitizer.
constexpr auto kAtMost = 2s;

StoreSettings patient() {
  StoreSettings settings;
  settings.retry.attempts = 100;
  settings.retry.base_delay = 1ms;
  settings.retry.max_delay = 20ms;
  return settings;
}

/// Two counters, "a" and "b", of 1 each.
struct TwoCounters {
  Database database;
  Store store;

  explicit TwoCounters(const StoreSettings& settings = patient()) : store(database.store(settings)) {
    store.create_tables<Counter>();
    store.transaction([](Session& session) {
      Repository<Counter>{session}.create({.name = "a", .value = 1});
      Repository<Counter>{session}.create({.name = "b", .value = 1});
    });
  }
  std::int64_t value(const char* name) {
    Session session = store.session();
    return Repository<Counter>{session}.get(name).value;
  }
  /// How many runs there were of `work(session, mine, other)` in two threads, one with ("a", "b"), one with ("b", "a").
  template <class Work> int in_two_threads(const SessionOptions& options, Work work) {
    std::atomic<int> runs{0};
    const auto errors = in_threads(2, [&](int i) {
      store.transaction(options, [&](Session& session) {
        ++runs;
        Repository<Counter> counters{session};
        work(counters, i == 0 ? "a" : "b", i == 0 ? "b" : "a");
      });
    });
    CHECK(errors.empty());
    return runs;
  }
};

/// Where two threads meet, once; where a backend lets only one of them get there, it goes on alone.
class Meeting {
public:
  void arrive() {
    std::unique_lock lock(mutex_);
    if (over_) return;
    if (waits_) {
      met_ = over_ = true;
      changed_.notify_all();
      return;
    }
    waits_ = true;
    changed_.wait_for(lock, 500ms, [&] { return over_; });
    over_ = true;
  }
  [[nodiscard]] bool met() const { return met_; }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waits_ = false;
  bool over_ = false;
  bool met_ = false;
};

// ---- conflicts ------------------------------------------------------------------------------------------------------

TEST_CASE("unit of work: of two that skew each other's writes at SERIALIZABLE one runs again, and sees the other") {
  TwoCounters t;
  if (!t.database.can(Capability::transactions)) return;
  Meeting meeting;
  const int runs = t.in_two_threads({.isolation = Isolation::serializable}, [&](auto& counters, auto* mine, auto*) {
    std::int64_t sum = 0;
    for (const Counter& counter : counters.list())
      sum += counter.value;
    meeting.arrive();
    if (sum >= 2) counters.update(Counter{mine, 0}); // one of both has to stay
  });
  CHECK(t.value("a") + t.value("b") == 1);
  CHECK(runs >= (meeting.met() ? 3 : 2));
}

TEST_CASE("unit of work: of two that lock each other out one runs again, and both are carried out") {
  TwoCounters t;
  if (!t.database.can(Capability::transactions)) return;
  Meeting meeting;
  // What is read is written: below REPEATABLE READ a run that reads before the other commits would overwrite its value.
  const SessionOptions options{.isolation = Isolation::repeatable_read};
  const int runs = t.in_two_threads(options, [&](auto& counters, auto* mine, auto* other) {
    counters.update(Counter{mine, counters.get(mine).value + 1});
    meeting.arrive();
    counters.update(Counter{other, counters.get(other).value + 1});
  });
  CHECK(t.value("a") == 3);
  CHECK(t.value("b") == 3);
  CHECK(runs >= (meeting.met() ? 3 : 2));
}

TEST_CASE("unit of work: an exception of the application undoes everything and is not tried again") {
  TwoCounters t;
  if (!t.database.can(Capability::transactions)) return;
  int runs = 0;
  CHECK_THROWS_AS(t.store.transaction([&](Session& session) {
    ++runs;
    Repository<Counter>{session}.update(Counter{"a", 100});
    throw 7;
  }),
                  int);
  CHECK(runs == 1);
  CHECK(t.value("a") == 1);
}

TEST_CASE("unit of work: read-only, it refuses to write, once, and keeps its connection") {
  TwoCounters t;
  if (!t.database.can(Capability::transactions)) return;
  const auto opened = t.store.figures().created;
  int runs = 0;
  CHECK_THROWS_AS(t.store.transaction({.read_only = true},
                                      [&](Session& session) {
                                        ++runs;
                                        Repository<Counter>{session}.update(Counter{"a", 100});
                                      }),
                  ReadOnly);
  CHECK(runs == 1);
  CHECK(t.value("a") == 1);
  CHECK(t.store.figures().created == opened);
}

TEST_CASE("unit of work: a constraint that is checked at COMMIT fails it, and nothing is left") {
  Database database;
  Store store = database.store(patient());
  if (!database.can(Capability::sql) || !database.can(Capability::foreign_keys)) return;
  const auto run = [](Session& session, const char* sql) {
    RowBatch rows;
    const auto cursor = session.execute(sql);
    while (cursor->next(rows)) {}
  };
  store.transaction([&](Session& session) {
    run(session, "CREATE TABLE ends (id integer PRIMARY KEY)");
    run(session, "CREATE TABLE starts (id integer PRIMARY KEY, to_end integer REFERENCES ends (id) "
                 "DEFERRABLE INITIALLY DEFERRED)");
  });
  int hooks = 0;
  int runs = 0;
  const auto dangling = [&](Session& session) {
    ++runs;
    session.after_commit([&] { ++hooks; });
    run(session, "INSERT INTO starts (id, to_end) VALUES (1, 1)");
  };
  try {
    store.transaction(dangling);
    FAIL("committed");
  } catch (const IntegrityError& error) {
    CHECK(error.kind() == IntegrityKind::foreign_key);
  }
  Session session = store.session();
  dangling(session);
  CHECK_THROWS_AS(session.commit(), IntegrityError);
  CHECK_FALSE(session.active());
  CHECK(runs == 2);
  CHECK(hooks == 0);
  dangling(session);
  run(session, "INSERT INTO ends (id) VALUES (1)"); // in time
  session.commit();
  CHECK(hooks == 1);
  CHECK(store.figures().in_use == 0);
}

TEST_CASE("unit of work: rows that fail while they are fetched doom it like any statement") {
  TwoCounters t;
  if (!t.database.can(Capability::sql) || !t.database.can(Capability::transactions)) return;
  Session session = t.store.session();
  Repository<Counter>{session}.update(Counter{"a", 100});
  const auto divide = [&] { // the divisor is 0 in the second row: the failure comes with it, or with the statement
    RowBatch rows;
    const auto cursor = session.execute("SELECT name, abs(-9223372036854775807 - (CASE name WHEN 'a' THEN 0 ELSE 1 "
                                        "END)) FROM counters ORDER BY name");
    while (cursor->next(rows)) {}
  };
  CHECK_THROWS_AS(divide(), Error);
  CHECK_THROWS_AS(session.commit(), ProgrammingError);
  session.rollback();
  CHECK(t.value("a") == 1);
}

// ---- deadlines ------------------------------------------------------------------------------------------------------

/// A store with much text to search, and whether its backend keeps deadlines.
struct Searching {
  Database database;
  LongSearch search;
  Store store;

  explicit Searching(const StoreSettings& settings = patient()) : store(database.store(settings)) {
    const TableDesc* const table = &search.described;
    if (database.can(Capability::create_tables)) store.create_tables({&table, 1});
    search.fill(*database.connect_with({&search.described}));
  }
  void run(Session& session) {
    session.with(search.described,
                 [&](IRepository& repository) { static_cast<void>(repository.count(search.filter.filter())); });
  }
  void count(Session& session) {
    session.with(search.described, [](IRepository& repository) { CHECK(repository.count({}) == 4000); });
  }
};

TEST_CASE("unit of work: its deadline ends a long call, and the session is usable after") {
  Searching t;
  if (!t.database.can(Capability::deadlines)) return;
  Session session = t.store.session({.timeout = 200ms});
  const auto begin = Clock::now();
  CHECK_THROWS_AS(t.run(session), TimeoutError);
  CHECK(Clock::now() - begin < 200ms + kAtMost);
  if (t.database.can(Capability::transactions)) session.rollback();
  CHECK_THROWS_AS(t.count(session), TimeoutError); // it is the whole unit's
  if (t.database.can(Capability::transactions)) session.rollback();
  session.set_deadline(Deadline::max());
  t.count(session);
  session.commit();
}

TEST_CASE("unit of work: the call timeout ends a long call") {
  StoreSettings settings = patient();
  settings.call_timeout = 2000ms;
  Searching t(settings);
  if (!t.database.can(Capability::deadlines)) return;
  StoreSettings hurried = settings;
  hurried.call_timeout = 200ms;
  Store store = t.database.store(hurried);
  const auto begin = Clock::now();
  CHECK_THROWS_AS(store.transaction({.read_only = true}, [&](Session& session) { t.run(session); }), TimeoutError);
  CHECK(Clock::now() - begin < 200ms + kAtMost);
}

TEST_CASE("unit of work: a transaction that waits for another's lock ends by its deadline and changes nothing") {
  TwoCounters t;
  if (!t.database.can(Capability::transactions) || !t.database.can(Capability::deadlines)) return;
  Session holder = t.store.session({.write_intent = true});
  Repository<Counter>{holder}.update(Counter{"a", 10});
  const auto begin = Clock::now();
  CHECK_THROWS_AS(t.store.transaction({.timeout = 200ms},
                                      [](Session& session) {
                                        Repository<Counter>{session}.update(Counter{"a", 20});
                                      }),
                  TimeoutError);
  CHECK(Clock::now() - begin < 200ms + kAtMost);
  holder.commit();
  CHECK(t.value("a") == 10);
}

// ---- cancellation ---------------------------------------------------------------------------------------------------

TEST_CASE("unit of work: a stop ends a long call with one request, and the store goes on") {
  Searching t;
  if (!t.database.can(Capability::cancel)) return;
  std::stop_source stop;
  const auto begin = Clock::now();
  const std::jthread requester([&] {
    std::this_thread::sleep_for(100ms); // into the long call; at any other moment it ends the work as well
    stop.request_stop();
  });
  CHECK_THROWS_AS(t.store.transaction({.stop = stop.get_token()}, [&](Session& session) { t.run(session); }),
                  Cancelled);
  CHECK(Clock::now() - begin < 100ms + kAtMost);
  Session session = t.store.session();
  t.count(session);
}

TEST_CASE("unit of work: cancel ends a wait for another's lock") {
  TwoCounters t;
  if (!t.database.can(Capability::transactions) || !t.database.can(Capability::cancel)) return;
  Session holder = t.store.session({.write_intent = true});
  Repository<Counter>{holder}.update(Counter{"a", 10});
  std::stop_source stop;
  auto waiting = std::async(std::launch::async, [&] {
    t.store.transaction({.timeout = 20s, .stop = stop.get_token()}, [](Session& session) {
      Repository<Counter>{session}.update(Counter{"a", 20});
    });
  });
  CHECK(waiting.wait_for(100ms) == std::future_status::timeout);
  stop.request_stop();
  CHECK_THROWS_AS(waiting.get(), Cancelled);
  holder.commit();
  CHECK(t.value("a") == 10);
}

TEST_CASE("unit of work: cancel ends a wait for a connection") {
  StoreSettings settings = patient();
  settings.pool.size = 1;
  settings.pool.max_overflow = 0;
  TwoCounters t(settings);
  std::optional<Session> holder(t.store.session());
  static_cast<void>(Repository<Counter>{*holder}.count());
  Session session = t.store.session();
  auto waiting = std::async(std::launch::async, [&] { static_cast<void>(Repository<Counter>{session}.count()); });
  const auto give_up = Clock::now() + 10s;
  while (t.store.figures().waiting == 0 && Clock::now() < give_up)
    std::this_thread::sleep_for(1ms);
  session.cancel();
  CHECK_THROWS_AS(waiting.get(), Cancelled);
  holder.reset();
  CHECK(Repository<Counter>{session}.count() == 2);
}

TEST_CASE("unit of work: cancelled between its calls, it commits nothing") {
  TwoCounters t;
  if (!t.database.can(Capability::transactions)) return;
  Session session = t.store.session();
  Repository<Counter>{session}.update(Counter{"a", 10});
  session.cancel();
  CHECK_THROWS_AS(session.commit(), Cancelled);
  CHECK(t.value("a") == 1);
  Repository<Counter>{session}.update(Counter{"a", 20});
  session.commit();
  CHECK(t.value("a") == 20);
}

} // namespace
} // namespace tenon::contract
