// Contract: random filters, orders, limits, offsets and projections give what the reference evaluation gives. The seed
// is fixed, so that a failure can be repeated; TENON_CONTRACT_SEED tries another one.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "reference.hpp"
#include "support.hpp"

namespace tenon::contract {
namespace {

constexpr std::uint32_t kLastColumn = 9;

const TableDesc& samples() {
  static const TableDesc made = table(
      "samples", {nullable("n", CellType::int64), nullable("d", CellType::float64), nullable("b", CellType::boolean),
                  nullable("t", CellType::text), nullable("m", CellType::decimal), nullable("at", CellType::timestamp),
                  nullable("day", CellType::date), nullable("u", CellType::uuid), nullable("raw", CellType::blob)});
  return made;
}

class Random {
public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  /// 0 … below - 1
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(engine_() % limit); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }

  std::string word() {
    static const char* const parts[] = {"a", "b", "A", "%", "_", "\\", "ab", "\xC3\xA9", "\xF0\x9F\x97\x84", " ", "'"};
    std::string out;
    for (std::uint32_t i = below(4); i > 0; --i)
      out += parts[below(std::size(parts))];
    return out;
  }
  /// From a small pool, so that values meet; NULL at times.
  Value value(CellType type, bool may_be_null = true) {
    if (may_be_null && one_in(6)) return Value::null();
    static const double doubles[] = {-1.5, -0.0, 0.0, 0.1, 1e300, 5e-324, -1.0 / 3};
    static const char* const decimals[] = {
        "1", "1.0", "1.00", "-1", "0.5", "10", "9.99", "-0.001", "123456789012345678901"};
    switch (type) {
      case CellType::boolean: return Value::boolean(one_in(2));
      case CellType::int64: return Value::int64(static_cast<std::int64_t>(below(7)) - 3);
      case CellType::float64: return Value::float64(doubles[below(std::size(doubles))]);
      case CellType::text: return Value::text(word());
      case CellType::decimal: return Value::decimal(decimals[below(std::size(decimals))]);
      case CellType::timestamp: return Value::timestamp((static_cast<std::int64_t>(below(5)) - 2) * 1'000'001);
      case CellType::date: return Value::date(static_cast<std::int64_t>(below(5)) - 2);
      case CellType::uuid: return Value::uuid(std::string(15, '\x10') + static_cast<char>(below(4) * 80));
      case CellType::blob: return Value::blob(std::string(below(3), static_cast<char>(below(3) * 120)));
      default: return Value::null();
    }
  }
  /// A like pattern that does not end in a lone escape.
  Value pattern() {
    std::string text = word() + (one_in(2) ? "%" : "") + word();
    bool escaped = false;
    for (const char c : text)
      escaped = c == '\\' && !escaped;
    return Value::text(escaped ? text + "%" : text);
  }

  Tree leaf() {
    static const NodeKind comparisons[] = {NodeKind::eq, NodeKind::ne, NodeKind::lt,
                                           NodeKind::le, NodeKind::gt, NodeKind::ge};
    static const NodeKind texts[] = {NodeKind::contains, NodeKind::starts_with, NodeKind::ends_with};
    const std::uint32_t column = 1 + below(kLastColumn);
    const CellType type = samples().columns[column].type;
    switch (below(6)) {
      case 0: return Tree::test(one_in(2) ? NodeKind::is_null : NodeKind::is_not_null, column);
      case 1: {
        std::vector<Value> values(below(5));
        for (Value& one : values)
          one = value(type);
        return Tree::in(column, values);
      }
      case 2: return Tree::compare(NodeKind::like, kText, pattern());
      case 3: return Tree::compare(texts[below(3)], kText, value(CellType::text));
      default: return Tree::compare(comparisons[below(6)], column, value(type));
    }
  }
  Tree tree(int depth) {
    if (depth == 0 || one_in(3)) return leaf();
    if (one_in(4)) return Tree::of(NodeKind::negation, {tree(depth - 1)});
    std::vector<Tree> children;
    for (std::uint32_t i = below(4); i > 0; --i)
      children.push_back(tree(depth - 1));
    return Tree::of(one_in(2) ? NodeKind::all_of : NodeKind::any_of, children);
  }
  Ask ask() {
    Ask made;
    if (!one_in(8)) made.filter = tree(4);
    for (std::uint32_t i = below(4); i > 0; --i) {
      made.order.push_back(
          {1 + below(kLastColumn), 0, static_cast<std::uint16_t>(below(2)), static_cast<NullOrder>(below(3))});
    }
    made.order.push_back(
        {0, 0, static_cast<std::uint16_t>(below(2)), NullOrder::largest}); // no two rows are equal in it
    if (one_in(2)) made.limit = below(40);
    if (one_in(3)) made.offset = below(60);
    if (one_in(3)) {
      for (std::uint32_t i = 1 + below(4); i > 0; --i)
        made.outputs.push_back({{0, below(kLastColumn + 1)}, Aggregate::none, 0});
    }
    return made;
  }

private:
  static constexpr std::uint32_t kText = 4;
  std::mt19937 engine_;
};

std::uint32_t seed() {
  const char* given = std::getenv("TENON_CONTRACT_SEED");
  return given == nullptr ? 20240229U : static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
}

struct Sampled {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&samples()});
  IRepository& repository = session->repository(samples());
  Random random{seed()};
  Rows rows;

  explicit Sampled(int count) {
    const Columns all{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (int id = 1; id <= count; ++id) {
      Row row{Value::int64(id)};
      for (std::uint32_t c = 1; c <= kLastColumn; ++c)
        row.push_back(random.value(samples().columns[c].type));
      rows.push_back(std::move(row));
    }
    insert(repository, all, rows);
  }
};

TEST_CASE("queries: 600 random ones give the reference's rows, counts and existence") {
  Sampled s(150);
  for (int i = 0; i < 600; ++i) {
    const Ask ask = s.random.ask();
    CAPTURE(seed(), i, ask.filter);
    const Rows wanted = evaluated(s.rows, ask.query());
    REQUIRE(select(s.repository, ask) == wanted);
    const auto matching = static_cast<std::uint64_t>(evaluated(s.rows, {.filter = ask.filter.filter()}).size());
    REQUIRE(s.repository.count(ask.filter.filter()) == matching);
    REQUIRE(s.repository.exists(ask.filter.filter()) == (matching > 0));
  }
}

TEST_CASE("queries: random updates and removes touch the reference's rows and no others") {
  Sampled s(120);
  for (int i = 0; i < 60 && !s.rows.empty(); ++i) {
    const Tree filter = s.random.tree(3);
    CAPTURE(seed(), i, filter);
    const Value changed = Value::int64(1000 + i);
    const bool removes = i % 4 == 3;
    std::uint64_t matching = 0;
    Rows after;
    for (Row row : s.rows) {
      const bool match = holds(filter.filter(), row) == Truth::yes;
      matching += match ? 1 : 0;
      if (match && removes) continue;
      if (match) row[1] = changed;
      after.push_back(std::move(row));
    }
    const std::uint64_t touched = removes ? remove(s.repository, filter) : update(s.repository, filter, {{1, changed}});
    REQUIRE(touched == matching);
    REQUIRE(select(s.repository, {.order = {ascending(0)}}) == after);
    s.rows = std::move(after);
  }
}

} // namespace
} // namespace tenon::contract
