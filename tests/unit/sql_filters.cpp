#include <catch2/catch.hpp>

#include <tenon/sql/compiler.hpp>

#include "postgresql/dialect.hpp"
#include "sql_support.hpp"
#include "sqlite/dialect.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kTable = people();

struct Compiled {
  std::string sqlite;
  std::string postgresql;
  std::vector<sql::Parameter> parameters;
};

std::string where(const sql::Dialect& dialect, const Tree& filter) {
  const std::string sql = sql::Compiler(dialect, kTable).count(filter);
  return sql.substr(sql.find(" WHERE ") + 7);
}

Compiled compile(const Tree& filter) {
  sql::Call call;
  sql::read_filter(kTable, sql::Operation::count, filter, call);
  return {where(sqlite::kDialect, filter), where(postgresql::kDialect, filter), call.parameters};
}

} // namespace

TEST_CASE("a column that is true or false is asked without a parameter where the dialect has words for it") {
  const auto read = [](const Tree& filter) {
    sql::Call call;
    call.tests_booleans = true;
    sql::read_filter(kTable, sql::Operation::count, filter, call);
    return call;
  };
  const Tree truth = node(NodeKind::eq, {column(4), literal(Cell::boolean(true))});
  const Tree falsity = node(NodeKind::eq, {column(4), literal(Cell::boolean(false))});
  const Tree unknown = node(NodeKind::eq, {column(4), literal(Cell::null())});
  const Tree turned = node(NodeKind::eq, {literal(Cell::boolean(true)), column(4)});
  CHECK(compile(truth).sqlite == R"("is_active" = ?1)");
  CHECK(compile(truth).postgresql == R"("is_active")");
  CHECK(compile(falsity).postgresql == R"(NOT "is_active")");
  CHECK(compile(unknown).postgresql == R"("is_active" = $1)");
  CHECK(compile(turned).postgresql == R"($1 = "is_active")");
  CHECK(compile(node(NodeKind::ne, {column(4), literal(Cell::boolean(true))})).postgresql == R"("is_active" <> $1)");
  CHECK(compile(node(NodeKind::any_of, {falsity, node(NodeKind::eq, {column(2), literal(1)})})).postgresql ==
        R"(NOT "is_active" OR "age" = $1)");
  CHECK(read(truth).parameters.empty());
  CHECK(read(falsity).parameters.empty());
  CHECK(read(unknown).parameters.size() == 1);
  CHECK(read(turned).parameters.size() == 1);
  CHECK(read(truth).shape == read(truth).shape);
  CHECK_FALSE(read(truth).shape == read(falsity).shape);
  CHECK_FALSE(read(truth).shape == read(unknown).shape);
}

TEST_CASE("comparisons use placeholders in prefix order") {
  const auto both = compile(node(NodeKind::all_of, {node(NodeKind::ge, {column(2), literal(18)}),
                                                    node(NodeKind::lt, {literal(65), column(2)}),
                                                    node(NodeKind::ne, {column(1), literal("x")})}));
  CHECK(both.sqlite == R"("age" >= ?1 AND ?2 < "age" AND "name" <> ?3)");
  CHECK(both.postgresql == R"("age" >= $1 AND $2 < "age" AND "name" <> $3)");
  REQUIRE(both.parameters.size() == 3);
  CHECK(both.parameters[0].cell.integer == 18);
  CHECK(both.parameters[0].column == 2);
  CHECK(both.parameters[1].cell.integer == 65);
  CHECK(both.parameters[1].column == 2); // the column may stand on either side
  CHECK(both.parameters[2].cell.bytes() == "x");
  CHECK(both.parameters[2].column == 1);
  CHECK_FALSE(both.parameters[2].assigned);
}

TEST_CASE("connectives get parentheses only where the meaning needs them") {
  const Tree a = node(NodeKind::is_null, {column(2)});
  const Tree b = node(NodeKind::is_not_null, {column(5)});
  const auto sql = [](const Tree& tree) { return compile(tree).sqlite; };
  CHECK(sql(node(NodeKind::all_of, {a, node(NodeKind::any_of, {a, b})})) ==
        R"("age" IS NULL AND ("age" IS NULL OR "balance" IS NOT NULL))");
  CHECK(sql(node(NodeKind::any_of, {node(NodeKind::all_of, {a, b}), b})) ==
        R"("age" IS NULL AND "balance" IS NOT NULL OR "balance" IS NOT NULL)");
  CHECK(sql(node(NodeKind::all_of, {a, node(NodeKind::all_of, {b, a})})) ==
        R"("age" IS NULL AND "balance" IS NOT NULL AND "age" IS NULL)");
  CHECK(sql(node(NodeKind::all_of, {a, node(NodeKind::all_of, {node(NodeKind::any_of, {a, b})})})) ==
        R"("age" IS NULL AND ("age" IS NULL OR "balance" IS NOT NULL))");
  CHECK(sql(node(NodeKind::negation, {node(NodeKind::any_of, {a, b})})) ==
        R"(NOT ("age" IS NULL OR "balance" IS NOT NULL))");
  CHECK(sql(node(NodeKind::all_of, {})) == "1 = 1");
  CHECK(sql(node(NodeKind::any_of, {})) == "1 = 0");
  CHECK(sql(column(4)) == R"("is_active")");
}

