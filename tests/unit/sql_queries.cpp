#include <catch2/catch.hpp>

#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <tenon/sql/compiler.hpp>
#include <tenon/sql/readers.hpp>

#include "postgresql/dialect.hpp"
#include "sql_support.hpp"
#include "sqlite/dialect.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kTable = people();
const TableDesc kPosts = [] {
  TableDesc table;
  table.name = "posts";
  table.columns = {{"id", CellType::int64, false, true, 0},
                   {"author", CellType::int64, true, false, 0},
                   {"title", CellType::text, false, false, 0}};
  table.keys = {{"posts_pkey", {0}}};
  return table;
}();

struct Texts {
  std::string sqlite, postgresql;
};

Texts select(const Query& query) {
  sql::Call call;
  sql::read_select(kTable, query, call);
  return {sql::Compiler(sqlite::kDialect, kTable).select(query),
          sql::Compiler(postgresql::kDialect, kTable).select(query)};
}

Tree of(std::uint32_t source, std::uint32_t position) {
  Tree tree = column(position);
  tree.front().source = source;
  return tree;
}

const std::vector<JoinOn> kByAuthor{{0, 1}};
std::vector<Source> posts(JoinKind kind) { return {{&kPosts, 0, kind, kByAuthor}}; }

/// Text columns of the table have a collation of their own, as in an existing database.
class Linguistic final : public sql::TextOrder {
public:
  [[nodiscard]] bool is_foreign(const TableDesc& table, std::uint32_t) const override { return &table == &kTable; }
};

} // namespace

TEST_CASE("tables have aliases where there are several, and none where there is one") {
  const auto sources = posts(JoinKind::left);
  const Tree filter = node(NodeKind::eq, {of(1, 2), literal("x")});
  const auto ids = outputs({0});
  const Query query{{filter, sources}, {}, ids, 5, 0};
  CHECK(select(query).sqlite ==
        R"(SELECT t0."id" FROM "people" AS t0 LEFT JOIN "posts" AS t1 ON t0."id" = t1."author" )"
        R"(WHERE t1."title" = ?1 LIMIT ?2)");
  CHECK(select({{}, {}, ids, kNoLimit, 0}).sqlite == R"(SELECT "id" FROM "people")");
}

TEST_CASE("a source that is looked into stands in a subquery, with what is joined to it") {
  const std::vector<JoinOn> same{{0, 0}};
  const std::vector<Source> sources{{&kPosts, 0, JoinKind::exists, kByAuthor}, {&kTable, 1, JoinKind::inner, same}};
  Tree look = node(NodeKind::exists, {node(NodeKind::gt, {of(2, 2), column(2)})});
  look.front().source = 1;
  CHECK(
      sql::Compiler(postgresql::kDialect, kTable).remove({look, sources}) ==
      R"(DELETE FROM "people" AS t0 WHERE EXISTS (SELECT 1 FROM "posts" AS t1 JOIN "people" AS t2 ON t1."id" = t2."id" )"
      R"(WHERE t0."id" = t1."author" AND (t2."age" > t0."age")))");
}

TEST_CASE("aggregates, groups, having and the order of outputs") {
  const std::vector<Output> wanted{
      {{0, 1}, Aggregate::none, 0}, {{0, 2}, Aggregate::sum, 1}, {{0, 0}, Aggregate::count_rows, 0}};
  const std::vector<ColumnRef> group{{0, 1}};
  const std::vector<OrderTerm> order{{1, kOutputSource, 1, NullOrder::largest},
                                     {0, kOutputSource, 0, NullOrder::largest}};
  Tree output = column(2);
  output.front().kind = NodeKind::output;
  const Tree having = node(NodeKind::gt, {output, literal(2)});
  Query query{{}, order, wanted, kNoLimit, 0, group, having};
  CHECK(select(query).sqlite == R"(SELECT "name", tenon_sum(DISTINCT "age"), count(*) FROM "people" GROUP BY "name" )"
                                R"(HAVING count(*) > ?1 ORDER BY 2 DESC NULLS FIRST, "name")");
  CHECK(select(query).postgresql ==
        R"(SELECT "name", sum(DISTINCT "age")::bigint, count(*) FROM "people" GROUP BY "name" )"
        R"(HAVING count(*) > $1 ORDER BY 2 DESC, "name")");
}

TEST_CASE("locks stand at the end, and name the queried table where there are several") {
  const auto sources = posts(JoinKind::inner);
  Query query;
  query.outputs = {};
  query.lock = RowLock::update_skip_locked;
  CHECK_THAT(select(query).postgresql, Catch::EndsWith(R"(FROM "people" FOR UPDATE SKIP LOCKED)"));
  CHECK_THAT(select(query).sqlite, Catch::EndsWith(R"(FROM "people")"));
  query.filter = {{}, sources};
  query.lock = RowLock::share;
  CHECK_THAT(select(query).postgresql, Catch::EndsWith(" FOR SHARE OF t0"));
}

