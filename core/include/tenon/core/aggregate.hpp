#pragma once
// What a query gives beside whole rows: columns and aggregates over them, and conditions on groups.
//
//   users.query().group_by<&User::project_id>().having(tenon::count() > 2)
//       .select(tenon::key<&User::project_id>, tenon::count(), tenon::sum<&User::logins>()).all()
//
// Used by applications. Threads: values. Capability of the aggregates: aggregates.

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/column.hpp>
#include <tenon/core/table.hpp>
#include <tenon/core/types.hpp>

namespace tenon {
namespace detail {

/// An output whose table is not joined yet. A null table is the queried one.
struct TableOutput {
  Output output;
  const TableDesc* table = nullptr;
};

/// Columns of one model as outputs.
template <auto Pointer> TableOutput output_of(Aggregate aggregate, bool distinct = false) {
  return {{{0, column_of<Pointer>()}, aggregate, static_cast<std::uint16_t>(distinct ? 1 : 0)},
          &described<OwnerOf<Pointer>>()};
}

/// The condition on groups under Having: its output nodes are positions in `outputs`.
struct TENON_VISIBLE GroupCondition {
  Tree tree;
  std::vector<TableOutput> outputs;

  static GroupCondition compare(NodeKind kind, const TableOutput& output, const Cell& value);
  static GroupCondition combine(NodeKind kind, const GroupCondition& left, const GroupCondition& right);
};

template <class V> struct Summed { using Type = void; };
template <Integer V> struct Summed<V> { using Type = std::int64_t; };
template <std::floating_point V> struct Summed<V> { using Type = double; };
template <> struct Summed<Decimal> { using Type = Decimal; };
template <class Rep, class Period> struct Summed<std::chrono::duration<Rep, Period>> {
  using Type = std::chrono::microseconds;
};

} // namespace detail

/// A condition on groups. Made by comparing an aggregate with a value.
class Having {
public:
  explicit Having(detail::GroupCondition condition) : condition_(std::move(condition)) {}
  [[nodiscard]] const detail::GroupCondition& condition() const noexcept { return condition_; }

