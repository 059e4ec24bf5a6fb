#pragma once
// Predicate<T>: a condition on rows of a model, composed at run time with its types checked at compile time.
//
//   tenon::Predicate wanted = tenon::col<&Project::name>.contains("New");
//   if (only_described) wanted = wanted && tenon::col<&Project::description>.is_not_null();
//
// A predicate owns the values in it, so it may outlive what it was made from. Underneath is the flat tree of
// tenon/interface/query.hpp, which is no template. Threads: values.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/container/small_vector.hpp>

#include <tenon/core/model.hpp>
#include <tenon/interface/query.hpp>

namespace tenon {
namespace detail {

/// Nodes in prefix order with the bytes that their values point to. Copies share the bytes, which never change.
class TENON_VISIBLE Tree {
public:
  [[nodiscard]] Filter filter() const noexcept { return std::span<const Node>(nodes_.data(), nodes_.size()); }
  [[nodiscard]] bool empty() const noexcept { return nodes_.empty(); }

  void leaf_column(std::uint32_t column) { nodes_.push_back({NodeKind::column, 0, 0, column, 0, Cell::null()}); }
  /// Copies what the cell points to.
  void leaf_value(const Cell& value);
  void inner(NodeKind kind, std::uint32_t children) { nodes_.push_back({kind, 0, children, 0, 0, Cell::null()}); }
  /// Appends another tree as the last child of what was begun.
  void append(const Tree& child);

