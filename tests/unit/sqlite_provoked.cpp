// The rows of the error table that a real database can be made to say, and what is left of session and transaction.
// Rows that are provoked elsewhere: 10 and its kin by files that fail (tests/faults), 517 and 5 in sqlite_commits.cpp,
// 14 in sqlite_opening.cpp. Rows that no program reaches through Tenon, and that the translation alone is tested for:
// 262 (there is no shared cache), 773, 15, 25 (parameters are counted before), 21, 3.
#include <cstdint>
#include <fstream>
#include <functional>
#include <string>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/fsuid.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session.hpp"
#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();

sqlite3* handle_of(ISession& session) { return static_cast<sqlite::Session&>(session).handle(); }

struct Row {
  const char* setup;
  const char* fails;
  int vendor;
  ErrorCode code;
  const char* constraint;
  const char* table;
  std::vector<std::string> columns;
};

/// Writes over a part of a file.
void damage(const std::string& path, std::streamoff at, std::size_t size) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file << std::string(size, '\xAA');
}

} // namespace

TEST_CASE("provoked: rules of the schema, with what SQLite tells about them") {
  const std::vector<Row> rows{
      {"CREATE TABLE t (a TEXT, b TEXT, UNIQUE (a, b)); INSERT INTO t VALUES ('x', 'y')",
       "INSERT INTO t VALUES ('x', 'y')",
       SQLITE_CONSTRAINT_UNIQUE,
       ErrorCode::unique_violation,
       "",
       "t",
       {"a", "b"}},
      {"CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX t_low ON t (lower(a)); INSERT INTO t VALUES ('x')",
       "INSERT INTO t VALUES ('X')",
       SQLITE_CONSTRAINT_UNIQUE,
       ErrorCode::unique_violation,
       "t_low",
       "",
       {}},
      {"CREATE TABLE t (a TEXT PRIMARY KEY); INSERT INTO t VALUES ('x')",
       "INSERT INTO t VALUES ('x')",
       SQLITE_CONSTRAINT_PRIMARYKEY,
       ErrorCode::unique_violation,
       "",
       "t",
       {"a"}},
      {"CREATE TABLE t (a TEXT); INSERT INTO t (rowid) VALUES (7)",
       "INSERT INTO t (rowid) VALUES (7)",
       SQLITE_CONSTRAINT_ROWID,
       ErrorCode::unique_violation,
       "",
       "t",
       {"rowid"}},
      {"CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE TABLE u (a INTEGER REFERENCES t (a))",
       "INSERT INTO u VALUES (7)",
       SQLITE_CONSTRAINT_FOREIGNKEY,
       ErrorCode::foreign_key_violation,
       "",
       "",
       {}},
      {"CREATE TABLE t (a TEXT NOT NULL)",
       "INSERT INTO t VALUES (NULL)",
       SQLITE_CONSTRAINT_NOTNULL,
       ErrorCode::not_null_violation,
       "",
       "t",
       {"a"}},
      {"CREATE TABLE t (a INTEGER CONSTRAINT small CHECK (a < 10))",
       "INSERT INTO t VALUES (10)",
       SQLITE_CONSTRAINT_CHECK,
       ErrorCode::check_violation,
       "small",
       "",
       {}},
      {"CREATE TABLE t (a INTEGER); CREATE TRIGGER g BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no'); END",
       "INSERT INTO t VALUES (1)",
       SQLITE_CONSTRAINT_TRIGGER,
       ErrorCode::integrity,
       "",
       "",
       {}},
      {"CREATE TABLE t (a INTEGER) STRICT",
       "INSERT INTO t VALUES ('x')",
       SQLITE_CONSTRAINT_DATATYPE,
       ErrorCode::integrity,
       "",
       "",
       {}},
      {"CREATE TABLE t (a INTEGER PRIMARY KEY)",
       "INSERT INTO t VALUES ('x')",
       SQLITE_MISMATCH,
       ErrorCode::data,
       "",
       "",
       {}},
      {"CREATE TABLE t (a)", "SELECT b FROM t", SQLITE_ERROR, ErrorCode::programming, "", "", {"b"}},
      {"CREATE TABLE t (a)", "SELECT * FROM u", SQLITE_ERROR, ErrorCode::programming, "", "u", {}},
      {"CREATE TABLE t (a); INSERT INTO t VALUES (9223372036854775807), (1)",
       "SELECT sum(a) FROM t",
       SQLITE_ERROR,
       ErrorCode::data,
       "",
       "",
       {}},
  };
  for (const Row& row : rows) {
    INFO(row.fails);
    OneSession one;
    REQUIRE(sqlite3_exec(handle_of(*one.session), row.setup, nullptr, nullptr, nullptr) == SQLITE_OK);
    const ErrorInfo info = error_of([&] {
      RowBatch batch;
      (void)one.session->execute(row.fails, {})->next(batch);
    });
    CHECK(info.code == row.code);
    CHECK(info.vendor_code == row.vendor);
    CHECK(info.constraint == row.constraint);
    CHECK(info.table == row.table);
    CHECK(info.columns == row.columns);
    CHECK_FALSE(info.broken);
    CHECK_FALSE(info.retryable);
    CHECK(one.number("SELECT 42") == 42);
  }
}

