// Contract: computed values: arithmetic, folded letters, columns beside columns, and updates by expressions.

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();

/// id, a (int64), b (int64), x (float64), t (text), u (text), m (decimal)
const TableDesc& numbers() {
  static const TableDesc made = table("numbers", {nullable("a", CellType::int64), nullable("b", CellType::int64),
                                                  nullable("x", CellType::float64), nullable("t", CellType::text),
                                                  nullable("u", CellType::text), nullable("m", CellType::decimal)});
  return made;
}

Tree pair(NodeKind kind, const Tree& left, const Tree& right) { return Tree::of(kind, {left, right}); }
Tree folded(const Tree& text) { return Tree::of(NodeKind::fold, {text}); }

constexpr std::uint32_t kA = 1, kB = 2, kX = 3, kT = 4, kU = 5, kM = 6;

/// Arithmetic has no capability of its own: a backend computes it or says NotSupported.
struct Numbers {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&numbers()});
  IRepository& repository = session->repository(numbers());
  bool computes = true;

  Numbers() {
    insert(repository, {kA, kB, kX, kT, kU, kM},
           {{Value::int64(7), Value::int64(2), Value::float64(0.5), Value::text("Abc"), Value::text("abc"),
             Value::decimal("7.0")},
            {Value::int64(-7), Value::int64(2), Value::float64(-4), Value::text("abc"), Value::text("abc"),
             Value::decimal("-6.5")},
            {Value::int64(3), Value::null(), Value::null(), Value::null(), Value::text("z"), Value::null()}});
    try {
      static_cast<void>(ids(is(op(NodeKind::add, Tree::column(kA), number(1)), number(8))));
    } catch (const NotSupported&) {
      computes = false;
    }
  }

  static Tree number(std::int64_t n) { return Tree::value(Value::int64(n)); }
  static Tree real(double x) { return Tree::value(Value::float64(x)); }
  static Tree op(NodeKind kind, const Tree& left, const Tree& right) { return Tree::of(kind, {left, right}); }
  static Tree is(const Tree& left, const Tree& right) { return Tree::of(NodeKind::eq, {left, right}); }

  std::vector<std::int64_t> ids(const Tree& filter) {
    std::vector<std::int64_t> found;
    for (const Row& row : select(repository, {.filter = filter, .order = {ascending(0)}, .outputs = columns({0})}))
      found.push_back(row[0].cell().integer);
    return found;
  }
  /// What an expression comes to, by the rows for which it equals what it should be.
  bool gives(const Tree& expression, const Tree& wanted) {
    const Tree first = Tree::compare(NodeKind::eq, 0, Value::int64(1));
    return ids(Tree::of(NodeKind::all_of, {first, is(expression, wanted)})) == std::vector<std::int64_t>{1};
  }
};

using Ids = std::vector<std::int64_t>;

TEST_CASE("expressions: columns compare with columns of their table") {
  Numbers t;
  if (!t.computes) return;
  CHECK(t.ids(pair(NodeKind::gt, Tree::column(kA), Tree::column(kB))) == Ids{1});
  CHECK(t.ids(pair(NodeKind::eq, Tree::column(kT), Tree::column(kU))) == Ids{2});
  CHECK(t.ids(pair(NodeKind::lt, Tree::column(kT), Tree::column(kU))) == Ids{1}); // A before a
  CHECK(t.ids(pair(NodeKind::eq, Tree::column(kA), Tree::column(kM))) == Ids{1}); // an integer and a decimal
  CHECK(t.ids(pair(NodeKind::lt, Tree::column(kA), Tree::column(kM))) == Ids{2});
}

