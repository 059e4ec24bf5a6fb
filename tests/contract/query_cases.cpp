// Contract: what each part of a query means, one by one.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

/// id, n, t; both may be NULL.
struct Items {
  TableDesc described = table("items", {nullable("n", CellType::int64), nullable("t", CellType::text)});
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&described});
  IRepository& repository = session->repository(described);

  void add(const Rows& rows) { insert(repository, {1, 2}, rows); }
  void add_texts(const std::vector<std::string>& texts) {
    for (const std::string& text : texts)
      insert(repository, {2}, {{Value::text(text)}});
  }
  /// Column n of the rows, in the order asked.
  std::vector<std::int64_t> numbers(Ask ask) {
    ask.outputs = columns({1});
    std::vector<std::int64_t> out;
    for (const Row& row : select(repository, ask))
      out.push_back(row[0].is_null() ? -1 : row[0].cell().integer);
    return out;
  }
  std::vector<std::string> texts(const Tree& filter) {
    std::vector<std::string> out;
    for (const Row& row : select(repository, {.filter = filter, .order = {ascending(0)}, .outputs = columns({2})})) {
      out.emplace_back(row[0].cell().size > 0 ? row[0].cell().bytes() : "");
    }
    return out;
  }
};

using Numbers = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

TEST_CASE("filter: a comparison with NULL is unknown, on either side and under negation") {
  Items items;
  items.add({{Value::int64(1), Value::null()}, {Value::null(), Value::null()}});
  for (const NodeKind kind : {NodeKind::eq, NodeKind::ne, NodeKind::lt, NodeKind::le, NodeKind::gt, NodeKind::ge}) {
    CAPTURE(static_cast<int>(kind));
    const Tree with_null = Tree::compare(kind, 1, Value::null());
    const Tree with_one = Tree::compare(kind, 1, Value::int64(1));
    CHECK(items.repository.count(with_null.filter()) == 0);
    CHECK(items.repository.count(Tree::of(NodeKind::negation, {with_null}).filter()) == 0);
    CHECK(items.repository.count(with_one.filter()) +
              items.repository.count(Tree::of(NodeKind::negation, {with_one}).filter()) ==
          1); // the row with NULL is in neither
  }
  for (const NodeKind kind : {NodeKind::like, NodeKind::contains, NodeKind::starts_with, NodeKind::ends_with}) {
    const Tree on_null = Tree::compare(kind, 2, Value::text(""));
    CHECK(items.repository.count(on_null.filter()) == 0);
    CHECK(items.repository.count(Tree::of(NodeKind::negation, {on_null}).filter()) == 0);
  }
  const Tree unknown = Tree::compare(NodeKind::eq, 2, Value::text("x"));
  const Tree is_one = Tree::compare(NodeKind::eq, 1, Value::int64(1));
  CHECK(items.repository.count(Tree::of(NodeKind::any_of, {unknown, is_one}).filter()) == 1);
  CHECK(items.repository.count(Tree::of(NodeKind::all_of, {unknown, is_one}).filter()) == 0);
}

TEST_CASE("filter: all_of nothing is true, any_of nothing and in nothing are false") {
  Items items;
  items.add({{Value::int64(1), Value::null()}, {Value::null(), Value::null()}});
  const auto count = [&](const Tree& tree) { return items.repository.count(tree.filter()); };
  CHECK(count(Tree::of(NodeKind::all_of, {})) == 2);
  CHECK(count(Tree::of(NodeKind::any_of, {})) == 0);
  CHECK(count(Tree::in(1, {})) == 0);
  CHECK(count(Tree::of(NodeKind::negation, {Tree::in(1, {})})) == 2);
  CHECK(count(Tree::of(NodeKind::negation, {Tree::of(NodeKind::all_of, {})})) == 0);
}

