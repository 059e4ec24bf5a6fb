// Queries: orders, limits, pages, distinct rows, parts of rows, locks, streams.
#include <iostream>

#include <tenon/tenon.hpp>

struct Visit : tenon::Model<Visit> {
  std::string page;
  std::string country;
  std::optional<std::string> referrer;
  int seconds = 0;
};
BOOST_DESCRIBE_STRUCT(Visit, (tenon::Model<Visit>), (page, country, referrer, seconds))

struct PageTime { // a smaller struct that a query may give
  std::string page;
  int seconds = 0;
};
BOOST_DESCRIBE_STRUCT(PageTime, (), (page, seconds))

constexpr auto page = tenon::col<&Visit::page>;
constexpr auto country = tenon::col<&Visit::country>;
constexpr auto referrer = tenon::col<&Visit::referrer>;
constexpr auto seconds = tenon::col<&Visit::seconds>;

int main() {
  auto store = tenon::open("storage.yaml");
  store.create_tables<Visit>();
  auto session = store.session();
  tenon::Repository<Visit> visits{session};
  visits.create_many({{.page = "home", .country = "at", .seconds = 10},
                      {.page = "home", .country = "de", .referrer = "mail", .seconds = 40},
                      {.page = "docs", .country = "de", .seconds = 300},
                      {.page = "api", .country = "fr", .referrer = "search", .seconds = 120}});

  // What a query ends with says what comes back.
  std::cout << visits.query().where(country == "de").all().size() << " from de, "
            << visits.query().where(page == "docs").one().seconds << " seconds in the docs, "
            << (visits.query().where(seconds > 1000).first() ? "somebody" : "nobody") << " stayed, " << visits.count()
            << " in all" << (visits.exists(country == "ch") ? ", one from ch" : "") << '\n';

  // Orders: several terms, NULL first or last; a limit with an offset.
  for (const Visit& visit : visits.query().order_by(referrer.asc().nulls_first(), seconds.desc()).limit(3).all())
    std::cout << visit.referrer.value_or("-") << ' ' << visit.seconds << '\n';
  std::cout << "third by time: " << visits.query().order_by(seconds.asc()).offset(2).first()->page << '\n';

  // Pages: the cursor of one gives the next, whatever comes and goes in between. Directions may be mixed.
  const auto query = [&] { return visits.query().order_by(country.desc(), seconds.asc()).limit(3); };
  const auto first = query().page();
  visits.remove(first.items.front().id);
  const auto second = query().page(first.next); // no row is skipped because one before it is gone
  std::cout << first.items.size() << " + " << second.items.size() << " rows in pages, "
            << (second.next.empty() ? "no more" : "more") << '\n';

  // Parts of rows: tuples, structs with members of the same names; equal ones once.
  for (const auto& [where, how_long] :
       visits.query().order_by(seconds.desc()).select<&Visit::page, &Visit::seconds>().limit(2).all())
    std::cout << where << ' ' << how_long << '\n';
  const PageTime shortest = visits.query().order_by(seconds.asc()).into<PageTime>().first().value();
  std::cout << shortest.page << ' ' << shortest.seconds << '\n';
  for (const auto& [one] : visits.query().select<&Visit::page>().distinct().order_by(page.asc()).all())
    std::cout << one << '\n';
  session.commit();

  // Locks last until the transaction ends. Several workers that do this take different rows.
  const auto taken = store.transaction([](tenon::Session& own) {
    tenon::Repository<Visit> mine{own};
    auto next = mine.query().where(referrer.is_null()).order_by(seconds.asc()).for_update_skip_locked().first();
    if (next) mine.update(next->id, {tenon::set<&Visit::referrer>("seen")});
    return next;
  });
  std::cout << "took " << taken->page << '\n';

  // Any number of rows in bounded memory; the session is busy until the end.
  int total = 0;
  for (const Visit& visit : visits.query().stream())
    total += visit.seconds;
  std::cout << "total " << total << '\n';
}
