#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include <tenon/tenon.hpp>

using tenon::col;

namespace {

struct Item {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> note;
  std::optional<std::int64_t> size;
  tenon::Decimal price;
};
BOOST_DESCRIBE_STRUCT(Item, (), (id, name, note, size, price))

struct Counter : tenon::Model<Counter> {
  std::string name;
  std::int64_t value = 0;
};
BOOST_DESCRIBE_STRUCT(Counter, (tenon::Model<Counter>), (name, value))

} // namespace

template <> struct tenon::Table<Item> {
  static constexpr auto spec =
      tenon::table("items", tenon::unique<&Item::name>, tenon::unique<&Item::note>, tenon::max_length<&Item::name>(5));
};
template <> struct tenon::Table<Counter> {
  static constexpr auto spec = tenon::table("counters", tenon::unique<&Counter::name>);
};

namespace {

/// A storage.yaml that selects the plugin by its path, as a user would write it.
class ConfigFile {
public:
  explicit ConfigFile(const std::string& more = "") {
    std::string name = (std::filesystem::temp_directory_path() / "tenon_memory_map.XXXXXX").string();
    const int descriptor = mkstemp(name.data());
    REQUIRE(descriptor >= 0);
    path_ = name;
    std::ofstream(path_) << "version: 1\nprofiles:\n  m:\n    backend: memory_map\n    plugin: { path: \""
                         << std::getenv("MEMORY_MAP_PLUGIN") << "\" }\n"
                         << more;
    ::close(descriptor);
  }
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;
  ~ConfigFile() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  std::string path_;
};

tenon::Store open_store(const std::string& more = "") {
  REQUIRE(std::getenv("MEMORY_MAP_PLUGIN") != nullptr);
  tenon::Store store = tenon::open(ConfigFile(more).path());
  store.create_tables<Item, Counter>();
  return store;
}

Item item(std::string name, std::optional<std::string> note = {}, std::optional<std::int64_t> size = {}) {
  Item made;
  made.name = std::move(name);
  made.note = std::move(note);
  made.size = size;
  return made;
}

/// The names of the items that match, by key, joined by blanks.
std::string names(tenon::Session& session, const tenon::Predicate<Item>& where) {
  std::string all;
  for (const Item& found : tenon::Repository<Item>{session}.query().where(where).all())
    all += (all.empty() ? "" : " ") + found.name;
  return all;
}

void fill(tenon::Session& session) {
  tenon::Repository<Item>{session}.create_many(
      {item("a", "x%y", 1), item("b", "xzy", 2), item("ä", {}, {}), item("c", "äöü", 2), item("d", "X", {})});
}

} // namespace

TEST_CASE("what was committed is there, with the keys that the backend made") {
  auto store = open_store();
  const auto made = store.transaction([](tenon::Session& s) {
    return tenon::Repository<Item>{s}.create_many({item("one"), item("two")});
  });
  CHECK(made[0].id == 1);
  CHECK(made[1].id == 2);
  auto session = store.session();
  tenon::Repository<Item> items{session};
  CHECK(items.get(2).name == "two");
  CHECK(items.get_by<&Item::name>("one").id == 1);
  CHECK_FALSE(items.find(3));
  CHECK(items.count() == 2);
}

TEST_CASE("a key that was given is kept, and the next one made is larger") {
  auto store = open_store();
  auto session = store.session();
  tenon::Repository<Item> items{session};
  Item given = item("given");
  given.id = 41;
  CHECK(items.create(given).id == 41);
  CHECK(items.create(item("made")).id == 42);
}

TEST_CASE("filters follow SQL's three-valued logic") {
  auto store = open_store();
  auto session = store.session();
  fill(session);
  constexpr auto note = col<&Item::note>;
  constexpr auto size = col<&Item::size>;
  CHECK(names(session, {}) == "a b ä c d");
  CHECK(names(session, size == 2) == "b c");
  CHECK(names(session, size != 2) == "a");
  CHECK(names(session, !(size == 2)) == "a");
  CHECK(names(session, size < 2 || note == "X") == "a d");
  CHECK(names(session, !(size == 1 && note == "absent")) == "a b c d"); // unknown AND false is false
  CHECK(names(session, size.is_null()) == "ä d");
  CHECK(names(session, size.is_not_null() && size >= 2) == "b c");
  CHECK(names(session, size.in({1, 3})) == "a");
  CHECK(names(session, !size.in({1, 3})) == "b c");
  CHECK(names(session, size.in(std::vector<std::int64_t>{})).empty());
}

