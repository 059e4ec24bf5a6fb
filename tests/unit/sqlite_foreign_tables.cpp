// Tables that other programs created: SQLAlchemy 1.4's types, and what else is found in the wild.
#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr const char* kCreate = R"(CREATE TABLE events (
  id INTEGER NOT NULL,
  happened DATETIME,
  day DATE,
  is_active BOOLEAN,
  settings JSON,
  name VARCHAR(5),
  score FLOAT,
  price NUMERIC(10, 2),
  token CHAR(32),
  ref VARCHAR(36),
  PRIMARY KEY (id)
))";

TableDesc events() {
  TableDesc table;
  table.name = "events";
  table.columns = {{"id", CellType::int64, false, true, 0},      {"happened", CellType::timestamp, true, false, 0},
                   {"day", CellType::date, true, false, 0},      {"is_active", CellType::boolean, true, false, 0},
                   {"settings", CellType::json, true, false, 0}, {"name", CellType::text, true, false, 5},
                   {"score", CellType::float64, true, false, 0}, {"price", CellType::decimal, true, false, 0},
                   {"token", CellType::uuid, true, false, 0},    {"ref", CellType::uuid, true, false, 0}};
  table.keys = {{"events_pkey", {0}}};
  return table;
}

const TableDesc kEvents = events();
constexpr std::int64_t kNoon = 1709208000123456; // 2024-02-29 12:00:00.123456
const unsigned char kUuid[16] = {0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3,
                                 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00};

struct Fixture : OneSession {
  Fixture() { run(kCreate); }
  IRepository& repository() { return session->repository(kEvents); }
  std::vector<Cell> row(std::int64_t id) {
    const Cell key = Cell::int64(id);
    const RowBatch found = repository().find(0, {&key, 1});
    REQUIRE(found.rows == 1);
    return {found.cells, found.cells + found.columns};
  }
};

} // namespace

TEST_CASE_METHOD(Fixture, "values are stored in the table's own forms") {
  insert(repository(), {1, 2, 3, 4, 5, 6, 7, 8, 9},
         {Cell::timestamp(kNoon), Cell::date(19782), Cell::boolean(true), Cell::json("{}"), Cell::text("abc"),
          Cell::float64(1.5), Cell::decimal("12.50"), Cell::uuid(kUuid), Cell::uuid(kUuid)});
  CHECK(text("SELECT happened FROM events") == "2024-02-29 12:00:00.123456");
  CHECK(text("SELECT day FROM events") == "2024-02-29");
  CHECK(number("SELECT is_active FROM events") == 1);
  CHECK(text("SELECT token FROM events") == "123e4567e89b12d3a456426614174000");
  CHECK(text("SELECT ref FROM events") == "123e4567-e89b-12d3-a456-426614174000");
  CHECK(text("SELECT typeof(price) FROM events") == "real");

  const auto cells = row(1);
  CHECK(cells[1].integer == kNoon);
  CHECK(cells[2].integer == 19782);
  CHECK(cells[7].bytes() == "12.5");
  CHECK(cells[8].bytes() == std::string_view(reinterpret_cast<const char*>(kUuid), 16));
  CHECK(cells[9].bytes() == cells[8].bytes());
}

TEST_CASE_METHOD(Fixture, "what the other program wrote is read") {
  run("INSERT INTO events VALUES (7, '2024-02-29 12:00:00.123456', '2024-02-29', 0, '{\"a\": 1}', 'abc', 2, 3, "
      "'123e4567e89b12d3a456426614174000', '123E4567-E89B-12D3-A456-426614174000')");
  const auto cells = row(7);
  CHECK(cells[1].type == CellType::timestamp);
  CHECK(cells[1].integer == kNoon);
  CHECK(cells[2].integer == 19782);
  CHECK(cells[3].integer == 0);
  CHECK(cells[4].bytes() == "{\"a\": 1}");
  CHECK(cells[6].real == 2.0);
  CHECK(cells[7].bytes() == "3");
  CHECK(cells[9].bytes() == std::string_view(reinterpret_cast<const char*>(kUuid), 16));
}

