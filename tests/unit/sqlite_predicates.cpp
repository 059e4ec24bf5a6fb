// Every predicate against a reference that evaluates the same tree in C++, on random trees and on chosen corners.
#include <algorithm>
#include <optional>
#include <random>

#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

TableDesc words() {
  TableDesc table;
  table.name = "words";
  table.columns = {{"id", CellType::int64, false, true, 0},
                   {"word", CellType::text, true, false, 0},
                   {"number", CellType::int64, true, false, 0},
                   {"flag", CellType::boolean, true, false, 0}};
  table.keys = {{"words_pkey", {0}}};
  return table;
}

const TableDesc kTable = words();
using Row = std::vector<Cell>;
using Truth = std::optional<bool>; // nothing: unknown

std::vector<Row> make_rows() {
  std::vector<Row> rows;
  const std::vector<Cell> texts{Cell::null(),      Cell::text(""),   Cell::text("a"),  Cell::text("A"),
                                Cell::text("ab"),  Cell::text("ba"), Cell::text("a%"), Cell::text("a_b"),
                                Cell::text("\\b"), Cell::text("é"),  Cell::text("éa")};
  const std::vector<Cell> numbers{Cell::null(), Cell::int64(-1), Cell::int64(0), Cell::int64(2)};
  const std::vector<Cell> flags{Cell::null(), Cell::boolean(false), Cell::boolean(true)};
  for (const Cell& text : texts) {
    for (const Cell& number : numbers) {
      rows.push_back({Cell::int64(static_cast<std::int64_t>(rows.size()) + 1), text, number, flags[rows.size() % 3]});
    }
  }
  return rows;
}

bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  const auto character = [](std::string_view t) {
    std::size_t n = 1;
    while (n < t.size() && (static_cast<unsigned char>(t[n]) & 0xc0U) == 0x80U)
      ++n;
    return n;
  };
  if (pattern[0] == '%') {
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (like(text.substr(i), pattern.substr(1))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '_') return like(text.substr(character(text)), pattern.substr(1));
  if (pattern[0] == '\\') pattern.remove_prefix(1);
  return text[0] == pattern[0] && like(text.substr(1), pattern.substr(1));
}

class Reference {
public:
  Reference(const Tree& tree, const Row& row) : tree_(tree), row_(row) {}
  Truth evaluate() {
    std::size_t position = 0;
    return condition(position);
  }

private:
  Cell operand(std::size_t& position) {
    const Node& n = tree_[position++];
    return n.kind == NodeKind::column ? row_[n.column] : n.value;
  }
  static int order(const Cell& a, const Cell& b) {
    if (a.type == CellType::text) return a.bytes().compare(b.bytes());
    return a.integer < b.integer ? -1 : (a.integer > b.integer ? 1 : 0);
  }
  Truth condition(std::size_t& position) {
    const Node& n = tree_[position];
    switch (n.kind) {
      case NodeKind::column:
      case NodeKind::value: {
        const Cell cell = operand(position);
        return cell.is_null() ? Truth{} : Truth{cell.integer != 0};
      }
      case NodeKind::all_of:
      case NodeKind::any_of: {
        const bool stop = n.kind == NodeKind::any_of;
        Truth result = !stop;
        ++position;
        for (std::uint32_t i = 0; i < n.children; ++i) {
          const Truth child = condition(position);
          if (result == Truth{stop} || child == Truth{stop}) {
            result = stop;
          } else if (!child) {
            result = std::nullopt;
          }
        }
        return result;
      }
      case NodeKind::negation: {
        ++position;
        const Truth child = condition(position);
        return child ? Truth{!*child} : child;
      }
      case NodeKind::is_null:
      case NodeKind::is_not_null: ++position; return operand(position).is_null() == (n.kind == NodeKind::is_null);
      default: return compared(position);
    }
  }
  Truth compared(std::size_t& position) {
    const Node& n = tree_[position++];
    const Cell left = operand(position);
    if (n.kind == NodeKind::in) {
      bool unknown = left.is_null() && n.children > 1;
      bool found = false;
      for (std::uint32_t i = 1; i < n.children; ++i) {
        const Cell right = operand(position);
        if (right.is_null()) {
          unknown = true;
        } else if (!left.is_null() && order(left, right) == 0) {
          found = true;
        }
      }
      return found ? Truth{true} : (unknown ? Truth{} : Truth{false});
    }
    const Cell right = operand(position);
    if (left.is_null() || right.is_null()) return {};
    switch (n.kind) {
      case NodeKind::eq: return order(left, right) == 0;
      case NodeKind::ne: return order(left, right) != 0;
      case NodeKind::lt: return order(left, right) < 0;
      case NodeKind::le: return order(left, right) <= 0;
      case NodeKind::gt: return order(left, right) > 0;
      case NodeKind::ge: return order(left, right) >= 0;
      case NodeKind::like: return like(left.bytes(), right.bytes());
      case NodeKind::contains: return left.bytes().find(right.bytes()) != std::string_view::npos;
      case NodeKind::starts_with: return left.bytes().starts_with(right.bytes());
      case NodeKind::ends_with: return left.bytes().ends_with(right.bytes());
      default: throw std::logic_error("the reference does not know this node");
    }
  }
  const Tree& tree_;
  const Row& row_;
};

