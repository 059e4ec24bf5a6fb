// Queries: predicates, orders, pages, projections, groups, streams, and the database's own SQL.
#include <iostream>

#include <tenon/tenon.hpp>

struct Visit : tenon::Model<Visit> {
  std::string page;
  std::string country;
  std::optional<std::string> referrer;
  int seconds = 0;
  int clicks = 0;
  tenon::Json device = tenon::Json::trusted("{}");
};
BOOST_DESCRIBE_STRUCT(Visit, (tenon::Model<Visit>), (page, country, referrer, seconds, clicks, device))

struct PageTime { // a smaller struct that a query may give
  std::string page;
  int seconds = 0;
};
BOOST_DESCRIBE_STRUCT(PageTime, (), (page, seconds))

int main() {
  using tenon::col, tenon::count, tenon::key, tenon::sum;
  auto store = tenon::open("storage.yaml");
  store.create_tables<Visit>();
  auto session = store.session();
  tenon::Repository<Visit> visits{session};
  visits.create_many({{.page = "Home", .country = "at", .seconds = 10, .clicks = 1},
                      {.page = "home", .country = "de", .referrer = "mail", .seconds = 40, .clicks = 9},
                      {.page = "Docs", .country = "de", .seconds = 300, .clicks = 5},
                      {.page = "Docs/API",
                       .country = "fr",
                       .referrer = "search",
                       .seconds = 120,
                       .clicks = 50,
                       .device = tenon::Json::parse(R"({"os": {"name": "linux"}})")}});

  // Conditions compose at run time; their types are checked at compile time.
  tenon::Predicate wanted = col<&Visit::seconds>.between(5, 200);
  wanted = wanted && (col<&Visit::referrer>.is_not_null() || col<&Visit::country>.in({"at", "ch"}));
  std::cout << visits.count(wanted) << " wanted, " << visits.count(col<&Visit::page>.iequals("HOME")) << " at home, "
            << visits.count(col<&Visit::clicks> * 10 > col<&Visit::seconds>) << " restless, "
            << visits.count(col<&Visit::device>.path("os", "name").as<std::string>() == "linux") << " on linux\n";

  // Pages: a cursor from one page gives the next, whatever comes and goes in between.
  const auto query = [&] {
    return visits.query().order_by(col<&Visit::country>.desc(), col<&Visit::seconds>.asc()).limit(3);
  };
  const auto first = query().page();
  std::cout << first.items.size() << " + " << query().page(first.next).items.size() << " rows in pages\n";

  // Parts of rows, groups, aggregates.
  for (const PageTime& row : visits.query().order_by(col<&Visit::seconds>.desc()).limit(2).into<PageTime>().all())
    std::cout << row.page << ' ' << row.seconds << '\n';
  for (const auto& [country, rows, clicks] : visits.query()
                                                 .group_by<&Visit::country>()
                                                 .having(count() > 1)
                                                 .select(key<&Visit::country>, count(), sum<&Visit::clicks>())
                                                 .all()) {
    std::cout << country << ": " << rows << " visits, " << clicks << " clicks\n";
  }
  std::cout << "longest " << visits.query().max<&Visit::seconds>().value_or(0) << '\n';

  // Any number of rows in bounded memory.
  int total = 0;
  for (const Visit& visit : visits.query().stream())
    total += visit.seconds;
  std::cout << "total " << total << '\n';

  // The way out: SQL of the database itself, with bound parameters and typed rows.
  const auto slow = session.sql("select page from visit where seconds > $1", 100).all<std::string>();
  std::cout << slow.size() << " slow\n";
}