TEST_CASE("provoked: a text that is longer than its column says which one") {
  OneSession one;
  one.create(kPeople);
  // The repository refuses it by itself; another program's trigger, say, meets the rule in the table.
  one.run("CREATE TRIGGER longer AFTER INSERT ON people BEGIN UPDATE people SET name = printf('%.*c', 41, 'x'); END");
  const ErrorInfo info = error_of([&] { add_person(one.session->repository(kPeople), "a"); });
  CHECK(info.code == ErrorCode::check_violation);
  CHECK(info.table == "people");
  CHECK(info.columns == std::vector<std::string>{"name"});
}

TEST_CASE("provoked: a database that may not grow is ResourceExhausted, and the session knows what is left") {
  for (const bool within : {false, true}) {
    INFO((within ? "in a transaction" : "by itself"));
    TemporaryFolder folder;
    OneSession one(folder.file("x.db"));
    one.create(kPeople);
    one.run("CREATE TABLE bulk (b BLOB)");
    REQUIRE(sqlite3_exec(handle_of(*one.session), "PRAGMA max_page_count = 20", nullptr, nullptr, nullptr) ==
            SQLITE_OK);
    if (within) {
      one.session->begin({.write_intent = true});
      add_person(one.session->repository(kPeople), "a");
    }
    const ErrorInfo info = error_of([&] { one.run("INSERT INTO bulk VALUES (zeroblob(200000))"); });
    CHECK(info.code == ErrorCode::resource_exhausted);
    CHECK(info.vendor_code == SQLITE_FULL);
    CHECK_FALSE(info.broken);
    CHECK(one.session->alive());
    if (within) {
      CHECK_THROWS_AS(one.session->repository(kPeople).count({}), ProgrammingError);
      CHECK(error_of([&] { one.session->commit(); }).code == ErrorCode::resource_exhausted);
    }
    CHECK(one.session->repository(kPeople).count({}) == 0);
    CHECK(add_person(one.session->repository(kPeople), "b") > 0);
  }
}

