// Contract: outputs, aggregates, groups, having and distinct rows.

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

/// id, g (text), n (int64), x (float64), m (decimal), at (timestamp), day (date), doc (json), b (boolean)
const TableDesc& sales() {
  static const TableDesc made = table("sales", {nullable("g", CellType::text), nullable("n", CellType::int64),
                                                nullable("x", CellType::float64), nullable("m", CellType::decimal),
                                                nullable("at", CellType::timestamp), nullable("day", CellType::date),
                                                nullable("doc", CellType::json), nullable("b", CellType::boolean)});
  return made;
}
constexpr std::uint32_t kG = 1, kN = 2, kX = 3, kM = 4, kAt = 5, kDay = 6, kDoc = 7, kB = 8;

Output out(std::uint32_t column, Aggregate aggregate = Aggregate::none, std::uint16_t distinct = 0) {
  return {{0, column}, aggregate, distinct};
}

struct Sales {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&sales()});
  IRepository& repository = session->repository(sales());

  void fill() {
    const auto row = [](const char* g, Value n, Value x, Value m) {
      return Row{Value::text(g), std::move(n), std::move(x), std::move(m), Value::timestamp(5), Value::date(2)};
    };
    insert(repository, {kG, kN, kX, kM, kAt, kDay},
           {row("b", Value::int64(1), Value::float64(0.5), Value::decimal("1.10")),
            row("a", Value::int64(2), Value::float64(1.5), Value::decimal("2.250")),
            row("b", Value::int64(4), Value::null(), Value::decimal("1.1")),
            row("a", Value::null(), Value::float64(-2), Value::null()),
            row("A", Value::int64(2), Value::float64(1.5), Value::decimal("-3"))});
  }
  Row total(const std::vector<Output>& outputs) {
    const Rows rows = select(repository, {.outputs = outputs});
    REQUIRE(rows.size() == 1);
    return rows.front();
  }
};

const std::vector<Output> kAll{out(0, Aggregate::count_rows), out(kN, Aggregate::count), out(kN, Aggregate::sum),
                               out(kN, Aggregate::avg),       out(kN, Aggregate::min),   out(kN, Aggregate::max)};

TEST_CASE("aggregates: without the capability they are NotSupported") {
  Sales t;
  if (t.database.can(Capability::aggregates)) return;
  CHECK_THROWS_AS(select(t.repository, {.outputs = kAll}), NotSupported);
  CHECK_THROWS_AS(select(t.repository, {.outputs = columns({kG}), .group = {{0, kG}}}), NotSupported);
  CHECK_THROWS_AS(select(t.repository, {.outputs = columns({kG}), .having = Tree::value(Value::boolean(true))}),
                  NotSupported);
}

TEST_CASE("aggregates: over all rows, and over none") {
  Sales t;
  if (!t.database.can(Capability::aggregates)) return;
  CHECK(t.total(kAll) ==
        Row{Value::int64(0), Value::int64(0), Value::null(), Value::null(), Value::null(), Value::null()});
  t.fill();
  CHECK(t.total(kAll) ==
        Row{Value::int64(5), Value::int64(4), Value::int64(9), Value::float64(2.25), Value::int64(1), Value::int64(4)});
  CHECK(t.total({out(kX, Aggregate::sum), out(kX, Aggregate::avg), out(kX, Aggregate::min), out(kX, Aggregate::max)}) ==
        Row{Value::float64(1.5), Value::float64(0.375), Value::float64(-2), Value::float64(1.5)});
  CHECK(t.total({out(kM, Aggregate::sum), out(kM, Aggregate::min), out(kM, Aggregate::max)}) ==
        Row{Value::decimal("1.450"), Value::decimal("-3"), Value::decimal("2.250")});
  CHECK(t.total({out(kM, Aggregate::avg)}) == Row{Value::float64(1.45 / 4)});
  CHECK(t.total({out(kG, Aggregate::min), out(kG, Aggregate::max)}) == Row{Value::text("A"), Value::text("b")});
  CHECK(t.total({out(kAt, Aggregate::max), out(kDay, Aggregate::min)}) == Row{Value::timestamp(5), Value::date(2)});
  const Rows none = select(t.repository, {.filter = Tree::compare(NodeKind::eq, kN, Value::int64(99)),
                                          .outputs = {out(0, Aggregate::count_rows), out(kX, Aggregate::max)}});
  CHECK(none == Rows{{Value::int64(0), Value::null()}});
}

TEST_CASE("aggregates: distinct values count once, decimals by what they are worth") {
  Sales t;
  if (!t.database.can(Capability::aggregates)) return;
  t.fill();
  CHECK(t.total({out(kN, Aggregate::count, 1), out(kN, Aggregate::sum, 1), out(kM, Aggregate::count, 1)}) ==
        Row{Value::int64(3), Value::int64(7), Value::int64(3)}); // 1.10 is 1.1
  CHECK(t.total({out(kX, Aggregate::avg, 1), out(kX, Aggregate::sum, 1)}) == Row{Value::float64(0), Value::float64(0)});
}

