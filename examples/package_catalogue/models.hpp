#pragma once
// The catalogue's three tables. They do not derive from tenon::Model: an imported record has no life of its own that
// timestamps and soft deletion would serve. Used by the import and the report.

#include <cstdint>
#include <optional>
#include <string>

#include <tenon/tenon.hpp>

namespace catalogue {

struct Maintainer {
  std::int64_t id = 0;
  std::string name;
  std::string email; ///< empty where the record gives none
};
BOOST_DESCRIBE_STRUCT(Maintainer, (), (id, name, email))

struct Dependency;
struct Package {
  std::int64_t id = 0;
  std::string name;
  std::string version;
  std::string architecture;
  std::string section;
  std::string priority;
  std::optional<std::int64_t> installed_size; ///< KiB
  std::string description;                    ///< its first line
  std::optional<std::int64_t> maintainer_id;
  tenon::Related<Maintainer> maintainer;
  tenon::RelatedMany<Dependency> dependencies;
};
BOOST_DESCRIBE_STRUCT(Package, (),
                      (id, name, version, architecture, section, priority, installed_size, description, maintainer_id))

enum class DependencyKind { depends, pre_depends, recommends };
BOOST_DESCRIBE_ENUM(DependencyKind, depends, pre_depends, recommends)

/// One alternative of one term: "a | b (>= 2), c" holds a (1, 1), b (1, 2) and c (2, 1).
struct Dependency {
  std::int64_t package_id = 0;
  DependencyKind kind = DependencyKind::depends;
  std::int32_t position = 0;    ///< of the term in its field, from 1
  std::int32_t alternative = 0; ///< within the term, from 1
  std::string name;
  std::string constraint; ///< ">= 2", or empty
};
BOOST_DESCRIBE_STRUCT(Dependency, (), (package_id, kind, position, alternative, name, constraint))

} // namespace catalogue

template <> struct tenon::Table<catalogue::Maintainer> {
  static constexpr auto spec =
      tenon::table("catalogue_maintainers", tenon::unique<&catalogue::Maintainer::name, &catalogue::Maintainer::email>);
};

template <> struct tenon::Table<catalogue::Package> {
  using Package = catalogue::Package;
  static constexpr auto spec = tenon::table(
      "catalogue_packages", tenon::unique<&Package::name, &Package::version, &Package::architecture>,
      tenon::belongs_to<&Package::maintainer, &Package::maintainer_id>, tenon::index<&Package::maintainer_id>,
      tenon::has_many<&Package::dependencies, &catalogue::Dependency::package_id>);
};

template <> struct tenon::Table<catalogue::Dependency> {
  using Dependency = catalogue::Dependency;
  // Its place in its record is its key: nothing has to be made up, and nothing has to come back from an insert.
  static constexpr auto spec = tenon::table(
      "catalogue_dependencies",
      tenon::primary_key<&Dependency::package_id, &Dependency::kind, &Dependency::position, &Dependency::alternative>,
      tenon::references<&Dependency::package_id, &catalogue::Package::id>(),
      tenon::column<&Dependency::constraint>("version_constraint"));
};
