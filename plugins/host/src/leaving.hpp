#pragma once
// Queries and updates of core/interface on their way to a plugin, as C structs. Used by the adapter. Views, but for the
// few structs that name other tables, which become that table's repository. Threads: values. Lifetime: as what they
// are made of, the call.

#include <vector>

#include <tenon/sdk/bridge.hpp>

#include "adapter.hpp"

namespace tenon::host {

class LeavingFilter {
public:
  /// Errors: as repository_open; ProgrammingError for a source without a table.
  LeavingFilter(HostSession& session, const Filter& filter)
      : filter_{reinterpret_cast<const tenon_node*>(filter.data()),
                filter.size(),
                nullptr,
                filter.sources.size(),
                sizeof(tenon_node),
                sizeof(tenon_source)} {
    if (filter.sources.empty()) return;
    for (const Source& source : filter.sources) {
      if (source.table == nullptr) throw_error(ErrorCode::programming, "a source without a table");
      sources_.push_back({session.handle_of(*source.table), source.parent, static_cast<std::uint32_t>(source.kind),
                          reinterpret_cast<const tenon_join_on*>(source.on.data()), source.on.size()});
    }
    filter_.sources = sources_.data();
  }
  LeavingFilter(const LeavingFilter&) = delete;
  LeavingFilter& operator=(const LeavingFilter&) = delete;
  [[nodiscard]] const tenon_filter& get() const noexcept { return filter_; }

private:
  std::vector<tenon_source> sources_;
  tenon_filter filter_;
};

class LeavingQuery {
public:
  LeavingQuery(HostSession& session, const Query& query) : filter_(session, query.filter) {
    query_.struct_size = sizeof(tenon_query);
    query_.order_stride = sizeof(tenon_order_term);
    query_.output_stride = sizeof(tenon_output);
    query_.lock = static_cast<std::uint32_t>(query.lock);
    query_.filter = filter_.get();
    query_.order = reinterpret_cast<const tenon_order_term*>(query.order.data());
    query_.order_count = query.order.size();
    query_.outputs = reinterpret_cast<const tenon_output*>(query.outputs.data());
    query_.output_count = query.outputs.size();
    query_.group = reinterpret_cast<const tenon_column_ref*>(query.group.data());
    query_.group_count = query.group.size();
    query_.having = reinterpret_cast<const tenon_node*>(query.having.data());
    query_.having_count = query.having.size();
    query_.limit = query.limit;
    query_.offset = query.offset;
    query_.distinct = query.distinct ? 1 : 0;
    query_.whole = query.whole ? 1 : 0;
  }
  [[nodiscard]] const tenon_query* get() const noexcept { return &query_; }

private:
  LeavingFilter filter_;
  tenon_query query_{};
};

class LeavingUpdate {
public:
  LeavingUpdate(HostSession& session, const Update& update)
      : filter_(session, update.filter), update_{sizeof(tenon_update),
                                                 sizeof(tenon_assignment),
                                                 filter_.get(),
                                                 reinterpret_cast<const tenon_assignment*>(update.assignments.data()),
                                                 update.assignments.size(),
                                                 reinterpret_cast<const tenon_node*>(update.expressions.data()),
                                                 update.expressions.size()} {}
  [[nodiscard]] const tenon_update* get() const noexcept { return &update_; }

private:
  LeavingFilter filter_;
  tenon_update update_;
};

inline tenon_write leaving(const WriteRows& rows) noexcept {
  return {sizeof(tenon_write),       0,         rows.columns.data(),   rows.columns.size(),
          bridge::cells(rows.cells), rows.rows, rows.returning.data(), rows.returning.size()};
}

} // namespace tenon::host
