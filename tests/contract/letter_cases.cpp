// Contract: letters without case in all scripts: Fold::unicode has one meaning on every backend that claims
// unicode_case. That of every letter is compared by the property tests, which have several databases.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

constexpr std::uint32_t kT = 1, kU = 2;
using Ids = std::vector<std::int64_t>;

/// id, t, u (texts)
const TableDesc& words() {
  static const TableDesc made = table("words", {nullable("t", CellType::text), nullable("u", CellType::text)});
  return made;
}

Tree folded(const Tree& text) { return Tree::folded(text, Fold::unicode); }
Tree text(std::string_view value) { return Tree::value(Value::text(value)); }

struct Words {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&words()});
  IRepository& repository = session->repository(words());
  bool claims = claimed(database, Capability::unicode_case, [this] {
    static_cast<void>(repository.count(Tree::of(NodeKind::eq, {folded(Tree::column(kT)), text("x")}).filter()));
  });

  /// Rows with t, and u where there is one.
  void fill(const std::vector<std::pair<std::string, std::string>>& pairs) {
    Rows rows;
    for (const auto& [t, u] : pairs)
      rows.push_back({Value::text(t), Value::text(u)});
    insert(repository, {kT, kU}, rows);
  }
  void fill(const std::vector<std::string>& texts) {
    Rows rows;
    for (const std::string& t : texts)
      rows.push_back({Value::text(t), Value::null()});
    insert(repository, {kT, kU}, rows);
  }
  Ids ids(const Tree& filter) {
    Ids found;
    for (const Row& row : select(repository, {.filter = filter, .order = {ascending(0)}, .outputs = columns({0})}))
      found.push_back(row[0].cell().integer);
    return found;
  }
  /// Of t with a value, both folded.
  Ids matching(NodeKind kind, std::string_view value) {
    return ids(Tree::of(kind, {folded(Tree::column(kT)), folded(text(value))}));
  }
};

TEST_CASE("letters: equal without case in every script, and in all their forms") {
  Words t;
  if (!t.claims) return;
  const std::vector<std::pair<std::string, std::string>> equal{
      {"abcXYZ", "ABCxyz"},
      {"Élan Ñandú", "éLAN ñANDÚ"},
      {"ΟΔΟΣ", "οδος"},
      {"οδοσ", "οδος"},
      {"Москва", "мОСКВА"},
      {"Straße", "STRASSE"},
      {"STRAẞE", "strasse"},
      {"ﬁn", "FIN"},
      {"ﬃ", "ffi"},
      {"\u212A\u212B\u2126", "kåω"}, // the signs of kelvin, ångström and ohm
      {"ΐ", "\u0390"},
      {"ᾳ", "αι"},
      {"ŉ", "ʼN"},
      {"ա", "Ա"},
      {"ⴀ", "Ⴀ"},
      {"ꭰ", "Ꭰ"},
      {"𐐀", "𐐨"},
      {"ſ", "S"},
      {"ı", "i"},
      {"ı", "I"}, // by their common capital
      {"İ", "i\u0307"},
      {"日本 1", "日本 1"},
      {"", ""}};
  const std::vector<std::pair<std::string, std::string>> different{{"e", "é"},  {"é", "e\u0301"}, {"İ", "i"},
                                                                   {"ü", "ue"}, {"ø", "o"},       {"и", "й"},
                                                                   {"ss", "s"}, {"α", "a"},       {"a", ""}};
  t.fill(equal);
  t.fill(different);
  const Tree same = Tree::of(NodeKind::eq, {folded(Tree::column(kT)), folded(Tree::column(kU))});
  Ids wanted;
  for (std::size_t i = 0; i < equal.size(); ++i)
    wanted.push_back(static_cast<std::int64_t>(i + 1));
  CHECK(t.ids(same) == wanted);
  CHECK(t.ids(Tree::of(NodeKind::negation, {same})).size() == different.size());
  for (const auto& [one, other] : equal) {
    CAPTURE(one, other);
    CHECK_FALSE(t.matching(NodeKind::eq, one).empty());
    CHECK(t.matching(NodeKind::eq, one) == t.matching(NodeKind::eq, other));
  }
}

