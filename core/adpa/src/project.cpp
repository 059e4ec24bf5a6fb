#include <tenon/adpa/project.hpp>

#include <tenon/adpa/user.hpp>

namespace tenon::adpa {

std::optional<Project> ProjectRepository::by_project_id(std::string_view project_id) const {
  return find_by<&Project::project_id>(project_id);
}

std::vector<User> ProjectRepository::members(std::string_view project_id) const {
  return UserRepository(session()).of_project(get_by<&Project::project_id>(project_id).id);
}

} // namespace tenon::adpa
