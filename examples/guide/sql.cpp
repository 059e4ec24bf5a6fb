// The way out: the database's own SQL, with bound parameters and typed rows.
#include <iostream>

#include <tenon/tenon.hpp>

struct Reading {
  std::int64_t id = 0;
  std::string sensor;
  std::optional<double> value;
  tenon::Timestamp at;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (id, sensor, value, at))
template <> struct tenon::Table<Reading> {
  static constexpr auto spec = tenon::table("guide_readings", tenon::index<&Reading::sensor, &Reading::at>);
};

struct Latest { // rows are read member by member, in the order of the statement's columns
  std::string sensor;
  std::optional<double> value;
};
BOOST_DESCRIBE_STRUCT(Latest, (), (sensor, value))

int main() {
  using namespace std::chrono_literals;
  auto store = tenon::open("storage.yaml");
  if (!store.capabilities().has(tenon::Capability::sql)) return 1; // not every backend has it
  store.create_tables<Reading>();
  auto session = store.session();
  tenon::Repository<Reading> readings{session};
  const tenon::Timestamp noon = std::chrono::sys_days{2024y / 2 / 29} + 12h;
  readings.create_many({{.sensor = "door", .value = 0, .at = noon},
                        {.sensor = "roof", .value = 21.5, .at = noon},
                        {.sensor = "roof", .at = noon + 1s}});

  // Scalars, tuples, structs. A value is never part of the text.
  std::cout << session.sql("select count(*) from guide_readings where at >= $1", noon).one<int>() << " readings\n";
  for (const auto& [sensor, value] :
       session.sql("select sensor, value from guide_readings where sensor = $1 order by at", "roof")
           .all<std::tuple<std::string, std::optional<double>>>()) {
    std::cout << sensor << ' ' << value.value_or(-1) << '\n';
  }
  constexpr auto latest = "select sensor, value from (select sensor, value, row_number() over (partition by sensor "
                          "order by at desc) as place from guide_readings) as placed where place = 1 order by sensor";
  for (const Latest& one : session.sql(latest).all<Latest>())
    std::cout << one.sensor << ' ' << (one.value ? "known" : "unknown") << '\n';

  // Writes belong to the session's transaction; with `returning` they say how many rows they wrote.
  std::cout << session.sql("update guide_readings set value = $1 where value is null returning id", 0.0).run()
            << " filled\n";
  try {
    static_cast<void>(session.sql("select sensor from guide_readings where id = $1", -1).one<std::string>());
  } catch (const tenon::NotFound& error) {
    std::cout << error.message() << '\n';
  }

  // How the database would run a typed query, in its own words.
  const auto plan = readings.query().where(tenon::col<&Reading::sensor> == "roof").explain();
  std::cout << (plan.empty() ? "no plan" : "a plan") << '\n';
}
