#pragma once
// Named filters: conditions that are part of every statement on a model until they are switched off by name. `active`,
// which hides soft-deleted rows, is one; a model's spec (tenon::global_filter) and a session (Session::set_filter) add
// others. Internal to the typed front. Threads: as the session.

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/core/table.hpp>
#include <tenon/core/tree.hpp>

namespace tenon::detail {

/// A session's own filter; one of the model's with the same name it replaces.
struct SessionFilter {
  const TableDesc* table;
  std::string name;
  Tree condition;
  bool checks_writes;
};

/// Which filters one query leaves out, of every table in it.
class Visibility {
public:
  void leave_out(std::string_view name) {
    if (name == kActiveFilter) {
      shows_deleted_ = true;
    } else {
      left_out_.emplace_back(name);
    }
  }
  [[nodiscard]] bool leaves_out(std::string_view name) const noexcept {
    if (name == kActiveFilter) return shows_deleted_;
    return std::find(left_out_.begin(), left_out_.end(), name) != left_out_.end();
  }

private:
  bool shows_deleted_ = false; // apart, because it is asked often and must cost no heap
  std::vector<std::string> left_out_;
};

/// The filters of one session with what one query leaves out of them.
struct TENON_VISIBLE Filters {
  std::span<const SessionFilter> session;
  const Visibility& visibility;

  /// `where` together with the filters of the table and of all its sources.
  [[nodiscard]] Tree apply(const TableDesc& table, const Tree& where) const;
  /// Whether the table has a filter but `active`, so that a row found by its key alone need not be visible.
  [[nodiscard]] bool beyond_active(const TableDesc& table) const noexcept;
  /// Errors: ProgrammingError if the row, all columns as described, is outside of a session's filter. What is unknown
  /// of NULL is outside; what only a database can evaluate (row_truth.hpp) counts as inside.
  void check_row(const TableDesc& table, const Cell* row) const;
  /// Errors: ProgrammingError if a session's filter is about this column, so that a row could leave it.
  void check_column(const TableDesc& table, std::uint32_t column) const;
  /// Errors: ProgrammingError unless the row and all rows with the same values in `key` are known to be inside of the
  /// session's filters.
  void check_upsert(const TableDesc& table, const Cell* row, std::span<const std::uint32_t> key) const;
};

} // namespace tenon::detail
