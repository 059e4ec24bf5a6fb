#pragma once
// A model's primary key as cells, and what the library does to a row before it is written: keys, times, versions.
// Internal to the typed front. Threads: pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>

#include <tenon/core/operand.hpp>
#include <tenon/core/rows.hpp>

namespace tenon::detail {

/// The cells of a primary key given value by value.
template <auto... P, class... Key>
std::array<Cell, sizeof...(P)> key_cells(spec::PrimaryKey<P...>, Scratch& scratch, const Key&... key) {
  static_assert(sizeof...(P) == sizeof...(Key), "give one value per member of the primary key");
  return {operand<MemberValue<P>>(key, scratch)...};
}
/// The same of a tuple, or of one value.
template <auto... P, class... Key>
std::array<Cell, sizeof...(P)> key_cells(spec::PrimaryKey<P...> primary, Scratch& scratch,
                                         const std::tuple<Key...>& key) {
  return std::apply([&](const Key&... one) { return key_cells(primary, scratch, one...); }, key);
}

template <class T>
inline constexpr std::size_t kKeyWidth = [] {
  return []<auto... P>(spec::PrimaryKey<P...>) { return sizeof...(P); }
  (primary_key_of<T>());
}();

/// The only member of a primary key; void if there are several.
template <class Key> struct SingleKey { using Value = void; };
template <auto P> struct SingleKey<spec::PrimaryKey<P>> {
  using Value = MemberValue<P>;
  static constexpr auto kPointer = P;
};
template <class T> using SingleKeyOf = SingleKey<decltype(primary_key_of<T>())>;
/// The key may be made by the database.
template <class T> consteval bool may_generate() {
  using Value = typename SingleKeyOf<T>::Value;
  if constexpr (std::is_void_v<Value>) {
    return false;
  } else {
    return TypeMap<Value>::type == CellType::int64 && WritesInPlace<Value>;
  }
}

/// Whether the key is left to the database. Requires a table with a generated key.
template <class T> bool has_no_key(const T& value) {
  if constexpr (may_generate<T>()) {
    using Key = SingleKeyOf<T>;
    return TypeMap<typename Key::Value>::write(value.*Key::kPointer).integer == 0;
  } else {
    return false;
  }
}
template <class T> void set_key(T& value, const Cell& cell) {
  if constexpr (may_generate<T>()) {
    using Key = SingleKeyOf<T>;
    TypeMap<typename Key::Value>::read(cell, value.*Key::kPointer);
  }
}

template <class T> struct IsUuidId : std::false_type {};
template <class Tag> struct IsUuidId<Id<Tag, Uuid>> : std::true_type {};

/// Before an insert: the times, and a UUID where the key is one and is nil.
template <class T> void make_new(T& value, Timestamp moment) {
  if constexpr (IsModel<T>) {
    value.created_at = value.updated_at = moment;
  } else {
    static_cast<void>(moment);
  }
  using Key = SingleKeyOf<T>;
  if constexpr (std::is_same_v<typename Key::Value, Uuid>) {
    if ((value.*Key::kPointer).is_nil()) value.*Key::kPointer = new_ordered_uuid();
  } else if constexpr (IsUuidId<typename Key::Value>::value) {
    if ((value.*Key::kPointer).value.is_nil()) (value.*Key::kPointer).value = new_ordered_uuid();
  }
}

/// After a checked update.
template <class T> void raise_version([[maybe_unused]] T& value) {
  if constexpr (HasSpec<T>) {
    const auto raise = [&]<auto P>(const spec::Version<P>&) { ++(value.*P); };
    for_each_part<T>([&](const auto& part) {
      if constexpr (requires { raise(part); }) raise(part);
    });
  }
}

template <class T> consteval bool is_versioned() {
  if constexpr (HasSpec<T>) {
    return []<class... Parts>(const spec::TableSpec<Parts...>*) {
      return (false || ... || []<class Part>(const Part*) {
        return requires(const Part& part) { []<auto P>(const spec::Version<P>&){}(part); };
      }(static_cast<const Parts*>(nullptr)));
    }(static_cast<std::remove_cv_t<decltype(Table<T>::spec)>*>(nullptr));
  } else {
    return false;
  }
}

} // namespace tenon::detail
