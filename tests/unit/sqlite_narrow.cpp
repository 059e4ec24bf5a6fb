// Updates of whole rows leave the columns of indexes alone where these hold the values already, and do what they would
// do without that.
#include <deque>

#include <sqlite3.h>

#include "session.hpp"
#include "sqlite_support.hpp"
#include "watch.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();
constexpr std::uint32_t kId = 0, kName = 1, kAge = 2, kSettings = 3, kActive = 4, kBalance = 5;

/// What an application has in a struct.
struct Person {
  std::int64_t id = 1;
  std::string name = "Ann";
  std::optional<std::int64_t> age = {};
  std::string balance = "1";
};

/// An update of a whole row by its id, where it is active.
class Whole {
public:
  explicit Whole(Person person) : person_(std::move(person)) {
    assignments_ = {Assignment::of(kName, Cell::text(person_.name)),
                    Assignment::of(kAge, person_.age ? Cell::int64(*person_.age) : Cell::null()),
                    Assignment::of(kSettings, Cell::null()), Assignment::of(kActive, Cell::boolean(true)),
                    Assignment::of(kBalance, Cell::decimal(person_.balance))};
    filter_ = node(NodeKind::all_of, {node(NodeKind::eq, {column(kId), literal(Cell::int64(person_.id))}),
                                      node(NodeKind::eq, {column(kActive), literal(Cell::boolean(true))})});
  }
  Whole(const Whole&) = delete;
  Whole& operator=(const Whole&) = delete;
  [[nodiscard]] Update get() const { return {filter_, assignments_, {}}; }

private:
  Person person_;
  std::vector<Assignment> assignments_;
  Tree filter_;
};

/// A table of people with an index over their ages, and what statements run on it.
struct Fixture : OneSession {
  explicit Fixture(std::string_view database = ":memory:", const char* table = nullptr) : OneSession(database) {
    table == nullptr ? create(kPeople) : run(table);
    run("CREATE INDEX by_age ON people (age)");
    for (const char* const name : {"Ann", "Ben", "Cid"})
      add_person(session->repository(kPeople), name);
    const auto note = [](unsigned, void* to, void*, void* sql) {
      static_cast<Fixture*>(to)->ran_.emplace_back(static_cast<const char*>(sql));
      return 0;
    };
    sqlite3_trace_v2(static_cast<sqlite::Session&>(*session).handle(), SQLITE_TRACE_STMT, note, this);
    update({}); // now the table is known
    ran_.clear();
  }

  std::uint64_t update(Person person) { return session->repository(kPeople).update(Whole(std::move(person)).get()); }
  std::vector<std::uint64_t> batch(const std::vector<Person>& people) {
    std::deque<Whole> updates;
    std::vector<BatchItem> items;
    for (const Person& person : people) {
      BatchItem& item = items.emplace_back();
      item.table = &kPeople;
      item.kind = BatchKind::update;
      item.update = updates.emplace_back(person).get();
    }
    std::vector<std::uint64_t> affected(items.size(), 99);
    session->batch(items, affected);
    return affected;
  }
  /// The updates that ran since the last look: n for narrow, w for whole.
  std::string forms() {
    std::string forms;
    for (const std::string& sql : std::exchange(ran_, {})) {
      if (sql.starts_with("UPDATE")) forms += sql.find("\"name\" = ?1,") == std::string::npos ? 'n' : 'w';
      if (sql.starts_with("UPDATE") && sql.find("tenon_1") != std::string::npos)
        forms.back() = sql.find("\"name\" = tenon_1,") == std::string::npos ? 'N' : 'W';
    }
    return forms;
  }
  std::string row(int id) {
    return text("SELECT format('%s|%s|%s', name, age, balance) FROM people WHERE id = " + std::to_string(id));
  }

  std::vector<std::string> ran_;
};

constexpr const char* kForeign = "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE "
                                 "UNIQUE, age INT, settings TEXT, is_active INT, balance TEXT)";

} // namespace

TEST_CASE("an update that leaves the columns of indexes as they are does not write them") {
  Fixture people;
  CHECK(people.update({.balance = "2"}) == 1);
  CHECK(people.forms() == "n");
  CHECK(people.row(1) == "Ann||2");
  CHECK(people.update({.id = 2, .name = "Ben", .balance = "3"}) == 1);
  CHECK(people.forms() == "n");
  CHECK(people.row(2) == "Ben||3");
}

