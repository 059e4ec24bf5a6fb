// Queries over a scripted backend: what each step puts into the query.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/repository.hpp>
#include <tenon/core/sql_query.hpp>
#include <tenon/core/store.hpp>

#include "core_fake.hpp"
#include "core_models.hpp"

namespace tenon::select_test {
struct NickAndScore {
  std::string nick;
  int score = 0;
};
BOOST_DESCRIBE_STRUCT(NickAndScore, (), (nick, score))
} // namespace tenon::select_test

namespace tenon {
namespace {

using fake::Document;
using fake::Player;
using fake::Team;

constexpr std::uint32_t kNick = 4, kTeamId = 6, kScore = 7;

struct SelectTest {
  std::shared_ptr<fake::Script> script = std::make_shared<fake::Script>();
  Store store{std::make_shared<fake::Backend>(script), {}};
  Session session = store.session();
  Repository<Player> players{session};

  [[nodiscard]] std::size_t filtered(std::uint32_t source, std::uint32_t column) const {
    return static_cast<std::size_t>(std::count_if(script->filter.begin(), script->filter.end(), [&](const Node& node) {
      return node.kind == NodeKind::column && node.source == source && node.column == column;
    }));
  }
};

bool is(const Output& output, std::uint32_t source, std::uint32_t column, Aggregate aggregate = Aggregate::none) {
  return output.column == ColumnRef{source, column} && output.aggregate == aggregate;
}

TEST_CASE_METHOD(SelectTest, "projection: tuples and structs ask only their columns") {
  script->rows = {{Cell::text("ada"), Cell::int64(3)}};
  const auto tuples = players.query().select<&Player::nick, &Player::score>().all();
  REQUIRE(script->outputs.size() == 2);
  CHECK(is(script->outputs[0], 0, kNick));
  CHECK(is(script->outputs[1], 0, kScore));
  CHECK(tuples == std::vector<std::tuple<std::string, int>>{{"ada", 3}});
  const auto structs = players.query().into<select_test::NickAndScore>().all();
  CHECK(is(script->outputs[1], 0, kScore));
  CHECK(structs[0].nick == "ada");
  CHECK(players.query().select<&Player::nick, &Player::score>().into<select_test::NickAndScore>().one().score == 3);
}

TEST_CASE_METHOD(SelectTest, "projection: NULL where the member is no optional is DataError that names the place") {
  script->rows = {{Cell::null()}};
  CHECK_THROWS_WITH((players.query().select<&Player::nick>().all()), Catch::Contains("output 1"));
}

TEST_CASE_METHOD(SelectTest, "joins: conditions, orders and outputs of the other model go to its source") {
  script->rows = {{Cell::int64(1), Cell::text("reds")}};
  const auto rows = players.query()
                        .join<&Player::team>()
                        .where(col<&Team::name> == "reds")
                        .where(col<&Player::score> > 1)
                        .order_by(col<&Team::name>.desc(), col<&Player::nick>.asc())
                        .select<&Player::id, &Team::name>()
                        .all();
  CHECK(std::get<1>(rows[0]) == "reds");
  REQUIRE(script->sources.size() == 1);
  CHECK(script->sources[0].table == &described<Team>());
  CHECK(filtered(1, 4) == 1); // the team's name
  CHECK(filtered(0, kScore) == 1);
  CHECK(filtered(0, 1) == 1); // active players
  CHECK(filtered(1, 1) == 1); // of active teams
  CHECK(script->order[0].source == 1);
  CHECK(script->order[1].source == 0);
  CHECK(is(script->outputs[1], 1, 4));
  CHECK_THROWS_AS(players.query().where(col<&Team::name> == "x"), ProgrammingError); // not joined
}

TEST_CASE_METHOD(SelectTest, "joins: conditions behind an exists keep its source, once") {
  static_cast<void>(players.query()
                        .where(exists<&Player::medals>())
                        .join<&Player::team>()
                        .where(col<&Team::name> == "reds")
                        .where(exists<&Player::team>(col<&Team::name> != "x"))
                        .count());
  std::vector<JoinKind> kinds;
  for (const Source& source : script->sources)
    kinds.push_back(source.kind);
  CHECK(kinds == std::vector<JoinKind>{JoinKind::exists, JoinKind::exists, JoinKind::inner, JoinKind::exists});
  CHECK(filtered(3, 4) == 1);
  CHECK(filtered(4, 4) == 1);
}

TEST_CASE_METHOD(SelectTest, "joined(): a condition that brings its join, also inside of others") {
  static_cast<void>(players.count(col<&Player::score> == 1 || joined<&Player::team>(col<&Team::name> == "reds")));
  REQUIRE(script->sources.size() == 1);
  CHECK(filtered(1, 4) == 1);
}

TEST_CASE_METHOD(SelectTest, "exists: filters of the related model go into it") {
  Repository<Team> teams{session};
  static_cast<void>(teams.query().where(exists<&Team::players>(col<&Player::score> > 5)).all());
  CHECK(filtered(1, kScore) == 1);
  CHECK(filtered(1, 1) == 1);
  const auto opened = std::find_if(script->filter.begin(), script->filter.end(),
                                   [](const Node& node) { return node.kind == NodeKind::exists; });
  REQUIRE(opened != script->filter.end());
  CHECK(opened->children == 1);
  static_cast<void>(teams.query().where(exists<&Team::players>()).with_deleted().all());
  CHECK(filtered(1, 1) == 0);
}

TEST_CASE_METHOD(SelectTest, "aggregates: over all rows, empty of none") {
  script->rows = {{Cell::int64(12)}};
  CHECK(players.query().sum<&Player::score>() == 12);
  CHECK(is(script->outputs[0], 0, kScore, Aggregate::sum));
  script->rows = {{Cell::null()}};
  CHECK_FALSE(players.query().max<&Player::score>());
  CHECK_FALSE(players.query().avg<&Player::score>());
  script->rows = {{Cell::int64(4), Cell::int64(2), Cell::null()}};
  const auto [rows, teams, least] =
      players.query().select(count(), count_distinct<&Player::team_id>(), min<&Player::score>()).one();
  CHECK(rows == 4);
  CHECK(teams == 2);
  CHECK_FALSE(least);
  CHECK(script->outputs[1].distinct == 1);
  CHECK(script->outputs[1].aggregate == Aggregate::count);
}

TEST_CASE_METHOD(SelectTest, "groups: keys, aggregates, having and order by what they give") {
  script->rows = {{Cell::int64(7), Cell::int64(3), Cell::int64(30)}};
  const auto rows = players.query()
                        .group_by<&Player::team_id>()
                        .having(count() > 2 && max<&Player::score>() < 100)
                        .select(key<&Player::team_id>, count(), sum<&Player::score>())
                        .order_by(count().desc(), key<&Player::team_id>.asc())
                        .limit(5)
                        .all();
  CHECK(rows == std::vector<std::tuple<std::int64_t, std::uint64_t, std::int64_t>>{{7, 3, 30}});
  CHECK(script->group == std::vector<ColumnRef>{{0, kTeamId}});
  REQUIRE(script->outputs.size() == 4); // the one of having behind those that are read
  CHECK(is(script->outputs[3], 0, kScore, Aggregate::max));
  CHECK(script->order.size() == 2); // the key is in the order already
  CHECK(script->order[0].source == kOutputSource);
  CHECK(script->order[0].column == 1);
  std::vector<std::uint32_t> outputs;
  for (const Node& node : script->having) {
    if (node.kind == NodeKind::output) outputs.push_back(node.column);
  }
  CHECK(outputs == std::vector<std::uint32_t>{1, 3});
  CHECK_THROWS_AS(players.query().group_by<&Player::team_id>().select(count()).order_by(max<&Player::score>().asc()),
                  ProgrammingError);
}

TEST_CASE_METHOD(SelectTest, "distinct: ordered by its outputs, in a limit by all of them") {
  static_cast<void>(players.query()
                        .order_by(col<&Player::score>.desc())
                        .select<&Player::team_id, &Player::score>()
                        .distinct()
                        .limit(3)
                        .all());
  CHECK(script->distinct);
  REQUIRE(script->order.size() == 2);
  CHECK(script->order[0].source == kOutputSource);
  CHECK(script->order[0].column == 1);
  CHECK(script->order[1].column == 0);
  CHECK_THROWS_AS(players.query().order_by(col<&Player::score>.asc()).select<&Player::nick>().distinct().all(),
                  ProgrammingError);
  CHECK_THROWS_AS(players.query().distinct().count(), ProgrammingError);
}

TEST_CASE_METHOD(SelectTest, "locks and explain") {
  static_cast<void>(players.query().for_update_skip_locked().first());
  CHECK(script->row_lock == RowLock::update_skip_locked);
  static_cast<void>(players.query().for_share().all());
  CHECK(script->row_lock == RowLock::share);
  script->rows = {{Cell::text("Seq Scan")}};
  CHECK(players.query().explain() == "Seq Scan\n");
}

TEST_CASE_METHOD(SelectTest, "stream: rows one after another; the session waits for its end") {
  const auto row = [](std::int64_t id) {
    return std::vector<Cell>{Cell::int64(id), Cell::boolean(true), Cell::timestamp(1), Cell::timestamp(2),
                             Cell::text("n"), Cell::null(),        Cell::int64(1),     Cell::int64(0)};
  };
  script->rows = {row(1), row(2), row(3)};
  script->batch_rows = GENERATE(1, 2);
  std::vector<std::int64_t> ids;
  for (Player& player : players.query().stream()) {
    ids.push_back(player.id);
    CHECK_THROWS_AS(players.count(), ProgrammingError);
    CHECK_THROWS_AS(session.commit(), ProgrammingError);
  }
  CHECK(ids == std::vector<std::int64_t>{1, 2, 3});
  CHECK_NOTHROW(players.count());
  {
    auto stream = players.query().stream();
    CHECK(stream.begin()->id == 1);
  } // left in the middle
  CHECK_NOTHROW(players.count());
  auto stream = players.query().stream();
  auto at = stream.begin();
  session.rollback();
  CHECK_THROWS_AS(++at, ProgrammingError); // it ended with its transaction
  CHECK_NOTHROW(players.count());
}

TEST_CASE_METHOD(SelectTest, "filters: a model's own is part of all, and switched off by name") {
  Repository<Document> documents{session};
  constexpr std::uint32_t kPublished = 9;
  static_cast<void>(documents.count());
  CHECK(filtered(0, kPublished) == 1);
  static_cast<void>(documents.query().without_filter("published").count());
  CHECK(filtered(0, kPublished) == 0);
  CHECK(filtered(0, 1) == 1);
  static_cast<void>(documents.find(1));
  CHECK(script->count("find") == 0); // the database evaluates it
  CHECK(filtered(0, kPublished) == 1);
}

TEST_CASE_METHOD(SelectTest, "filters: one of the session is in everything, and in what is written") {
  Repository<Document> documents{session};
  constexpr std::uint32_t kTenant = 4;
  session.set_filter("tenant", col<&Document::tenant_id> == 5);
  static_cast<void>(documents.count());
  CHECK(filtered(0, kTenant) == 1);
  static_cast<void>(documents.find(1));
  CHECK(filtered(0, kTenant) == 1);
  static_cast<void>(documents.find_many({1, 2}));
  CHECK(filtered(0, kTenant) == 1);
  static_cast<void>(documents.remove(Predicate<Document>()));
  CHECK(filtered(0, kTenant) == 1);
  documents.update(1, {set<&Document::title>("x")});
  CHECK(filtered(0, kTenant) == 1);
  static_cast<void>(documents.update(Predicate<Document>(), {set<&Document::title>("x")}));
  CHECK(filtered(0, kTenant) == 1);
  documents.soft_delete(1);
  CHECK(filtered(0, kTenant) == 1);
  documents.remove(1);
  CHECK(filtered(0, kTenant) == 1);

  CHECK_NOTHROW(documents.create({.tenant_id = 5}));
  CHECK_THROWS_AS(documents.create({.tenant_id = 6}), ProgrammingError);
  CHECK_THROWS_AS(documents.create_many({{.tenant_id = 5}, {.tenant_id = 6}}), ProgrammingError);
  CHECK_THROWS_AS(documents.update(Document{.tenant_id = 6}), ProgrammingError);
  CHECK_THROWS_AS(documents.update(1, {set<&Document::tenant_id>(6)}), ProgrammingError);
  CHECK_NOTHROW(documents.without_filter("tenant").create({.tenant_id = 6}));

  static_cast<void>(documents.query().without_filter("tenant").count());
  CHECK(filtered(0, kTenant) == 0);
  session.clear_filter<Document>("tenant");
  static_cast<void>(documents.count());
  CHECK(filtered(0, kTenant) == 0);
}

TEST_CASE_METHOD(SelectTest, "filters: one of the store is in every session made from then on") {
  store.set_filter("quiet", col<&Player::score> < 5, FilterWrites::leave);
  static_cast<void>(players.count());
  CHECK(filtered(0, kScore) == 0); // this session was there before
  store.transaction([&](Session& later) {
    Repository<Player> others{later};
    static_cast<void>(others.count());
    CHECK(filtered(0, kScore) == 1);
    CHECK_NOTHROW(others.create({.score = 9}));
    later.clear_filter<Player>("quiet");
    static_cast<void>(others.count());
    CHECK(filtered(0, kScore) == 0);
  });
}

TEST_CASE_METHOD(SelectTest, "sql: parameters are bound, rows come typed, or the error says why not") {
  script->rows = {{Cell::int64(1), Cell::text("2024-02-29 12:00:00.5"), Cell::null()}};
  const auto rows = session.sql("select $1", 5, "x", std::nullopt, std::optional<int>())
                        .all<std::tuple<bool, Timestamp, std::optional<int>>>();
  CHECK(script->sql == "select $1");
  REQUIRE(script->parameters.size() == 4);
  CHECK(script->parameters[0].integer == 5);
  CHECK(script->parameters[1].bytes() == "x");
  CHECK(script->parameters[2].is_null());
  CHECK(script->parameters[3].is_null());
  CHECK(std::get<0>(rows[0]));
  CHECK(std::get<1>(rows[0]).time_since_epoch().count() == 1'709'208'000'500'000);
  CHECK_THROWS_AS(session.sql("x").one<int>(), ProgrammingError); // three columns
  session.rollback();                                             // a failed call dooms the transaction
  script->rows = {{Cell::text("abc")}};
  CHECK(session.sql("x").one<std::string>() == "abc");
  CHECK_THROWS_AS(session.sql("x").one<int>(), DataError);
  session.rollback();
  script->rows = {{Cell::decimal("9007199254740993")}};
  CHECK(session.sql("x").one<std::int64_t>() == 9'007'199'254'740'993);
  script->rows.clear();
  CHECK_THROWS_AS(session.sql("x").one<int>(), NotFound);
  CHECK_FALSE(session.sql("x").first<int>());
}

TEST_CASE_METHOD(SelectTest, "page: an optional member in the order is no page, also at run time") {
  CHECK_THROWS_AS(players.query().order_by(OrderBy<Player>(col<&Player::motto>.asc())).page(), ProgrammingError);
  CHECK_THROWS_AS(players.query().join<&Player::team>().order_by(col<&Team::name>.asc()).page(), ProgrammingError);
}

} // namespace
} // namespace tenon
