#include <catch2/catch.hpp>

#include <random>

#include <tenon/sql/compiler.hpp>

#include "sql_support.hpp"
#include "sqlite/dialect.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kTable = people();

void read(const Tree& filter) {
  sql::Call call;
  sql::read_filter(kTable, sql::Operation::count, filter, call);
}

Tree with(Tree tree, std::size_t position, void (*change)(Node&)) {
  change(tree.at(position));
  return tree;
}

} // namespace

TEST_CASE("a well-formed tree is read") {
  CHECK_NOTHROW(read({}));
  CHECK_NOTHROW(read(node(NodeKind::eq, {column(0), literal(1)})));
  CHECK_NOTHROW(read(node(NodeKind::eq, {column(5), literal(1)}))); // numbers compare with each other
  CHECK_NOTHROW(read(literal(Cell::boolean(true))));
}

TEST_CASE("a malformed tree is a ProgrammingError") {
  const Tree equal = node(NodeKind::eq, {column(0), literal(1)});
  const std::vector<std::pair<std::string, Tree>> cases{
      {"too few nodes", Tree(equal.begin(), equal.end() - 1)},
      {"too many nodes",
       [&] {
         Tree more = equal;
         more.push_back(equal.back());
         return more;
       }()},
      {"one operand", node(NodeKind::eq, {column(0)})},
      {"three operands", node(NodeKind::lt, {column(0), literal(1), literal(2)})},
      {"a negation of two", node(NodeKind::negation, {equal, equal})},
      {"a negation of nothing", node(NodeKind::negation, {})},
      {"a null test of two", node(NodeKind::is_null, {column(0), column(1)})},
      {"in without anything", node(NodeKind::in, {})},
      {"a text match with one operand", node(NodeKind::contains, {column(1)})},
      {"a source that the query does not have", with(equal, 1, [](Node& n) { n.source = 1; })},
      {"a column out of range", node(NodeKind::eq, {column(6), literal(1)})},
      {"a list on a column out of range", node(NodeKind::in, {column(600), literal(1)})},
      {"a column with children", with(node(NodeKind::is_null, {column(0)}), 1, [](Node& n) { n.children = 1; })},
      {"a value with children", with(equal, 2, [](Node& n) { n.children = 9; })},
      {"more children than nodes", with(node(NodeKind::all_of, {equal}), 0, [](Node& n) { n.children = 0xffffffffU; })},
      {"a list longer than the tree",
       with(node(NodeKind::in, {column(0), literal(1)}), 0, [](Node& n) { n.children = 0xffffffffU; })},
      {"a condition as an operand", node(NodeKind::eq, {equal, literal(1)})},
      {"a number as a condition", column(0)},
      {"text as a condition", node(NodeKind::all_of, {literal("yes")})},
      {"text against a number", node(NodeKind::eq, {column(0), literal("1")})},
      {"a boolean against a number", node(NodeKind::eq, {column(4), literal(1)})},
      {"a list against the wrong column", node(NodeKind::in, {column(0), literal("a")})},
      {"a list of two types", node(NodeKind::in, {column(0), literal(1), literal(Cell::decimal("1"))})},
      {"a text match on a number", node(NodeKind::contains, {column(0), literal("1")})},
      {"a text match with a number", node(NodeKind::like, {column(1), literal(1)})},
  };
  for (const auto& [name, tree] : cases) {
    INFO(name);
    CHECK_THROWS_AS(read(tree), ProgrammingError);
  }
}

TEST_CASE("what a later version may send is NotSupported") {
  const Tree equal = node(NodeKind::eq, {column(0), literal(1)});
  CHECK_THROWS_AS(read(with(equal, 0, [](Node& n) { n.kind = static_cast<NodeKind>(28); })), NotSupported);
  CHECK_THROWS_AS(read(with(equal, 0, [](Node& n) { n.kind = static_cast<NodeKind>(0); })), NotSupported);
  CHECK_THROWS_AS(read(with(equal, 0, [](Node& n) { n.flags = 1; })), NotSupported);
  const Tree folded = node(NodeKind::eq, {node(NodeKind::fold, {column(1)}), literal("x")});
  CHECK_NOTHROW(read(with(folded, 1, [](Node& n) { n.flags = static_cast<std::uint16_t>(Fold::unicode); })));
  CHECK_THROWS_AS(read(with(folded, 1, [](Node& n) { n.flags = 2; })), NotSupported);
  CHECK_THROWS_AS(read(with(equal, 2, [](Node& n) { n.value.type = static_cast<CellType>(12); })), NotSupported);
  CHECK_THROWS_AS(read(with(node(NodeKind::in, {column(0), literal(1), literal(2)}), 3,
                            [](Node& n) { n.value.type = static_cast<CellType>(99); })),
                  NotSupported);
}

