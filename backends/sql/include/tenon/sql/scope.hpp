#pragma once
// Scope: the tables of one call, the queried one and its sources, checked; and which of them can be seen where. Used by
// the readers of calls and by the compiler. Threads: values. Lifetime: borrows what the call was given.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tenon/interface/error.hpp>
#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>

namespace tenon::sql {

class Scope {
public:
  /// Databases limit the tables of one statement, SQLite to 64.
  static constexpr std::size_t kMostSources = 32;

  Scope(const TableDesc& queried, std::span<const Source> sources) noexcept : queried_(queried), sources_(sources) {}

  [[nodiscard]] bool is_single() const noexcept { return sources_.empty(); }
  /// 0 is the queried table; n is Filter::sources[n - 1].
  [[nodiscard]] std::size_t count() const noexcept { return sources_.size() + 1; }
  [[nodiscard]] const TableDesc& table(std::uint32_t source) const noexcept {
    return source == 0 ? queried_ : *sources_[source - 1].table;
  }
  [[nodiscard]] const Source& source(std::uint32_t number) const noexcept { return sources_[number - 1]; }
  [[nodiscard]] const ColumnDesc& column(ColumnRef column) const noexcept {
    return table(column.source).columns[column.column];
  }

  /// The source that has to be open for this one's columns to be seen: itself where it is opened by
  /// NodeKind::exists, else the one that it is joined to in the end; 0 is always open.
  [[nodiscard]] std::uint32_t root(std::uint32_t source) const noexcept {
    while (source != 0 && sources_[source - 1].kind != JoinKind::exists)
      source = sources_[source - 1].parent;
    return source;
  }
  [[nodiscard]] bool is_open(std::uint32_t source) const noexcept { return (open_ >> root(source) & 1U) != 0; }
  void open(std::uint32_t source) noexcept { open_ |= std::uint64_t{1} << source; }
  void close(std::uint32_t source) noexcept { open_ &= ~(std::uint64_t{1} << source); }

  /// Whether a column may be NULL where it is used: also where its source is a left join, or is joined to one.
  [[nodiscard]] bool may_be_null(ColumnRef column) const noexcept {
    for (std::uint32_t at = column.source; at != 0 && sources_[at - 1].kind != JoinKind::exists;
         at = sources_[at - 1].parent) {
      if (sources_[at - 1].kind == JoinKind::left) return true;
    }
    return this->column(column).nullable;
  }

  /// The sources as they stand: to be called before anything else. Errors: ProgrammingError; NotSupported for a kind of
  /// a later version.
  void check() const {
    if (sources_.size() > kMostSources) malformed("more than 32 sources");
    for (std::uint32_t i = 0; i < sources_.size(); ++i) {
      const Source& source = sources_[i];
      if (source.table == nullptr) malformed("a source without a table");
      if (source.parent > i) malformed("a source whose parent does not stand before it");
      if (source.kind > JoinKind::exists) {
        throw_error(ErrorCode::not_supported, "query of " + queried_.qualified_name() + ": an unknown kind of join");
      }
      if (source.on.empty()) malformed("a source that is joined on nothing");
      for (const JoinOn& on : source.on)
        check(source, on);
    }
  }

  [[noreturn]] void malformed(std::string_view what) const {
    throw_error(ErrorCode::programming, "malformed query of " + queried_.qualified_name() + ": " + std::string(what));
  }

private:
  void check(const Source& source, const JoinOn& on) const {
    const TableDesc& parent = table(source.parent);
    if (on.parent_column >= parent.columns.size() || on.column >= source.table->columns.size()) {
      malformed("a join on a column that its table does not have");
    }
    const ColumnDesc& left = parent.columns[on.parent_column];
    const ColumnDesc& right = source.table->columns[on.column];
    if (left.type != right.type || left.type == CellType::json || left.type == CellType::array) {
      throw_error(ErrorCode::programming, "cannot join " + parent.name + "." + left.name + " and " +
                                              source.table->name + "." + right.name + ": " +
                                              std::string(cell_type_name(left.type)) + " with " +
                                              std::string(cell_type_name(right.type)));
    }
  }

  const TableDesc& queried_;
  std::span<const Source> sources_;
  std::uint64_t open_ = 1;
};

} // namespace tenon::sql
