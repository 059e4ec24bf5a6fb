#include <catch2/catch.hpp>

#include <tenon/sql/compiler.hpp>

#include "postgresql/dialect.hpp"
#include "sql_support.hpp"
#include "sqlite/dialect.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kTable = people();
const sql::Compiler kSqlite(sqlite::kDialect, kTable);
const sql::Compiler kPostgresql(postgresql::kDialect, kTable);
using Columns = std::vector<std::uint32_t>;

std::string order(const sql::Compiler& compiler, const OrderTerm& term) {
  const std::string sql = compiler.select({{}, {&term, 1}, outputs({0}), kNoLimit, 0});
  return sql.substr(sql.find("ORDER BY ") + 9);
}

} // namespace

TEST_CASE("select names columns, filter, order, limit and offset, with their parameters in this order") {
  const Tree filter = node(NodeKind::gt, {column(2), literal(30)});
  const std::vector<OrderTerm> terms{{1, 0, 0, NullOrder::largest}, {0, 0, 1, NullOrder::largest}};
  const auto columns = outputs({1, 0});
  const Query query{filter, terms, columns, 10, 20};
  sql::Call call;
  sql::read_select(kTable, query, call);
  CHECK(kSqlite.select(query) ==
        R"(SELECT "name", "id" FROM "people" WHERE "age" > ?1 ORDER BY "name", "id" DESC LIMIT ?2 OFFSET ?3)");
  REQUIRE(call.parameters.size() == 3);
  CHECK(call.parameters[0].cell.integer == 30);
  CHECK(call.parameters[1].cell.integer == 10);
  CHECK(call.parameters[2].cell.integer == 20);
}

TEST_CASE("an offset without a limit") {
  const auto columns = outputs({0});
  const Query query{{}, {}, columns, kNoLimit, 3};
  CHECK(kSqlite.select(query) == R"(SELECT "id" FROM "people" LIMIT -1 OFFSET ?1)");
  CHECK(kPostgresql.select(query) == R"(SELECT "id" FROM "people" OFFSET $1)");
}

TEST_CASE("a limit beyond what databases count is the largest that they do") {
  sql::Call call;
  sql::read_select(kTable, {{}, {}, {}, kNoLimit - 1, kNoLimit}, call);
  REQUIRE(call.parameters.size() == 2);
  CHECK(call.parameters[0].cell.integer == std::numeric_limits<std::int64_t>::max());
  CHECK(call.parameters[1].cell.integer == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("without a projection all columns come as described") {
  CHECK(kPostgresql.select({}) == R"(SELECT "id", "name", "age", "settings", "is_active", "balance" FROM "people")");
}

TEST_CASE("NULL sorts as the largest value on every dialect, unless asked otherwise") {
  CHECK(order(kSqlite, {2, 0, 0, NullOrder::largest}) == R"("age" NULLS LAST)");
  CHECK(order(kSqlite, {2, 0, 1, NullOrder::largest}) == R"("age" DESC NULLS FIRST)");
  CHECK(order(kSqlite, {2, 0, 0, NullOrder::first}) == R"("age")");
  CHECK(order(kSqlite, {2, 0, 1, NullOrder::first}) == R"("age" DESC NULLS FIRST)");
  CHECK(order(kSqlite, {2, 0, 1, NullOrder::last}) == R"("age" DESC)");
  CHECK(order(kPostgresql, {2, 0, 0, NullOrder::largest}) == R"("age")");
  CHECK(order(kPostgresql, {2, 0, 1, NullOrder::largest}) == R"("age" DESC)");
  CHECK(order(kPostgresql, {2, 0, 0, NullOrder::first}) == R"("age" NULLS FIRST)");
  CHECK(order(kPostgresql, {2, 0, 1, NullOrder::last}) == R"("age" DESC NULLS LAST)");
  CHECK(order(kSqlite, {1, 0, 0, NullOrder::last}) == R"("name")"); // never NULL: an index can serve it
}

TEST_CASE("insert binds row after row and returns what is wanted") {
  CHECK(kPostgresql.insert(Columns{1, 2}, 2, Columns{0}) ==
        R"(INSERT INTO "people" ("name", "age") VALUES ($1, $2), ($3, $4) RETURNING "id")");
  CHECK(kSqlite.insert({}, 1, {}) == R"(INSERT INTO "people" DEFAULT VALUES)");
}

TEST_CASE("upsert updates, leaves alone, or leaves alone and still returns") {
  CHECK(kSqlite.upsert(Columns{1, 2}, 1, 1, Columns{2}, Columns{0}) ==
        R"(INSERT INTO "people" ("name", "age") VALUES (?1, ?2) ON CONFLICT ("name") DO UPDATE SET )"
        R"("age" = excluded."age" RETURNING "id")");
  CHECK(kSqlite.upsert(Columns{1}, 1, 1, {}, {}) ==
        R"(INSERT INTO "people" ("name") VALUES (?1) ON CONFLICT ("name") DO NOTHING)");
  CHECK(kSqlite.upsert(Columns{1}, 1, 1, {}, Columns{0}) ==
        R"(INSERT INTO "people" ("name") VALUES (?1) ON CONFLICT ("name") DO UPDATE SET "name" = "people"."name" )"
        R"(RETURNING "id")");
}

TEST_CASE("update binds its assignments first, then the filter") {
  const Tree filter = node(NodeKind::eq, {column(0), literal(7)});
  const std::vector<Assignment> assignments{{1, 0, 0, 0, Cell::text("new")}, {2, 0, 0, 0, Cell::null()}};
  sql::Call call;
  sql::read_update(kTable, {filter, assignments, {}}, call);
  CHECK(kSqlite.update({filter, assignments, {}}) == R"(UPDATE "people" SET "name" = ?1, "age" = ?2 WHERE "id" = ?3)");
  REQUIRE(call.parameters.size() == 3);
  CHECK(call.parameters[0].assigned);
  CHECK(call.parameters[0].column == 1);
  CHECK(call.parameters[1].cell.is_null());
  CHECK_FALSE(call.parameters[2].assigned);
  CHECK(call.parameters[2].cell.integer == 7);
}

TEST_CASE("find, remove, count and exists") {
  const Tree filter = column(4);
  CHECK(kPostgresql.find(1) ==
        R"(SELECT "id", "name", "age", "settings", "is_active", "balance" FROM "people" WHERE "name" = $1)");
  CHECK(kSqlite.remove(filter) == R"(DELETE FROM "people" WHERE "is_active")");
  CHECK(kSqlite.remove({}) == R"(DELETE FROM "people")");
  CHECK(kSqlite.count(filter) == R"(SELECT count(*) FROM "people" WHERE "is_active")");
  CHECK(kSqlite.exists(filter) == R"(SELECT EXISTS (SELECT 1 FROM "people" WHERE "is_active"))");
}

TEST_CASE("a schema qualifies the table where the dialect has schemas") {
  TableDesc table = kTable;
  table.schema = "crm";
  CHECK(sql::Compiler(postgresql::kDialect, table).count({}) == R"(SELECT count(*) FROM "crm"."people")");
  CHECK(sql::Compiler(sqlite::kDialect, table).count({}) == R"(SELECT count(*) FROM "people")");
}
