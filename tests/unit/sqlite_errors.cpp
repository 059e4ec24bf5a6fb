// The translation row by row, then what real databases raise.
#include <sqlite3.h>

#include "errors.hpp"
#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Expected {
  int code;
  ErrorCode error;
  bool retryable = false;
  bool broken = false;
};

TableDesc notes() {
  TableDesc table;
  table.name = "notes";
  table.columns = {{"id", CellType::int64, false, true, 0},
                   {"person", CellType::int64, true, false, 0},
                   {"title", CellType::text, true, false, 0},
                   {"version", CellType::int64, true, false, 0}};
  table.keys = {{"notes_pkey", {0}}, {"notes_title_version_key", {2, 3}}};
  table.foreign_keys = {{"notes_person_fkey", {1}, "", "people", {"id"}, OnDelete::no_action}};
  return table;
}

const TableDesc kPeople = people();
const TableDesc kNotes = notes();

struct Fixture : OneSession {
  Fixture() {
    create(kPeople);
    create(kNotes);
  }
  IRepository& people() { return session->repository(kPeople); }
  IRepository& notes() { return session->repository(kNotes); }
};

} // namespace

TEST_CASE("result codes become the errors of the table") {
  const std::vector<Expected> rows{
      {SQLITE_CONSTRAINT_UNIQUE, ErrorCode::unique_violation},
      {SQLITE_CONSTRAINT_PRIMARYKEY, ErrorCode::unique_violation},
      {SQLITE_CONSTRAINT_ROWID, ErrorCode::unique_violation},
      {SQLITE_CONSTRAINT_FOREIGNKEY, ErrorCode::foreign_key_violation},
      {SQLITE_CONSTRAINT_NOTNULL, ErrorCode::not_null_violation},
      {SQLITE_CONSTRAINT_CHECK, ErrorCode::check_violation},
      {SQLITE_CONSTRAINT_TRIGGER, ErrorCode::integrity},
      {SQLITE_CONSTRAINT_DATATYPE, ErrorCode::integrity},
      {SQLITE_CONSTRAINT, ErrorCode::integrity},
      {SQLITE_BUSY, ErrorCode::timeout},
      {SQLITE_BUSY_RECOVERY, ErrorCode::timeout},
      {SQLITE_BUSY_TIMEOUT, ErrorCode::timeout},
      {SQLITE_BUSY_SNAPSHOT, ErrorCode::serialization_failure, true},
      {SQLITE_LOCKED, ErrorCode::timeout},
      {SQLITE_LOCKED_SHAREDCACHE, ErrorCode::timeout},
      {SQLITE_READONLY, ErrorCode::read_only},
      {SQLITE_READONLY_DIRECTORY, ErrorCode::read_only},
      {SQLITE_READONLY_DBMOVED, ErrorCode::read_only, false, true},
      {SQLITE_INTERRUPT, ErrorCode::cancelled},
      {SQLITE_NOMEM, ErrorCode::resource_exhausted},
      {SQLITE_FULL, ErrorCode::resource_exhausted},
      {SQLITE_TOOBIG, ErrorCode::data},
      {SQLITE_IOERR, ErrorCode::internal, false, true},
      {SQLITE_IOERR_FSYNC, ErrorCode::internal, false, true},
      {SQLITE_PROTOCOL, ErrorCode::internal, false, true},
      {SQLITE_CORRUPT, ErrorCode::internal, false, true},
      {SQLITE_CORRUPT_INDEX, ErrorCode::internal, false, true},
      {SQLITE_NOTADB, ErrorCode::internal, false, true},
      {SQLITE_CANTOPEN, ErrorCode::connection, false, true},
      {SQLITE_CANTOPEN_ISDIR, ErrorCode::connection, false, true},
      {SQLITE_MISMATCH, ErrorCode::data},
      {SQLITE_RANGE, ErrorCode::programming},
      {SQLITE_ERROR, ErrorCode::programming},
      {SQLITE_SCHEMA, ErrorCode::programming},
      {SQLITE_MISUSE, ErrorCode::programming},
      {SQLITE_ABORT_ROLLBACK, ErrorCode::programming},
      {SQLITE_PERM, ErrorCode::permission},
      {SQLITE_AUTH, ErrorCode::permission},
      {SQLITE_NOLFS, ErrorCode::operational},
  };
  for (const Expected& row : rows) {
    INFO("code " << row.code);
    const ErrorInfo info = sqlite::translate({.code = row.code, .message = "said so"}, {.statement = "test"});
    CHECK(info.code == row.error);
    CHECK(info.retryable == row.retryable);
    CHECK(info.broken == row.broken);
    CHECK(info.vendor_code == row.code);
    CHECK(info.backend == "sqlite");
    CHECK(info.detail == "said so");
    CHECK(info.message.starts_with("test: "));
    CHECK(info.message.size() > 6);
  }
}

