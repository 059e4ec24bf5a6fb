#include <cmath>
#include <limits>

#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;
using namespace std::string_literals;

namespace {

/// One nullable column of every type behind the key.
TableDesc everything() {
  TableDesc table;
  table.name = "everything";
  table.columns = {{"id", CellType::int64, false, true, 0},       {"flag", CellType::boolean, true, false, 0},
                   {"number", CellType::int64, true, false, 0},   {"real", CellType::float64, true, false, 0},
                   {"text", CellType::text, true, false, 0},      {"bytes", CellType::blob, true, false, 0},
                   {"amount", CellType::decimal, true, false, 0}, {"uuid", CellType::uuid, true, false, 0},
                   {"at", CellType::timestamp, true, false, 0},   {"day", CellType::date, true, false, 0},
                   {"document", CellType::json, true, false, 0},  {"code", CellType::text, true, false, 5}};
  table.keys = {{"everything_pkey", {0}}};
  return table;
}

const TableDesc kTable = everything();

struct Fixture : OneSession {
  Fixture() { create(kTable); }
  IRepository& rows() { return session->repository(kTable); }

  std::int64_t store(std::uint32_t column, const Cell& cell) {
    return insert(rows(), {column}, {cell}, {0}).cells[0].integer;
  }
  Cell load(std::int64_t id, std::uint32_t column) {
    const Cell key = Cell::int64(id);
    const RowBatch found = rows().find(0, {&key, 1});
    REQUIRE(found.rows == 1);
    REQUIRE(found.columns == kTable.columns.size());
    return found.cells[column];
  }
  /// What comes back has the same type and value, from find and from the list of an `in`.
  void round_trip(std::uint32_t column_number, const Cell& cell) {
    const std::int64_t id = store(column_number, cell);
    const Cell back = load(id, column_number);
    REQUIRE(back.type == cell.type);
    switch (cell.type) {
      case CellType::null: return;
      case CellType::float64: CHECK(back.real == cell.real); break;
      case CellType::boolean:
      case CellType::int64:
      case CellType::timestamp:
      case CellType::date: CHECK(back.integer == cell.integer); break;
      default: CHECK(back.bytes() == cell.bytes()); break;
    }
    if (cell.type == CellType::json) return;
    const Tree this_one = node(NodeKind::eq, {column(0), literal(Cell::int64(id))});
    CHECK(
        rows().exists(node(NodeKind::all_of, {this_one, node(NodeKind::eq, {column(column_number), literal(cell)})})));
    CHECK(
        rows().exists(node(NodeKind::all_of, {this_one, node(NodeKind::in, {column(column_number), literal(cell)})})));
  }
};

} // namespace

TEST_CASE_METHOD(Fixture, "every type comes back as it went in") {
  for (const bool flag : {false, true})
    round_trip(1, Cell::boolean(flag));
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
                                    std::numeric_limits<std::int64_t>::max(), (std::int64_t{1} << 53) + 1})
    round_trip(2, Cell::int64(number));
  for (const double real : {0.0, 0.1, -1e308, 5e-324, std::numeric_limits<double>::infinity(),
                            -std::numeric_limits<double>::infinity(), 1.0})
    round_trip(3, Cell::float64(real));
  for (const auto& text :
       {""s, "plain"s, "ünï¢ödé 😀"s, "e\xcc\x81"s, "'; DROP TABLE everything; --"s, std::string(100000, 'x')})
    round_trip(4, Cell::text(text));
  for (const auto& bytes : {""s, "\0\1\2\xff"s, std::string(100000, '\0')})
    round_trip(5, Cell::blob(bytes.data(), bytes.size()));
  for (const auto& amount : {"0"s, "-0.10"s, "1.50"s, std::string(38, '9'), "0." + std::string(38, '7')})
    round_trip(6, Cell::decimal(amount));
  round_trip(7, Cell::uuid("0123456789abcdef"));
  for (const std::int64_t at : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{253402300799999999},
                                std::numeric_limits<std::int64_t>::min(), std::int64_t{1700000000123456}})
    round_trip(8, Cell::timestamp(at));
  for (const std::int64_t day : {-719162, 0, 2932896, -1})
    round_trip(9, Cell::date(day));
  for (const auto& document : {"{}"s, R"({"a": [1, 2.50, "x"], "b": null})"s, "\"text\""s})
    round_trip(10, Cell::json(document));
  for (std::uint32_t column = 1; column < kTable.columns.size(); ++column)
    round_trip(column, Cell::null());
}

TEST_CASE_METHOD(Fixture, "an empty text and an empty blob are not NULL") {
  CHECK(load(store(4, Cell::text("")), 4).type == CellType::text);
  CHECK(load(store(5, Cell::blob(nullptr, 0)), 5).type == CellType::blob);
}

