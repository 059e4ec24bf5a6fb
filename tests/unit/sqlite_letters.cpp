// tenon_fold: letters without case in all scripts, beside Unicode's own case folding.
#include "sqlite_support.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <unicode/unistr.h>

using namespace tenon;
using namespace tenon::test;

namespace {

struct Letters : OneSession {
  std::string fold(const std::string& text) {
    const Cell given = Cell::text(text);
    RowBatch batch;
    const auto cursor = session->execute("SELECT tenon_fold(?1)", {&given, 1});
    REQUIRE(cursor->next(batch));
    return std::string(batch.cells[0].bytes());
  }
};

} // namespace

TEST_CASE_METHOD(Letters, "letters: capitals of the small letters, of any length") {
  CHECK(fold("abcXYZ 09_%\\") == "ABCXYZ 09_%\\");
  CHECK(fold("") == "");
  CHECK(fold("Straße ẞ οδος ΟΔΟΣ ﬁ İı") == "STRASSE SS ΟΔΟΣ ΟΔΟΣ FI I\u0307I");
  CHECK(number("SELECT tenon_fold(NULL) IS NULL") == 1);
  CHECK(number("SELECT tenon_fold(x'') = ''") == 1);
  CHECK(number("SELECT tenon_fold(12) = '12'") == 1);
  std::string given;
  std::string wanted;
  for (int i = 0; i < 30'000; ++i) { // each becomes three times as long
    given += "\u0390";
    wanted += "\u0399\u0308\u0301";
  }
  CHECK(fold(given) == wanted);
}

TEST_CASE_METHOD(Letters, "letters: what is no UTF-8 stays as it is") {
  // What another program stored: a lone byte, a cut letter, half a surrogate pair.
  CHECK(number("SELECT tenon_fold(CAST(x'61FF62C3' AS TEXT)) = CAST(x'41FF42C3' AS TEXT)") == 1);
  CHECK(number("SELECT tenon_fold(CAST(x'61EDA08062C3A9' AS TEXT)) = CAST(x'41EDA08042C389' AS TEXT)") == 1);
}

TEST_CASE_METHOD(Letters, "letters: an index may be built on them, and serves them") {
  run("CREATE TABLE words (t TEXT)");
  run("INSERT INTO words VALUES ('Élan'), ('élan'), ('elan')");
  run("CREATE INDEX words_t ON words (tenon_fold(t))");
  CHECK(number("SELECT count(*) FROM words WHERE tenon_fold(t) = tenon_fold('éLAN')") == 2);
  RowBatch plan;
  const auto cursor =
      session->execute("EXPLAIN QUERY PLAN SELECT t FROM words WHERE tenon_fold(t) = tenon_fold('x')", {});
  REQUIRE(cursor->next(plan));
  CHECK(std::string(plan.row(0)[3].bytes()).find("USING INDEX words_t") != std::string::npos);
}

TEST_CASE_METHOD(Letters, "letters: equal as in Unicode's full case folding, but for the dotless i") {
  run("CREATE TABLE letters AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1114111) "
      "SELECT i, char(i) AS c FROM n WHERE i NOT BETWEEN 55296 AND 57343");
  std::map<std::string, std::vector<std::string>> ours; // by what they become, if that is something else
  RowBatch batch;
  const auto cursor = session->execute("SELECT c, tenon_fold(c) FROM letters ORDER BY i", {});
  std::map<std::string, std::vector<std::string>> unicode;
  while (cursor->next(batch)) {
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const std::string letter(batch.row(r)[0].bytes());
      std::string folded;
      icu::UnicodeString::fromUTF8(letter).foldCase().toUTF8String(folded);
      unicode[folded].push_back(letter);
      ours[std::string(batch.row(r)[1].bytes())].push_back(letter);
    }
  }
  using Classes = std::vector<std::vector<std::string>>;
  const auto classes = [](const auto& by_fold) {
    Classes all;
    for (const auto& [folded, letters] : by_fold)
      all.push_back(letters);
    std::sort(all.begin(), all.end());
    return all;
  };
  const Classes a = classes(ours);
  const Classes b = classes(unicode);
  Classes only_ours;
  Classes only_unicode;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only_ours));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(only_unicode));
  CHECK(only_ours == Classes{{"I", "i", "ı"}});
  CHECK(only_unicode == Classes{{"I", "i"}, {"ı"}});
}