TEST_CASE("an interrupted or waiting call says who ended it") {
  using sqlite::Ended;
  const auto code = [](int result, Ended ended) {
    return sqlite::translate({.code = result, .message = "", .ended = ended}, {}).code;
  };
  CHECK(code(SQLITE_INTERRUPT, Ended::by_deadline) == ErrorCode::timeout);
  CHECK(code(SQLITE_INTERRUPT, Ended::by_cancel) == ErrorCode::cancelled);
  CHECK(code(SQLITE_BUSY, Ended::by_cancel) == ErrorCode::cancelled);
  CHECK(code(SQLITE_BUSY, Ended::by_deadline) == ErrorCode::timeout);
}

TEST_CASE("a failed write of a commit leaves its outcome unknown") {
  const auto translated = [](int code) {
    return sqlite::translate({.code = code, .message = "", .in_commit = true}, {});
  };
  CHECK(translated(SQLITE_IOERR_FSYNC).code == ErrorCode::commit_unknown);
  CHECK(translated(SQLITE_IOERR_FSYNC).broken);
  CHECK_FALSE(translated(SQLITE_IOERR_FSYNC).retryable);
  CHECK(translated(SQLITE_BUSY).code == ErrorCode::timeout);
  CHECK(translated(SQLITE_CONSTRAINT_FOREIGNKEY).code == ErrorCode::foreign_key_violation);
}