TEST_CASE("what an update changes in the column of an index is written") {
  Fixture people;
  CHECK(people.update({.name = "Ada", .balance = "2"}) == 1);
  CHECK(people.forms() == "nw");
  CHECK(people.row(1) == "Ada||2");
  CHECK(people.update({.name = "Ada", .age = 5}) == 1); // at once the whole one: the last one was in vain
  CHECK(people.forms() == "w");
  CHECK(people.row(1) == "Ada|5|1");
  CHECK(people.update({.name = "Ada", .age = {}}) == 1); // to NULL
  CHECK(people.forms() == "nw");
  CHECK(people.row(1) == "Ada||1");
}

TEST_CASE("the more often the columns of indexes change, the less they are asked about") {
  Fixture people;
  std::string forms;
  for (int i = 0; i < 300; ++i) {
    CHECK(people.update({.age = i}) == 1);
    forms += people.forms();
  }
  CHECK(std::count(forms.begin(), forms.end(), 'w') == 300);
  CHECK(std::count(forms.begin(), forms.end(), 'n') == 9); // after 1, 3, 7, 15, 31 and 63 each
  for (int i = 0; i < 64; ++i)
    CHECK(people.update({.age = 299}) == 1);
  people.forms();
  CHECK(people.update({.age = 299}) == 1); // but not for good
  CHECK(people.forms() == "n");
}

TEST_CASE("an update of a row that is not there or not wanted writes nothing") {
  Fixture people;
  CHECK(people.update({.id = 9}) == 0);
  people.run("UPDATE people SET is_active = 0 WHERE id = 1");
  CHECK(people.update({.balance = "7"}) == 0);
  CHECK(people.row(1) == "Ann||1");
  CHECK(people.update({.id = 2, .name = "Ben"}) == 1); // and says nothing about the next one
  CHECK(people.forms().ends_with("n"));
}

TEST_CASE("values that only a collation takes for equal are written") {
  Fixture people(":memory:", kForeign);
  CHECK(people.update({.name = "ANN"}) == 1);
  CHECK(people.row(1) == "ANN||1");
  CHECK(people.update({.name = "ANN", .balance = "2"}) == 1);
  CHECK(people.row(1) == "ANN||2");
}

TEST_CASE("an update that fails says the same with and without its columns of indexes") {
  Fixture people;
  const ErrorInfo taken = error_of([&] { people.update({.name = "Ben"}); });
  CHECK(taken.code == ErrorCode::unique_violation);
  CHECK(taken.columns == std::vector<std::string>{"name"});
  CHECK(error_of([&] { people.update({.name = "a\xff"}); }).code == ErrorCode::data);
  CHECK(error_of([&] { people.update({.name = std::string(41, 'x')}); }).code == ErrorCode::data);
  CHECK(error_of([&] { people.update({.balance = "x"}); }).code == ErrorCode::data);
  people.run("CREATE TABLE checked (n)");
  people.run("ALTER TABLE people ADD COLUMN more INT CHECK (balance <> '13')");
  const ErrorInfo refused = error_of([&] { people.update({.balance = "13"}); });
  CHECK(refused.code == ErrorCode::check_violation);
  CHECK(people.row(1) == "Ann||1");
}

TEST_CASE("a malformed filter is no better in a narrow update") {
  Fixture people;
  const Whole whole({});
  Update update = whole.get();
  Tree filter(update.filter.nodes.begin(), update.filter.nodes.end());
  const auto fails = [&] {
    update.filter = Filter(filter);
    return error_of([&] { people.session->repository(kPeople).update(update); }).code == ErrorCode::programming;
  };
  filter.front().children = 1;
  CHECK(fails());
  filter.erase(filter.begin()); // two conditions, and nothing that joins them
  CHECK(fails());
  CHECK(people.row(1) == "Ann||1");
}

TEST_CASE("a trigger for the update of one column runs, whenever it was made, and by whom") {
  const char* const trigger = " look AFTER UPDATE OF name ON people BEGIN INSERT INTO seen VALUES (new.id); END";
  TemporaryFolder folder;
  const auto seen = [](Fixture& people) { return people.number("SELECT count(*) FROM seen"); };
  for (const std::string& database : {std::string(":memory:"), folder.file("x.db")}) {
    Fixture people(database);
    people.run("CREATE TABLE seen (id)");
    CHECK(people.update({}) == 1);
    CHECK(people.update({}) == 1);
    CHECK(seen(people) == 0);
    people.forms();
    (void)people.backend->connect(Deadline::max())->execute(std::string("CREATE TRIGGER") + trigger, {});
    CHECK(people.update({}) == 1);
    CHECK(seen(people) == 1);
    CHECK(people.batch(std::vector<Person>(1)) == std::vector<std::uint64_t>{1});
    CHECK(seen(people) == 2);
    people.forms();
    CHECK(people.update({}) == 1);
    CHECK(people.forms() == "w");
    CHECK(seen(people) == 3);
    people.run("DROP TRIGGER look");
    CHECK(people.update({}) == 1); // the first one looks
    CHECK(people.update({}) == 1);
    CHECK(seen(people) == 3);
  }
}