TEST_CASE("letters: a part is found wherever it stands, whatever its neighbours make of it") {
  Words t;
  if (!t.claims) return;
  t.fill({"ΟΔΟΣ ΟΔΟΣΑ", "οδος", "Größe", "GRÖSSE", "ﬁlet", "x"});
  CHECK(t.matching(NodeKind::contains, "οσα") == Ids{1});   // a sigma within a word
  CHECK(t.matching(NodeKind::contains, "ος") == Ids{1, 2}); // and one at its end
  CHECK(t.matching(NodeKind::contains, "ΟΣ") == Ids{1, 2});
  CHECK(t.matching(NodeKind::starts_with, "οδοσ") == Ids{1, 2});
  CHECK(t.matching(NodeKind::ends_with, "ΔΟΣ") == Ids{2});
  CHECK(t.matching(NodeKind::contains, "öß") == Ids{3, 4});
  CHECK(t.matching(NodeKind::ends_with, "SSE") == Ids{3, 4});
  CHECK(t.matching(NodeKind::contains, "ÖS") == Ids{3, 4}); // a part may end within ß
  CHECK(t.matching(NodeKind::starts_with, "fI") == Ids{5});
  CHECK(t.matching(NodeKind::contains, "") == Ids{1, 2, 3, 4, 5, 6});
}

TEST_CASE("letters: patterns keep their wildcards and escapes") {
  Words t;
  if (!t.claims) return;
  t.fill({"100% Élan_\\", "Straße", "STRASSE", "strafe"});
  CHECK(t.matching(NodeKind::like, "100\\% é%\\_\\\\") == Ids{1});
  CHECK(t.matching(NodeKind::like, "100\\%_____\\%%").empty());
  CHECK(t.matching(NodeKind::like, "%É___\\_\\\\") == Ids{1});
  CHECK(t.matching(NodeKind::like, "STRA_E") == Ids{4}); // ß is two characters here
  CHECK(t.matching(NodeKind::like, "stra__e") == Ids{2, 3});
  CHECK(t.matching(NodeKind::like, "str\\A\\ße") == Ids{2, 3}); // escaped letters stay letters
  CHECK_THROWS_AS(t.matching(NodeKind::like, "é\\"), DataError);
  CHECK_THROWS_AS(t.matching(NodeKind::like, "\\\\\\"), DataError);
}

TEST_CASE("letters: a folded text is a text like any other") {
  Words t;
  if (!t.claims) return;
  t.fill({"é", "É", "z", "Z", "я"});
  insert(t.repository, {kT, kU}, {{Value::null(), Value::text("é")}});
  const Tree column = folded(Tree::column(kT));
  CHECK(t.ids(Tree::of(NodeKind::lt, {column, folded(text("é"))})) == Ids{3, 4}); // by code point of the capitals
  CHECK(t.ids(Tree::of(NodeKind::ge, {column, folded(text("é"))})) == Ids{1, 2, 5});
  CHECK(t.ids(Tree::of(NodeKind::in, {column, folded(text("Я")), folded(text("é"))})) == Ids{1, 2, 5});
  CHECK(t.ids(Tree::of(NodeKind::is_null, {column})) == Ids{6});
  CHECK(t.ids(Tree::of(NodeKind::ne, {column, folded(text("É"))})) == Ids{3, 4, 5});
  CHECK(t.ids(Tree::of(NodeKind::eq, {column, folded(Tree::value(Value::null()))})).empty());
  // What is folded says so itself, and one kind is not the other.
  CHECK(t.ids(Tree::of(NodeKind::eq, {column, text("É")})) == Ids{1, 2});
  CHECK(t.ids(Tree::of(NodeKind::eq, {column, text("é")})).empty());
  CHECK(t.ids(Tree::of(NodeKind::eq, {Tree::folded(column, Fold::ascii), text("z")})) == Ids{3, 4});
  CHECK(update_with(t.repository, Tree::test(NodeKind::is_not_null, kT), {{kU, column}, {kT, folded(text("ß"))}}) == 5);
  CHECK(select(t.repository, {.order = {ascending(0)}, .outputs = columns({kT, kU}), .limit = 2}) ==
        Rows{{Value::text("SS"), Value::text("É")}, {Value::text("SS"), Value::text("É")}});
}

TEST_CASE("letters: a fold of a later version is NotSupported") {
  Words t;
  if (!t.claims) return;
  const Tree later = Tree::folded(Tree::column(kT), static_cast<Fold>(2));
  CHECK_THROWS_AS(t.ids(Tree::of(NodeKind::eq, {later, text("x")})), NotSupported);
}

} // namespace
} // namespace tenon::contract
