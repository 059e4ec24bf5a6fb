#pragma once
// Loading relations: one extra statement for each, whatever the number of rows, on the session of the query. Internal
// to the typed front; used through with<…>() of a query and load<…>() of a repository. Threads: as the session.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <tenon/core/key_index.hpp>
#include <tenon/core/relations.hpp>
#include <tenon/core/rows.hpp>

namespace tenon::detail {

/// Takes a row of the other table and the numbers of the parents that it belongs to.
struct RelatedSink {
  void* object;
  void (*take)(void* object, const Cell* row, std::span<const std::uint32_t> parents);
};
/// The rows that belong to parents with these keys, by primary key.
TENON_VISIBLE void fetch_related(Session& session, const Visibility& visibility, const RelationDesc& relation,
                                 KeyIndex& parents, RelatedSink sink);

template <std::uint32_t Column, class T> Cell column_cell(const T& value, Scratch& scratch) {
  return write_cell(value.*boost::mp11::mp_at_c<Members<T>, Column>::pointer, scratch);
}

/// Loads one relation of all parents.
template <auto Member>
void load(Session& session, const Visibility& visibility, std::span<OwnerOf<Member>* const> parents) {
  using Target = RelatedType<Member>;
  static constexpr const RelationDesc& kDesc = kRelation<Member>;
  Scratch scratch;
  KeyIndex index;
  index.reserve(parents.size());
  for (OwnerOf<Member>* const parent : parents) {
    const Cell key = column_cell<kRelation<Member>.own.parent_column>(*parent, scratch);
    index.add(&key);
  }
  index.sort();
  if constexpr (RelatedTo<MemberValue<Member>>::kMany) {
    for (OwnerOf<Member>* const parent : parents)
      static_cast<void>((parent->*Member).start());
    auto take = [&](const Cell* row, std::span<const std::uint32_t> owners) {
      for (const std::uint32_t owner : owners)
        read_row(row, (parents[owner]->*Member).rows().emplace_back());
    };
    fetch_related(session, visibility, kDesc, index,
                  {&take, [](void* object, const Cell* row, std::span<const std::uint32_t> owners) {
                     (*static_cast<decltype(take)*>(object))(row, owners);
                   }});
  } else {
    for (OwnerOf<Member>* const parent : parents)
      (parent->*Member).assign(nullptr);
    auto take = [&](const Cell* row, std::span<const std::uint32_t> owners) {
      if (owners.empty() || (parents[owners.front()]->*Member).row() != nullptr) return; // has_one: the first one stays
      const auto related = std::make_shared<Target>();
      read_row(row, *related);
      for (const std::uint32_t owner : owners)
        (parents[owner]->*Member).assign(related);
    };
    fetch_related(session, visibility, kDesc, index,
                  {&take, [](void* object, const Cell* row, std::span<const std::uint32_t> owners) {
                     (*static_cast<decltype(take)*>(object))(row, owners);
                   }});
  }
}

/// What a loaded relation leads to, each row once.
template <auto Member> std::vector<RelatedType<Member>*> related_rows(std::span<OwnerOf<Member>* const> parents) {
  std::vector<RelatedType<Member>*> found;
  for (OwnerOf<Member>* const parent : parents) {
    if constexpr (RelatedTo<MemberValue<Member>>::kMany) {
      for (auto& row : (parent->*Member).rows())
        found.push_back(&row);
    } else if (auto* const row = (parent->*Member).row()) {
      found.push_back(row);
    }
  }
  if constexpr (!RelatedTo<MemberValue<Member>>::kMany) { // which parents share
    std::sort(found.begin(), found.end(), std::less<>());
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  return found;
}

/// Members that lead from a model over others to a relation of the last one.
template <auto... Members> struct Path {};

template <auto Last>
void load_path(Session& session, const Visibility& visibility, Path<Last>, std::span<OwnerOf<Last>* const> parents) {
  load<Last>(session, visibility, parents);
}
template <auto First, auto Second, auto... Rest>
void load_path(Session& session, const Visibility& visibility, Path<First, Second, Rest...>,
               std::span<OwnerOf<First>* const> parents) {
  const auto next = related_rows<First>(parents);
  load_path(session, visibility, Path<Second, Rest...>{}, std::span(next.data(), next.size()));
}

template <class P> struct LeadsTo;
template <auto Last> struct LeadsTo<Path<Last>> { using Type = RelatedType<Last>; };
template <auto First, auto Second, auto... Rest>
struct LeadsTo<Path<First, Second, Rest...>> : LeadsTo<Path<Second, Rest...>> {};

template <class P, auto Member> struct Longer;
template <auto... P, auto Member> struct Longer<Path<P...>, Member> { using Type = Path<P..., Member>; };
template <auto Member> struct Longer<void, Member> { using Type = void; };

/// The last of the paths that leads to Owner, or void.
template <class Owner, class Found, class... Paths> struct LastTo { using Type = Found; };
template <class Owner, class Found, class First, class... Rest>
struct LastTo<Owner, Found, First, Rest...>
    : LastTo<Owner, std::conditional_t<std::is_same_v<typename LeadsTo<First>::Type, Owner>, First, Found>, Rest...> {};

/// with<&User::posts, &Post::comments>: a relation of T starts a path, any other one follows the last that leads to it.
template <class T, class Done, auto... Members> struct PathsOf { using Type = Done; };
template <class T, class... Done, auto Member, auto... Rest>
struct PathsOf<T, boost::mp11::mp_list<Done...>, Member, Rest...> {
  using Made = typename std::conditional_t<
      std::is_same_v<OwnerOf<Member>, T>, std::type_identity<Path<Member>>,
      std::type_identity<typename Longer<typename LastTo<OwnerOf<Member>, void, Done...>::Type, Member>::Type>>::type;
  static_assert(!std::is_void_v<Made>, "a relation of another model follows the relation that leads to that model: "
                                       "with<&User::posts, &Post::comments>()");
  using Type = typename PathsOf<T, boost::mp11::mp_list<Done..., Made>, Rest...>::Type;
};

/// Loads one path for rows that stand one after another.
template <class T> using Loader = void (*)(Session& session, const Visibility& visibility, std::span<T> rows);

template <class T, class P> void load_rows(Session& session, const Visibility& visibility, std::span<T> rows) {
  std::vector<T*> parents;
  parents.reserve(rows.size());
  for (T& row : rows)
    parents.push_back(&row);
  load_path(session, visibility, P{}, std::span<T* const>(parents.data(), parents.size()));
}

/// Calls use(loader) for each relation named, those before that lead to others first.
template <class T, auto... Members, class Use> void for_each_loader(Use&& use) {
  static_assert(sizeof...(Members) > 0, "name the relations: with<&Type::relation>()");
  using Paths = typename PathsOf<T, boost::mp11::mp_list<>, Members...>::Type;
  boost::mp11::mp_for_each<Paths>([&](auto path) { use(&load_rows<T, decltype(path)>); });
}

} // namespace tenon::detail