TEST_CASE("a trigger that is made before the first narrow update runs") {
  Fixture people; // which has looked for triggers and run a whole update
  people.run("CREATE TABLE seen (id)");
  people.run("CREATE TRIGGER look AFTER UPDATE OF name ON people BEGIN INSERT INTO seen VALUES (new.id); END");
  CHECK(people.update({}) == 1);
  CHECK(people.number("SELECT count(*) FROM seen") == 1);
}

TEST_CASE("a temporary trigger for the update of one column runs") {
  Fixture people;
  people.run("CREATE TABLE seen (id)");
  CHECK(people.update({}) == 1);
  people.run("CREATE TEMP TRIGGER look AFTER UPDATE OF name ON main.people BEGIN INSERT INTO seen VALUES (1); END");
  CHECK(people.update({}) == 1);
  CHECK(people.number("SELECT count(*) FROM seen") == 1);
}

TEST_CASE("an index that is made later is left alone from then on") {
  Fixture people;
  people.run("CREATE INDEX by_activity ON people (is_active)");
  for (const char* const balance : {"2", "3", "4", "5"}) // finds out that the schema has changed, looks, prepares
    CHECK(people.update({.balance = balance}) == 1);
  people.ran_.clear();
  CHECK(people.update({.balance = "6"}) == 1);
  REQUIRE(people.ran_.size() == 1);
  CHECK(people.ran_.front().find("SET \"settings\" = ?1, \"balance\" = ?2 WHERE") != std::string::npos);
  CHECK(people.row(1) == "Ann||6");
}

TEST_CASE("a narrow update is undone with its transaction") {
  Fixture people;
  people.session->begin({});
  CHECK(people.update({.balance = "2"}) == 1);
  people.session->rollback();
  CHECK(people.row(1) == "Ann||1");
}

TEST_CASE("updates of a batch leave the columns of indexes alone where all of them may be") {
  Fixture people;
  std::vector<Person> all;
  for (int id = 4; id <= 43; ++id) {
    Person& person = all.emplace_back(Person{.id = id, .name = "p" + std::to_string(id)});
    if (id % 2 == 0) person.age = id;
    REQUIRE(add_person(people.session->repository(kPeople), person.name) == id);
  }
  const std::vector<std::uint64_t> one_each(all.size(), 1);
  const auto balances = [&](int of) {
    return people.number("SELECT count(*) FROM people WHERE balance = '" + std::to_string(of) +
                         "' AND (age IS NULL OR "
                         "age = id)");
  };
  people.forms();
  CHECK(people.batch(all) == one_each); // ages from NULL to numbers
  CHECK(people.forms() == "W");         // NULL and not among them: no common narrow form
  CHECK(balances(1) == 41);             // with Ann's
  for (Person& person : all)
    person = {.id = person.id, .name = person.name, .age = person.id, .balance = "2"};
  CHECK(people.batch(all) == one_each); // the second of them, left out
  CHECK(people.forms() == "W");
  CHECK(balances(2) == 40);
  for (Person& person : all)
    person.balance = "3";
  CHECK(people.batch(all) == one_each);
  CHECK(people.forms() == "N");
  CHECK(balances(3) == 40);
  all.back().name = "another";
  for (Person& person : all)
    person.balance = "4";
  CHECK(people.batch(all) == one_each); // the narrow one finds one too few, and is undone
  CHECK(people.forms() == "NW");
  CHECK(balances(4) == 40);
  CHECK(people.number("SELECT count(*) FROM people WHERE name = 'another'") == 1);
  CHECK(people.batch(all) == one_each); // left out
  CHECK(people.batch(all) == one_each);
  CHECK(people.forms() == "WN");
  people.run("CREATE TABLE seen (id)");
  CHECK(people.batch(all) == one_each);
  const auto other = people.backend->connect(Deadline::max());
  (void)other->execute("CREATE TRIGGER look AFTER UPDATE OF name ON people BEGIN INSERT INTO seen VALUES (new.id); END",
                       {});
  CHECK(people.batch(all) == one_each);
  CHECK(people.number("SELECT count(*) FROM seen") == 40);
}

TEST_CASE("a statement behind one that has begun to commit may end again") {
  sqlite::Watch watch(std::chrono::milliseconds(1));
  watch.set_deadline(soon(-1));
  (void)watch.start();
  watch.commit_begins();
  CHECK_FALSE(watch.interrupts());
  watch.go_on();
  CHECK(watch.interrupts());
}
