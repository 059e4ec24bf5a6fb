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
// Constraint names are PostgreSQL's own defaults (users_pkey, users_username_key, users_project_id_fkey).

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/model.hpp>
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

namespace detail {

TENON_VISIBLE std::string snake_case(std::string_view type_name);

template <class T>
concept HasSpec = requires {
  Table<T>::spec;
};

/// Collects the parts of a spec while a TableDesc is made; not a template, to keep models cheap to compile.
class TENON_VISIBLE TableBuilder {
public:
  TableBuilder(std::string name, std::vector<ColumnDesc> columns) {
    table_.name = std::move(name);
    table_.columns = std::move(columns);
    id_ = table_.column_index("id"); // before any column is renamed
  }
  void schema(std::string_view name) { table_.schema = name; }
  void rename(std::uint32_t column, std::string_view name) { table_.columns[column].name = name; }
  void max_length(std::uint32_t column, std::uint32_t characters) { table_.columns[column].max_length = characters; }
  void primary_key(std::vector<std::uint32_t> columns) { primary_ = std::move(columns); }
  void generated(std::uint32_t column) { table_.columns[column].generated = true; }
  void unique(std::vector<std::uint32_t> columns, std::string_view name);
  void index(std::vector<std::uint32_t> columns, std::string_view name);
  void reference(std::uint32_t column, std::string target_schema, std::string target_table, std::string target_column,
                 OnDelete on_delete, std::string_view name);
  /// Puts keys and default names in place. Errors: ProgrammingError for a table without a key.
  [[nodiscard]] TableDesc finish();

private:
  TableDesc table_;
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
template <auto P> void add(TableBuilder& to, const spec::Column<P>& part) { to.rename(column_of<P>(), part.name); }
template <auto P> void add(TableBuilder& to, const spec::MaxLength<P>& part) {
  to.max_length(column_of<P>(), part.characters);
}
inline void add(TableBuilder& to, const spec::Schema& part) { to.schema(part.name); }

template <class T> TableDesc describe() {
  std::vector<ColumnDesc> columns;
  for_each_member<T>([&](auto descriptor, std::size_t) {
    using Value = MemberValue<descriptor.pointer>;
    static_assert(Storable<Unwrapped<Value>>,
                  "this member's type cannot be stored: use one of tenon/core/types.hpp, or specialise tenon::TypeMap");
    columns.push_back({descriptor.name, TypeMap<Unwrapped<Value>>::type, IsOptional<Value>::value, false, 0});
  });
  TableBuilder builder(table_name<T>(), std::move(columns));
  // Names first, because default constraint names are made of them.
  for_each_part<T>([&](const auto& part) {
    if constexpr (std::remove_cvref_t<decltype(part)>::kNames) add(builder, part);
  });
  for_each_part<T>([&](const auto& part) {
    if constexpr (!std::remove_cvref_t<decltype(part)>::kNames) add(builder, part);
  });
  return builder.finish();
}

} // namespace detail

/// The description of T's table, made once. Lifetime: the process. Threads: any.
template <class T> const TableDesc& described() {
  static_assert(Described<T>, "describe the struct: BOOST_DESCRIBE_STRUCT(Type, (tenon::Model<Type>), (members…))");
  static const TableDesc table = detail::describe<T>();
  return table;
}

} // namespace tenon