TEST_CASE("aggregates: sums are exact, and what does not fit is DataError") {
  Sales t;
  if (!t.database.can(Capability::aggregates)) return;
  insert(t.repository, {kG, kN, kM, kX},
         {{Value::text("x"), Value::int64(kLargest), Value::decimal("99999999999999999999999999999999999999"),
           Value::float64(1.7e308)},
          {Value::text("x"), Value::int64(kLargest), Value::decimal("0.5"), Value::float64(1.7e308)},
          {Value::text("y"), Value::int64(-kLargest), Value::decimal("-99999999999999999999999999999999999998"),
           Value::null()}});
  CHECK(t.total({out(kN, Aggregate::sum)}) == Row{Value::int64(kLargest)}); // though half-way it is beyond
  CHECK(t.total({out(kM, Aggregate::sum)}) == Row{Value::decimal("1.5")});
  const auto of_x = [&](std::uint32_t column, Aggregate aggregate) {
    return select(t.repository,
                  {.filter = Tree::compare(NodeKind::eq, kG, Value::text("x")), .outputs = {out(column, aggregate)}});
  };
  CHECK_THROWS_AS(of_x(kN, Aggregate::sum), DataError);
  CHECK_THROWS_AS(of_x(kX, Aggregate::sum), DataError);
  CHECK_THROWS_AS(of_x(kM, Aggregate::sum), DataError); // 39 digits
  CHECK(of_x(kN, Aggregate::avg) == Rows{{Value::float64(9223372036854775807.0)}});
}

TEST_CASE("groups: one row for each combination, NULL being one of them") {
  Sales t;
  if (!t.database.can(Capability::aggregates)) return;
  t.fill();
  insert(t.repository, {kN}, {{Value::int64(8)}, {Value::int64(16)}});
  const Ask by_g{.order = {ascending(kG)},
                 .outputs = {out(kG), out(0, Aggregate::count_rows), out(kN, Aggregate::sum), out(kM, Aggregate::sum)},
                 .group = {{0, kG}}};
  CHECK(select(t.repository, by_g) ==
        Rows{{Value::text("A"), Value::int64(1), Value::int64(2), Value::decimal("-3")},
             {Value::text("a"), Value::int64(2), Value::int64(2), Value::decimal("2.250")},
             {Value::text("b"), Value::int64(2), Value::int64(5), Value::decimal("2.20")},
             {Value::null(), Value::int64(2), Value::int64(24), Value::null()}});
  Ask sorted = by_g;
  sorted.order = {{2, kOutputSource, 1, NullOrder::largest}, {0, kOutputSource, 0, NullOrder::largest}};
  sorted.limit = 2;
  sorted.offset = 1;
  const Rows rows = select(t.repository, sorted);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0][0] == Value::text("b"));
  CHECK(rows[1][0] == Value::text("A"));
  const Ask two{.order = {{0, kOutputSource, 0, NullOrder::first}},
                .outputs = {out(0, Aggregate::count_rows)},
                .group = {{0, kG}, {0, kN}}};
  CHECK(select(t.repository, two).size() == 7);
}

TEST_CASE("groups: having chooses by outputs, values and columns of the group") {
  Sales t;
  if (!t.database.can(Capability::aggregates)) return;
  t.fill();
  Ask ask{.order = {ascending(kG)},
          .outputs = {out(kG), out(0, Aggregate::count_rows), out(kN, Aggregate::sum), out(kM, Aggregate::sum)},
          .group = {{0, kG}}};
  const auto groups = [&](const Tree& having) {
    ask.having = having;
    std::string found;
    for (const Row& row : select(t.repository, ask))
      found += row[0].cell().bytes();
    return found;
  };
  CHECK(groups(Tree::of(NodeKind::ge, {Tree::output(1), Tree::value(Value::int64(2))})) == "ab");
  CHECK(groups(Tree::of(NodeKind::gt, {Tree::output(2), Tree::output(1)})) == "Ab");
  CHECK(groups(Tree::of(NodeKind::ge, {Tree::output(3), Tree::value(Value::decimal("2.2"))})) == "ab");
  CHECK(groups(Tree::of(NodeKind::eq, {Tree::output(3), Tree::value(Value::int64(-3))})) == "A");
  CHECK(groups(Tree::of(NodeKind::in, {Tree::output(3), Tree::value(Value::decimal("2.20000")),
                                       Tree::value(Value::decimal("-3.0"))})) == "Ab");
  CHECK(groups(Tree::compare(NodeKind::ge, kG, Value::text("a"))) == "ab");
  const auto if_it_calculates = [&](const Tree& having, const std::string& wanted) {
    std::string found;
    try {
      found = groups(having);
    } catch (const NotSupported&) { // arithmetic has no capability of its own: said, not ignored
      CHECK_FALSE(t.database.can(Capability::sql));
      return;
    }
    CHECK(found == wanted);
  };
  if_it_calculates(Tree::of(NodeKind::eq, {Tree::of(NodeKind::add, {Tree::output(1), Tree::output(2)}),
                                           Tree::value(Value::int64(7))}),
                   "b");
  ask.outputs.push_back(out(kX, Aggregate::max));
  if_it_calculates(
      Tree::of(NodeKind::eq, {Tree::of(NodeKind::multiply, {Tree::output(4), Tree::value(Value::int64(2))}),
                              Tree::value(Value::float64(3))}),
      "Aa");
  CHECK(select(t.repository, {.outputs = {out(0, Aggregate::count_rows)},
                              .having = Tree::of(NodeKind::gt, {Tree::output(0), Tree::value(Value::int64(9))})})
            .empty());
}

