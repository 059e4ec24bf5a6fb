// Updates of a batch that become one statement do what they would do one after another.

#include <deque>

#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const TableDesc kPeople = people();
constexpr int kCount = 40; // more than are run one by one

/// Updates of one column each of the row with an id, where it is active.
class Updates {
public:
  Updates& set(std::int64_t id, std::uint32_t column, const Cell& value) {
    Held& held = held_.emplace_back();
    held.assignment = {Assignment::of(column, value)};
    held.nodes = {{NodeKind::all_of, 0, 2, 0, 0, Cell::null()}};
    equals(held, 0, Cell::int64(id));
    equals(held, 4, Cell::boolean(true));
    return *this;
  }
  Updates& name(std::int64_t id, std::string name) {
    return set(id, 1, Cell::text(names_.emplace_back(std::move(name))));
  }
  Updates& age(std::int64_t id, std::int64_t age) { return set(id, 2, Cell::int64(age)); }

  std::vector<std::uint64_t> run(ISession& session) {
    std::vector<BatchItem> items;
    for (const Held& held : held_) {
      BatchItem& item = items.emplace_back();
      item.table = &kPeople;
      item.kind = BatchKind::update;
      item.update = {{held.nodes, {}}, held.assignment, {}};
    }
    std::vector<std::uint64_t> affected(items.size(), 99);
    session.batch(items, affected);
    return affected;
  }

private:
  struct Held {
    std::vector<Assignment> assignment;
    std::vector<Node> nodes;
  };
  static void equals(Held& held, std::uint32_t column, const Cell& value) {
    held.nodes.push_back({NodeKind::eq, 0, 2, 0, 0, Cell::null()});
    held.nodes.push_back({NodeKind::column, 0, 0, column, 0, Cell::null()});
    held.nodes.push_back({NodeKind::value, 0, 0, 0, 0, value});
  }
  std::deque<Held> held_;
  std::deque<std::string> names_;
};

/// People 1 to kCount, named after their ids.
struct People : OneSession {
  People() {
    create(kPeople);
    for (int id = 1; id <= kCount; ++id)
      REQUIRE(add_person(session->repository(kPeople), name_of(id)) == id);
  }
  static std::string name_of(int id) { return "person " + std::to_string(id); }
  [[nodiscard]] std::string name_at(int id) { return text("SELECT name FROM people WHERE id = " + std::to_string(id)); }
  [[nodiscard]] std::int64_t ages() { return number("SELECT coalesce(sum(age), 0) FROM people"); }
};

const std::vector<std::uint64_t> kOneEach(kCount, 1);

} // namespace

TEST_CASE("updates of a batch, by rising key, write a row each") {
  People people;
  Updates updates;
  for (int id = 1; id <= kCount; ++id)
    updates.set(id, 2, id % 3 == 0 ? Cell::null() : Cell::int64(id)); // NULL among them
  CHECK(updates.run(*people.session) == kOneEach);
  for (int id = 1; id <= kCount; ++id) {
    const std::string where = " FROM people WHERE id = " + std::to_string(id);
    CHECK(people.number("SELECT coalesce(age, -1)" + where) == (id % 3 == 0 ? -1 : id));
  }
}

TEST_CASE("updates of a batch say which of them hit no row") {
  People people;
  people.run("DELETE FROM people WHERE id = 7");
  people.run("UPDATE people SET is_active = 0 WHERE id = 20");
  Updates updates;
  for (int id = 1; id <= kCount; ++id)
    updates.age(id, 1);
  std::vector<std::uint64_t> expected = kOneEach;
  expected[7 - 1] = expected[20 - 1] = 0;
  CHECK(updates.run(*people.session) == expected);
  CHECK(people.ages() == kCount - 2);
}