TEST_CASE_METHOD(Fixture, "predicates compare in the form of the column") {
  insert(repository(), {1, 2, 7, 8},
         {Cell::timestamp(kNoon), Cell::date(19782), Cell::decimal("9.5"), Cell::uuid(kUuid),
          Cell::timestamp(kNoon + 1000000), Cell::date(19783), Cell::decimal("10.5"), Cell::null()});
  using Ids = std::vector<std::int64_t>;
  const auto matching = [&](NodeKind kind, std::uint32_t number, const Cell& cell) {
    return ids(repository(), node(kind, {column(number), literal(cell)}));
  };
  CHECK(matching(NodeKind::eq, 1, Cell::timestamp(kNoon)) == Ids{1});
  CHECK(matching(NodeKind::gt, 1, Cell::timestamp(kNoon)) == Ids{2});
  CHECK(matching(NodeKind::in, 1, Cell::timestamp(kNoon)) == Ids{1});
  CHECK(matching(NodeKind::le, 2, Cell::date(19782)) == Ids{1});
  CHECK(matching(NodeKind::gt, 7, Cell::decimal("9.50")) == Ids{2});
  CHECK(matching(NodeKind::in, 7, Cell::decimal("10.50")) == Ids{2});
  CHECK(matching(NodeKind::eq, 8, Cell::uuid(kUuid)) == Ids{1});
  const std::vector<Assignment> later{{1, 0, 0, 0, Cell::timestamp(kNoon + 2)}};
  CHECK(repository().update({node(NodeKind::eq, {column(1), literal(Cell::timestamp(kNoon))}), later, {}}) == 1);
  CHECK(text("SELECT happened FROM events WHERE id = 1") == "2024-02-29 12:00:00.123458");
}

TEST_CASE_METHOD(Fixture, "text of another form is read, and compared once it has the form that is written") {
  constexpr std::int64_t kWhole = kNoon - 123456;
  run("INSERT INTO events (happened, ref) VALUES ('2024-02-29 12:00:00', '123E4567-E89B-12D3-A456-426614174000'), "
      "('2024-02-29T14:00:00+02:00', NULL), ('2024-02-29 12:00:00.123456', NULL), ('2024-02-29 12:00:00+0000', NULL)");
  using Ids = std::vector<std::int64_t>;
  const auto at = [&](std::int64_t moment) {
    return ids(repository(), node(NodeKind::eq, {column(1), literal(Cell::timestamp(moment))}));
  };
  const auto of_uuid = [&] { return ids(repository(), node(NodeKind::eq, {column(9), literal(Cell::uuid(kUuid))})); };
  CHECK(row(1)[1].integer == kWhole);
  CHECK(row(2)[1].integer == kWhole);
  CHECK(row(4)[1].integer == kWhole);
  CHECK(at(kWhole).empty());
  CHECK(of_uuid().empty());
  // As docs/guide/types.md says.
  run("UPDATE events SET happened = coalesce(strftime('%Y-%m-%d %H:%M:%f000', happened), happened) "
      "WHERE happened NOT GLOB '* *.[0-9][0-9][0-9][0-9][0-9][0-9]'");
  run("UPDATE events SET ref = lower(ref)");
  CHECK(at(kWhole) == Ids{1, 2});
  CHECK(at(kNoon) == Ids{3});
  CHECK(of_uuid() == Ids{1});
  CHECK(row(4)[1].integer == kWhole); // strftime cannot read it
}

TEST_CASE_METHOD(Fixture, "what the table's form would cut is DataError") {
  CHECK_THROWS_AS(insert(repository(), {1}, {Cell::timestamp(253402300800000000)}), DataError); // the year 10000
  CHECK_THROWS_AS(insert(repository(), {2}, {Cell::date(-800000)}), DataError);
  CHECK_THROWS_AS(insert(repository(), {7}, {Cell::decimal("1234567890.123456")}), DataError); // 16 digits
  CHECK_THROWS_AS(insert(repository(), {5}, {Cell::text("abcdef")}), DataError); // SQLite itself would keep it
  CHECK(repository().count({}) == 0);
}

TEST_CASE_METHOD(Fixture, "an INTEGER PRIMARY KEY of another program gives its generated value back") {
  CHECK(insert(repository(), {5}, {Cell::text("a")}, {0}).cells[0].integer == 1);
  CHECK(insert(repository(), {5}, {Cell::text("b")}, {0}).cells[0].integer == 2);
}

TEST_CASE("a key that is not the rowid is returned as it was stored") {
  TableDesc table;
  table.name = "things";
  table.columns = {{"id", CellType::int64, false, true, 0}, {"name", CellType::text, true, false, 0}};
  table.keys = {{"things_pkey", {0}}};
  for (const char* create : {"CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT)",
                             "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT) WITHOUT ROWID"}) {
    INFO(create);
    OneSession one;
    one.run(create);
    const RowBatch batch = insert(one.session->repository(table), {0, 1}, {Cell::int64(77), Cell::text("a")}, {0});
    REQUIRE(batch.rows == 1);
    CHECK(batch.cells[0].integer == 77);
  }
}

TEST_CASE("a misspelt column in a double-quoted name is no string literal") {
  OneSession one;
  one.run("CREATE TABLE t (a TEXT)");
  one.run("INSERT INTO t VALUES ('x')");
  CHECK(error_of([&] { (void)one.session->execute("SELECT \"b\" FROM t", {}); }).code == ErrorCode::programming);
}
