// Contract: queries through the typed front mean the same on every backend: expressions, projections, aggregates,
// joins, pages, locks, streams, the backend's own SQL.

#include <algorithm>
#include <tuple>

#include "front_models.hpp"

namespace tenon::contract::front {

struct NameOnly {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(NameOnly, (), (name))
struct TeamLogins {
  std::optional<std::int64_t> team;
  std::int64_t logins = 0;
};
BOOST_DESCRIBE_STRUCT(TeamLogins, (), (team, logins))

namespace {

constexpr auto name = col<&Person::name>;
constexpr auto nick = col<&Person::nick>;
constexpr auto logins = col<&Person::logins>;

/// Four people in two teams, and one without.
struct People : Fixture<Team, Person, Post, Settings> {
  Repository<Team> teams{session};
  Repository<Person> people{session};
  Repository<Post> posts{session};
  std::vector<Team> made = teams.create_many({{.name = "reds"}, {.name = "blues"}});
  std::vector<Person> all = people.create_many({{.name = "Ada", .nick = "ada", .team_id = made[0].id, .logins = 5},
                                                {.name = "bob", .nick = "BOB", .team_id = made[0].id, .logins = 3},
                                                {.name = "Cid", .team_id = made[1].id, .logins = 3, .score = 1.5},
                                                {.name = "dan", .nick = "x", .logins = 0, .score = -0.25}});
  People() { session.commit(); }

