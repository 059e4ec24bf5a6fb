// A session's filters over a scripted backend: what they let be written, and what they add to a statement.

#include <cstdint>
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

using fake::Document;
using fake::Player;
using fake::Setting;
using fake::Team;

struct FilterTest {
  std::shared_ptr<fake::Script> script = std::make_shared<fake::Script>();
  Store store{std::make_shared<fake::Backend>(script), {}};
  Session session = store.session();
  Repository<Player> players{session};
  Repository<Setting> settings{session};

  /// Whether a player with these texts may be created.
  bool passes(const Predicate<Player>& filter, const char* nick, std::optional<std::string> motto = {}) {
    session.set_filter("mine", filter);
    try {
      players.create({.nick = nick, .motto = std::move(motto)});
      return true;
    } catch (const ProgrammingError&) {
      return false;
    }
  }
  /// Whether the last filter is one tree: each node has its children, and nothing is left.
  [[nodiscard]] bool is_whole() const {
    std::uint32_t open = 1;
    for (const Node& node : script->filter) {
      if (open == 0) return false;
      open += node.children;
      --open;
    }
    return open == 0;
  }
  [[nodiscard]] std::vector<std::uint32_t> children_of(NodeKind kind) const {
    std::vector<std::uint32_t> found;
    for (const Node& node : script->filter) {
      if (node.kind == kind) found.push_back(node.children);
    }
    return found;
  }
};

TEST_CASE_METHOD(FilterTest, "filters: what is written is checked against text forms as the databases know them") {
  const auto nick = col<&Player::nick>;
  CHECK(passes(nick.starts_with("t7/"), "t7/x"));
  CHECK_FALSE(passes(nick.starts_with("t7/"), "t8/x"));
  CHECK(passes(nick.ends_with("é"), "café"));
  CHECK_FALSE(passes(nick.ends_with("É"), "café"));
  CHECK(passes(nick.contains("%"), "a%b"));
  CHECK_FALSE(passes(nick.contains("%"), "ab"));
  CHECK(passes(nick.contains(""), ""));
  CHECK(passes(nick.istarts_with("T7/"), "t7/x"));
  CHECK(passes(nick.iequals("ADA"), "aDa"));
  CHECK_FALSE(passes(nick.iequals("É"), "é"));
  CHECK_FALSE(passes(!nick.starts_with("t7/"), "t7/x"));

  struct Case {
    const char* pattern;
    const char* text;
    bool matches;
  };
  for (const auto& [pattern, text, matches] : {Case{"", "", true},         {"", "a", false},     {"%", "", true},
                                               {"_", "é", true},           {"__", "é", false},   {"a%", "a", true},
                                               {"%a%b%", "xxaxbab", true}, {"%ab", "aab", true}, {"%ab", "aabc", false},
                                               {"a%b_c", "aXbYbZc", true}, {"\\%", "%", true},   {"\\%", "x", false},
                                               {"\\_", "x", false},        {"\\\\", "\\", true}, {"%\\%", "50%", true},
                                               {"%\\%", "50", false},      {"A%", "a", false},   {"%é_", "xéü", true},
                                               {"\\a", "a", true},         {"_%_", "a", false}}) {
    CAPTURE(pattern, text);
    CHECK(passes(nick.like(pattern), text) == matches);
  }
  CHECK(passes(nick.ilike("T_/%"), "t7/x"));
}

TEST_CASE_METHOD(FilterTest, "filters: an upsert is refused where it is not known that its row is inside") {
  script->rows = {{Cell::text("t7/a"), Cell::text("n"), Cell::text("v")}};
  const auto upsert = [&](const char* scope) {
    settings.upsert<&Setting::scope, &Setting::name>({.scope = scope, .name = "n", .value = "v"});
  };
  session.set_filter("tenant", col<&Setting::scope>.starts_with("t7/"));
  CHECK_NOTHROW(upsert("t7/a"));
  CHECK_THROWS_AS(upsert("t8/a"), ProgrammingError);
  session.set_filter("tenant", col<&Setting::scope>.istarts_with("t7/", Fold::unicode)); // for a database to evaluate
  CHECK_NOTHROW(settings.create({.scope = "t8/a", .name = "n"}));
  CHECK_THROWS_WITH(upsert("t7/a"), Catch::Contains("\"tenant\", which the database alone can evaluate"));
  CHECK(script->count("upsert") == 1);

  session.set_filter("of a team", joined<&Player::team>({}));
  CHECK_THROWS_AS(players.upsert<&Player::nick>({.nick = "ada"}), ProgrammingError);
}

TEST_CASE_METHOD(FilterTest, "filters: what is unknown of NULL is outside, beside a part for the database too") {
  const auto motto = col<&Player::motto>;
  const auto others = exists<&Player::medals>();
  CHECK_FALSE(passes(motto == "x", "ada"));
  CHECK_FALSE(passes(motto == "x" && others, "ada"));
  CHECK_FALSE(passes(others && motto == "x", "ada"));
  CHECK_FALSE(passes(motto == "x" && others, "ada", "y"));
  CHECK(passes(motto == "x" && others, "ada", "x"));
  CHECK(passes(motto == "x" || others, "ada"));
  CHECK_FALSE(passes(!(motto == "x" || others), "ada"));
  CHECK_FALSE(passes(!(motto == "x" || others), "ada", "x"));
  CHECK(passes(!(motto == "x" || others), "ada", "y"));
  CHECK(passes(!(motto == "x" && others), "ada"));
  CHECK_FALSE(passes(motto.in({"x", "y"}), "ada"));
  CHECK(passes(motto.is_null() && others, "ada"));
}

TEST_CASE_METHOD(FilterTest, "filters: one that is true for every row adds nothing, and replaces another of its name") {
  Repository<Document> documents{session};
  session.set_filter("published", Predicate<Document>{});
  static_cast<void>(documents.count());
  CHECK(is_whole());
  CHECK(script->filter.size() == 3); // active alone
  static_cast<void>(documents.count(col<&Document::title> == "x"));
  CHECK(is_whole());
  CHECK(script->filter.size() == 7);
  CHECK_NOTHROW(documents.create({.title = "x"}));

  Repository<Team> teams{session};
  session.set_filter("all", Predicate<Player>{});
  static_cast<void>(teams.count(exists<&Team::players>() && col<&Team::name> == "reds"));
  CHECK(is_whole());
  CHECK(children_of(NodeKind::exists) == std::vector<std::uint32_t>{1}); // an active player
  static_cast<void>(teams.with_deleted().count(exists<&Team::players>() && col<&Team::name> == "reds"));
  CHECK(is_whole());
  CHECK(children_of(NodeKind::exists) == std::vector<std::uint32_t>{0});
}

TEST_CASE_METHOD(FilterTest, "filters: a join without a condition comes with its source") {
  session.set_filter("of a team", joined<&Player::team>({}));
  static_cast<void>(players.count(col<&Player::score> == 1));
  CHECK(is_whole());
  REQUIRE(script->sources.size() == 1);
  CHECK(script->sources[0].table == &described<Team>());
}

} // namespace
} // namespace tenon
