#pragma once
// Between structs and rows of cells, and the calls under Repository<T> that are no templates.
// Internal to the typed front. Threads: as the session.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <boost/container/small_vector.hpp>

#include <tenon/core/filters.hpp>
#include <tenon/core/session.hpp>
#include <tenon/core/table.hpp>
#include <tenon/interface/query.hpp>

namespace tenon::detail {

/// Where the columns that Model<T> brings stand: bases are described before the struct's own members.
inline constexpr std::uint32_t kIdColumn = 0;
inline constexpr std::uint32_t kIsActiveColumn = 1;
inline constexpr std::uint32_t kCreatedAtColumn = 2;
inline constexpr std::uint32_t kUpdatedAtColumn = 3;

template <class T> using RowCells = std::array<Cell, kMemberCount<T>>;

/// The struct as one row of cells that borrow from it and from `scratch`.
template <class T> void write_row(const T& value, Cell* row, Scratch& scratch) {
  for_each_member<T>([&](auto descriptor, std::size_t i) { row[i] = write_cell(value.*descriptor.pointer, scratch); });
}

/// Decodes one cell of the member's type, or NULL for an optional. Returns false for any other one.
template <class V> bool read_cell(const Cell& cell, V& value) {
  if (cell.type == TypeMap<Unwrapped<V>>::type) [[likely]] {
    if constexpr (IsOptional<V>::value) {
      if (!value) value.emplace();
      TypeMap<Unwrapped<V>>::read(cell, *value);
    } else {
      TypeMap<V>::read(cell, value);
    }
    return true;
  }
  if constexpr (IsOptional<V>::value) {
    if (cell.is_null()) {
      value.reset();
      return true;
    }
  }
  return false;
}

/// Decodes a row that holds all columns as described. Errors: DataError for NULL where the member is no optional.
template <class T> void read_row(const Cell* row, T& value) {
  for_each_member<T>([&](auto descriptor, std::size_t i) {
    auto& member = value.*descriptor.pointer;
    if (read_cell(row[i], member)) return;
    const TableDesc& table = described<T>();
    throw_unexpected_cell(TypeMap<Unwrapped<std::remove_reference_t<decltype(member)>>>::type, row[i].type, table.name,
                          table.columns[i].name);
  });
}

template <class V> void read_output(const Cell* row, std::size_t position, V& value) {
  if (!read_cell(row[position], value)) {
    throw_unexpected_output(TypeMap<Unwrapped<V>>::type, row[position].type, position);
  }
}
template <class... V> void read_outputs(const Cell* row, std::tuple<V...>& values) {
  std::size_t position = 0;
  std::apply([&](auto&... value) { (read_output(row, position++, value), ...); }, values);
}
/// Into the members of a described struct, one after another.
template <class S> void read_outputs(const Cell* row, S& value) {
  for_each_member<S>([&](auto descriptor, std::size_t i) { read_output(row, i, value.*descriptor.pointer); });
}

/// Takes rows, batch after batch; a reference to something that outlives the call.
struct RowSink {
  void* object;
  void (*take)(void* object, const RowBatch& rows);
};
/// Calls f(const Cell* row) for each.
template <class F> RowSink row_sink(F& f) {
  return {&f, [](void* object, const RowBatch& batch) {
            for (std::size_t i = 0; i < batch.rows; ++i)
              (*static_cast<F*>(object))(batch.row(i));
          }};
}

/// The filters of a call.
[[nodiscard]] inline Filters filters_of(const Session& session, const Visibility& visibility) noexcept {
  return {session.filters(), visibility};
}

/// Runs a select and gives all its rows, which the caller keeps.
TENON_VISIBLE void fetch(Session& session, const TableDesc& table, Query query, RowSink sink);

/// The row with this key, if it is visible. Returns whether it is there.
[[nodiscard]] TENON_VISIBLE bool find_row(Session& session, const TableDesc& table, const Visibility& visibility,
                                          std::uint32_t key, std::span<const Cell> values, RowSink sink);
/// The visible rows with these primary keys, in one statement. `keys` holds them one after another.
/// Returns for each key which of the rows given to `sink` has it, or kNoRow.
inline constexpr std::uint32_t kNoRow = 0xffffffff;
[[nodiscard]] TENON_VISIBLE std::vector<std::uint32_t> find_rows(Session& session, const TableDesc& table,
                                                                 const Visibility& visibility,
                                                                 std::span<const Cell> keys, RowSink sink);

/// Errors: ProgrammingError for a row outside of the session's filters.
TENON_VISIBLE void check_rows(const Filters& filters, const TableDesc& table, const Cell* row);
/// An insert of rows that give all columns, or all but the generated one, which is then returned.
[[nodiscard]] TENON_VISIBLE WriteRows insert_request(const TableDesc& table, bool omit_key, const Cell* cells,
                                                     std::size_t rows);
/// `sink` gets the returned columns, once per row.
TENON_VISIBLE void insert_rows(Session& session, const TableDesc& table, const WriteRows& rows, RowSink sink);
TENON_VISIBLE void upsert_row(Session& session, const TableDesc& table, const Visibility& visibility,
                              std::span<const Cell> row, bool has_key, std::span<const std::uint32_t> conflict,
                              RowSink sink);

/// What an update writes: constants and expressions. Owns nothing that its Sets do not.
struct TENON_VISIBLE Assignments {
  boost::container::small_vector<Assignment, 16> list;
  Tree expressions; // one after another

