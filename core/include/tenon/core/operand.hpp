#pragma once
// What a column may be compared with, and the operators that columns and expressions share. Internal to the typed
// front; used through tenon::col. Threads: pure functions.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/model.hpp>
#include <tenon/core/predicate.hpp>
#include <tenon/core/type_map.hpp>

namespace tenon {

template <class Owner, class Value> class Expression;
template <auto Pointer> class Column;

namespace detail {

template <class T> struct IsExpression : std::false_type {};
template <class Owner, class Value> struct IsExpression<Expression<Owner, Value>> : std::true_type {};
template <auto Pointer> struct IsExpression<Column<Pointer>> : std::true_type {};
/// A column or an expression over columns, as opposed to a value.
template <class T>
concept OverColumns = IsExpression<std::remove_cvref_t<T>>::value;

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;
template <class T>
concept Number = Integer<T> || std::floating_point<T>;
template <class T>
concept StoredAsText = TypeMap<T>::type == CellType::text;

/// A value given for a column, as a cell that borrows from it; integers widen, text is anything that is a string_view.
template <class Column, class Given> Cell operand(const Given& given, [[maybe_unused]] Scratch& scratch) {
  using Value = Unwrapped<Column>;
  if constexpr (std::is_same_v<Value, Given>) {
    return write_value(given, scratch);
  } else if constexpr (std::is_same_v<Value, std::string> && std::convertible_to<const Given&, std::string_view>) {
    return Cell::text(std::string_view(given));
  } else if constexpr (Integer<Value> && Integer<Given>) {
    return TypeMap<Given>::write(given); // compared as 64 bits, so no value is cut
  } else if constexpr (std::floating_point<Value> && Number<Given>) {
    return TypeMap<double>::write(static_cast<double>(given));
  } else if constexpr (std::is_same_v<Value, Timestamp> && std::convertible_to<const Given&, Timestamp>) {
    return TypeMap<Timestamp>::write(given);
  } else {
    static_assert(std::is_same_v<Value, Given>, "a column is compared with a value of its own type; "
                                                "for NULL ask is_null() or is_not_null()");
    return Cell::null();
  }
}

/// `values`, or a vector of them where the range makes each on the way: the cells of all borrow from them at once.
template <std::ranges::input_range Range> decltype(auto) held(const Range& values) {
  using Reference = std::ranges::range_reference_t<const Range>;
  if constexpr (std::ranges::forward_range<const Range> && std::is_lvalue_reference_v<Reference>) {
    return (values);
  } else {
    std::vector<std::ranges::range_value_t<const Range>> made;
    for (auto&& value : values)
      made.push_back(std::forward<decltype(value)>(value));
    return made;
  }
}

/// Both are compared as they stand: the same type, or both integers, or both floating-point numbers.
template <class A, class B>
inline constexpr bool kComparable = std::is_same_v<A, B> || (Integer<A> && Integer<B>) ||
                                    (std::floating_point<A> && std::floating_point<B>);

/// A–Z as a–z, nothing else.
[[nodiscard]] TENON_VISIBLE std::string folded(std::string_view text);
[[nodiscard]] TENON_VISIBLE Tree compare_folded(NodeKind kind, const Tree& left, std::string_view text, Fold letters);

/// The model and the type of what Operand is the base of.
template <class Self> struct OperandOf;
template <class Owner_, class Value_> struct OperandOf<Expression<Owner_, Value_>> {
  using Owner = Owner_;
  using Value = Value_;
};
template <auto Pointer> struct OperandOf<Column<Pointer>> {
  using Owner = detail::OwnerOf<Pointer>;
  using Value = detail::MemberValue<Pointer>;
};

/// The operators of whatever has a tree() and an Owner. `Self` is Column<…> or Expression<…>, and the only argument:
/// with others GCC takes a column of a model in an anonymous namespace for one with a base of narrower linkage
/// (-Wsubobject-linkage).
template <class Self> class Operand {
public:
  using Owner = typename OperandOf<Self>::Owner;
  using Value = typename OperandOf<Self>::Value;

  template <class V> friend Predicate<Owner> operator==(const Self& a, const V& b) { return a.cmp(NodeKind::eq, b); }
  template <class V> friend Predicate<Owner> operator!=(const Self& a, const V& b) { return a.cmp(NodeKind::ne, b); }
  template <class V> friend Predicate<Owner> operator<(const Self& a, const V& b) { return a.cmp(NodeKind::lt, b); }
  template <class V> friend Predicate<Owner> operator<=(const Self& a, const V& b) { return a.cmp(NodeKind::le, b); }
  template <class V> friend Predicate<Owner> operator>(const Self& a, const V& b) { return a.cmp(NodeKind::gt, b); }
  template <class V> friend Predicate<Owner> operator>=(const Self& a, const V& b) { return a.cmp(NodeKind::ge, b); }

  // Of numbers, in 64 bits: integers stay integers, and their division cuts towards zero. Errors: DataError for an
  // overflow and a division by zero, when it is evaluated.
  template <class V> friend auto operator+(const Self& a, const V& b) { return a.calc(NodeKind::add, b); }
  template <class V> friend auto operator-(const Self& a, const V& b) { return a.calc(NodeKind::subtract, b); }
  template <class V> friend auto operator*(const Self& a, const V& b) { return a.calc(NodeKind::multiply, b); }
  template <class V> friend auto operator/(const Self& a, const V& b) { return a.calc(NodeKind::divide, b); }

  /// Both ends included.
  template <class A, class B> [[nodiscard]] Predicate<Owner> between(const A& low, const B& high) const {
    return cmp(NodeKind::ge, low) && cmp(NodeKind::le, high);
  }
  /// Equals one of the values; of none, it is false for every row.
  template <std::ranges::input_range Range> [[nodiscard]] Predicate<Owner> in(const Range& values) const {
    Scratch scratch;
    std::vector<Cell> cells;
    const auto& all = held(values);
    for (const auto& value : all)
      cells.push_back(operand<Value>(value, scratch));
    return Predicate<Owner>(Tree::in(self().tree(), cells));
  }
  template <class V> [[nodiscard]] Predicate<Owner> in(std::initializer_list<V> values) const {
    return in(std::vector<V>(values));
  }

  /// % stands for any text and _ for one character; \ takes the next character literally. Case matters.
  /// Errors: DataError for a pattern that ends in a lone \.
  [[nodiscard]] Predicate<Owner> like(std::string_view pattern) const {
    check_like_pattern(pattern);
    return text(NodeKind::like, pattern);
  }
  /// The text is taken literally, % and _ included. Case matters.
  [[nodiscard]] Predicate<Owner> contains(std::string_view part) const { return text(NodeKind::contains, part); }
  [[nodiscard]] Predicate<Owner> starts_with(std::string_view part) const { return text(NodeKind::starts_with, part); }
  [[nodiscard]] Predicate<Owner> ends_with(std::string_view part) const { return text(NodeKind::ends_with, part); }

  // The same without case: A–Z and a–z are equal, and all other letters, such as É and é, stay different everywhere.
  // With Fold::unicode the letters of all scripts are equal, as described there, also in the patterns: a letter that
  // folds into two, such as ß, is two characters for _. Capability of Fold::unicode: unicode_case.
  [[nodiscard]] Predicate<Owner> iequals(std::string_view value, Fold letters = Fold::ascii) const {
    return fold(NodeKind::eq, value, letters);
  }
  [[nodiscard]] Predicate<Owner> ilike(std::string_view pattern, Fold letters = Fold::ascii) const {
    check_like_pattern(pattern);
    return fold(NodeKind::like, pattern, letters);
  }
  [[nodiscard]] Predicate<Owner> icontains(std::string_view part, Fold letters = Fold::ascii) const {
    return fold(NodeKind::contains, part, letters);
  }
  [[nodiscard]] Predicate<Owner> istarts_with(std::string_view part, Fold letters = Fold::ascii) const {
    return fold(NodeKind::starts_with, part, letters);
  }
  [[nodiscard]] Predicate<Owner> iends_with(std::string_view part, Fold letters = Fold::ascii) const {
    return fold(NodeKind::ends_with, part, letters);
  }

  [[nodiscard]] Predicate<Owner> is_null() const {
    return Predicate<Owner>(Tree::unary(NodeKind::is_null, self().tree()));
  }
  [[nodiscard]] Predicate<Owner> is_not_null() const {
    return Predicate<Owner>(Tree::unary(NodeKind::is_not_null, self().tree()));
  }

private:
  using Plain = Unwrapped<Value>;
  [[nodiscard]] const Self& self() const noexcept { return static_cast<const Self&>(*this); }

  template <class V> [[nodiscard]] Predicate<Owner> cmp(NodeKind kind, const V& given) const {
    if constexpr (OverColumns<V>) {
      static_assert(std::is_same_v<Owner, typename V::Owner>, "columns of one model are compared with each other");
      static_assert(kComparable<Plain, Unwrapped<typename V::Value>>, "columns of the same type are compared");
      return Predicate<Owner>(Tree::binary(kind, self().tree(), given.tree()));
    } else {
      Scratch scratch;
      return Predicate<Owner>(self().compare(kind, operand<Value>(given, scratch)));
    }
  }
  template <class V> [[nodiscard]] auto calc(NodeKind kind, const V& given) const {
    if constexpr (OverColumns<V>) {
      using Other = Unwrapped<typename V::Value>;
      static_assert(std::is_same_v<Owner, typename V::Owner>, "columns of one model are calculated with");
      static_assert(Number<Plain> && Number<Other>, "arithmetic asks integers or floating-point numbers");
      return result<Other>(Tree::binary(kind, self().tree(), given.tree()));
    } else {
      static_assert(Number<Plain> && Number<V>, "arithmetic asks integers or floating-point numbers");
      return result<V>(Tree::binary(kind, self().tree(), Tree::value(TypeMap<V>::write(given))));
    }
  }
  template <class Other> [[nodiscard]] static auto result(Tree tree) {
    using Type = std::conditional_t<Integer<Plain> && Integer<Other>, std::int64_t, double>;
    return Expression<Owner, Type>(std::move(tree));
  }
  [[nodiscard]] Predicate<Owner> text(NodeKind kind, std::string_view value) const {
    static_assert(StoredAsText<Plain>, "like and its kin ask a text column");
    return Predicate<Owner>(self().compare(kind, Cell::text(value)));
  }
  [[nodiscard]] Predicate<Owner> fold(NodeKind kind, std::string_view value, Fold letters) const {
    static_assert(StoredAsText<Plain>, "like and its kin ask a text column");
    return Predicate<Owner>(compare_folded(kind, self().tree(), value, letters));
  }
};

} // namespace detail
} // namespace tenon
