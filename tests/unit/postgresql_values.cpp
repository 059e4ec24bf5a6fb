#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "postgresql_support.hpp"

namespace tenon::postgresql::test {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

/// One column of each type behind a key; all nullable.
TableDesc everything(const Schema& schema) {
  TableDesc table;
  table.schema = schema.name();
  table.name = "everything";
  table.columns = {{"id", CellType::int64, false, true, 0},     {"b", CellType::boolean, true, false, 0},
                   {"i", CellType::int64, true, false, 0},      {"f", CellType::float64, true, false, 0},
                   {"t", CellType::text, true, false, 0},       {"x", CellType::blob, true, false, 0},
                   {"d", CellType::decimal, true, false, 0},    {"u", CellType::uuid, true, false, 0},
                   {"ts", CellType::timestamp, true, false, 0}, {"day", CellType::date, true, false, 0},
                   {"j", CellType::json, true, false, 0}};
  table.keys = {{"everything_pkey", {0}}};
  return table;
}

std::uint32_t position_of(CellType type) { return static_cast<std::uint32_t>(type); }

struct Fixture {
  Schema schema;
  TableDesc table = everything(schema);
  std::unique_ptr<ISession> session = connect();
  IRepository& repository = session->repository(table);
  Fixture() { session->create_tables(std::vector<const TableDesc*>{&table}); }

