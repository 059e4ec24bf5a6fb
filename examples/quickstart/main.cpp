// A first look at Tenon: one project and one user, on the database that storage.yaml chooses. What it prints on
// standard output is the same on every backend. It can be run again and again: it begins by removing its own rows.

#include <cstdlib>
#include <exception>
#include <optional>
#include <string_view>
#include <tuple>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <tenon/adpa/adpa.hpp>
#include <tenon/tenon.hpp>

namespace {

using tenon::col;
using tenon::adpa::Project;
using tenon::adpa::ProjectRepository;
using tenon::adpa::User;
using tenon::adpa::UserRepository;

constexpr int kUsage = 64;
constexpr int kUnreachable = 69;
constexpr int kConfiguration = 78;

constexpr std::string_view kProject = "quickstart-project";
constexpr std::string_view kUsername = "quickstart-johndoe";

constexpr std::string_view yes_no(bool fact) { return fact ? "yes" : "no"; }

/// What an earlier run left behind, soft-deleted rows included.
void remove_old_rows(tenon::Store& store) {
  store.transaction([](tenon::Session& session) {
    // Users first: a project that has users cannot go.
    UserRepository{session}.with_deleted().remove(col<&User::username> == kUsername);
    ProjectRepository{session}.with_deleted().remove(col<&Project::project_id> == kProject);
  });
}

/// Both rows or none: the transaction commits when the function returns, and rolls back when it throws.
std::tuple<Project, User> create_project_with_user(tenon::Store& store) {
  auto [project, user] = store.transaction([](tenon::Session& session) {
    Project p = ProjectRepository{session}.create({
        .project_id = std::string(kProject),
        .name = "New Project",
        .description = "made by the quickstart",
        .settings = tenon::Json::parse(R"({"theme": "dark"})"),
    });
    User u = UserRepository{session}.create({
        .username = std::string(kUsername),
        .email = "quickstart-john@example.com",
        .project_id = p.id, // the database has made the key already
    });
    return std::tuple{p, u}; // plain values: they outlive the session
  });
  fmt::print("created project \"{}\" and user \"{}\" in one transaction\n", project.project_id, user.username);
  fmt::print("  they have keys: {}, created_at == updated_at: {}\n", yes_no(project.id > 0 && user.id > 0),
             yes_no(project.created_at == project.updated_at));
  return {project, user};
}

/// find… returns an empty optional where get… throws NotFound.
void look_up(tenon::Store& store, const Project& project, const User& user) {
  tenon::Session session = store.session({.read_only = true}); // rolls back, unless it is committed
  ProjectRepository projects{session};
  UserRepository users{session};

  fmt::print("by key:      the same project as created: {}\n", yes_no(projects.get(project.id) == project));
  fmt::print("by username: the same user as created: {}\n", yes_no(users.by_username(kUsername) == user));
  fmt::print("absent:      a user \"nobody\" is found: {}\n", yes_no(users.by_username("nobody").has_value()));
  for (const User& member : projects.members(kProject))
    fmt::print("member:      {} <{}>\n", member.username, member.email);

  // Predicates are values: they are put together at run time, and their types are checked at compile time.
  tenon::Predicate wanted = col<&Project::name>.contains("New");
  wanted = wanted && col<&Project::project_id>.starts_with("quickstart-") && col<&Project::description>.is_not_null();
  for (const Project& found : projects.query().where(wanted).order_by(col<&Project::project_id>.asc()).all())
    fmt::print("query:       {} ({})\n", found.name, *found.description);
}

/// A taken username is IntegrityError on every backend, with the constraint and the column.
void try_duplicate(tenon::Store& store, const Project& project) {
  store.transaction([&](tenon::Session& session) {
    UserRepository users{session};
    const User twin{
        .username = std::string(kUsername), .email = "quickstart-other@example.com", .project_id = project.id};
    try {
      session.nested([&] { users.create(twin); }); // a savepoint, so that the transaction survives the error
      fmt::print("duplicate:   accepted, which is wrong\n");
    } catch (const tenon::IntegrityError& error) {
      fmt::print("duplicate:   refused, unique: {}, constraint {}, column {}\n",
                 yes_no(error.kind() == tenon::IntegrityKind::unique), error.constraint(),
                 error.columns().empty() ? "unknown" : error.columns().front());
    }
    fmt::print("duplicate:   users with that name: {}\n", users.count(col<&User::username> == kUsername));
  });
}

/// A soft-deleted row is hidden, not gone.
void delete_and_restore(tenon::Store& store, const User& user) {
  const auto show = [&](tenon::Session& session, std::string_view when) {
    UserRepository users{session};
    fmt::print("{:<12} visible: {}, with_deleted: {}\n", when, yes_no(users.find(user.id).has_value()),
               yes_no(users.with_deleted().find(user.id).has_value()));
  };
  store.transaction([&](tenon::Session& session) {
    UserRepository users{session};
    users.soft_delete(user.id);
    show(session, "soft delete:");
    users.restore(user.id);
    show(session, "restore:");
    users.update(user.id, {tenon::set<&User::full_name>("John Doe")}); // only this column, and updated_at
    fmt::print("update:      full name {}, login count {}\n", users.get(user.id).full_name.value_or("unknown"),
               users.get(user.id).login_count);
  });
}

int failed(int code, const std::exception& error) {
  fmt::print(stderr, "error: {}\n", error.what());
  return code;
}

} // namespace

int main(int argc, char** argv) {
  tenon::config::Sources sources;
  CLI::App app("A first look at Tenon, on the backend that storage.yaml chooses.", "quickstart");
  app.add_option("--config", sources.file, "configuration (TENON_CONFIG, else storage.yaml)")->type_name("FILE");
  app.add_option("--profile", sources.profile, "profile (the file's default)")->type_name("NAME");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }

  tenon::set_log_sink([](tenon::LogLevel level, std::string_view message) { // such as a server that is waited for
    if (level >= tenon::LogLevel::warning) fmt::print(stderr, "warning: {}\n", message);
  });
  try {
    tenon::Store store = tenon::open(sources);
    fmt::print(stderr, "backend: {} ({})\n", store.backend().id, store.endpoint());
    tenon::adpa::create_tables(store); // those that are not there
    remove_old_rows(store);
    const auto [project, user] = create_project_with_user(store);
    look_up(store, project, user);
    try_duplicate(store, project);
    delete_and_restore(store, user);
    return EXIT_SUCCESS;
  } catch (const tenon::ConfigError& error) {
    return failed(kConfiguration, error);
  } catch (const tenon::PluginError& error) {
    return failed(kConfiguration, error);
  } catch (const tenon::ConnectionError& error) {
    return failed(kUnreachable, error);
  } catch (const std::exception& error) {
    return failed(EXIT_FAILURE, error);
  }
}