TEST_CASE("text of another collation is told to sort and compare by code point, and equality is left to its index") {
  const Linguistic order;
  const sql::Compiler compiler(postgresql::kDialect, kTable, &order);
  const auto where = [&](const Filter& filter) {
    const std::string sql = compiler.count(filter);
    return sql.substr(sql.find("WHERE ") + 6);
  };
  CHECK(where(node(NodeKind::lt, {column(1), literal("x")})) == R"("name" COLLATE "C" < $1)");
  CHECK(where(node(NodeKind::eq, {column(1), literal("x")})) == R"("name" = $1)");
  CHECK(where(node(NodeKind::lt, {column(2), literal(1)})) == R"("age" < $1)");
  const auto sources = posts(JoinKind::exists);
  Tree look = node(NodeKind::exists, {node(NodeKind::eq, {column(1), of(1, 2)})});
  look.front().source = 1;
  CHECK_THAT(where({look, sources}), Catch::Contains(R"(t0."name" COLLATE "C" = t1."title")"));
  const std::vector<OrderTerm> by_name{{1, 0, 0, NullOrder::largest}};
  const auto names = outputs({1});
  Query query{{}, by_name, names, kNoLimit, 0};
  CHECK(compiler.select(query) == R"(SELECT "name" FROM "people" ORDER BY "name" COLLATE "C")");
  query.distinct = true;
  CHECK(compiler.select(query) == R"(SELECT DISTINCT "name" COLLATE "C" FROM "people" ORDER BY 1)");
}

TEST_CASE("an update computes in the width of its types, and knows how long a text may be") {
  Tree expressions = node(NodeKind::add, {column(2), literal(1)});
  const Tree fold = node(NodeKind::fold, {column(1)});
  expressions.insert(expressions.end(), fold.begin(), fold.end());
  const std::vector<Assignment> assignments{{2, 0, 3, 0, Cell::null()}, {1, 3, 2, 0, Cell::null()}};
  const Update update{{}, assignments, expressions};
  sql::Call call;
  sql::read_update(kTable, update, call);
  REQUIRE(call.parameters.size() == 1);
  CHECK_FALSE(call.parameters[0].assigned);
  CHECK(sql::Compiler(postgresql::kDialect, kTable).update(update) ==
        R"(UPDATE "people" SET "age" = (("age")::bigint + $1), "name" = lower(("name")::text COLLATE "C"))");
  CHECK(sql::Compiler(sqlite::kDialect, kTable).update(update) ==
        R"(UPDATE "people" SET "age" = tenon_add("age", ?1), "name" = tenon_limited(lower("name"), 40))");
}

TEST_CASE("letters without case: of ASCII or of all scripts, and a value once for all rows") {
  const auto fold = [](const Tree& text, Fold letters) {
    Tree tree = node(NodeKind::fold, {text});
    tree.front().flags = static_cast<std::uint16_t>(letters);
    return tree;
  };
  const auto where = [&](Fold letters) {
    const Tree filter = node(NodeKind::contains, {fold(column(1), letters), fold(literal("x"), letters)});
    sql::Call call;
    sql::read_filter(kTable, sql::Operation::count, filter, call);
    const Texts all{sql::Compiler(sqlite::kDialect, kTable).count(filter),
                    sql::Compiler(postgresql::kDialect, kTable).count(filter)};
    return std::pair(call.shape, Texts{all.sqlite.substr(all.sqlite.find("WHERE ") + 6),
                                       all.postgresql.substr(all.postgresql.find("WHERE ") + 6)});
  };
  const auto [ascii_shape, ascii] = where(Fold::ascii);
  const auto [unicode_shape, unicode] = where(Fold::unicode);
  CHECK_FALSE(ascii_shape == unicode_shape);
  CHECK(ascii.sqlite == R"(instr(lower("name"), lower(?1)) > 0)");
  CHECK(ascii.postgresql == R"(strpos(lower(("name")::text COLLATE "C"), )"
                            R"(((SELECT lower(($1)::text COLLATE "C")) COLLATE "C")) > 0)");
  CHECK(unicode.sqlite == R"(instr(tenon_fold("name"), tenon_fold(?1)) > 0)");
  CHECK(unicode.postgresql ==
        R"(strpos((upper(lower(("name")::text COLLATE "und-x-icu")) COLLATE "C"), )"
        R"(((SELECT (upper(lower(($1)::text COLLATE "und-x-icu")) COLLATE "C")) COLLATE "C")) > 0)");

  static constexpr sql::Dialect kNarrow = [] {
    sql::Dialect dialect = sqlite::kDialect;
    dialect.fold_unicode = {};
    return dialect;
  }();
  const Tree filter = node(NodeKind::eq, {fold(column(1), Fold::unicode), literal("x")});
  CHECK_THROWS_AS(sql::Compiler(kNarrow, kTable).count(filter), NotSupported);
}