  /// Writes the value, reads it back by key, and finds it by comparison and in a list.
  void round_trip(const Cell& cell) {
    const std::vector<std::uint32_t> columns{position_of(cell.type)};
    const std::vector<std::uint32_t> id{0};
    const RowBatch made = repository.insert({columns, &cell, 1, id});
    const Cell key = made.row(0)[0];
    const auto check = [&](const Cell& read) {
      CHECK(read.type == cell.type);
      if (cell.size > 0 || cell.type == CellType::text || cell.type == CellType::blob) {
        CHECK(read.bytes() == cell.bytes());
      } else if (cell.type == CellType::float64) {
        CHECK(std::memcmp(&read.real, &cell.real, sizeof cell.real) == 0);
      } else {
        CHECK(read.integer == cell.integer);
      }
    };
    check(repository.find(0, {&key, 1}).row(0)[position_of(cell.type)]);

    const std::vector<Node> equal{node(NodeKind::all_of, 2), node(NodeKind::eq, 2),          column(0),  value(key),
                                  node(NodeKind::eq, 2),     column(position_of(cell.type)), value(cell)};
    CHECK(repository.count(equal) == 1);
    if (cell.type == CellType::json) return; // JSON is compared for equality only
    const std::vector<Node> in_list{
        node(NodeKind::all_of, 2),      node(NodeKind::eq, 2), column(0),           value(key), node(NodeKind::in, 4),
        column(position_of(cell.type)), value(cell),           value(Cell::null()), value(cell)};
    CHECK(repository.count(in_list) == 1);
    Query query;
    query.filter = in_list;
    const auto rows = repository.select(query);
    RowBatch batch;
    REQUIRE(rows->next(batch));
    check(batch.row(0)[position_of(cell.type)]);
  }
};

TEST_CASE("postgresql: every type comes back as it was stored, at its ends too") {
  Fixture f;
  for (const bool flag : {true, false})
    f.round_trip(Cell::boolean(flag));
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, Limits::max(), Limits::min()})
    f.round_trip(Cell::int64(number));
  for (const double number : {0.0, -1.5, 0.1, 1e308, 5e-324, std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity()})
    f.round_trip(Cell::float64(number));
  const std::string long_text(3'000'000, 'x');
  for (const std::string_view text : {"", "NULL", "a,b", "{\"x\"}", "it's", "\\", "\"", "\n\t", "e\u0301", "ü€😀",
                                      " lead", "trail ", long_text.c_str()})
    f.round_trip(Cell::text(text));
  std::string bytes;
  for (int i = 0; i < 256; ++i)
    bytes += static_cast<char>(i);
  f.round_trip(Cell::blob(bytes.data(), bytes.size()));
  f.round_trip(Cell::blob("", 0));
  f.round_trip(Cell::blob(nullptr, 0));
  for (const char* text : {"0", "-0.5", "1", "10000", "99999999", "10000.0001", "0.00001",
                           "123456789012345678901234567890.12345678", "-99999999999999999999999999999999999999", "0.10",
                           "1.000", "100000000000000000000", "0.00000000000000000000000000000000000001"})
    f.round_trip(Cell::decimal(text));
  f.round_trip(Cell::uuid("0123456789abcdef"));
  f.round_trip(Cell::uuid("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
  constexpr std::int64_t kFirst = -210'866'803'200'000'000; // 4714-11-24 BC, PostgreSQL's first
  for (const std::int64_t time :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{-62'135'596'800'000'000} - 1, std::int64_t{951'782'400'000'001},
        std::int64_t{4'102'444'800'999'999}, std::int64_t{9'224'318'015'999'999}, kFirst, Limits::max()})
    f.round_trip(Cell::timestamp(time));
  for (const std::int64_t day : {0, -1, 11016, 2'932'896, -2'440'588})
    f.round_trip(Cell::date(day));
  for (const char* text : {"null", "{\"b\": 1,  \"a\":[1, 2.50, \"ü\"]}", "\"\\u0041\"", "{\"a\":1,\"a\":2}"})
    f.round_trip(Cell::json(text));
}

TEST_CASE("postgresql: NULL is stored in every type, in rows beside values, and is not empty") {
  Fixture f;
  std::vector<std::uint32_t> columns;
  std::vector<Cell> cells;
  for (std::uint32_t i = 1; i < f.table.columns.size(); ++i)
    columns.push_back(i);
  const std::vector<Cell> full{Cell::boolean(true),
                               Cell::int64(1),
                               Cell::float64(1),
                               Cell::text(""),
                               Cell::blob("", 0),
                               Cell::decimal("1"),
                               Cell::uuid("0123456789abcdef"),
                               Cell::timestamp(1),
                               Cell::date(1),
                               Cell::json("1")};
  cells.assign(columns.size(), Cell::null());
  cells.insert(cells.end(), full.begin(), full.end());
  f.repository.insert({columns, cells.data(), 2, {}});
  Query query;
  const OrderTerm by_id{0, 0, 0, NullOrder::largest};
  query.order = {&by_id, 1};
  const auto rows = rows_of(*f.repository.select(query));
  REQUIRE(rows.size() == 2);
  for (std::size_t i = 1; i < rows[0].size(); ++i) {
    CHECK(rows[0][i] == "NULL");
    CHECK(rows[1][i] != "NULL");
  }
}

TEST_CASE("postgresql: rows of values, NULLs and empty values are read alike by every kind of cursor") {
  constexpr std::size_t kRows = 200; // some batches of each cursor, the last one not full
  Fixture f;
  std::vector<std::uint32_t> columns;
  for (std::uint32_t i = 1; i < f.table.columns.size(); ++i)
    columns.push_back(i);
  const std::vector<std::vector<Cell>> kinds{
      {Cell::boolean(true), Cell::int64(-7), Cell::float64(0.5), Cell::text("word"), Cell::blob("\0\1", 2),
       Cell::decimal("-12.50"), Cell::uuid("0123456789abcdef"), Cell::timestamp(-1), Cell::date(11016),
       Cell::json("{\"a\":1}")},
      std::vector<Cell>(columns.size(), Cell::null()),
      {Cell::boolean(false), Cell::int64(0), Cell::float64(0), Cell::text(""), Cell::blob("", 0), Cell::decimal("0"),
       Cell::uuid("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), Cell::timestamp(0), Cell::date(0), Cell::json("\"\"")}};
  const std::vector<std::vector<std::string>> expected{
      {"true", "-7", "0.5", "word", std::string("\0\1", 2), "-12.50", "30313233343536373839616263646566", "-1", "11016",
       "{\"a\":1}"},
      std::vector<std::string>(columns.size(), "NULL"),
      {"false", "0", "0", "", "", "0", "00000000000000000000000000000000", "0", "0", "\"\""}};
  std::vector<Cell> cells;
  for (std::size_t n = 0; n < kRows; ++n)
    cells.insert(cells.end(), kinds[n % 3].begin(), kinds[n % 3].end());
  f.repository.insert({columns, cells.data(), kRows, {}});

  const auto is_row = [&](std::size_t n, std::vector<std::string> row) {
    const bool numbered = row.front() == std::to_string(n + 1);
    row.erase(row.begin());
    return numbered && row == expected[n % 3];
  };
  Query query;
  const OrderTerm by_id{0, 0, 0, NullOrder::largest};
  query.order = {&by_id, 1};
  for (const bool in_transaction : {false, true}) {
    if (in_transaction) f.session->begin({});
    for (const bool whole : {false, true}) {
      CAPTURE(in_transaction, whole);
      query.whole = whole;
      const auto rows = rows_of(*f.repository.select(query));
      REQUIRE(rows.size() == kRows);
      for (std::size_t n = 0; n < kRows; ++n)
        CHECK(is_row(n, rows[n]));
    }
    if (in_transaction) f.session->rollback();
  }
  for (std::size_t n = 0; n < 3; ++n) {
    const Cell key = Cell::int64(static_cast<std::int64_t>(n + 1));
    CHECK(is_row(n, rows_of(f.repository.find(0, {&key, 1})).front()));
  }
}

TEST_CASE("postgresql: what a column cannot hold is a DataError that names it, and nothing is written") {
  Fixture f;
  const std::vector<Cell> wrong{
      Cell::text(std::string_view("a\0b", 3)),
      Cell::text("\xff"),
      Cell::text("\xc0\x80"),
      Cell::text("\xed\xa0\x80"),
      Cell::text("abcdefg\x80"),
      Cell::json("{"),
      Cell::json("\xff"),
      Cell::json("\"\\u0000\""),
      Cell::decimal("1e5"),
      Cell::decimal("NaN"),
      Cell::decimal(""),
      Cell::decimal("1."),
      Cell::decimal("123456789012345678901234567890123456789"),
      Cell::float64(std::nan("")),
      Cell::timestamp(Limits::min()),
      Cell::date(Limits::max()),
      Cell::date(std::numeric_limits<std::int32_t>::min()),
  };
  for (const Cell& cell : wrong) {
    CAPTURE(cell_type_name(cell.type));
    const std::vector<std::uint32_t> columns{position_of(cell.type)};
    const ErrorInfo error = failure_of([&] { f.repository.insert({columns, &cell, 1, {}}); });
    CHECK(error.code == ErrorCode::data);
    CHECK(error.message.find(f.schema.table("everything")) != std::string::npos);
  }
  const std::vector<std::uint32_t> number{2};
  const Cell text = Cell::text("1");
  CHECK(failure_of([&] {
          f.repository.insert({number, &text, 1, {}});
        }).message == f.schema.table("everything") + ".i: the column is a int64 and the value a text");
  CHECK(f.repository.count({}) == 0);
}

TEST_CASE("postgresql: a text longer than described is refused, blanks at its end included") {
  const Schema schema;
  const auto session = connect();
  const TableDesc table = users(schema);
  session->create_tables(std::vector<const TableDesc*>{&table});
  auto& repository = session->repository(table);
  const std::vector<std::uint32_t> columns{1};
  const Cell fits = Cell::text("üüüüüüüüüüüüüüüüüüüü"); // 20 characters, 40 bytes
  const Cell blank = Cell::text("aaaaaaaaaaaaaaaaaaaa ");
  CHECK_NOTHROW(repository.insert({columns, &fits, 1, {}}));
  CHECK(failure_of([&] { repository.insert({columns, &blank, 1, {}}); }).code == ErrorCode::data);
  CHECK(repository.find(1, {&blank, 1}).empty()); // asking for it is no error
}

TEST_CASE("postgresql: values that Tenon has no form for are DataErrors when read") {
  const auto session = connect();
  for (const char* sql : {"SELECT 'NaN'::numeric", "SELECT 'Infinity'::numeric", "SELECT 'NaN'::float8",
                          "SELECT 'NaN'::float4", "SELECT 'infinity'::timestamptz", "SELECT '-infinity'::timestamp",
                          "SELECT 'infinity'::date", "SELECT 10::numeric ^ 39", "SELECT '1 day'::interval",
                          "SELECT ARRAY[ARRAY[1]]", "SELECT '294276-12-31 23:59:59.999999+00'::timestamptz"}) {
    CAPTURE(sql);
    CHECK(failure_of([&] { run(*session, sql); }).code == ErrorCode::data);
  }
  CHECK(value_of(*session, "SELECT 1") == "1");
}

TEST_CASE("postgresql: the caller's own SQL gives the nearest type of each column") {
  const auto session = connect();
  const auto cursor = session->execute(
      "SELECT true, 1::int2, -2::int4, 3::int8, 1.5::float4, 2.5::float8, 1.50::numeric, 'a'::varchar, 'b'::bpchar(3), "
      "'\\x00ff'::bytea, '2000-01-01 00:00:00'::timestamp, '1970-01-02'::date, "
      "'00112233-4455-6677-8899-aabbccddeeff'::uuid, '{\"a\": 1}'::jsonb, NULL, pg_sleep(0), 7::oid, 'n'::name",
      {});
  const auto rows = rows_of(*cursor);
  CHECK(rows == std::vector<std::vector<std::string>>{
                    {"true", "1", "-2", "3", "1.5", "2.5", "1.50", "a", "b  ", std::string("\0\xff", 2),
                     "946684800000000", "1", "00112233445566778899aabbccddeeff", "{\"a\": 1}", "NULL", "", "7", "n"}});
}

} // namespace
} // namespace tenon::postgresql::test
