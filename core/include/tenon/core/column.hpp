#pragma once
// Columns named by members, and expressions over them: tenon::col<&User::username> == "ada",
// tenon::col<&User::logins> + 1 > tenon::col<&User::limit>, tenon::col<&User::prefs>.path("theme", "dark").exists().
// Used by applications. Threads: values.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tenon/core/model.hpp>
#include <tenon/core/operand.hpp>

namespace tenon {

/// A value computed from a row's columns. Made by arithmetic on columns and by JSON paths.
template <class Owner, class Value> class Expression : public detail::Operand<Expression<Owner, Value>> {
public:
  explicit Expression(detail::Tree tree) : tree_(std::move(tree)) {}
  [[nodiscard]] const detail::Tree& tree() const noexcept { return tree_; }

private:
  friend detail::Operand<Expression>;
  [[nodiscard]] detail::Tree compare(NodeKind kind, const Cell& value) const {
    return detail::Tree::binary(kind, tree_, detail::Tree::value(value));
  }
  detail::Tree tree_;
};

/// A place in a JSON document. Capability: json.
template <class Owner> class JsonPath {
public:
  JsonPath(std::uint32_t column, std::uint32_t steps) {
    path_.inner(NodeKind::json_exists, steps + 1);
    path_.leaf_column(column);
  }
  void step(std::string_view member) { path_.leaf_value(Cell::text(member)); }
  void step(std::int64_t position) { path_.leaf_value(Cell::int64(position)); }

  /// Whether something is there, be it a JSON null; unknown where the document is NULL.
  [[nodiscard]] Predicate<Owner> exists() const { return Predicate<Owner>(path_); }
  /// The scalar there, if it is of this type (bool, std::int64_t, double or std::string; an integer is a double too),
  /// else NULL.
  template <class V> [[nodiscard]] Expression<Owner, V> as() const {
    static_assert(std::is_same_v<V, bool> || std::is_same_v<V, std::int64_t> || std::is_same_v<V, double> ||
                      std::is_same_v<V, std::string>,
                  "a JSON value is asked as bool, std::int64_t, double or std::string");
    return Expression<Owner, V>(detail::json_value(path_, TypeMap<V>::type));
  }

private:
  detail::Tree path_;
};

/// A column of a model, named by its member: tenon::col<&User::username>.
template <auto Pointer> class Column : public detail::Operand<Column<Pointer>> {
public:
  using Owner = detail::OwnerOf<Pointer>;
  using Value = detail::MemberValue<Pointer>;

  using Order = std::conditional_t<detail::IsOptional<Value>::value, NullableOrderBy<Owner>, OrderBy<Owner>>;
  [[nodiscard]] constexpr Order asc() const noexcept { return order(0); }
  [[nodiscard]] constexpr Order desc() const noexcept { return order(1); }

  /// Steps into a JSON document: text is a member's name, an integer a position from 0.
  template <class... Steps> [[nodiscard]] JsonPath<Owner> path(const Steps&... steps) const {
    static_assert(TypeMap<Unwrapped<Value>>::type == CellType::json, "a path leads into a tenon::Json column");
    static_assert(sizeof...(Steps) > 0 &&
                      ((std::integral<Steps> || std::convertible_to<const Steps&, std::string_view>)&&...),
                  "a path is made of members' names and positions");
    JsonPath<Owner> made(kIndex, sizeof...(Steps));
    (made.step(steps), ...);
    return made;
  }

  [[nodiscard]] detail::Tree tree() const { return detail::Tree::column(kIndex); }

private:
  friend detail::Operand<Column>;
  static constexpr std::uint32_t kIndex = detail::column_of<Pointer>();

  [[nodiscard]] static constexpr Order order(std::uint16_t descending) noexcept {
    Order made{};
    made.term = {kIndex, 0, descending, NullOrder::largest};
    return made;
  }
  [[nodiscard]] static detail::Tree compare(NodeKind kind, const Cell& value) {
    return detail::Tree::compare(kind, kIndex, value);
  }
};

template <auto Pointer> inline constexpr Column<Pointer> col{};

} // namespace tenon
