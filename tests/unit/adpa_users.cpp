// Projects, users and profiles.

#include <catch2/catch.hpp>

#include <tenon/adpa/adpa.hpp>

#include "adpa_database.hpp"

namespace {

using namespace tenon::adpa;
using adpa_test::Database;
using adpa_test::error_of;
using adpa_test::Place;
using tenon::Json;
using tenon::Timestamp;

constexpr Timestamp kMoment{std::chrono::microseconds{1'700'000'000'123'456}};

/// A store with the tables and a project "orion".
struct World {
  explicit World(Place place) : database(place), store(database.open()) {
    create_tables(store);
    orion = store.transaction(
        [](tenon::Session& s) { return ProjectRepository{s}.create({.project_id = "orion", .name = "Orion"}); });
  }
  [[nodiscard]] User make_user(tenon::Session& s, std::string username) const {
    std::string email = username + "@example.com";
    return UserRepository{s}.create(
        {.username = std::move(username), .email = std::move(email), .project_id = orion.id});
  }

  Database database;
  tenon::Store store;
  Project orion;
};

std::vector<std::string> usernames(const std::vector<User>& users) {
  std::vector<std::string> names;
  for (const User& user : users)
    names.push_back(user.username);
  return names;
}

} // namespace

TEST_CASE("a project and its user, created in one transaction, are found afterwards by each of their names") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  const Database database(place);
  auto store = database.open();
  create_tables(store);
  create_tables(store); // harmless when they are there

  const auto [project, user] = store.transaction([](tenon::Session& s) {
    auto p = ProjectRepository{s}.create({.project_id = "new-project",
                                          .name = "New Project",
                                          .description = "first",
                                          .settings = Json::parse(R"({"theme": "dark", "limits": [1, 2.5, null]})")});
    auto u = UserRepository{s}.create({.username = "johndoe",
                                       .email = "john@example.com",
                                       .full_name = "John Doe",
                                       .role = UserRole::admin,
                                       .project_id = p.id});
    return std::pair{p, u};
  });

  auto s = store.session();
  const ProjectRepository projects{s};
  const UserRepository users{s};
  CHECK(projects.by_project_id("new-project") == project);
  CHECK(project.owner == std::nullopt);
  CHECK(users.by_username("johndoe") == user);
  CHECK(users.by_email("john@example.com") == user);
  CHECK(user.role == UserRole::admin);
  CHECK(user.login_count == 0);
  CHECK(user.last_login_at == std::nullopt);

  CHECK(projects.by_project_id("New Project") == std::nullopt);
  CHECK(users.by_username("john@example.com") == std::nullopt);
  CHECK(users.by_username("JOHNDOE") == std::nullopt);
  CHECK(users.by_email("johndoe") == std::nullopt);
}

TEST_CASE("a username, an email and a project's name are given once, and the error names constraint and column") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  UserRepository users{s};
  ProjectRepository projects{s};
  const User ann = world.make_user(s, "ann");
  users.soft_delete(ann.id); // what is hidden keeps its name
  CHECK(users.by_username("ann") == std::nullopt);

  const auto refused = [&](auto&& create) {
    return error_of<tenon::IntegrityError>([&] { s.nested([&] { static_cast<void>(create()); }); });
  };
  const auto username = refused(
      [&] { return users.create({.username = "ann", .email = "other@example.com", .project_id = world.orion.id}); });
  CHECK(username.kind() == tenon::IntegrityKind::unique);
  CHECK(username.constraint() == "users_username_key");
  CHECK(username.columns() == std::vector<std::string>{"username"});
  CHECK(username.table() == "users");

  const auto email = refused(
      [&] { return users.create({.username = "other", .email = "ann@example.com", .project_id = world.orion.id}); });
  CHECK(email.constraint() == "users_email_key");
  CHECK(email.columns() == std::vector<std::string>{"email"});

  const auto project = refused([&] { return projects.create({.project_id = "orion", .name = "Another"}); });
  CHECK(project.constraint() == "projects_project_id_key");
  CHECK(users.with_deleted().count() == 1);
  CHECK(projects.count() == 1);
}

TEST_CASE("a user belongs to a project that exists and that stays as long as it has users") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  UserRepository users{s};
  ProjectRepository projects{s};

  const auto homeless = error_of<tenon::IntegrityError>([&] {
    s.nested([&] { static_cast<void>(users.create({.username = "ann", .email = "a@b", .project_id = 4711})); });
    s.commit(); // where the database checks it at the end
  });
  CHECK(homeless.kind() == tenon::IntegrityKind::foreign_key);

  const User ann = world.make_user(s, "ann");
  const auto occupied = error_of<tenon::IntegrityError>([&] { s.nested([&] { projects.remove(world.orion.id); }); });
  CHECK(occupied.kind() == tenon::IntegrityKind::foreign_key);
  CHECK(projects.by_project_id("orion").has_value());

  users.remove(ann.id);
  projects.remove(world.orion.id);
  CHECK(projects.by_project_id("orion") == std::nullopt);
}