class Random {
public:
  explicit Random(unsigned seed) : engine_(seed) {}
  Tree condition(int depth) {
    const unsigned choice = below(depth > 0 ? 16 : 12);
    if (choice >= 12) {
      if (choice == 12) return node(NodeKind::negation, {condition(depth - 1)});
      std::vector<Tree> children;
      for (unsigned i = below(5); i > 0; --i)
        children.push_back(condition(depth - 1));
      return node(choice % 2 == 0 ? NodeKind::all_of : NodeKind::any_of, children);
    }
    if (choice == 11) return column(3);
    if (choice >= 9) return node(choice == 9 ? NodeKind::is_null : NodeKind::is_not_null, {column(1 + below(3))});
    if (choice >= 6) {
      const auto kind = static_cast<NodeKind>(static_cast<unsigned>(NodeKind::like) + below(4));
      return node(kind, {column(1), kind == NodeKind::like ? pattern() : text()});
    }
    const bool is_text = below(2) == 0;
    const Tree left = column(is_text ? 1 : 2);
    const auto other = [&] { return is_text ? text() : number(); };
    if (choice >= 4) {
      std::vector<Tree> children{left};
      for (unsigned i = below(4); i > 0; --i)
        children.push_back(other());
      return node(NodeKind::in, children);
    }
    const auto kind = static_cast<NodeKind>(static_cast<unsigned>(NodeKind::eq) + below(6));
    return below(3) == 0 ? node(kind, {other(), left}) : node(kind, {left, other()});
  }

private:
  unsigned below(unsigned limit) { return static_cast<unsigned>(engine_() % limit); }
  Tree text() {
    static const char* const kTexts[] = {"", "a", "A", "b", "ab", "%", "_", "\\", "é", "a%"};
    return below(12) == 0 ? literal(Cell::null()) : literal(kTexts[below(10)]);
  }
  Tree pattern() {
    static const char* const kPatterns[] = {"", "%", "a%", "%b", "_", "__", "a\\%", "a\\_b", "\\\\b", "%é%", "A", "_a"};
    return literal(kPatterns[below(12)]);
  }
  Tree number() { return below(8) == 0 ? literal(Cell::null()) : literal(static_cast<int>(below(4)) - 1); }
  std::mt19937 engine_;
};

struct Words : OneSession {
  Words() : rows(make_rows()) {
    create(kTable);
    std::vector<Cell> cells;
    for (const Row& row : rows)
      cells.insert(cells.end(), row.begin(), row.end());
    insert(repository(), {0, 1, 2, 3}, cells);
  }
  IRepository& repository() { return session->repository(kTable); }
  std::vector<std::int64_t> expected(const Tree& tree) const {
    std::vector<std::int64_t> wanted;
    for (const Row& row : rows) {
      if (Reference(tree, row).evaluate() == Truth{true}) wanted.push_back(row[0].integer);
    }
    return wanted;
  }
  std::vector<Row> rows;
};

} // namespace

