#pragma once
// Model<T> and the reflection over described structs: which members a struct has, in which order, of which types.
// Used by application structs and by the typed front. All at compile time.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <tenon/core/type_map.hpp>

namespace tenon {

/// The members that models share. Derive as `struct User : tenon::Model<User>`; the library sets all four:
/// id at create (a key that the caller gives is kept), the timestamps at create and update, is_active by soft_delete
/// and restore. Rows with is_active false are hidden unless asked for.
template <class T> struct Model {
  std::int64_t id = 0;
  bool is_active = true;
  Timestamp created_at{};
  Timestamp updated_at{};

  friend bool operator==(const Model&, const Model&) = default;
  BOOST_DESCRIBE_CLASS(Model, (), (id, is_active, created_at, updated_at), (), ())
};

template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

template <class T>
concept IsModel = std::derived_from<T, Model<T>>;

namespace detail {

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T> inline constexpr std::size_t kMemberCount = boost::mp11::mp_size<Members<T>>::value;

template <class T> struct MemberPointer;
template <class C, class V> struct MemberPointer<V C::*> {
  using Class = C;
  using Value = V;
};

/// `&User::created_at` has the type `Timestamp Model<User>::*`; the model it belongs to is User.
template <class C> struct ModelOf { using type = C; };
template <class T> struct ModelOf<Model<T>> { using type = T; };

template <auto Pointer> using MemberClass = typename MemberPointer<std::remove_cv_t<decltype(Pointer)>>::Class;
template <auto Pointer> using MemberValue = typename MemberPointer<std::remove_cv_t<decltype(Pointer)>>::Value;
template <auto Pointer> using OwnerOf = typename ModelOf<MemberClass<Pointer>>::type;

/// Calls f(descriptor, index) for each member in order; bases come first.
template <class T, class F> constexpr void for_each_member(F&& f) {
  std::size_t index = 0;
  boost::mp11::mp_for_each<Members<T>>([&](auto descriptor) {
    f(descriptor, index);
    ++index;
  });
}

inline constexpr std::size_t kNoMember = static_cast<std::size_t>(-1);

template <class T, auto Pointer> consteval std::size_t member_index() {
  std::size_t found = kNoMember;
  for_each_member<T>([&](auto descriptor, std::size_t index) {
    if constexpr (std::is_same_v<std::remove_cv_t<decltype(descriptor.pointer)>, std::remove_cv_t<decltype(Pointer)>>) {
      if (descriptor.pointer == Pointer) found = index;
    }
  });
  return found;
}

/// The position of a member among the columns of its model.
template <auto Pointer> consteval std::uint32_t column_of() {
  static_assert(Described<OwnerOf<Pointer>>,
                "describe the struct: BOOST_DESCRIBE_STRUCT(Type, (tenon::Model<Type>), (members...))");
  if constexpr (Described<OwnerOf<Pointer>>) {
    constexpr std::size_t index = member_index<OwnerOf<Pointer>, Pointer>();
    static_assert(index != kNoMember, "this member is not described: name it in BOOST_DESCRIBE_STRUCT");
    return static_cast<std::uint32_t>(index);
  } else {
    return 0;
  }
}

/// "ns::UserProfile" -> "UserProfile", from the compiler's own text.
template <class T> consteval std::string_view type_name() {
  std::string_view text = __PRETTY_FUNCTION__; // GCC "… [with T = X; …]", Clang "… [T = X]"
  text.remove_prefix(text.find("T = ") + 4);
  text = text.substr(0, text.find_first_of(";]"));
  const auto colon = text.rfind(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

} // namespace detail
} // namespace tenon