TEST_CASE("text searches count code points and take literals literally") {
  auto store = open_store();
  auto session = store.session();
  fill(session);
  constexpr auto note = col<&Item::note>;
  CHECK(names(session, note.like("x%y")) == "a b");
  CHECK(names(session, note.like("x\\%y")) == "a");
  CHECK(names(session, note.like("x_y")) == "a b");
  CHECK(names(session, note.like("_ö_")) == "c");
  CHECK(names(session, note.like("%__ü%")) == "c");
  CHECK(names(session, note.like("____")).empty());
  CHECK(names(session, note.like("x")).empty());
  CHECK(names(session, note.contains("%")) == "a");
  CHECK(names(session, note.starts_with("x")) == "a b");
  CHECK(names(session, note.ends_with("zy")) == "b");
  CHECK(names(session, col<&Item::name> > "d") == "ä"); // by code point
}

TEST_CASE("rows come in the order asked, NULL counting as the largest") {
  auto store = open_store();
  auto session = store.session();
  fill(session);
  const auto order = [&](auto... terms) {
    std::string all;
    for (const Item& found : tenon::Repository<Item>{session}.query().order_by(terms...).all())
      all += found.name;
    return all;
  };
  CHECK(order(col<&Item::size>.asc(), col<&Item::name>.desc()) == "acbäd");
  CHECK(order(col<&Item::size>.desc(), col<&Item::name>.asc()) == "däbca");
  CHECK(order(col<&Item::size>.asc().nulls_first(), col<&Item::name>.asc()) == "däabc");
  CHECK(order(col<&Item::size>.desc().nulls_last(), col<&Item::name>.asc()) == "bcadä");

  tenon::Repository<Item> items{session};
  CHECK(items.query().order_by(col<&Item::name>.asc()).limit(2).offset(1).all()[1].name == "c");
  std::string paged, cursor;
  do {
    auto page = items.query().order_by(col<&Item::name>.desc()).limit(2).page(cursor);
    for (const Item& found : page.items)
      paged += found.name;
    paged += '|';
    cursor = page.next;
  } while (!cursor.empty());
  CHECK(paged == "äd|cb|a|");
}

TEST_CASE("decimals compare by value") {
  auto store = open_store();
  auto session = store.session();
  tenon::Repository<Item> items{session};
  for (const char* price : {"1.50", "-0.25", "10", "0.0", "-3"}) {
    Item made = item(std::to_string(items.count()));
    made.price = tenon::Decimal::parse(price);
    items.create(made);
  }
  CHECK(items.count(col<&Item::price> == tenon::Decimal::parse("1.5")) == 1);
  CHECK(items.count(col<&Item::price> == tenon::Decimal(0)) == 1);
  std::string order;
  for (const Item& found : items.query().order_by(col<&Item::price>.asc()).all())
    order += found.price.text() + " ";
  CHECK(order == "-3 -0.25 0.0 1.50 10 ");
}

TEST_CASE("a taken unique key is an IntegrityError that names it, and nothing is changed") {
  auto store = open_store();
  store.transaction([](tenon::Session& s) { fill(s); });
  auto session = store.session();
  tenon::Repository<Item> items{session};
  try {
    session.nested([&] { items.create_many({item("new"), item("a")}); });
    FAIL("accepted");
  } catch (const tenon::IntegrityError& error) {
    CHECK(error.kind() == tenon::IntegrityKind::unique);
    CHECK(error.constraint() == "items_name_key");
    CHECK(error.table() == "items");
    CHECK(error.columns() == std::vector<std::string>{"name"});
  }
  CHECK(items.count() == 5);
  CHECK_THROWS_AS(session.nested([&] { items.update(tenon::Predicate<Item>{}, {tenon::set<&Item::name>("same")}); }),
                  tenon::IntegrityError);
  CHECK(names(session, {}) == "a b ä c d");
}

TEST_CASE("NULLs in a unique key do not collide") {
  auto store = open_store();
  auto session = store.session();
  tenon::Repository<Item> items{session};
  items.create(item("a"));
  CHECK_NOTHROW(items.create(item("b")));
}

TEST_CASE("values that a column cannot hold are DataErrors") {
  auto store = open_store();
  const auto refused = [&](const std::string& name) {
    auto session = store.session();
    CHECK_THROWS_AS(tenon::Repository<Item>{session}.create(item(name)), tenon::DataError);
  };
  refused("sixsix");
  refused("\xff");
  refused(std::string("a\0b", 3));
  auto session = store.session();
  CHECK_NOTHROW(tenon::Repository<Item>{session}.create(item("äöüßé"))); // five code points
}

