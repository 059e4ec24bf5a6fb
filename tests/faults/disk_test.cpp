// The server's disk is full: an error of its own class, no connection lost, and all works again when there is space.
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include <tenon/testing/program.hpp>

#include "rig.hpp"

namespace tenon::faults {
namespace {

struct Page {
  std::int64_t id = 0;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Page, (), (id, text))

TEST_CASE("disk: a full disk is ResourceExhausted, keeps the connection, and is over when there is space again") {
  // A copy, because LD_PRELOAD cannot name a path with a space, nor the server's account enter each folder.
  const testing::TemporaryFolder place;
  std::filesystem::permissions(place.path(), std::filesystem::perms(0755));
  const auto library = place.path() / "full_disk.so";
  std::filesystem::copy_file(TENON_FULL_DISK, library);
  const auto server = testing::PostgresServer::start(
      {.settings = {{"autovacuum", "off"}},
       .environment = {"LD_PRELOAD=" + library.string(), "TENON_FULL_DISK_SWITCH=../full"}}); // from folder()/data
  const auto disk_switch = server.folder() / "full";
  const Baseline baseline(server);
  {
    Store store = open_store(server);
    store.create_tables<Page>();
    const auto fill = [&](std::size_t pages) {
      store.transaction([&](Session& session) {
        Repository<Page> repository{session};
        for (std::size_t i = 0; i < pages; ++i)
          repository.create({.id = 0, .text = std::string(1500, 'x')}); // below what is compressed or moved aside
      });
    };
    fill(2);
    std::ofstream(disk_switch) << "full";
    const ErrorInfo error = failure_of([&] { fill(1000); });
    CHECK(error.code == ErrorCode::resource_exhausted);
    CHECK(error.sqlstate == "53100");
    CHECK(error.message.find("disk is full") != std::string::npos);
    CHECK_FALSE(error.retryable);
    CHECK_FALSE(error.broken);
    CHECK(as_admin(server, "SELECT count(*) FROM page") == "2");
    // Reads go on meanwhile, on the same connection.
    CHECK(store.transaction({.read_only = true}, [](Session& session) { return Repository<Page>{session}.count(); }) ==
          2);
    std::filesystem::remove(disk_switch);
    CHECK_NOTHROW(fill(1000));
    CHECK(as_admin(server, "SELECT count(*) FROM page") == "1002");
    CHECK(store.figures().created == 1);
    CHECK(store.figures().in_use == 0);
  }
  CHECK(baseline.is_reached());
}

} // namespace
} // namespace tenon::faults
