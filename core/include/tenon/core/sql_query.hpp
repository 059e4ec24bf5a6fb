#pragma once
// SqlQuery: a statement in the backend's own SQL with bound parameters, whose rows come back typed; the way out where
// the typed front ends. Made by Session::sql.
//
//   session.sql("select name, age from people where id = $1", 5).one<std::tuple<std::string, int>>()
//
// Placeholders are those of the database: $1, $2 … on PostgreSQL and (as ?1, ?2 … are) on SQLite. A row is read into a
// tuple, into a described struct member by member, or, having one column, into a value of that column. Databases type
// their results loosely, so a cell becomes what is asked where nothing is lost: 1 is true, text is a UUID, a decimal, a
// time or JSON if it is written like one. NULL asks a std::optional. Threads: as its session, which must outlive it; so
// must the text and what the values point to. Capability: sql.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/container/small_vector.hpp>

#include <tenon/core/operand.hpp>
#include <tenon/core/rows.hpp>

namespace tenon {
namespace detail {

template <class T> struct IsTuple : std::false_type {};
template <class... T> struct IsTuple<std::tuple<T...>> : std::true_type {};

/// The cell as `wanted`, if it says the same; else as it is. Borrows from the cell and from `room`.
[[nodiscard]] TENON_VISIBLE Cell coerced(const Cell& cell, CellType wanted, std::string& room);
[[noreturn]] TENON_VISIBLE void throw_width(std::size_t asked, std::size_t found);

/// A value of any stored type as a parameter.
template <class V> Cell parameter(const V& value, Scratch& scratch) {
  if constexpr (std::is_same_v<V, std::nullopt_t>) {
    return Cell::null();
  } else if constexpr (std::is_convertible_v<const V&, std::string_view> && !Storable<V>) {
    return Cell::text(std::string_view(value));
  } else {
    static_assert(Storable<Unwrapped<V>>, "a parameter is of a type that can be stored: see tenon/core/types.hpp");
    return write_cell(value, scratch);
  }
}

template <class V> void read_loosely(const Cell* row, std::size_t position, V& value) {
  using Plain = Unwrapped<V>;
  std::string room;
  const Cell cell = coerced(row[position], TypeMap<Plain>::type, room);
  if (!read_cell(cell, value)) throw_unexpected_output(TypeMap<Plain>::type, cell.type, position);
}

/// Reads one row of a result with `width` columns.
template <class Row> void read_loose_row(const Cell* row, std::size_t width, Row& value) {
  const auto check = [width](std::size_t asked) {
    if (asked != width) throw_width(asked, width);
  };
  if constexpr (IsTuple<Row>::value) {
    check(std::tuple_size_v<Row>);
    std::size_t position = 0;
    std::apply([&](auto&... one) { (read_loosely(row, position++, one), ...); }, value);
  } else if constexpr (Storable<Unwrapped<Row>>) {
    check(1);
    read_loosely(row, 0, value);
  } else {
    static_assert(Described<Row>, "rows are read into a tuple, a described struct, or a type that can be stored");
    check(kMemberCount<Row>);
    for_each_member<Row>([&](auto descriptor, std::size_t i) { read_loosely(row, i, value.*descriptor.pointer); });
  }
}

} // namespace detail

class SqlQuery {
public:
  template <class... Values>
  SqlQuery(Session& session, std::string_view text, const Values&... values) : session_(&session), text_(text) {
    (parameters_.push_back(detail::parameter(values, scratch_)), ...);
  }
  SqlQuery(const SqlQuery&) = delete;
  SqlQuery& operator=(const SqlQuery&) = delete;

  template <class Row> [[nodiscard]] std::vector<Row> all() const {
    std::vector<Row> rows;
    for_each_batch([&](const RowBatch& batch) {
      for (std::size_t i = 0; i < batch.rows; ++i) {
        Row row{};
        detail::read_loose_row(batch.row(i), batch.columns, row);
        rows.push_back(std::move(row));
      }
    });
    return rows;
  }
  template <class Row> [[nodiscard]] std::optional<Row> first() const {
    auto rows = all<Row>();
    return rows.empty() ? std::nullopt : std::optional<Row>(std::move(rows.front()));
  }
  /// Errors: NotFound for no row, ProgrammingError for more than one.
  template <class Row> [[nodiscard]] Row one() const {
    auto rows = all<Row>();
    if (rows.size() != 1) throw_not_one(rows.size());
    return std::move(rows.front());
  }
  /// For statements whose rows are of no interest. Returns how many it gave: of a write that ends in `returning …`, how
  /// many rows it wrote; of one without, 0.
  std::uint64_t run() const { // NOLINT(modernize-use-nodiscard): many statements give none
    std::uint64_t rows = 0;
    for_each_batch([&](const RowBatch& batch) { rows += batch.rows; });
    return rows;
  }

private:
  [[noreturn]] TENON_VISIBLE static void throw_not_one(std::size_t rows);
  TENON_VISIBLE void fetch(detail::RowSink sink) const;
  template <class Use> void for_each_batch(Use use) const {
    fetch({&use, [](void* object, const RowBatch& batch) { (*static_cast<Use*>(object))(batch); }});
  }

  Session* session_;
  std::string_view text_;
  Scratch scratch_;
  boost::container::small_vector<Cell, 8> parameters_;
};

template <class... Values> SqlQuery Session::sql(std::string_view text, const Values&... values) {
  return SqlQuery(*this, text, values...);
}

} // namespace tenon