TEST_CASE_METHOD(Fixture, "a taken unique value names constraint, table and column, and never the value") {
  add_person(people(), "johndoe");
  const ErrorInfo info = error_of([&] { add_person(people(), "johndoe"); });
  CHECK(info.code == ErrorCode::unique_violation);
  CHECK(info.message == "insert into people: name is taken (unique constraint people_name_key)");
  CHECK(info.constraint == "people_name_key");
  CHECK(info.table == "people");
  CHECK(info.columns == std::vector<std::string>{"name"});
  CHECK(info.statement == "insert into people");
  CHECK(info.vendor_code == SQLITE_CONSTRAINT_UNIQUE);
  CHECK_FALSE(info.broken);
  CHECK(info.message.find("johndoe") == std::string::npos);
  CHECK(info.detail.find("johndoe") == std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a taken primary key and a taken key of two columns") {
  add_person(people(), "a");
  const ErrorInfo primary = error_of([&] {
    insert(people(), {0, 1, 4}, {Cell::int64(1), Cell::text("b"), Cell::boolean(true)});
  });
  CHECK(primary.constraint == "people_pkey");
  CHECK(primary.columns == std::vector<std::string>{"id"});
  const std::vector<Cell> note{Cell::text("t"), Cell::int64(1)};
  insert(notes(), {2, 3}, note);
  const ErrorInfo two = error_of([&] { insert(notes(), {2, 3}, note); });
  CHECK(two.message == "insert into notes: (title, version) is taken (unique constraint notes_title_version_key)");
  CHECK(two.columns == std::vector<std::string>{"title", "version"});
}

TEST_CASE_METHOD(Fixture, "an update that takes a unique value") {
  add_person(people(), "a");
  add_person(people(), "b");
  const std::vector<Assignment> same{{1, 0, 0, 0, Cell::text("a")}};
  const ErrorInfo info = error_of([&] { people().update({{}, same, {}}); });
  CHECK(info.code == ErrorCode::unique_violation);
  CHECK(info.statement == "update people");
}

TEST_CASE_METHOD(Fixture, "a missing value names the column") {
  const ErrorInfo info = error_of([&] { insert(people(), {1}, {Cell::text("a")}); });
  CHECK(info.code == ErrorCode::not_null_violation);
  CHECK(info.table == "people");
  CHECK(info.columns == std::vector<std::string>{"is_active"});
}

TEST_CASE_METHOD(Fixture,
                 "foreign keys: the referring side is named where there is one, the referred side is told apart") {
  const ErrorInfo referring = error_of([&] { insert(notes(), {1}, {Cell::int64(99)}); });
  CHECK(referring.code == ErrorCode::foreign_key_violation);
  CHECK(referring.constraint == "notes_person_fkey");
  CHECK(referring.columns == std::vector<std::string>{"person"});
  CHECK(referring.table == "notes");
  const std::int64_t id = add_person(people(), "a");
  insert(notes(), {1}, {Cell::int64(id)});
  const ErrorInfo referenced = error_of([&] { people().remove({}); });
  CHECK(referenced.code == ErrorCode::foreign_key_violation);
  CHECK(referenced.table == "people");
  CHECK(referenced.constraint.empty());
  CHECK(referenced.message.find("other rows still refer to this one") != std::string::npos);
}

TEST_CASE("of several foreign keys the broken one is found by looking where they lead") {
  TableDesc shares = kNotes;
  shares.name = "shares";
  shares.keys = {{"shares_pkey", {0}}};
  shares.foreign_keys = {{"shares_person_fkey", {1}, "", "people", {"id"}, OnDelete::no_action},
                         {"shares_title_fkey", {2}, "", "people", {"name"}, OnDelete::no_action},
                         {"shares_share_fkey", {3}, "", "shares", {"id"}, OnDelete::no_action}};
  OneSession one;
  one.create(kPeople);
  one.create(shares);
  const std::int64_t id = add_person(one.session->repository(kPeople), "a");
  IRepository& repository = one.session->repository(shares);
  const auto broken = [&](std::int64_t person, std::string_view title, std::int64_t share) {
    return error_of([&] {
      insert(repository, {1, 2, 3}, {Cell::int64(person), Cell::text(title), Cell::int64(share)});
    });
  };
  insert(repository, {0, 1, 2, 3}, {Cell::int64(1), Cell::int64(id), Cell::text("a"), Cell::int64(1)}); // its own
  CHECK(broken(99, "a", 1).constraint == "shares_person_fkey");
  CHECK(broken(id, "b", 1).constraint == "shares_title_fkey");
  CHECK(broken(id, "b", 1).columns == std::vector<std::string>{"title"});
  CHECK(broken(id, "a", 99).constraint == "shares_share_fkey");
  CHECK(broken(id, "a", 99).message.find("shares_share_fkey") != std::string::npos);
  CHECK(broken(id, "a", 99).message.find("99") == std::string::npos);
  CHECK(add_person(one.session->repository(kPeople), "b") > 0);
}

TEST_CASE("an update that breaks a foreign key names it, where what it assigns tells which") {
  TableDesc shares = kNotes;
  shares.name = "shares";
  shares.keys = {{"shares_pkey", {0}}};
  shares.foreign_keys = {{"shares_person_fkey", {1}, "", "people", {"id"}, OnDelete::no_action},
                         {"shares_title_fkey", {2}, "", "people", {"name"}, OnDelete::no_action}};
  OneSession one;
  one.create(kPeople);
  one.create(shares);
  const std::int64_t id = add_person(one.session->repository(kPeople), "a");
  IRepository& repository = one.session->repository(shares);
  insert(repository, {0, 1, 2}, {Cell::int64(77), Cell::int64(id), Cell::text("a")});
  const auto broken = [&](const std::vector<Assignment>& assignments, const std::vector<Node>& expressions = {}) {
    return error_of([&] { repository.update({{}, assignments, expressions}); });
  };
  const ErrorInfo person = broken({Assignment::of(1, Cell::int64(99))});
  CHECK(person.code == ErrorCode::foreign_key_violation);
  CHECK(person.constraint == "shares_person_fkey");
  CHECK(person.columns == std::vector<std::string>{"person"});
  CHECK(person.message.find("refers to a row that is not there") != std::string::npos);
  CHECK(broken({Assignment::of(2, Cell::text("b"))}).constraint == "shares_title_fkey");
  CHECK(broken({Assignment::of(1, Cell::int64(id)), Assignment::of(2, Cell::text("b"))}).constraint ==
        "shares_title_fkey");
  // What is computed is not known here; who refers to the row is not, either.
  Node other{};
  other.kind = NodeKind::column;
  other.column = 0;
  const ErrorInfo computed = broken({{1, 0, 1, 0, {}}}, {other});
  CHECK(computed.code == ErrorCode::foreign_key_violation);
  CHECK(computed.constraint.empty());
  const ErrorInfo referenced = error_of([&] {
    const std::vector<Assignment> renamed{Assignment::of(1, Cell::text("c"))};
    one.session->repository(kPeople).update({{}, renamed});
  });
  CHECK(referenced.code == ErrorCode::foreign_key_violation);
  CHECK(referenced.constraint.empty());
  CHECK(repository.update({{}, std::vector<Assignment>{Assignment::of(1, Cell::null())}}) == 1);
}

TEST_CASE("a row that others refer to with RESTRICT is a foreign key violation too") {
  TableDesc restricting = kNotes;
  restricting.foreign_keys[0].on_delete = OnDelete::restrict;
  OneSession one;
  one.create(kPeople);
  one.create(restricting);
  const std::int64_t id = add_person(one.session->repository(kPeople), "a");
  insert(one.session->repository(restricting), {1}, {Cell::int64(id)});
  CHECK(error_of([&] { one.session->repository(kPeople).remove({}); }).code == ErrorCode::foreign_key_violation);
}

TEST_CASE("foreign keys are not enforced when they are switched off") {
  OneSession one(":memory:", {{"foreign_keys", "false"}});
  one.create(kPeople);
  one.create(kNotes);
  CHECK_NOTHROW(insert(one.session->repository(kNotes), {1}, {Cell::int64(99)}));
}

TEST_CASE_METHOD(Fixture, "a check constraint is named") {
  run("CREATE TABLE limits (n INTEGER, CONSTRAINT n_small CHECK (n < 10))");
  const ErrorInfo info = error_of([&] { run("INSERT INTO limits VALUES (10)"); });
  CHECK(info.code == ErrorCode::check_violation);
  CHECK(info.constraint == "n_small");
}

TEST_CASE_METHOD(Fixture, "a trigger's refusal is an IntegrityError, its text detail only") {
  run("CREATE TRIGGER refuse BEFORE DELETE ON people BEGIN SELECT RAISE(ABORT, 'secret of row 1'); END");
  add_person(people(), "a");
  const ErrorInfo info = error_of([&] { people().remove({}); });
  CHECK(info.code == ErrorCode::integrity);
  CHECK(info.message.find("secret") == std::string::npos);
  CHECK(info.detail == "secret of row 1");
}

TEST_CASE("a missing table is named by every operation, with what to do") {
  OneSession one;
  IRepository& nobody = one.session->repository(kPeople);
  const Cell key = Cell::int64(1);
  const std::vector<Assignment> assignments{{2, 0, 0, 0, Cell::int64(1)}};
  const std::vector<Cell> cells{Cell::text("a")};
  const Columns columns{1};
  const std::vector<std::function<void()>> calls{[&] {
                                                   nobody.find(0, {&key, 1});
                                                 },
                                                 [&] { (void)nobody.select({}); },
                                                 [&] {
                                                   nobody.update({{}, assignments, {}});
                                                 },
                                                 [&] { nobody.remove({}); },
                                                 [&] { (void)nobody.count({}); },
                                                 [&] { (void)nobody.exists({}); },
                                                 [&] { insert(nobody, columns, cells); },
                                                 [&] {
                                                   nobody.upsert({columns, cells.data(), 1, {}}, 1, {});
                                                 }};
  for (const auto& call : calls) {
    const ErrorInfo info = error_of(call);
    CHECK(info.code == ErrorCode::programming);
    CHECK(info.table == "people");
    CHECK(info.message.find("there is no table") != std::string::npos);
    CHECK(info.hint.find("create_tables") != std::string::npos);
  }
  one.create(kPeople);
  CHECK(add_person(nobody, "a") == 1); // the same repository finds the table once it is there
}

TEST_CASE("a described column that the table does not have is an error, not a string") {
  OneSession one;
  one.run("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)");
  IRepository& repository = one.session->repository(kPeople);
  const ErrorInfo reading = error_of([&] { (void)repository.select({}); });
  CHECK(reading.code == ErrorCode::programming);
  CHECK(reading.columns == std::vector<std::string>{"age"});
  const ErrorInfo writing = error_of([&] { insert(repository, {4}, {Cell::boolean(true)}); });
  CHECK(writing.columns == std::vector<std::string>{"is_active"});
}

TEST_CASE("a schema is NotSupported, but for the database's own") {
  OneSession one;
  TableDesc table = kPeople;
  table.schema = "crm";
  CHECK_THROWS_AS(one.session->repository(table), NotSupported);
  CHECK_THROWS_AS(one.create(table), NotSupported);
  TableDesc own = kPeople;
  own.schema = "main";
  one.create(own);
  CHECK(add_person(one.session->repository(own), "a") == 1);
}

TEST_CASE("a description with positions out of range is refused when it is opened") {
  OneSession one;
  TableDesc table = kPeople;
  table.keys[1].columns = {17};
  CHECK_THROWS_AS(one.session->repository(table), ProgrammingError);
  table.keys[1].columns.clear();
  CHECK_THROWS_AS(one.session->repository(table), ProgrammingError);
}
