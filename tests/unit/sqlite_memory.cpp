// The journals of databases in memory, which are ours: what they hold is what a rollback needs.
#include <array>
#include <thread>

#include <sqlite3.h>

#include "memory_files.hpp"
#include "session.hpp"
#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr const char* kDigits = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) ";

/// A table of 3,000 rows, 1.5 MB: more than the memory of a journal that is kept.
void fill(OneSession& one) {
  one.run("CREATE TABLE kept (id INTEGER PRIMARY KEY, bytes BLOB, other INTEGER UNIQUE)");
  one.run(std::string("INSERT INTO kept ") + kDigits + "SELECT i, zeroblob(500), i FROM n");
}

std::int64_t changed(OneSession& one) {
  return one.number("SELECT count(*) FROM kept WHERE bytes <> zeroblob(500) OR other <> id OR id > 3000");
}

bool is_sound(OneSession& one) { return one.text("PRAGMA integrity_check") == "ok"; }

/// A journal, opened as SQLite opens it.
class Journal {
public:
  explicit Journal(const char* name = "/x-journal") : file_(new std::byte[static_cast<std::size_t>(vfs_->szOsFile)]) {
    REQUIRE(vfs_->xOpen(vfs_, name, get(), SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        nullptr) == SQLITE_OK);
  }
  ~Journal() { get()->pMethods->xClose(get()); }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  int write(std::string_view bytes, sqlite3_int64 offset) {
    return get()->pMethods->xWrite(get(), bytes.data(), static_cast<int>(bytes.size()), offset);
  }
  int read(std::string& to, sqlite3_int64 offset) {
    return get()->pMethods->xRead(get(), to.data(), static_cast<int>(to.size()), offset);
  }
  sqlite3_int64 size() {
    sqlite3_int64 size = -1;
    REQUIRE(get()->pMethods->xFileSize(get(), &size) == SQLITE_OK);
    return size;
  }
  static bool is_there(const char* name) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(sqlite::memory_vfs());
    int there = 2;
    REQUIRE(vfs->xAccess(vfs, name, SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK);
    return there == 1;
  }
  static void remove(const char* name) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(sqlite::memory_vfs());
    CHECK(vfs->xDelete(vfs, name, 0) == SQLITE_OK);
  }
  void cut(sqlite3_int64 size) { REQUIRE(get()->pMethods->xTruncate(get(), size) == SQLITE_OK); }

private:
  sqlite3_file* get() { return reinterpret_cast<sqlite3_file*>(file_.get()); }

  sqlite3_vfs* vfs_ = sqlite3_vfs_find(sqlite::memory_vfs());
  std::unique_ptr<std::byte[]> file_;
};

} // namespace

TEST_CASE("what is undone in memory was in the journal, however much it is") {
  OneSession one;
  fill(one);
  for (int round = 0; round < 3; ++round) {
    one.session->begin({.write_intent = true});
    one.run("UPDATE kept SET bytes = randomblob(500), other = -other");
    one.run(std::string("INSERT INTO kept ") + kDigits + "SELECT i + 3000, randomblob(700), i + 3000 FROM n");
    CHECK(changed(one) == 6000);
    one.session->rollback();
    CHECK(changed(one) == 0);
    one.session->begin({.write_intent = true});
    one.run("UPDATE kept SET other = -1 WHERE id = 7");
    one.session->rollback(); // with the memory of a larger one
    CHECK(changed(one) == 0);
  }
  CHECK(is_sound(one));
}

TEST_CASE("in memory a savepoint and a statement that fails half-way undo their own part") {
  OneSession one;
  fill(one);
  one.session->begin({.write_intent = true});
  one.run("UPDATE kept SET other = -other WHERE id <= 10");
  one.session->savepoint(SavepointAction::create, 1);
  one.run("UPDATE kept SET bytes = randomblob(500), other = -other WHERE id > 100");
  one.session->savepoint(SavepointAction::rollback, 1);
  CHECK(changed(one) == 10);
  const char* const fails =
      "UPDATE kept SET bytes = x'00', other = CASE WHEN id < 2000 THEN other + 9000 ELSE 9000 END";
  CHECK_THROWS_AS(one.run(fails), IntegrityError); // at the 2,001st row
  one.session->savepoint(SavepointAction::rollback, 1);
  CHECK(changed(one) == 10);
  one.session->commit();
  CHECK(changed(one) == 10);
  CHECK(is_sound(one));
}

TEST_CASE("a commit in memory reaches the other sessions, a rollback does not") {
  OneSession one;
  fill(one);
  const auto other = one.backend->connect(Deadline::max());
  const auto seen = [&] {
    RowBatch rows;
    const auto cursor = other->execute("SELECT count(*) FROM kept WHERE other < 0", {});
    REQUIRE(cursor->next(rows));
    return rows.cells[0].integer;
  };
  for (const bool keeps : {false, true}) {
    one.session->begin({.write_intent = true});
    one.run("UPDATE kept SET other = -other WHERE id % 100 = 0");
    keeps ? one.session->commit() : one.session->rollback();
    CHECK(seen() == (keeps ? 30 : 0));
  }
}