TEST_CASE("the members of a project are its visible users by username") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  UserRepository users{s};
  ProjectRepository projects{s};
  const Project empty = projects.create({.project_id = "vega", .name = "Vega"});
  static_cast<void>(world.make_user(s, "cid"));
  static_cast<void>(world.make_user(s, "ann"));
  const User bob = world.make_user(s, "bob");
  users.soft_delete(bob.id);

  CHECK(usernames(projects.members("orion")) == std::vector<std::string>{"ann", "cid"});
  CHECK(usernames(users.of_project(world.orion.id)) == std::vector<std::string>{"ann", "cid"});
  CHECK(projects.members("vega").empty());
  CHECK(users.of_project(empty.id).empty());
  CHECK(users.of_project(4711).empty());
  CHECK_THROWS_AS(projects.members("nowhere"), tenon::NotFound);
  projects.soft_delete(world.orion.id);
  CHECK_THROWS_AS(projects.members("orion"), tenon::NotFound);
}

TEST_CASE("a login is counted and moves the time of the last one, never backwards") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  UserRepository users{s};
  const User ann = world.make_user(s, "ann");
  const User bob = world.make_user(s, "bob");

  users.record_login(ann.id, kMoment);
  CHECK(users.get(ann.id).login_count == 1);
  CHECK(users.get(ann.id).last_login_at == kMoment);

  users.record_login(ann.id, kMoment - std::chrono::hours{1});
  CHECK(users.get(ann.id).login_count == 2);
  CHECK(users.get(ann.id).last_login_at == kMoment);

  const Timestamp before = tenon::now();
  users.record_login(ann.id);
  const User after = users.get(ann.id);
  CHECK(after.login_count == 3);
  CHECK(after.last_login_at >= before);
  CHECK(after.last_login_at <= tenon::now());
  CHECK(after.updated_at >= before);
  CHECK(after.email == ann.email);
  CHECK(users.get(bob.id) == bob);

  CHECK_THROWS_AS(s.nested([&] { users.record_login(4711); }), tenon::NotFound);
  users.soft_delete(bob.id);
  CHECK_THROWS_AS(s.nested([&] { users.record_login(bob.id); }), tenon::NotFound);
}

TEST_CASE("text beyond its column's length is refused, and text of exactly that length kept") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  ProjectRepository projects{s};
  std::string widest;
  for (int i = 0; i < 200; ++i)
    widest += "é"; // characters, not bytes
  CHECK(projects.create({.project_id = "wide", .name = widest}).name == widest);
  CHECK(projects.by_project_id("wide")->name == widest);
  CHECK_THROWS_AS(s.nested([&] { static_cast<void>(projects.create({.project_id = "wider", .name = widest + "é"})); }),
                  tenon::DataError);
  CHECK_THROWS_AS(s.nested([&] { static_cast<void>(world.make_user(s, std::string(65, 'u'))); }), tenon::DataError);
}

TEST_CASE("saving a profile creates it once and replaces it afterwards") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  UserProfileRepository profiles{s};
  const User ann = world.make_user(s, "ann");
  CHECK(profiles.of_user(ann.id) == std::nullopt);

  const UserProfile first = profiles.save({.user_id = ann.id, .preferences = Json::parse(R"({"rows": 20})")});
  CHECK(first.id > 0);
  CHECK(first.locale == "en");
  CHECK(first.timezone == "UTC");
  CHECK(profiles.of_user(ann.id) == first);

  const UserProfile second =
      profiles.save({.user_id = ann.id, .display_name = "Ann", .locale = "de-CH", .timezone = "Europe/Zurich"});
  CHECK(second.id == first.id);
  CHECK(second.created_at == first.created_at);
  CHECK(second.updated_at >= first.updated_at);
  CHECK(second.display_name == "Ann");
  CHECK(second.preferences == Json::parse("{}"));
  CHECK(profiles.of_user(ann.id) == second);
  CHECK(profiles.count() == 1);
}

TEST_CASE("a profile goes when its user is removed, and needs a user") {
  const Place place = GENERATE(Place::sqlite_memory, Place::sqlite_file, Place::postgresql);
  CAPTURE(name(place));
  World world(place);
  auto s = world.store.session();
  UserProfileRepository profiles{s};
  const User ann = world.make_user(s, "ann");
  const User bob = world.make_user(s, "bob");
  static_cast<void>(profiles.save({.user_id = ann.id}));
  static_cast<void>(profiles.save({.user_id = bob.id}));

  UserRepository{s}.remove(ann.id);
  CHECK(profiles.of_user(ann.id) == std::nullopt);
  CHECK(profiles.of_user(bob.id).has_value());
  CHECK_THROWS_AS(s.nested([&] { static_cast<void>(profiles.save({.user_id = 4711})); }), tenon::IntegrityError);
}