TEST_CASE("rollback and a failed transaction leave nothing, a savepoint undoes its part alone") {
  auto store = open_store();
  {
    auto session = store.session();
    fill(session);
  }
  CHECK_THROWS(store.transaction([](tenon::Session& s) {
    fill(s);
    throw std::runtime_error("no");
  }));
  auto session = store.session();
  tenon::Repository<Item> items{session};
  CHECK(items.count() == 0);
  items.create(item("outer"));
  CHECK_THROWS(session.nested([&] {
    items.create(item("inner"));
    items.update(col<&Item::name> == "outer", {tenon::set<&Item::name>("moved")});
    items.remove(col<&Item::name> == "moved");
    throw std::runtime_error("no");
  }));
  CHECK(names(session, {}) == "outer");
  CHECK(items.find_by<&Item::name>("outer"));
  CHECK_FALSE(items.find_by<&Item::name>("moved"));
  session.commit();
  CHECK(items.count() == 1);
}

TEST_CASE("a session reads what was committed when it began, while another one writes") {
  auto store = open_store();
  auto writer = store.session({.write_intent = true});
  fill(writer);
  auto reader = store.session({.read_only = true});
  CHECK(tenon::Repository<Item>{reader}.count() == 0);
  writer.commit();
  CHECK(tenon::Repository<Item>{reader}.count() == 0);
  CHECK_THROWS_AS(tenon::Repository<Item>{reader}.create(item("x")), tenon::ReadOnly);
  reader.rollback();
  CHECK(tenon::Repository<Item>{reader}.count() == 5);
}

TEST_CASE("a write on top of an old state is refused, again and again, and may be retried as a whole") {
  auto store = open_store();
  auto late = store.session();
  tenon::Repository<Item> items{late};
  CHECK(items.count() == 0);
  store.transaction([](tenon::Session& s) { fill(s); });
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      late.nested([&] { items.create(item("late")); });
      FAIL("accepted");
    } catch (const tenon::SerializationFailure& error) {
      CHECK(error.retryable());
    }
  }
  late.rollback();
  CHECK_NOTHROW(items.create(item("late")));
  late.commit();
  CHECK(items.count() == 6);
}

TEST_CASE("a writer that waits for another one gives up at its deadline") {
  auto store = open_store("    deadlines: { call: 50ms }\n");
  auto first = store.session({.write_intent = true});
  tenon::Repository<Item>{first}.create(item("first"));
  auto second = store.session({.write_intent = true});
  CHECK_THROWS_AS(tenon::Repository<Item>{second}.create(item("later")), tenon::TimeoutError);
  first.commit();
  second.rollback();
  CHECK_NOTHROW(tenon::Repository<Item>{second}.create(item("later")));
}

TEST_CASE("upsert creates or updates by a unique key") {
  auto store = open_store();
  auto session = store.session();
  tenon::Repository<Item> items{session};
  const Item created = items.upsert<&Item::name>(item("a", "one"));
  const Item updated = items.upsert<&Item::name>(item("a", "two"));
  CHECK(updated.id == created.id);
  CHECK(items.get(created.id).note == "two");
  CHECK(items.count() == 1);
}

TEST_CASE("transactions of many threads are all counted") {
  constexpr int kThreads = 4, kRounds = 50;
  auto store = open_store();
  store.transaction([](tenon::Session& s) { tenon::Repository<Counter>{s}.create({.name = "hits"}); });
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        try {
          store.transaction([](tenon::Session& s) {
            tenon::Repository<Counter> counters{s};
            auto counter = counters.get_by<&Counter::name>("hits");
            ++counter.value;
            counters.update(counter);
          });
        } catch (...) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(failures == 0);
  auto session = store.session();
  CHECK(tenon::Repository<Counter>{session}.get_by<&Counter::name>("hits").value == kThreads * kRounds);
}

TEST_CASE("soft deletion works as on any backend") {
  auto store = open_store();
  auto session = store.session();
  tenon::Repository<Counter> counters{session};
  const auto made = counters.create({.name = "x"});
  counters.soft_delete(made.id);
  CHECK_FALSE(counters.find(made.id));
  CHECK(counters.with_deleted().find(made.id));
  counters.restore(made.id);
  CHECK(counters.find(made.id));
}

TEST_CASE("what is not claimed is NotSupported, what is unknown is named") {
  auto store = open_store();
  auto session = store.session();
  CHECK_THROWS_AS(static_cast<void>(session.execute("SELECT 1")), tenon::NotSupported);
  CHECK_FALSE(store.capabilities().has(tenon::Capability::persistence));
  CHECK_THROWS_WITH(open_store("    connection: { colour: blue }\n"), Catch::Contains("colour"));
}

TEST_CASE("two stores share nothing, and a missing table is named") {
  auto one = open_store();
  one.transaction([](tenon::Session& s) { fill(s); });
  const ConfigFile config;
  auto two = tenon::open(config.path());
  auto session = two.session();
  CHECK_THROWS_WITH(tenon::Repository<Item>{session}.count(), Catch::Contains("items"));
}
