// Contract: relations are loaded by one statement each, on the session of the query, and never in secret.

#include <algorithm>

#include "front_models.hpp"

namespace tenon::contract::front {
namespace {

struct Blog : Fixture<Team, Person, Profile, Post, Tag, PersonTag> {
  Repository<Team> teams{session};
  Repository<Person> people{session};
  Repository<Profile> profiles{session};
  Repository<Post> posts{session};
  Repository<Tag> tags{session};
  Repository<PersonTag> links{session};

  /// `teams` teams of ten people each, who wrote two posts each; one person more has neither.
  std::vector<Person> fill(int count) {
    std::vector<Team> made;
    for (int i = 0; i < count; ++i)
      made.push_back({.name = "team " + std::to_string(i)});
    made = teams.create_many(made);
    std::vector<Person> all;
    for (int i = 0; i < 10 * count; ++i)
      all.push_back({.name = "person " + std::to_string(i), .team_id = made[static_cast<std::size_t>(i % count)].id});
    all.push_back({.name = "loner"});
    all = people.create_many(all);
    std::vector<Post> written;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      written.push_back({.person_id = all[i].id, .title = "first of " + all[i].name});
      written.push_back({.person_id = all[i].id, .title = "second of " + all[i].name});
    }
    posts.create_many(written);
    session.commit();
    return all;
  }
};

TEST_CASE("front relations: belongs_to and has_many cost one statement each, for ten rows and for ten thousand") {
  for (const int teams : {1, 40}) {
    Blog t;
    t.fill(teams);
    const auto before = t.session.statements();
    const auto people = t.people.query().with<&Person::team, &Person::posts>().order_by(col<&Person::id>.asc()).all();
    CHECK(t.session.statements() == before + 3);
    REQUIRE(people.size() == static_cast<std::size_t>(10 * teams + 1));
    for (const Person& person : people) {
      if (person.name == "loner") continue;
      if (person.team->id != *person.team_id || person.posts.size() != 2 ||
          person.posts[0].title != "first of " + person.name) {
        FAIL("wrong rows for " << person.name);
      }
    }
    CHECK_FALSE(people.back().team);
    CHECK(people.back().posts.empty());
  }
}

TEST_CASE("front relations: nested ones follow the relation that leads to them") {
  Blog t;
  t.fill(2);
  const auto before = t.session.statements();
  const auto posts = t.posts.query().with<&Post::person, &Person::team, &Person::posts>().all();
  CHECK(t.session.statements() == before + 4);
  CHECK(posts.size() == 40);
  CHECK(posts[0].person->team->name.starts_with("team "));
  CHECK(posts[7].person->posts.size() == 2);
  const auto teams = t.teams.query().with<&Team::people, &Person::posts>().all();
  REQUIRE(teams.size() == 2);
  CHECK(teams[1].people.size() == 10);
  CHECK(teams[1].people[9].posts.size() == 2);
  CHECK_THROWS_AS(teams[0].people[0].team.get(), NotLoaded);
}

TEST_CASE("front relations: what was not loaded raises NotLoaded and sends nothing") {
  Blog t;
  t.fill(1);
  const auto person = t.people.query().first();
  const auto before = t.session.statements();
  CHECK_THROWS_AS(person->team.get(), NotLoaded);
  CHECK_THROWS_AS(person->posts.size(), NotLoaded);
  CHECK(t.session.statements() == before);
  Person loaded = *person;
  t.people.load<&Person::team, &Person::profile>(loaded);
  CHECK(loaded.team->name == "team 0");
  CHECK_FALSE(loaded.profile);
  CHECK_THROWS_AS(loaded.profile.get(), NotFound);
}

TEST_CASE("front relations: has_one, and pages load relations too") {
  Blog t;
  const auto all = t.fill(1);
  t.profiles.create({.person_id = all[4].id, .bio = "b"});
  const auto page = t.people.query().order_by(col<&Person::id>.asc()).limit(5).with<&Person::profile>().page();
  REQUIRE(page.items.size() == 5);
  CHECK(page.items[4].profile->bio == "b");
  CHECK_FALSE(page.items[0].profile);
}

TEST_CASE("front relations: many_to_many in one statement over the link") {
  Blog t;
  const auto all = t.fill(1);
  const auto tags = t.tags.create_many({{.word = "red"}, {.word = "green"}, {.word = "blue"}});
  t.links.create_many({{.person_id = all[0].id, .tag_id = tags[2].id},
                       {.person_id = all[0].id, .tag_id = tags[0].id},
                       {.person_id = all[1].id, .tag_id = tags[0].id}});
  t.session.commit();
  const auto query = [&] {
    return t.people.query().with<&Person::tags>().order_by(col<&Person::id>.asc()).limit(3).all();
  };
  if (!claimed(t.database, Capability::joins, [&] { static_cast<void>(query()); })) return;
  const auto before = t.session.statements();
  const auto people = query();
  CHECK(t.session.statements() == before + 2);
  CHECK(names(people[0].tags.get(), &Tag::word) == Names{"red", "blue"}); // by their key
  CHECK(names(people[1].tags.get(), &Tag::word) == Names{"red"});
  CHECK(people[2].tags.empty());
  CHECK(t.people.count(exists<&Person::tags>(col<&Tag::word> == "red")) == 2);
  t.tags.soft_delete(tags[0].id);
  CHECK(names(query()[0].tags.get(), &Tag::word) == Names{"blue"});
  CHECK(t.people.count(exists<&Person::tags>(col<&Tag::word> == "red")) == 0);
}

TEST_CASE("front relations: filters hold for what is loaded: soft-deleted rows, and a session's tenant") {
  Blog t;
  const auto all = t.fill(1);
  t.posts.soft_delete(t.posts.query().where(col<&Post::person_id> == all[0].id).first()->id);
  const auto posts_of_first = [&](auto query) {
    return query.template with<&Person::posts>().order_by(col<&Person::id>.asc()).first()->posts.size();
  };
  CHECK(posts_of_first(t.people.query()) == 1);
  CHECK(posts_of_first(t.people.query().with_deleted()) == 2);
  t.session.set_filter("mine", col<&Post::title>.starts_with("none"));
  CHECK(posts_of_first(t.people.query()) == 0);
  CHECK(posts_of_first(t.people.query().without_filter("mine")) == 1);
}

TEST_CASE("front relations: cascades are the schema's") {
  Blog t;
  const auto all = t.fill(1);
  const auto removed = [&] { t.teams.remove(t.teams.query().one().id); };
  if (!t.database.can(Capability::foreign_keys)) return;
  t.people.remove(all[0].id);
  CHECK(t.posts.count(col<&Post::person_id> == all[0].id) == 0);
  removed();
  CHECK_FALSE(t.people.get(all[1].id).team_id); // set null
}

} // namespace
} // namespace tenon::contract::front