  friend Having operator&&(const Having& a, const Having& b) {
    return Having(detail::GroupCondition::combine(NodeKind::all_of, a.condition_, b.condition_));
  }
  friend Having operator||(const Having& a, const Having& b) {
    return Having(detail::GroupCondition::combine(NodeKind::any_of, a.condition_, b.condition_));
  }
  friend Having operator!(const Having& a) {
    return Having({detail::Tree::negate(a.condition_.tree), a.condition_.outputs});
  }

private:
  detail::GroupCondition condition_;
};

/// An order by something that the query gives. Made by asc() and desc() of an aggregate or a key.
struct OutputOrder {
  detail::TableOutput output;
  OrderTerm term{};
};

/// One thing that a query gives. `InGroup` is its type in a group, which has rows; `Alone` that over all rows, of which
/// there may be none.
template <class InGroup_, class Alone_ = InGroup_> class Term {
public:
  using InGroup = InGroup_;
  using Alone = Alone_;

  explicit Term(const detail::TableOutput& output) : output_(output) {}
  [[nodiscard]] const detail::TableOutput& output() const noexcept { return output_; }

  [[nodiscard]] OutputOrder asc() const noexcept { return {output_, {0, kOutputSource, 0, NullOrder::largest}}; }
  [[nodiscard]] OutputOrder desc() const noexcept { return {output_, {0, kOutputSource, 1, NullOrder::largest}}; }

  template <class V> friend Having operator==(const Term& a, const V& v) { return a.compare(NodeKind::eq, v); }
  template <class V> friend Having operator!=(const Term& a, const V& v) { return a.compare(NodeKind::ne, v); }
  template <class V> friend Having operator<(const Term& a, const V& v) { return a.compare(NodeKind::lt, v); }
  template <class V> friend Having operator<=(const Term& a, const V& v) { return a.compare(NodeKind::le, v); }
  template <class V> friend Having operator>(const Term& a, const V& v) { return a.compare(NodeKind::gt, v); }
  template <class V> friend Having operator>=(const Term& a, const V& v) { return a.compare(NodeKind::ge, v); }

private:
  template <class V> [[nodiscard]] Having compare(NodeKind kind, const V& value) const {
    Scratch scratch;
    return Having(detail::GroupCondition::compare(kind, output_, detail::operand<InGroup>(value, scratch)));
  }
  detail::TableOutput output_;
};

namespace detail {

template <class V> using Optional = std::optional<Unwrapped<V>>;
/// The type of an aggregate of values of V that come out as T.
template <class V, class T>
using AggregateTerm = Term<std::conditional_t<IsOptional<V>::value, std::optional<T>, T>, std::optional<T>>;

template <auto Pointer> struct KeyTerm {
  using Value = MemberValue<Pointer>;
  operator Term<Value>() const { // NOLINT(google-explicit-constructor): the two mean the same
    return Term<Value>(output_of<Pointer>(Aggregate::none));
  }
  [[nodiscard]] OutputOrder asc() const { return Term<Value>(*this).asc(); }
  [[nodiscard]] OutputOrder desc() const { return Term<Value>(*this).desc(); }
};

template <class InGroup, class Alone> const Term<InGroup, Alone>& as_term(const Term<InGroup, Alone>& term) {
  return term;
}
template <auto Pointer> Term<MemberValue<Pointer>> as_term(const KeyTerm<Pointer>& term) { return term; }
template <class T> using TermOf = std::remove_cvref_t<decltype(as_term(std::declval<const T&>()))>;

} // namespace detail

/// A column as an output, such as what a query is grouped by.
template <auto Pointer> inline constexpr detail::KeyTerm<Pointer> key{};

/// How many rows.
[[nodiscard]] inline Term<std::uint64_t> count() { return Term<std::uint64_t>({{{0, 0}, Aggregate::count_rows, 0}}); }
/// How many values that are not NULL.
template <auto Pointer> [[nodiscard]] Term<std::uint64_t> count() {
  return Term<std::uint64_t>(detail::output_of<Pointer>(Aggregate::count));
}
template <auto Pointer> [[nodiscard]] Term<std::uint64_t> count_distinct() {
  return Term<std::uint64_t>(detail::output_of<Pointer>(Aggregate::count, true));
}
/// Of integers as std::int64_t (too large is DataError), of decimals exact, of durations in microseconds.
template <auto Pointer> [[nodiscard]] auto sum() {
  using Value = detail::MemberValue<Pointer>;
  using Sum = typename detail::Summed<Unwrapped<Value>>::Type;
  static_assert(!std::is_void_v<Sum>, "sum asks integers, floating-point numbers, decimals or durations");
  return detail::AggregateTerm<Value, Sum>(detail::output_of<Pointer>(Aggregate::sum));
}
template <auto Pointer> [[nodiscard]] auto avg() {
  using Value = detail::MemberValue<Pointer>;
  static_assert(detail::Number<Unwrapped<Value>> || std::is_same_v<Unwrapped<Value>, Decimal>,
                "avg asks integers, floating-point numbers or decimals");
  return detail::AggregateTerm<Value, double>(detail::output_of<Pointer>(Aggregate::avg));
}
template <auto Pointer> [[nodiscard]] auto min() {
  using Value = detail::MemberValue<Pointer>;
  return detail::AggregateTerm<Value, Unwrapped<Value>>(detail::output_of<Pointer>(Aggregate::min));
}
template <auto Pointer> [[nodiscard]] auto max() {
  using Value = detail::MemberValue<Pointer>;
  return detail::AggregateTerm<Value, Unwrapped<Value>>(detail::output_of<Pointer>(Aggregate::max));
}

} // namespace tenon
