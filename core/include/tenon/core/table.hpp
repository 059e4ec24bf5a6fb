#pragma once
// Table<T>: how a struct maps onto a table, and described<T>(): the mapping as data. Without a specialisation the table
// is the struct's name in snake_case, columns are the members' names, and the key is the member `id`.
//
//   template <> struct tenon::Table<User> {
//     static constexpr auto spec = tenon::table("users", tenon::unique<&User::username>,
//                                               tenon::references<&User::project_id,
//                                               &Project::id>(tenon::OnDelete::cascade),
//                                               tenon::column<&User::email>("email_address"));
//   };
//
// Constraint names are PostgreSQL's own defaults (users_pkey, users_username_key, users_project_id_fkey). Relations,
// the version of optimistic locking and global filters are parts of the spec too: see tenon/core/relations.hpp.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/model.hpp>
#include <tenon/core/tree.hpp>
#include <tenon/interface/table.hpp>

namespace tenon {

/// Specialise at global scope with a static constexpr member `spec`.
template <class T> struct Table {};

// Each part says whether it gives names, which must be known before default constraint names are made of them.
namespace spec {

struct Schema {
  static constexpr bool kNames = true;
  std::string_view name;
};
template <auto... Pointers> struct PrimaryKey { static constexpr bool kNames = false; };
template <auto Pointer> struct GeneratedKey { static constexpr bool kNames = false; };
template <auto... Pointers> struct Unique {
  static constexpr bool kNames = false;
  std::string_view name{}; ///< empty: the default name
  constexpr Unique named(std::string_view given) const { return {given}; }
};
template <auto... Pointers> struct Index {
  static constexpr bool kNames = false;
  std::string_view name{};
  constexpr Index named(std::string_view given) const { return {given}; }
};
template <auto Pointer, auto Target> struct Reference {
  static constexpr bool kNames = false;
  OnDelete on_delete = OnDelete::no_action;
  std::string_view name{};
  constexpr Reference named(std::string_view given) const { return {on_delete, given}; }
};
template <auto Pointer> struct Column {
  static constexpr bool kNames = true;
  std::string_view name;
};
template <auto Pointer> struct MaxLength {
  static constexpr bool kNames = true;
  std::uint32_t characters;
};

template <auto Pointer> struct Version { static constexpr bool kNames = false; };

template <class... Parts> struct TableSpec {
  std::string_view name;
  std::tuple<Parts...> parts;
};

} // namespace spec

template <class... Parts> constexpr spec::TableSpec<Parts...> table(std::string_view name, Parts... parts) {
  return {name, {parts...}};
}
/// The table's schema. Capability: schemas.
constexpr spec::Schema schema(std::string_view name) { return {name}; }
/// A key other than the member `id`; more than one member makes a composite key.
template <auto... Pointers> inline constexpr spec::PrimaryKey<Pointers...> primary_key{};
/// An integer key that the database makes; the default for a member `id` of an integer type.
template <auto Pointer> inline constexpr spec::GeneratedKey<Pointer> generated_key{};
template <auto... Pointers> inline constexpr spec::Unique<Pointers...> unique{};
template <auto... Pointers> inline constexpr spec::Index<Pointers...> index{};
/// A foreign key: this member holds the value of that model's member.
template <auto Pointer, auto Target>
constexpr spec::Reference<Pointer, Target> references(OnDelete on_delete = OnDelete::no_action) {
  return {on_delete, {}};
}
/// The column's name, where it differs from the member's.
template <auto Pointer> constexpr spec::Column<Pointer> column(std::string_view name) { return {name}; }
/// The longest text in code points; longer text is DataError on every backend.
template <auto Pointer> constexpr spec::MaxLength<Pointer> max_length(std::uint32_t characters) { return {characters}; }

/// Optimistic locking: an integer member that counts the writes of its row. update() and update_changed() check that
/// it is what was read and raise it by one, or throw StaleData; the other writes raise it.
template <auto Pointer> inline constexpr spec::Version<Pointer> version{};

namespace detail {

TENON_VISIBLE std::string snake_case(std::string_view type_name);

template <class T>
concept HasSpec = requires {
  Table<T>::spec;
};

/// A condition with a name that is part of every query on a model until it is switched off by that name.
struct NamedFilter {
  std::string name;
  Tree condition;
};

inline constexpr std::uint32_t kNoColumn = 0xffffffff;

/// A described table with what only the typed front needs of it.
/// Invariant: every TableDesc that described<T>() gives, and so every table of a Source, is one.
struct ModelInfo : TableDesc {
  bool is_model = false;                          ///< derives from Model<T>
  std::uint32_t version = kNoColumn;              ///< of optimistic locking
  std::span<const NamedFilter> (*filters)() = {}; ///< made at the first call, because they may name other models
};
/// Whether two descriptions are of one table: each shared library may hold a description of its own.
[[nodiscard]] inline bool same_table(const TableDesc& a, const TableDesc& b) noexcept {
  return &a == &b || (a.name == b.name && a.schema == b.schema);
}
[[nodiscard]] inline const ModelInfo& info_of(const TableDesc& table) noexcept {
  return static_cast<const ModelInfo&>(table);
}

/// Collects the parts of a spec while a TableDesc is made; not a template, to keep models cheap to compile.
class TENON_VISIBLE TableBuilder {
public:
  TableBuilder(std::string name, std::vector<ColumnDesc> columns, bool is_model) {
    table_.is_model = is_model;
    table_.name = std::move(name);
    table_.columns = std::move(columns);
    id_ = table_.column_index("id"); // before any column is renamed
  }
  void schema(std::string_view name) { table_.schema = name; }
  void rename(std::uint32_t column, std::string_view name) { table_.columns[column].name = name; }
  void max_length(std::uint32_t column, std::uint32_t characters) { table_.columns[column].max_length = characters; }
  void primary_key(std::vector<std::uint32_t> columns) { primary_ = std::move(columns); }
  void generated(std::uint32_t column) { table_.columns[column].generated = true; }
  void version(std::uint32_t column) { table_.version = column; }
  /// Whether a foreign key over this column is there.
  [[nodiscard]] bool refers(std::uint32_t column) const noexcept;
  void unique(std::vector<std::uint32_t> columns, std::string_view name);
  void index(std::vector<std::uint32_t> columns, std::string_view name);
  void reference(std::uint32_t column, std::string target_schema, std::string target_table, std::string target_column,
                 OnDelete on_delete, std::string_view name);
  /// Puts keys and default names in place. Errors: ProgrammingError for a table without a key.
  [[nodiscard]] ModelInfo finish();

private:
  ModelInfo table_;
  std::optional<std::uint32_t> id_; ///< the member `id`, whatever its column is called
  std::vector<std::uint32_t> primary_;
};

template <class T> std::string table_name() {
  if constexpr (HasSpec<T>) {
    return std::string(Table<T>::spec.name);
  } else {
    return snake_case(type_name<T>());
  }
}

template <class T, class F> void for_each_part(F&& f) {
  if constexpr (HasSpec<T>) std::apply([&](const auto&... part) { (f(part), ...); }, Table<T>::spec.parts);
}

template <class T> std::string schema_name() {
  std::string found;
  for_each_part<T>([&](const auto& part) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(part)>, spec::Schema>) found = part.name;
  });
  return found;
}

