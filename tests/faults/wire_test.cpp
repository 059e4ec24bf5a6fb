// Answers that do not come, connections that die while idle, cancels that come late.
#include <optional>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <tenon/testing/effort.hpp>
#include <tenon/testing/latency.hpp>

#include "scene.hpp"

namespace tenon::faults {
namespace {

using testing::kShortDeadline;

const std::string kShort = fmt::format("{}ms", kShortDeadline.count()); // as a setting

void run(Session& session, std::string_view sql) {
  RowBatch rows;
  const auto cursor = session.execute(sql);
  while (cursor->next(rows)) {}
}

Fault no_answer_to_commit() {
  return {.action = Fault::Action::swallow, .direction = Direction::to_client, .message = 'C', .containing = "COMMIT"};
}

TEST_CASE("wire: an answer to COMMIT that never comes is CommitUnknown at the deadline, and can be found out") {
  Scene scene;
  {
    Store store = scene.open({{"deadlines.call", kShort}, {"connection.resolve_commit", "true"}});
    Audit audit(store);
    CHECK(audit.write(store) == Audit::Outcome::acknowledged);
    scene.proxy.arm(no_answer_to_commit());
    bool hook_ran = false;
    std::optional<CommitUnknown> unknown;
    Clock::time_point commit_sent;
    CHECK(audit.record([&](std::int64_t op) {
      Session session = store.session();
      session.after_commit([&] { hook_ran = true; });
      Audit::insert(session, op);
      commit_sent = Clock::now();
      try {
        session.commit();
      } catch (const CommitUnknown& error) {
        unknown.emplace(error);
        throw;
      }
    }) == Audit::Outcome::unknown);
    CHECK(elapsed(commit_sent) >= kShortDeadline);
    CHECK(elapsed(commit_sent) < kShortDeadline + testing::kLateness);
    CHECK_FALSE(hook_ran);
    scene.proxy.release();
    CHECK(as_admin(server(), "SELECT count(*) FROM entries") == "4");
    REQUIRE(unknown.has_value());
    CHECK(store.resolve(*unknown) == Outcome::committed);
    CHECK(audit.write(store) == Audit::Outcome::acknowledged);
    CHECK(audit.problems(server()) == "");
    CHECK(store.figures().in_use == 0);
  }
  CHECK(scene.baseline.is_reached());
}

TEST_CASE("wire: a dropped answer to COMMIT is never run again, but found out where that was asked for") {
  Scene scene;
  const bool resolves = GENERATE(false, true);
  CAPTURE(resolves);
  {
    Store store = scene.open({{"connection.resolve_commit", resolves ? "true" : "false"}});
    Audit audit(store);
    if (resolves) audit.resolve_with(store);
    scene.proxy.arm({.direction = Direction::to_client, .message = 'C', .containing = "COMMIT"});
    int runs = 0;
    const auto outcome = audit.record([&](std::int64_t op) {
      store.transaction([&](Session& session) {
        ++runs;
        Audit::insert(session, op);
      });
    });
    CHECK(outcome == (resolves ? Audit::Outcome::acknowledged : Audit::Outcome::unknown));
    CHECK(runs == 1);
    CHECK(as_admin(server(), "SELECT count(*) FROM entries") == "2");
    CHECK(audit.problems(server()) == "");
    CHECK(store.figures().in_use == 0);
  }
  CHECK(scene.baseline.is_reached());
}

TEST_CASE("wire: a batch with autocommit is committed before its first answer, in one round trip") {
  Scene scene;
  const bool resolves = GENERATE(false, true); // then its BEGIN goes first, and brings the transaction's name
  const bool mixed = GENERATE(true, false);
  CAPTURE(resolves, mixed);
  {
    Store store = scene.open({{"connection.resolve_commit", resolves ? "true" : "false"}});
    Audit audit(store);
    Session session = store.session({.autocommit = true});
    Batch batch = session.batch();
    batch.create(Entry{.id = 0, .op = 1, .part = 1});
    if (mixed) batch.update(col<&Entry::op> == 1, {set<&Entry::part>(3)});
    batch.create(Entry{.id = 0, .op = 1, .part = 2});
    scene.proxy.arm({.direction = Direction::to_client, .message = 'C', .containing = "INSERT"});
    std::optional<CommitUnknown> unknown;
    try {
      batch.run();
    } catch (const CommitUnknown& error) {
      unknown.emplace(error);
    }
    REQUIRE(unknown.has_value());
    CHECK(as_admin(server(), "SELECT string_agg(part::text, ' ' ORDER BY part DESC) FROM entries") ==
          (mixed ? "3 2" : "2 1"));
    CHECK(store.resolve(*unknown) == (resolves && mixed ? Outcome::committed : Outcome::unknown));
  }
  CHECK(scene.baseline.is_reached());
}

TEST_CASE("wire: an INSERT that is not answered is a TimeoutError, its connection is given up, and nothing is there") {
  Scene scene;
  {
    Store store = scene.open({{"deadlines.call", kShort}, {"retry.attempts", "1"}});
    Audit audit(store);
    scene.proxy.arm({.action = Fault::Action::swallow, .direction = Direction::to_client, .message = 'D'});
    const auto start = Clock::now();
    CHECK(audit.write(store) == Audit::Outcome::failed);
    CHECK(elapsed(start) < kShortDeadline + 2 * testing::kLateness); // the call, then giving the connection up
    CHECK(audit.errors().contains("TimeoutError"));
    scene.proxy.release();
    CHECK(audit.write(store) == Audit::Outcome::acknowledged);
    CHECK(audit.problems(server()) == "");
    CHECK(store.figures().in_use == 0);
  }
  CHECK(scene.baseline.is_reached());
}

TEST_CASE("wire: half of the idle connections reset: the next units of work do not notice") {
  Scene scene;
  {
    constexpr int kConnections = 8;
    Store store = scene.open({{"pool.size", std::to_string(kConnections)}, {"pool.max_overflow", "0"}});
    Audit audit(store);
    for (int round = 0; round < 5; ++round) {
      std::vector<Session> sessions;
      for (int i = 0; i < kConnections; ++i) {
        sessions.push_back(store.session());
        run(sessions.back(), "SELECT 1");
      }
      sessions.clear();
      REQUIRE(store.figures().idle == kConnections);
      CHECK(scene.proxy.reset_connections(kConnections / 2) == kConnections / 2);
      on_threads(kConnections, [&](int) {
        if (audit.write(store) != Audit::Outcome::acknowledged) throw std::runtime_error(audit.summary());
      });
    }
    CHECK(audit.problems(server()) == "");
    CHECK(scene.proxy.figures().peak <= kConnections);
    CHECK(store.figures().in_use == 0);
  }
  CHECK(scene.baseline.is_reached());
}

TEST_CASE("wire: a cancel that comes late never hits the next user of the connection") {
  Scene scene;
  {
    Store store = scene.open({{"pool.size", "1"}, {"pool.max_overflow", "0"}});
    // The request arrives when the call that it was for has long ended.
    scene.proxy.arm({.action = Fault::Action::delay,
                     .direction = Direction::to_server,
                     .of_cancels = true,
                     .connections = Fault::kEvery,
                     .pause = 30ms});
    std::minstd_rand random(7);
    std::uniform_int_distribution<int> microseconds(0, 2000);
    for (int i = 0; i < testing::rounds(40, 10); ++i) {
      {
        Session session = store.session();
        run(session, "SELECT 1");
        const std::chrono::microseconds pause(microseconds(random));
        std::thread canceller([&] {
          std::this_thread::sleep_for(pause);
          session.cancel();
        });
        try {
          run(session, "SELECT pg_sleep(0.001)");
        } catch (const Cancelled&) { // in time after all
        }
        session.rollback();
        canceller.join();
      }
      Session next = store.session();
      CHECK_NOTHROW(run(next, "SELECT pg_sleep(0.05)"));
    }
    CHECK(scene.proxy.figures().peak <= 1);
  }
  CHECK(scene.proxy.figures().cancels > 0);
  CHECK(scene.baseline.is_reached());
}

TEST_CASE("wire: an unanswered connect ends at its deadline, and the pool is not blocked by it") {
  Scene scene;
  {
    Store store = scene.open({{"deadlines.connect", "300ms"},
                              {"deadlines.call", "300ms"},
                              {"pool.size", "2"},
                              {"pool.max_overflow", "0"},
                              {"pool.timeout", "600ms"},
                              {"retry.attempts", "1"}});
    scene.proxy.ignore(true);
    Stopwatch watch;
    on_threads(6, [&](int) {
      const ErrorInfo error = watch.time(900ms, [&] { return failure_of([&] { store.ping(); }); });
      if (error.code != ErrorCode::timeout && error.code != ErrorCode::pool_timeout &&
          error.code != ErrorCode::connection) {
        throw std::runtime_error(error.message);
      }
    });
    CHECK(watch.worst() < testing::kLateness);
    CHECK(scene.proxy.figures().peak <= 2);
    scene.proxy.ignore(false);
    scene.proxy.release();
    CHECK(becomes_true([&] { return answers(store); }, 3s));
    CHECK(store.figures().in_use == 0);
  }
  CHECK(scene.baseline.is_reached());
}

TEST_CASE("wire: a server that left connects without an answer is served again soon, though one of them hangs on") {
  Scene scene;
  {
    Store store = scene.open({{"deadlines.connect", "4s"},
                              {"deadlines.call", "30s"},
                              {"pool.size", "1"},
                              {"pool.max_overflow", "0"},
                              {"pool.timeout", "30s"}});
    store.ping();
    scene.proxy.ignore(true);
    REQUIRE(scene.proxy.reset_connections(1) == 1);
    std::atomic<bool> served = false;
    std::thread waiting([&] {
      store.ping();
      served = true;
    });
    const auto accepted = [&] { return scene.proxy.figures().accepted; };
    // The first one ends with deadlines.connect. From then on a prober tries, and one of its connects is to hang when
    // the server is back.
    CHECK(becomes_true([&] { return accepted() >= 4; }));
    const auto before = accepted();
    CHECK(becomes_true([&] { return accepted() > before; }));
    scene.proxy.ignore(false); // for those that come now
    const auto back = Clock::now();
    CHECK(becomes_true([&] { return served.load(); }));
    const auto took = elapsed(back);
    waiting.join();
    fmt::print("wire: served {} ms after the server was back\n", took.count());
    CHECK(took < 2s + testing::kLateness - 250ms);
    CHECK(scene.proxy.figures().peak <= 1);
  }
  CHECK(scene.baseline.is_reached());
}

TEST_CASE("wire: rows that are left early cost no connection, though the cancel takes its time") {
  Scene scene;
  {
    Store store = scene.open({{"pool.size", "1"}, {"pool.max_overflow", "0"}});
    const Audit audit(store);
    // More than are read before a cancel is tried, and fewer than it takes a second to read.
    as_admin(server(), fmt::format("INSERT INTO entries (op, part) SELECT 1, 1 FROM generate_series(1, {})",
                                   testing::rounds(40'000, 10'000)));
    Session session = store.session({.autocommit = true});
    Repository<Entry> entries{session};
    scene.proxy.arm(
        {.action = Fault::Action::delay, .direction = Direction::to_server, .of_cancels = true, .pause = 400ms});
    {
      auto rows = entries.query().stream();
      CHECK(rows.begin() != rows.end());
    }
    CHECK(entries.query().limit(1).all().size() == 1);
    CHECK(scene.proxy.figures().struck == 1);
    CHECK(store.figures().created == 1);
  }
  CHECK(scene.baseline.is_reached());
}

TEST_CASE("wire: slow and chopped answers are read to the end") {
  Scene scene;
  Store store = scene.open();
  Audit audit(store);
  scene.proxy.arm({.action = Fault::Action::split,
                   .direction = Direction::to_client,
                   .connections = Fault::kEvery,
                   .pause = 0ms,
                   .amount = 1});
  scene.proxy.arm({.action = Fault::Action::split,
                   .direction = Direction::to_server,
                   .connections = Fault::kEvery,
                   .pause = 0ms,
                   .amount = 3});
  on_threads(4, [&](int) {
    for (int i = 0; i < 5; ++i)
      audit.write(store);
  });
  CHECK(audit.count(Audit::Outcome::acknowledged) == 20);
  CHECK(audit.problems(server()) == "");
}

} // namespace
} // namespace tenon::faults