TEST_CASE("distinct: equal rows come once, in the order of their outputs") {
  Sales t;
  t.fill();
  const Ask ask{.order = {descending(kG)}, .outputs = columns({kG}), .distinct = true};
  Rows rows;
  try {
    rows = select(t.repository, ask);
  } catch (const NotSupported&) {
    CHECK_FALSE(t.database.can(Capability::sql)); // no capability of its own: said, not ignored
    return;
  }
  CHECK(rows == Rows{{Value::text("b")}, {Value::text("a")}, {Value::text("A")}});
  Ask cut = ask;
  cut.limit = 1;
  cut.offset = 1;
  CHECK(select(t.repository, cut) == Rows{{Value::text("a")}});
  CHECK(select(t.repository,
               {.order = {{0, kOutputSource, 0, NullOrder::first}}, .outputs = columns({kN}), .distinct = true}) ==
        Rows{{Value::null()}, {Value::int64(1)}, {Value::int64(2)}, {Value::int64(4)}});
  CHECK(select(t.repository, {.outputs = columns({kM}), .distinct = true}).size() == 4);
  CHECK_THROWS_AS(select(t.repository, {.order = {ascending(kN)}, .outputs = columns({kG}), .distinct = true}),
                  ProgrammingError);
}

TEST_CASE("aggregates: over joined rows") {
  Sales t;
  if (!t.database.can(Capability::aggregates) || !t.database.can(Capability::joins)) return;
  t.fill();
  const JoinedTable same{&sales(), 0, JoinKind::left, {{kN, kN}}};
  const Ask pairs{.order = {ascending(kG)},
                  .outputs = {out(kG), {{1, 0}, Aggregate::count, 0}, {{1, kM}, Aggregate::sum, 0}},
                  .sources = {same},
                  .group = {{0, kG}}};
  CHECK(select(t.repository, pairs) == Rows{{Value::text("A"), Value::int64(2), Value::decimal("-0.750")},
                                            {Value::text("a"), Value::int64(2), Value::decimal("-0.750")},
                                            {Value::text("b"), Value::int64(2), Value::decimal("2.20")}});
}

TEST_CASE("aggregates: what makes no sense is refused, whoever sends it") {
  Sales t;
  if (!t.database.can(Capability::aggregates)) return;
  const auto programming = [&](const Ask& ask) { CHECK_THROWS_AS(select(t.repository, ask), ProgrammingError); };
  const auto unsupported = [&](const Ask& ask) { CHECK_THROWS_AS(select(t.repository, ask), NotSupported); };
  const Output rows = out(0, Aggregate::count_rows);
  const Tree yes = Tree::value(Value::boolean(true));
  programming({.outputs = {out(kG), rows}}); // in no group
  programming({.group = {{0, kG}}});         // groups of nothing
  programming({.outputs = {rows}, .group = {{0, 99}}});
  programming({.outputs = {rows}, .group = {{5, 0}}});
  programming({.order = {ascending(kN)}, .outputs = {rows}, .group = {{0, kG}}});         // ordered by no group
  programming({.order = {{9, kOutputSource, 0, NullOrder::largest}}, .outputs = {rows}}); // no such output
  programming({.outputs = columns({kG}), .having = yes});                                 // no groups
  programming({.outputs = {rows}, .having = Tree::of(NodeKind::eq, {Tree::output(7), Tree::value(Value::int64(1))})});
  programming({.outputs = {rows}, .group = {{0, kG}}, .having = Tree::compare(NodeKind::eq, kN, Value::int64(1))});
  programming({.outputs = {{{0, 99}, Aggregate::sum, 0}}});
  unsupported({.outputs = {out(kG, Aggregate::sum)}});
  unsupported({.outputs = {out(kDoc, Aggregate::max)}});
  unsupported({.outputs = {out(kB, Aggregate::min)}});
  unsupported({.outputs = {out(kDoc, Aggregate::count, 1)}});
  unsupported({.outputs = {rows}, .group = {{0, kDoc}}});
  unsupported({.outputs = columns({kDoc}), .distinct = true});
  unsupported({.outputs = {{{0, kN}, static_cast<Aggregate>(7), 0}}});
  unsupported({.outputs = {{{0, kN}, Aggregate::sum, 2}}});
}

} // namespace
} // namespace tenon::contract
