#pragma once
// Predicate<T>: a condition on rows of a model, composed at run time with its types checked at compile time.
//
//   tenon::Predicate wanted = tenon::col<&Project::name>.contains("New");
//   if (only_described) wanted = wanted && tenon::col<&Project::description>.is_not_null();
//
// A predicate owns the values in it, so it may outlive what it was made from. Underneath is the flat tree of
// tenon/interface/query.hpp, which is no template. Made by columns (tenon/core/column.hpp) and relations
// (tenon/core/relations.hpp). Threads: values.

#include <type_traits>
#include <utility>

#include <tenon/core/tree.hpp>
#include <tenon/interface/query.hpp>

namespace tenon {

template <class T> class Predicate {
public:
  /// True for every row.
  Predicate() = default;
  explicit Predicate(detail::Tree tree) : tree_(std::move(tree)) {}

  [[nodiscard]] const detail::Tree& tree() const noexcept { return tree_; }

  friend Predicate operator&&(const Predicate& a, const Predicate& b) {
    if (a.tree_.empty() && a.tree_.sources().empty()) return b;
    if (b.tree_.empty() && b.tree_.sources().empty()) return a;
    return Predicate(detail::Tree::combine(NodeKind::all_of, a.tree_, b.tree_));
  }
  friend Predicate operator||(const Predicate& a, const Predicate& b) {
    if (a.tree_.empty() || b.tree_.empty()) return {};
    return Predicate(detail::Tree::combine(NodeKind::any_of, a.tree_, b.tree_));
  }
  /// As in SQL, the negation of a comparison with NULL is as unknown as the comparison, and its row is not kept.
  friend Predicate operator!(const Predicate& a) { return Predicate(detail::Tree::negate(a.tree_)); }

private:
  detail::Tree tree_;
};

namespace detail {
template <class A, class B> inline constexpr bool kSameModel = std::is_same_v<A, B>;

[[nodiscard]] constexpr OrderTerm with_nulls(OrderTerm term, NullOrder nulls) noexcept {
  term.nulls = nulls;
  return term;
}
} // namespace detail

template <class A, class B>
requires(!std::is_same_v<A, B>) Predicate<A>
operator&&(const Predicate<A>& a, const Predicate<B>&) {
  static_assert(detail::kSameModel<A, B>,
                "these are conditions on different models: put the one on the other model into "
                "tenon::joined<&Type::relation>(…) or tenon::exists<&Type::relation>(…)");
  return a;
}
template <class A, class B>
requires(!std::is_same_v<A, B>) Predicate<A>
operator||(const Predicate<A>& a, const Predicate<B>&) {
  static_assert(detail::kSameModel<A, B>,
                "these are conditions on different models: put the one on the other model into "
                "tenon::joined<&Type::relation>(…) or tenon::exists<&Type::relation>(…)");
  return a;
}

/// One term of an order. Made by asc() and desc() of a column.
template <class T> struct OrderBy {
  OrderTerm term{};
  [[nodiscard]] constexpr OrderBy nulls_first() const noexcept { return {detail::with_nulls(term, NullOrder::first)}; }
  [[nodiscard]] constexpr OrderBy nulls_last() const noexcept { return {detail::with_nulls(term, NullOrder::last)}; }
};

/// The same over a column that may be NULL, by which no pages go.
template <class T> struct NullableOrderBy : OrderBy<T> {
  [[nodiscard]] constexpr NullableOrderBy nulls_first() const noexcept {
    return {{detail::with_nulls(this->term, NullOrder::first)}};
  }
  [[nodiscard]] constexpr NullableOrderBy nulls_last() const noexcept {
    return {{detail::with_nulls(this->term, NullOrder::last)}};
  }
};

} // namespace tenon