TEST_CASE("a connection that goes in the middle of a transaction leaves the database in memory as it was") {
  OneSession one;
  fill(one);
  auto other = one.backend->connect(Deadline::max());
  other->begin({.write_intent = true});
  (void)other->execute("UPDATE kept SET bytes = randomblob(500)", {});
  other.reset();
  CHECK(changed(one) == 0);
  CHECK(is_sound(one));
}

TEST_CASE("a commit over attached databases in memory is one") {
  OneSession one;
  fill(one);
  for (const char* const sql : {"ATTACH 'second' AS second", "ATTACH 'third' AS third"}) {
    RowBatch none;
    CHECK_FALSE(one.session->execute(sql, {})->next(none));
  }
  one.run("CREATE TABLE second.kept (n)");
  one.run("CREATE TABLE third.kept (n)");
  for (const bool keeps : {false, true}) {
    one.session->begin({.write_intent = true});
    one.run("UPDATE main.kept SET other = -other WHERE id = 1");
    one.run("INSERT INTO second.kept VALUES (1)");
    one.run("INSERT INTO third.kept VALUES (1)");
    keeps ? one.session->commit() : one.session->rollback();
    CHECK(changed(one) == (keeps ? 1 : 0));
    CHECK(one.number("SELECT count(*) FROM second.kept") == (keeps ? 1 : 0));
    CHECK(one.number("SELECT count(*) FROM third.kept") == (keeps ? 1 : 0));
  }
  sqlite3_int64 size = one.number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") + 20480;
  sqlite3* const handle = static_cast<sqlite::Session&>(*one.session).handle();
  REQUIRE(sqlite3_file_control(handle, "main", SQLITE_FCNTL_SIZE_LIMIT, &size) == SQLITE_OK);
  one.run("PRAGMA cache_size = -100000"); // nothing is written before the commit
  one.session->begin({.write_intent = true});
  const ErrorInfo full = error_of([&] { // at the commit, when some pages of the first one are written
    one.run("UPDATE main.kept SET other = -other WHERE id > 1");
    one.run(std::string("INSERT INTO main.kept ") + kDigits + "SELECT i + 3000, randomblob(2100), i + 3000 FROM n");
    one.run("INSERT INTO second.kept VALUES (2)");
    one.run("INSERT INTO third.kept VALUES (2)");
    one.session->commit();
  });
  CHECK(full.code == ErrorCode::resource_exhausted);
  one.session->rollback();
  CHECK(changed(one) == 1);
  CHECK(one.number("SELECT count(*) FROM second.kept") == 1);
  CHECK(one.number("SELECT count(*) FROM third.kept") == 1);
  CHECK(is_sound(one));
}

TEST_CASE("a database in memory takes no part in a common journal, which a file beside it would miss after a crash") {
  CHECK(OneSession().number("PRAGMA synchronous") == 0);
}

TEST_CASE("a transaction in memory asks for no memory for its journal") {
  const auto allocations = [] {
    sqlite3_int64 now = 0;
    sqlite3_int64 most = 0;
    REQUIRE(sqlite3_status64(SQLITE_STATUS_MALLOC_COUNT, &now, &most, 0) == SQLITE_OK);
    return now;
  };
  OneSession one;
  fill(one);
  std::array<sqlite3_int64, 2> more{};
  for (sqlite3_int64& grown : more) { // the first time its memory grows
    one.session->begin({.write_intent = true});
    one.run("UPDATE kept SET bytes = randomblob(500) WHERE id = 1");
    const sqlite3_int64 before = allocations();
    one.run("UPDATE kept SET bytes = randomblob(500) WHERE id <= 200"); // over 50 pages and more
    grown = allocations() - before;
    one.session->rollback();
  }
  CHECK(more[1] < 20);
}

