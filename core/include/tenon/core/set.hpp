#pragma once
// tenon::set<&T::member>(value): one assignment of an update; it owns its value. The value may be computed from the old
// values of the row: set<&User::logins>(col<&User::logins> + 1). Used by applications. Threads: values.

#include <optional>
#include <type_traits>
#include <utility>

#include <tenon/core/column.hpp>
#include <tenon/core/rows.hpp>

namespace tenon {

template <class T> class Set {
public:
  Set(std::uint32_t column, detail::Tree value) : column_(column), value_(std::move(value)) {}

  [[nodiscard]] std::uint32_t column() const noexcept { return column_; }
  void add_to(detail::Assignments& assignments) const {
    const Node& first = value_.nodes().front();
    if (first.kind == NodeKind::value) {
      assignments.add(column_, first.value);
    } else {
      assignments.add(column_, value_);
    }
  }

private:
  std::uint32_t column_;
  detail::Tree value_; // one value node, or an expression
};

/// Sets a member's column; std::nullopt sets an optional one to NULL.
template <auto Pointer, class V> Set<detail::OwnerOf<Pointer>> set(const V& value) {
  using Value = detail::MemberValue<Pointer>;
  using Owner = detail::OwnerOf<Pointer>;
  using detail::Tree;
  constexpr std::uint32_t column = detail::column_of<Pointer>();
  [[maybe_unused]] Scratch scratch;
  if constexpr (detail::OverColumns<V>) {
    static_assert(std::is_same_v<Owner, typename V::Owner>, "a member is set from columns of its own model");
    static_assert(detail::kComparable<Unwrapped<Value>, Unwrapped<typename V::Value>>,
                  "a member is set from an expression of its own type");
    return {column, value.tree()};
  } else if constexpr (std::is_same_v<V, std::nullopt_t>) {
    static_assert(detail::IsOptional<Value>::value, "only a std::optional member can be set to NULL");
    return {column, Tree::value(Cell::null())};
  } else if constexpr (detail::IsOptional<V>::value) {
    static_assert(detail::IsOptional<Value>::value, "only a std::optional member can be set to NULL");
    return {column, Tree::value(value ? detail::operand<Value>(*value, scratch) : Cell::null())};
  } else {
    return {column, Tree::value(detail::operand<Value>(value, scratch))};
  }
}

} // namespace tenon
