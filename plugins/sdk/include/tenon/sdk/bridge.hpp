#pragma once
// Between the C structs of tenon_abi.h and the C++ types of core/interface: views, copies and layout checks.
// Used by the SDK's thunks on the plugin's side and by the host's adapter on the other; each compiles its own copy.
// Threads: pure functions.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tenon/interface/backend.hpp>
#include <tenon/tenon_abi.h>

namespace tenon::bridge {

// Cells, nodes, order terms, outputs and assignments have one layout on both sides, so they cross without being copied.
static_assert(sizeof(Cell) == sizeof(tenon_cell) && offsetof(Cell, size) == offsetof(tenon_cell, size) &&
              offsetof(Cell, integer) == offsetof(tenon_cell, value));
static_assert(sizeof(Node) == sizeof(tenon_node) && offsetof(Node, children) == offsetof(tenon_node, children) &&
              offsetof(Node, column) == offsetof(tenon_node, column) &&
              offsetof(Node, source) == offsetof(tenon_node, source) &&
              offsetof(Node, value) == offsetof(tenon_node, value));
static_assert(sizeof(OrderTerm) == sizeof(tenon_order_term) &&
              offsetof(OrderTerm, source) == offsetof(tenon_order_term, source) &&
              offsetof(OrderTerm, descending) == offsetof(tenon_order_term, descending) &&
              offsetof(OrderTerm, nulls) == offsetof(tenon_order_term, nulls));
static_assert(sizeof(Assignment) == sizeof(tenon_assignment) &&
              offsetof(Assignment, first) == offsetof(tenon_assignment, first) &&
              offsetof(Assignment, nodes) == offsetof(tenon_assignment, node_count) &&
              offsetof(Assignment, value) == offsetof(tenon_assignment, value));
static_assert(sizeof(Output) == sizeof(tenon_output) &&
              offsetof(Output, aggregate) == offsetof(tenon_output, aggregate) &&
              offsetof(Output, distinct) == offsetof(tenon_output, distinct));
static_assert(sizeof(ColumnRef) == sizeof(tenon_column_ref) &&
              offsetof(ColumnRef, column) == offsetof(tenon_column_ref, column));
static_assert(sizeof(JoinOn) == sizeof(tenon_join_on) && offsetof(JoinOn, column) == offsetof(tenon_join_on, column));
static_assert(static_cast<std::uint32_t>(CellType::array) == TENON_ARRAY &&
              static_cast<std::uint16_t>(NodeKind::output) == TENON_NODE_OUTPUT &&
              static_cast<std::uint16_t>(Aggregate::max) == TENON_AGGREGATE_MAX &&
              static_cast<std::uint32_t>(JoinKind::exists) == TENON_JOIN_EXISTS &&
              static_cast<std::uint32_t>(RowLock::share) == TENON_LOCK_SHARE &&
              static_cast<std::uint32_t>(BatchKind::remove) == TENON_BATCH_REMOVE &&
              static_cast<std::int32_t>(ErrorCode::not_supported) == TENON_E_NOT_SUPPORTED &&
              static_cast<std::uint64_t>(Capability::arrays) == TENON_CAP_ARRAYS &&
              static_cast<std::uint32_t>(Outcome::in_progress) == TENON_OUTCOME_IN_PROGRESS);
static_assert(std::is_same_v<Clock::duration::period, std::nano>, "deadlines cross as nanoseconds of CLOCK_MONOTONIC");

inline const Cell* cells(const tenon_cell* cells) noexcept { return reinterpret_cast<const Cell*>(cells); }
inline const tenon_cell* cells(const Cell* cells) noexcept { return reinterpret_cast<const tenon_cell*>(cells); }

inline std::string_view view(const tenon_string& text) noexcept {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, static_cast<std::size_t>(text.size)};
}
inline tenon_string string(std::string_view text) noexcept { return {text.data(), text.size()}; }

constexpr std::uint32_t flag(bool set, std::uint32_t bit) noexcept { return set ? bit : 0; }

inline RowBatch rows(const tenon_rows& rows) noexcept {
  return {cells(rows.cells), static_cast<std::size_t>(rows.rows), static_cast<std::size_t>(rows.columns)};
}
inline tenon_rows rows(const RowBatch& batch) noexcept { return {cells(batch.cells), batch.rows, batch.columns}; }

