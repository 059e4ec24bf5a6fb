// Contract: sources: joins and exists. Without the capability they are NotSupported, and malformed ones are refused.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

/// id, name
const TableDesc& teams() {
  static const TableDesc made = table("teams", {column("name", CellType::text)});
  return made;
}
/// id, team_id, name
const TableDesc& players() {
  static const TableDesc made =
      table("players", {nullable("team_id", CellType::int64), column("name", CellType::text)});
  return made;
}
/// id, player_id, points
const TableDesc& goals() {
  static const TableDesc made =
      table("goals", {column("player_id", CellType::int64), column("points", CellType::int64)});
  return made;
}

struct League {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&teams(), &players(), &goals()});
  IRepository& players_of = session->repository(players());
  IRepository& teams_of = session->repository(teams());

  League() {
    insert(teams_of, {1}, {{Value::text("red")}, {Value::text("blue")}, {Value::text("empty")}});
    insert(players_of, {1, 2},
           {{Value::int64(1), Value::text("ann")},
            {Value::int64(1), Value::text("bob")},
            {Value::int64(2), Value::text("cem")},
            {Value::null(), Value::text("dan")}});
    insert(
        session->repository(goals()), {1, 2},
        {{Value::int64(1), Value::int64(3)}, {Value::int64(1), Value::int64(1)}, {Value::int64(3), Value::int64(2)}});
  }

  [[nodiscard]] static JoinedTable team(JoinKind kind) { return {&teams(), 0, kind, {{1, 0}}}; }
  std::vector<std::string> names(IRepository& repository, const Ask& ask, std::size_t column = 0) {
    std::vector<std::string> found;
    for (const Row& row : select(repository, ask))
      found.push_back(row[column].is_null() ? "NULL" : std::string(row[column].cell().bytes()));
    return found;
  }
  /// Names of the players that match, by id.
  std::vector<std::string> players_with(const Tree& filter, const std::vector<JoinedTable>& sources) {
    return names(players_of, {.filter = filter, .order = {ascending(0)}, .outputs = columns({2}), .sources = sources});
  }
  /// Names of the teams that match, by id.
  std::vector<std::string> teams_with(const Tree& filter, const std::vector<JoinedTable>& sources) {
    return names(teams_of, {.filter = filter, .order = {ascending(0)}, .outputs = columns({1}), .sources = sources});
  }
};

using Names = std::vector<std::string>;
Tree text_is(std::uint32_t source, std::uint32_t column, std::string_view text) {
  return Tree::of(NodeKind::eq, {Tree::column(column, source), Tree::value(Value::text(text))});
}

TEST_CASE("joins: without the capability a source is NotSupported") {
  League t;
  if (t.database.can(Capability::joins)) return;
  const std::vector<JoinedTable> team{League::team(JoinKind::inner)};
  const auto sources = sources_of(team);
  const Filter joined{{}, sources};
  CHECK_THROWS_AS(t.players_of.count(joined), NotSupported);
  CHECK_THROWS_AS(t.players_of.exists(joined), NotSupported);
  CHECK_THROWS_AS(t.players_of.remove(joined), NotSupported);
  CHECK_THROWS_AS(t.players_with({}, {League::team(JoinKind::inner)}), NotSupported);
  CHECK(t.players_of.count({}) == 4);
}

TEST_CASE("joins: rows meet their partners, filtered, ordered and given by columns of both") {
  League t;
  if (!t.database.can(Capability::joins)) return;
  const JoinedTable team = League::team(JoinKind::inner);
  CHECK(t.players_with({}, {team}) == Names{"ann", "bob", "cem"});
  CHECK(t.players_with(text_is(1, 1, "red"), {team}) == Names{"ann", "bob"});
  const Ask both{.order = {{1, 1, 0, NullOrder::largest}, {2, 0, 1, NullOrder::largest}},
                 .outputs = {{{1, 1}, Aggregate::none, 0}, {{0, 2}, Aggregate::none, 0}},
                 .sources = {team}};
  CHECK(select(t.players_of, both) == Rows{{Value::text("blue"), Value::text("cem")},
                                           {Value::text("red"), Value::text("bob")},
                                           {Value::text("red"), Value::text("ann")}});
  const std::vector<JoinedTable> tables{team};
  const auto sources = sources_of(tables);
  CHECK(t.players_of.count({{}, sources}) == 3);
  CHECK(t.players_of.exists({text_is(1, 1, "red").nodes(), sources}));
  CHECK_FALSE(t.players_of.exists({text_is(1, 1, "empty").nodes(), sources}));
}

