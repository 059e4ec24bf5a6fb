// described<T>(): how structs map onto tables.

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <catch2/catch.hpp>

#include <tenon/core/table.hpp>

#include "core_models.hpp"

namespace tenon::table_test {

struct HTTPServer2Log : Model<HTTPServer2Log> {
  double load = 0;
  Bytes raw;
  std::optional<Date> day;
};
BOOST_DESCRIBE_STRUCT(HTTPServer2Log, (Model<HTTPServer2Log>), (load, raw, day))

struct NoKey {
  int a = 0;
};
BOOST_DESCRIBE_STRUCT(NoKey, (), (a))

struct OptionalKey {
  std::optional<std::int64_t> id;
};
BOOST_DESCRIBE_STRUCT(OptionalKey, (), (id))

struct TextKey {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(TextKey, (), (id))

struct Named : Model<Named> {
  std::string a, b;
};
BOOST_DESCRIBE_STRUCT(Named, (Model<Named>), (a, b))

} // namespace tenon::table_test

template <> struct tenon::Table<tenon::table_test::Named> {
  using T = tenon::table_test::Named;
  static constexpr auto spec =
      tenon::table("named", tenon::schema("s"), tenon::unique<&T::a, &T::b>, tenon::unique<&T::b>.named("only_b"),
                   tenon::index<&T::created_at, &T::a>.named("recent"), tenon::column<&T::created_at>("born"),
                   tenon::references<&T::id, &tenon::fake::Team::id>().named("to_team"));
};

namespace tenon {
namespace {

using Columns = std::vector<std::uint32_t>;

TEST_CASE("described: a plain model has its name in snake case, the base's columns first, a generated key") {
  const TableDesc& table = described<table_test::HTTPServer2Log>();
  CHECK(table.name == "http_server2_log");
  CHECK(table.schema.empty());
  REQUIRE(table.columns.size() == 7);
  const char* names[] = {"id", "is_active", "created_at", "updated_at", "load", "raw", "day"};
  const CellType types[] = {CellType::int64,   CellType::boolean, CellType::timestamp, CellType::timestamp,
                            CellType::float64, CellType::blob,    CellType::date};
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    CHECK(table.columns[i].name == names[i]);
    CHECK(table.columns[i].type == types[i]);
    CHECK(table.columns[i].nullable == (i == 6));
    CHECK(table.columns[i].generated == (i == 0));
  }
  REQUIRE(table.keys.size() == 1);
  CHECK(table.keys[0].name == "http_server2_log_pkey");
  CHECK(table.keys[0].columns == Columns{0});
}

TEST_CASE("described: keys, references and indexes carry PostgreSQL's default names, made of column names") {
  const TableDesc& table = described<fake::Player>();
  CHECK(table.name == "players");
  REQUIRE(table.keys.size() == 2);
  CHECK(table.keys[1].name == "players_nickname_key");
  CHECK(table.keys[1].columns == Columns{4});
  REQUIRE(table.foreign_keys.size() == 1);
  const ForeignKeyDesc& key = table.foreign_keys[0];
  CHECK(key.name == "players_team_id_fkey");
  CHECK(key.columns == Columns{6});
  CHECK(key.target_table == "teams");
  CHECK(key.target_columns == std::vector<std::string>{"id"});
  CHECK(key.on_delete == OnDelete::cascade);
  REQUIRE(table.indexes.size() == 1);
  CHECK(table.indexes[0].name == "players_score_idx");
  CHECK(table.columns[4].max_length == 20);
  CHECK(table.columns[5].max_length == 0);
}

TEST_CASE("described: names that are given win, in whatever order the parts stand") {
  const TableDesc& table = described<table_test::Named>();
  CHECK(table.qualified_name() == "s.named");
  CHECK(table.columns[2].name == "born");
  REQUIRE(table.keys.size() == 3);
  CHECK(table.keys[0].name == "named_pkey");
  CHECK(table.keys[1].name == "named_a_b_key");
  CHECK(table.keys[2].name == "only_b");
  CHECK(table.indexes[0].name == "recent");
  CHECK(table.foreign_keys[0].name == "to_team");
}

TEST_CASE("described: a composite key of a struct without Model generates nothing") {
  const TableDesc& table = described<fake::Setting>();
  CHECK(table.keys[0].columns == Columns{0, 1});
  CHECK_FALSE(table.generated_column());
  CHECK_FALSE(described<table_test::TextKey>().generated_column());
}

TEST_CASE("described: a table without a key, or with one that may be NULL, is ProgrammingError") {
  CHECK_THROWS_AS(described<table_test::NoKey>(), ProgrammingError);
  CHECK_THROWS_AS(described<table_test::OptionalKey>(), ProgrammingError);
}

TEST_CASE("described: one object per model") { CHECK(&described<fake::Team>() == &described<fake::Team>()); }

static_assert(detail::column_of<&fake::Player::created_at>() == 2);
static_assert(detail::column_of<&fake::Player::score>() == 7);

} // namespace
} // namespace tenon
