#pragma once
// Select<T>: a query over one model, put together step by step and run by all(), first(), one(), count(), exists(),
// page(), for_each() or stream(). Made by Repository<T>::query(). It gives whole rows of T, or, behind select(…) and
// into<S>(), tuples and smaller structs. Threads: as its session. Lifetime: not longer than its session.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/loading.hpp>
#include <tenon/core/select_state.hpp>

namespace tenon {

template <class T> struct Page {
  std::vector<T> items;
  std::string next; ///< give it to page() for what follows; empty behind the last page
};

template <class T, class Row> class UnpagedSelect;
template <class T, class Row> class Select;

namespace detail {

template <class T> struct IsNullableOrder : std::false_type {};
template <class T> struct IsNullableOrder<NullableOrderBy<T>> : std::true_type {};
template <class T> struct IsOrder : std::is_same<T, OutputOrder> {};
template <class T> struct IsOrder<OrderBy<T>> : std::true_type {};
template <class T> struct IsOrder<NullableOrderBy<T>> : std::true_type {};
template <class T> inline constexpr bool kNever = false;

/// The position of T's member with this name and type.
template <class T, class V> consteval std::uint32_t column_named(std::string_view name) {
  std::uint32_t found = kNoColumn;
  for_each_member<T>([&](auto descriptor, std::size_t i) {
    if constexpr (std::is_same_v<MemberValue<decltype(descriptor)::pointer>, V>) {
      if (descriptor.name == name) found = static_cast<std::uint32_t>(i);
    }
  });
  return found;
}

/// The steps that put a query together, for both kinds of Select.
template <class Self, class T, class Row> class SelectSteps {
public:
  /// Several conditions must all hold. One on another model is on the row that is joined.
  template <class Of> Self& where(const Predicate<Of>& predicate) {
    static_assert(std::is_same_v<Of, T> || has_relations<T>(),
                  "this condition is on another model, and no relation of the queried one is declared to join it by");
    state().add_where(described<Of>(), predicate.tree());
    return self();
  }
  /// Columns of the model and of what is joined, and what select(…) gives. Over an optional column there are no pages.
  template <class... Terms> auto& order_by(const Terms&... terms) {
    static_assert(sizeof...(Terms) > 0, "order_by asks at least one term: col<&Type::member>.asc()");
    static_assert((IsOrder<Terms>::value && ...), "order_by asks which way: col<&Type::member>.asc() or .desc()");
    if constexpr ((IsOrder<Terms>::value && ...)) (add_term(terms), ...);
    if constexpr ((IsNullableOrder<Terms>::value || ...)) {
      return static_cast<UnpagedSelect<T, Row>&>(self());
    } else {
      return self();
    }
  }
  /// With a limit or an offset the primary key breaks ties of the order, so that the rows are the same everywhere.
  Self& limit(std::uint64_t rows) {
    state().limit = rows;
    return self();
  }
  Self& offset(std::uint64_t rows) {
    state().offset = rows;
    return self();
  }
  /// Soft-deleted rows too, of every table in the query.
  Self& with_deleted() { return without_filter(kActiveFilter); }
  /// Leaves out the filter with this name, of every table in the query.
  Self& without_filter(std::string_view name) {
    state().visibility.leave_out(name);
    return self();
  }
  /// Joins the row that a relation leads to: one of this model, or of one that is joined already. Rows without a
  /// partner are left out; a relation to many gives one row for each of them. Capability: joins.
  template <auto... Relations> Self& join() {
    (state().add_join(kRelation<Relations>, described<OwnerOf<Relations>>()), ...);
    return self();
  }
  /// Equal rows once; ordered by what the rows hold.
  Self& distinct() {
    state().distinct = true;
    return self();
  }

  // What others may do with the rows until the transaction ends. Capability: row_locks.
  Self& for_update() { return lock(RowLock::update); }
  /// TimeoutError at once where it would wait.
  Self& for_update_nowait() { return lock(RowLock::update_nowait); }
  /// Without the rows that somebody else has locked: for queues of work.
  Self& for_update_skip_locked() { return lock(RowLock::update_skip_locked); }
  Self& for_share() { return lock(RowLock::share); }

  /// Loads relations with the rows, in one statement for each: with<&User::project, &User::posts>(). One of another
  /// model follows the one that leads to it: with<&User::posts, &Post::comments>(). Not for streams.
  template <auto... Relations> Self& with() {
    static_assert(std::is_same_v<T, Row>, "relations are loaded into whole rows: leave select(…) or into<…>() out");
    for_each_loader<T, Relations...>([&](Loader<T> loader) { self().loaders_.push_back(loader); });
    return self();
  }

private:
  Self& self() noexcept { return static_cast<Self&>(*this); }
  SelectState& state() noexcept { return self().state_; }
  Self& lock(RowLock lock) {
    state().lock = lock;
    return self();
  }
  template <class Of> void add_term(const OrderBy<Of>& by) {
    static_assert(std::is_same_v<Of, T> || has_relations<T>(),
                  "this order is by another model, and no relation of the queried one is declared to join it by");
    state().add_order(described<Of>(), by.term);
  }
  void add_term(const OutputOrder& by) { state().add_order(by); }
};

/// Made by group_by(): says which groups there are and what is asked of each.
template <class T> class Grouped {
public:
  explicit Grouped(SelectState state) : state_(std::move(state)) {}
  /// Several conditions must all hold.
  Grouped& having(const Having& having) {
    state_.add_having(having.condition());
    return *this;
  }
  /// What each group gives: tenon::key<&T::member> of those it is grouped by, and aggregates.
  template <class... Terms> [[nodiscard]] auto select(const Terms&... terms) const {
    Select<T, std::tuple<typename TermOf<Terms>::InGroup...>> made(state_);
    (made.add_output(as_term(terms).output()), ...);
    return made;
  }

private:
  SelectState state_;
};

} // namespace detail

/// A query that gives no pages, because it is ordered by a column that may be NULL.
template <class T, class Row = T> class UnpagedSelect : public detail::SelectSteps<UnpagedSelect<T, Row>, T, Row> {
public:
  explicit UnpagedSelect(detail::SelectState state) : state_(std::move(state)) {}

  [[nodiscard]] std::vector<Row> all() const { return take(kNoLimit); }
  [[nodiscard]] std::optional<Row> first() const {
    auto rows = take(1);
    return rows.empty() ? std::nullopt : std::optional<Row>(std::move(rows.front()));
  }
  /// Errors: NotFound for no row, ProgrammingError for more than one.
  [[nodiscard]] Row one() const {
    auto rows = take(2);
    if (rows.size() != 1) detail::throw_not_one(*state_.table, rows.empty());
    return std::move(rows.front());
  }
  /// Rows one after another in bounded memory: for (User& user : query.stream()). The session takes no other call while
  /// the stream lives and is not at its end.
  [[nodiscard]] Stream<Row> stream() const {
    if (!loaders_.empty()) {
      throw_error(ErrorCode::programming, "relations cannot be loaded while rows are streamed",
                  "read pages, or load them with Repository::load");
    }
    return {state_.stream(), &decode};
  }
  /// Calls use(Row&&) for each row of stream().
  template <class Use> void for_each(Use&& use) const {
    auto rows = stream();
    for (Row& row : rows)
      use(std::move(row));
  }
  /// Of all rows that match; limit and offset play no part.
  [[nodiscard]] std::uint64_t count() const { return state_.count(); }
  [[nodiscard]] bool exists() const { return state_.exists(); }
  /// How the database would run it, in its own words. Capability: sql.
  [[nodiscard]] std::string explain() const { return state_.explain(); }

  // Over all rows that match; limit and offset play no part. Empty of no values. Capability: aggregates.
  template <auto Pointer> [[nodiscard]] auto sum() const { return alone(tenon::sum<Pointer>()); }
  template <auto Pointer> [[nodiscard]] auto avg() const { return alone(tenon::avg<Pointer>()); }
  template <auto Pointer> [[nodiscard]] auto min() const { return alone(tenon::min<Pointer>()); }
  template <auto Pointer> [[nodiscard]] auto max() const { return alone(tenon::max<Pointer>()); }

  /// Gives tuples of these members, of the model and of what is joined.
  template <auto... Pointers> [[nodiscard]] auto select() const requires(sizeof...(Pointers) > 0) {
    Select<T, std::tuple<detail::MemberValue<Pointers>...>> made(state_);
    (made.add_output(detail::output_of<Pointers>(Aggregate::none)), ...);
    return made;
  }
  /// Gives tuples of aggregates over all rows.
  template <class... Terms> [[nodiscard]] auto select(const Terms&... terms) const requires(sizeof...(Terms) > 0) {
    Select<T, std::tuple<typename detail::TermOf<Terms>::Alone...>> made(state_);
    (made.add_output(detail::as_term(terms).output()), ...);
    return made;
  }
  /// Gives described structs: of whole rows the members with the same names and types, behind select(…) what was
  /// selected, member by member.
  template <class S> [[nodiscard]] Select<T, S> into() const {
    static_assert(Described<S>, "describe the struct: BOOST_DESCRIBE_STRUCT(Type, (), (members…))");
    Select<T, S> made(state_);
    if constexpr (std::is_same_v<T, Row>) {
      detail::for_each_member<S>([&](auto descriptor, std::size_t) {
        constexpr std::uint32_t column =
            detail::column_named<T, detail::MemberValue<decltype(descriptor)::pointer>>(decltype(descriptor)::name);
        static_assert(column != detail::kNoColumn,
                      "into<S>(): a member of the struct has no counterpart of the same name "
                      "and type in the model");
        made.add_output({{{0, column}}, nullptr});
      });
    } else {
      static_assert(detail::kMemberCount<S> == std::tuple_size_v<Row>,
                    "the struct has one member for each selected one");
    }
    return made;
  }
  /// One row for each combination of these members' values.
  template <auto... Pointers> [[nodiscard]] detail::Grouped<T> group_by() const {
    static_assert(sizeof...(Pointers) > 0, "group_by asks at least one member");
    detail::SelectState grouped = state_;
    (grouped.add_group(described<detail::OwnerOf<Pointers>>(), detail::column_of<Pointers>()), ...);
    return detail::Grouped<T>(std::move(grouped));
  }

  /// There are none: see Select.
  template <class Never = void> Page<T> page(std::string_view = {}) const {
    static_assert(detail::kNever<Never>, "pages cannot be ordered by an optional member, because NULL equals nothing: "
                                         "order by others, or use limit and offset");
    return {};
  }

  /// For select(…).
  void add_output(const detail::TableOutput& output) { state_.add_output(output); }

protected:
  template <class, class, class> friend class detail::SelectSteps;

  static void decode(const Cell* row, Row& value) {
    if constexpr (std::is_same_v<T, Row>) {
      detail::read_row(row, value);
    } else {
      detail::read_outputs(row, value);
    }
  }
  [[nodiscard]] std::vector<Row> take(std::uint64_t most) const {
    std::vector<Row> rows;
    auto take = [&](const Cell* row) { decode(row, rows.emplace_back()); };
    state_.rows(detail::row_sink(take), most);
    load_relations(rows);
    return rows;
  }
  void load_relations(std::vector<Row>& rows) const {
    if constexpr (std::is_same_v<T, Row>) {
      for (const detail::Loader<T> loader : loaders_)
        loader(*state_.session, state_.visibility, rows);
    }
  }
  template <class InGroup, class Alone> [[nodiscard]] Alone alone(const Term<InGroup, Alone>& term) const {
    Alone value{};
    auto take = [&](const Cell* row) { detail::read_output(row, 0, value); };
    state_.aggregate(term.output(), detail::row_sink(take));
    return value;
  }
  detail::SelectState state_;
  std::vector<detail::Loader<T>> loaders_;
};

template <class T, class Row = T>
class Select : public UnpagedSelect<T, Row>, public detail::SelectSteps<Select<T, Row>, T, Row> {
  using Steps = detail::SelectSteps<Select, T, Row>;

public:
  explicit Select(detail::SelectState state) : UnpagedSelect<T, Row>(std::move(state)) {}

  using Steps::distinct;
  using Steps::for_share;
  using Steps::for_update;
  using Steps::for_update_nowait;
  using Steps::for_update_skip_locked;
  using Steps::join;
  using Steps::limit;
  using Steps::offset;
  using Steps::order_by;
  using Steps::where;
  using Steps::with;
  using Steps::with_deleted;
  using Steps::without_filter;

  /// The page of `limit` rows (default 50) behind a cursor that an earlier page gave; the first one for an empty
  /// cursor. Rows are found by key, so pages neither skip nor repeat rows when others come or go. Directions may be
  /// mixed. Errors: DataError for a cursor that is none, or is of another order; ProgrammingError for an order over a
  /// column that may be NULL or is joined, or together with an offset.
  [[nodiscard]] Page<T> page(std::string_view cursor = {}) const {
    static_assert(std::is_same_v<T, Row>, "pages are of whole rows: leave select(…) or into<…>() out");
    Page<T> page;
    auto take = [&](const Cell* row) { detail::read_row(row, page.items.emplace_back()); };
    page.next = this->state_.page(cursor, detail::row_sink(take));
    this->load_relations(page.items);
    return page;
  }
};

} // namespace tenon