/// The column's name of one member; does not build the description, so that tables may refer to each other.
template <auto Pointer> std::string column_name() {
  using T = OwnerOf<Pointer>;
  std::string found;
  for_each_member<T>([&](auto descriptor, std::size_t i) {
    if (i == column_of<Pointer>()) found = descriptor.name;
  });
  for_each_part<T>([&](const auto& part) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(part)>, spec::Column<Pointer>>) found = part.name;
  });
  return found;
}

template <auto... P> void add(TableBuilder& to, const spec::PrimaryKey<P...>&) { to.primary_key({column_of<P>()...}); }
template <auto P> void add(TableBuilder& to, const spec::GeneratedKey<P>&) {
  static_assert(TypeMap<MemberValue<P>>::type == CellType::int64, "a generated key is an integer");
  to.primary_key({column_of<P>()});
  to.generated(column_of<P>());
}
template <auto... P> void add(TableBuilder& to, const spec::Unique<P...>& part) {
  to.unique({column_of<P>()...}, part.name);
}
template <auto... P> void add(TableBuilder& to, const spec::Index<P...>& part) {
  to.index({column_of<P>()...}, part.name);
}
template <auto P, auto Target> void add(TableBuilder& to, const spec::Reference<P, Target>& part) {
  static_assert(TypeMap<Unwrapped<MemberValue<P>>>::type == TypeMap<Unwrapped<MemberValue<Target>>>::type,
                "a reference and its target are of the same type");
  using Other = OwnerOf<Target>;
  to.reference(column_of<P>(), schema_name<Other>(), table_name<Other>(), column_name<Target>(), part.on_delete,
               part.name);
}
template <auto P> void add(TableBuilder& to, const spec::Version<P>&) {
  static_assert(std::integral<MemberValue<P>> && !std::is_same_v<MemberValue<P>, bool>, "a version is an integer");
  to.version(column_of<P>());
}
template <auto P> void add(TableBuilder& to, const spec::Column<P>& part) { to.rename(column_of<P>(), part.name); }
template <auto P> void add(TableBuilder& to, const spec::MaxLength<P>& part) {
  to.max_length(column_of<P>(), part.characters);
}
inline void add(TableBuilder& to, const spec::Schema& part) { to.schema(part.name); }

