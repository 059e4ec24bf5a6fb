// Contract: opening, independence of sessions, create_tables, and what unclaimed capabilities answer.

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "support.hpp"

namespace tenon::contract {
namespace {

TEST_CASE("backend: says who it is and claims only what has a name") {
  Database database;
  CHECK_FALSE(database.backend().info().id.empty());
  CHECK_FALSE(database.backend().info().version.empty());
  CHECK_FALSE(database.backend().endpoint().empty());
  CHECK(database.backend().capabilities().bits() < (std::uint64_t{1} << kCapabilityNames.size()));
}

TEST_CASE("backend: an unknown option is ConfigError that names it") {
  Database database;
  const ErrorInfo info = raised<ConfigError>([&] {
    static_cast<void>(database.open_again({{"no_such_option", "1"}}));
  });
  CHECK_THAT(info.message + info.hint, Catch::Contains("no_such_option"));
}

TEST_CASE("session: opened and closed many times, with work and without") {
  Database database;
  static_cast<void>(database.connect_with({&notes()}));
  for (int i = 0; i < 100; ++i) {
    const auto session = database.connect();
    CHECK(session->alive());
    if (i % 3 == 0) session->ping();
    if (i % 3 == 1) CHECK(count_notes(*session) == static_cast<std::uint64_t>(i / 3));
    if (i % 3 == 2) add_notes(*session, i, i);
  }
}

TEST_CASE("session: two sessions of one backend see one database; two backends see two") {
  Database database;
  const auto first = database.connect_with({&notes()});
  const auto second = database.connect();
  add_notes(*first, 1, 2);
  CHECK(count_notes(*second) == 2);
  Database other;
  CHECK_THROWS_AS(count_notes(*other.connect()), ProgrammingError);
}

TEST_CASE("session: a repository is made once per table and knows its table") {
  Database database;
  const auto session = database.connect_with({&notes()});
  IRepository& repository = session->repository(notes());
  CHECK(&session->repository(notes()) == &repository);
  CHECK(repository.table().name == "notes");
}

TEST_CASE("session: data outlive the store where persistence is claimed") {
  Database database;
  if (!database.can(Capability::persistence)) {
    SUCCEED("nothing is promised"); // the database may be gone or not
    return;
  }
  {
    const auto session = database.connect_with({&notes()});
    add_notes(*session, 1, 3);
  }
  database.restart();
  CHECK(count_notes(*database.connect()) == 3);
}

TEST_CASE("session: reset rolls back, ends cursors and leaves a usable session") {
  Database database;
  const auto session = database.connect_with({&notes()});
  add_notes(*session, 1, 50);
  const bool transactions = database.can(Capability::transactions);
  if (transactions) session->begin({});
  auto cursor = session->repository(notes()).select({});
  RowBatch batch;
  CHECK(cursor->next(batch));
  cursor.reset();
  if (transactions) add_notes(*session, 51, 60);
  session->rollback();
  CHECK(count_notes(*session) == 50);
  CHECK(session->alive());
  add_notes(*session, 61, 61);
  CHECK(count_notes(*session) == 51);
}

TEST_CASE("session: after a failed statement without a transaction the next one runs") {
  Database database;
  const auto session = database.connect_with({&notes()});
  add_notes(*session, 1, 1);
  CHECK_THROWS_AS(add_notes(*session, 1, 1), IntegrityError);
  add_notes(*session, 2, 2);
  CHECK(count_notes(*session) == 2);
}

TEST_CASE("create_tables: makes what is missing, leaves what is there, and may run on several sessions at once") {
  Database database;
  const auto session = database.connect_with({&notes()});
  add_notes(*session, 1, 3);
  const TableDesc other = table("others", {column("n", CellType::int64)});
  session->create_tables(std::vector<const TableDesc*>{&notes(), &other});
  CHECK(count_notes(*session) == 3);
  CHECK(session->repository(other).count({}) == 0);

  std::vector<TableDesc> tables;
  for (int i = 0; i < 6; ++i)
    tables.push_back(table("table_" + std::to_string(i), {column("n", CellType::int64)}));
  const auto errors = in_threads(4, [&](int) {
    const auto own = database.connect();
    for (const TableDesc& one : tables)
      own->create_tables(std::vector<const TableDesc*>{&one});
  });
  CHECK(errors == std::vector<std::string>{});
  for (const TableDesc& one : tables)
    CHECK(session->repository(one).count({}) == 0);
}

TEST_CASE("create_tables: keys, indexes and several unique constraints are all in force") {
  Database database;
  TableDesc described =
      table("things", {column("a", CellType::int64), column("b", CellType::text), nullable("c", CellType::date)});
  described.keys.push_back({"things_a_b_key", {1, 2}});
  described.keys.push_back({"things_c_key", {3}});
  described.indexes.push_back({"things_b_idx", {2}});
  described.indexes.push_back({"things_c_a_idx", {3, 1}});
  const auto session = database.connect_with({&described});
  IRepository& things = session->repository(described);
  const auto row = [](std::int64_t a, const char* b, const Value& c) {
    return Row{Value::int64(a), Value::text(b), c};
  };
  insert(things, {1, 2, 3}, {row(1, "x", Value::date(1)), row(1, "y", Value::null()), row(2, "x", Value::null())});
  CHECK(raised<IntegrityError>([&] {
          insert(things, {1, 2, 3}, {row(1, "x", Value::date(2))});
        }).constraint == "things_a_b_key");
  CHECK(raised<IntegrityError>([&] {
          insert(things, {1, 2, 3}, {row(3, "x", Value::date(1))});
        }).constraint == "things_c_key");
}

TEST_CASE("create_tables: a table in a schema of its own, where schemas are claimed") {
  Database database;
  TableDesc inside = notes();
  inside.schema = "archive";
  const auto create = [&] { static_cast<void>(database.connect_with({&inside})); };
  if (!claimed(database, Capability::schemas, create)) return;
  const auto session = database.connect_with({&notes(), &inside});
  add_notes(*session, 1, 3);
  insert(session->repository(inside), {1, 2}, {note(9)});
  CHECK(session->repository(inside).count({}) == 1);
  CHECK(count_notes(*session) == 3);
}

TEST_CASE("capabilities: what is not claimed answers NotSupported, what is claimed does not") {
  Database database;
  const auto session = database.connect_with({&notes()});
  IRepository& repository = session->repository(notes());
  RowBatch batch;
  if (claimed(database, Capability::transactions, [&] { session->begin({}); })) {
    CHECK_NOTHROW(session->begin({}));
    CHECK_NOTHROW(session->commit());
  } else {
    CHECK_THROWS_AS(session->commit(), NotSupported);
  }
  const auto savepoint = [&] { session->savepoint(SavepointAction::create, 1); };
  if (claimed(database, Capability::savepoints, savepoint)) {
    session->begin({});
    CHECK_NOTHROW(savepoint());
    session->rollback();
  }
  const auto sql = [&] { static_cast<void>(session->execute("SELECT 1", {})->next(batch)); };
  if (claimed(database, Capability::sql, sql)) CHECK_NOTHROW(sql());
  const auto upserted = [&] { upsert(repository, {1, 2}, {note(1)}, 1, {1}); };
  if (claimed(database, Capability::upsert, upserted)) CHECK_NOTHROW(upserted());
  const auto deadline = [&] { session->set_deadline(Deadline::max()); };
  if (claimed(database, Capability::deadlines, deadline)) CHECK_NOTHROW(deadline());
  CHECK_NOTHROW(session->cancel()); // harmless when nothing runs, and where it is not claimed
  CHECK_NOTHROW(count_notes(*session));
}

TEST_CASE("execute: rows, parameters, and errors for what is wrong") {
  Database database;
  const auto session = database.connect_with({&notes()});
  const auto run = [&](std::string_view sql, const Row& parameters = {}) {
    std::vector<Cell> cells;
    for (const Value& value : parameters)
      cells.push_back(value.cell());
    const auto cursor = session->execute(sql, cells);
    return fetch(*cursor);
  };
  if (!claimed(database, Capability::sql, [&] { run("SELECT 1"); })) return;
  add_notes(*session, 1, 3);
  const Rows rows = run("SELECT n, t FROM notes ORDER BY n DESC");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == note(3));
  CHECK(run("SELECT n FROM notes WHERE n > 100").empty());
  CHECK_THROWS_AS(run("SELECT n FROM notes", {Value::int64(1)}), ProgrammingError); // a parameter too many
  CHECK_THROWS_AS(run("SELEC 1"), ProgrammingError);
  CHECK_THROWS_AS(run("SELECT * FROM no_such_table"), ProgrammingError);
  CHECK_THROWS_AS(run("SELECT no_such_column FROM notes"), ProgrammingError);
  CHECK_THROWS_AS(run(""), ProgrammingError);
  CHECK(count_notes(*session) == 3);
}

TEST_CASE("execute: words that move the transaction are refused, and it goes on as it was") {
  Database database;
  const auto session = database.connect_with({&notes()});
  const auto other = database.connect();
  if (!database.can(Capability::sql) || !database.can(Capability::transactions)) return;
  std::int64_t stored = 0;
  const auto count = [&] { return static_cast<std::int64_t>(count_notes(*other)); };
  for (const char* sql : {"COMMIT", "rollback", "End;", "BEGIN", "SAVEPOINT mine", "release mine", "ROLLBACK TO mine",
                          " -- note\n;; /* note */ Commit"}) {
    CAPTURE(sql);
    const auto move = [&] { static_cast<void>(session->execute(sql, {})); };
    CHECK_THROWS_AS(move(), ProgrammingError);
    session->begin({.write_intent = true});
    add_notes(*session, stored, stored);
    CHECK_THROWS_AS(move(), ProgrammingError);
    session->rollback();
    CHECK(count() == stored); // it had not ended
    session->begin({.write_intent = true});
    add_notes(*session, stored, stored);
    CHECK_THROWS_AS(move(), ProgrammingError);
    session->commit();
    ++stored;
    CHECK(count() == stored);
  }
}

TEST_CASE("execute: two statements in one text are refused, and neither runs") {
  Database database;
  const auto session = database.connect_with({&notes()});
  RowBatch batch;
  const auto both = [&] {
    session->execute("INSERT INTO notes (n, t) VALUES (1, 'a'); INSERT INTO notes (n, t) VALUES (2, 'b')", {})
        ->next(batch);
  };
  if (!database.can(Capability::sql)) {
    CHECK_THROWS_AS(both(), NotSupported);
    return;
  }
  CHECK_THROWS_AS(both(), ProgrammingError);
  CHECK(count_notes(*session) == 0);
}

} // namespace
} // namespace tenon::contract
