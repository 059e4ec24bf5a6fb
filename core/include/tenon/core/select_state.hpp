#pragma once
// SelectState: what Select<T> collects, and how it is run; no template. Internal to the typed front.
// Threads: as the session.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/container/small_vector.hpp>

#include <tenon/core/aggregate.hpp>
#include <tenon/core/rows.hpp>
#include <tenon/core/stream.hpp>

namespace tenon::detail {

struct RelationDesc;

struct TENON_VISIBLE SelectState {
  // All in the .cpp: they are long, and every query has several.
  SelectState(Session& of, const TableDesc& queried);
  SelectState(const SelectState& other);
  SelectState(SelectState&& other) noexcept;
  SelectState& operator=(const SelectState& other);
  SelectState& operator=(SelectState&& other) noexcept;
  ~SelectState();

  Session* session;
  const TableDesc* table;
  Visibility visibility;
  Tree where; // with the joins as its sources
  boost::container::small_vector<OrderTerm, 4> order;
  boost::container::small_vector<Output, 4> outputs;
  boost::container::small_vector<ColumnRef, 2> group;
  std::shared_ptr<const GroupCondition> having;
  bool distinct = false;
  RowLock lock = RowLock::none;
  std::uint64_t limit = kNoLimit;
  std::uint64_t offset = 0;

  /// A condition on `of`, which is the queried table or joined. Errors: ProgrammingError if it is neither.
  void add_where(const TableDesc& of, const Tree& condition);
  void add_join(const RelationDesc& relation, const TableDesc& from);
  void add_order(const TableDesc& of, OrderTerm term);
  /// Errors: ProgrammingError if the query does not give it.
  void add_order(const OutputOrder& order);
  void add_output(const TableOutput& output);
  void add_group(const TableDesc& of, std::uint32_t column);
  void add_having(const GroupCondition& condition);

  /// At most `most` of them.
  void rows(RowSink sink, std::uint64_t most = kNoLimit) const;
  [[nodiscard]] RowStream stream() const;
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] bool exists() const;
  [[nodiscard]] std::string explain() const;
  /// Gives at most `limit` rows behind `cursor` and returns the cursor of the next page, empty behind the last.
  [[nodiscard]] std::string page(std::string_view cursor, RowSink sink) const;
  /// The one row of a query with these outputs alone.
  void aggregate(const TableOutput& output, RowSink sink) const;

private:
  struct Prepared; // a query with what it points to
  void prepare(Prepared& to, std::uint64_t most) const;
  void break_ties(Prepared& to) const;
  void add_having(Prepared& to) const;
  [[nodiscard]] std::uint32_t source_of(const TableDesc& of) const;
  [[nodiscard]] Output resolve(const TableOutput& output) const;
  [[nodiscard]] Tree filter() const { return filters_of(*session, visibility).apply(*table, where); }
};

} // namespace tenon::detail