/// The members of the primary key, as spec::PrimaryKey<…>.
template <class... Parts> struct FindPrimaryKey { using type = void; };
template <auto... P, class... Rest> struct FindPrimaryKey<spec::PrimaryKey<P...>, Rest...> {
  using type = spec::PrimaryKey<P...>;
};
template <auto P, class... Rest> struct FindPrimaryKey<spec::GeneratedKey<P>, Rest...> {
  using type = spec::PrimaryKey<P>;
};
template <class First, class... Rest> struct FindPrimaryKey<First, Rest...> : FindPrimaryKey<Rest...> {};

template <class Spec> struct SpecKey;
template <class... Parts> struct SpecKey<spec::TableSpec<Parts...>> : FindPrimaryKey<Parts...> {};

template <class T> consteval auto primary_key_of() {
  if constexpr (HasSpec<T>) {
    using Found = typename SpecKey<std::remove_cv_t<decltype(Table<T>::spec)>>::type;
    if constexpr (!std::is_void_v<Found>)
      return Found{};
    else
      return spec::PrimaryKey<&T::id>{};
  } else {
    return spec::PrimaryKey<&T::id>{};
  }
}

/// A part that says something about the table itself; relations and filters concern the typed front alone.
template <class Part>
concept Describes = requires(TableBuilder& to, const Part& part) {
  add(to, part);
};

inline constexpr std::string_view kActiveFilter = "active"; ///< hides the soft-deleted rows of a Model<T>

template <class T> std::span<const NamedFilter> filters_of() {
  static const std::vector<NamedFilter> all = [] {
    std::vector<NamedFilter> made;
    if constexpr (IsModel<T>) {
      made.push_back(
          {std::string(kActiveFilter), Tree::compare(NodeKind::eq, column_of<&T::is_active>(), Cell::boolean(true))});
    }
    for_each_part<T>([&](const auto& part) {
      if constexpr (requires { part.condition(); }) made.push_back({std::string(part.name), part.condition().tree()});
    });
    return made;
  }();
  return all;
}

template <class T> ModelInfo describe() {
  std::vector<ColumnDesc> columns;
  for_each_member<T>([&](auto descriptor, std::size_t) {
    using Value = MemberValue<descriptor.pointer>;
    static_assert(Storable<Unwrapped<Value>>,
                  "this member's type cannot be stored: use one of tenon/core/types.hpp, or specialise tenon::TypeMap");
    ColumnDesc column;
    column.name = descriptor.name;
    column.type = TypeMap<Unwrapped<Value>>::type;
    column.nullable = IsOptional<Value>::value;
    column.element = element_type<Unwrapped<Value>>();
    columns.push_back(std::move(column));
  });
  TableBuilder builder(table_name<T>(), std::move(columns), IsModel<T>);
  // Names first, because default constraint names are made of them; what relations imply last, where nothing is said.
  for_each_part<T>([&](const auto& part) {
    if constexpr (std::remove_cvref_t<decltype(part)>::kNames) add(builder, part);
  });
  for_each_part<T>([&](const auto& part) {
    if constexpr (!std::remove_cvref_t<decltype(part)>::kNames && Describes<std::remove_cvref_t<decltype(part)>>) {
      add(builder, part);
    }
  });
  for_each_part<T>([&](const auto& part) {
    if constexpr (requires { add_implied(builder, part); }) add_implied(builder, part);
  });
  ModelInfo info = builder.finish();
  info.filters = &filters_of<T>;
  return info;
}

} // namespace detail

/// The description of T's table, made once. Lifetime: the process. Threads: any.
template <class T> const TableDesc& described() {
  static_assert(Described<T>, "describe the struct: BOOST_DESCRIBE_STRUCT(Type, (tenon::Model<Type>), (members...))");
  static const detail::ModelInfo table = detail::describe<T>();
  return table;
}

namespace detail {
template <class T> const ModelInfo& model_info() { return info_of(described<T>()); }
} // namespace detail

} // namespace tenon
