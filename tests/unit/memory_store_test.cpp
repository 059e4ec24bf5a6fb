// The kit's stores in memory: each is alone, has its tables, and is real.

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <tenon/tenon.hpp>
#include <tenon/testing.hpp>

struct Shelf : tenon::Model<Shelf> {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Shelf, (tenon::Model<Shelf>), (name))

struct Jar : tenon::Model<Jar> {
  std::string label;
  std::int64_t shelf_id = 0;
};
BOOST_DESCRIBE_STRUCT(Jar, (tenon::Model<Jar>), (label, shelf_id))
template <> struct tenon::Table<Jar> {
  static constexpr auto spec =
      tenon::table("jars", tenon::unique<&Jar::label>, tenon::references<&Jar::shelf_id, &Shelf::id>());
};

namespace {

using tenon::testing::memory_store;

std::uint64_t shelves(tenon::Store& store) {
  auto session = store.session();
  return tenon::Repository<Shelf>{session}.count();
}
void add_shelf(tenon::Store& store, const std::string& name) {
  store.transaction([&](tenon::Session& session) { tenon::Repository<Shelf>{session}.create({.name = name}); });
}

TEST_CASE("memory_store: has its tables, in the order of their references, with their rules") {
  auto store = memory_store<Jar, Shelf>();
  store.transaction([](tenon::Session& session) {
    const Shelf shelf = tenon::Repository<Shelf>{session}.create({.name = "top"});
    tenon::Repository<Jar>{session}.create({.label = "honey", .shelf_id = shelf.id});
  });
  auto session = store.session();
  tenon::Repository<Jar> jars{session};
  CHECK(jars.get_by<&Jar::label>("honey").shelf_id == 1);
  CHECK_THROWS_AS(jars.create({.label = "jam", .shelf_id = 99}), tenon::IntegrityError);
}

TEST_CASE("memory_store: two stores share nothing, one's sessions share everything") {
  auto first = memory_store<Shelf>();
  auto second = memory_store<Shelf>();
  add_shelf(first, "a");
  add_shelf(first, "b");
  CHECK(shelves(first) == 2);
  CHECK(shelves(second) == 0);
}

TEST_CASE("memory_store: the data stay while no session is open, and go with the store") {
  tenon::testing::MemoryStoreOptions options;
  options.settings.pool.size = 0; // every connection is closed on return
  {
    auto store = memory_store<Shelf>(options);
    add_shelf(store, "a");
    CHECK(store.figures().idle == 0);
    CHECK(shelves(store) == 1);
  }
  auto store = memory_store<Shelf>(options);
  CHECK(shelves(store) == 0);
}

TEST_CASE("memory_store: without models there is no table") {
  auto store = tenon::testing::open_memory_store();
  CHECK_THROWS_AS(shelves(store), tenon::ProgrammingError);
}

TEST_CASE("memory_store: tests that run in threads do not meet") {
  std::vector<std::thread> threads;
  std::vector<std::uint64_t> counts(6);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        auto store = memory_store<Shelf>();
        for (std::size_t n = 0; n <= i; ++n)
          add_shelf(store, std::to_string(n));
        counts[i] += shelves(store);
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(counts == std::vector<std::uint64_t>{5, 10, 15, 20, 25, 30});
}

TEST_CASE("memory_store: settings and directories reach the store; the usual places follow") {
  tenon::testing::MemoryStoreOptions options;
  options.plugin_directories = {"/nonexistent/plugins"};
  options.settings.pool.timeout = tenon::Duration{1234};
  const auto store = memory_store<Shelf>(options);
  CHECK(store.settings().pool.timeout == tenon::Duration{1234});
  CHECK(store.backend().id == "sqlite");
  options.plugin_directories = {"relative/plugins"};
  CHECK_NOTHROW(memory_store<Shelf>(options)); // ignored: never searched from the current directory
}

} // namespace
