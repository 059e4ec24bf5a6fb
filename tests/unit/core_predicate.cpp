// Predicates compose into flat trees in prefix order that own their values.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <tenon/core/predicate.hpp>
#include <tenon/core/relations.hpp>
#include <tenon/core/repository.hpp>

#include "core_models.hpp"
#include "core_ranges.hpp"

namespace tenon {
namespace {

using fake::Player;

/// The tree as text, read back by structure alone: "and(eq(nickname,'a'),is_null(motto))".
std::string text(Filter filter, std::size_t& at) {
  const Node& node = filter[at++];
  std::string out;
  switch (node.kind) {
    case NodeKind::column: return described<Player>().columns[node.column].name;
    case NodeKind::value:
      if (node.value.type == CellType::text) return fmt::format("'{}'", node.value.bytes());
      if (node.value.type == CellType::boolean) return node.value.integer != 0 ? "true" : "false";
      return node.value.is_null() ? "null" : std::to_string(node.value.integer);
    case NodeKind::all_of: out = "and"; break;
    case NodeKind::any_of: out = "or"; break;
    case NodeKind::negation: out = "not"; break;
    case NodeKind::eq: out = "eq"; break;
    case NodeKind::ne: out = "ne"; break;
    case NodeKind::lt: out = "lt"; break;
    case NodeKind::le: out = "le"; break;
    case NodeKind::gt: out = "gt"; break;
    case NodeKind::ge: out = "ge"; break;
    case NodeKind::in: out = "in"; break;
    case NodeKind::like: out = "like"; break;
    case NodeKind::contains: out = "contains"; break;
    case NodeKind::starts_with: out = "starts_with"; break;
    case NodeKind::ends_with: out = "ends_with"; break;
    case NodeKind::is_null: out = "is_null"; break;
    case NodeKind::is_not_null: out = "is_not_null"; break;
    case NodeKind::add: out = "add"; break;
    case NodeKind::subtract: out = "subtract"; break;
    case NodeKind::multiply: out = "multiply"; break;
    case NodeKind::divide: out = "divide"; break;
    case NodeKind::fold: out = node.flags == 0 ? "fold" : fmt::format("fold!{}", node.flags); break;
    case NodeKind::json_value: out = "json_value"; break;
    case NodeKind::json_exists: out = "json_exists"; break;
    case NodeKind::exists: out = "exists"; break;
    case NodeKind::output: out = "output"; break;
  }
  const std::size_t begin = at - 1;
  out += "(";
  for (std::uint32_t child = 0; child < node.children; ++child)
    out += (child > 0 ? "," : "") + text(filter, at);
  CHECK(subtree_end(filter, begin) == at);
  return out + ")";
}
std::string text(const Predicate<Player>& predicate) {
  std::size_t at = 0;
  const Filter filter = predicate.tree().filter();
  if (filter.empty()) return "";
  std::string out = text(filter, at);
  CHECK(at == filter.size());
  return out;
}

constexpr auto nick = col<&Player::nick>;
constexpr auto motto = col<&Player::motto>;
constexpr auto score = col<&Player::score>;

TEST_CASE("predicate: each comparison has its node") {
  CHECK(text(nick == "a") == "eq(nickname,'a')");
  CHECK(text(nick != std::string("a")) == "ne(nickname,'a')");
  CHECK(text(score < 1) == "lt(score,1)");
  CHECK(text(score <= 1L) == "le(score,1)");
  CHECK(text(score > std::int64_t{9'000'000'000}) == "gt(score,9000000000)"); // not cut to the member's int
  CHECK(text(score >= std::uint8_t{1}) == "ge(score,1)");
  CHECK(text(nick.like("a%")) == "like(nickname,'a%')");
  CHECK(text(nick.contains("%")) == "contains(nickname,'%')");
  CHECK(text(nick.starts_with("")) == "starts_with(nickname,'')");
  CHECK(text(nick.ends_with("z")) == "ends_with(nickname,'z')");
  CHECK(text(motto == "a") == "eq(motto,'a')");
  CHECK(text(motto.is_null()) == "is_null(motto)");
  CHECK(text(motto.is_not_null()) == "is_not_null(motto)");
  CHECK(text(col<&Player::is_active> == true) == "eq(is_active,true)");
  CHECK(text(score.in({1, 2, 3})) == "in(score,1,2,3)");
  CHECK(text(nick.in(std::vector<std::string>{})) == "in(nickname)");
}

TEST_CASE("predicate: and, or and not nest, and chains of one kind stay flat") {
  const Predicate a = nick == "a";
  const Predicate b = score > 1;
  const Predicate c = motto.is_null();
  CHECK(text(a && b) == "and(eq(nickname,'a'),gt(score,1))");
  CHECK(text((a && b) && c) == "and(eq(nickname,'a'),gt(score,1),is_null(motto))");
  CHECK(text(a && (b && c)) == "and(eq(nickname,'a'),gt(score,1),is_null(motto))");
  CHECK(text((a && b) && (c && a)) == "and(eq(nickname,'a'),gt(score,1),is_null(motto),eq(nickname,'a'))");
  CHECK(text((a || b) && c) == "and(or(eq(nickname,'a'),gt(score,1)),is_null(motto))");
  CHECK(text(a || (b && c)) == "or(eq(nickname,'a'),and(gt(score,1),is_null(motto)))");
  CHECK(text(!(a || b) && !c) == "and(not(or(eq(nickname,'a'),gt(score,1))),not(is_null(motto)))");
}

TEST_CASE("predicate: the default one is true for every row, wherever it stands") {
  const Predicate<Player> all;
  const Predicate a = nick == "a";
  CHECK(text(all).empty());
  CHECK(text(all && a) == text(a));
  CHECK(text(a && all) == text(a));
  CHECK(text(a || all).empty());
  CHECK(text(all || a).empty());
  CHECK(text(!all) == "not(and())");
}

TEST_CASE("predicate: it owns its values, in copies too") {
  std::optional<Predicate<Player>> kept;
  {
    auto value = std::make_unique<std::string>(1000, 'x');
    Predicate<Player> made = nick == *value && motto.in(std::vector<std::string>{*value, "short"});
    kept = made;
  }
  CHECK_THAT(text(*kept), Catch::Contains(std::string(1000, 'x')) && Catch::Contains("'short'"));
}

TEST_CASE("predicate: in takes values that its range makes on the way") {
  const std::string a(40, 'a');
  const std::string b(40, 'b');
  CHECK(text(nick.in(fake::MadeOnTheWay<std::string>({a, b, "c"}))) == "in(nickname,'" + a + "','" + b + "','c')");
}

TEST_CASE("predicate: a like pattern that ends in a lone escape is refused") {
  CHECK_THROWS_AS(nick.like("a\\"), DataError);
  CHECK_THROWS_AS(nick.like("\\\\\\"), DataError);
  CHECK(text(nick.like("a\\\\")) == "like(nickname,'a\\\\')");
  CHECK(text(nick.like("\\%")) == "like(nickname,'\\%')");
}

TEST_CASE("order: terms carry column, direction and where NULL goes") {
  const OrderTerm plain = motto.asc().term;
  CHECK(described<Player>().columns[plain.column].name == "motto");
  CHECK(plain.descending == 0);
  CHECK(plain.nulls == NullOrder::largest);
  const OrderTerm turned = motto.desc().nulls_last().term;
  CHECK(turned.descending == 1);
  CHECK(turned.nulls == NullOrder::last);
  CHECK(motto.asc().nulls_first().term.nulls == NullOrder::first);
}

TEST_CASE("set: an assignment owns its value; nullopt is NULL; an expression goes over the old values") {
  std::optional<Set<Player>> kept;
  {
    const std::string value(500, 'y');
    kept = set<&Player::motto>(std::optional<std::string>(value));
  }
  const auto made = [](const Set<Player>& set) {
    detail::Assignments assignments;
    set.add_to(assignments);
    return assignments;
  };
  CHECK(made(*kept).list[0].value.bytes() == std::string(500, 'y'));
  CHECK(made(set<&Player::motto>(std::nullopt)).list[0].value.is_null());
  CHECK(made(set<&Player::motto>(std::optional<std::string>())).list[0].value.is_null());
  CHECK(made(set<&Player::score>(7L)).list[0].value.integer == 7);
  const auto computed = made(set<&Player::score>(score * 2 + 1));
  REQUIRE(computed.list[0].nodes == 5);
  CHECK(computed.expressions.nodes()[0].kind == NodeKind::add);
}

TEST_CASE("predicate: columns, arithmetic, ranges, text without case") {
  CHECK(text(nick == motto) == "eq(nickname,motto)");
  CHECK(text(col<&Player::team_id> < score) == "lt(team_id,score)");
  CHECK(text(score + 1 > col<&Player::team_id> * 2) == "gt(add(score,1),multiply(team_id,2))");
  CHECK(text((score - 1) / 2 == 3) == "eq(divide(subtract(score,1),2),3)");
  CHECK(text(score.between(1, 5)) == "and(ge(score,1),le(score,5))");
  CHECK(text((score + 1).in({1, 2})) == "in(add(score,1),1,2)");
  CHECK(text(nick.iequals("AbÉ")) == "eq(fold(nickname),'abÉ')");
  CHECK(text(nick.ilike("A%")) == "like(fold(nickname),'a%')");
  CHECK(text(motto.icontains("X")) == "contains(fold(motto),'x')");
  CHECK(text(nick.istarts_with("X")) == "starts_with(fold(nickname),'x')");
  CHECK(text(nick.iends_with("X")) == "ends_with(fold(nickname),'x')");
  CHECK_THROWS_AS(nick.ilike("\\"), DataError);
}

TEST_CASE("predicate: letters of all scripts are folded by the backend, on both sides") {
  CHECK(text(nick.iequals("AbÉ", Fold::ascii)) == text(nick.iequals("AbÉ")));
  CHECK(text(nick.iequals("AbÉ", Fold::unicode)) == "eq(fold!1(nickname),fold!1('AbÉ'))");
  CHECK(text(nick.ilike("A\\%", Fold::unicode)) == "like(fold!1(nickname),fold!1('A\\%'))");
  CHECK(text(motto.icontains("X", Fold::unicode)) == "contains(fold!1(motto),fold!1('X'))");
  CHECK(text(nick.istarts_with("X", Fold::unicode)) == "starts_with(fold!1(nickname),fold!1('X'))");
  CHECK(text(nick.iends_with("X", Fold::unicode)) == "ends_with(fold!1(nickname),fold!1('X'))");
  CHECK(text(score == 1 || nick.iequals("X", Fold::unicode)) == "or(eq(score,1),eq(fold!1(nickname),fold!1('X')))");
  CHECK_THROWS_AS(nick.ilike("É\\", Fold::unicode), DataError);
}

TEST_CASE("predicate: paths into JSON say the type that is asked") {
  const auto path = col<&fake::Document::body>.path("theme", 0, std::string("dark"));
  const auto exists = path.exists().tree();
  REQUIRE(exists.nodes().size() == 5);
  CHECK(exists.nodes()[0].kind == NodeKind::json_exists);
  CHECK(exists.nodes()[0].children == 4);
  CHECK(exists.nodes()[2].value.bytes() == "theme");
  CHECK(exists.nodes()[3].value.integer == 0);
  const auto equal = (path.as<std::string>() == "x").tree();
  CHECK(equal.nodes()[0].kind == NodeKind::eq);
  CHECK(equal.nodes()[1].kind == NodeKind::json_value);
  CHECK(static_cast<CellType>(equal.nodes()[1].flags) == CellType::text);
}

TEST_CASE("predicate: exists over a relation opens its source, over a link two") {
  const Predicate<fake::Team> named = exists<&fake::Team::players>(nick == "a");
  REQUIRE(named.tree().sources().size() == 1);
  CHECK(named.tree().sources()[0].table == &described<Player>());
  CHECK(named.tree().sources()[0].kind == JoinKind::exists);
  CHECK(named.tree().sources()[0].on[0].parent_column == 0);
  CHECK(named.tree().sources()[0].on[0].column == 6);
  CHECK(named.tree().nodes()[0].kind == NodeKind::exists);
  CHECK(named.tree().nodes()[0].source == 1);
  CHECK(named.tree().nodes()[2].source == 1); // nick is a column of the players

  const Predicate<Player> awarded = exists<&Player::medals>() && exists<&Player::team>(named);
  const auto& tree = awarded.tree();
  REQUIRE(tree.sources().size() == 4);
  CHECK(tree.sources()[1].parent == 1); // medals behind awards
  CHECK(tree.sources()[2].table == &described<fake::Team>());
  CHECK(tree.sources()[3].parent == 3); // players of that team
  CHECK(subtree_end(tree.nodes(), 0) == tree.nodes().size());
}

TEST_CASE("predicate: the same join asked twice is one") {
  const auto both =
      joined<&Player::team>(col<&fake::Team::name> == "a") && joined<&Player::team>(col<&fake::Team::id> > 3);
  REQUIRE(both.tree().sources().size() == 1);
  CHECK(both.tree().sources()[0].kind == JoinKind::inner);
}

TEST_CASE("tree: values survive copies, moves and growth") {
  Predicate<Player> wanted = nick == "first";
  for (int i = 0; i < 50; ++i)
    wanted = wanted && motto == std::string(static_cast<std::size_t>(i), 'm');
  std::vector<Predicate<Player>> kept(3, wanted);
  kept.insert(kept.begin(), nick == "short");
  const Predicate<Player> moved = std::move(kept.back());
  CHECK(text(moved) == text(wanted));
  CHECK_THAT(text(moved), Catch::Contains("eq(nickname,'first')") && Catch::Contains(std::string(49, 'm')));
}

TEST_CASE("tree: arrays are copied with what they hold") {
  std::optional<Predicate<fake::Document>> kept;
  {
    const std::vector<std::string> tags{"one", "", std::string(100, 't')};
    kept = col<&fake::Document::tags> == tags;
  }
  const Predicate<fake::Document> other = *kept;
  const Predicate<fake::Document> both = *kept && other;
  const Cell& array = both.tree().nodes().back().value;
  REQUIRE(array.element_count() == 3);
  CHECK(array.elements()[0].bytes() == "one");
  CHECK(array.elements()[1].size == 0);
  CHECK(array.elements()[2].bytes() == std::string(100, 't'));
}

} // namespace
} // namespace tenon