TEST_CASE_METHOD(Fixture, "a 64 MiB blob comes back whole") {
  std::string bytes(64U << 20U, '\0');
  for (std::size_t i = 0; i < bytes.size(); i += 4093)
    bytes[i] = static_cast<char>(i % 251);
  CHECK(load(store(5, Cell::blob(bytes.data(), bytes.size())), 5).bytes() == bytes);
}

TEST_CASE_METHOD(Fixture, "what a column cannot hold exactly is DataError and nothing is stored") {
  const std::string nul("a\0b", 3);
  const std::vector<std::pair<std::uint32_t, Cell>> refused{
      {3, Cell::float64(std::nan(""))}, {4, Cell::text(nul)},  {4, Cell::text("\xff\xfe")}, {6, Cell::decimal("1e5")},
      {6, Cell::decimal("")},           {10, Cell::json("{")}, {10, Cell::json("")},        {11, Cell::text("123456")},
      {11, Cell::text("ééééé6")}};
  for (const auto& [column_number, cell] : refused) {
    INFO(kTable.columns[column_number].name);
    const ErrorInfo error = error_of([&, c = column_number, v = cell] { store(c, v); });
    CHECK(error.code == ErrorCode::data);
    CHECK(error.table == "everything");
    CHECK(error.columns == std::vector<std::string>{kTable.columns[column_number].name});
    CHECK(error.message.find("everything." + kTable.columns[column_number].name) != std::string::npos);
  }
  CHECK(rows().count({}) == 0);
  CHECK_NOTHROW(store(11, Cell::text("ééééé"))); // five characters, ten bytes
}

TEST_CASE_METHOD(Fixture, "a value of another type than its column is ProgrammingError") {
  for (std::uint32_t column_number = 1; column_number < kTable.columns.size(); ++column_number) {
    const Cell wrong = kTable.columns[column_number].type == CellType::int64 ? Cell::text("1") : Cell::int64(1);
    INFO(kTable.columns[column_number].name);
    CHECK_THROWS_AS(store(column_number, wrong), ProgrammingError);
  }
  Cell unknown = Cell::int64(1);
  unknown.type = static_cast<CellType>(77);
  CHECK_THROWS_AS(store(2, unknown), ProgrammingError);
  CHECK_THROWS_AS(store(7,
                        [] {
                          Cell cell = Cell::uuid("0123456789abcdef");
                          cell.size = 15;
                          return cell;
                        }()),
                  ProgrammingError);
}

TEST_CASE_METHOD(Fixture, "a stored value that does not fit is DataError naming table and column, never 0") {
  const std::vector<std::pair<std::uint32_t, std::string>> stored{{1, "2"},
                                                                  {1, "'yes'"},
                                                                  {2, "'many'"},
                                                                  {2, "1.5"},
                                                                  {2, "1e300"},
                                                                  {2, "x'00'"},
                                                                  {3, "'pi'"},
                                                                  {4, "x'ff'"},
                                                                  {4, "CAST(x'ff' AS TEXT)"},
                                                                  {4, "char(97, 0, 98)"},
                                                                  {5, "'text'"},
                                                                  {6, "'1e5'"},
                                                                  {6, "x'31'"},
                                                                  {7, "x'0011'"},
                                                                  {7, "'zz'"},
                                                                  {8, "'noon'"},
                                                                  {8, "1.5"},
                                                                  {9, "'2024-02-30'"},
                                                                  {9, "x'00'"},
                                                                  {10, "x'7b7d'"}};
  for (const auto& [column_number, value] : stored) {
    const std::string& name = kTable.columns[column_number].name;
    INFO(name << " = " << value);
    run("DELETE FROM everything");
    run("INSERT INTO everything (id, \"" + name + "\") VALUES (1, " + value + ")");
    const ErrorInfo error = error_of([&, c = column_number] { load(1, c); });
    CHECK(error.code == ErrorCode::data);
    CHECK(error.columns == std::vector<std::string>{name});
    CHECK(error.message.find("everything." + name) != std::string::npos);
  }
}

TEST_CASE_METHOD(Fixture, "numbers that other programs stored in another class are read when they are exact") {
  run("INSERT INTO everything (id, number, real, amount) VALUES (1, 3.0, 3, '12.50')");
  CHECK(load(1, 2).integer == 3);
  CHECK(load(1, 3).real == 3.0);
  CHECK(load(1, 6).bytes() == "12.50");
}

TEST_CASE_METHOD(Fixture, "a result lives until the next call on its session") {
  const std::int64_t first = store(4, Cell::text(std::string(5000, 'a')));
  const std::int64_t second = store(4, Cell::text(std::string(5000, 'b')));
  CHECK(load(first, 4).bytes() == std::string(5000, 'a'));
  CHECK(load(second, 4).bytes() == std::string(5000, 'b'));
  CHECK(load(first, 4).bytes() == std::string(5000, 'a'));
}
