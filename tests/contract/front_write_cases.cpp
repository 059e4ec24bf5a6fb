// Contract: writes through the typed front: versions, changed members, many keys, upserts, tenants, batches.

#include "front_models.hpp"

namespace tenon::contract::front {
namespace {

TEST_CASE("front writes: an update checks the version that was read: StaleData if another one was faster") {
  Fixture<Note> t;
  Repository<Note> notes{t.session};
  Note mine = notes.create({.title = "first"});
  Note theirs = notes.get(mine.id);
  theirs.title = "theirs";
  theirs = notes.update(theirs);
  CHECK(theirs.version == 2);
  mine.title = "mine";
  try {
    notes.update(mine);
    FAIL("a stale row was written");
  } catch (const StaleData& error) {
    CHECK(error.table() == "front_notes");
    CHECK(error.columns() == std::vector<std::string>{"id"});
  }
  CHECK(notes.get(mine.id).title == "theirs"); // and the session goes on
  CHECK_THROWS_AS(notes.update_changed(Note(mine), Note(theirs)), StaleData);
  Note changed = theirs;
  changed.title = "again";
  CHECK(notes.update_changed(theirs, changed).version == 3);
  CHECK(notes.get(mine.id).version == 3);
  notes.remove(mine.id);
  CHECK_THROWS_AS(notes.update(changed), NotFound);
}

TEST_CASE("front writes: update_changed writes what differs, and leaves what others changed") {
  Fixture<Team, Person> t;
  Repository<Person> people{t.session};
  const Person read = people.create({.name = "ada", .nick = "a", .logins = 1});
  people.update(read.id, {set<&Person::logins>(50)}); // somebody else
  Person changed = read;
  changed.nick.reset();
  const auto before = t.session.statements();
  const Person written = people.update_changed(read, changed);
  CHECK(t.session.statements() == before + 1);
  const Person now_there = people.get(read.id);
  CHECK_FALSE(now_there.nick);
  CHECK(now_there.logins == 50);
  CHECK(now_there.updated_at == written.updated_at);
  static_cast<void>(people.update_changed(written, written));
  CHECK(t.session.statements() == before + 2); // the get() alone
}

TEST_CASE("front writes: updates computed from the row's own values, in one statement with its count") {
  Fixture<Team, Person> t;
  Repository<Person> people{t.session};
  people.create_many({{.name = "a", .logins = 1}, {.name = "b", .logins = 2}, {.name = "c", .logins = 3}});
  if (!calculates(people)) return;
  CHECK(people.update(col<&Person::logins> >= 2, {set<&Person::logins>(col<&Person::logins> * 10 + 1),
                                                  set<&Person::score>(col<&Person::score> + 0.5)}) == 2);
  const auto rows = people.query().order_by(col<&Person::name>.asc()).all();
  CHECK(pick(rows, &Person::logins) == std::vector<int>{1, 21, 31});
  CHECK(pick(rows, &Person::score) == std::vector<double>{0, 0.5, 0.5});
}

TEST_CASE("front writes: find_many keeps the order of the keys, in one statement") {
  Fixture<Team, Person> t;
  Repository<Person> people{t.session};
  std::vector<Person> many;
  for (int i = 0; i < 500; ++i)
    many.push_back({.name = "p" + std::to_string(i)});
  const auto made = people.create_many(many);
  people.soft_delete(made[3].id);
  std::vector<std::int64_t> keys;
  for (auto at = made.rbegin(); at != made.rend(); ++at)
    keys.push_back(at->id);
  keys.push_back(made[0].id);
  keys.push_back(made.back().id + 100);
  const auto before = t.session.statements();
  const auto found = people.find_many(keys);
  CHECK(t.session.statements() == before + 1);
  REQUIRE(found.size() == 500); // 499 visible ones, and one twice
  CHECK(found.front().name == "p499");
  CHECK(found.back().name == "p0");
  CHECK(people.with_deleted().find_many({made[3].id}).size() == 1);

  Fixture<Team, Person, Tag, PersonTag> links;
  Repository<PersonTag> tags{links.session};
  CHECK(tags.find_many(std::vector<std::tuple<int, int>>{{1, 2}, {3, 4}}).empty());
}

TEST_CASE("front writes: upsert by a composite key") {
  Fixture<Label> t;
  Repository<Label> labels{t.session};
  const auto put = [&](std::int64_t tenant, const char* name, const char* colour) {
    return labels.upsert<&Label::name, &Label::tenant_id>({.tenant_id = tenant, .name = name, .colour = colour});
  };
  if (!claimed(t.database, Capability::upsert, [&] { put(1, "a", "red"); })) return;
  const auto first = put(1, "a", "red");
  const auto other = put(2, "a", "blue");
  const auto again = put(1, "a", "green");
  CHECK(again.id == first.id);
  CHECK(other.id != first.id);
  CHECK(labels.get(first.id).colour == "green");
  CHECK(labels.count() == 2);
  CHECK_THROWS_AS(labels.upsert<&Label::name>({}), ProgrammingError);
}

TEST_CASE("front writes: keys that the client makes") {
  Fixture<Ticket> t;
  Repository<Ticket> tickets{t.session};
  const auto made = tickets.create_many({{.text = "a"}, {.text = "b"}});
  CHECK(made[0].id != made[1].id);
  CHECK(tickets.get(made[1].id).text == "b");
  const Ticket given{.id = {new_uuid()}, .text = "c"};
  CHECK(tickets.create(given).id == given.id);
  CHECK_THROWS_AS(tickets.create(given), IntegrityError);
}

TEST_CASE("front writes: a tenant's filter holds for everything that is read or written") {
  Fixture<Note, Label> t;
  Repository<Note> notes{t.session};
  Repository<Label> labels{t.session};
  const auto mine = notes.create({.tenant_id = 1, .title = "mine"});
  const auto theirs = notes.create({.tenant_id = 2, .title = "theirs"});
  const auto label = labels.create({.tenant_id = 2, .name = "x", .colour = "red"});
  t.session.commit();
  t.session.set_filter("tenant", col<&Note::tenant_id> == 1);
  t.session.set_filter("tenant", col<&Label::tenant_id> == 1);
  CHECK(notes.find(mine.id));
  CHECK_FALSE(notes.find(theirs.id));
  CHECK_THROWS_AS(notes.get(theirs.id), NotFound);
  CHECK(notes.find_many({mine.id, theirs.id}).size() == 1);
  CHECK(notes.count() == 1);
  CHECK_FALSE(notes.exists(col<&Note::title> == "theirs"));
  CHECK(names(notes.query().all(), &Note::title) == Names{"mine"});
  CHECK(names(notes.query().page().items, &Note::title) == Names{"mine"});
  CHECK_THROWS_AS(notes.remove(theirs.id), NotFound);
  if (calculates(notes)) CHECK_THROWS_AS(notes.soft_delete(theirs.id), NotFound); // it raises the version
  CHECK(notes.remove(col<&Note::title> == "theirs") == 0);
  Note moved = notes.get(mine.id);
  moved.tenant_id = 2;
  CHECK_THROWS_AS(notes.update(moved), ProgrammingError);
  CHECK_THROWS_AS(notes.create({.tenant_id = 2}), ProgrammingError);
  CHECK_FALSE(labels.find_by<&Label::colour>("red")); // a unique key finds nobody else's either
  CHECK_FALSE(labels.find(label.id));
  if (t.database.can(Capability::upsert)) {
    // An upsert whose key lacks the tenant could overwrite another one's row.
    CHECK_THROWS_AS(labels.upsert<&Label::colour>({.tenant_id = 1, .name = "y", .colour = "red"}), ProgrammingError);
    CHECK_NOTHROW(labels.upsert<&Label::tenant_id, &Label::name>({.tenant_id = 1, .name = "y", .colour = "blue"}));
  }
  CHECK(notes.query().without_filter("tenant").count() == 2);
  CHECK(notes.without_filter("tenant").get(theirs.id).title == "theirs");
  t.session.clear_filter<Note>("tenant");
  CHECK(notes.count() == 2);
}

TEST_CASE("front writes: a filter over text lets through what the database finds with it") {
  Fixture<Note> t;
  Repository<Note> notes{t.session};
  const auto title = col<&Note::title>;
  std::vector<Predicate<Note>> filters{title.starts_with("t7/"), title.ends_with("é"),   title.contains("%_"),
                                       title.like("t_/%"),       title.like("%\\%\\_%"), title.like("%_é"),
                                       !title.starts_with("t")};
  if (t.database.can(Capability::sql)) { // others need not know text without case
    for (const auto& one : {title.ilike("T7/%"), title.icontains("A"), title.iequals("CAFé")})
      filters.push_back(one);
  }
  const auto writes = [&](const Note& note) {
    try {
      notes.create(note);
      return true;
    } catch (const ProgrammingError&) {
      return false;
    }
  };
  for (std::size_t i = 0; i < filters.size(); ++i) {
    for (const char* text : {"", "t7/x", "t8/x", "T7/X", "té/", "café", "CAFÉ", "CAFé", "a%_b", "é", "100%"}) {
      CAPTURE(i, text);
      const Note note{.tenant_id = static_cast<std::int64_t>(i), .title = text};
      t.session.set_filter("mine", filters[i]);
      const bool written = writes(note);
      t.session.clear_filter<Note>("mine");
      if (!written) notes.create(note);
      CHECK(notes.exists(filters[i] && title == text && col<&Note::tenant_id> == note.tenant_id) == written);
    }
  }
}

TEST_CASE("front writes: a batch runs in order and counts, and is all or nothing") {
  Fixture<Team, Person> t;
  Repository<Person> people{t.session};
  const auto ada = people.create({.name = "ada"});
  people.create({.name = "bob"});
  t.session.commit();

  Batch batch = t.session.batch();
  for (int i = 0; i < 100; ++i)
    batch.create(Person{.name = "new " + std::to_string(i), .logins = i});
  batch.update(col<&Person::logins> > 89, {set<&Person::nick>(std::string("high"))});
  Person changed = ada;
  changed.nick = "countess";
  batch.update(changed);
  batch.remove(col<&Person::name> == "bob").remove<Person>(ada.id + 100'000);
  const auto affected = batch.run();
  REQUIRE(affected.size() == 104);
  CHECK(affected[100] == 10);
  CHECK(affected[101] == 1);
  CHECK(affected[102] == 1);
  CHECK(affected[103] == 0);
  t.session.commit();
  CHECK(people.count() == 101);
  CHECK(people.get(ada.id).nick == "countess");
  CHECK(people.count(col<&Person::nick> == "high") == 10);

  batch.create(Person{.name = "kept back"}).create(Person{.name = "ada"}); // taken
  CHECK_THROWS_AS(batch.run(), IntegrityError);
  if (t.database.can(Capability::transactions)) {
    t.session.rollback();
    CHECK_FALSE(people.exists(col<&Person::name> == "kept back"));
  }
}

} // namespace
} // namespace tenon::contract::front