  static Tree compare(NodeKind kind, std::uint32_t column, const Cell& value);
  static Tree null_test(NodeKind kind, std::uint32_t column);
  static Tree in(std::uint32_t column, const std::vector<Cell>& values);
  /// all_of or any_of over both; a side that is of that kind already is taken apart, so chains stay flat.
  static Tree combine(NodeKind kind, const Tree& left, const Tree& right);
  static Tree negate(const Tree& child);

private:
  boost::container::small_vector<Node, 4> nodes_; // most filters fit, and cost no heap
  std::vector<std::shared_ptr<const std::string>> bytes_;
};

/// Errors: DataError for a pattern that ends in a lone escape character.
TENON_VISIBLE void check_like_pattern(std::string_view pattern);

} // namespace detail

template <class T> class Predicate {
public:
  /// True for every row.
  Predicate() = default;
  explicit Predicate(detail::Tree tree) : tree_(std::move(tree)) {}

  [[nodiscard]] const detail::Tree& tree() const noexcept { return tree_; }

  friend Predicate operator&&(const Predicate& a, const Predicate& b) {
    if (a.tree_.empty()) return b;
    if (b.tree_.empty()) return a;
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

/// One term of an order. Made by asc() and desc() of a column.
template <class T> struct OrderBy {
  OrderTerm term;
  [[nodiscard]] constexpr OrderBy nulls_first() const noexcept {
    return {{term.column, term.source, term.descending, NullOrder::first}};
  }
  [[nodiscard]] constexpr OrderBy nulls_last() const noexcept {
    return {{term.column, term.source, term.descending, NullOrder::last}};
  }
};

namespace detail {

/// A value given for a column, as a cell that borrows from it; integers widen, text is anything that is a string_view.
template <class Column, class Given> Cell operand(const Given& given) {
  using Value = Unwrapped<Column>;
  if constexpr (std::is_same_v<Value, Given>) {
    return TypeMap<Value>::write(given);
  } else if constexpr (std::is_same_v<Value, std::string> && std::convertible_to<const Given&, std::string_view>) {
    return Cell::text(std::string_view(given));
  } else if constexpr (std::integral<Value> && std::integral<Given> && !std::is_same_v<Value, bool> &&
                       !std::is_same_v<Given, bool>) {
    return TypeMap<Given>::write(given); // compared as 64 bits, so no value is cut
  } else if constexpr (std::floating_point<Value> && std::is_arithmetic_v<Given> && !std::is_same_v<Given, bool>) {
    return TypeMap<double>::write(static_cast<double>(given));
  } else if constexpr (std::is_same_v<Value, Timestamp> && std::convertible_to<const Given&, Timestamp>) {
    return TypeMap<Timestamp>::write(given);
  } else {
    static_assert(std::is_same_v<Value, Given>, "a column is compared with a value of its own type; "
                                                "for NULL ask is_null() or is_not_null()");
    return Cell::null();
  }
}

} // namespace detail

/// A column of a model, named by its member: tenon::col<&User::username>.
template <auto Pointer> class Column {
public:
  using Owner = detail::OwnerOf<Pointer>;
  using Value = detail::MemberValue<Pointer>;

  template <class V> friend Predicate<Owner> operator==(Column, const V& v) { return compare(NodeKind::eq, v); }
  template <class V> friend Predicate<Owner> operator!=(Column, const V& v) { return compare(NodeKind::ne, v); }
  template <class V> friend Predicate<Owner> operator<(Column, const V& v) { return compare(NodeKind::lt, v); }
  template <class V> friend Predicate<Owner> operator<=(Column, const V& v) { return compare(NodeKind::le, v); }
  template <class V> friend Predicate<Owner> operator>(Column, const V& v) { return compare(NodeKind::gt, v); }
  template <class V> friend Predicate<Owner> operator>=(Column, const V& v) { return compare(NodeKind::ge, v); }

  /// Equals one of the values; of none, it is false for every row.
  template <std::ranges::input_range Range> [[nodiscard]] Predicate<Owner> in(const Range& values) const {
    std::vector<Cell> cells;
    for (const auto& value : values)
      cells.push_back(detail::operand<Value>(value));
    return Predicate<Owner>(detail::Tree::in(kIndex, cells));
  }
  template <class V> [[nodiscard]] Predicate<Owner> in(std::initializer_list<V> values) const {
    return in(std::vector<V>(values));
  }

  /// % stands for any text and _ for one character; \ takes the next character literally. Case matters.
  /// Errors: DataError for a pattern that ends in a lone \.
  [[nodiscard]] Predicate<Owner> like(std::string_view pattern) const {
    detail::check_like_pattern(pattern);
    return text(NodeKind::like, pattern);
  }
  /// The text is taken literally, % and _ included. Case matters.
  [[nodiscard]] Predicate<Owner> contains(std::string_view part) const { return text(NodeKind::contains, part); }
  [[nodiscard]] Predicate<Owner> starts_with(std::string_view part) const { return text(NodeKind::starts_with, part); }
  [[nodiscard]] Predicate<Owner> ends_with(std::string_view part) const { return text(NodeKind::ends_with, part); }

  [[nodiscard]] Predicate<Owner> is_null() const {
    return Predicate<Owner>(detail::Tree::null_test(NodeKind::is_null, kIndex));
  }
  [[nodiscard]] Predicate<Owner> is_not_null() const {
    return Predicate<Owner>(detail::Tree::null_test(NodeKind::is_not_null, kIndex));
  }

  [[nodiscard]] constexpr OrderBy<Owner> asc() const noexcept { return {{kIndex, 0, 0, NullOrder::largest}}; }
  [[nodiscard]] constexpr OrderBy<Owner> desc() const noexcept { return {{kIndex, 0, 1, NullOrder::largest}}; }

private:
  static constexpr std::uint32_t kIndex = detail::column_of<Pointer>();

  template <class V> static Predicate<Owner> compare(NodeKind kind, const V& value) {
    return Predicate<Owner>(detail::Tree::compare(kind, kIndex, detail::operand<Value>(value)));
  }
  static Predicate<Owner> text(NodeKind kind, std::string_view value) {
    static_assert(TypeMap<Unwrapped<Value>>::type == CellType::text, "like and its kin ask a text column");
    return Predicate<Owner>(detail::Tree::compare(kind, kIndex, Cell::text(value)));
  }
};

template <auto Pointer> inline constexpr Column<Pointer> col{};

} // namespace tenon
