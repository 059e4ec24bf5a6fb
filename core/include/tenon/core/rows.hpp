#pragma once
// Between structs and rows of cells, and the calls under Repository<T> and Select<T> that are no templates.
// Internal to the typed front. Threads: as the session.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <boost/container/small_vector.hpp>

#include <tenon/core/predicate.hpp>
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

/// The struct as one row of cells that borrow from it.
template <class T> void write_row(const T& value, Cell* row) {
  for_each_member<T>([&](auto descriptor, std::size_t i) { row[i] = write_cell(value.*descriptor.pointer); });
}

/// Decodes a row that holds all columns as described. Errors: DataError for NULL where the member is no optional.
template <class T> void read_row(const Cell* row, T& value) {
  for_each_member<T>([&](auto descriptor, std::size_t i) {
    auto& member = value.*descriptor.pointer;
    using Member = std::remove_reference_t<decltype(member)>;
    constexpr CellType wanted = TypeMap<Unwrapped<Member>>::type;
    const Cell& cell = row[i];
    if (cell.type == wanted) [[likely]] {
      if constexpr (IsOptional<Member>::value) {
        if (!member) member.emplace();
        TypeMap<Unwrapped<Member>>::read(cell, *member);
      } else {
        TypeMap<Member>::read(cell, member);
      }
      return;
    }
    if constexpr (IsOptional<Member>::value) {
      if (cell.is_null()) {
        member.reset();
        return;
      }
    }
    const TableDesc& table = described<T>();
    throw_unexpected_cell(wanted, cell.type, table.name, table.columns[i].name);
  });
}

/// Takes rows one after another; a reference to something that outlives the call.
struct RowSink {
  void* object;
  void (*take)(void* object, const Cell* row);
};
template <class F> RowSink row_sink(F& f) {
  return {&f, [](void* object, const Cell* row) { (*static_cast<F*>(object))(row); }};
}

/// One select under way: what Select<T> collects.
struct TENON_VISIBLE SelectState {
  Session* session;
  const TableDesc* table;
  bool hide_deleted;
  Tree where;
  boost::container::small_vector<OrderTerm, 4> order;
  std::uint64_t limit = kNoLimit;
  std::uint64_t offset = 0;

  void rows(RowSink sink) const;
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] bool exists() const;
  /// Gives at most `limit` rows behind `cursor` and returns the cursor of the next page, empty behind the last.
  [[nodiscard]] std::string page(std::string_view cursor, RowSink sink) const;
};

[[nodiscard]] TENON_VISIBLE bool find_row(Session& session, const TableDesc& table, std::uint32_t key,
                                          std::span<const Cell> values, RowSink sink);
/// `sink` gets the returned columns, once per row.
TENON_VISIBLE void insert_rows(Session& session, const TableDesc& table, const WriteRows& rows, RowSink sink);
TENON_VISIBLE void upsert_row(Session& session, const TableDesc& table, std::span<const Cell> row, bool has_key,
                              std::span<const std::uint32_t> conflict, bool is_model, RowSink sink);
[[nodiscard]] TENON_VISIBLE std::uint64_t update_rows(Session& session, const TableDesc& table, const Tree& where,
                                                      std::span<const Assignment> assignments);
[[nodiscard]] TENON_VISIBLE std::uint64_t remove_rows(Session& session, const TableDesc& table, const Tree& where);

/// `where`, and only rows that are not soft-deleted.
[[nodiscard]] TENON_VISIBLE Tree active_only(const Tree& where);
[[nodiscard]] TENON_VISIBLE Tree key_equals(const TableDesc& table, std::uint32_t key, std::span<const Cell> values);
/// The position among table.keys of the key over exactly this column; -1 if there is none.
[[nodiscard]] TENON_VISIBLE std::int32_t key_over(const TableDesc& table,
                                                  std::span<const std::uint32_t> columns) noexcept;
/// An insert of rows that give all columns, or all but the generated one, which is then returned.
[[nodiscard]] TENON_VISIBLE WriteRows insert_request(const TableDesc& table, bool omit_key, const Cell* cells,
                                                     std::size_t rows);
[[noreturn]] TENON_VISIBLE void throw_mixed_keys(const TableDesc& table);
[[noreturn]] TENON_VISIBLE void throw_not_found(const TableDesc& table, std::span<const std::uint32_t> columns);
[[noreturn]] TENON_VISIBLE void throw_not_one(const TableDesc& table, bool none);

} // namespace tenon::detail