TEST_CASE("filter: in with 1, 1000 and 40000 values, of numbers and of text") {
  Items items;
  Rows rows;
  for (std::int64_t n = 0; n < 50; ++n)
    rows.push_back({Value::int64(n), Value::text("t" + std::to_string(n))});
  items.add(rows);
  for (const std::int64_t size : {1, 2, 3, 1000, 40'000}) {
    CAPTURE(size);
    std::vector<Value> numbers;
    std::vector<Value> texts;
    for (std::int64_t i = 0; i < size; ++i) {
      numbers.push_back(Value::int64(i + 40));
      texts.push_back(Value::text("t" + std::to_string(i + 40)));
    }
    const auto wanted = static_cast<std::uint64_t>(std::min<std::int64_t>(size, 10));
    CHECK(items.repository.count(Tree::in(1, numbers).filter()) == wanted);
    CHECK(items.repository.count(Tree::in(2, texts).filter()) == wanted);
    const Ask ask{.filter = Tree::of(NodeKind::negation, {Tree::in(1, numbers)}), .order = {ascending(1)}, .limit = 40};
    CHECK(select(items.repository, ask).size() == 40);
  }
}

TEST_CASE("filter: in with a NULL among the values is unknown where nothing equals") {
  Items items;
  items.add({{Value::int64(1), Value::null()}, {Value::int64(2), Value::null()}, {Value::null(), Value::null()}});
  const Tree in = Tree::in(1, {Value::int64(1), Value::null()});
  CHECK(items.repository.count(in.filter()) == 1);
  CHECK(items.repository.count(Tree::of(NodeKind::negation, {in}).filter()) == 0);
}

TEST_CASE("filter: two columns compare with each other") {
  TableDesc described = table("pairs", {column("a", CellType::int64), column("b", CellType::int64)});
  Database database;
  const auto session = database.connect_with({&described});
  IRepository& pairs = session->repository(described);
  insert(pairs, {1, 2},
         {{Value::int64(1), Value::int64(2)}, {Value::int64(5), Value::int64(5)}, {Value::int64(9), Value::int64(3)}});
  CHECK(pairs.count(Tree::of(NodeKind::lt, {Tree::column(1), Tree::column(2)}).filter()) == 1);
  CHECK(pairs.count(Tree::of(NodeKind::le, {Tree::column(1), Tree::column(2)}).filter()) == 2);
  CHECK(pairs.count(Tree::of(NodeKind::eq, {Tree::column(1), Tree::column(2)}).filter()) == 1);
}

TEST_CASE("filter: deep and wide trees") {
  Items items;
  items.add({{Value::int64(1), Value::null()}, {Value::int64(2), Value::null()}});
  // Each level adds a condition that is true, or an alternative that is false.
  Tree deep = Tree::compare(NodeKind::eq, 1, Value::int64(1));
  for (std::int64_t i = 0; i < 20; ++i) {
    const bool any = i % 2 == 0;
    const Tree other = Tree::compare(any ? NodeKind::lt : NodeKind::ge, 1, Value::int64(0));
    deep = Tree::of(any ? NodeKind::any_of : NodeKind::all_of, {other, deep});
  }
  CHECK(items.repository.count(deep.filter()) == 1);
  Tree turned = Tree::compare(NodeKind::eq, 1, Value::int64(1));
  for (int i = 0; i < 20; ++i)
    turned = Tree::of(NodeKind::negation, {turned});
  CHECK(items.repository.count(turned.filter()) == 1);
  std::vector<Tree> children;
  for (std::int64_t i = 2; i < 3002; ++i)
    children.push_back(Tree::compare(NodeKind::eq, 1, Value::int64(i)));
  CHECK(items.repository.count(Tree::of(NodeKind::any_of, children).filter()) == 1);
}

TEST_CASE("text: like knows % and _ for characters, the escape, and case") {
  Items items;
  const Texts all{"abc", "ABC", "a%c", "a_c", "a\\c", "", "a\303\251c", "a\360\237\227\204c", "xabcx"};
  items.add_texts(all);
  const auto like = [&](const char* pattern) {
    return items.texts(Tree::compare(NodeKind::like, 2, Value::text(pattern)));
  };
  CHECK(like("abc") == Texts{"abc"});
  CHECK(like("a_c") == Texts{"abc", "a%c", "a_c", "a\\c", "a\303\251c", "a\360\237\227\204c"});
  CHECK(like("a\\%c") == Texts{"a%c"});
  CHECK(like("a\\_c") == Texts{"a_c"});
  CHECK(like("a\\\\c") == Texts{"a\\c"});
  CHECK(like("\\a\\b\\c") == Texts{"abc"}); // the escape takes any character literally
  CHECK(like("%b%") == Texts{"abc", "xabcx"});
  CHECK(like("%") == all);
  CHECK(like("") == Texts{""});
  CHECK(like("A%") == Texts{"ABC"});
  CHECK(like("_%_").size() == 8);
  CHECK(like("__") == Texts{});
}

TEST_CASE("text: contains, starts_with and ends_with are literal, and see case") {
  Items items;
  items.add_texts({"100%", "a_b", "back\\slash", "Hello", "hello", "", "[x]*?", "\xC3\xA9t\xC3\xA9"});
  const auto with = [&](NodeKind kind, const char* part) {
    return items.texts(Tree::compare(kind, 2, Value::text(part)));
  };
  CHECK(with(NodeKind::contains, "%") == Texts{"100%"});
  CHECK(with(NodeKind::contains, "_") == Texts{"a_b"});
  CHECK(with(NodeKind::contains, "\\") == Texts{"back\\slash"});
  CHECK(with(NodeKind::contains, "[x]") == Texts{"[x]*?"});
  CHECK(with(NodeKind::contains, "ello") == Texts{"Hello", "hello"});
  CHECK(with(NodeKind::contains, "").size() == 8);
  CHECK(with(NodeKind::starts_with, "h") == Texts{"hello"});
  CHECK(with(NodeKind::starts_with, "\xC3\xA9") == Texts{"\xC3\xA9t\xC3\xA9"});
  CHECK(with(NodeKind::starts_with, "").size() == 8);
  CHECK(with(NodeKind::starts_with, "hello world") == Texts{});
  CHECK(with(NodeKind::ends_with, "%") == Texts{"100%"});
  CHECK(with(NodeKind::ends_with, "\xC3\xA9") == Texts{"\xC3\xA9t\xC3\xA9"});
  CHECK(with(NodeKind::ends_with, "").size() == 8);
  CHECK(with(NodeKind::ends_with, "Hello") == Texts{"Hello"});
}

TEST_CASE("text: comparison is by code point: no locale, no folding, no padding") {
  Items items;
  const Texts ascending_texts{"",
                              " ",
                              "A",
                              "B",
                              "Z",
                              "a",
                              "a ",
                              "a-b",
                              "aB",
                              "ab",
                              "b",
                              "e\xCC\x81",
                              "z",
                              "\xC3\xA4",
                              "\xC3\xA9",
                              "\xEF\xBD\x9E",
                              "\xF0\x9F\x97\x84"};
  items.add_texts(Texts(ascending_texts.rbegin(), ascending_texts.rend()));
  Texts sorted;
  for (const Row& row : select(items.repository, {.order = {ascending(2)}, .outputs = columns({2})})) {
    sorted.emplace_back(row[0].cell().size > 0 ? row[0].cell().bytes() : "");
  }
  CHECK(sorted == ascending_texts);
  CHECK(items.texts(Tree::compare(NodeKind::eq, 2, Value::text("a"))) == Texts{"a"});
  CHECK(items.texts(Tree::compare(NodeKind::gt, 2, Value::text("z"))).size() == 4);
}

TEST_CASE("text: what looks like SQL stays data") {
  Items items;
  const Texts hostile{"'; DROP TABLE items; --",
                      "' OR '1'='1",
                      "\\'; SELECT 1; --",
                      "$1",
                      "?1",
                      ":name",
                      "$$x$$",
                      "/*",
                      "x\" OR 1=1 --"};
  items.add_texts(hostile);
  for (const std::string& text : hostile) {
    CAPTURE(text);
    CHECK(items.texts(Tree::compare(NodeKind::eq, 2, Value::text(text))) == Texts{text});
    CHECK(items.texts(Tree::compare(NodeKind::contains, 2, Value::text(text))) == Texts{text});
    CHECK(items.texts(Tree::in(2, {Value::text(text)})) == Texts{text});
    CHECK(update(items.repository, Tree::compare(NodeKind::eq, 2, Value::text(text)), {{2, Value::text(text)}}) == 1);
  }
  CHECK(items.repository.count({}) == hostile.size());
}

TEST_CASE("order: NULL is largest by default, or stands where it is told to") {
  Items items;
  items.add({{Value::int64(2), Value::null()}, {Value::null(), Value::null()}, {Value::int64(1), Value::null()}});
  CHECK(items.numbers({.order = {ascending(1)}}) == Numbers{1, 2, -1});
  CHECK(items.numbers({.order = {descending(1)}}) == Numbers{-1, 2, 1});
  CHECK(items.numbers({.order = {ascending(1, NullOrder::first)}}) == Numbers{-1, 1, 2});
  CHECK(items.numbers({.order = {ascending(1, NullOrder::last)}}) == Numbers{1, 2, -1});
  CHECK(items.numbers({.order = {descending(1, NullOrder::first)}}) == Numbers{-1, 2, 1});
  CHECK(items.numbers({.order = {descending(1, NullOrder::last)}}) == Numbers{2, 1, -1});
}

TEST_CASE("order: a second term decides among equals") {
  Items items;
  items.add(
      {{Value::int64(1), Value::text("b")}, {Value::int64(0), Value::text("c")}, {Value::int64(1), Value::text("a")}});
  const Rows rows = select(items.repository, {.order = {descending(1), ascending(2)}, .outputs = columns({2, 1})});
  CHECK(rows == Rows{{Value::text("a"), Value::int64(1)},
                     {Value::text("b"), Value::int64(1)},
                     {Value::text("c"), Value::int64(0)}});
}

TEST_CASE("limit and offset: their ends, and beyond") {
  Items items;
  for (std::int64_t n = 1; n <= 5; ++n)
    items.add({{Value::int64(n), Value::null()}});
  const auto window = [&](std::uint64_t limit, std::uint64_t offset) {
    return items.numbers({.order = {ascending(1)}, .limit = limit, .offset = offset});
  };
  CHECK(window(kNoLimit, 0) == Numbers{1, 2, 3, 4, 5});
  CHECK(window(2, 0) == Numbers{1, 2});
  CHECK(window(2, 4) == Numbers{5});
  CHECK(window(0, 0) == Numbers{});
  CHECK(window(kNoLimit, 3) == Numbers{4, 5});
  CHECK(window(10, 5) == Numbers{});
  CHECK(window(kNoLimit - 1, 1) == Numbers{2, 3, 4, 5});
}

TEST_CASE("projection: columns in the order asked, the same one twice, and none of an empty result") {
  Items items;
  items.add({{Value::int64(7), Value::text("x")}});
  CHECK(select(items.repository, {.outputs = columns({2, 1, 2})}) ==
        Rows{{Value::text("x"), Value::int64(7), Value::text("x")}});
  RowBatch batch;
  const Ask nothing{.filter = Tree::of(NodeKind::any_of, {}), .outputs = columns({1})};
  const auto cursor = items.repository.select(nothing.query());
  CHECK_FALSE(cursor->next(batch));
  CHECK(batch.rows == 0);
  CHECK_FALSE(cursor->next(batch)); // and again
}

TEST_CASE("queries: a column or a tree that is none is ProgrammingError or NotSupported, never a crash") {
  Items items;
  items.add({{Value::int64(1), Value::null()}});
  const auto unknown = Tree::of(static_cast<NodeKind>(999), {Tree::column(1)});
  CHECK_THROWS_AS(items.repository.count(unknown.filter()), NotSupported);
  CHECK_THROWS_AS(items.repository.count(Tree::test(NodeKind::is_null, 99).filter()), ProgrammingError);
  CHECK_THROWS_AS(select(items.repository, {.order = {ascending(99)}}), ProgrammingError);
  CHECK_THROWS_AS(select(items.repository, {.outputs = columns({99})}), ProgrammingError);
  CHECK(items.repository.count({}) == 1);
}

} // namespace
} // namespace tenon::contract