TEST_CASE("what else an update writes does not stand for the rows that it did not hit") {
  People people;
  SECTION("a trigger") {
    people.run("CREATE TABLE audit(id)");
    people.run("CREATE TRIGGER note AFTER UPDATE OF name ON people BEGIN INSERT INTO audit VALUES (new.id); END");
  }
  SECTION("a foreign key that cascades") {
    people.run("CREATE TABLE fans(idol TEXT REFERENCES people(name) ON UPDATE CASCADE)");
    people.run("INSERT INTO fans SELECT name FROM people");
  }
  people.run("UPDATE people SET is_active = 0 WHERE id % 2 = 0"); // so that as many are written elsewhere as are missed
  Updates updates;
  std::vector<std::uint64_t> expected = kOneEach;
  for (int id = 1; id <= kCount; ++id) {
    updates.name(id, "other " + std::to_string(id));
    expected[static_cast<std::size_t>(id) - 1] = id % 2 == 0 ? 0 : 1;
  }
  CHECK(updates.run(*people.session) == expected);
  CHECK(people.number("SELECT count(*) FROM people WHERE name LIKE 'other %'") == kCount / 2);
}

TEST_CASE("updates of a batch take effect in their order") {
  People people;
  Updates updates;
  SECTION("a key twice: the last one stays") {
    for (int id = 1; id <= kCount; ++id)
      updates.age(id, 1).age(id, 2);
    CHECK(updates.run(*people.session) == std::vector<std::uint64_t>(2 * kCount, 1));
    CHECK(people.ages() == 2 * kCount);
  }
  SECTION("falling keys, each taking the name that the one before gave up") {
    updates.name(kCount, "somebody");
    for (int id = kCount - 1; id >= 1; --id)
      updates.name(id, People::name_of(id + 1));
    CHECK(updates.run(*people.session) == kOneEach);
    CHECK(people.name_at(1) == People::name_of(2));
  }
  SECTION("rising keys, each taking the name that the one before gave up") {
    updates.name(1, "somebody");
    for (int id = 2; id <= kCount; ++id)
      updates.name(id, People::name_of(id - 1));
    CHECK(updates.run(*people.session) == kOneEach);
    CHECK(people.name_at(kCount) == People::name_of(kCount - 1));
  }
}

TEST_CASE("one update of a batch that fails undoes all, with its own error") {
  People people;
  Updates updates;
  SECTION("a name that another one has, though only until it is updated itself") {
    for (int id = 1; id <= kCount; ++id)
      updates.name(id, id == kCount ? std::string("somebody") : People::name_of(id + 1));
    const ErrorInfo error = error_of([&] { updates.run(*people.session); });
    CHECK(error.code == ErrorCode::unique_violation);
    CHECK(error.columns == std::vector<std::string>{"name"});
    CHECK(error.statement == "update people");
  }
  SECTION("a value that no column holds") {
    for (int id = 1; id <= kCount; ++id)
      updates.name(id, id == 30 ? std::string("\xff") : "other " + std::to_string(id));
    const ErrorInfo error = error_of([&] { updates.run(*people.session); });
    CHECK(error.code == ErrorCode::data);
    CHECK(error.columns == std::vector<std::string>{"name"});
  }
  CHECK(people.name_at(1) == People::name_of(1));
  CHECK(people.name_at(kCount) == People::name_of(kCount));
}

TEST_CASE("a trigger runs once for each update of a batch") {
  People people;
  people.run("CREATE TABLE seen(id)");
  people.run("CREATE TRIGGER look AFTER UPDATE ON people BEGIN INSERT INTO seen VALUES (new.id); END");
  Updates updates;
  for (int id = 1; id <= kCount; ++id)
    updates.age(id, id);
  CHECK(updates.run(*people.session) == kOneEach);
  CHECK(people.number("SELECT count(*) FROM seen") == kCount);
  CHECK(people.number("SELECT count(DISTINCT id) FROM seen") == kCount);
}

TEST_CASE("updates of a batch within a transaction are undone with it") {
  People people;
  people.session->begin({});
  Updates updates;
  for (int id = 1; id <= kCount; ++id)
    updates.age(id, 5);
  CHECK(updates.run(*people.session) == kOneEach);
  people.session->rollback();
  CHECK(people.ages() == 0);
}

TEST_CASE("what takes the rows of repositories is no function for others") {
  People people;
  const auto cursor = people.session->execute("SELECT tenon_row(id, name) FROM people", {});
  RowBatch batch;
  CHECK_THROWS_AS(cursor->next(batch), Error);
  CHECK(people.number("SELECT count(*) FROM people") == kCount);
}