inline std::int64_t deadline(Deadline deadline) noexcept {
  return deadline == Deadline::max() ? TENON_NO_DEADLINE : deadline.time_since_epoch().count();
}
inline Deadline deadline(std::int64_t nanoseconds) noexcept {
  return nanoseconds == TENON_NO_DEADLINE ? Deadline::max() : Deadline{Clock::duration{nanoseconds}};
}

/// A struct that begins with struct_size, from a peer that may know a shorter or a longer one: what is missing is zero.
template <class Struct> Struct read_struct(const Struct* from) noexcept {
  Struct known{};
  std::memcpy(&known, from, std::min<std::size_t>(from->struct_size, sizeof(Struct)));
  return known;
}

/// An array whose elements may be longer than the ones known here. A view where the stride is ours, else a copy.
template <class Element, class Foreign> class Strided {
public:
  Strided(const Foreign* first, std::uint64_t count, std::uint32_t stride) {
    static_assert(sizeof(Element) == sizeof(Foreign));
    if (stride == sizeof(Foreign) || count == 0) {
      view_ = {reinterpret_cast<const Element*>(first), static_cast<std::size_t>(count)};
      return;
    }
    copy_.resize(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < copy_.size(); ++i) {
      std::memcpy(&copy_[i], reinterpret_cast<const char*>(first) + i * stride,
                  std::min<std::size_t>(stride, sizeof(Foreign)));
    }
    view_ = copy_;
  }
  Strided(const Strided&) = delete;
  Strided& operator=(const Strided&) = delete;
  [[nodiscard]] std::span<const Element> view() const noexcept { return view_; }

private:
  std::vector<Element> copy_;
  std::span<const Element> view_;
};

namespace detail {

template <class Struct> Struct element(const Struct* first, std::uint32_t stride, std::uint64_t index) noexcept {
  Struct known{};
  std::memcpy(&known, reinterpret_cast<const char*>(first) + index * stride,
              std::min<std::size_t>(stride, sizeof(Struct)));
  return known;
}
inline std::vector<std::uint32_t> positions(const std::uint32_t* first, std::uint64_t count) {
  return {first, first + count};
}

} // namespace detail

/// Copies a described table that crossed the boundary.
inline TableDesc table(const tenon_table* from) {
  const tenon_table source = read_struct(from);
  TableDesc table;
  table.schema = view(source.schema);
  table.name = view(source.name);
  for (std::uint64_t i = 0; i < source.column_count; ++i) {
    const auto column = detail::element(source.columns, source.column_stride, i);
    table.columns.push_back({std::string(view(column.name)), static_cast<CellType>(column.type),
                             (column.flags & TENON_COLUMN_NULLABLE) != 0, (column.flags & TENON_COLUMN_GENERATED) != 0,
                             column.max_length, static_cast<CellType>(column.element)});
  }
  for (std::uint64_t i = 0; i < source.key_count; ++i) {
    const auto key = detail::element(source.keys, source.key_stride, i);
    table.keys.push_back({std::string(view(key.name)), detail::positions(key.columns, key.column_count)});
  }
  for (std::uint64_t i = 0; i < source.foreign_key_count; ++i) {
    const auto key = detail::element(source.foreign_keys, source.foreign_key_stride, i);
    ForeignKeyDesc foreign{std::string(view(key.name)),
                           detail::positions(key.columns, key.column_count),
                           std::string(view(key.target_schema)),
                           std::string(view(key.target_table)),
                           {},
                           static_cast<OnDelete>(key.on_delete)};
    for (std::uint64_t c = 0; c < key.column_count; ++c)
      foreign.target_columns.emplace_back(view(key.target_columns[c]));
    table.foreign_keys.push_back(std::move(foreign));
  }
  for (std::uint64_t i = 0; i < source.index_count; ++i) {
    const auto index = detail::element(source.indexes, source.index_stride, i);
    table.indexes.push_back({std::string(view(index.name)), detail::positions(index.columns, index.column_count)});
  }
  return table;
}

