// The typed front over a scripted backend: what each call sends, and what it makes of the answer.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/repository.hpp>
#include <tenon/core/store.hpp>

#include "core_fake.hpp"
#include "core_models.hpp"

namespace tenon {
namespace {

using fake::Player;
using fake::Setting;
using Columns = std::vector<std::uint32_t>;

struct RepositoryTest {
  std::shared_ptr<fake::Script> script = std::make_shared<fake::Script>();
  Store store{std::make_shared<fake::Backend>(script), {}};
  Session session = store.session();
  Repository<Player> players{session};

  void answer(std::int64_t id, const char* nick, bool active) {
    script->rows.push_back({Cell::int64(id), Cell::boolean(active), Cell::timestamp(1), Cell::timestamp(2),
                            Cell::text(nick), Cell::null(), Cell::int64(9), Cell::int64(3)});
  }
  /// The columns compared in the last filter, in order.
  [[nodiscard]] Columns filtered() const {
    Columns columns;
    for (const Node& node : script->filter) {
      if (node.kind == NodeKind::column) columns.push_back(node.column);
    }
    return columns;
  }
};

TEST_CASE_METHOD(RepositoryTest, "create: leaves the key to the database, sets the times, gives the row back") {
  const Timestamp before = now();
  const Player player = players.create({.nick = "a", .team_id = 1});
  CHECK(player.id == 1);
  CHECK(player.nick == "a");
  CHECK(player.created_at >= before);
  CHECK(player.created_at == player.updated_at);
  CHECK(script->write_columns == Columns{1, 2, 3, 4, 5, 6, 7});
  CHECK(script->returning == Columns{0});
}

TEST_CASE_METHOD(RepositoryTest, "create: a key that is given is kept") {
  Player player;
  player.id = 77;
  CHECK(players.create(player).id == 77);
  CHECK(script->write_columns == Columns{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(script->returning.empty());
}

TEST_CASE_METHOD(RepositoryTest, "create_many: in bounded calls, keys in input order; none is no call") {
  CHECK(players.create_many({}).empty());
  CHECK(script->calls().empty());
  const auto made = players.create_many(std::vector<Player>(20'000));
  REQUIRE(made.size() == 20'000);
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i].id != static_cast<std::int64_t>(i + 1)) FAIL("key of row " << i << " is " << made[i].id);
  }
  CHECK(script->insert_sizes == std::vector<std::size_t>{8192, 8192, 3616});
}

TEST_CASE("create_many: one call where there are no transactions, so that it is all or nothing") {
  const auto script = std::make_shared<fake::Script>();
  script->capabilities &= ~static_cast<std::uint64_t>(Capability::transactions);
  Store store(std::make_shared<fake::Backend>(script), {});
  Session session = store.session();
  Repository<Player>{session}.create_many(std::vector<Player>(10'000));
  CHECK(script->insert_sizes == std::vector<std::size_t>{10'000});
}

TEST_CASE_METHOD(RepositoryTest, "create_many: keys that are given and keys that are not do not mix") {
  std::vector<Player> mixed(3);
  mixed[1].id = 5;
  CHECK_THROWS_AS(players.create_many(mixed), ProgrammingError);
}

TEST_CASE_METHOD(RepositoryTest, "find: decodes the row, NULL into an empty optional; hides what is soft-deleted") {
  CHECK_FALSE(players.find(1));
  CHECK_THROWS_AS(players.get(1), NotFound);
  answer(1, "ada", true);
  const auto found = players.find(1);
  REQUIRE(found);
  CHECK(found->nick == "ada");
  CHECK_FALSE(found->motto);
  CHECK(found->team_id == 9);
  CHECK(found->score == 3);
  script->rows.clear();
  answer(1, "ada", false);
  CHECK_FALSE(players.find(1));
  CHECK(players.with_deleted().get(1).nick == "ada");
}

TEST_CASE_METHOD(RepositoryTest, "find_by: a unique member goes by its key, another by a filter") {
  answer(1, "ada", true);
  CHECK(players.find_by<&Player::nick>("ada"));
  CHECK(script->count("find") == 1);
  CHECK(script->key == 1);
  CHECK(players.find_by<&Player::score>(3));
  CHECK(script->count("select") == 1);
  CHECK(script->limit == 1);
  CHECK(script->order.size() == 1); // the key breaks ties
  script->rows.clear();
  CHECK_THROWS_AS(players.get_by<&Player::nick>("ada"), NotFound);
}

TEST_CASE_METHOD(RepositoryTest, "find_by: not-found errors name table and column, never the value") {
  try {
    static_cast<void>(players.get_by<&Player::nick>("s3cret"));
    FAIL("found");
  } catch (const NotFound& error) {
    CHECK(error.table() == "players");
    CHECK(error.columns() == std::vector<std::string>{"nickname"});
    CHECK_THAT(error.what(), !Catch::Contains("s3cret"));
  }
}

TEST_CASE_METHOD(RepositoryTest, "read: NULL for a member that is no optional is DataError that names the column") {
  answer(1, "ada", true);
  script->rows[0][4] = Cell::null();
  CHECK_THROWS_WITH(players.find(1), Catch::Contains("players.nickname"));
  session.rollback(); // the failure has doomed the transaction
  script->rows[0][4] = Cell::int64(1);
  CHECK_THROWS_AS(players.find(1), DataError);
}

TEST_CASE_METHOD(RepositoryTest, "select: hides soft-deleted rows unless asked, in count and exists too") {
  const Columns hidden{described<Player>().column_index("score").value(), detail::kIsActiveColumn};
  const Predicate<Player> wanted = col<&Player::score> > 1;
  static_cast<void>(players.query().where(wanted).all());
  CHECK(filtered() == hidden);
  static_cast<void>(players.count(wanted));
  CHECK(filtered() == hidden);
  static_cast<void>(players.exists(wanted));
  CHECK(filtered() == hidden);
  static_cast<void>(players.remove(wanted));
  CHECK(filtered() == hidden);
  static_cast<void>(players.update(wanted, {set<&Player::score>(0)}));
  CHECK(filtered() == hidden);
  static_cast<void>(players.query().where(wanted).with_deleted().all());
  CHECK(filtered() == Columns{hidden[0]});
  static_cast<void>(players.with_deleted().count(wanted));
  CHECK(filtered() == Columns{hidden[0]});
}

TEST_CASE_METHOD(RepositoryTest, "select: a limit or an offset adds the key to the order, once") {
  static_cast<void>(players.query().order_by(col<&Player::score>.desc()).all());
  CHECK(script->order.size() == 1);
  static_cast<void>(players.query().order_by(col<&Player::score>.desc()).limit(5).all());
  REQUIRE(script->order.size() == 2);
  CHECK(script->order[1].column == detail::kIdColumn);
  static_cast<void>(players.query().order_by(col<&Player::score>.asc()).offset(5).all());
  CHECK(script->order.size() == 2);
  static_cast<void>(players.query().order_by(col<&Player::id>.desc()).offset(5).all());
  REQUIRE(script->order.size() == 1);
  CHECK(script->order[0].descending == 1);
}

TEST_CASE_METHOD(RepositoryTest, "one: exactly one row, else NotFound or ProgrammingError") {
  CHECK_THROWS_AS(players.query().one(), NotFound);
  answer(1, "a", true);
  CHECK(players.query().one().id == 1);
  answer(2, "b", true);
  CHECK_THROWS_AS(players.query().one(), ProgrammingError);
  CHECK(players.query().first()->id == 1);
}

TEST_CASE_METHOD(RepositoryTest, "update: all members but the key and created_at, with a new updated_at") {
  Player player;
  player.id = 4;
  const Player updated = players.update(player);
  CHECK(updated.updated_at > Timestamp{});
  Columns columns;
  for (const Assignment& assignment : script->assignments)
    columns.push_back(assignment.column);
  CHECK(columns == Columns{1, 3, 4, 5, 6, 7});
  CHECK(filtered() == Columns{0, 1});
  script->affected = 0;
  CHECK_THROWS_AS(players.update(player), NotFound);
}

TEST_CASE_METHOD(RepositoryTest, "partial update: the members named and updated_at") {
  players.update(4, {set<&Player::motto>(std::nullopt), set<&Player::score>(5)});
  REQUIRE(script->assignments.size() == 3);
  CHECK(script->assignments[2].column == detail::kUpdatedAtColumn);
  script->affected = 0;
  CHECK_THROWS_AS(players.update(4, {set<&Player::score>(5)}), NotFound);
  CHECK(players.update(col<&Player::score> == 1, {set<&Player::score>(5)}) == 0);
}

TEST_CASE_METHOD(RepositoryTest, "soft_delete sees only what is shown; restore and remove see all") {
  players.soft_delete(4);
  CHECK(filtered() == Columns{0, 1});
  CHECK(script->assignments[0].value.integer == 0);
  players.restore(4);
  CHECK(filtered() == Columns{0});
  CHECK(script->assignments[0].value.integer == 1);
  players.remove(4);
  CHECK(filtered() == Columns{0});
  script->affected = 0;
  CHECK_THROWS_AS(players.soft_delete(4), NotFound);
  CHECK_THROWS_AS(players.restore(4), NotFound);
  CHECK_THROWS_AS(players.remove(4), NotFound);
}

TEST_CASE_METHOD(RepositoryTest, "upsert: by the key named, without touching keys and created_at") {
  answer(8, "ada", true);
  const Player stored = players.upsert<&Player::nick>({.nick = "ada"});
  CHECK(stored.id == 8);
  CHECK(script->key == 1);
  CHECK(script->update_columns == Columns{1, 3, 5, 6, 7});
  CHECK(script->returning.size() == 8);
  CHECK_THROWS_AS(players.upsert<&Player::score>({}), ProgrammingError);
}

TEST_CASE_METHOD(RepositoryTest, "composite keys: one value per member, soft delete plays no part") {
  Repository<Setting> settings{session};
  script->rows.push_back({Cell::text("ui"), Cell::text("theme"), Cell::text("dark")});
  CHECK(settings.get("ui", "theme").value == "dark");
  settings.remove("ui", "theme");
  CHECK(filtered() == Columns{0, 1});
  static_cast<void>(settings.count());
  CHECK(script->filter.empty());
}

TEST_CASE_METHOD(RepositoryTest, "page: asks one row more, and continues behind the last one by the order's values") {
  for (int i = 1; i <= 3; ++i)
    answer(i, "x", true);
  const auto first = players.query().order_by(col<&Player::nick>.desc()).limit(2).page();
  CHECK(script->limit == 3);
  CHECK(first.items.size() == 2);
  REQUIRE_FALSE(first.next.empty());
  script->rows.erase(script->rows.begin(), script->rows.begin() + 2);
  const auto second = players.query().order_by(col<&Player::nick>.desc()).limit(2).page(first.next);
  CHECK(second.items.size() == 1);
  CHECK(second.next.empty());
  const auto has = [&](NodeKind kind) {
    return std::any_of(script->filter.begin(), script->filter.end(),
                       [&](const Node& node) { return node.kind == kind; });
  };
  CHECK(has(NodeKind::lt)); // nick descends
  CHECK(has(NodeKind::gt)); // the key breaks the tie, ascending
  std::vector<std::int64_t> values;
  for (const Node& node : script->filter) {
    if (node.kind == NodeKind::value && node.value.type == CellType::int64) values.push_back(node.value.integer);
  }
  CHECK(values == std::vector<std::int64_t>{2});
}

TEST_CASE_METHOD(RepositoryTest, "page: refused with an offset, with no rows, over a column that may be NULL") {
  CHECK_THROWS_AS(players.query().offset(1).page(), ProgrammingError);
  CHECK_THROWS_AS(players.query().limit(0).page(), ProgrammingError);
  auto by_motto = players.query(); // in one chain it would not compile
  by_motto.order_by(col<&Player::motto>.asc());
  CHECK_THROWS_AS(by_motto.page(), ProgrammingError);
  CHECK_THROWS_AS(players.query().page("nonsense"), DataError);
  CHECK(script->calls().empty());
}

} // namespace
} // namespace tenon
