// SQLite whose files fail: every call to the file system fails once, or for ever, and no unit of work is lost, halved
// or reported as what it is not.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sqlite3.h>

#include <tenon/interface/error.hpp>
#include <tenon/testing/effort.hpp>
#include <tenon/testing/program.hpp>

#include "failing_vfs.hpp"
#include "rig.hpp"
#include "sqlite_rig.hpp"

namespace tenon::faults {
namespace {

using Outcome = Audit::Outcome;
using Outcomes = std::map<std::int64_t, Outcome>;

constexpr TransactionOptions kWrite{Isolation::backend_default, false, true};
constexpr std::size_t kBulk = 9'000; // a cache of a few pages does not hold it: pages are written before the commit

/// Commits a few units, each with the session of the one before if that is still good, as a pool would give it out.
class Scenario {
public:
  Scenario(const std::string& file, const char* journal)
      : backend_(open_plugin(file, {{"journal_mode", journal}, {"busy_timeout", "100ms"}})) {}

  Outcomes run() {
    Outcomes outcomes;
    for (std::int64_t unit = 1; unit <= 4; ++unit)
      outcomes[unit] = commit(unit);
    return outcomes;
  }

private:
  Outcome commit(std::int64_t unit) {
    try {
      if (session_ == nullptr || !session_->alive()) {
        session_.reset();
        session_ = backend_->connect(Clock::now() + 5s);
        (void)session_->execute("PRAGMA cache_size = 5", {});
      }
      session_->set_deadline(Clock::now() + 5s);
      if (unit == 3) { // by itself, without a transaction around
        insert_unit(*session_, unit, kBulk);
        return Outcome::acknowledged;
      }
      session_->begin(kWrite);
      insert_unit(*session_, unit, kBulk);
      (void)session_->repository(units_table()).count({});
      session_->commit();
      return Outcome::acknowledged;
    } catch (const Error& error) {
      undo();
      return error.code() == ErrorCode::commit_unknown ? Outcome::unknown : Outcome::failed;
    }
  }

  /// As a pool does when a session comes back.
  void undo() {
    if (session_ == nullptr) return;
    try {
      session_->rollback();
    } catch (const Error&) {
      session_.reset();
    }
  }

