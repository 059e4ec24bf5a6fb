#pragma once
// Repository<T>: the rows of one model in a session. Derive from it to add queries of your own:
//
//   struct ProjectRepository : tenon::Repository<Project> {
//     using Repository::Repository;
//     std::vector<Project> named(std::string_view name) { return query().where(col<&Project::name> == name).all(); }
//   };
//
// get… throws NotFound where find… returns an empty optional. For models (Model<T>), soft-deleted rows are hidden from
// all but restore() and remove() of a key, unless with_deleted() was asked. Values that come back are plain and outlive
// the session. Errors: those of tenon/interface/error.hpp, the same from every backend. Threads: as its session, which
// must outlive it.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/rows.hpp>
#include <tenon/core/select.hpp>

namespace tenon {

/// One assignment of an update, made by tenon::set<&T::member>(value); it owns its value.
template <class T> class Set {
public:
  Set(std::uint32_t column, const Cell& value) : column_(column) { tree_.leaf_value(value); }
  [[nodiscard]] Assignment assignment() const noexcept { return Assignment::of(column_, tree_.filter().front().value); }

private:
  std::uint32_t column_;
  detail::Tree tree_;
};

/// Sets a member's column; std::nullopt sets an optional one to NULL.
template <auto Pointer, class V> Set<detail::OwnerOf<Pointer>> set(const V& value) {
  using Value = detail::MemberValue<Pointer>;
  constexpr std::uint32_t column = detail::column_of<Pointer>();
  if constexpr (std::is_same_v<V, std::nullopt_t>) {
    static_assert(detail::IsOptional<Value>::value, "only a std::optional member can be set to NULL");
    return {column, Cell::null()};
  } else if constexpr (detail::IsOptional<V>::value) {
    static_assert(detail::IsOptional<Value>::value, "only a std::optional member can be set to NULL");
    return {column, value ? detail::operand<Value>(*value) : Cell::null()};
  } else {
    return {column, detail::operand<Value>(value)};
  }
}

namespace detail {

template <class... Parts> struct FindPrimaryKey { using type = void; };
template <auto... P, class... Rest> struct FindPrimaryKey<spec::PrimaryKey<P...>, Rest...> {
  using type = spec::PrimaryKey<P...>;
};
template <auto P, class... Rest> struct FindPrimaryKey<spec::GeneratedKey<P>, Rest...> {
  using type = spec::PrimaryKey<P>;
};
template <class First, class... Rest> struct FindPrimaryKey<First, Rest...> : FindPrimaryKey<Rest...> {};

template <class Spec> struct SpecKey;
template <class... Parts> struct SpecKey<spec::TableSpec<Parts...>> : FindPrimaryKey<Parts...> {};

template <class T> consteval auto primary_key_of() {
  if constexpr (HasSpec<T>) {
    using Found = typename SpecKey<std::remove_cv_t<decltype(Table<T>::spec)>>::type;
    if constexpr (!std::is_void_v<Found>)
      return Found{};
    else
      return spec::PrimaryKey<&T::id>{};
  } else {
    return spec::PrimaryKey<&T::id>{};
  }
}

/// The cells of a primary key given value by value.
template <auto... P, class... Key> std::array<Cell, sizeof...(P)> key_cells(spec::PrimaryKey<P...>, const Key&... key) {
  static_assert(sizeof...(P) == sizeof...(Key), "give one value per member of the primary key");
  return {operand<MemberValue<P>>(key)...};
}
template <auto... P, class T> std::array<Cell, sizeof...(P)> key_cells_of(spec::PrimaryKey<P...>, const T& value) {
  return {write_cell(value.*P)...};
}

} // namespace detail

template <class T> struct ListOptions {
  std::vector<OrderBy<T>> order_by{}; ///< empty: by primary key
  std::uint64_t limit = kNoLimit;
  std::uint64_t offset = 0;
};

template <class T> class Repository {
public:
  using Model = T;

  explicit Repository(Session& session) : session_(&session) {}

  /// The same rows, soft-deleted ones included.
  [[nodiscard]] Repository with_deleted() const {
    Repository all = *this;
    all.hide_deleted_ = false;
    return all;
  }

  /// Inserts one row. Returns it as stored: a generated key, where `value` has 0, and the timestamps are set.
  T create(const T& value) {
    std::vector<T> one;
    one.push_back(value);
    return std::move(create_many(std::move(one)).front());
  }

  /// Inserts all rows or none, in the backend's fastest form. Returns them as stored, in the order given.
  /// Requires that either all or none of the values bring a generated key of their own.
  std::vector<T> create_many(std::vector<T> values) {
    if (values.empty()) return values;
    const TableDesc& table = described<T>();
    const auto generated = table.generated_column();
    const bool omit_key = generated && has_no_key(values.front());
    if constexpr (IsModel<T>) {
      const Timestamp moment = now();
      for (T& value : values)
        value.created_at = value.updated_at = moment;
    }
    const std::size_t width = detail::kMemberCount<T> - (omit_key ? 1 : 0);
    std::vector<Cell> cells(std::min(values.size(), kChunk) * width);
    detail::RowCells<T> row;
    for (std::size_t begin = 0; begin < values.size(); begin += kChunk) {
      const std::size_t count = std::min(kChunk, values.size() - begin);
      for (std::size_t i = 0; i < count; ++i) {
        const T& value = values[begin + i];
        if (generated && has_no_key(value) != omit_key) detail::throw_mixed_keys(table);
        detail::write_row(value, row.data());
        Cell* out = cells.data() + i * width;
        for (std::size_t c = 0; c < row.size(); ++c) {
          if (!omit_key || c != *generated) *out++ = row[c];
        }
      }
      std::size_t next = begin;
      auto take = [&](const Cell* returned) { set_key(values[next++], *returned); };
      detail::insert_rows(*session_, table, detail::insert_request(table, omit_key, cells.data(), count),
                          detail::row_sink(take));
    }
    return values;
  }

  /// Inserts the row, or updates the one that has the same values in the unique members named (all columns but the keys
  /// and created_at). Returns the row as it is stored then; a soft-deleted row comes back to life. Capability: upsert.
  template <auto... Unique> T upsert(T value) {
    static_assert(sizeof...(Unique) > 0, "name the unique members: upsert<&User::username>(user)");
    static constexpr std::array<std::uint32_t, sizeof...(Unique)> conflict{detail::column_of<Unique>()...};
    if constexpr (IsModel<T>) value.created_at = value.updated_at = now();
    detail::RowCells<T> row;
    detail::write_row(value, row.data());
    T stored;
    auto take = [&](const Cell* cells) { detail::read_row(cells, stored); };
    detail::upsert_row(*session_, described<T>(), row, !has_no_key(value), conflict, IsModel<T>,
                       detail::row_sink(take));
    return stored;
  }

  template <class... Key> [[nodiscard]] std::optional<T> find(const Key&... key) const {
    return find_by_key(0, detail::key_cells(detail::primary_key_of<T>(), key...));
  }
  template <class... Key> [[nodiscard]] T get(const Key&... key) const {
    if (auto found = find(key...)) return std::move(*found);
    detail::throw_not_found(described<T>(), described<T>().keys.front().columns);
  }

  /// By one member; of several rows with this value, the one with the smallest primary key.
  template <auto Pointer, class V> [[nodiscard]] std::optional<T> find_by(const V& value) const {
    constexpr std::uint32_t column = detail::column_of<Pointer>();
    const Cell cell = detail::operand<detail::MemberValue<Pointer>>(value);
    static const std::int32_t key = detail::key_over(described<T>(), std::span(&kColumn<Pointer>, 1));
    if (key >= 0) return find_by_key(static_cast<std::uint32_t>(key), std::array{cell});
    return query().where(Predicate<T>(detail::Tree::compare(NodeKind::eq, column, cell))).first();
  }
  template <auto Pointer, class V> [[nodiscard]] T get_by(const V& value) const {
    if (auto found = find_by<Pointer>(value)) return std::move(*found);
    detail::throw_not_found(described<T>(), std::span(&kColumn<Pointer>, 1));
  }

  [[nodiscard]] Select<T> query() const { return Select<T>(*session_, hides()); }

  [[nodiscard]] std::vector<T> list(const ListOptions<T>& options = {}) const {
    Select<T> select = query();
    for (const OrderBy<T>& term : options.order_by)
      select.order_by(term);
    if (options.order_by.empty()) {
      for (const std::uint32_t column : described<T>().keys.front().columns) {
        select.order_by(OrderBy<T>{{column, 0, 0, NullOrder::largest}});
      }
    }
    return select.limit(options.limit).offset(options.offset).all();
  }
  [[nodiscard]] std::uint64_t count(const Predicate<T>& where = {}) const { return query().where(where).count(); }
  [[nodiscard]] bool exists(const Predicate<T>& where = {}) const { return query().where(where).exists(); }

  /// Writes all members but the key and created_at, found by the key. Returns the value with its new updated_at.
  /// Errors: NotFound if there is no such row, or it is hidden.
  T update(T value) {
    if constexpr (IsModel<T>) value.updated_at = now();
    detail::RowCells<T> row;
    detail::write_row(value, row.data());
    boost::container::small_vector<Assignment, 16> assignments;
    const TableDesc& table = described<T>();
    const auto& key = table.keys.front().columns;
    for (std::uint32_t c = 0; c < row.size(); ++c) {
      if (IsModel<T> && c == detail::kCreatedAtColumn) continue;
      if (std::find(key.begin(), key.end(), c) == key.end()) assignments.push_back(Assignment::of(c, row[c]));
    }
    const auto cells = detail::key_cells_of(detail::primary_key_of<T>(), value);
    if (detail::update_rows(*session_, table, visible(detail::key_equals(table, 0, cells)),
                            {assignments.data(), assignments.size()}) == 0) {
      detail::throw_not_found(table, key);
    }
    return value;
  }
  /// Sets only the members named, of the row with this key, and updated_at. Errors: NotFound as above.
  template <class Key>
  void update(const Key& key, std::initializer_list<Set<T>> values) requires(!std::is_same_v<Key, Predicate<T>>) {
    const TableDesc& table = described<T>();
    const auto cells = detail::key_cells(detail::primary_key_of<T>(), key);
    if (set_where(detail::key_equals(table, 0, cells), values) == 0) {
      detail::throw_not_found(table, table.keys.front().columns);
    }
  }
  /// Sets the members named in all rows that match, in one statement. Returns how many.
  std::uint64_t update(const Predicate<T>& where, std::initializer_list<Set<T>> values) {
    return set_where(where.tree(), values);
  }

  /// Hides the row from now on. Errors: NotFound if there is no such row, or it is hidden already.
  template <class... Key> void soft_delete(const Key&... key) requires IsModel<T> {
    set_active(false, visible(by_key(key...)));
  }
  /// Shows a soft-deleted row again; harmless for one that is shown. Errors: NotFound.
  template <class... Key> void restore(const Key&... key) requires IsModel<T> { set_active(true, by_key(key...)); }
  /// Deletes the row for good, hidden or not. Errors: NotFound; IntegrityError if others refer to it.
  template <class... Key>
  void remove(const Key&... key) requires(sizeof...(Key) != 1 || !(std::is_same_v<Key, Predicate<T>> || ...)) {
    if (detail::remove_rows(*session_, described<T>(), by_key(key...)) == 0) {
      detail::throw_not_found(described<T>(), described<T>().keys.front().columns);
    }
  }
  /// Deletes all rows that match, for good, in one statement. Returns how many.
  std::uint64_t remove(const Predicate<T>& where) {
    return detail::remove_rows(*session_, described<T>(), visible(where.tree()));
  }

  [[nodiscard]] Session& session() const noexcept { return *session_; }

private:
  static constexpr std::size_t kChunk = 8192; // rows per call: bounds the cells held, costs nothing measurable

  template <auto Pointer> static constexpr std::uint32_t kColumn = detail::column_of<Pointer>();

  [[nodiscard]] bool hides() const noexcept { return IsModel<T> && hide_deleted_; }
  [[nodiscard]] detail::Tree visible(const detail::Tree& where) const {
    return hides() ? detail::active_only(where) : where;
  }
  template <class... Key> [[nodiscard]] detail::Tree by_key(const Key&... key) const {
    return detail::key_equals(described<T>(), 0, detail::key_cells(detail::primary_key_of<T>(), key...));
  }

  [[nodiscard]] std::optional<T> find_by_key(std::uint32_t key, std::span<const Cell> values) const {
    std::optional<T> found;
    auto take = [&](const Cell* row) { detail::read_row(row, found.emplace()); };
    static_cast<void>(detail::find_row(*session_, described<T>(), key, values, detail::row_sink(take)));
    if constexpr (IsModel<T>) {
      if (found && hide_deleted_ && !found->is_active) found.reset();
    }
    return found;
  }

  std::uint64_t set_where(const detail::Tree& where, std::initializer_list<Set<T>> values) {
    boost::container::small_vector<Assignment, 8> assignments;
    for (const Set<T>& value : values)
      assignments.push_back(value.assignment());
    if constexpr (IsModel<T>)
      assignments.push_back(Assignment::of(detail::kUpdatedAtColumn, TypeMap<Timestamp>::write(now())));
    return detail::update_rows(*session_, described<T>(), visible(where), {assignments.data(), assignments.size()});
  }
  void set_active(bool active, const detail::Tree& where) {
    const std::array assignments{Assignment::of(detail::kIsActiveColumn, Cell::boolean(active)),
                                 Assignment::of(detail::kUpdatedAtColumn, TypeMap<Timestamp>::write(now()))};
    if (detail::update_rows(*session_, described<T>(), where, assignments) == 0) {
      detail::throw_not_found(described<T>(), described<T>().keys.front().columns);
    }
  }

  /// Whether a generated key is left to the database.
  static bool has_no_key(const T& value) {
    return with_single_integer_key(value, [](auto& key) { return key == 0; });
  }
  static void set_key(T& value, const Cell& cell) {
    with_single_integer_key(value, [&](auto& key) {
      TypeMap<std::remove_cvref_t<decltype(key)>>::read(cell, key);
      return true;
    });
  }
  template <class Value, class F> static bool with_single_integer_key(Value& value, F&& f) {
    return [&]<auto... P>(spec::PrimaryKey<P...>) {
      if constexpr (sizeof...(P) == 1 && (std::integral<detail::MemberValue<P>> && ...)) {
        return (f(value.*P), ...);
      } else {
        return false;
      }
    }
    (detail::primary_key_of<T>());
  }

  Session* session_;
  bool hide_deleted_ = true;
};

} // namespace tenon
