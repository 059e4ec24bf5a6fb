// What a commit says is so: done work is never reported as undone, undone work never as done, and a commit that has to
// wait keeps its time.
#include <atomic>
#include <filesystem>
#include <thread>

#include <sqlite3.h>

#include <tenon/testing/effort.hpp>
#include <tenon/testing/latency.hpp>

#include "session.hpp"
#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;
using namespace std::chrono_literals;

namespace {

const TableDesc kPeople = people();

/// Cancels without a pause, so that a call is as good as cancelled from its first moment to its last.
class EagerCanceller {
public:
  explicit EagerCanceller(ISession& session)
      : thread_([this, &session] {
          while (!done_)
            session.cancel();
        }) {}
  ~EagerCanceller() {
    done_ = true;
    thread_.join();
  }
  EagerCanceller(const EagerCanceller&) = delete;
  EagerCanceller& operator=(const EagerCanceller&) = delete;

private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

/// Two sessions on a database where readers keep a commit waiting: there is no write-ahead log.
struct Rivals {
  explicit Rivals(std::string_view database)
      : writer(database, {{"journal_mode", "delete"}, {"busy_timeout", "1h"}}),
        reader(writer.backend->connect(Deadline::max())) {
    writer.create(kPeople);
    add_person(people(), "a");
  }
  IRepository& people() { return writer.session->repository(kPeople); }
  void read() {
    reader->begin({.read_only = true});
    CHECK(reader->repository(kPeople).count({}) == 1);
  }
  OneSession writer;
  std::unique_ptr<ISession> reader;
};

/// Runs `check` on a database in memory and on a file without a write-ahead log.
template <class Check> void without_log(Check check) {
  const TemporaryFolder folder;
  for (const std::string& database : {std::string(":memory:"), folder.file("delete.db")}) {
    INFO(database);
    check(database);
  }
}

} // namespace

TEST_CASE("a call that was reported as cancelled has changed nothing, one that was not has its effect") {
  OneSession one;
  one.create(kPeople);
  IRepository& people = one.session->repository(kPeople);
  const int rounds = tenon::testing::rounds(4000, 1000);
  std::int64_t done = 0;
  {
    const EagerCanceller canceller(*one.session);
    for (int i = 0; i < rounds; ++i) {
      try {
        if (i % 2 == 0) {
          insert(people, {1, 4}, {Cell::text(std::to_string(i)), Cell::boolean(true)});
        } else {
          one.session->begin({.write_intent = true});
          insert(people, {1, 4}, {Cell::text(std::to_string(i)), Cell::boolean(true)});
          one.session->commit();
        }
        ++done;
      } catch (const Cancelled&) {
        one.session->rollback();
      }
      const bool idle = sqlite3_get_autocommit(static_cast<sqlite::Session&>(*one.session).handle()) != 0;
      if (!idle) FAIL("a transaction was left open in round " << i);
    }
  }
  CHECK(people.count({}) == static_cast<std::uint64_t>(done));
}

TEST_CASE("a commit waits for readers, and goes through once they are done") {
  without_log([](const std::string& database) {
    Rivals rivals(database);
    rivals.read();
    std::thread ends([&] {
      std::this_thread::sleep_for(60ms);
      rivals.reader->commit();
    });
    rivals.writer.session->begin({.write_intent = true});
    add_person(rivals.people(), "b");
    CHECK_NOTHROW(rivals.writer.session->commit());
    ends.join();
    CHECK(rivals.reader->repository(kPeople).count({}) == 2);
  });
}

TEST_CASE("a commit that readers keep waiting past its deadline is rolled back, and the work can be done again") {
  without_log([](const std::string& database) {
    Rivals rivals(database);
    rivals.read();
    ISession& session = *rivals.writer.session;
    session.begin({.write_intent = true});
    add_person(rivals.people(), "b");
    const auto begin = Clock::now();
    session.set_deadline(soon(80));
    const ErrorInfo info = error_of([&] { session.commit(); });
    const auto took = Clock::now() - begin;
    session.set_deadline(Deadline::max());
    CHECK(info.code == ErrorCode::timeout);
    CHECK(info.message.find("deadline") != std::string::npos);
    CHECK_FALSE(info.broken);
    CHECK(took >= 75ms);
    CHECK(took < 80ms + tenon::testing::kLateness);
    CHECK_THROWS_AS(session.commit(), ProgrammingError); // there is no transaction any more
    rivals.reader->rollback();
    CHECK(rivals.reader->repository(kPeople).count({}) == 1);
    session.begin({.write_intent = true});
    add_person(rivals.people(), "b");
    session.commit();
    CHECK(rivals.reader->repository(kPeople).count({}) == 2);
  });
}

TEST_CASE("a commit that waits can be cancelled, and is rolled back") {
  without_log([](const std::string& database) {
    Rivals rivals(database);
    rivals.read();
    rivals.writer.session->begin({.write_intent = true});
    add_person(rivals.people(), "b");
    std::atomic<bool> done{false};
    std::thread cancels([&] {
      while (!done) {
        std::this_thread::sleep_for(5ms);
        rivals.writer.session->cancel();
      }
    });
    CHECK(error_of([&] { rivals.writer.session->commit(); }).code == ErrorCode::cancelled);
    done = true;
    cancels.join();
    rivals.reader->rollback();
    CHECK(rivals.people().count({}) == 1);
  });
}

TEST_CASE("a single statement that readers keep from committing leaves nothing behind") {
  without_log([](const std::string& database) {
    Rivals rivals(database);
    rivals.read();
    rivals.writer.session->set_deadline(soon(30));
    CHECK(error_of([&] { add_person(rivals.people(), "b"); }).code == ErrorCode::timeout);
    rivals.writer.session->set_deadline(Deadline::max());
    rivals.reader->rollback();
    CHECK(rivals.people().count({}) == 1);
  });
}

TEST_CASE("who has read and wants to write while another writes is told at once to begin anew") {
  const TemporaryFolder folder;
  const std::string file = folder.file("x.db"), without_log = folder.file("delete.db");
  const std::vector<std::pair<std::string, std::string>> places{
      {":memory:", "wal"}, {file, "wal"}, {without_log, "delete"}};
  for (const auto& [database, journal] : places) {
    INFO(database);
    OneSession one(database, {{"journal_mode", journal}, {"busy_timeout", "1h"}});
    one.create(kPeople);
    auto other = one.backend->connect(Deadline::max());
    one.session->begin({});
    CHECK(one.session->repository(kPeople).count({}) == 0);
    other->begin({.write_intent = true});
    add_person(other->repository(kPeople), "a");
    // Waiting could only end in a stale snapshot, or in a deadlock: the other's commit may wait for our reading.
    const ErrorInfo info = error_of([&] { add_person(one.session->repository(kPeople), "b"); });
    CHECK(info.code == ErrorCode::serialization_failure);
    CHECK(info.retryable);
    one.session->rollback();
    CHECK_NOTHROW(other->commit());
    one.session->begin({.write_intent = true});
    CHECK(add_person(one.session->repository(kPeople), "b") == 2);
    one.session->commit();
  }
}

TEST_CASE("a checkpoint that readers keep waiting keeps its deadline") {
  const TemporaryFolder folder;
  OneSession one(folder.file("log.db"), {{"busy_timeout", "1h"}});
  one.create(kPeople);
  auto reader = one.backend->connect(Deadline::max());
  reader->begin({.read_only = true});
  CHECK(reader->repository(kPeople).count({}) == 0);
  add_person(one.session->repository(kPeople), "a");
  const auto begin = Clock::now();
  one.session->set_deadline(soon(60));
  CHECK(one.number("PRAGMA wal_checkpoint(TRUNCATE)") == 1); // "busy"
  CHECK(Clock::now() - begin < 60ms + tenon::testing::kLateness);
  one.session->set_deadline(Deadline::max());
  reader->rollback();
  CHECK(one.number("PRAGMA wal_checkpoint(TRUNCATE)") == 0);
}

TEST_CASE("a commit into a file that was deleted or replaced is refused, and its session given up") {
  for (const char* const journal : {"wal", "delete"}) {
    for (const bool replaced : {false, true}) {
      INFO(journal << (replaced ? ", replaced" : ", deleted"));
      const TemporaryFolder folder;
      const std::string path = folder.file("x.db");
      OneSession one(path, {{"journal_mode", journal}});
      one.create(kPeople);
      CHECK(one.session->alive());
      one.session->begin({.write_intent = true});
      add_person(one.session->repository(kPeople), "a");
      std::filesystem::rename(path, folder.file("elsewhere.db"));
      if (replaced) OneSession(path, {{"journal_mode", "delete"}}).create(kPeople);
      CHECK_FALSE(one.session->alive());
      const ErrorInfo info = error_of([&] { one.session->commit(); });
      CHECK(info.code == ErrorCode::read_only);
      CHECK(info.vendor_code == SQLITE_READONLY_DBMOVED);
      CHECK(info.broken);
      CHECK_FALSE(one.session->alive());
      one.session.reset();
      if (replaced) CHECK(OneSession(path).session->repository(kPeople).count({}) == 0);
    }
  }
}

TEST_CASE("an insert of many rows into a file that was deleted is refused too, and so is a single one") {
  const TemporaryFolder folder;
  const std::string path = folder.file("x.db");
  OneSession one(path);
  one.create(kPeople);
  std::filesystem::remove(path);
  const std::vector<std::string> names{"a", "b", "c"};
  std::vector<Cell> rows;
  for (int i = 0; i < 3; ++i) {
    rows.push_back(Cell::text(names[static_cast<std::size_t>(i)]));
    rows.push_back(Cell::boolean(true));
  }
  CHECK(error_of([&] { insert(one.session->repository(kPeople), {1, 4}, rows); }).code == ErrorCode::read_only);
  auto second = one.backend->connect(Deadline::max()); // a new file
  CHECK(error_of([&] { (void)second->repository(kPeople).count({}); }).table == "people");
}

TEST_CASE("sessions of a file that has moved leave alone the log of the one that took its place") {
  const TemporaryFolder folder;
  const std::string path = folder.file("x.db");
  OneSession old(path);
  old.create(kPeople);
  add_person(old.session->repository(kPeople), "a");
  for (const char* const end : {"", "-wal", "-shm"})
    std::filesystem::rename(path + end, folder.file("elsewhere.db") + end);
  OneSession young(path);
  young.create(kPeople);
  add_person(young.session->repository(kPeople), "b");
  old.session.reset();
  CHECK(std::filesystem::exists(path + "-wal"));
  add_person(young.session->repository(kPeople), "c");
  CHECK(OneSession(path).session->repository(kPeople).count({}) == 2);
  OneSession moved(folder.file("elsewhere.db"));
  CHECK(moved.session->repository(kPeople).count({}) == 1); // nor is anything lost of the one that moved
}
