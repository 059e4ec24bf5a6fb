// Tables that others created, with types that Tenon would not have chosen.
#include "postgresql_support.hpp"

namespace tenon::postgresql::test {
namespace {

struct Fixture {
  Fixture() {
    const std::string name = schema.name();
    run(*session, "CREATE TYPE " + name + ".mood AS ENUM ('sad', 'ok', 'very happy')");
    run(*session, "CREATE DOMAIN " + name + ".email AS varchar(50) CHECK (VALUE LIKE '%@%')");
    run(*session, "CREATE TABLE " + name +
                      ".old (id int PRIMARY KEY, small smallint, name varchar(10), fixed char(5), " + "mood " + name +
                      ".mood, mail " + name + ".email, at timestamp, real4 real, price numeric(10,2), " +
                      "doc json, docb jsonb, code char(36))");
    table.schema = name;
    table.name = "old";
    table.columns = {{"id", CellType::int64, false, false, 0},     {"small", CellType::int64, true, false, 0},
                     {"name", CellType::text, true, false, 0},     {"fixed", CellType::text, true, false, 0},
                     {"mood", CellType::text, true, false, 0},     {"mail", CellType::text, true, false, 0},
                     {"at", CellType::timestamp, true, false, 0},  {"real4", CellType::float64, true, false, 0},
                     {"price", CellType::decimal, true, false, 0}, {"doc", CellType::json, true, false, 0},
                     {"docb", CellType::json, true, false, 0}};
    table.keys = {{"old_pkey", {0}}};
  }
  Schema schema;
  std::unique_ptr<ISession> session = connect();
  TableDesc table;

