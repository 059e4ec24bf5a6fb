// Predicates compose into flat trees in prefix order that own their values.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <tenon/core/predicate.hpp>
#include <tenon/core/repository.hpp>

#include "core_models.hpp"

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
    default: out = "kind " + std::to_string(static_cast<unsigned>(node.kind)); break;
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

TEST_CASE("set: an assignment owns its value; nullopt is NULL") {
  std::optional<Set<Player>> kept;
  {
    const std::string value(500, 'y');
    kept = set<&Player::motto>(std::optional<std::string>(value));
  }
  CHECK(kept->assignment().value.bytes() == std::string(500, 'y'));
  CHECK(set<&Player::motto>(std::nullopt).assignment().value.is_null());
  CHECK(set<&Player::motto>(std::optional<std::string>()).assignment().value.is_null());
  CHECK(set<&Player::score>(7L).assignment().value.integer == 7);
}

} // namespace
} // namespace tenon
