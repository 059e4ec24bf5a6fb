#pragma once
// Project: what an analytics application's users and work belong to, and its repository. Used by applications.
// Threads: the model is a value; a repository is used as its session, by one thread at a time.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/core/repository.hpp>

namespace tenon::adpa {

struct User;

struct Project : Model<Project> {
  std::string project_id; ///< the name by which people and programs know it; unique, soft-deleted projects included
  std::string name;
  std::optional<std::string> description;
  std::optional<std::string> owner;
  Json settings = Json::trusted("{}");

  friend bool operator==(const Project&, const Project&) = default;
};
BOOST_DESCRIBE_STRUCT(Project, (tenon::Model<Project>), (project_id, name, description, owner, settings))

} // namespace tenon::adpa

template <> struct tenon::Table<tenon::adpa::Project> {
  using Project = tenon::adpa::Project;
  static constexpr auto spec =
      tenon::table("projects", tenon::unique<&Project::project_id>, tenon::max_length<&Project::project_id>(64),
                   tenon::max_length<&Project::name>(200), tenon::max_length<&Project::description>(2000),
                   tenon::max_length<&Project::owner>(200));
};

namespace tenon::adpa {

/// Errors, here and in the other repositories, beside those named: what tenon::Repository says.
class ProjectRepository : public Repository<Project> {
public:
  using Repository::Repository;

  [[nodiscard]] std::optional<Project> by_project_id(std::string_view project_id) const;

  /// The users of a project, by username. Errors: NotFound if there is no such project.
  [[nodiscard]] std::vector<User> members(std::string_view project_id) const;
};

} // namespace tenon::adpa