TEST_CASE("a wide connective is nested like a balanced tree") {
  std::vector<Tree> terms(1000, node(NodeKind::is_null, {column(2)}));
  const std::string sql = compile(node(NodeKind::any_of, terms)).sqlite;
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for (const char c : sql) {
    depth += c == '(' ? 1 : 0;
    depth -= c == ')' ? 1 : 0;
    deepest = std::max(deepest, depth);
  }
  CHECK(depth == 0);
  CHECK(deepest == 3); // 1000 → 500 → 250 → 125
}

TEST_CASE("text predicates take their operand literally, in each dialect's way") {
  const auto matched = [](NodeKind kind) { return compile(node(kind, {column(1), literal("50%_\\")})); };
  CHECK(matched(NodeKind::contains).sqlite == R"(instr("name", ?1) > 0)");
  CHECK(matched(NodeKind::contains).postgresql == R"(strpos("name", $1) > 0)");
  CHECK(matched(NodeKind::starts_with).sqlite == R"(substr("name", 1, length(?1)) = ?1)");
  CHECK(matched(NodeKind::starts_with).postgresql == R"(starts_with("name", $1))");
  CHECK(matched(NodeKind::ends_with).sqlite == R"(substr("name", length("name") - length(?1) + 1) = ?1)");
  CHECK(matched(NodeKind::ends_with).postgresql == R"(right("name", char_length($1)) = $1)");
  const auto like = compile(node(NodeKind::like, {column(1), literal("a\\%b%")}));
  CHECK(like.sqlite == R"("name" LIKE ?1 ESCAPE '\')");
  CHECK(like.postgresql == R"("name" LIKE $1 ESCAPE E'\\')");
  CHECK(like.parameters[0].column == sql::kNoColumn);
}

TEST_CASE("a list of values is one parameter") {
  const auto in = compile(node(NodeKind::in, {column(0), literal(1), literal(Cell::null()), literal(3)}));
  CHECK(in.sqlite == R"("id" IN (SELECT value FROM tenon_list(?1)))");
  CHECK(in.postgresql == R"("id" = ANY ($1))");
  REQUIRE(in.parameters.size() == 1);
  CHECK(in.parameters[0].is_list());
  CHECK(in.parameters[0].list.size() == 3);
  CHECK(in.parameters[0].cell.type == CellType::int64);
  CHECK(in.parameters[0].column == 0);
}

TEST_CASE("an empty list is false, and a list with a column is written out") {
  CHECK(compile(node(NodeKind::in, {column(0)})).sqlite == "1 = 0");
  const auto mixed = compile(node(NodeKind::in, {column(0), literal(1), column(2)}));
  CHECK(mixed.sqlite == R"("id" IN (?1, "age"))");
  CHECK(mixed.postgresql == R"("id" IN ($1, "age"))");
  CHECK(mixed.parameters.size() == 1);
}

TEST_CASE("JSON is compared as documents") {
  const auto equal = compile(node(NodeKind::eq, {column(3), literal(Cell::json("{}"))}));
  CHECK(equal.sqlite == R"(json("settings") = json(?1))");
  CHECK(equal.postgresql == R"(("settings")::jsonb = ($1)::jsonb)");
  CHECK(compile(node(NodeKind::ne, {column(3), literal(Cell::json("{}"))})).sqlite ==
        R"(NOT (json("settings") = json(?1)))");
}

TEST_CASE("more values than the database binds are refused with a way out") {
  std::vector<Tree> terms;
  for (int i = 0; i < 40000; ++i)
    terms.push_back(node(NodeKind::eq, {column(0), literal(i)}));
  const Tree tree = node(NodeKind::any_of, terms);
  CHECK_THROWS_AS(sql::Compiler(sqlite::kDialect, kTable).count(tree), ProgrammingError);
  CHECK_NOTHROW(sql::Compiler(postgresql::kDialect, kTable).count(tree));
}