TEST_CASE_METHOD(Words, "random filters keep the rows that a reference keeps") {
  Random random(20260214);
  std::size_t kept = 0;
  for (int round = 0; round < 1500; ++round) {
    const Tree tree = random.condition(4);
    INFO("round " << round);
    const auto found = ids(repository(), tree);
    REQUIRE(found == expected(tree));
    REQUIRE(repository().count(tree) == found.size());
    REQUIRE(repository().exists(tree) == !found.empty());
    kept += found.size();
  }
  CHECK(kept > 1000);
}

TEST_CASE_METHOD(Words, "lists may be longer than the number of parameters of a statement") {
  std::vector<Tree> children{column(0)};
  for (int i = 40; i < 100040; ++i)
    children.push_back(literal(i));
  const Tree tree = node(NodeKind::in, children);
  CHECK(ids(repository(), tree) == std::vector<std::int64_t>{40, 41, 42, 43, 44});
}

TEST_CASE_METHOD(Words, "a thousand alternatives are within SQLite's depth of an expression") {
  std::vector<Tree> terms;
  for (int i = 0; i < 5000; ++i)
    terms.push_back(node(NodeKind::eq, {column(0), literal(i)}));
  CHECK(repository().count(node(NodeKind::any_of, terms)) == rows.size());
}

TEST_CASE_METHOD(Words, "conditions added one by one nest as deep as a tree may be") {
  Tree tree = node(NodeKind::gt, {column(0), literal(0)});
  for (int i = 1; i < 199; ++i)
    tree = node(NodeKind::all_of, {tree, node(NodeKind::ne, {column(0), literal(i + 1)})});
  CHECK(ids(repository(), tree) == std::vector<std::int64_t>{1});
}

TEST_CASE_METHOD(Words, "conditions that alternate nest deeper than SQLite's parser would take them as they come") {
  Tree tree = node(NodeKind::eq, {column(0), literal(1)});
  for (int i = 0; i < 100; ++i) {
    const Tree other = node(i % 2 == 0 ? NodeKind::lt : NodeKind::ge, {column(0), literal(i % 2 == 0 ? -i : i - 200)});
    tree = node(i % 2 == 0 ? NodeKind::any_of : NodeKind::all_of, {other, tree}); // neither changes the meaning
  }
  CHECK(ids(repository(), tree) == std::vector<std::int64_t>{1});
}

TEST_CASE_METHOD(Words, "order puts NULL where it is asked for, and as the largest otherwise") {
  const Tree a_few =
      node(NodeKind::in, {column(0), literal(1), literal(2), literal(3), literal(4)}); // numbers NULL, -1, 0, 2
  const auto ordered = [&](std::uint16_t descending, NullOrder nulls) {
    const std::vector<OrderTerm> order{{2, 0, descending, nulls}};
    return ids(repository(), Query{a_few, order, {}, kNoLimit, 0});
  };
  using Ids = std::vector<std::int64_t>;
  CHECK(ordered(0, NullOrder::largest) == Ids{2, 3, 4, 1});
  CHECK(ordered(1, NullOrder::largest) == Ids{1, 4, 3, 2});
  CHECK(ordered(0, NullOrder::first) == Ids{1, 2, 3, 4});
  CHECK(ordered(1, NullOrder::last) == Ids{4, 3, 2, 1});
}

TEST_CASE_METHOD(Words, "text sorts by code point, limit and offset cut the order") {
  const Tree one_each = node(NodeKind::is_null, {column(2)});
  const std::vector<OrderTerm> order{{1, 0, 0, NullOrder::largest}};
  const auto projection = outputs({1});
  const auto texts = [&](std::uint64_t limit, std::uint64_t offset) {
    std::string all;
    auto cursor = repository().select({one_each, order, projection, limit, offset});
    for (RowBatch batch; cursor->next(batch);) {
      REQUIRE(batch.columns == 1);
      for (std::size_t i = 0; i < batch.rows; ++i)
        all += batch.row(i)[0].is_null() ? "NULL" : std::string(batch.row(i)[0].bytes()) + "|";
    }
    return all;
  };
  CHECK(texts(kNoLimit, 0) == "|A|\\b|a|a%|a_b|ab|ba|é|éa|NULL");
  CHECK(texts(2, 1) == "A|\\b|");
  CHECK(texts(kNoLimit, 9) == "éa|NULL");
  CHECK(texts(0, 0).empty());
}
