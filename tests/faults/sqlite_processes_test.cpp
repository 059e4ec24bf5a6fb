// Two processes on one SQLite file, made by exec and by fork.
#include <filesystem>

#include <catch2/catch.hpp>
#include <poll.h>

#include <tenon/testing/fork.hpp>
#include <tenon/testing/latency.hpp>
#include <tenon/testing/program.hpp>

#include "rig.hpp"
#include "sqlite_rig.hpp"

namespace tenon::faults {
namespace {

using testing::in_child;

constexpr TransactionOptions kWrite{Isolation::backend_default, false, true};

struct Shared {
  explicit Shared(const char* journal = "wal") : journal_mode(journal) {
    backend = open_plugin(file, {{"journal_mode", journal}, {"busy_timeout", "1m"}});
    session = backend->connect(Deadline::max());
    create_units(*session);
  }
  testing::TemporaryFolder folder;
  std::string file = folder / "shared.db";
  std::string journal_mode;
  std::unique_ptr<IBackend> backend;
  std::unique_ptr<ISession> session;
};

/// Whether it has printed something.
bool speaks(const Worker& worker) {
  pollfd output{worker.output(), POLLIN, 0};
  return ::poll(&output, 1, 0) > 0;
}

} // namespace

TEST_CASE("sqlite processes: one waits for the other's lock, in time, and works when it is free") {
  for (const char* const journal : {"wal", "delete"}) {
    Shared shared(journal);
    Worker other({"hold", shared.file, journal, "1"});
    REQUIRE(other.line() == "ready");
    REQUIRE(other.line() == "held");
    const auto begin = Clock::now();
    shared.session->set_deadline(begin + 80ms);
    CHECK(failure_of([&] { shared.session->begin(kWrite); }).code == ErrorCode::timeout);
    CHECK(Clock::now() - begin >= 75ms);
    CHECK(Clock::now() - begin < 80ms + testing::kLateness);
    shared.session->set_deadline(Deadline::max());
    other.go_on();
    shared.session->begin(kWrite); // waits for its commit
    insert_unit(*shared.session, 7);
    shared.session->commit();
    CHECK(other.line() == "committed");
    CHECK(other.wait() == 0);
    CHECK(contents_of(shared.file).parts == std::map<std::int64_t, int>{{7, 3}, {1'000'001, 3}});
  }
}

TEST_CASE("sqlite processes: the lock of a process that was killed is free at once, and its work undone") {
  Shared shared;
  Worker other({"hold", shared.file, "wal", "1"});
  REQUIRE(other.line() == "ready");
  REQUIRE(other.line() == "held");
  other.kill();
  CHECK(other.wait() == 128 + 9);
  shared.session->set_deadline(Clock::now() + 5s);
  shared.session->begin(kWrite);
  insert_unit(*shared.session, 7);
  shared.session->commit();
  CHECK(contents_of(shared.file).parts == std::map<std::int64_t, int>{{7, 3}});
}

TEST_CASE("sqlite processes: a forked child that throws its parent's session away does the parent no harm") {
  for (const char* const journal : {"wal", "delete"}) {
    INFO(journal);
    Shared shared(journal);
    const auto reader = shared.backend->connect(Deadline::max());
    shared.session->begin(kWrite);
    for (std::int64_t unit = 1; unit <= 3; ++unit)
      insert_unit(*shared.session, unit, 20'000);
    auto cursor = shared.session->execute("SELECT unit FROM units", {});
    RowBatch batch;
    REQUIRE(cursor->next(batch));

    CHECK(in_child([&] {
            if (shared.session->alive()) return 1;
            const auto refused = failure_of([&] { (void)shared.session->repository(units_table()).count({}); });
            if (refused.code != ErrorCode::connection) return 2;
            shared.session->cancel();
            if (failure_of([&] { shared.session->rollback(); }).code != ErrorCode::connection) return 3;
            cursor.reset();
            shared.session.reset(); // must neither roll back the parent's work nor free its locks
            shared.backend.reset();
            return 0;
          }) == 0);

    Worker rival({"hold", shared.file, journal, "9"}); // waits: the parent still has the lock
    REQUIRE(rival.line() == "ready");
    CHECK_FALSE(becomes_true([&] { return speaks(rival); }, 100ms));
    cursor.reset();
    insert_unit(*shared.session, 4, 20'000);
    shared.session->commit();
    CHECK(rival.line() == "held");
    rival.go_on();
    CHECK(rival.wait() == 0);
    CHECK(reader->repository(units_table()).count({}) == 10);
    const Contents found = contents_of(shared.file);
    CHECK(found.integrity == "ok");
    CHECK(found.parts.size() == 5);
  }
}

TEST_CASE("sqlite processes: a forked child may not open what its parent had open, but may open anything else") {
  Shared shared;
  const std::string elsewhere = shared.folder / "elsewhere.db";
  CHECK(in_child([&] {
          const auto info = failure_of([&] { (void)open_plugin(shared.file)->connect(Deadline::max()); });
          if (info.code != ErrorCode::connection) return 1;
          if (info.message.find("forked") == std::string::npos || info.hint.find("before fork") == std::string::npos)
            return 2;
          const auto own = open_plugin(elsewhere);
          const auto session = own->connect(Deadline::max());
          create_units(*session);
          insert_unit(*session, 1);
          const auto memory = open_plugin(":memory:");
          create_units(*memory->connect(Deadline::max()));
          return 0;
        }) == 0);
  CHECK(contents_of(elsewhere).parts.size() == 1);

  shared.session.reset(); // closed before the fork: now it may
  CHECK(in_child([&] {
          const auto session = shared.backend->connect(Deadline::max());
          insert_unit(*session, 1);
          return session->alive() ? 0 : 1;
        }) == 0);
  CHECK(contents_of(shared.file).parts.size() == 1);
}

} // namespace tenon::faults