TEST_CASE("joins: a left join keeps rows without a partner, whose columns are NULL") {
  League t;
  if (!t.database.can(Capability::joins)) return;
  const JoinedTable team = League::team(JoinKind::left);
  CHECK(t.players_with({}, {team}) == Names{"ann", "bob", "cem", "dan"});
  CHECK(t.players_with(Tree::of(NodeKind::is_null, {Tree::column(0, 1)}), {team}) == Names{"dan"});
  const Ask by_team{.order = {{1, 1, 1, NullOrder::largest}, {0, 0, 0, NullOrder::largest}},
                    .outputs = {{{1, 1}, Aggregate::none, 0}},
                    .sources = {team}};
  CHECK(t.names(t.players_of, by_team) == Names{"NULL", "red", "red", "blue"}); // NULL is the largest
  // The other way round: a team without players, and one row for each player of the others.
  const JoinedTable member{&players(), 0, JoinKind::left, {{0, 1}}};
  CHECK(t.teams_with({}, {member}) == Names{"red", "red", "blue", "empty"});
}

TEST_CASE("joins: sources are joined to sources, and a table may meet itself") {
  League t;
  if (!t.database.can(Capability::joins)) return;
  const JoinedTable member{&players(), 0, JoinKind::inner, {{0, 1}}};
  const JoinedTable goal{&goals(), 1, JoinKind::inner, {{0, 1}}};
  const Tree many = Tree::of(NodeKind::gt, {Tree::column(2, 2), Tree::value(Value::int64(1))});
  CHECK(t.teams_with(many, {member, goal}) == Names{"red", "blue"});
  const JoinedTable mate{&players(), 0, JoinKind::inner, {{1, 1}}};
  const Tree other = Tree::of(NodeKind::ne, {Tree::column(0), Tree::column(0, 1)});
  CHECK(t.players_with(other, {mate}) == Names{"ann", "bob"});
}

TEST_CASE("exists: looks at related rows without repeating the row") {
  League t;
  if (!t.database.can(Capability::joins)) return;
  const JoinedTable member{&players(), 0, JoinKind::exists, {{0, 1}}};
  CHECK(t.teams_with(Tree::exists(1), {member}) == Names{"red", "blue"});
  CHECK(t.teams_with(Tree::of(NodeKind::negation, {Tree::exists(1)}), {member}) == Names{"empty"});
  CHECK(t.teams_with(Tree::exists(1, {text_is(1, 2, "bob")}), {member}) == Names{"red"});
  CHECK(t.teams_with({}, {member}) == Names{"red", "blue", "empty"}); // one that is not opened changes nothing
  // Two levels, and a condition that looks at all three tables.
  const JoinedTable goal{&goals(), 1, JoinKind::exists, {{0, 1}}};
  const Tree three = Tree::of(NodeKind::eq, {Tree::column(2, 2), Tree::value(Value::int64(3))});
  CHECK(t.teams_with(Tree::exists(1, {Tree::exists(2, {three})}), {member, goal}) == Names{"red"});
  const Tree same = Tree::of(NodeKind::all_of, {Tree::of(NodeKind::lt, {Tree::column(0), Tree::column(2, 2)}),
                                                Tree::of(NodeKind::eq, {Tree::column(0, 1), Tree::column(1, 2)})});
  CHECK(t.teams_with(Tree::exists(1, {Tree::exists(2, {same})}), {member, goal}) == Names{"red"});
  CHECK(t.teams_with(Tree::exists(1, {Tree::of(NodeKind::negation, {Tree::exists(2)})}), {member, goal}) ==
        Names{"red"});
  // A source that is joined within the one that is looked into.
  const JoinedTable joined{&goals(), 1, JoinKind::inner, {{0, 1}}};
  CHECK(t.teams_with(Tree::exists(1, {three}), {member, joined}) == Names{"red"});
}