TEST_CASE("queries of another shape are other statements") {
  const auto shape = [](const Query& query) {
    sql::Call call;
    sql::read_select(kTable, query, call);
    return call.shape;
  };
  const auto inner = posts(JoinKind::inner), left = posts(JoinKind::left);
  const std::vector<JoinOn> otherwise{{2, 1}};
  const std::vector<Source> by_age{{&kPosts, 0, JoinKind::inner, otherwise}};
  const std::vector<Output> sum{{{0, 2}, Aggregate::sum, 0}}, distinct_sum{{{0, 2}, Aggregate::sum, 1}},
      avg{{{0, 2}, Aggregate::avg, 0}};
  std::vector<Query> queries(8);
  queries[1].filter = {{}, inner};
  queries[2].filter = {{}, left};
  queries[3].filter = {{}, by_age};
  queries[4].outputs = sum;
  queries[5].outputs = distinct_sum;
  queries[6].outputs = avg;
  queries[7].lock = RowLock::update;
  for (std::size_t a = 0; a < queries.size(); ++a) {
    CHECK(shape(queries[a]) == shape(queries[a]));
    for (std::size_t b = a + 1; b < queries.size(); ++b) {
      CAPTURE(a, b);
      CHECK_FALSE(shape(queries[a]) == shape(queries[b]));
    }
  }
}

TEST_CASE("random queries are compiled or refused, never worse") {
  std::mt19937 random(20260103);
  const auto number = [&](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
  const auto wild = [&](std::uint32_t usual) {
    return number(20) == 0 ? static_cast<std::uint32_t>(random()) : number(usual);
  };
  const Cell elements[] = {Cell::int64(1), Cell::null(), Cell::text("x")};
  const Cell values[] = {Cell::int64(1),   Cell::int64(-1),          Cell::text("a"),          Cell::null(),
                         Cell::json("{}"), Cell::array(elements, 2), Cell::array(elements, 3), Cell::boolean(true)};
  const auto tree = [&] {
    Tree nodes(number(9));
    for (Node& n : nodes) {
      n = Node{};
      n.kind = static_cast<NodeKind>(number(29));
      n.flags = static_cast<std::uint16_t>(number(4) == 0 ? number(6) : 0);
      n.children = number(16) == 0 ? static_cast<std::uint32_t>(random()) : number(3);
      n.column = wild(6);
      n.source = wild(3);
      n.value = values[number(std::size(values))];
    }
    return nodes;
  };
  int accepted = 0;
  for (int round = 0; round < 30000; ++round) {
    std::vector<std::vector<JoinOn>> on(number(4));
    std::vector<Source> sources;
    for (auto& pairs : on) {
      pairs.assign(1 + number(2), {wild(2), wild(2)});
      sources.push_back({number(30) == 0  ? nullptr
                         : number(2) == 0 ? &kPosts
                                          : &kTable,
                         wild(2), static_cast<JoinKind>(wild(3)), pairs});
    }
    std::vector<Output> wanted(number(3));
    for (Output& output : wanted)
      output = {{wild(2), wild(6)}, static_cast<Aggregate>(wild(7)), static_cast<std::uint16_t>(number(3))};
    std::vector<ColumnRef> group(number(2));
    for (ColumnRef& column : group)
      column = {wild(2), wild(6)};
    std::vector<OrderTerm> order(number(2));
    for (OrderTerm& term : order)
      term = {wild(4), number(3) == 0 ? kOutputSource : wild(2), 1, static_cast<NullOrder>(number(4))};
    const Tree filter = tree();
    const Tree having = number(4) == 0 ? tree() : Tree();
    Query query{{filter, sources}, order, wanted, kNoLimit, 0, group, having, number(4) == 0};
    query.lock = static_cast<RowLock>(number(10) == 0 ? number(7) : 0);
    const std::vector<Assignment> assignments{{wild(5), wild(2), wild(4), 0, values[number(3)]}};
    const auto attempt = [&](auto&& body) {
      try {
        sql::Call call;
        body(call);
        ++accepted;
      } catch (const ProgrammingError&) {
      } catch (const NotSupported&) {}
    };
    attempt([&](sql::Call& call) {
      sql::read_select(kTable, query, call);
      CHECK_FALSE(sql::Compiler(sqlite::kDialect, kTable).select(query).empty());
      CHECK_FALSE(sql::Compiler(postgresql::kDialect, kTable).select(query).empty());
    });
    attempt([&](sql::Call& call) {
      const Update update{{{}, sources}, assignments, filter};
      sql::read_update(kTable, update, call);
      CHECK_FALSE(sql::Compiler(sqlite::kDialect, kTable).update(update).empty());
    });
  }
  CHECK(accepted > 500);
}
