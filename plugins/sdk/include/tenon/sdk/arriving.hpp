#pragma once
// Queries, writes and updates that arrive at a plugin as C structs, in the form of core/interface. Used by the thunks.
// Views where the peer's strides are ours, copies elsewhere. Threads: values. Lifetime: of what crossed, the call.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include <tenon/interface/error.hpp>
#include <tenon/sdk/bridge.hpp>

namespace tenon::sdk::detail {

/// What a tenon_repository points to.
struct RepositoryHandle {
  TableDesc table;
  IRepository* repository = nullptr;
};

inline RepositoryHandle& handle(tenon_repository* repository) {
  if (repository == nullptr) throw_error(ErrorCode::programming, "a source or a batch names no repository");
  return *reinterpret_cast<RepositoryHandle*>(repository);
}

class ArrivingFilter {
public:
  explicit ArrivingFilter(const tenon_filter& from) : nodes_(from.nodes, from.count, from.node_stride) {
    sources_.reserve(static_cast<std::size_t>(from.source_count));
    for (std::uint64_t i = 0; i < from.source_count; ++i) {
      const tenon_source source = bridge::detail::element(from.sources, from.source_stride, i);
      sources_.push_back({&handle(source.repository).table,
                          source.parent,
                          static_cast<JoinKind>(source.kind),
                          {reinterpret_cast<const JoinOn*>(source.on), static_cast<std::size_t>(source.on_count)}});
    }
  }
  [[nodiscard]] Filter get() const noexcept { return {nodes_.view(), sources_}; }

private:
  bridge::Strided<Node, tenon_node> nodes_;
  std::vector<Source> sources_;
};

class ArrivingQuery {
public:
  explicit ArrivingQuery(const tenon_query* given)
      : from_(bridge::read_struct(given)), filter_(from_.filter),
        order_(from_.order, from_.order_count, from_.order_stride),
        outputs_(from_.outputs, from_.output_count, from_.output_stride),
        having_(from_.having, from_.having_count, from_.filter.node_stride) {}
  [[nodiscard]] Query get() const noexcept {
    Query query;
    query.filter = filter_.get();
    query.order = order_.view();
    query.outputs = outputs_.view();
    query.limit = from_.limit;
    query.offset = from_.offset;
    query.group = {reinterpret_cast<const ColumnRef*>(from_.group), static_cast<std::size_t>(from_.group_count)};
    query.having = having_.view();
    query.distinct = from_.distinct != 0;
    query.whole = from_.whole != 0;
    query.lock = static_cast<RowLock>(from_.lock);
    return query;
  }

private:
  tenon_query from_;
  ArrivingFilter filter_;
  bridge::Strided<OrderTerm, tenon_order_term> order_;
  bridge::Strided<Output, tenon_output> outputs_;
  bridge::Strided<Node, tenon_node> having_;
};

class ArrivingUpdate {
public:
  explicit ArrivingUpdate(const tenon_update* given)
      : from_(bridge::read_struct(given)), filter_(from_.filter),
        assignments_(from_.assignments, from_.assignment_count, from_.assignment_stride),
        expressions_(from_.expressions, from_.expression_count, from_.filter.node_stride) {}
  [[nodiscard]] Update get() const noexcept { return {filter_.get(), assignments_.view(), expressions_.view()}; }

private:
  tenon_update from_;
  ArrivingFilter filter_;
  bridge::Strided<Assignment, tenon_assignment> assignments_;
  bridge::Strided<Node, tenon_node> expressions_;
};

inline WriteRows write_rows(const tenon_write* from) noexcept {
  const tenon_write write = bridge::read_struct(from);
  return {{write.columns, static_cast<std::size_t>(write.column_count)},
          bridge::cells(write.cells),
          static_cast<std::size_t>(write.row_count),
          {write.returning, static_cast<std::size_t>(write.returning_count)}};
}

class ArrivingBatch {
public:
  ArrivingBatch(const tenon_batch_item* first, std::uint64_t count, std::uint32_t stride) {
    items_.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
      const tenon_batch_item from = bridge::detail::element(first, stride, i);
      BatchItem item;
      item.table = &handle(from.repository).table;
      item.kind = static_cast<BatchKind>(from.kind);
      if (from.write != nullptr) item.rows = write_rows(from.write);
      item.key = from.key;
      item.update_columns = {from.update_columns, static_cast<std::size_t>(from.update_count)};
      if (from.update != nullptr) item.update = updates_.emplace_back(from.update).get();
      items_.push_back(item);
    }
  }
  [[nodiscard]] std::span<const BatchItem> get() const noexcept { return items_; }

private:
  std::deque<ArrivingUpdate> updates_; // whose elements stay where they are
  std::vector<BatchItem> items_;
};

} // namespace tenon::sdk::detail