TEST_CASE("exists: chooses the rows of updates and removes") {
  League t;
  if (!t.database.can(Capability::joins)) return;
  const std::vector<JoinedTable> goal{{&goals(), 0, JoinKind::exists, {{0, 1}}}};
  const auto scorers = sources_of(goal);
  const Tree scored = Tree::exists(1);
  const Assignment renamed = Assignment::of(2, Cell::text("scorer"));
  CHECK(t.players_of.update({{scored.nodes(), scorers}, {&renamed, 1}, {}}) == 2);
  CHECK(t.players_with({}, {}) == Names{"scorer", "bob", "scorer", "dan"});
  CHECK(t.players_of.remove({scored.nodes(), scorers}) == 2);
  CHECK(t.players_with({}, {}) == Names{"bob", "dan"});
  const std::vector<JoinedTable> team{League::team(JoinKind::inner)};
  const auto joined = sources_of(team);
  CHECK_THROWS_AS(t.players_of.remove({{}, joined}), ProgrammingError);
  CHECK_THROWS_AS(t.players_of.update({{{}, joined}, {&renamed, 1}, {}}), ProgrammingError);
}

TEST_CASE("joins: malformed sources are refused, whoever sends them") {
  League t;
  if (!t.database.can(Capability::joins)) return;
  const auto refused = [&](const Tree& filter, const std::vector<JoinedTable>& sources) {
    CHECK_THROWS_AS(t.players_with(filter, sources), ProgrammingError);
  };
  refused({}, {{&teams(), 1, JoinKind::inner, {{1, 0}}}});                                // its own parent
  refused({}, {{&teams(), 2, JoinKind::inner, {{1, 0}}}, League::team(JoinKind::inner)}); // a cycle, or a later parent
  refused({}, {{&teams(), 7, JoinKind::inner, {{1, 0}}}});                                // no such parent
  refused({}, {{&teams(), 0, JoinKind::inner, {}}});                                      // joined on nothing
  refused({}, {{&teams(), 0, JoinKind::inner, {{99, 0}}}});                               // no such column
  refused({}, {{&teams(), 0, JoinKind::inner, {{1, 99}}}});
  refused({}, {{&teams(), 0, JoinKind::inner, {{2, 0}}}});       // a text and an integer
  refused(text_is(2, 1, "x"), {League::team(JoinKind::inner)});  // no such source
  refused(text_is(1, 9, "x"), {League::team(JoinKind::inner)});  // no such column of it
  refused(text_is(1, 1, "x"), {League::team(JoinKind::exists)}); // not open there
  refused(Tree::exists(1), {League::team(JoinKind::inner)});     // not for that
  refused(Tree::exists(0), {League::team(JoinKind::exists)});
  refused(Tree::exists(9), {League::team(JoinKind::exists)});
  refused(Tree::exists(1, {Tree::exists(1)}), {League::team(JoinKind::exists)}); // within itself
  refused(Tree::exists(2),
          {League::team(JoinKind::exists), {&players(), 1, JoinKind::exists, {{0, 1}}}}); // its parent is shut
  refused({}, std::vector<JoinedTable>(33, League::team(JoinKind::left)));
  CHECK_THROWS_AS(t.players_with({}, {{&teams(), 0, static_cast<JoinKind>(3), {{1, 0}}}}), NotSupported);
  const Source nothing{nullptr, 0, JoinKind::inner, {}};
  CHECK_THROWS_AS(t.players_of.count({{}, {&nothing, 1}}), ProgrammingError);
  const Ask outside{.outputs = {{{3, 0}, Aggregate::none, 0}}, .sources = {League::team(JoinKind::inner)}};
  CHECK_THROWS_AS(select(t.players_of, outside), ProgrammingError);
  const Ask shut{.outputs = {{{1, 0}, Aggregate::none, 0}}, .sources = {League::team(JoinKind::exists)}};
  CHECK_THROWS_AS(select(t.players_of, shut), ProgrammingError);
  CHECK(t.players_of.count({}) == 4);
}

} // namespace
} // namespace tenon::contract
