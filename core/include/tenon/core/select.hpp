#pragma once
// Select<T>: a query over one model, put together step by step and run by all(), first(), one(), count(), exists(),
// page() or for_each(). Made by Repository<T>::query(). Threads: as its session. Lifetime: not longer than its session.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/core/rows.hpp>

namespace tenon {

template <class T> struct Page {
  std::vector<T> items;
  std::string next; ///< give it to page() for what follows; empty behind the last page
};

template <class T> class Select {
public:
  Select(Session& session, bool hide_deleted) : state_{&session, &described<T>(), hide_deleted, {}, {}} {}

  /// Several conditions must all hold.
  Select& where(const Predicate<T>& predicate) {
    state_.where = (Predicate<T>(state_.where) && predicate).tree();
    return *this;
  }
  template <class... Terms> Select& order_by(const OrderBy<T>& first, const Terms&... more) {
    state_.order.push_back(first.term);
    (state_.order.push_back(OrderBy<T>(more).term), ...);
    return *this;
  }
  /// With a limit or an offset the primary key breaks ties of the order, so that the rows are the same everywhere.
  Select& limit(std::uint64_t rows) {
    state_.limit = rows;
    return *this;
  }
  Select& offset(std::uint64_t rows) {
    state_.offset = rows;
    return *this;
  }
  /// Soft-deleted rows too.
  Select& with_deleted() {
    state_.hide_deleted = false;
    return *this;
  }

  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> rows;
    auto take = [&](const Cell* row) { detail::read_row(row, rows.emplace_back()); };
    state_.rows(detail::row_sink(take));
    return rows;
  }
  /// Calls use(T&&) for each row while it is read, in bounded memory. `use` must not call the session.
  template <class Use> void for_each(Use&& use) const {
    auto take = [&](const Cell* row) {
      T value;
      detail::read_row(row, value);
      use(std::move(value));
    };
    state_.rows(detail::row_sink(take));
  }
  [[nodiscard]] std::optional<T> first() const {
    Select one = *this;
    one.state_.limit = 1;
    auto rows = one.all();
    return rows.empty() ? std::nullopt : std::optional<T>(std::move(rows.front()));
  }
  /// Errors: NotFound for no row, ProgrammingError for more than one.
  [[nodiscard]] T one() const {
    Select two = *this;
    two.state_.limit = 2;
    auto rows = two.all();
    if (rows.size() != 1) detail::throw_not_one(*state_.table, rows.empty());
    return std::move(rows.front());
  }
  /// Of all rows that match; limit and offset play no part.
  [[nodiscard]] std::uint64_t count() const { return state_.count(); }
  [[nodiscard]] bool exists() const { return state_.exists(); }

  /// The page of `limit` rows (default 50) behind a cursor that an earlier page gave; the first one for an empty
  /// cursor. Rows are found by key, so pages neither skip nor repeat rows when others come or go. Errors: DataError for
  /// a cursor that is none, or is of another order; ProgrammingError for an order over a column that may be NULL, or
  /// together with an offset.
  [[nodiscard]] Page<T> page(std::string_view cursor = {}) const {
    Page<T> page;
    auto take = [&](const Cell* row) { detail::read_row(row, page.items.emplace_back()); };
    page.next = state_.page(cursor, detail::row_sink(take));
    return page;
  }

private:
  detail::SelectState state_;
};

} // namespace tenon
