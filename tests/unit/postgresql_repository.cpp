#include <thread>

#include <malloc.h>
#include <sys/resource.h>

#include <tenon/testing/latency.hpp>

#include "postgresql_support.hpp"

namespace tenon::postgresql::test {
namespace {

struct Fixture {
  explicit Fixture(const Pairs& changes = {}) : session(connect(changes)) {
    session->create_tables(std::vector<const TableDesc*>{&table, &note_table});
  }
  Schema schema;
  TableDesc table = users(schema);
  TableDesc note_table = notes(schema);
  std::unique_ptr<ISession> session;
  IRepository& people() { return session->repository(table); }

  /// username "u<n>", age n, for n from `first` on.
  RowBatch add(int first, int count, std::span<const std::uint32_t> returning = {}) {
    names.clear();
    cells.clear();
    for (int n = first; n < first + count; ++n)
      names.push_back("u" + std::to_string(n));
    for (int n = 0; n < count; ++n) {
      cells.push_back(Cell::text(names[static_cast<std::size_t>(n)]));
      cells.push_back(Cell::int64(first + n));
    }
    return people().insert({columns, cells.data(), static_cast<std::size_t>(count), returning});
  }

  std::vector<std::vector<std::string>> select(const Query& query) { return rows_of(*people().select(query)); }