  std::unique_ptr<IBackend> backend_;
  std::unique_ptr<ISession> session_; // before its backend
};

/// What is wrong with a file after units ended so; empty if nothing is. Unit 0 was there before.
std::string problems(const std::string& file, const Outcomes& outcomes) {
  std::string wrong;
  Contents found;
  try {
    found = contents_of(file);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  if (found.integrity != "ok") wrong += "integrity_check: " + found.integrity + "; ";
  if (found.parts[0] != 3) wrong += "what was there before is gone; ";
  for (const auto& [unit, outcome] : outcomes) {
    const int parts = found.parts[unit];
    if (parts != 0 && parts != 3) wrong += fmt::format("unit {} is there by half; ", unit);
    if (outcome == Outcome::acknowledged && parts != 3)
      wrong += fmt::format("unit {} was acknowledged, and is lost; ", unit);
    if (outcome == Outcome::failed && parts != 0) wrong += fmt::format("unit {} failed, and is there; ", unit);
  }
  return wrong;
}

struct Failing {
  FileCall call;
  int code;
};

const std::vector<Failing> kFailing{{FileCall::open, SQLITE_CANTOPEN},     {FileCall::read, SQLITE_IOERR_READ},
                                    {FileCall::write, SQLITE_IOERR_WRITE}, {FileCall::write, SQLITE_FULL},
                                    {FileCall::sync, SQLITE_IOERR_FSYNC},  {FileCall::truncate, SQLITE_IOERR_TRUNCATE},
                                    {FileCall::size, SQLITE_IOERR_FSTAT},  {FileCall::remove, SQLITE_IOERR_DELETE},
                                    {FileCall::lock, SQLITE_IOERR_LOCK},   {FileCall::map, SQLITE_IOERR_SHMMAP}};

struct Tally {
  int runs = 0;
  std::map<Outcome, int> outcomes;
};

/// All N of one kind, until a run ends without reaching the Nth call.
void fail_every_call(FailingVfs& vfs, const std::string& folder, const std::string& original, const char* journal,
                     const Failing& failing, bool and_after, Tally& tally) {
  const int step = testing::kSanitized ? 7 : 1;
  for (int nth = 1; nth < 5000; nth += step) {
    const std::string file = folder + "/work.db", crashed = folder + "/crashed.db";
    copy_database(original, file);
    Outcomes outcomes;
    bool reached = false;
    const auto begin = Clock::now();
    {
      Scenario scenario(file, journal);
      vfs.arm({failing.call, nth, failing.code, and_after});
      outcomes = scenario.run();
      vfs.disarm();
      reached = vfs.reached();
      copy_database(file, crashed);                                  // as if the process had died now
      if (and_after) vfs.arm({failing.call, 1, failing.code, true}); // closing meets it as well
    }
    vfs.disarm();
    ++tally.runs;
    for (const auto& [unit, outcome] : outcomes)
      ++tally.outcomes[outcome];
    INFO(fmt::format("{}: {} number {} fails with {}{}", journal, name_of(failing.call), nth, failing.code,
                     and_after ? ", and all after it" : ""));
    INFO("outcomes (0 acknowledged, 1 unknown, 2 failed): "
         << static_cast<int>(outcomes[1]) << static_cast<int>(outcomes[2]) << static_cast<int>(outcomes[3])
         << static_cast<int>(outcomes[4]));
    if (const std::string wrong = problems(file, outcomes); !wrong.empty()) FAIL("closed: " << wrong);
    if (const std::string wrong = problems(crashed, outcomes); !wrong.empty()) FAIL("crashed: " << wrong);
    if (Clock::now() - begin > 10s) FAIL("it hung");
    if (!reached) return;
  }
  FAIL("the scenario has no end");
}

} // namespace

TEST_CASE("sqlite files: every call to the file system fails once, or for ever, and nothing is lost or made up") {
  FailingVfs vfs;
  const testing::TemporaryFolder folder;
  for (const char* const journal : {"wal", "delete"}) {
    const std::string original = folder / (std::string("original-") + journal);
    {
      const auto backend = open_plugin(original, {{"journal_mode", journal}});
      const auto session = backend->connect(Deadline::max());
      create_units(*session);
      insert_unit(*session, 0, kBulk);
    }
    for (const Failing& failing : kFailing) {
      Tally tally;
      for (const bool and_after : {false, true})
        fail_every_call(vfs, folder.path().string(), original, journal, failing, and_after, tally);
      CHECK(tally.outcomes[Outcome::acknowledged] > 0); // at least those of the runs that met no fault
      fmt::print("sqlite files, {}: {} failing with {}: {} runs; units acknowledged {}, unknown {}, failed {}\n",
                 journal, name_of(failing.call), failing.code, tally.runs, tally.outcomes[Outcome::acknowledged],
                 tally.outcomes[Outcome::unknown], tally.outcomes[Outcome::failed]);
    }
  }
}

TEST_CASE("sqlite files: a full disk is ResourceExhausted, and the work goes on once there is room") {
  FailingVfs vfs;
  const testing::TemporaryFolder folder;
  for (const char* const journal : {"wal", "delete"}) {
    const std::string file = folder / (std::string(journal) + ".db");
    const auto backend = open_plugin(file, {{"journal_mode", journal}});
    const auto session = backend->connect(Deadline::max());
    create_units(*session);
    vfs.arm({FileCall::write, 1, SQLITE_FULL, true});
    const ErrorInfo info = failure_of([&] {
      session->begin(kWrite);
      insert_unit(*session, 1, kBulk);
      session->commit();
    });
    vfs.disarm();
    CHECK(info.code == ErrorCode::resource_exhausted);
    CHECK(info.vendor_code == SQLITE_FULL);
    CHECK(session->alive());
    session->rollback();
    session->begin(kWrite);
    insert_unit(*session, 2, kBulk);
    session->commit();
    CHECK(contents_of(file).integrity == "ok");
    CHECK(contents_of(file).parts == std::map<std::int64_t, int>{{2, 3}});
  }
}

TEST_CASE("sqlite files: the commit's failing write is CommitUnknown, and the session is given up") {
  FailingVfs vfs;
  const testing::TemporaryFolder folder;
  const auto backend = open_plugin(folder / "x.db");
  const auto session = backend->connect(Deadline::max());
  create_units(*session);
  session->begin(kWrite);
  insert_unit(*session, 1);
  vfs.arm({FileCall::sync, 1, SQLITE_IOERR_FSYNC, false});
  const ErrorInfo info = failure_of([&] { session->commit(); });
  vfs.disarm();
  CHECK(info.code == ErrorCode::commit_unknown);
  CHECK(info.vendor_code == SQLITE_IOERR_FSYNC);
  CHECK_FALSE(info.retryable);
  CHECK_FALSE(session->alive());
}

TEST_CASE("sqlite files: a store whose file was deleted says so, and serves the new one") {
  const testing::TemporaryFolder folder;
  const std::string file = folder / "x.db";
  config::Sources sources;
  sources.use_file = false;
  sources.environment = config::Environment(std::map<std::string, std::string, std::less<>>{});
  sources.overrides = {{"backend", "sqlite"}, {"connection.database", file}, {"pool.size", "1"}};
  Store store = open(sources);
  store.create_tables<Entry>();
  const auto put = [&](Session& s) { Repository<Entry>{s}.create({.op = 1, .part = 1}); };
  store.transaction(put);
  for (const char* const end : {"", "-wal", "-shm"})
    std::filesystem::remove(file + end);
  CHECK(failure_of([&] { store.transaction(put); }).code == ErrorCode::programming); // there is no table
  store.create_tables<Entry>();
  store.transaction(put);
  CHECK(std::filesystem::exists(file));
  CHECK(store.transaction([](Session& s) { return Repository<Entry>{s}.query().count(); }) == 1);
}

TEST_CASE("sqlite files: a store that is closed while a statement runs lets it end") {
  const testing::TemporaryFolder folder;
  config::Sources sources;
  sources.use_file = false;
  sources.environment = config::Environment(std::map<std::string, std::string, std::less<>>{});
  sources.overrides = {{"backend", "sqlite"}, {"connection.database", folder / "x.db"}, {"deadlines.call", "500ms"}};
  Store store = open(sources);
  std::atomic<bool> begun{false};
  ErrorCode ended{};
  std::thread runs([&] {
    auto session = store.session();
    session.with_connection([](ISession& connection) { connection.ping(); });
    begun = true;
    try {
      auto cursor =
          session.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", {});
      RowBatch batch;
      (void)cursor->next(batch);
    } catch (const Error& error) {
      ended = error.code();
    }
  });
  CHECK(becomes_true([&] { return begun.load(); }));
  store.close();
  runs.join();
  CHECK(ended == ErrorCode::timeout); // its own deadline: nobody took the connection away beneath it
  CHECK(failure_of([&] { (void)store.transaction([](Session& s) { (void)s.execute("SELECT 1", {}); }); }).code ==
        ErrorCode::programming);
}

} // namespace tenon::faults