  std::uint64_t count(std::uint32_t position, const Cell& cell) {
    const std::vector<Node> filter{node(NodeKind::eq, 2), column(position), value(cell)};
    return session->repository(table).count(filter);
  }
  std::uint64_t count_in(std::uint32_t position, const Cell& cell) {
    const std::vector<Node> filter{node(NodeKind::in, 3), column(position), value(cell), value(cell)};
    return session->repository(table).count(filter);
  }
};

TEST_CASE("postgresql: columns of an existing table are written, read and compared in their own types") {
  Fixture f;
  auto& repository = f.session->repository(f.table);
  std::vector<std::uint32_t> columns(f.table.columns.size());
  for (std::uint32_t i = 0; i < columns.size(); ++i)
    columns[i] = i;
  const std::vector<Cell> row{Cell::int64(7),
                              Cell::int64(-3),
                              Cell::text("ann"),
                              Cell::text("ab"),
                              Cell::text("very happy"),
                              Cell::text("a@b"),
                              Cell::timestamp(1'700'000'000'123'456),
                              Cell::float64(0.5),
                              Cell::decimal("1.50"),
                              Cell::json("{\"a\": [1,  2]}"),
                              Cell::json("{\"a\": [1, 2]}")};
  const std::vector<Cell> empty{Cell::int64(8), Cell::null(), Cell::null(), Cell::null(), Cell::null(), Cell::null(),
                                Cell::null(),   Cell::null(), Cell::null(), Cell::null(), Cell::null()};
  std::vector<Cell> both = row;
  both.insert(both.end(), empty.begin(), empty.end());
  repository.insert({columns, both.data(), 2, {}});
  const Cell key = Cell::int64(7);
  CHECK(rows_of(repository.find(0, {&key, 1})) ==
        std::vector<std::vector<std::string>>{{"7", "-3", "ann", "ab   ", "very happy", "a@b", "1700000000123456",
                                               "0.5", "1.50", "{\"a\": [1,  2]}", "{\"a\": [1, 2]}"}});
  CHECK(value_of(*f.session, "SELECT at::text FROM " + f.schema.table("old") + " WHERE id = 7") ==
        "2023-11-14 22:13:20.123456"); // UTC, whatever the server's time zone
  for (std::uint32_t i = 0; i < row.size(); ++i) {
    CAPTURE(f.table.columns[i].name);
    CHECK(f.count(i, row[i]) == 1);
    if (row[i].type != CellType::json) CHECK(f.count_in(i, row[i]) == 1);
  }
  const Assignment change[] = {
      {4, 0, 0, 0, Cell::text("sad")}, {8, 0, 0, 0, Cell::decimal("2.25")}, {6, 0, 0, 0, Cell::timestamp(0)}};
  const std::vector<Node> seven{node(NodeKind::eq, 2), column(0), value(key)};
  CHECK(repository.update({seven, change, {}}) == 1);
  CHECK(f.count(4, Cell::text("sad")) == 1);
  CHECK(f.count(6, Cell::timestamp(0)) == 1);
}

TEST_CASE("postgresql: text of an existing table sorts and compares by code point, whatever its collation") {
  Fixture f;
  run(*f.session, "INSERT INTO " + f.schema.table("old") +
                      " (id, name, docb, mood) VALUES (1, 'b', '{\"n\": 1.0}', 'ok'), (2, 'A', '{\"n\": 7}', 'sad'), "
                      "(3, 'a', NULL, NULL), (4, 'B', NULL, 'ok')");
  auto& repository = f.session->repository(f.table);
  const auto first_column = [&](const Query& query) {
    std::vector<std::string> found;
    const auto cursor = repository.select(query);
    for (RowBatch batch; cursor->next(batch);) {
      for (const auto& row : rows_of(batch))
        found.push_back(row.front());
    }
    return found;
  };
  using Texts = std::vector<std::string>;
  const std::vector<Output> names{{{0, 2}, Aggregate::none, 0}};
  const OrderTerm by_name{2, 0, 0, NullOrder::largest};
  Query query;
  query.outputs = names;
  query.order = {&by_name, 1};
  CHECK(first_column(query) == Texts{"A", "B", "a", "b"});
  query.distinct = true;
  CHECK(first_column(query) == Texts{"A", "B", "a", "b"});
  query.distinct = false;
  const std::vector<Node> beyond{node(NodeKind::gt, 2), column(2), value(Cell::text("Z"))};
  query.filter = beyond;
  CHECK(first_column(query) == Texts{"a", "b"});
  const std::vector<Output> smallest{{{0, 2}, Aggregate::min, 0}}, largest{{{0, 2}, Aggregate::max, 0}};
  query = {};
  query.outputs = smallest;
  CHECK(first_column(query) == Texts{"A"});
  query.outputs = largest;
  CHECK(first_column(query) == Texts{"b"});

  // An enum is folded as the text that it stands for, and jsonb is looked into as JSON.
  const std::vector<Node> folded{node(NodeKind::eq, 2), node(NodeKind::fold, 1), column(4), value(Cell::text("ok"))};
  CHECK(repository.count(folded) == 2);
  Node wanted = node(NodeKind::json_value, 2);
  wanted.flags = static_cast<std::uint16_t>(CellType::int64);
  const std::vector<Node> seven{node(NodeKind::eq, 2), wanted, column(10), value(Cell::text("n")),
                                value(Cell::int64(7))};
  CHECK(repository.count(seven) == 1);
}

TEST_CASE("postgresql: text sorts by code point where the database's own order is ICU's") {
  run(*connect(), "CREATE DATABASE worded TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE "
                  "'en-US'");
  {
    const auto backend = open_backend(server_options({{"database", "worded"}}));
    const auto session = backend->connect(Deadline::max());
    run(*session, "CREATE TABLE words (t text, n int)");
    run(*session, "INSERT INTO words VALUES ('b'), ('A'), ('a'), ('B')");
    CHECK(rows_of(*session, "SELECT t FROM words ORDER BY t") ==
          std::vector<std::vector<std::string>>{{"a"}, {"A"}, {"b"}, {"B"}});
    TableDesc table;
    table.name = "words";
    table.columns = {{"t", CellType::text, true, false, 0}, {"n", CellType::int64, true, false, 0}};
    const std::vector<Output> text{{{0, 0}, Aggregate::none, 0}};
    const OrderTerm by_text{0, 0, 0, NullOrder::largest};
    Query query;
    query.outputs = text;
    query.order = {&by_text, 1};
    CHECK(rows_of(*session->repository(table).select(query)) ==
          std::vector<std::vector<std::string>>{{"A"}, {"B"}, {"a"}, {"b"}});
    const std::vector<Node> beyond{node(NodeKind::gt, 2), column(0), value(Cell::text("Z"))};
    CHECK(session->repository(table).count(beyond) == 2);
  }
  server().drop_database("worded");
}

TEST_CASE("postgresql: keys of many rows are drawn for the table that has the name at that moment") {
  const Schema first, second;
  const auto session = connect();
  for (const Schema* schema : {&first, &second}) {
    const TableDesc table = users(*schema);
    session->create_tables(std::vector<const TableDesc*>{&table});
  }
  TableDesc table = users(first);
  table.schema.clear();
  constexpr std::size_t kRows = 200; // by COPY
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kRows; ++i)
    names.push_back("u" + std::to_string(i));
  std::vector<Cell> cells;
  for (const std::string& name : names)
    cells.push_back(Cell::text(name));
  const std::vector<std::uint32_t> name_only{1}, id{0};
  std::size_t drawn_first = 0;
  std::size_t drawn_second = 0;
  for (const bool in_first : {true, true, false, true, false}) {
    CAPTURE(in_first, drawn_first, drawn_second);
    std::size_t& drawn = in_first ? drawn_first : drawn_second;
    run(*session, "SET search_path TO " + (in_first ? first : second).name());
    run(*session, "DELETE FROM users");
    const auto keys = rows_of(session->repository(table).insert({name_only, cells.data(), kRows, id}));
    REQUIRE(keys.size() == kRows);
    CHECK(keys.front().front() == std::to_string(drawn + 1));
    drawn += kRows;
    CHECK(keys.back().front() == std::to_string(drawn));
  }
  run(*session, "DROP TABLE users"); // and another one in its place, that a COPY does not fit
  run(*session, "CREATE TABLE users (id bigserial PRIMARY KEY, username varchar(10), age numeric)");
  const std::vector<std::uint32_t> both{1, 2};
  std::vector<Cell> aged;
  for (const Cell& name : cells)
    aged.insert(aged.end(), {name, Cell::int64(7)});
  CHECK(rows_of(session->repository(table).insert({both, aged.data(), kRows, id})).back().front() ==
        std::to_string(kRows));
  CHECK(value_of(*session, "SELECT count(*) FROM users WHERE age = 7") == std::to_string(kRows));
}

TEST_CASE("postgresql: a database without ICU's collation has no case beyond A to Z, and says so") {
  run(*connect(),
      "CREATE DATABASE narrow TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc"); // ICU knows no
                                                                                                         // such
  {
    const auto backend = open_backend(server_options({{"database", "narrow"}}));
    const auto session = backend->connect(Deadline::max());
    run(*session, "CREATE TABLE words (t text)");
    run(*session, "INSERT INTO words VALUES ('Abc')");
    TableDesc table;
    table.name = "words";
    table.columns = {{"t", CellType::text, true, false, 0}};
    std::vector<Node> filter{node(NodeKind::eq, 2), node(NodeKind::fold, 1), column(0), value(Cell::text("abc"))};
    CHECK(session->repository(table).count(filter) == 1);
    filter[1].flags = static_cast<std::uint16_t>(Fold::unicode);
    const ErrorInfo error = failure_of([&] { (void)session->repository(table).count(filter); });
    CHECK(error.code == ErrorCode::not_supported);
    CHECK(error.message == "select from words: this database has no case of letters beyond A to Z (unicode_case)");
    CHECK(error.hint.find("built with ICU") != std::string::npos);
    CHECK(error.sqlstate == "42704");
    CHECK_FALSE(error.broken);
  }
  server().drop_database("narrow");
  const ErrorInfo other = failure_of([] { run(*connect(), "SELECT 'a' COLLATE nowhere"); });
  CHECK(other.code == ErrorCode::programming);
}

TEST_CASE("postgresql: an index on the folded column, as the guide shows it, serves equality") {
  Fixture f;
  const std::string table = f.schema.table("old");
  run(*f.session, "CREATE INDEX of_ascii ON " + table + R"( (lower(name COLLATE "C") COLLATE "C"))");
  run(*f.session, "CREATE INDEX of_all ON " + table + R"( (upper(lower(name COLLATE "und-x-icu")) COLLATE "C"))");
  run(*f.session, "SET enable_seqscan = off");
  const auto plan = [&](Fold letters) {
    Node fold = node(NodeKind::fold, 1);
    fold.flags = static_cast<std::uint16_t>(letters);
    const std::vector<Node> filter{node(NodeKind::eq, 2), fold, column(2), fold, value(Cell::text("Élan"))};
    Query query;
    query.filter = filter;
    std::string text;
    for (const auto& row : rows_of(f.session->repository(f.table).explain(query)))
      text += row.front() + '\n';
    return text;
  };
  CHECK(plan(Fold::ascii).find("Index Scan using of_ascii") != std::string::npos);
  CHECK(plan(Fold::unicode).find("Index Scan using of_all") != std::string::npos);
  run(*f.session, "RESET enable_seqscan");
}

TEST_CASE("postgresql: what an existing column cannot hold is an error, never another value") {
  Fixture f;
  auto& repository = f.session->repository(f.table);
  const auto write = [&](std::uint32_t position, const Cell& cell) {
    const std::vector<std::uint32_t> columns{0, position};
    const Cell cells[] = {Cell::int64(1), cell};
    return failure_of([&] { repository.insert({columns, cells, 1, {}}); }).code;
  };
  CHECK(write(1, Cell::int64(40'000)) == ErrorCode::data);
  CHECK(write(2, Cell::text("longer than ten")) == ErrorCode::data);
  CHECK(write(4, Cell::text("angry")) == ErrorCode::data);
  CHECK(write(5, Cell::text("no at sign")) == ErrorCode::check_violation);
  CHECK(write(8, Cell::decimal("123456789.00")) == ErrorCode::data);
  CHECK(repository.count({}) == 0);
}

TEST_CASE("postgresql: a described type that does not fit the column is a DataError that names both") {
  Fixture f;
  run(*f.session, "INSERT INTO " + f.schema.table("old") + " (id, small, name) VALUES (1, 2, 'x')");
  for (const auto& [position, type] : {std::pair{1U, CellType::text},
                                       {2U, CellType::int64},
                                       {6U, CellType::int64},
                                       {8U, CellType::float64},
                                       {7U, CellType::decimal}}) {
    TableDesc wrong = f.table;
    wrong.columns[position].type = type;
    const Cell key = Cell::int64(1);
    const ErrorInfo error = failure_of([&] { f.session->repository(wrong).find(0, {&key, 1}); });
    CHECK(error.code == ErrorCode::data);
    CHECK(error.message.find(f.schema.table("old") + "." + wrong.columns[position].name) == 0);
  }
}

TEST_CASE("postgresql: a uuid in a text column is read") {
  Fixture f;
  f.table.columns.push_back({"code", CellType::uuid, true, false, 0});
  run(*f.session, "INSERT INTO " + f.schema.table("old") +
                      " (id, code) VALUES (1, '00112233-4455-6677-8899-AABBCCDDEEFF'), (2, 'no uuid')");
  const Cell one = Cell::int64(1);
  const Cell two = Cell::int64(2);
  CHECK(rows_of(f.session->repository(f.table).find(0, {&one, 1})).front().back() ==
        "00112233445566778899aabbccddeeff");
  CHECK_THROWS_AS(f.session->repository(f.table).find(0, {&two, 1}), DataError);
}

} // namespace
} // namespace tenon::postgresql::test
