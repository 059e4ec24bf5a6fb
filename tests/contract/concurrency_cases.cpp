// Contract: threads with sessions of their own share a database without losing work.

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "support.hpp"

namespace tenon::contract {
namespace {

constexpr TransactionOptions kWrite{Isolation::backend_default, false, true};

TEST_CASE("threads: each with its own session, every row arrives once and keys are unique") {
  Database database;
  const auto session = database.connect_with({&notes()});
  constexpr int kThreads = 6;
  constexpr int kRounds = 30;
  const auto errors = in_threads(kThreads, [&](int thread) {
    const auto own = database.connect();
    for (int i = 0; i < kRounds; ++i) {
      const std::int64_t n = thread * 1000 + i;
      const Rows keys = insert(own->repository(notes()), {1, 2}, {note(n)}, {0});
      if (find(own->repository(notes()), 0, {keys.at(0).at(0)}).at(0).at(1) != Value::int64(n)) {
        throw std::runtime_error("another row came back");
      }
    }
  });
  CHECK(errors == std::vector<std::string>{});
  CHECK(count_notes(*session) == kThreads * kRounds);
  std::set<std::int64_t> keys;
  for (const Row& row : select(session->repository(notes())))
    keys.insert(row[0].cell().integer);
  CHECK(keys.size() == kThreads * kRounds);
}

TEST_CASE("threads: readers see whole transactions of a writer, never a part") {
  Database database;
  const auto session = database.connect_with({&notes()});
  if (!claimed(database, Capability::transactions, [&] { session->begin({}); })) return;
  std::atomic<bool> done{false};
  const auto errors = in_threads(4, [&](int thread) {
    const auto own = database.connect();
    if (thread == 0) {
      const auto stop = finally([&] { done = true; }); // the readers end, whatever happens here
      for (int i = 0; i < 40; ++i) {
        own->begin(kWrite);
        add_notes(*own, i * 2, i * 2);
        add_notes(*own, i * 2 + 1, i * 2 + 1);
        i % 4 == 3 ? own->rollback() : own->commit();
      }
    }
    while (!done) {
      if (count_notes(*own) % 2 != 0) throw std::runtime_error("half a transaction was seen");
      std::this_thread::yield();
    }
  });
  CHECK(errors == std::vector<std::string>{});
  CHECK(count_notes(*session) == 60);
}

TEST_CASE("threads: of many that take the same unique value exactly one gets it") {
  Database database;
  const auto session = database.connect_with({&notes()});
  std::atomic<int> winners{0};
  std::atomic<int> losers{0};
  const auto errors = in_threads(8, [&](int) {
    const auto own = database.connect();
    for (int i = 0; i < 10; ++i) {
      try {
        add_notes(*own, i, i);
        ++winners;
      } catch (const IntegrityError& error) {
        if (error.constraint() == "notes_t_key") ++losers;
      }
    }
  });
  CHECK(errors == std::vector<std::string>{});
  CHECK(winners == 10);
  CHECK(losers == 70);
  CHECK(count_notes(*session) == 10);
}

TEST_CASE("threads: upserts of the same row neither fail nor double it") {
  Database database;
  const auto session = database.connect_with({&notes()});
  const auto put = [](ISession& own, std::int64_t n) {
    upsert(own.repository(notes()), {1, 2}, {{Value::int64(n), Value::text("shared")}}, 1, {1});
  };
  if (!claimed(database, Capability::upsert, [&] { put(*session, 0); })) return;
  const auto errors = in_threads(6, [&](int thread) {
    const auto own = database.connect();
    for (int i = 0; i < 20; ++i)
      put(*own, thread);
  });
  CHECK(errors == std::vector<std::string>{});
  CHECK(count_notes(*session) == 1);
}

} // namespace
} // namespace tenon::contract