/// A described table on its way out: a tenon_table with the arrays it points to. Lifetime: views into the TableDesc.
class TableView {
public:
  explicit TableView(const TableDesc& table) {
    for (const ColumnDesc& column : table.columns) {
      columns_.push_back({string(column.name), static_cast<std::uint32_t>(column.type),
                          flag(column.nullable, TENON_COLUMN_NULLABLE) | flag(column.generated, TENON_COLUMN_GENERATED),
                          column.max_length, static_cast<std::uint32_t>(column.element)});
    }
    for (const KeyDesc& key : table.keys)
      keys_.push_back({string(key.name), key.columns.data(), key.columns.size()});
    for (const IndexDesc& index : table.indexes) {
      indexes_.push_back({string(index.name), index.columns.data(), index.columns.size()});
    }
    targets_.reserve(table.foreign_keys.size());
    for (const ForeignKeyDesc& key : table.foreign_keys) {
      auto& targets = targets_.emplace_back();
      for (const std::string& column : key.target_columns)
        targets.push_back(string(column));
      foreign_keys_.push_back({string(key.name), key.columns.data(), targets.data(), key.columns.size(),
                               string(key.target_schema), string(key.target_table),
                               static_cast<std::uint32_t>(key.on_delete), 0});
    }
    view_ = {sizeof(tenon_table),  sizeof(tenon_column),
             sizeof(tenon_key),    sizeof(tenon_foreign_key),
             sizeof(tenon_key),    0,
             string(table.schema), string(table.name),
             columns_.data(),      columns_.size(),
             keys_.data(),         keys_.size(),
             foreign_keys_.data(), foreign_keys_.size(),
             indexes_.data(),      indexes_.size()};
  }
  TableView(const TableView&) = delete;
  TableView& operator=(const TableView&) = delete;
  [[nodiscard]] const tenon_table* get() const noexcept { return &view_; }

private:
  std::vector<tenon_column> columns_;
  std::vector<tenon_key> keys_;
  std::vector<tenon_key> indexes_;
  std::vector<std::vector<tenon_string>> targets_;
  std::vector<tenon_foreign_key> foreign_keys_;
  tenon_table view_{};
};

/// Fills a caller's error struct from an ErrorInfo; the strings live until the release function was called.
inline std::int32_t fill_error(tenon_error* error, ErrorInfo info) noexcept {
  struct Owner {
    ErrorInfo info;
    std::string columns;
  };
  const auto code = static_cast<std::int32_t>(info.code);
  if (error == nullptr) return code;
  tenon_error filled{};
  filled.struct_size = error->struct_size;
  filled.code = code;
  filled.vendor_code = info.vendor_code;
  filled.flags = flag(info.retryable, TENON_ERROR_RETRYABLE) | flag(info.broken, TENON_ERROR_BROKEN);
  try {
    auto owner = std::make_unique<Owner>();
    owner->info = std::move(info);
    for (const std::string& column : owner->info.columns)
      (owner->columns += column) += '\n';
    filled.message = string(owner->info.message);
    filled.hint = string(owner->info.hint);
    filled.sqlstate = string(owner->info.sqlstate);
    filled.constraint = string(owner->info.constraint);
    filled.table = string(owner->info.table);
    filled.columns = string(owner->columns);
    filled.statement = string(owner->info.statement);
    filled.detail = string(owner->info.detail);
    filled.transaction = string(owner->info.transaction);
    filled.owner = owner.release();
    filled.release = [](tenon_error* used) {
      delete static_cast<Owner*>(used->owner);
      used->owner = nullptr;
      used->release = nullptr;
    };
  } catch (...) {
    filled.message = string("out of memory while reporting an error");
  }
  std::memcpy(error, &filled, std::min<std::size_t>(error->struct_size, sizeof filled));
  return code;
}

/// Copies what a failed call left in `error` and releases it.
inline ErrorInfo take_error(std::int32_t status, tenon_error& error) {
  ErrorInfo info;
  info.code = static_cast<ErrorCode>(status);
  info.vendor_code = error.vendor_code;
  info.retryable = (error.flags & TENON_ERROR_RETRYABLE) != 0;
  info.broken = (error.flags & TENON_ERROR_BROKEN) != 0;
  info.message = view(error.message);
  info.hint = view(error.hint);
  info.sqlstate = view(error.sqlstate);
  info.constraint = view(error.constraint);
  info.table = view(error.table);
  info.statement = view(error.statement);
  info.detail = view(error.detail);
  info.transaction = view(error.transaction);
  std::string_view columns = view(error.columns);
  while (!columns.empty()) {
    const auto end = columns.find('\n');
    info.columns.emplace_back(columns.substr(0, end));
    columns.remove_prefix(end == std::string_view::npos ? columns.size() : end + 1);
  }
  if (error.release != nullptr) error.release(&error);
  return info;
}

} // namespace tenon::bridge
