#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/host/negotiate.hpp>

#include "../../plugins/host/src/plugin_names.hpp"

using tenon::host::AbiRange;
using tenon::host::AbiVersion;
using tenon::host::negotiate;
using tenon::host::Verdict;

TEST_CASE("versions are negotiated by major, minor and what the plugin needs of the host") {
  struct Row {
    const char* what;
    AbiRange host;
    AbiVersion plugin;
    std::uint16_t min_host_minor;
    Verdict verdict;
  };
  const Row row = GENERATE(
      Row{"0.x: equal", {0, 3, 3}, {0, 3}, 3, Verdict::accepted},
      Row{"0.x: an older minor", {0, 3, 3}, {0, 2}, 2, Verdict::plugin_too_old},
      Row{"0.x: an older minor, whatever the host says that it reads", {0, 1, 3}, {0, 2}, 2, Verdict::plugin_too_old},
      Row{"0.x: a newer minor", {0, 3, 3}, {0, 4}, 0, Verdict::host_too_old},
      Row{"0.x plugin in a 1.x host", {1, 0, 3}, {0, 3}, 0, Verdict::wrong_major},
      Row{"1.x plugin in a 0.x host", {0, 3, 3}, {1, 3}, 0, Verdict::wrong_major},
      Row{"1.x: equal", {1, 0, 3}, {1, 3}, 3, Verdict::accepted},
      Row{"1.x: the oldest plugin in the newest host", {1, 0, 9}, {1, 0}, 0, Verdict::accepted},
      Row{"1.x: a newer plugin that can live with this host", {1, 0, 3}, {1, 7}, 3, Verdict::accepted},
      Row{"1.x: a newer plugin of which only the tag is known", {1, 0, 3}, {1, 7}, 0, Verdict::accepted},
      Row{"1.x: a newer plugin that needs a newer host", {1, 0, 3}, {1, 7}, 4, Verdict::host_too_old},
      Row{"1.x: an equal plugin that needs a newer host", {1, 0, 3}, {1, 3}, 4, Verdict::host_too_old},
      Row{"1.x: older than the host reads", {1, 2, 3}, {1, 1}, 0, Verdict::plugin_too_old},
      Row{"2.0 plugin in a 1.x host", {1, 0, 3}, {2, 0}, 0, Verdict::wrong_major},
      Row{"1.x plugin in a 2.0 host", {2, 0, 0}, {1, 9}, 0, Verdict::wrong_major});
  INFO(row.what);
  CHECK(negotiate(row.host, row.plugin, row.min_host_minor) == row.verdict);
}

TEST_CASE("ranges of versions are written as one, where they are one") {
  CHECK(to_string(AbiVersion{2, 10}) == "2.10");
  CHECK(to_string(AbiRange{1, 0, 3}) == "1.0–1.3");
  CHECK(to_string(AbiRange{1, 3, 3}) == "1.3");
  CHECK(to_string(AbiRange{0, 1, 3}) == "0.3");
}

TEST_CASE("the id of a backend cannot lead out of a folder") {
  using tenon::host::is_backend_id;
  for (const char* good : {"a", "sqlite", "postgresql", "my_2nd"}) {
    INFO(good);
    CHECK(is_backend_id(good));
  }
  for (const char* bad : {"", "2nd", "_a", "a-b", "a/b", "../a", "A", "a.b", "a b", "ä", "a\n"}) {
    INFO(bad);
    CHECK_FALSE(is_backend_id(bad));
  }
}

TEST_CASE("the id of a file's name is what stands between prefix and suffix") {
  using tenon::host::id_of_file_name;
  CHECK(id_of_file_name("libtenon_sqlite.so") == "sqlite");
  for (const char* other :
       {"libtenon_.so", "libtenon_a.so.1", "tenon_a.so", "libtenon_A.so", "libtenon.so", "libtenon_so"}) {
    INFO(other);
    CHECK(id_of_file_name(other).empty());
  }
}

TEST_CASE("the id that was probably meant is near, or begins alike") {
  const std::vector<std::string> ids{"mariadb", "postgresql", "sqlite"};
  using tenon::host::nearest_id;
  CHECK(nearest_id("sqlite3", ids) == "sqlite");
  CHECK(nearest_id("postgres", ids) == "postgresql");
  CHECK(nearest_id("PostgreSQL", ids) == "postgresql");
  CHECK(nearest_id("sqlit", ids) == "sqlite");
  CHECK(nearest_id("mraiadb", ids) == "mariadb");
  CHECK(nearest_id("oracle", ids).empty());
  CHECK(nearest_id("p", ids).empty());
  CHECK(nearest_id("sqlite", {}).empty());
}
