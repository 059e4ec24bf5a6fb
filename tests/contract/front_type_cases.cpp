// Contract: every C++ type of a model's members comes back as it was, and is found by its value.

#include <cmath>
#include <limits>

#include "front_models.hpp"

namespace tenon::contract::front {
namespace {

using namespace std::chrono_literals;

template <auto Member, class T, class Fix> void comes_back(Fix& t, T value) {
  Repository<Everything> repository{t.session};
  Everything row;
  row.*Member = value;
  const auto id = repository.create(row).id;
  t.session.commit();
  CHECK((repository.get(id).*Member == value));
  CHECK(repository.count(col<Member> == value && col<&Everything::id> == id) == 1);
}

TEST_CASE("front types: integers of every width at their ends") {
  Fixture<Everything> t;
  comes_back<&Everything::flag>(t, true);
  comes_back<&Everything::i8>(t, std::numeric_limits<std::int8_t>::min());
  comes_back<&Everything::i16>(t, std::numeric_limits<std::int16_t>::min());
  comes_back<&Everything::i32>(t, std::numeric_limits<std::int32_t>::min());
  comes_back<&Everything::i64>(t, std::numeric_limits<std::int64_t>::min());
  comes_back<&Everything::i64>(t, std::numeric_limits<std::int64_t>::max());
  comes_back<&Everything::u8>(t, std::numeric_limits<std::uint8_t>::max());
  comes_back<&Everything::u16>(t, std::numeric_limits<std::uint16_t>::max());
  comes_back<&Everything::u32>(t, std::numeric_limits<std::uint32_t>::max());
  comes_back<&Everything::u64>(t, std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  CHECK_THROWS_AS(Repository<Everything>{t.session}.create({.u64 = std::uint64_t{1} << 63}), DataError);
}

TEST_CASE("front types: floating-point numbers, text, bytes") {
  Fixture<Everything> t;
  comes_back<&Everything::f32>(t, 0.1F);
  comes_back<&Everything::f32>(t, std::numeric_limits<float>::max());
  comes_back<&Everything::f64>(t, 0.1 + 0.2);
  comes_back<&Everything::f64>(t, std::numeric_limits<double>::denorm_min());
  comes_back<&Everything::text>(t, std::string("\xF0\x9F\x97\x84 e\xCC\x81 'x'"));
  comes_back<&Everything::text>(t, std::string());
  comes_back<&Everything::bytes>(t, Bytes{0, 255, 0, 1});
  comes_back<&Everything::bytes>(t, Bytes{});
}

TEST_CASE("front types: times, durations, identifiers, decimals") {
  Fixture<Everything> t;
  comes_back<&Everything::at>(t, Timestamp{std::chrono::sys_days{1901y / 2 / 3}} + 1us);
  comes_back<&Everything::at>(t, Timestamp{std::chrono::sys_days{2286y / 11 / 20}} + 999'999us);
  comes_back<&Everything::day>(t, Date{2024y / 2 / 29});
  comes_back<&Everything::day>(t, Date{1y / 1 / 1});
  comes_back<&Everything::lasts>(t, std::chrono::seconds(-86'400));
  comes_back<&Everything::lasts>(t, std::chrono::seconds(9'223'372'036'854));
  comes_back<&Everything::uuid>(t, new_ordered_uuid());
  comes_back<&Everything::decimal>(t, Decimal::parse("-1234567890123456789012345678.9012345678"));
  comes_back<&Everything::decimal>(t, Decimal::parse("99999999999999999999999999999999999999"));
  comes_back<&Everything::team>(t, Id<Team>{42});
}

TEST_CASE("front types: enums by name and by number, a type of the application's own, optionals") {
  Fixture<Everything> t;
  comes_back<&Everything::level>(t, Level::high);
  comes_back<&Everything::mood>(t, Mood::wild);
  comes_back<&Everything::warmth>(t, Celsius{-273.15});
  Repository<Everything> repository{t.session};
  const auto empty = repository.create({});
  const auto full = repository.create({.maybe = 0});
  CHECK_FALSE(repository.get(empty.id).maybe);
  CHECK(repository.get(full.id).maybe == 0);
  CHECK(repository.count(col<&Everything::maybe>.is_null() && col<&Everything::id> >= empty.id) == 1);
}

TEST_CASE("front types: JSON comes back with its value") {
  Fixture<Everything> t;
  Repository<Everything> repository{t.session};
  const Json json = Json::parse(R"({"a": [1, 2.5, "é", null, {"b": true}]})");
  const auto id = repository.create({.json = json}).id;
  CHECK(repository.get(id).json == json);
}

TEST_CASE("front types: vectors are arrays") {
  Database database;
  Store store = database.store();
  Session session = store.session();
  Repository<Lists> repository{session};
  const auto probe = [&] {
    store.create_tables<Lists>();
    static_cast<void>(repository.create({}));
  };
  if (!claimed(database, Capability::arrays, probe)) return;
  store.create_tables<Lists>();
  const Lists lists{.words = {"a", "", "c,\"d\"", "{}", "NULL"},
                    .numbers = {std::numeric_limits<std::int64_t>::min(), 0, 7},
                    .flags = {true, false},
                    .reals = std::vector<double>{0.1, -0.5},
                    .holes = {"x", std::nullopt, ""}};
  const auto id = repository.create(lists).id;
  const Lists read = repository.get(id);
  CHECK(read.words == lists.words);
  CHECK(read.numbers == lists.numbers);
  CHECK(read.flags == lists.flags);
  CHECK(read.reals == lists.reals);
  CHECK(read.holes == lists.holes);
  const auto empty = repository.create({});
  CHECK(repository.get(empty.id).words.empty());
  CHECK_FALSE(repository.get(empty.id).reals);
  CHECK(repository.count(col<&Lists::words> == lists.words) == 1);
  CHECK(repository.count(col<&Lists::numbers> != lists.numbers) == 1);
}

} // namespace
} // namespace tenon::contract::front