TEST_CASE("a journal in memory is a file: it grows, is cut, and reads as zero where nothing was written") {
  Journal journal;
  CHECK(journal.size() == 0);
  std::string four(4, 'x');
  CHECK(journal.read(four, 0) == SQLITE_IOERR_SHORT_READ);
  CHECK(four == std::string(4, '\0'));
  CHECK(journal.write("abc", 2) == SQLITE_OK);
  CHECK(journal.size() == 5);
  CHECK(journal.read(four, 1) == SQLITE_OK);
  CHECK(four == std::string("\0abc", 4));
  CHECK(journal.read(four, 3) == SQLITE_IOERR_SHORT_READ);
  CHECK(four == std::string("bc\0\0", 4));
  CHECK(journal.write("z", 300'000) == SQLITE_OK); // past what it has room for
  CHECK(journal.read(four, 2) == SQLITE_OK);
  CHECK(four == std::string("abc\0", 4));
  journal.cut(3);
  CHECK(journal.size() == 3);
  CHECK(journal.write("d", 5) == SQLITE_OK);
  CHECK(journal.read(four, 2) == SQLITE_OK);
  CHECK(four == std::string("a\0\0d", 4));
  journal.cut(0);
}

TEST_CASE("a journal begins empty, also in the memory of one that was closed") {
  {
    Journal journal;
    CHECK(journal.write("abc", 0) == SQLITE_OK);
    CHECK_FALSE(Journal::is_there("/x-journal")); // for nobody but who writes it
    journal.cut(0);
  }
  CHECK_FALSE(Journal::is_there("/x-journal"));
  Journal one;
  Journal other; // two at a time have memory of their own
  CHECK(one.size() == 0);
  CHECK(one.write("x", 0) == SQLITE_OK);
  CHECK(other.size() == 0);
  one.cut(0);
}

TEST_CASE("a journal that is closed with something in it stays until it is empty or deleted") {
  const auto leave = [](const char* name) { CHECK(Journal(name).write("abc", 0) == SQLITE_OK); };
  leave("/left-journal");
  leave("/other-journal");
  CHECK(Journal::is_there("/left-journal"));
  CHECK_FALSE(Journal::is_there("/third-journal"));
  std::string three(3, 'x');
  {
    Journal looking("/left-journal");
    CHECK(looking.read(three, 0) == SQLITE_OK);
    CHECK(three == "abc");
  }
  CHECK(Journal::is_there("/left-journal")); // looking changes nothing
  {
    Journal empties("/left-journal");
    Journal looks("/left-journal");
    empties.cut(0);
    CHECK(looks.size() == 0);
  }
  CHECK_FALSE(Journal::is_there("/left-journal"));
  CHECK(Journal("/left-journal").size() == 0);
  CHECK(Journal::is_there("/other-journal"));
  Journal::remove("/other-journal");
  CHECK_FALSE(Journal::is_there("/other-journal"));
  Journal::remove("/other-journal");
}

TEST_CASE("threads on databases in memory of their own do not meet in the memory of their journals") {
  std::array<std::thread, 4> threads;
  std::array<std::int64_t, 4> found{};
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i] = std::thread([&, i] {
      const auto backend = open_backend(":memory:");
      const auto session = backend->connect(Deadline::max());
      (void)session->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n)", {});
      (void)session->execute("INSERT INTO t VALUES (1, 0)", {});
      for (int round = 0; round < 200; ++round) {
        session->begin({.write_intent = true});
        (void)session->execute("UPDATE t SET n = n + 1", {});
        round % 2 == 0 ? session->commit() : session->rollback();
      }
      RowBatch rows;
      const auto cursor = session->execute("SELECT n FROM t", {});
      if (cursor->next(rows)) found[i] = rows.cells[0].integer;
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  for (const std::int64_t n : found)
    CHECK(n == 100);
}

TEST_CASE("a commit that finds no room in memory half-way is undone, and everybody sees what was there before") {
  OneSession one;
  fill(one);
  const auto other = one.backend->connect(Deadline::max());
  sqlite3* const handle = static_cast<sqlite::Session&>(*one.session).handle();
  const auto limit = [&](sqlite3_int64 bytes) {
    REQUIRE(sqlite3_file_control(handle, "main", SQLITE_FCNTL_SIZE_LIMIT, &bytes) == SQLITE_OK);
  };
  const std::int64_t size = one.number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
  for (const int pages : {10, 100, 1000, 2500}) { // of those that are too many, some are written before
    limit(size + pages * 2048);
    for (const bool spills : {false, true}) {
      one.run(spills ? "PRAGMA cache_size = 20" : "PRAGMA cache_size = -2000");
      one.session->begin({.write_intent = true});
      const ErrorInfo full = error_of([&] {
        one.run("UPDATE kept SET bytes = randomblob(500), other = -other");
        one.run(std::string("INSERT INTO kept ") + kDigits + "SELECT i + 3000, randomblob(2100), i + 3000 FROM n");
        one.session->commit();
      });
      CHECK(full.code == ErrorCode::resource_exhausted);
      one.session->rollback();
      RowBatch rows;
      const auto cursor = other->execute("SELECT count(*), sum(other = id) FROM kept", {}); // finds it, if we do not
      REQUIRE(cursor->next(rows));
      CHECK(rows.cells[0].integer == 3000);
      CHECK(rows.cells[1].integer == 3000);
      CHECK(changed(one) == 0);
      CHECK(is_sound(one));
    }
  }
  limit(1 << 28);
  one.run("UPDATE kept SET other = -other");
  CHECK(changed(one) == 3000);
}
