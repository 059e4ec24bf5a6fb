// Every letter without case is the same on every database, alone and between others: what Fold::unicode says, for all
// of Unicode and not for an alphabet.

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../contract/support.hpp"
#include "databases.hpp"

namespace tenon::properties {
namespace {

using contract::Tree;

constexpr std::uint32_t kAlone = 1, kBetween = 2;
constexpr char kEnd = '|';

/// id, letters that each end with kEnd, the same between two sigmas: their own form depends on what is around them.
const TableDesc& alphabet() {
  static const TableDesc made = contract::table(
      "alphabet", {contract::column("alone", CellType::text), contract::column("between", CellType::text)});
  return made;
}

std::string utf8(std::uint32_t point) {
  const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits); };
  const auto tail = [&](unsigned shift) { return byte(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0U | (point >> 6U)), tail(0)};
  if (point < 0x10000) return {byte(0xE0U | (point >> 12U)), tail(6), tail(0)};
  return {byte(0xF0U | (point >> 18U)), tail(12), tail(6), tail(0)};
}

bool is_letter(std::uint32_t point) {
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  return point != 0 && point != static_cast<std::uint32_t>(kEnd) && !surrogate;
}

/// All of Unicode in rows.
Rows rows_of_alphabet() {
  constexpr std::uint32_t kPerRow = 256;
  Rows rows;
  for (std::uint32_t first = 0; first < 0x110000; first += kPerRow) {
    std::string alone;
    std::string between;
    for (std::uint32_t point = first; point < first + kPerRow; ++point) {
      if (!is_letter(point)) continue;
      alone += utf8(point) + kEnd;
      between += "σ" + utf8(point) + "σ" + kEnd;
    }
    rows.push_back({Value::text(alone), Value::text(between)});
  }
  return rows;
}

std::vector<std::string> pieces(const Rows& rows, std::size_t column) {
  std::vector<std::string> found;
  for (const contract::Row& row : rows) {
    std::string_view text = row[column].cell().bytes();
    for (std::size_t end = 0; (end = text.find(kEnd)) != std::string_view::npos; text.remove_prefix(end + 1))
      found.emplace_back(text.substr(0, end));
  }
  return found;
}

Rows folded_by(contract::Database& database) {
  const auto session = database.connect_with({&alphabet()});
  const auto drop = contract::finally([&] {
    RowBatch none;
    session->execute("DROP TABLE alphabet", {})->next(none);
  });
  IRepository& repository = session->repository(alphabet());
  contract::insert(repository, {kAlone, kBetween}, rows_of_alphabet());
  contract::update_with(repository, {},
                        {{kAlone, Tree::folded(Tree::column(kAlone), Fold::unicode)},
                         {kBetween, Tree::folded(Tree::column(kBetween), Fold::unicode)}});
  return contract::select(repository,
                          {.order = {contract::ascending(0)}, .outputs = contract::columns({kAlone, kBetween})});
}

TEST_CASE("every letter without case is the same on every database, whatever its neighbours") {
  std::vector<std::string> letters;
  for (std::uint32_t point = 0; point < 0x110000; ++point) {
    if (is_letter(point)) letters.push_back(utf8(point));
  }
  std::vector<std::string> first;
  for (NamedDatabase& one : databases()) {
    CAPTURE(one.name);
    const Rows rows = folded_by(*one.database);
    const auto alone = pieces(rows, 0);
    const auto between = pieces(rows, 1);
    REQUIRE(alone.size() == letters.size());
    REQUIRE(between.size() == letters.size());
    std::size_t changed = 0;
    std::size_t wrong = 0;
    std::string which; // the first few
    for (std::size_t i = 0; i < letters.size(); ++i) {
      changed += alone[i] != letters[i] ? 1 : 0;
      // No letter turns into what means something in a pattern.
      const bool escapes = alone[i] != letters[i] && alone[i].find_first_of("%_\\") != std::string::npos;
      const bool differs = !first.empty() && alone[i] != first[i];
      if (!escapes && !differs && between[i] == "Σ" + alone[i] + "Σ") continue;
      if (++wrong <= 20) which += letters[i] + ": " + alone[i] + ", " + between[i] + '\n';
    }
    CAPTURE(which);
    CHECK(wrong == 0);
    CHECK(changed > 1'400); // as many have another case in Unicode 10 already
    if (first.empty()) first = alone;
  }
}

} // namespace
} // namespace tenon::properties