  Names found(const Predicate<Person>& where) {
    return names(people.query().where(where).order_by(name.asc()).all(), &Person::name);
  }
  /// What a failed probe may have doomed.
  void recover() {
    if (database.can(Capability::transactions)) session.rollback();
  }
  template <class Probe> bool can(Capability capability, Probe&& probe) {
    const bool claims = claimed(database, capability, probe);
    if (!claims) recover();
    return claims;
  }
};

TEST_CASE("front queries: ranges, sets, null tests, text") {
  People t;
  CHECK(t.found(logins.between(3, 5)) == Names{"Ada", "Cid", "bob"});
  CHECK(t.found(logins.between(4, 3)).empty());
  CHECK(t.found(name.in({"Ada", "dan", "nobody"})) == Names{"Ada", "dan"});
  CHECK(t.found(name.in(Names{})).empty());
  CHECK(t.found(nick.is_null()) == Names{"Cid"});
  CHECK(t.found(!(nick == "ada")) == Names{"bob", "dan"}); // unknown for Cid
  CHECK(t.found(name.like("_d%")) == Names{"Ada"});
  CHECK(t.found(name.contains("d")) == Names{"Ada", "Cid", "dan"});
  CHECK(t.found(name.starts_with("d") || name.ends_with("b")) == Names{"bob", "dan"});
}

TEST_CASE("front queries: arithmetic, columns against columns, text without case") {
  People t;
  if (!calculates(t.people)) return;
  CHECK(t.found(logins * 2 - 1 == 5) == Names{"Cid", "bob"});
  CHECK(t.found(logins / 2 == 2) == Names{"Ada"}); // cuts
  CHECK(t.found(col<&Person::score> + logins > 4) == Names{"Ada", "Cid"});
  CHECK(t.found(logins + 0.0 > col<&Person::score> * 2).size() == 3);
  CHECK(t.found(name == nick).empty());
  CHECK(t.found(name.iequals("ADA")) == Names{"Ada"});
  CHECK(t.found(nick.icontains("O")) == Names{"bob"});
  CHECK(t.found(name.istarts_with("B") || name.iends_with("ID")) == Names{"Cid", "bob"});
  CHECK(t.found(name.ilike("D_N")) == Names{"dan"});
  CHECK_THROWS_AS(t.found(logins / (logins - logins) == 1), DataError);
  t.recover();
  CHECK_THROWS_AS(t.found(col<&Person::id> + std::numeric_limits<std::int64_t>::max() > 0), DataError);
}

TEST_CASE("front queries: text without case in all scripts, where asked") {
  People t;
  t.people.create_many({{.name = "Émile", .nick = "100%_ß"}, {.name = "ΟΔΟΣ"}});
  t.session.commit();
  const auto wide = Fold::unicode;
  if (!t.can(Capability::unicode_case, [&] { static_cast<void>(t.found(name.iequals("x", wide))); })) return;
  CHECK(t.found(name.iequals("éMILE", wide)) == Names{"Émile"});
  CHECK(t.found(name.iequals("ADA", wide)) == Names{"Ada"});
  CHECK(t.found(name.iequals("éMILE")).empty());
  CHECK(t.found(name.iequals("éMILE", Fold::ascii)).empty());
  CHECK(t.found(name.icontains("οσ", wide) || name.istarts_with("éM", wide)) == Names{"Émile", "ΟΔΟΣ"});
  CHECK(t.found(name.iends_with("οδος", wide)) == Names{"ΟΔΟΣ"});
  CHECK(t.found(nick.ilike("100\\%\\_\\SS", wide)) == Names{"Émile"});
  CHECK_THROWS_AS(name.ilike("é\\", wide), DataError);
}

TEST_CASE("front queries: paths into JSON documents") {
  People t;
  Repository<Settings> settings{t.session};
  settings.create_many(
      {{.owner = "a", .prefs = Json::parse(R"({"theme": {"dark": true, "size": 12}, "tags": ["x", "y"]})")},
       {.owner = "b", .prefs = Json::parse(R"({"theme": {"dark": false, "size": 1.5}, "n": null})")},
       {.owner = "c", .prefs = Json::parse(R"(["x"])")}});
  t.session.commit();
  constexpr auto prefs = col<&Settings::prefs>;
  const auto found = [&](const Predicate<Settings>& where) {
    return names(settings.query().where(where).order_by(col<&Settings::owner>.asc()).all(), &Settings::owner);
  };
  if (!t.can(Capability::json, [&] { static_cast<void>(found(prefs.path("n").exists())); })) return;
  CHECK(found(prefs.path("theme", "dark").as<bool>() == true) == Names{"a"});
  CHECK(found(prefs.path("theme", "size").as<double>() > 1) == Names{"a", "b"});
  CHECK(found(prefs.path("theme", "size").as<std::int64_t>() > 1) == Names{"a"});
  CHECK(found(prefs.path("tags", 1).as<std::string>() == "y") == Names{"a"});
  CHECK(found(prefs.path(0).as<std::string>() == "x") == Names{"c"});
  CHECK(found(prefs.path("n").exists()) == Names{"b"});
  CHECK(found(prefs.path("n").as<std::string>().is_null()) == Names{"a", "b", "c"});
  CHECK(found(!prefs.path("theme").exists()) == Names{"c"});
}

TEST_CASE("front queries: projections into tuples and structs") {
  People t;
  const auto rows = t.people.query().order_by(name.desc()).select<&Person::name, &Person::nick>().limit(2).all();
  CHECK(rows == std::vector<std::tuple<std::string, std::optional<std::string>>>{{"dan", "x"}, {"bob", "BOB"}});
  CHECK(t.people.query().where(nick.is_null()).into<NameOnly>().one().name == "Cid");
  CHECK(t.people.query().order_by(name.asc()).select<&Person::name>().into<NameOnly>().first()->name == "Ada");
}

TEST_CASE("front queries: distinct rows") {
  People t;
  const auto query = [&] {
    return t.people.query().order_by(logins.desc()).select<&Person::logins>().distinct().all();
  };
  std::vector<std::tuple<int>> rows;
  try {
    rows = query();
  } catch (const NotSupported&) {
    return; // said, not wrong
  }
  CHECK(rows == std::vector<std::tuple<int>>{{5}, {3}, {0}});
  CHECK(t.people.query().order_by(logins.desc()).select<&Person::logins>().distinct().limit(1).offset(1).all() ==
        std::vector<std::tuple<int>>{{3}});
}

TEST_CASE("front queries: aggregates over all rows, of none, and by group") {
  People t;
  const auto sum = [&] { return t.people.query().sum<&Person::logins>(); };
  if (!t.can(Capability::aggregates, [&] { static_cast<void>(sum()); })) return;
  CHECK(sum() == 11);
  CHECK(t.people.query().avg<&Person::logins>() == 2.75);
  CHECK(t.people.query().min<&Person::name>() == "Ada");
  CHECK(t.people.query().max<&Person::nick>() == "x");
  CHECK(t.people.query().max<&Person::score>() == 1.5);
  CHECK_FALSE(t.people.query().where(name == "nobody").sum<&Person::logins>());
  CHECK_FALSE(t.people.query().where(name == "nobody").max<&Person::created_at>());
  const auto [rows, nicks, different] =
      t.people.query().select(count(), count<&Person::nick>(), count_distinct<&Person::logins>()).one();
  CHECK(rows == 4);
  CHECK(nicks == 3);
  CHECK(different == 3);

  const auto teams = t.people.query()
                         .group_by<&Person::team_id>()
                         .select(key<&Person::team_id>, tenon::sum<&Person::logins>())
                         .order_by(tenon::sum<&Person::logins>().desc())
                         .into<TeamLogins>()
                         .all();
  REQUIRE(teams.size() == 3);
  CHECK(teams[0].team == t.made[0].id);
  CHECK(teams[0].logins == 8);
  CHECK_FALSE(teams[2].team);
  const auto crowded = t.people.query()
                           .group_by<&Person::team_id>()
                           .having(count() > 1 && min<&Person::logins>() >= 3)
                           .select(key<&Person::team_id>, count())
                           .all();
  REQUIRE(crowded.size() == 1);
  CHECK(std::get<0>(crowded[0]) == t.made[0].id);
  CHECK(std::get<1>(crowded[0]) == 2);
}

TEST_CASE("front queries: a sum that is too large is DataError") {
  Fixture<Label> big;
  Repository<Label> labels{big.session};
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  labels.create_many(
      {{.tenant_id = kMost, .name = "a", .colour = "a"}, {.tenant_id = kMost, .name = "b", .colour = "b"}});
  const auto sum = [&] { return labels.query().sum<&Label::tenant_id>(); };
  if (!claimed(big.database, Capability::aggregates, [&] { static_cast<void>(sum()); })) return;
  CHECK_THROWS_AS(sum(), DataError);
}

TEST_CASE("front queries: joins over relations") {
  People t;
  const auto reds = [&] {
    return t.people.query().join<&Person::team>().where(col<&Team::name> == "reds").order_by(name.asc());
  };
  if (!t.can(Capability::joins, [&] { static_cast<void>(reds().all()); })) return;
  CHECK(names(reds().all(), &Person::name) == Names{"Ada", "bob"});
  CHECK(reds().count() == 2);
  const auto pairs = t.people.query()
                         .join<&Person::team>()
                         .order_by(col<&Team::name>.asc(), name.desc())
                         .select<&Team::name, &Person::name>()
                         .all();
  CHECK(pairs == std::vector<std::tuple<std::string, std::string>>{{"blues", "Cid"}, {"reds", "bob"}, {"reds", "Ada"}});
  CHECK(t.found(joined<&Person::team>(col<&Team::name> == "blues") && logins == 3) == Names{"Cid"});
  t.posts.create_many({{.person_id = t.all[0].id, .title = "one"}, {.person_id = t.all[0].id, .title = "two"}});
  CHECK(t.people.query().join<&Person::posts>().count() == 2); // one for each post
  CHECK(t.posts.query().join<&Post::person, &Person::team>().where(col<&Team::name> == "reds").count() == 2);
  t.teams.soft_delete(t.made[0].id);
  CHECK(reds().all().empty()); // hidden there, hidden here
  CHECK(reds().with_deleted().count() == 2);
}

TEST_CASE("front queries: exists over relations") {
  People t;
  const auto writers = [&](const Predicate<Post>& which) { return t.found(exists<&Person::posts>(which)); };
  t.posts.create_many({{.person_id = t.all[0].id, .title = "x", .likes = 3}, {.person_id = t.all[1].id, .title = "y"}});
  t.session.commit();
  if (!t.can(Capability::joins, [&] { writers({}); })) return;
  CHECK(writers({}) == Names{"Ada", "bob"});
  CHECK(writers(col<&Post::title>.contains("x")) == Names{"Ada"});
  CHECK(t.found(!exists<&Person::posts>()) == Names{"Cid", "dan"});
  CHECK(t.found(exists<&Person::team>(exists<&Team::people>(name == "Ada"))) == Names{"Ada", "bob"});
  const auto hidden = t.posts.query().where(col<&Post::title> == "x").one().id;
  t.posts.soft_delete(hidden);
  CHECK(writers({}) == Names{"bob"});
  CHECK(t.people.update(exists<&Person::posts>(), {set<&Person::score>(9.0)}) == 1);
  CHECK(t.people.remove(exists<&Person::posts>(col<&Post::title> == "y")) == 1);
}

TEST_CASE("front queries: pages in mixed directions neither skip nor repeat") {
  People t;
  std::vector<Person> many;
  for (int i = 0; i < 60; ++i)
    many.push_back({.name = "p" + std::to_string(i), .logins = i % 3, .score = static_cast<double>(i % 5)});
  t.people.create_many(many);
  const auto query = [&] { return t.people.query().order_by(logins.desc(), col<&Person::score>.asc()).limit(7); };
  std::vector<std::tuple<int, double, std::int64_t>> seen;
  std::string cursor;
  do {
    const auto page = query().page(cursor);
    for (const Person& person : page.items)
      seen.emplace_back(-person.logins, person.score, person.id);
    cursor = page.next;
  } while (!cursor.empty());
  CHECK(seen.size() == 64);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
  const auto next = query().page().next;
  CHECK_THROWS_AS(t.people.query().order_by(logins.asc(), col<&Person::score>.asc()).limit(7).page(next), DataError);
  CHECK_THROWS_AS(query().page(next + "A"), DataError);
}

TEST_CASE("front queries: row locks") {
  People t;
  const auto lock = [&] { return t.people.query().where(name == "Ada").for_update().one(); };
  if (!t.can(Capability::row_locks, [&] { static_cast<void>(lock()); })) return;
  TransactionOptions writes;
  writes.write_intent = true;
  Session session = t.store.session(writes);
  Repository<Person> people{session};
  CHECK(people.query().where(name == "Ada").for_update().one().name == "Ada");
  CHECK(people.query().for_update_skip_locked().count() == 4);
  CHECK(people.query().for_share().all().size() == 4);
}

TEST_CASE("front queries: streams hold their session until they end") {
  People t;
  std::vector<Person> many;
  for (int i = 0; i < 5000; ++i)
    many.push_back({.name = "p" + std::to_string(i), .logins = 100 + i});
  t.people.create_many(many);
  int rows = 0;
  for (const Person& person : t.people.query().where(logins >= 100).order_by(logins.asc()).stream()) {
    if (person.logins != 100 + rows) FAIL("row " << rows << " is " << person.logins);
    if (rows == 10) CHECK_THROWS_AS(t.people.count(), ProgrammingError);
    ++rows;
  }
  CHECK(rows == 5000);
  {
    auto stream = t.people.query().stream();
    CHECK(stream.begin() != stream.end());
  } // left unread
  CHECK(t.people.query().select<&Person::name>().where(name == "Ada").stream().begin() != std::default_sentinel);
  CHECK(t.people.count() == 5004);
}

TEST_CASE("front queries: the backend's own SQL, typed") {
  People t;
  const auto names_of = [&](int least) {
    return t.session.sql("select name, nick, logins from front_people where logins >= $1 order by id", least)
        .all<std::tuple<std::string, std::optional<std::string>, int>>();
  };
  if (!t.can(Capability::sql, [&] { names_of(0); })) return;
  CHECK(names_of(5) == std::vector<std::tuple<std::string, std::optional<std::string>, int>>{{"Ada", "ada", 5}});
  CHECK(t.session.sql("select count(*) from front_people").one<std::int64_t>() == 4);
  CHECK(t.session.sql("select sum(logins) from front_people").one<std::int64_t>() == 11);
  CHECK(t.session.sql("select name from front_people where name = $1", "Ada").one<NameOnly>().name == "Ada");
  CHECK_FALSE(t.session.sql("select name from front_people where name = $1", "'; --").first<std::string>());
  const auto at = t.session.sql("select created_at from front_people where id = $1", t.all[0].id).one<Timestamp>();
  CHECK(at == t.all[0].created_at);
  CHECK(t.session.sql("select is_active from front_people where id = $1", t.all[0].id).one<bool>());
  t.session.sql("update front_people set logins = $1 where name = $2", 77, "Ada").run();
  CHECK(t.people.get(t.all[0].id).logins == 77);
  CHECK(t.session.sql("update front_people set logins = logins + $1 where logins < $2 returning 1", 1, 10).run() == 3);
  CHECK(t.session.sql("update front_people set logins = 0 where id = $1", -1).run() == 0);
  CHECK_THROWS_AS(t.session.sql("select 1, 2").one<int>(), ProgrammingError);
  t.recover();
  CHECK_FALSE(t.people.query().where(name == "Ada").explain().empty());
}

} // namespace
} // namespace tenon::contract::front
