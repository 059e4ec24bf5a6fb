// Writes over a scripted backend: versions, changed members, keys of the client, batches.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/batch.hpp>
#include <tenon/core/repository.hpp>
#include <tenon/core/store.hpp>

#include "core_fake.hpp"
#include "core_models.hpp"
#include "core_ranges.hpp"

namespace tenon {
namespace {

using fake::Document;
using fake::Event;
using fake::Player;
using fake::Setting;
using Columns = std::vector<std::uint32_t>;

constexpr std::uint32_t kTitle = 5, kVersion = 10;

struct WriteTest {
  std::shared_ptr<fake::Script> script = std::make_shared<fake::Script>();
  Store store{std::make_shared<fake::Backend>(script), {}};
  Session session = store.session();
  Repository<Player> players{session};
  Repository<Document> documents{session};

  [[nodiscard]] Columns assigned() const {
    Columns columns;
    for (const Assignment& one : script->assignments)
      columns.push_back(one.column);
    return columns;
  }
  [[nodiscard]] bool filters_by(std::uint32_t column) const {
    return std::any_of(script->filter.begin(), script->filter.end(),
                       [&](const Node& node) { return node.kind == NodeKind::column && node.column == column; });
  }
};

TEST_CASE_METHOD(WriteTest, "version: an update checks what was read and raises it") {
  Document document{.title = "t", .version = 4};
  document.id = 9;
  const Document written = documents.update(document);
  CHECK(written.version == 5);
  CHECK(filters_by(kVersion));
  const auto version = std::find_if(script->assignments.begin(), script->assignments.end(),
                                    [](const Assignment& one) { return one.column == kVersion; });
  REQUIRE(version != script->assignments.end());
  CHECK(version->value.integer == 5);
}

TEST_CASE_METHOD(WriteTest, "version: no row is StaleData if it is there, NotFound if not") {
  Document document;
  document.id = 9;
  script->affected = 0;
  CHECK_THROWS_AS(documents.update(document), NotFound);
  script->during("exists", [this] { script->affected = 1; });
  try {
    documents.update(document);
    FAIL("written");
  } catch (const StaleData& error) {
    CHECK(error.table() == "documents");
    CHECK(error.columns() == std::vector<std::string>{"id"});
    CHECK(error.retryable());
  }
  CHECK_NOTHROW(session.commit()); // the database saw no error
}

TEST_CASE_METHOD(WriteTest, "version: partial updates raise it in the database, unless they set it") {
  documents.update(9, {set<&Document::title>("x")});
  CHECK(script->expressions.size() == 3); // version + 1
  CHECK(assigned() == Columns{kTitle, detail::kUpdatedAtColumn, kVersion});
  documents.update(9, {set<&Document::version>(1)});
  CHECK(script->expressions.empty());
}

TEST_CASE_METHOD(WriteTest, "update_changed: only what differs, and nothing if nothing does") {
  Player before{.nick = "a", .motto = "m", .team_id = 1, .score = 2};
  before.id = 3;
  Player after = before;
  const auto statements = session.statements();
  const Player same = players.update_changed(before, after);
  CHECK(session.statements() == statements);
  CHECK(same.updated_at == before.updated_at);
  after.motto.reset();
  after.score = 5;
  const Player written = players.update_changed(before, after);
  CHECK(assigned() == Columns{detail::kUpdatedAtColumn, 5, 7});
  CHECK(written.updated_at > before.updated_at);
  after.id = 4;
  CHECK_THROWS_AS(players.update_changed(before, after), ProgrammingError);

  Document read{.title = "t", .version = 8};
  Document changed = read;
  changed.title = "u";
  changed.version = 0; // what was read counts
  documents.update_changed(read, changed);
  const auto asked = std::find_if(script->filter.begin(), script->filter.end(), [](const Node& node) {
    return node.kind == NodeKind::value && node.value.type == CellType::int64 && node.value.integer == 8;
  });
  CHECK(asked != script->filter.end());
}

TEST_CASE_METHOD(WriteTest, "update: values computed from the row's own") {
  CHECK(players.update(col<&Player::score> < 5, {set<&Player::score>(col<&Player::score> + 1)}) == 1);
  REQUIRE(script->assignments[0].nodes == 3);
  CHECK(script->expressions[0].kind == NodeKind::add);
}

TEST_CASE_METHOD(WriteTest, "find_many: one statement, rows in the order of the keys, missing ones left out") {
  const auto row = [](std::int64_t id) {
    return std::vector<Cell>{Cell::int64(id), Cell::boolean(true), Cell::timestamp(1), Cell::timestamp(2),
                             Cell::text("n"), Cell::null(),        Cell::int64(1),     Cell::int64(0)};
  };
  script->rows = {row(1), row(2), row(3)};
  const auto statements = session.statements();
  const auto found = players.find_many(std::vector<std::int64_t>{3, 9, 1, 3, 2});
  CHECK(session.statements() == statements + 1);
  std::vector<std::int64_t> ids;
  for (const Player& player : found)
    ids.push_back(player.id);
  CHECK(ids == std::vector<std::int64_t>{3, 1, 3, 2});
  CHECK(players.find_many(std::vector<std::int64_t>{}).empty());
  CHECK(session.statements() == statements + 1); // of no keys, no statement
}

TEST_CASE_METHOD(WriteTest, "find_many: keys that their range makes on the way") {
  const Uuid one{{1}};
  const Uuid two{{2}};
  script->rows = {{Cell::uuid(two.data), Cell::text("two")}, {Cell::uuid(one.data), Cell::text("one")}};
  const auto found = Repository<Event>{session}.find_many(fake::MadeOnTheWay<Uuid>({one, two}));
  REQUIRE(found.size() == 2);
  CHECK(found[0].what == "one");
  CHECK(found[1].what == "two");
}

TEST_CASE_METHOD(WriteTest, "find_many: composite keys are tuples") {
  Repository<Setting> settings{session};
  script->rows = {{Cell::text("ui"), Cell::text("theme"), Cell::text("dark")}};
  using Key = std::tuple<const char*, std::string>;
  const auto found = settings.find_many(std::vector<Key>{{"db", "x"}, {"ui", "theme"}});
  REQUIRE(found.size() == 1);
  CHECK(found[0].value == "dark");
  CHECK(script->filter[0].kind == NodeKind::any_of);
}

TEST_CASE_METHOD(WriteTest, "keys of the client: a nil UUID gets one, another stays") {
  Repository<Event> events{session};
  const Event made = events.create({.what = "x"});
  CHECK_FALSE(made.id.is_nil());
  CHECK(script->write_columns == Columns{0, 1});
  CHECK(script->returning.empty());
  CHECK(events.create(made).id == made.id);
}

TEST_CASE_METHOD(WriteTest, "batch: creates of one model go together, everything in order") {
  Batch batch = session.batch();
  for (int i = 0; i < 3; ++i)
    batch.create(Player{.nick = std::string(40, static_cast<char>('a' + i))});
  batch.create(Event{.what = "e"}).create(Player{.nick = "last"});
  batch.update(col<&Player::score> == 1, {set<&Player::score>(col<&Player::score> + 1)});
  Document document{.version = 3};
  batch.update(document).remove<Player>(7).remove(col<&Player::score> == 0);
  CHECK(batch.size() == 9);
  std::vector<std::size_t> rows;
  std::vector<BatchKind> kinds;
  const auto affected = batch.run();
  for (const BatchItem& item : script->batch) {
    kinds.push_back(item.kind);
    rows.push_back(item.rows.rows);
  }
  CHECK(kinds == std::vector<BatchKind>{BatchKind::insert, BatchKind::insert, BatchKind::insert, BatchKind::update,
                                        BatchKind::update, BatchKind::remove, BatchKind::remove});
  CHECK(rows == std::vector<std::size_t>{3, 1, 1, 0, 0, 0, 0});
  CHECK(affected == std::vector<std::uint64_t>(9, 1));
  CHECK(batch.size() == 0);
  CHECK(batch.run().empty());
  CHECK(script->count("batch") == 1);
}

TEST_CASE_METHOD(WriteTest,
                 "batch: an update of a value that finds no row is NotFound, one of another version StaleData") {
  script->affected = 0;
  Batch batch = session.batch();
  Player player;
  player.id = 1;
  batch.update(player);
  CHECK_THROWS_AS(batch.run(), NotFound);
  Document document{.version = 3};
  document.id = 9;
  batch.update(document);
  CHECK_THROWS_AS(batch.run(), NotFound); // nothing there, of whatever version
  script->during("exists", [this] { script->affected = 1; });
  batch.update(document);
  CHECK_THROWS_AS(batch.run(), StaleData);
  CHECK_FALSE(filters_by(kVersion));
}

} // namespace
} // namespace tenon
