#pragma once
// Relations and global filters in a model's spec, and conditions over relations.
//
//   template <> struct tenon::Table<User> {
//     static constexpr auto spec = tenon::table(
//         "users", tenon::belongs_to<&User::project, &User::project_id>(tenon::OnDelete::cascade),
//         tenon::has_many<&User::posts, &Post::user_id>, tenon::has_one<&User::profile, &Profile::user_id>,
//         tenon::many_to_many<&User::tags, &UserTag::user_id, &UserTag::tag_id>,
//         tenon::global_filter("listed", [] { return tenon::col<&User::listed> == true; }));
//   };
//
//   users.query().where(tenon::exists<&User::posts>(tenon::col<&Post::title>.contains("x")))
//
// Threads: as said by what they make.

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tenon/core/column.hpp>
#include <tenon/core/relation.hpp>
#include <tenon/core/table.hpp>

namespace tenon {

enum class RelationKind { belongs_to, has_one, has_many, many_to_many };

namespace spec {

/// `A` and `B`: of belongs_to the own member and the other's key, of has_one and has_many the other's member and the
/// own key, of many_to_many the link's member for this model and that for the other. A null `B` is the primary key.
template <RelationKind Kind, auto Member, auto A, auto B> struct Relation {
  static constexpr bool kNames = false;
  OnDelete on_delete = OnDelete::no_action; ///< of the foreign key that belongs_to implies
  /// What happens to this row when the one that it belongs to is removed.
  constexpr Relation operator()(OnDelete action) const {
    static_assert(Kind == RelationKind::belongs_to,
                  "the model that holds the key says what happens on delete: in its belongs_to or references");
    return {action};
  }
};

template <class Make> struct GlobalFilter {
  static constexpr bool kNames = false;
  std::string_view name;
  Make condition; ///< makes the Predicate<T>
};

} // namespace spec

/// This row holds the key of another one. Implies the foreign key, unless a references<> of the same member is there.
template <auto Member, auto Own, auto Key = nullptr>
inline constexpr spec::Relation<RelationKind::belongs_to, Member, Own, Key> belongs_to{};
/// At most one row of the other model holds this one's key.
template <auto Member, auto Foreign, auto Key = nullptr>
inline constexpr spec::Relation<RelationKind::has_one, Member, Foreign, Key> has_one{};
template <auto Member, auto Foreign, auto Key = nullptr>
inline constexpr spec::Relation<RelationKind::has_many, Member, Foreign, Key> has_many{};
/// Rows of a third model hold the keys of both.
template <auto Member, auto LinkToThis, auto LinkToOther>
inline constexpr spec::Relation<RelationKind::many_to_many, Member, LinkToThis, LinkToOther> many_to_many{};

/// A condition that every query, join, relation, count, update and remove of the model has, until it is switched off by
/// name: without_filter(name). `condition` is a lambda without captures that returns a Predicate of the model. It says
/// what is seen, not what may be written; for a tenant see Session::set_filter.
template <class Make> constexpr spec::GlobalFilter<Make> global_filter(std::string_view name, Make condition) {
  return {name, condition};
}

namespace detail {

/// A relation as data. Lifetime: the process.
struct RelationDesc {
  const TableDesc& (*target)();
  const TableDesc& (*link)(); ///< null but for many_to_many
  JoinOn own;                 ///< this model's column, and the target's or the link's
  JoinOn far;                 ///< the link's column, and the target's
};

template <class V> struct RelatedTo {
  static_assert(!std::is_same_v<V, V>,
                "name a relation: a member of type tenon::Related or tenon::RelatedMany, which the spec declares");
  using Type = V;
  static constexpr bool kMany = false;
};
template <class T> struct RelatedTo<Related<T>> {
  using Type = T;
  static constexpr bool kMany = false;
};
template <class T> struct RelatedTo<RelatedMany<T>> {
  using Type = T;
  static constexpr bool kMany = true;
};

template <auto Key, class T> consteval std::uint32_t key_column() {
  if constexpr (std::is_null_pointer_v<decltype(Key)>) {
    return []<auto... P>(spec::PrimaryKey<P...>) {
      static_assert(sizeof...(P) == 1, "a relation over a composite key is not there: name the member it goes over");
      return (column_of<P>(), ...);
    }
    (primary_key_of<T>());
  } else {
    return column_of<Key>();
  }
}

/// Finds the part of a spec that declares Member.
template <auto Member, class... Parts> struct FindRelation { using type = void; };
template <auto Member, RelationKind Kind, auto A, auto B, class... Rest>
struct FindRelation<Member, spec::Relation<Kind, Member, A, B>, Rest...> {
  using type = spec::Relation<Kind, Member, A, B>;
};
template <auto Member, class First, class... Rest>
struct FindRelation<Member, First, Rest...> : FindRelation<Member, Rest...> {};
template <auto Member, class Spec> struct SpecRelation;
template <auto Member, class... Parts>
struct SpecRelation<Member, spec::TableSpec<Parts...>> : FindRelation<Member, Parts...> {};

template <RelationKind Kind, auto Member, auto A, auto B>
consteval RelationDesc relation_desc(const spec::Relation<Kind, Member, A, B>*) {
  using Owner = OwnerOf<Member>;
  using To = RelatedTo<MemberValue<Member>>;
  using Target = typename To::Type;
  static_assert(To::kMany == (Kind == RelationKind::has_many || Kind == RelationKind::many_to_many),
                "belongs_to and has_one are declared over tenon::Related, the others over tenon::RelatedMany");
  if constexpr (Kind == RelationKind::belongs_to) {
    static_assert(std::is_same_v<OwnerOf<A>, Owner>, "belongs_to names a member of the model itself");
    return {&described<Target>, nullptr, {column_of<A>(), key_column<B, Target>()}, {}};
  } else if constexpr (Kind == RelationKind::many_to_many) {
    using Link = OwnerOf<A>;
    static_assert(std::is_same_v<Link, OwnerOf<B>>, "many_to_many names two members of the model that links");
    return {&described<Target>,
            &described<Link>,
            {key_column<nullptr, Owner>(), column_of<A>()},
            {column_of<B>(), key_column<nullptr, Target>()}};
  } else {
    static_assert(std::is_same_v<OwnerOf<A>, Target>, "has_one and has_many name a member of the other model");
    return {&described<Target>, nullptr, {key_column<B, Owner>(), column_of<A>()}, {}};
  }
}

template <auto Member> consteval RelationDesc find_relation() {
  using Owner = OwnerOf<Member>;
  static_assert(HasSpec<Owner>, "declare the relation in tenon::Table<Type>::spec");
  using Part = typename SpecRelation<Member, std::remove_cv_t<decltype(Table<Owner>::spec)>>::type;
  static_assert(!std::is_void_v<Part>, "declare the relation in tenon::Table<Type>::spec: tenon::belongs_to, has_one, "
                                       "has_many or many_to_many");
  return relation_desc(static_cast<const Part*>(nullptr));
}

template <auto Member> inline constexpr RelationDesc kRelation = find_relation<Member>();
template <auto Member> using RelatedType = typename RelatedTo<MemberValue<Member>>::Type;

template <class... Parts> consteval bool any_relation(const spec::TableSpec<Parts...>*) {
  return (false || ... || []<class Part>(const Part*) {
    return requires(const Part& part) {
      []<RelationKind K, auto M, auto A, auto B>(spec::Relation<K, M, A, B>){}(part);
    };
  }(static_cast<const Parts*>(nullptr)));
}
/// Whether T declares any relation, over which a query on it can join.
template <class T> consteval bool has_relations() {
  if constexpr (HasSpec<T>) {
    return any_relation(static_cast<std::remove_cv_t<decltype(Table<T>::spec)>*>(nullptr));
  } else {
    return false;
  }
}

template <auto Member, auto Own, auto Key>
void add_implied(TableBuilder& to, const spec::Relation<RelationKind::belongs_to, Member, Own, Key>& part) {
  using Target = RelatedType<Member>;
  if (to.refers(column_of<Own>())) return;
  if constexpr (std::is_null_pointer_v<decltype(Key)>) {
    [&]<auto... P>(spec::PrimaryKey<P...>) { (add(to, spec::Reference<Own, P>{part.on_delete, {}}), ...); }
    (primary_key_of<Target>());
  } else {
    add(to, spec::Reference<Own, Key>{part.on_delete, {}});
  }
}

/// Joins what the relation leads to; returns its number among the tree's sources. `parent` is one of them, or 0.
TENON_VISIBLE std::uint32_t join(Tree& tree, std::uint32_t parent, const RelationDesc& relation);
[[nodiscard]] TENON_VISIBLE Tree exists_tree(const RelationDesc& relation, const Tree& condition);
[[nodiscard]] TENON_VISIBLE Tree joined_tree(const RelationDesc& relation, const Tree& condition);

} // namespace detail

/// True for rows that have a related row (one that is not hidden) that fulfils the condition. Capability: joins.
template <auto Member>
[[nodiscard]] Predicate<detail::OwnerOf<Member>> exists(const Predicate<detail::RelatedType<Member>>& condition = {}) {
  return Predicate<detail::OwnerOf<Member>>(detail::exists_tree(detail::kRelation<Member>, condition.tree()));
}

/// A condition on the row that a join over this relation adds; it makes the query join. A relation to many gives one
/// row for each of them. Capability: joins.
template <auto Member>
[[nodiscard]] Predicate<detail::OwnerOf<Member>> joined(const Predicate<detail::RelatedType<Member>>& condition) {
  return Predicate<detail::OwnerOf<Member>>(detail::joined_tree(detail::kRelation<Member>, condition.tree()));
}

} // namespace tenon
