// Contract: insert, upsert, update, remove and find.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

struct Notes {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&notes()});
  IRepository& repository = session->repository(notes());

  [[nodiscard]] Rows all() { return select(repository, {.order = {ascending(0)}}); }
};

TEST_CASE("insert: 0, 1, 7, 1000 and 20000 rows, with their keys back in input order") {
  Notes t;
  std::int64_t next = 0;
  for (const std::int64_t count : {0, 1, 7, 1000, 20'000}) {
    CAPTURE(count);
    Rows rows;
    for (std::int64_t i = 0; i < count; ++i)
      rows.push_back(note((next + i) * 7919 % 50'021)); // no order of their own
    const Rows keys = insert(t.repository, {1, 2}, rows, {0, 1});
    REQUIRE(keys.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!(keys[i][1] == rows[i][0])) FAIL("row " << i << " came back as " << keys[i][1]);
    }
    for (std::size_t i = 0; i < rows.size(); i += 1 + rows.size() / 5) {
      CHECK(find(t.repository, 0, {keys[i][0]}) == Rows{{keys[i][0], rows[i][0], rows[i][1]}});
    }
    next += count;
    CHECK(t.repository.count({}) == static_cast<std::uint64_t>(next));
  }
}

TEST_CASE("insert: all rows or none, wherever the bad one stands and however many there are") {
  Notes t;
  add_notes(*t.session, 0, 0);
  for (const std::int64_t count : {2, 10, 3000, 20'000}) {
    for (const bool last : {true, false}) {
      CAPTURE(count, last);
      Rows rows;
      for (std::int64_t n = 1; n < count; ++n)
        rows.push_back(note(n));
      rows.insert(last ? rows.end() : rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2), note(0));
      CHECK_THROWS_AS(insert(t.repository, {1, 2}, rows), IntegrityError);
      CHECK(t.repository.count({}) == 1);
    }
  }
}

TEST_CASE("insert: one row that breaks another's key within the same call fails as a whole") {
  Notes t;
  CHECK_THROWS_AS(insert(t.repository, {1, 2}, {note(1), note(2), note(1)}), IntegrityError);
  CHECK(t.repository.count({}) == 0);
}

TEST_CASE("insert: keys that are given are kept, and generated ones do not meet them later") {
  Notes t;
  insert(t.repository, {0, 1}, {{Value::int64(1000), Value::int64(1)}});
  CHECK(find(t.repository, 0, {Value::int64(1000)}).size() == 1);
  const std::int64_t first = insert(t.repository, {1}, {{Value::int64(2)}}, {0})[0][0].cell().integer;
  const std::int64_t second = insert(t.repository, {1}, {{Value::int64(3)}}, {0})[0][0].cell().integer;
  CHECK(second > first);
}

TEST_CASE("insert: generated keys are not used again after their rows are gone") {
  Notes t;
  const auto add = [&](std::int64_t n) {
    return insert(t.repository, {1}, {{Value::int64(n)}}, {0})[0][0].cell().integer;
  };
  add(1);
  const std::int64_t last = add(2);
  remove(t.repository, {});
  CHECK(add(3) > last);
}

TEST_CASE("insert: columns that are left out are NULL; columns in any order") {
  Notes t;
  const Rows back = insert(t.repository, {1}, {{Value::int64(5)}}, {2, 1});
  CHECK(back == Rows{{Value::null(), Value::int64(5)}});
  CHECK(insert(t.repository, {2, 1}, {{Value::text("x"), Value::int64(6)}}, {1, 2}) ==
        Rows{{Value::int64(6), Value::text("x")}});
  CHECK(insert(t.repository, {1}, {{Value::int64(5)}}).empty()); // nothing was asked back
}

TEST_CASE("insert: a table of the generated key alone") {
  Database database;
  const TableDesc described = table("tickets", {});
  const auto session = database.connect_with({&described});
  IRepository& tickets = session->repository(described);
  const Rows keys = insert(tickets, {}, {{}, {}, {}}, {0});
  REQUIRE(keys.size() == 3);
  CHECK(keys[0][0].cell().integer < keys[2][0].cell().integer);
  CHECK(tickets.count({}) == 3);
}

TEST_CASE("find: by primary, unique and composite keys; absent ones and NULL find nothing") {
  Database database;
  TableDesc described = table(
      "parts", {column("maker", CellType::text), column("number", CellType::int64), nullable("code", CellType::text)});
  described.keys[0].columns = {1, 2};
  described.columns[0] = column("id", CellType::int64);
  described.keys.push_back({"parts_code_key", {3}});
  const auto session = database.connect_with({&described});
  IRepository& parts = session->repository(described);
  const Row one{Value::int64(1), Value::text("x"), Value::int64(10), Value::text("c1")};
  const Row two{Value::int64(2), Value::text("x"), Value::int64(11), Value::null()};
  const Row three{Value::int64(3), Value::text("y"), Value::int64(10), Value::null()};
  insert(parts, {0, 1, 2, 3}, {one, two, three});
  CHECK(find(parts, 0, {Value::text("x"), Value::int64(11)}) == Rows{two});
  CHECK(find(parts, 0, {Value::text("y"), Value::int64(10)}) == Rows{three});
  CHECK(find(parts, 0, {Value::text("y"), Value::int64(11)}).empty());
  CHECK(find(parts, 1, {Value::text("c1")}) == Rows{one});
  CHECK(find(parts, 1, {Value::text("C1")}).empty());
  CHECK(find(parts, 1, {Value::null()}).empty());
}

TEST_CASE("find: its cells stay until the next call on the session") {
  Notes t;
  const std::string text(100'000, 'q');
  insert(t.repository, {1, 2}, {{Value::int64(1), Value::text(text)}});
  const Value key = Value::text(text);
  const Cell cell = key.cell();
  const RowBatch batch = t.repository.find(1, {&cell, 1});
  REQUIRE(batch.rows == 1);
  Database noise; // work of another backend and session changes nothing about them
  add_notes(*noise.connect_with({&notes()}), 1, 100);
  CHECK(owned(batch)[0][2] == key);
}

TEST_CASE("update: counts the rows that matched, changed or not; none is 0") {
  Notes t;
  add_notes(*t.session, 1, 5);
  const Tree above_two = Tree::compare(NodeKind::gt, 1, Value::int64(2));
  CHECK(update(t.repository, above_two, {{1, Value::int64(9)}}) == 3);
  CHECK(update(t.repository, n_is(9), {{1, Value::int64(9)}}) == 3);
  CHECK(update(t.repository, n_is(77), {{1, Value::int64(1)}}) == 0);
  CHECK(update(t.repository, {}, {{1, Value::int64(0)}}) == 5);
  CHECK(update(t.repository, {}, {{2, Value::null()}, {1, Value::int64(1)}}) == 5);
  CHECK(t.repository.count(Tree::test(NodeKind::is_null, 2).filter()) == 5);
}

TEST_CASE("update: one that would break a key changes no row") {
  Notes t;
  add_notes(*t.session, 1, 3);
  const Rows before = t.all();
  CHECK_THROWS_AS(update(t.repository, {}, {{2, Value::text("same")}}), IntegrityError);
  CHECK(t.all() == before);
  CHECK(update(t.repository, n_is(1), {{2, Value::text("note 1")}}) == 1); // its own value is not taken
}

TEST_CASE("remove: counts what it deleted") {
  Notes t;
  add_notes(*t.session, 1, 5);
  CHECK(remove(t.repository, n_is(3)) == 1);
  CHECK(remove(t.repository, n_is(3)) == 0);
  CHECK(remove(t.repository, Tree::compare(NodeKind::le, 1, Value::int64(2))) == 2);
  CHECK(remove(t.repository, {}) == 2);
  CHECK(t.repository.count({}) == 0);
  CHECK_FALSE(t.repository.exists({}));
}

// ---- upsert ---------------------------------------------------------------------------------------------------------

struct Upserts : Notes {
  static constexpr std::uint32_t kByText = 1; // notes_t_key
  bool usable = claimed(database, Capability::upsert, [this] { upsert(repository, {1, 2}, {note(1)}, kByText, {1}); });

  static Row row(std::int64_t n, const char* t) { return {Value::int64(n), Value::text(t)}; }
};

TEST_CASE("upsert: inserts what is new and updates what is there, and returns rows in input order") {
  Upserts t;
  if (!t.usable) return;
  insert(t.repository, {1, 2}, {t.row(1, "a"), t.row(2, "b"), t.row(3, "c")});
  const Rows before = t.all();
  const Rows back =
      upsert(t.repository, {1, 2}, {t.row(30, "c"), t.row(40, "d"), t.row(10, "a")}, t.kByText, {1}, {0, 1, 2});
  REQUIRE(back.size() == 3);
  CHECK(back[0] == Row{before[2][0], Value::int64(30), Value::text("c")});
  CHECK(back[1][2] == Value::text("d"));
  CHECK(back[2] == Row{before[0][0], Value::int64(10), Value::text("a")});
  CHECK(t.repository.count({}) == 4);
  CHECK(find(t.repository, t.kByText, {Value::text("b")})[0][1] == Value::int64(2));
}

TEST_CASE("upsert: with nothing to update it leaves the row as it is, and still returns it") {
  Upserts t;
  if (!t.usable) return;
  const Value id = insert(t.repository, {1, 2}, {t.row(1, "a")}, {0})[0][0];
  const Rows back = upsert(t.repository, {1, 2}, {t.row(9, "z"), t.row(100, "a")}, t.kByText, {}, {0, 1, 2});
  REQUIRE(back.size() == 2);
  CHECK(back[0][1] == Value::int64(9));
  CHECK(back[1] == Row{id, Value::int64(1), Value::text("a")});
  CHECK(upsert(t.repository, {1, 2}, {t.row(100, "a")}, t.kByText, {}).empty());
}

TEST_CASE("upsert: a conflict on another key than the one named is an error, and nothing is stored") {
  Database database;
  TableDesc described = table("doubles", {column("a", CellType::int64), column("b", CellType::int64)});
  described.keys.push_back({"doubles_a_key", {1}});
  described.keys.push_back({"doubles_b_key", {2}});
  const auto session = database.connect_with({&described});
  IRepository& doubles = session->repository(described);
  insert(doubles, {1, 2}, {{Value::int64(1), Value::int64(1)}, {Value::int64(2), Value::int64(2)}});
  const auto wrong = [&] {
    upsert(doubles, {1, 2}, {{Value::int64(7), Value::int64(7)}, {Value::int64(3), Value::int64(1)}}, 1, {2});
  };
  if (!claimed(database, Capability::upsert, wrong)) return;
  CHECK(raised<IntegrityError>(wrong).constraint == "doubles_b_key");
  CHECK(doubles.count({}) == 2);
}

TEST_CASE("upsert: by a composite key, of many rows") {
  Database database;
  TableDesc described = table(
      "settings", {column("scope", CellType::text), column("name", CellType::text), nullable("value", CellType::json)});
  described.keys.push_back({"settings_scope_name_key", {1, 2}});
  const auto session = database.connect_with({&described});
  IRepository& settings = session->repository(described);
  const auto rows = [](const char* value) {
    Rows made;
    for (int i = 0; i < 2500; ++i) {
      made.push_back(
          {Value::text("s" + std::to_string(i % 50)), Value::text("n" + std::to_string(i / 50)), Value::json(value)});
    }
    return made;
  };
  const auto put = [&](const char* value) { return upsert(settings, {1, 2, 3}, rows(value), 1, {3}, {0, 1, 2}); };
  if (!claimed(database, Capability::upsert, [&] { put("1"); })) return;
  const Rows first = put("[1]");
  const Rows second = put("[2]");
  REQUIRE(first.size() == 2500);
  CHECK((first == second)); // the same rows, in the same order
  CHECK(settings.count({}) == 2500);
  CHECK(find(settings, 1, {Value::text("s7"), Value::text("n3")})[0][3] == Value::json("[2]"));
}

} // namespace
} // namespace tenon::contract