  void add(std::uint32_t column, const Cell& value) { list.push_back(Assignment::of(column, value)); }
  void add(std::uint32_t column, const Tree& expression);
  [[nodiscard]] bool sets(std::uint32_t column) const noexcept;
  /// Raises the version by one, where the table has one and it is not set.
  void raise_version(const TableDesc& table);
};

/// The update of one row: all columns but the key and created_at, or those that differ from `before`, where the row has
/// the key and the version that were read. The cells of `assignments` are borrowed from `row`.
struct RowUpdate {
  bool differs = true; ///< if not, the rest is empty
  Tree by_key;
  Tree where; ///< with the version
  Assignments assignments;
};
/// Errors: ProgrammingError for different keys, or a row outside of the session's filters.
[[nodiscard]] TENON_VISIBLE RowUpdate row_update(Session& session, const TableDesc& table, const Visibility& visibility,
                                                 const Cell* row, const Cell* before);
/// Runs it. Returns false if nothing differs, and no statement was sent. Errors: StaleData, NotFound, as above.
TENON_VISIBLE bool update_row(Session& session, const TableDesc& table, const Visibility& visibility, const Cell* row,
                              const Cell* before);
[[nodiscard]] TENON_VISIBLE std::uint64_t update_rows(Session& session, const TableDesc& table,
                                                      const Visibility& visibility, const Tree& where,
                                                      const Assignments& assignments);
[[nodiscard]] TENON_VISIBLE std::uint64_t remove_rows(Session& session, const TableDesc& table,
                                                      const Visibility& visibility, const Tree& where);

[[nodiscard]] TENON_VISIBLE Tree key_equals(const TableDesc& table, std::uint32_t key, std::span<const Cell> values);
/// The position among table.keys of the key over exactly these columns; -1 if there is none.
[[nodiscard]] TENON_VISIBLE std::int32_t key_over(const TableDesc& table,
                                                  std::span<const std::uint32_t> columns) noexcept;
[[noreturn]] TENON_VISIBLE void throw_stale(const TableDesc& table);
[[noreturn]] TENON_VISIBLE void throw_mixed_keys(const TableDesc& table);
[[noreturn]] TENON_VISIBLE void throw_not_found(const TableDesc& table, std::span<const std::uint32_t> columns);
[[noreturn]] TENON_VISIBLE void throw_not_one(const TableDesc& table, bool none);

} // namespace tenon::detail
