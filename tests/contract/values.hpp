#pragma once
// Rows and query trees that own what they hold, and short ways to send them to an IRepository. Used by the cases of the
// contract suite. Threads: values.

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/query.hpp>
#include <tenon/interface/session.hpp>

namespace tenon::contract {

/// A cell that owns its bytes.
class Value {
public:
  Value() = default; ///< NULL
  explicit Value(const Cell& cell);

  static Value null() { return {}; }
  static Value boolean(bool value) { return Value(Cell::boolean(value)); }
  static Value int64(std::int64_t value) { return Value(Cell::int64(value)); }
  static Value float64(double value) { return Value(Cell::float64(value)); }
  static Value text(std::string_view value) { return Value(Cell::text(value)); }
  static Value blob(std::string_view bytes) { return Value(Cell::blob(bytes.data(), bytes.size())); }
  static Value decimal(std::string_view digits) { return Value(Cell::decimal(digits)); }
  static Value uuid(std::string_view sixteen) { return Value(Cell::uuid(sixteen.data())); }
  static Value timestamp(std::int64_t microseconds) { return Value(Cell::timestamp(microseconds)); }
  static Value date(std::int64_t days) { return Value(Cell::date(days)); }
  static Value json(std::string_view text) { return Value(Cell::json(text)); }
  static Value array(std::vector<Value> elements);

  /// Borrows from this value.
  [[nodiscard]] Cell cell() const noexcept;
  [[nodiscard]] CellType type() const noexcept { return cell_.type; }
  [[nodiscard]] bool is_null() const noexcept { return cell_.is_null(); }

  /// The same value as it was given: decimals with their scale, JSON by what it says, -0 as 0.
  friend bool operator==(const Value& a, const Value& b);
  friend std::ostream& operator<<(std::ostream& out, const Value& value);

private:
  Cell cell_ = Cell::null(); // `data` is of no use; bytes_ or elements_ hold what it points to
  std::string bytes_;
  std::vector<Value> elements_;
  mutable std::vector<Cell> cells_; // of elements_, made anew by each cell()
};

using Row = std::vector<Value>;
using Rows = std::vector<Row>;
using Columns = std::vector<std::uint32_t>;

/// A filter that owns its values.
class Tree {
public:
  Tree() = default; ///< true for every row

  static Tree column(std::uint32_t position, std::uint32_t source = 0);
  static Tree value(const Value& value);
  static Tree of(NodeKind kind, const std::vector<Tree>& children);
  static Tree compare(NodeKind kind, std::uint32_t position, const Value& with) {
    return of(kind, {column(position), value(with)});
  }
  static Tree test(NodeKind kind, std::uint32_t position) { return of(kind, {column(position)}); }
  static Tree in(std::uint32_t position, const std::vector<Value>& values);
  static Tree folded(const Tree& text, Fold letters);
  /// json_value of a type, or json_exists: a document, then the path.
  static Tree json_value(CellType wanted, const Tree& document, const std::vector<Value>& path);
  static Tree json_exists(const Tree& document, const std::vector<Value>& path);
  /// Opens the source number `source` (from 1).
  static Tree exists(std::uint32_t source, const std::vector<Tree>& condition = {});
  static Tree output(std::uint32_t position);

  [[nodiscard]] Filter filter() const noexcept { return nodes_; }
  [[nodiscard]] std::span<const Node> nodes() const noexcept { return nodes_; }
  friend std::ostream& operator<<(std::ostream& out, const Tree& tree);

private:
  static Tree leaf(const Node& node);

  std::vector<Node> nodes_;
  std::vector<std::shared_ptr<const Value>> values_; // what the nodes' cells borrow from
};

/// A source that owns what it is joined on.
struct JoinedTable {
  const TableDesc* table;
  std::uint32_t parent;
  JoinKind kind;
  std::vector<JoinOn> on;
};
/// Lifetime: borrows from `joined`.
[[nodiscard]] std::vector<Source> sources_of(const std::vector<JoinedTable>& joined);
std::vector<Source> sources_of(std::vector<JoinedTable>&& joined) = delete;

/// How a query is asked; the parts of Query with names.
struct Ask {
  Tree filter = {};
  std::vector<OrderTerm> order = {};
  std::vector<Output> outputs = {};
  std::uint64_t limit = kNoLimit;
  std::uint64_t offset = 0;
  std::vector<JoinedTable> sources = {};
  std::vector<ColumnRef> group = {};
  Tree having = {};
  bool distinct = false;
  RowLock lock = RowLock::none;
  mutable std::vector<Source> views = {}; ///< of `sources`, made by query()

  /// Lifetime: as this, and until it is asked again.
  [[nodiscard]] Query query() const {
    views = sources_of(sources);
    return {{filter.nodes(), views}, order, outputs, limit, offset, group, having.nodes(), distinct, lock};
  }
};

/// Columns of the queried table, as they are.
[[nodiscard]] inline std::vector<Output> columns(std::initializer_list<std::uint32_t> positions) {
  std::vector<Output> made;
  for (const std::uint32_t position : positions)
    made.push_back({{0, position}, Aggregate::none, 0});
  return made;
}

[[nodiscard]] constexpr OrderTerm ascending(std::uint32_t column, NullOrder nulls = NullOrder::largest) {
  return {column, 0, 0, nulls};
}
[[nodiscard]] constexpr OrderTerm descending(std::uint32_t column, NullOrder nulls = NullOrder::largest) {
  return {column, 0, 1, nulls};
}

[[nodiscard]] Rows owned(const RowBatch& batch);
[[nodiscard]] Rows fetch(ICursor& cursor);
[[nodiscard]] Rows select(IRepository& repository, const Ask& ask = {});
/// Inserts rows that give `columns`; returns what `returning` asks for.
Rows insert(IRepository& repository, const Columns& columns, const Rows& rows, const Columns& returning = {});
Rows upsert(IRepository& repository, const Columns& columns, const Rows& rows, std::uint32_t key, const Columns& update,
            const Columns& returning = {});
[[nodiscard]] Rows find(IRepository& repository, std::uint32_t key, const Row& values);
std::uint64_t update(IRepository& repository, const Tree& filter,
                     const std::vector<std::pair<std::uint32_t, Value>>& values);
std::uint64_t remove(IRepository& repository, const Tree& filter);
/// Sets columns to expressions over the old values.
std::uint64_t update_with(IRepository& repository, const Tree& filter,
                          const std::vector<std::pair<std::uint32_t, Tree>>& expressions);

} // namespace tenon::contract
