#pragma once
// Repository<T>: the rows of one model in a session. Derive from it to add queries of your own:
//
//   struct ProjectRepository : tenon::Repository<Project> {
//     using Repository::Repository;
//     std::vector<Project> named(std::string_view name) { return query().where(col<&Project::name> == name).all(); }
//   };
//
// get… throws NotFound where find… returns an empty optional. Rows outside of a filter of the model or of the session
// are as if they were not there, soft-deleted ones (for Model<T>) for example: all calls but restore() and remove() of
// a key see only what is active, unless with_deleted() was asked. Values that come back are plain and outlive the
// session. Errors: those of tenon/interface/error.hpp, the same from every backend. Threads: as its session, which must
// outlive it.

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/keys.hpp>
#include <tenon/core/select.hpp>
#include <tenon/core/set.hpp>

namespace tenon {

template <class T> struct ListOptions {
  std::vector<OrderBy<T>> order_by{}; ///< empty: by primary key
  std::uint64_t limit = kNoLimit;
  std::uint64_t offset = 0;
};

template <class T> class Repository {
public:
  using Model = T;

  explicit Repository(Session& session) : session_(&session) {
    static_assert(Described<T>, "describe the struct: BOOST_DESCRIBE_STRUCT(Type, (tenon::Model<Type>), (members...))");
  }

  /// The same rows, soft-deleted ones included.
  [[nodiscard]] Repository with_deleted() const { return without_filter(detail::kActiveFilter); }
  /// The same rows without the filter with this name: those outside of it included.
  [[nodiscard]] Repository without_filter(std::string_view name) const {
    Repository more = *this;
    more.visibility_.leave_out(name);
    return more;
  }

  /// Inserts one row. Returns it as stored: a generated key, where `value` has 0, and the timestamps are set. A key
  /// that is a nil UUID gets a new one (new_ordered_uuid).
  T create(T value) {
    const TableDesc& table = described<T>();
    const auto generated = table.generated_column();
    const bool omit_key = generated && detail::has_no_key(value);
    detail::make_new(value, now());
    Scratch scratch;
    detail::RowCells<T> row;
    detail::write_row(value, row.data(), scratch);
    detail::check_rows(filters(), table, row.data());
    if (omit_key) std::copy(row.begin() + *generated + 1, row.end(), row.begin() + *generated);
    auto take = [&](const Cell* returned) { detail::set_key(value, *returned); };
    detail::insert_rows(*session_, table, detail::insert_request(table, omit_key, row.data(), 1),
                        detail::row_sink(take));
    return value;
  }

  /// Inserts all rows or none, in the backend's fastest form. Returns them as stored, in the order given.
  /// Requires that either all or none of the values bring a generated key of their own.
  std::vector<T> create_many(std::vector<T> values) {
    if (values.empty()) return values;
    const TableDesc& table = described<T>();
    const auto generated = table.generated_column();
    const bool omit_key = generated && detail::has_no_key(values.front());
    const Timestamp moment = now();
    const std::size_t width = detail::kMemberCount<T> - (omit_key ? 1 : 0);
    // Where calls stand alone, a second one would not undo the first.
    const bool alone = session_->autocommit() || !session_->capabilities().has(Capability::transactions);
    const std::size_t chunk = alone ? values.size() : kChunk;
    std::vector<Cell> cells(std::min(values.size(), chunk) * width);
    detail::RowCells<T> row;
    Scratch scratch;
    for (std::size_t begin = 0; begin < values.size(); begin += chunk) {
      const std::size_t count = std::min(chunk, values.size() - begin);
      scratch.clear();
      for (std::size_t i = 0; i < count; ++i) {
        T& value = values[begin + i];
        if (generated && detail::has_no_key(value) != omit_key) detail::throw_mixed_keys(table);
        detail::make_new(value, moment);
        detail::write_row(value, row.data(), scratch);
        detail::check_rows(filters(), table, row.data());
        Cell* out = cells.data() + i * width;
        for (std::size_t c = 0; c < row.size(); ++c) {
          if (!omit_key || c != *generated) *out++ = row[c];
        }
      }
      std::size_t next = begin;
      auto take = [&](const Cell* returned) { detail::set_key(values[next++], *returned); };
      detail::insert_rows(*session_, table, detail::insert_request(table, omit_key, cells.data(), count),
                          detail::row_sink(take));
    }
    return values;
  }

  /// Inserts the row, or updates the one that has the same values in the unique members named (all columns but the keys
  /// and created_at). Returns the row as it is stored then; a soft-deleted row comes back to life. The filters of a
  /// session that check writes must be over members named here, or another tenant's row could be reached:
  /// ProgrammingError. Capability: upsert.
  template <auto... Unique> T upsert(T value) {
    static_assert(sizeof...(Unique) > 0, "name the unique members: upsert<&User::username>(user)");
    static_assert((std::is_same_v<detail::OwnerOf<Unique>, T> && ...), "upsert names members of its own model");
    static_assert(!detail::is_versioned<T>(), "an upsert cannot check a version: use create and update");
    static constexpr std::array<std::uint32_t, sizeof...(Unique)> conflict{detail::column_of<Unique>()...};
    const bool has_key = !detail::has_no_key(value);
    detail::make_new(value, now());
    Scratch scratch;
    detail::RowCells<T> row;
    detail::write_row(value, row.data(), scratch);
    T stored{};
    auto take = [&](const Cell* cells) { detail::read_row(cells, stored); };
    detail::upsert_row(*session_, described<T>(), visibility_, row, has_key, conflict, detail::row_sink(take));
    return stored;
  }

  template <class... Key> [[nodiscard]] std::optional<T> find(const Key&... key) const {
    Scratch scratch;
    return find_by_key(0, detail::key_cells(detail::primary_key_of<T>(), scratch, key...));
  }
  template <class... Key> [[nodiscard]] T get(const Key&... key) const {
    if (auto found = find(key...)) return std::move(*found);
    detail::throw_not_found(described<T>(), described<T>().keys.front().columns);
  }

  /// The rows with these primary keys (tuples, where the key is composite), in one statement and in the order of the
  /// keys. Keys without a row are left out; a key that is given twice gives its row twice.
  template <std::ranges::input_range Keys> [[nodiscard]] std::vector<T> find_many(const Keys& keys) const {
    Scratch scratch;
    std::vector<Cell> cells;
    if constexpr (std::ranges::sized_range<Keys>) cells.reserve(std::ranges::size(keys) * detail::kKeyWidth<T>);
    const auto& all = detail::held(keys);
    for (const auto& key : all) {
      for (const Cell& cell : detail::key_cells(detail::primary_key_of<T>(), scratch, key))
        cells.push_back(cell);
    }
    std::vector<T> rows;
    rows.reserve(std::min(cells.size() / detail::kKeyWidth<T>, kFirstRows));
    auto take = [&](const Cell* row) { detail::read_row(row, rows.emplace_back()); };
    const auto places = detail::find_rows(*session_, described<T>(), visibility_, cells, detail::row_sink(take));
    std::vector<T> found;
    found.reserve(places.size());
    std::vector<std::uint32_t> taken(rows.size(), detail::kNoRow); // where in `found` a row went to
    for (const std::uint32_t place : places) {
      if (place == detail::kNoRow) continue;
      if (taken[place] == detail::kNoRow) {
        taken[place] = static_cast<std::uint32_t>(found.size());
        found.push_back(std::move(rows[place]));
      } else {
        found.push_back(T(found[taken[place]]));
      }
    }
    return found;
  }
  template <class Key> [[nodiscard]] std::vector<T> find_many(std::initializer_list<Key> keys) const {
    return find_many(std::span<const Key>(keys.begin(), keys.size()));
  }

  /// By one member; of several rows with this value, the one with the smallest primary key.
  template <auto Pointer, class V> [[nodiscard]] std::optional<T> find_by(const V& value) const {
    static_assert(std::is_same_v<detail::OwnerOf<Pointer>, T>, "find_by and get_by name a member of their own model");
    constexpr std::uint32_t column = detail::column_of<Pointer>();
    Scratch scratch;
    const Cell cell = detail::operand<detail::MemberValue<Pointer>>(value, scratch);
    static const std::int32_t key = detail::key_over(described<T>(), std::span(&kColumn<Pointer>, 1));
    if (key >= 0) return find_by_key(static_cast<std::uint32_t>(key), std::array{cell});
    return query().where(Predicate<T>(detail::Tree::compare(NodeKind::eq, column, cell))).first();
  }
  template <auto Pointer, class V> [[nodiscard]] T get_by(const V& value) const {
    if (auto found = find_by<Pointer>(value)) return std::move(*found);
    detail::throw_not_found(described<T>(), std::span(&kColumn<Pointer>, 1));
  }

  [[nodiscard]] Select<T> query() const {
    detail::SelectState state(*session_, described<T>());
    state.visibility = visibility_;
    return Select<T>(std::move(state));
  }

  [[nodiscard]] std::vector<T> list(const ListOptions<T>& options = {}) const {
    Select<T> select = query();
    for (const OrderBy<T>& term : options.order_by)
      select.order_by(term);
    if (options.order_by.empty()) {
      for (const std::uint32_t column : described<T>().keys.front().columns)
        select.order_by(OrderBy<T>{{column, 0, 0, NullOrder::largest}});
    }
    return select.limit(options.limit).offset(options.offset).all();
  }
  [[nodiscard]] std::uint64_t count(const Predicate<T>& where = {}) const { return query().where(where).count(); }
  [[nodiscard]] bool exists(const Predicate<T>& where = {}) const { return query().where(where).exists(); }

  /// Loads relations of rows that are here already, as with<…>() of a query does with those that it reads.
  template <auto... Relations> void load(std::span<T> rows) const {
    detail::for_each_loader<T, Relations...>([&](detail::Loader<T> loader) { loader(*session_, visibility_, rows); });
  }
  template <auto... Relations> void load(T& row) const { load<Relations...>(std::span<T>(&row, 1)); }

  /// Writes all members but the key and created_at, found by the key. Returns the value with its new updated_at and
  /// version. Errors: NotFound if there is no such row, or it is hidden; StaleData if the row has another version.
  T update(T value) {
    write_changes(value, nullptr);
    return value;
  }
  /// Writes only the members in which `after` differs from `before`, the row as it was read; if none does, no statement
  /// is sent. Returns `after` with its new updated_at and version. Errors: as above; the version is that of `before`.
  T update_changed(const T& before, T after) {
    Scratch scratch;
    detail::RowCells<T> row;
    detail::write_row(before, row.data(), scratch);
    write_changes(after, row.data());
    return after;
  }
  /// Sets only the members named, of the row with this key, and updated_at; raises the version. Errors: NotFound.
  template <class Key>
  void update(const Key& key, std::initializer_list<Set<T>> values) requires(!std::is_same_v<Key, Predicate<T>>) {
    if (set_where(by_key(key), values) == 0) throw_not_found();
  }
  /// Sets the members named in all rows that match, in one statement. Returns how many.
  std::uint64_t update(const Predicate<T>& where, std::initializer_list<Set<T>> values) {
    return set_where(where.tree(), values);
  }

  /// Hides the row from now on. Errors: NotFound if there is no such row, or it is hidden already.
  template <class... Key> void soft_delete(const Key&... key) requires IsModel<T> {
    set_active(visibility_, false, by_key(key...));
  }
  /// Shows a soft-deleted row again; harmless for one that is shown. Errors: NotFound.
  template <class... Key> void restore(const Key&... key) requires IsModel<T> {
    set_active(deleted_too(), true, by_key(key...));
  }
  /// Deletes the row for good, soft-deleted or not. Errors: NotFound; IntegrityError if others refer to it.
  template <class... Key>
  void remove(const Key&... key) requires(sizeof...(Key) != 1 || !(std::is_same_v<Key, Predicate<T>> || ...)) {
    if (detail::remove_rows(*session_, described<T>(), deleted_too(), by_key(key...)) == 0) throw_not_found();
  }
  /// Deletes all rows that match, for good, in one statement. Returns how many.
  std::uint64_t remove(const Predicate<T>& where) {
    return detail::remove_rows(*session_, described<T>(), visibility_, where.tree());
  }

  [[nodiscard]] Session& session() const noexcept { return *session_; }

private:
  static constexpr std::size_t kFirstRows = 1024; // that there is memory for, before it is known how many there are
  static constexpr std::size_t kChunk = 8192;     // rows per call: bounds the cells held, costs nothing measurable

  template <auto Pointer> static constexpr std::uint32_t kColumn = detail::column_of<Pointer>();

  [[nodiscard]] detail::Filters filters() const noexcept { return detail::filters_of(*session_, visibility_); }
  [[nodiscard]] detail::Visibility deleted_too() const {
    detail::Visibility all = visibility_;
    all.leave_out(detail::kActiveFilter);
    return all;
  }
  template <class... Key> [[nodiscard]] detail::Tree by_key(const Key&... key) const {
    Scratch scratch;
    return detail::key_equals(described<T>(), 0, detail::key_cells(detail::primary_key_of<T>(), scratch, key...));
  }
  [[noreturn]] static void throw_not_found() {
    detail::throw_not_found(described<T>(), described<T>().keys.front().columns);
  }

  [[nodiscard]] std::optional<T> find_by_key(std::uint32_t key, std::span<const Cell> values) const {
    std::optional<T> found;
    auto take = [&](const Cell* row) { detail::read_row(row, found.emplace()); };
    static_cast<void>(detail::find_row(*session_, described<T>(), visibility_, key, values, detail::row_sink(take)));
    return found;
  }

  void write_changes(T& value, const Cell* before) {
    Timestamp moment{};
    if constexpr (IsModel<T>) moment = std::exchange(value.updated_at, now());
    Scratch scratch;
    detail::RowCells<T> row;
    detail::write_row(value, row.data(), scratch);
    if (detail::update_row(*session_, described<T>(), visibility_, row.data(), before)) {
      detail::raise_version(value);
    } else if constexpr (IsModel<T>) {
      value.updated_at = moment;
    }
  }
  std::uint64_t set_where(const detail::Tree& where, std::initializer_list<Set<T>> values) {
    detail::Assignments assignments;
    for (const Set<T>& value : values) {
      filters().check_column(described<T>(), value.column());
      value.add_to(assignments);
    }
    return write(visibility_, where, assignments);
  }
  void set_active(const detail::Visibility& visibility, bool active, const detail::Tree& where) {
    detail::Assignments assignments;
    assignments.add(detail::kIsActiveColumn, Cell::boolean(active));
    if (write(visibility, where, assignments) == 0) throw_not_found();
  }
  std::uint64_t write(const detail::Visibility& visibility, const detail::Tree& where,
                      detail::Assignments& assignments) {
    if constexpr (IsModel<T>) assignments.add(detail::kUpdatedAtColumn, TypeMap<Timestamp>::write(now()));
    assignments.raise_version(described<T>());
    return detail::update_rows(*session_, described<T>(), visibility, where, assignments);
  }

  Session* session_;
  detail::Visibility visibility_;
};

} // namespace tenon
