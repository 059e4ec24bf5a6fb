// Relations over a scripted backend: one statement each, what it asks, and what is made of the answer.

#include <memory>
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
using fake::Team;

struct RelationTest {
  std::shared_ptr<fake::Script> script = std::make_shared<fake::Script>();
  Store store{std::make_shared<fake::Backend>(script), {}};
  Session session = store.session();
  Repository<Player> players{session};
  Repository<Team> teams{session};

  static std::vector<Cell> team_row(std::int64_t id, const char* name) {
    return {Cell::int64(id), Cell::boolean(true), Cell::timestamp(1), Cell::timestamp(2), Cell::text(name)};
  }
  static std::vector<Cell> player_row(std::int64_t id, const char* nick, std::int64_t team) {
    return {Cell::int64(id),  Cell::boolean(true), Cell::timestamp(1), Cell::timestamp(2),
            Cell::text(nick), Cell::null(),        Cell::int64(team),  Cell::int64(0)};
  }
  /// The values of the only `in` of the last filter.
  [[nodiscard]] std::vector<std::int64_t> asked() const {
    std::vector<std::int64_t> values;
    for (const Node& node : script->filter) {
      if (node.kind == NodeKind::value && node.value.type == CellType::int64) values.push_back(node.value.integer);
    }
    return values;
  }
};

TEST_CASE_METHOD(RelationTest, "a relation that was not loaded raises NotLoaded, whatever is asked of it") {
  const Player player;
  CHECK_FALSE(player.team.loaded());
  CHECK_THROWS_AS(player.team.get(), NotLoaded);
  CHECK_THROWS_AS(player.team.find(), ProgrammingError); // which NotLoaded is
  CHECK_THROWS_AS(static_cast<bool>(player.team), NotLoaded);
  CHECK_THROWS_AS(player.medals.get(), NotLoaded);
  CHECK_THROWS_AS(player.medals.size(), NotLoaded);
  CHECK_THROWS_WITH(player.team->name, Catch::Contains("with<&Type::relation>()"));
}

TEST_CASE_METHOD(RelationTest, "belongs_to: one statement for the distinct keys; rows without a partner have none") {
  std::vector<Player> rows(4);
  rows[0].team_id = rows[2].team_id = 7;
  rows[1].team_id = 8;
  rows[3].team_id = 9;
  script->rows = {team_row(7, "seven"), team_row(9, "nine")};
  const auto before = session.statements();
  players.load<&Player::team>(rows);
  CHECK(session.statements() == before + 1);
  CHECK(asked() == std::vector<std::int64_t>{7, 8, 9});
  CHECK(rows[0].team->name == "seven");
  CHECK(&rows[0].team.get() == &rows[2].team.get()); // shared, not copied
  CHECK(rows[3].team.get().name == "nine");
  CHECK(rows[1].team.loaded());
  CHECK_FALSE(rows[1].team);
  CHECK_THROWS_AS(rows[1].team.get(), NotFound);
}

TEST_CASE_METHOD(RelationTest, "has_many: rows go to their parents, in the order in which they come") {
  script->rows = {player_row(1, "a", 7), player_row(2, "b", 8), player_row(3, "c", 7)};
  std::vector<Team> rows(3);
  rows[0].id = 7;
  rows[1].id = 8;
  rows[2].id = 9;
  teams.load<&Team::players>(rows);
  REQUIRE(rows[0].players.size() == 2);
  CHECK(rows[0].players[1].nick == "c");
  CHECK(rows[1].players.size() == 1);
  CHECK(rows[2].players.empty());
  REQUIRE(script->order.size() == 1);
  CHECK(script->order[0].column == detail::kIdColumn);
  const auto hides = [](const Node& node) { return node.kind == NodeKind::column && node.column == 1; };
  CHECK(std::any_of(script->filter.begin(), script->filter.end(), hides)); // soft-deleted players are no players
}

TEST_CASE_METHOD(RelationTest, "many_to_many: joins the link and asks its key behind the row's own columns") {
  script->rows = {{Cell::int64(50), Cell::boolean(true), Cell::timestamp(1), Cell::timestamp(2), Cell::text("gold"),
                   Cell::int64(1)},
                  {Cell::int64(50), Cell::boolean(true), Cell::timestamp(1), Cell::timestamp(2), Cell::text("gold"),
                   Cell::int64(2)}};
  std::vector<Player> rows(2);
  rows[0].id = 1;
  rows[1].id = 2;
  const auto before = session.statements();
  players.load<&Player::medals>(rows);
  CHECK(session.statements() == before + 1);
  REQUIRE(script->sources.size() == 1);
  CHECK(script->sources[0].table == &described<fake::Award>());
  CHECK(script->sources[0].kind == JoinKind::inner);
  REQUIRE(script->outputs.size() == 6);
  CHECK(script->outputs[5].column == ColumnRef{1, 0});
  CHECK(rows[0].medals[0].title == "gold");
  CHECK(rows[1].medals.size() == 1);
}

TEST_CASE_METHOD(RelationTest, "with: loads behind the query, one statement for each relation, nested ones too") {
  script->rows = {team_row(7, "seven")};
  int selects = 0;
  script->during("select", [&] { // the answer does not fit players: nobody plays, so there is nothing more to load
    if (++selects > 1) script->rows.clear();
  });
  const auto before = session.statements();
  const auto found = teams.query().with<&Team::players, &Player::team, &Player::medals>().all();
  CHECK(found.size() == 1);
  CHECK(session.statements() == before + 2);
}

TEST_CASE_METHOD(RelationTest, "with: no rows, no further statement; streams refuse it") {
  const auto before = session.statements();
  CHECK(teams.query().with<&Team::players>().all().empty());
  CHECK(session.statements() == before + 1);
  CHECK_THROWS_AS(teams.query().with<&Team::players>().stream(), ProgrammingError);
}

TEST_CASE_METHOD(RelationTest, "relations play no part in comparing and are copied with the row") {
  Player a, b;
  b.team.assign(std::make_shared<Team>());
  CHECK(a.team == b.team);
  const Player copy = b;
  CHECK(&copy.team.get() == &b.team.get());
}

} // namespace
} // namespace tenon