TEST_CASE("provoked: memory that runs out is ResourceExhausted, and the session goes on") {
  OneSession one;
  one.create(kPeople);
  one.run("CREATE TABLE bulk (b BLOB)");
  one.session->begin({.write_intent = true});
  add_person(one.session->repository(kPeople), "a");
  const sqlite3_int64 before = sqlite3_hard_heap_limit64(sqlite3_memory_used() + 100'000);
  const ErrorInfo info = error_of([&] { one.run("INSERT INTO bulk VALUES (randomblob(5000000))"); });
  sqlite3_hard_heap_limit64(before);
  CHECK(info.code == ErrorCode::resource_exhausted);
  CHECK((info.vendor_code & 0xff) == SQLITE_NOMEM);
  CHECK_THROWS_AS(one.session->repository(kPeople).count({}), ProgrammingError);
  one.session->rollback();
  CHECK(one.session->repository(kPeople).count({}) == 0);
  CHECK(add_person(one.session->repository(kPeople), "b") > 0);
}

TEST_CASE("provoked: a value that is too big is DataError") {
  OneSession one;
  one.create(kPeople);
  sqlite3_limit(handle_of(*one.session), SQLITE_LIMIT_LENGTH, 1000);
  const std::string big(2000, 'x');
  const std::vector<Cell> cells{Cell::text(big)};
  const ErrorInfo info = error_of([&] { (void)one.session->execute("SELECT ?", cells); });
  CHECK(info.code == ErrorCode::data);
  CHECK(info.vendor_code == SQLITE_TOOBIG);
}

TEST_CASE("provoked: a table with an open cursor cannot be dropped, which is TimeoutError (locked) at once") {
  OneSession one;
  one.create(kPeople);
  for (int i = 0; i < 40; ++i)
    add_person(one.session->repository(kPeople), std::to_string(i));
  auto cursor = one.session->execute("SELECT name FROM people", {});
  RowBatch batch;
  REQUIRE(cursor->next(batch)); // not yet all of them
  const ErrorInfo info = error_of([&] { one.run("DROP TABLE people"); });
  CHECK(info.code == ErrorCode::timeout);
  CHECK(info.vendor_code == SQLITE_LOCKED);
  CHECK(info.hint.find("cursors") != std::string::npos);
}

TEST_CASE("provoked: a statement that an authorizer refuses is PermissionError") {
  OneSession one;
  one.create(kPeople);
  sqlite3_set_authorizer(
      handle_of(*one.session),
      [](void*, int, const char*, const char*, const char*, const char*) { return SQLITE_DENY; }, nullptr);
  const ErrorInfo info = error_of([&] { (void)one.session->repository(kPeople).count({}); });
  CHECK(info.code == ErrorCode::permission);
  CHECK(info.vendor_code == SQLITE_AUTH);
}

TEST_CASE("provoked: a damaged file is Internal, and its session is given up") {
  TemporaryFolder folder;
  const std::string path = folder.file("x.db");
  {
    OneSession one(path, {{"journal_mode", "delete"}});
    one.create(kPeople);
    for (int i = 0; i < 300; ++i)
      add_person(one.session->repository(kPeople), "person number " + std::to_string(i));
  }
  damage(path, 4096 * 2, 4096 * 4);
  OneSession one(path, {{"journal_mode", "delete"}});
  const ErrorInfo info = error_of([&] { (void)ids(one.session->repository(kPeople), Query{}); });
  CHECK(info.code == ErrorCode::internal);
  CHECK((info.vendor_code & 0xff) == SQLITE_CORRUPT);
  CHECK(info.broken);
  CHECK_FALSE(info.retryable);
  CHECK_FALSE(one.session->alive());
  one.session.reset();
  damage(path, 0, 16);
  const ErrorInfo header = error_of([&] { (void)one.backend->connect(Deadline::max()); });
  CHECK(header.code == ErrorCode::internal);
  CHECK(header.vendor_code == SQLITE_NOTADB);
  CHECK(header.broken);
}

TEST_CASE("provoked: a write into a folder that may only be read is ReadOnly or ConnectionError, never a lost write") {
  TemporaryFolder folder;
  const std::string path = folder.file("x.db");
  {
    OneSession one(path, {{"journal_mode", "delete"}});
    one.create(kPeople);
    add_person(one.session->repository(kPeople), "a");
  }
  // The file may be written, but not the journal beside it. For root every folder is writable: be another user.
  std::filesystem::permissions(folder.file(""), std::filesystem::perms(0555));
  std::filesystem::permissions(path, std::filesystem::perms(0666));
  ErrorInfo info;
  {
    ::setfsuid(65534);
    OneSession one(path, {{"journal_mode", "delete"}});
    CHECK(one.session->repository(kPeople).count({}) == 1);
    info = error_of([&] { add_person(one.session->repository(kPeople), "b"); });
    ::setfsuid(::geteuid());
  }
  std::filesystem::permissions(folder.file(""), std::filesystem::perms(0755));
  CHECK((info.code == ErrorCode::read_only || info.code == ErrorCode::connection));
  CHECK(info.hint.find("folder") != std::string::npos);
  CHECK(OneSession(path, {{"journal_mode", "delete"}}).session->repository(kPeople).count({}) == 1);
}

TEST_CASE("provoked: a log that another process recovers is TimeoutError (busy), in time") {
  TemporaryFolder folder;
  const std::string path = folder.file("x.db");
  OneSession keeps(path);
  keeps.create(kPeople);
  const std::string left = folder.file("left.db");
  std::filesystem::copy_file(path, left);
  std::filesystem::copy_file(path + "-wal", left + "-wal");
  std::ofstream(left + "-shm", std::ios::binary) << std::string(32768, '\0'); // its index is worth nothing yet
  int ready[2];
  int done[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(done) == 0);
  const pid_t other = ::fork();
  if (other == 0) { // the process that recovers: nothing of SQLite, but the locks that it would hold
    const int file = ::open((left + "-shm").c_str(), O_RDWR);
    struct flock exclusive {};
    exclusive.l_type = F_WRLCK;
    exclusive.l_whence = SEEK_SET;
    exclusive.l_start = 120;
    exclusive.l_len = 8;
    struct flock shared = exclusive;
    shared.l_type = F_RDLCK;
    shared.l_start = 128;
    shared.l_len = 1;
    char c = ::fcntl(file, F_SETLK, &exclusive) == 0 && ::fcntl(file, F_SETLK, &shared) == 0 ? 'y' : 'n';
    if (::write(ready[1], &c, 1) != 1) ::_exit(1);
    ::close(done[1]);
    (void)!::read(done[0], &c, 1);
    ::_exit(0);
  }
  char c = 0;
  REQUIRE(::read(ready[0], &c, 1) == 1);
  CHECK(c == 'y');
  auto backend = open_backend(left, {{"busy_timeout", "40ms"}});
  const ErrorInfo info = error_of([&] { (void)backend->connect(Deadline::max()); });
  ::close(done[1]);
  int status = 0;
  REQUIRE(::waitpid(other, &status, 0) == other);
  for (const int end : {ready[0], ready[1], done[0]})
    ::close(end);
  CHECK(info.code == ErrorCode::timeout);
  CHECK(info.vendor_code == SQLITE_BUSY_RECOVERY);
  CHECK(backend->connect(Deadline::max())->repository(kPeople).count({}) == 0);
}