TEST_CASE("expressions: arithmetic of integers stays integer and cuts towards zero") {
  Numbers t;
  if (!t.computes) return;
  const Tree a = Tree::column(kA), b = Tree::column(kB);
  CHECK(t.ids(Numbers::is(Numbers::op(NodeKind::add, a, b), Numbers::number(9))) == Ids{1});
  CHECK(t.ids(Numbers::is(Numbers::op(NodeKind::subtract, a, b), Numbers::number(-9))) == Ids{2});
  CHECK(t.ids(Numbers::is(Numbers::op(NodeKind::multiply, a, b), Numbers::number(14))) == Ids{1});
  CHECK(t.ids(Numbers::is(Numbers::op(NodeKind::divide, a, b), Numbers::number(3))) == Ids{1});
  CHECK(t.ids(Numbers::is(Numbers::op(NodeKind::divide, a, b), Numbers::number(-3))) == Ids{2});
  const Tree nested = Numbers::op(NodeKind::multiply, Numbers::op(NodeKind::add, a, Numbers::number(1)),
                                  Numbers::op(NodeKind::subtract, b, Numbers::number(1)));
  CHECK(t.ids(Numbers::is(nested, Numbers::number(8))) == Ids{1});
  CHECK(t.ids(Tree::of(NodeKind::is_null, {Numbers::op(NodeKind::add, a, b)})) == Ids{3}); // NULL in, NULL out
  CHECK(t.ids(Tree::of(NodeKind::is_null, {Numbers::op(NodeKind::add, a, Tree::value(Value::null()))})) ==
        Ids{1, 2, 3});
}

TEST_CASE("expressions: one double makes both doubles") {
  Numbers t;
  if (!t.computes) return;
  const Tree a = Tree::column(kA), x = Tree::column(kX);
  CHECK(t.ids(Numbers::is(Numbers::op(NodeKind::add, a, x), Numbers::real(7.5))) == Ids{1});
  CHECK(t.ids(Numbers::is(Numbers::op(NodeKind::divide, a, x), Numbers::real(1.75))) == Ids{2});
  CHECK(t.gives(Numbers::op(NodeKind::divide, a, Numbers::real(2)), Numbers::real(3.5)));
  CHECK(t.ids(Tree::of(NodeKind::gt, {Numbers::op(NodeKind::multiply, x, Numbers::number(2)), Numbers::real(0.9)})) ==
        Ids{1});
}

TEST_CASE("expressions: what has no result is DataError") {
  Numbers t;
  if (!t.computes) return;
  const Tree a = Tree::column(kA), x = Tree::column(kX);
  const auto fails = [&](const Tree& expression, const Tree& with) {
    CHECK_THROWS_AS(t.ids(Tree::of(NodeKind::gt, {expression, with})), DataError);
  };
  fails(Numbers::op(NodeKind::add, a, Numbers::number(kLargest)), Numbers::number(0));
  fails(Numbers::op(NodeKind::subtract, a, Numbers::number(kSmallest)), Numbers::number(0));
  fails(Numbers::op(NodeKind::multiply, a, Numbers::number(kLargest)), Numbers::number(0));
  fails(Numbers::op(NodeKind::divide, a, Numbers::number(0)), Numbers::number(0));
  fails(Numbers::op(NodeKind::divide,
                    Numbers::op(NodeKind::add, Numbers::op(NodeKind::subtract, a, a), Numbers::number(kSmallest)),
                    Numbers::number(-1)),
        Numbers::number(0));
  fails(Numbers::op(NodeKind::divide, x, Numbers::real(0)), Numbers::real(0));
  fails(Numbers::op(NodeKind::multiply, x, Numbers::real(1.7e308)), Numbers::real(0));
}

TEST_CASE("expressions: folding changes the letters A to Z and no others") {
  Numbers t;
  if (!t.computes) return;
  CHECK(t.ids(Numbers::is(folded(Tree::column(kT)), Tree::value(Value::text("abc")))) == Ids{1, 2});
  CHECK(t.ids(Numbers::is(folded(Tree::column(kT)), folded(Tree::value(Value::text("ABC"))))) == Ids{1, 2});
  CHECK(t.ids(Numbers::is(folded(Tree::column(kT)), folded(Tree::column(kU)))) == Ids{1, 2});
  CHECK(t.ids(Tree::of(NodeKind::contains, {folded(Tree::column(kT)), folded(Tree::value(Value::text("BC")))})) ==
        Ids{1, 2});
  CHECK(t.ids(Tree::of(NodeKind::like, {folded(Tree::column(kT)), Tree::value(Value::text("a%"))})) == Ids{1, 2});
  update(t.repository, Tree::compare(NodeKind::eq, 0, Value::int64(3)), {{kT, Value::text("\xC3\x84Z")}}); // ÄZ
  CHECK(t.ids(Numbers::is(folded(Tree::column(kT)), Tree::value(Value::text("\xC3\x84z")))) == Ids{3});
}