  std::vector<std::uint32_t> columns{1, 2};
  std::vector<std::string> names;
  std::vector<Cell> cells;
};

const std::vector<std::uint32_t> kId{0};
const std::vector<std::uint32_t> kAll{0, 1, 2};
const OrderTerm kById{0, 0, 0, NullOrder::largest};

TEST_CASE("postgresql: a session gives one repository per table") {
  Fixture f;
  CHECK(&f.session->repository(f.table) == &f.session->repository(f.table));
  CHECK(f.people().table().name == "users");
}

TEST_CASE("postgresql: inserts of every size return their rows in input order") {
  Fixture f;
  int next = 1;
  for (const int count : {1, 2, 3, 7, 100, 512, 513, 1200}) {
    const RowBatch batch = f.add(next, count, kAll);
    REQUIRE(batch.rows == static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      CHECK(batch.row(static_cast<std::size_t>(i))[1].bytes() == "u" + std::to_string(next + i));
      CHECK(batch.row(static_cast<std::size_t>(i))[2].integer == next + i);
    }
    next += count;
  }
  CHECK(f.people().count({}) == static_cast<std::uint64_t>(next - 1));
  CHECK(f.add(next, 0).empty());
  CHECK(f.add(next, 3).empty()); // nothing was asked for
}

TEST_CASE("postgresql: an insert writes all rows or none, whatever fails") {
  Fixture f;
  f.add(2000, 1);
  CHECK_THROWS_AS(f.add(1001, 1000), IntegrityError); // the last one is taken, long after the first statement
  CHECK(f.people().count({}) == 1);
  std::vector<Cell> cells;
  for (int i = 0; i < 700; ++i)
    cells.push_back(Cell::text("x" + std::to_string(i)));
  std::vector<std::string> kept;
  for (int i = 0; i < 700; ++i)
    kept.push_back("x" + std::to_string(i));
  for (std::size_t i = 0; i < cells.size(); ++i)
    cells[i] = Cell::text(kept[i]);
  cells.back() = Cell::text("\xff"); // refused on our side
  const std::vector<std::uint32_t> name_only{1};
  CHECK_THROWS_AS(f.people().insert({name_only, cells.data(), cells.size(), {}}), DataError);
  CHECK(f.people().count({}) == 1);

  f.session->begin({});
  CHECK_THROWS_AS(f.people().insert({name_only, cells.data(), cells.size(), {}}), DataError);
  f.session->commit(); // rows that go by COPY are checked before any is sent
  CHECK(f.people().count({}) == 1);
  f.session->begin({});
  CHECK_THROWS_AS(f.people().upsert({name_only, cells.data(), cells.size(), {}}, 1, {}), DataError);
  CHECK_THROWS_AS(f.session->commit(), DataError); // half a call cannot be committed
  CHECK(f.people().count({}) == 1);
}

TEST_CASE("postgresql: columns that are left out get what the schema says; a row may have none") {
  Fixture f;
  run(*f.session, "ALTER TABLE " + f.schema.table("users") +
                      " ALTER username SET DEFAULT 'anon' || clock_timestamp(), " + "ALTER username TYPE text");
  const RowBatch batch = f.people().insert({{}, nullptr, 1, kAll});
  REQUIRE(batch.rows == 1);
  CHECK(batch.row(0)[1].bytes().substr(0, 4) == "anon");
  CHECK(batch.row(0)[2].is_null());
}

TEST_CASE("postgresql: find gives the row of a key or nothing, and its cells live until the next call") {
  Fixture f;
  f.add(1, 3);
  const Cell name = Cell::text("u2");
  const RowBatch row = f.people().find(1, {&name, 1});
  REQUIRE(row.rows == 1);
  CHECK(row.columns == 3);
  CHECK(row.row(0)[1].bytes() == "u2");
  CHECK(row.row(0)[2].integer == 2);
  const Cell absent = Cell::text("nobody");
  CHECK(f.people().find(1, {&absent, 1}).empty());
  const Cell null = Cell::null();
  CHECK(f.people().find(1, {&null, 1}).empty());
  const Cell id = Cell::int64(1);
  CHECK(f.people().find(0, {&id, 1}).row(0)[1].bytes() == "u1");
  CHECK_THROWS_AS(f.people().find(2, {&id, 1}), ProgrammingError);
  CHECK_THROWS_AS(f.people().find(0, {}), ProgrammingError);
  CHECK_THROWS_AS(f.people().find(0, {&name, 1}), ProgrammingError);
}

TEST_CASE("postgresql: filters, orders, limits and projections reach the server") {
  Fixture f;
  f.add(1, 20);
  const std::vector<Output> name_only{{{0, 1}, Aggregate::none, 0}};
  const std::vector<Node> filter{
      node(NodeKind::all_of, 2),   node(NodeKind::gt, 2),        column(2), value(Cell::int64(5)),
      node(NodeKind::negation, 1), node(NodeKind::ends_with, 2), column(1), value(Cell::text("7"))};
  const OrderTerm down{2, 0, 1, NullOrder::last};
  Query query;
  query.filter = filter;
  query.order = {&down, 1};
  query.outputs = name_only;
  query.limit = 3;
  query.offset = 2;
  CHECK(f.select(query) == std::vector<std::vector<std::string>>{{"u18"}, {"u16"}, {"u15"}});
  query.limit = kNoLimit;
  CHECK(f.select(query).size() == 11);
  CHECK(f.people().exists(filter));
  CHECK(f.people().count(filter) == 13);
}

TEST_CASE("postgresql: text predicates take their right side literally, and like its wildcards") {
  Fixture f;
  const std::vector<std::string> texts{"a%b", "axb", "A_b", "a\\b", "it's"};
  const std::vector<std::uint32_t> name_only{1};
  for (const std::string& text : texts) {
    const Cell cell = Cell::text(text);
    f.people().insert({name_only, &cell, 1, {}});
  }
  const auto matches = [&](NodeKind kind, const char* text) {
    const std::vector<Node> filter{node(kind, 2), column(1), value(Cell::text(text))};
    return f.people().count(filter);
  };
  CHECK(matches(NodeKind::contains, "%") == 1);
  CHECK(matches(NodeKind::contains, "") == 5);
  CHECK(matches(NodeKind::contains, "'") == 1);
  CHECK(matches(NodeKind::starts_with, "a") == 3);
  CHECK(matches(NodeKind::ends_with, "\\b") == 1);
  CHECK(matches(NodeKind::ends_with, "") == 5);
  CHECK(matches(NodeKind::like, "a%b") == 3);
  CHECK(matches(NodeKind::like, "a\\%b") == 1);
  CHECK(matches(NodeKind::like, "_\\_b") == 1);
  CHECK(matches(NodeKind::like, "a\\\\b") == 1);
}

TEST_CASE("postgresql: a list of values is one parameter of any length, and its texts stay texts") {
  Fixture f;
  const std::vector<std::string> hostile{"a,b", "{x}", "\"q\"", "back\\slash", "NULL", "", " ", "it's", "\\\"", "ü"};
  const std::vector<std::uint32_t> name_only{1};
  for (const std::string& text : hostile) {
    const Cell cell = Cell::text(text);
    f.people().insert({name_only, &cell, 1, {}});
  }
  const auto in = [&](std::uint32_t position, const std::vector<Cell>& cells) {
    std::vector<Node> filter{node(NodeKind::in, static_cast<std::uint32_t>(cells.size() + 1)), column(position)};
    for (const Cell& cell : cells)
      filter.push_back(value(cell));
    return f.people().count(filter);
  };
  std::vector<Cell> all;
  for (const std::string& text : hostile) {
    CAPTURE(text);
    CHECK(in(1, {Cell::text(text)}) == 1);
    all.push_back(Cell::text(text));
  }
  CHECK(in(1, all) == hostile.size());
  CHECK(in(1, {}) == 0);
  CHECK(in(1, {Cell::null()}) == 0);
  CHECK(in(1, {Cell::null(), Cell::text("")}) == 1);
  std::vector<Cell> many;
  for (std::int64_t id = -100'000; id <= 3; ++id)
    many.push_back(Cell::int64(id));
  CHECK(in(0, many) == 3);
}

TEST_CASE("postgresql: update and remove answer how many rows they met") {
  Fixture f;
  f.add(1, 10);
  const std::vector<Node> old{node(NodeKind::ge, 2), column(2), value(Cell::int64(6))};
  const Assignment to_null{2, 0, 0, 0, Cell::null()};
  CHECK(f.people().update({old, {&to_null, 1}, {}}) == 5);
  const std::vector<Node> ageless{node(NodeKind::is_null, 1), column(2)};
  CHECK(f.people().count(ageless) == 5);
  const Assignment to_number{2, 0, 0, 0, Cell::int64(1)};
  CHECK(f.people().update({ageless, {&to_number, 1}, {}}) == 5);
  CHECK(f.people().update({ageless, {&to_number, 1}, {}}) == 0);
  CHECK_THROWS_AS(f.people().update({{}, {}, {}}), ProgrammingError);
  const Assignment wrong{2, 0, 0, 0, Cell::text("x")};
  CHECK_THROWS_AS(f.people().update({{}, {&wrong, 1}, {}}), DataError);
  CHECK(f.people().remove({}) == 10);
  CHECK_FALSE(f.people().exists({}));
}

TEST_CASE("postgresql: upsert writes new rows, updates taken ones and returns all in input order") {
  Fixture f;
  f.add(1, 3);
  const std::vector<std::uint32_t> age{2};
  const auto upsert = [&](std::span<const std::uint32_t> update, std::span<const std::uint32_t> returning) {
    const Cell rows[] = {Cell::text("u9"), Cell::int64(90),  Cell::text("u2"),
                         Cell::int64(20),  Cell::text("u8"), Cell::int64(80)};
    return rows_of(f.people().upsert({f.columns, rows, 3, returning}, 1, update));
  };
  CHECK(upsert({}, f.columns) == std::vector<std::vector<std::string>>{{"u9", "90"}, {"u2", "2"}, {"u8", "80"}});
  CHECK(upsert(age, f.columns) == std::vector<std::vector<std::string>>{{"u9", "90"}, {"u2", "20"}, {"u8", "80"}});
  CHECK(upsert({}, {}).empty());
  CHECK(f.people().count({}) == 5);
  const std::vector<std::uint32_t> not_given{0};
  CHECK_THROWS_AS(upsert(not_given, {}), ProgrammingError);
  const Cell twice[] = {Cell::text("a"), Cell::int64(1), Cell::text("a"), Cell::int64(2)};
  CHECK_THROWS_AS(f.people().upsert({f.columns, twice, 2, {}}, 1, age), DataError);
}

TEST_CASE("postgresql: a large select comes in batches and may be left early, in a transaction or not") {
  Fixture f;
  f.add(1, 3000);
  for (const bool in_transaction : {false, true}) {
    CAPTURE(in_transaction);
    if (in_transaction) f.session->begin({});
    Query query;
    query.order = {&kById, 1};
    std::size_t rows = 0;
    std::size_t batches = 0;
    {
      const auto cursor = f.people().select(query);
      RowBatch batch;
      while (cursor->next(batch)) {
        for (std::size_t i = 0; i < batch.rows; ++i)
          CHECK(batch.row(i)[2].integer == static_cast<std::int64_t>(rows + i + 1));
        rows += batch.rows;
        ++batches;
      }
      CHECK_FALSE(cursor->next(batch));
    }
    CHECK(rows == 3000);
    CHECK(batches > 5);
    {
      const auto cursor = f.people().select(query);
      RowBatch batch;
      CHECK(cursor->next(batch));
    }
    CHECK(f.people().count({}) == 3000); // the early end has left nothing behind
    const auto cursor = f.people().select(query);
    RowBatch batch;
    CHECK(cursor->next(batch));
    CHECK(f.people().count({}) == 3000);
    if (in_transaction) { // a cursor of the server, which takes no notice
      CHECK(cursor->next(batch));
      CHECK(batch.row(0)[2].integer > 1);
      f.session->commit();
    } else {
      CHECK(failure_of([&] { cursor->next(batch); }).code == ErrorCode::programming);
    }
    CHECK((batch.empty() || in_transaction));
  }
}

TEST_CASE(
    "postgresql: cursors of the server are closed at their end, when left early, and with what a savepoint undoes") {
  Fixture f;
  f.add(1, 300);
  const auto open = [&] {
    return value_of(*f.session, "SELECT count(*) FROM pg_cursors WHERE name LIKE 'tenon_cursor%'");
  };
  f.session->begin({});
  RowBatch batch;
  auto all = f.people().select({});
  auto early = f.people().select({});
  CHECK(open() == "2");
  CHECK(early->next(batch));
  early.reset();
  CHECK(open() == "1");
  while (all->next(batch)) {}
  CHECK(open() == "0");

  f.session->savepoint(SavepointAction::create, 1);
  auto undone = f.people().select({});
  CHECK(undone->next(batch));
  f.session->savepoint(SavepointAction::rollback, 1);
  CHECK(failure_of([&] { undone->next(batch); }).code == ErrorCode::programming);
  undone.reset();
  CHECK(f.people().count({}) == 300); // the transaction lives on

  auto failing = f.people().select({});
  CHECK_THROWS_AS(run(*f.session, "SELECT 1 / 0"), DataError);
  CHECK(failing->next(batch)); // those that are here
  CHECK_THROWS_AS(
      [&] {
        while (failing->next(batch)) {}
      }(),
      ProgrammingError);
  failing.reset();
  f.session->rollback();
}

#ifndef TENON_TESTING_SANITIZED // whose allocators have ways of their own
TEST_CASE("postgresql: a stream in a transaction pays for its memory once, not with every chunk") {
  constexpr int kRows = 100'000;
  mallopt(M_TRIM_THRESHOLD, 128 << 10); // as in a process that has freed nothing large yet
  Fixture f;
  f.add(1, kRows);
  const auto page_faults = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
  };
  f.session->begin({});
  const auto cursor = f.people().select({});
  std::size_t rows = 0;
  long at_tenth = 0;
  for (RowBatch batch; cursor->next(batch); rows += batch.rows) {
    if (rows < kRows / 10) at_tenth = page_faults();
  }
  CHECK(rows == kRows);
  CHECK(page_faults() - at_tenth < 200); // some fifty chunks, of 64 pages each
  f.session->commit();
}
#endif

TEST_CASE("postgresql: a select whose caller keeps all rows gives them as one result, in a transaction or not") {
  Fixture f;
  f.add(1, 3000);
  for (const bool in_transaction : {false, true}) {
    if (in_transaction) f.session->begin({});
    Query query;
    query.whole = true;
    const auto cursor = f.people().select(query);
    CHECK(f.people().count({}) == 3000);
    std::size_t rows = 0;
    for (RowBatch batch; cursor->next(batch);)
      rows += batch.rows;
    CHECK(rows == 3000);
    if (in_transaction) f.session->commit();
  }
}

TEST_CASE("postgresql: leaving an endless result is quick, and the session goes on") {
  const auto session = connect();
  const auto start = Clock::now();
  {
    const auto cursor = session->execute("SELECT generate_series(1, 2000000000)", {});
    RowBatch batch;
    CHECK(cursor->next(batch));
  }
  CHECK(Clock::now() - start < std::chrono::milliseconds(1750) + testing::kLateness);
  CHECK(session->alive());
  for (int i = 0; i < 20; ++i)
    CHECK(value_of(*session, "SELECT 1") == "1");
}

TEST_CASE("postgresql: a write that returns rows is carried out even if nobody reads them") {
  Fixture f;
  {
    static_cast<void>(
        f.session->execute("INSERT INTO " + f.schema.table("users") +
                               " (username) SELECT 'w' || n FROM generate_series(1, 50000) n RETURNING id",
                           {}));
  }
  CHECK(f.people().count({}) == 50'000);
}

TEST_CASE("postgresql: a cursor ends with its transaction") {
  Fixture f;
  f.add(1, 5);
  f.session->begin({});
  Query query;
  query.limit = 5;
  const auto whole = f.people().select(query);
  f.session->commit();
  RowBatch batch;
  CHECK_THROWS_AS(whole->next(batch), ProgrammingError);
}

TEST_CASE("postgresql: an error in the middle of the rows ends the cursor for good") {
  const auto session = connect();
  const auto cursor = session->execute("SELECT 1000 / (500 - n) FROM generate_series(1, 100000) n", {});
  RowBatch batch;
  const auto read = [&] {
    while (cursor->next(batch)) {}
  };
  CHECK_THROWS_AS(read(), DataError);
  CHECK_THROWS_AS(read(), ProgrammingError);
  CHECK(value_of(*session, "SELECT 1") == "1");
}

TEST_CASE("postgresql: a statement is prepared once per shape, and anew when the server has forgotten it") {
  Fixture f;
  const auto prepared = [&] { return value_of(*f.session, "SELECT count(*) FROM pg_prepared_statements"); };
  f.add(1, 1);
  f.add(2, 1);
  const Cell name = Cell::text("u1");
  f.people().find(1, {&name, 1});
  f.people().find(1, {&name, 1});
  CHECK(prepared() == "2");
  run(*f.session, "DEALLOCATE ALL");
  CHECK(f.people().find(1, {&name, 1}).rows == 1);
  CHECK(f.add(3, 1, kAll).row(0)[2].integer == 3);

  run(*f.session, "ALTER TABLE " + f.schema.table("users") + " ALTER age TYPE int");
  CHECK(f.people().find(1, {&name, 1}).row(0)[2].integer == 1); // "cached plan must not change result type"
  CHECK(f.people().find(1, {&name, 1}).row(0)[2].integer == 1);
  CHECK(f.add(4, 1, kAll).row(0)[2].integer == 4); // what a write returns, too
  CHECK(f.add(5, 1, kAll).row(0)[2].integer == 5);

  run(*f.session, "DEALLOCATE ALL");
  f.session->begin({});
  const ErrorInfo error = failure_of([&] { f.people().find(1, {&name, 1}); });
  CHECK(error.sqlstate == "26000");
  CHECK(error.retryable);
  f.session->rollback();
  f.session->begin({});
  CHECK(f.people().find(1, {&name, 1}).rows == 1);
  f.session->commit();
}

TEST_CASE("postgresql: one statement updates with values and with NULL") {
  Fixture f;
  f.add(1, 1);
  const std::vector<Node> first{node(NodeKind::eq, 2), column(1), value(Cell::text("u1"))};
  const auto prepared = [&] { return value_of(*f.session, "SELECT count(*) FROM pg_prepared_statements"); };
  const std::string before = prepared();
  for (const Cell& age : {Cell::int64(7), Cell::null(), Cell::int64(8)}) {
    const Assignment assignment = Assignment::of(2, age);
    CHECK(f.people().update({first, {&assignment, 1}, {}}) == 1);
    CHECK(f.select({}) ==
          std::vector<std::vector<std::string>>{{"1", "u1", age.is_null() ? "NULL" : std::to_string(age.integer)}});
  }
  CHECK(std::stoi(prepared()) == std::stoi(before) + 2); // the update, and the select
}

TEST_CASE("postgresql: statements that fall out of the cache are forgotten by the server") {
  Fixture f;
  for (std::uint32_t children = 1; children <= 300; ++children) {
    std::vector<Node> filter{node(NodeKind::any_of, children)};
    for (std::uint32_t i = 0; i < children; ++i) {
      filter.push_back(node(NodeKind::is_null, 1));
      filter.push_back(column(2));
    }
    CHECK(f.people().count(filter) == 0);
  }
  CHECK(std::stoi(value_of(*f.session, "SELECT count(*) FROM pg_prepared_statements")) <= 130);
}

TEST_CASE("postgresql: tables are created as described, once, with their schema, and left alone afterwards") {
  const Schema schema;
  TableDesc u = users(schema);
  u.schema = "made_by_" + schema.name();
  TableDesc n = notes(schema);
  n.schema = u.schema;
  n.foreign_keys[0].target_schema = u.schema;
  const auto session = connect();
  const std::vector<const TableDesc*> tables{&u, &n};
  session->create_tables(tables);
  session->create_tables(tables);
  const std::string where = " WHERE connamespace = $1::text::regnamespace";
  CHECK(value_of(*session, "SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint" + where,
                 {Cell::text(u.schema)}) == "notes_pkey notes_user_id_fkey users_pkey users_username_key");
  CHECK(value_of(*session, "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE schemaname = $1",
                 {Cell::text(u.schema)}) == "ix_notes_title notes_pkey users_pkey users_username_key");
  CHECK(value_of(*session,
                 "SELECT collation_name::text FROM information_schema.columns WHERE table_schema = $1 AND column_name "
                 "= 'title'",
                 {Cell::text(u.schema)}) == "C");
  run(*session, "DROP SCHEMA " + u.schema + " CASCADE");

  session->begin({}); // in a transaction of the caller's it is part of that
  session->create_tables(tables);
  session->rollback();
  CHECK(value_of(*session, "SELECT to_regnamespace($1) IS NULL", {Cell::text(u.schema)}) == "true");
}

TEST_CASE("postgresql: tables that several create at the same time are created once, without an error") {
  for (int round = 0; round < 10; ++round) {
    const Schema schema;
    TableDesc u = users(schema);
    u.schema += "_shared";
    TableDesc n = notes(schema);
    n.schema = u.schema;
    n.foreign_keys[0].target_schema = u.schema;
    std::vector<std::thread> threads;
    std::vector<std::string> errors(4);
    for (std::string& error : errors) {
      threads.emplace_back([&] {
        try {
          connect()->create_tables(std::vector<const TableDesc*>{&u, &n});
        } catch (const Error& failed) {
          error = failed.sqlstate() + " " + failed.message();
        }
      });
    }
    for (std::thread& thread : threads)
      thread.join();
    CHECK(errors == std::vector<std::string>(4));
    run(*connect(), "DROP SCHEMA " + u.schema + " CASCADE");
  }
}

TEST_CASE("postgresql: hostile names of tables and columns are quoted") {
  const Schema schema;
  TableDesc table = users(schema);
  table.name = R"(t"; DROP TABLE "x)";
  table.columns[1].name = R"(select "a'b$1)";
  table.keys[1].name = R"(k"ey)";
  const auto session = connect();
  session->create_tables(std::vector<const TableDesc*>{&table});
  const Cell name = Cell::text("ann");
  const std::vector<std::uint32_t> name_only{1};
  auto& repository = session->repository(table);
  repository.insert({name_only, &name, 1, {}});
  CHECK(repository.find(1, {&name, 1}).rows == 1);
  const ErrorInfo error = failure_of([&] { repository.insert({name_only, &name, 1, {}}); });
  CHECK(error.constraint == R"(k"ey)");
  CHECK(error.columns == std::vector<std::string>{R"(select "a'b$1)"});
}

} // namespace
} // namespace tenon::postgresql::test
