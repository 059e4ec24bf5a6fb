// fork() with a store open: the child works with connections of its own and takes nothing from the parent, whose
// transaction goes on and whose files stay whole.
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include <catch2/catch.hpp>

#include <tenon/testing/fork.hpp>

#include "rig.hpp"

namespace tenon::faults {
namespace {

namespace fs = std::filesystem;
using testing::in_child;

class Folder {
public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "tenon-fork-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
  fs::path path_;
};

Store sqlite_store(const std::string& file) {
  config::Sources sources;
  sources.use_file = false;
  sources.environment = config::Environment(std::map<std::string, std::string, std::less<>>{});
  sources.overrides = {{"backend", "sqlite"}, {"connection.database", file}, {"pool.size", "2"}};
  return open(sources);
}

std::int64_t count(Store& store) {
  return store.transaction(TransactionOptions{.read_only = true}, [](Session& session) {
    return static_cast<std::int64_t>(Repository<Entry>{session}.count());
  });
}

void add(Store& store, std::int64_t op) {
  store.transaction([&](Session& session) { Repository<Entry>{session}.create({.op = op, .part = 1}); });
}

TEST_CASE("fork: on PostgreSQL the child connects anew and the parent's connections go on") {
  auto server = testing::PostgresServer::start();
  Store store = open_store(server, {{"pool.size", "2"}});
  store.create_tables<Entry>();
  add(store, 1);
  Session reading = store.session({.read_only = true}); // in the middle of its transaction …
  CHECK(Repository<Entry>{reading}.count() == 1);
  add(store, 2); // … and another connection is idle
  const auto created = store.figures().created;
  for (int round = 0; round < 3; ++round) {
    CHECK(in_child([&] {
            add(store, 100 + round);
            if (count(store) != 3 + round) return 1;
            const PoolFigures figures = store.figures(); // of the child's own connections
            return figures.in_use == 0 && figures.created == 1 ? 0 : 2;
          }) == 0);
    // The child has said nothing on the parent's connections.
    CHECK_NOTHROW(static_cast<void>(Repository<Entry>{reading}.count()));
    CHECK(count(store) == 3 + round);
  }
  reading.rollback();
  add(store, 3);
  CHECK(count(store) == 6);
  CHECK(store.figures().created == created);
  CHECK(store.figures().generation == 0);
}

TEST_CASE("fork: on SQLite the child is told at once that the file is its parent's, who goes on") {
  const Folder folder;
  const std::string file = folder.file("fork.db");
  {
    Store store = sqlite_store(file);
    store.create_tables<Entry>();
    add(store, 1);
    Session writing = store.session();
    Repository<Entry>{writing}.create({.op = 2, .part = 1});
    CHECK(in_child([&] {
            const ErrorInfo error = failure_of([&] { add(store, 100); });
            if (error.code != ErrorCode::connection) return 1;
            {
              const Session inherited = std::move(writing); // its end undoes nothing
            }
            store.close();
            return 0;
          }) == 0);
    Repository<Entry>{writing}.create({.op = 2, .part = 2});
    writing.commit();
    CHECK(count(store) == 3);
  }
  Store again = sqlite_store(file);
  Session session = again.session();
  auto cursor = session.execute("PRAGMA integrity_check");
  RowBatch batch;
  REQUIRE(cursor->next(batch));
  CHECK(batch.cells[0].bytes() == "ok");
}

TEST_CASE("fork: a child that ends its sessions and its store leaves the parent's transaction open") {
  auto server = testing::PostgresServer::start();
  Store store = open_store(server, {{"pool.size", "2"}});
  store.create_tables<Entry>();
  Session writing = store.session();
  Repository<Entry>{writing}.create({.op = 1, .part = 1});
  CHECK(in_child([&] {
          {
            const Session inherited = std::move(writing); // its destructor rolls back, were it the child's
          }
          store.close();
          return 0;
        }) == 0);
  Repository<Entry>{writing}.create({.op = 1, .part = 2});
  writing.commit();
  CHECK(count(store) == 2);
}

} // namespace
} // namespace tenon::faults