TEST_CASE("JSON has no order and no lists") {
  CHECK_THROWS_AS(read(node(NodeKind::lt, {column(3), literal(Cell::json("1"))})), NotSupported);
  CHECK_THROWS_AS(read(node(NodeKind::in, {column(3), literal(Cell::json("1"))})), NotSupported);
  sql::Call call;
  const std::vector<OrderTerm> order{{3, 0, 0, NullOrder::largest}};
  CHECK_THROWS_AS(sql::read_select(kTable, {{}, order, {}, kNoLimit, 0}, call), NotSupported);
}

TEST_CASE("a tree may be 200 deep and no deeper") {
  Tree tree = node(NodeKind::is_null, {column(2)});
  for (int i = 0; i < 199; ++i)
    tree = node(NodeKind::negation, {tree});
  CHECK_NOTHROW(read(tree));
  CHECK_THROWS_AS(read(node(NodeKind::negation, {tree})), ProgrammingError);
}

TEST_CASE("a like pattern must not end with its escape") {
  const auto like = [](std::string_view pattern) { return node(NodeKind::like, {column(1), literal(pattern)}); };
  CHECK_THROWS_AS(read(like("abc\\")), DataError);
  CHECK_THROWS_AS(read(like("\\")), DataError);
  CHECK_THROWS_AS(read(like("\\\\\\")), DataError);
  CHECK_NOTHROW(read(like("abc\\\\")));
  CHECK_NOTHROW(read(like("\\%")));
  CHECK_NOTHROW(read(like("")));
}

TEST_CASE("columns out of range are refused in every place that names one") {
  sql::Call call;
  const std::vector<std::uint32_t> beyond{6};
  const std::vector<Output> outside{{{0, 6}, Aggregate::none, 0}};
  const std::vector<std::uint32_t> first{0};
  const std::vector<std::uint32_t> second{1};
  const std::vector<OrderTerm> order{{6, 0, 0, NullOrder::largest}};
  const std::vector<OrderTerm> nulls{{0, 0, 0, static_cast<NullOrder>(3)}};
  const std::vector<Assignment> assignments{{6, 0, 0, 0, Cell::int64(1)}};
  CHECK_THROWS_AS(sql::read_select(kTable, {{}, {}, outside, kNoLimit, 0}, call), ProgrammingError);
  CHECK_THROWS_AS(sql::read_select(kTable, {{}, order, {}, kNoLimit, 0}, call), ProgrammingError);
  CHECK_THROWS_AS(sql::read_select(kTable, {{}, nulls, {}, kNoLimit, 0}, call), NotSupported);
  CHECK_THROWS_AS(sql::read_update(kTable, {{}, assignments, {}}, call), ProgrammingError);
  CHECK_THROWS_AS(sql::read_update(kTable, {}, call), ProgrammingError);
  CHECK_THROWS_AS(sql::read_insert(kTable, {beyond, nullptr, 0, {}}, 1, call), ProgrammingError);
  CHECK_THROWS_AS(sql::read_insert(kTable, {first, nullptr, 0, beyond}, 1, call), ProgrammingError);
  CHECK_THROWS_AS(sql::read_upsert(kTable, {first, nullptr, 0, {}}, 2, {}, 1, call), ProgrammingError);
  CHECK_THROWS_AS(sql::read_upsert(kTable, {second, nullptr, 0, {}}, 0, {}, 1, call), ProgrammingError);
  CHECK_THROWS_AS(sql::read_upsert(kTable, {first, nullptr, 0, {}}, 0, second, 1, call), ProgrammingError);
  CHECK_NOTHROW(sql::read_upsert(kTable, {first, nullptr, 0, {}}, 0, {}, 1, call));
}

TEST_CASE("names that cannot be quoted are refused") {
  const auto compile = [](std::string name) {
    TableDesc table = kTable;
    table.columns[1].name = std::move(name);
    return sql::Compiler(sqlite::kDialect, table).find(1);
  };
  CHECK(compile("a\"b; --").find(R"(WHERE "a""b; --" = ?1)") != std::string::npos);
  CHECK(compile(std::string(63, 'x')).find(std::string(63, 'x')) != std::string::npos);
  CHECK_THROWS_AS(compile(std::string(64, 'x')), ProgrammingError);
  CHECK_THROWS_AS(compile(std::string("a\0b", 3)), ProgrammingError);
  CHECK_THROWS_AS(compile(""), ProgrammingError);
}

TEST_CASE("random nodes are compiled or refused, never worse") {
  std::mt19937 random(20260102);
  const auto number = [&](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    Tree tree(1 + number(8));
    for (Node& n : tree) {
      n = Node{};
      n.kind = static_cast<NodeKind>(number(20));
      n.children = number(12) == 0 ? static_cast<std::uint32_t>(random()) : number(4);
      n.column = number(8);
      n.value = number(2) == 0 ? Cell::int64(1) : Cell::text("a");
    }
    try {
      sql::Call call;
      sql::read_filter(kTable, sql::Operation::count, tree, call);
      const std::string sql = sql::Compiler(sqlite::kDialect, kTable).count(tree);
      ++accepted;
      CHECK_FALSE(sql.empty());
    } catch (const ProgrammingError&) {
    } catch (const NotSupported&) {}
  }
  CHECK(accepted > 20);
}