TEST_CASE("expressions: an update computes from the old values of the row") {
  Numbers t;
  if (!t.computes) return;
  const Tree a = Tree::column(kA), b = Tree::column(kB);
  CHECK(update_with(t.repository, Tree::test(NodeKind::is_not_null, kB),
                    {{kA, Numbers::op(NodeKind::add, a, b)}, {kB, a}, {kX, Numbers::op(NodeKind::multiply, a, b)}}) ==
        2);
  const Rows rows = select(t.repository, {.order = {ascending(0)}, .outputs = columns({kA, kB, kX})});
  CHECK(rows == Rows{{Value::int64(9), Value::int64(7), Value::float64(14)},
                     {Value::int64(-5), Value::int64(-7), Value::float64(-14)},
                     {Value::int64(3), Value::null(), Value::null()}});
  CHECK(update_with(t.repository, {}, {{kT, folded(Tree::value(Value::text("Same")))}}) == 3);
  CHECK(select(t.repository, {.order = {ascending(0)}, .outputs = columns({kT}), .limit = 1}) ==
        Rows{{Value::text("same")}});
  CHECK_THROWS_AS(update_with(t.repository, {}, {{kA, Numbers::op(NodeKind::add, a, Numbers::number(kLargest))}}),
                  DataError);
  CHECK(select(t.repository, {.order = {ascending(0)}, .outputs = columns({kA}), .limit = 1}) ==
        Rows{{Value::int64(9)}}); // nothing of it was written
}

TEST_CASE("expressions: what makes no sense is refused, whoever sends it") {
  Numbers t;
  if (!t.computes) return;
  const Tree a = Tree::column(kA), text = Tree::column(kT);
  const auto refused = [&](const Tree& filter) { CHECK_THROWS_AS(t.ids(filter), ProgrammingError); };
  refused(Numbers::is(Numbers::op(NodeKind::add, a, text), Numbers::number(1)));
  refused(Numbers::is(Numbers::op(NodeKind::add, a, Tree::column(kM)), Numbers::number(1)));
  refused(Numbers::is(folded(a), Tree::value(Value::text("x"))));
  refused(Tree::of(NodeKind::add, {a, a})); // no condition
  refused(Numbers::is(Tree::of(NodeKind::add, {a}), Numbers::number(1)));
  refused(Numbers::is(Tree::of(NodeKind::add, {a, a, a}), Numbers::number(1)));
  refused(pair(NodeKind::eq, a, text));
  refused(Numbers::is(Tree::column(kA, 1), Numbers::number(1)));
  refused(Numbers::is(Tree::output(0), Numbers::number(1)));
  Tree deep = a;
  for (int i = 0; i < 300; ++i)
    deep = Tree::of(NodeKind::add, {deep, Numbers::number(0)});
  refused(Numbers::is(deep, Numbers::number(1)));
  CHECK_THROWS_AS(update_with(t.repository, {}, {{kA, Tree::column(kT)}}), ProgrammingError);
  CHECK_THROWS_AS(update_with(t.repository, {}, {{kA, Numbers::op(NodeKind::add, Tree::column(kX), a)}}),
                  ProgrammingError);
  const Assignment beyond{kA, 5, 2, 0, Cell::null()};
  CHECK_THROWS_AS(t.repository.update({{}, {&beyond, 1}, {}}), ProgrammingError);
}

} // namespace
} // namespace tenon::contract
