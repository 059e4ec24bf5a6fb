// The clock on the wall is set forth and back by an hour, again and again, while sessions wait, age and run: nothing
// ends early or late. Only timestamps are whatever that clock says.
#include <chrono>
#include <optional>

#include <catch2/catch.hpp>

#include <tenon/testing/program.hpp>

#include "clock_steps.h"
#include "rig.hpp"

namespace tenon::faults {
namespace {

struct Stamp {
  std::int64_t id = 0;
  Timestamp at;
};
BOOST_DESCRIBE_STRUCT(Stamp, (), (id, at))

std::chrono::system_clock::duration wall() { return std::chrono::system_clock::now().time_since_epoch(); }

/// Sets the clock to and fro for as long as it lives.
class Steps {
public:
  Steps()
      : thread_([this] {
          for (int i = 0; !done_; ++i) {
            tenon_step_clock(i % 3 == 0 ? 3600 : i % 3 == 1 ? -3600 : 0);
            std::this_thread::sleep_for(7ms);
          }
          tenon_step_clock(0);
        }) {}
  ~Steps() {
    done_ = true;
    thread_.join();
  }
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

private:
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

/// Calls, and tells how long it took and what it threw.
struct Timed {
  Clock::duration took{};
  std::optional<ErrorCode> error;
};
template <class Call> Timed timed(Call&& call) {
  Timed result;
  const auto begin = Clock::now();
  try {
    call();
  } catch (const Error& error) {
    result.error = error.code();
  }
  result.took = Clock::now() - begin;
  return result;
}

void check_limit(const Timed& call, ErrorCode error, milliseconds limit) {
  REQUIRE(call.error.has_value());
  CHECK(*call.error == error);
  CHECK(call.took >= limit);
  CHECK(call.took < limit + testing::kLateness);
}

void run(Session& session, std::string_view sql) {
  RowBatch rows;
  const auto cursor = session.execute(sql);
  while (cursor->next(rows)) {}
}

Store sqlite_store(const std::string& file, const SettingLines& settings) {
  config::Sources sources;
  sources.use_file = false;
  sources.environment = config::Environment(std::map<std::string, std::string, std::less<>>{});
  sources.overrides = {{"backend", "sqlite"}, {"connection.database", file}};
  sources.overrides.insert(sources.overrides.end(), settings.begin(), settings.end());
  return open(sources);
}

TEST_CASE("clock: the steps reach the clock on the wall, the library's timestamps, and no other clock") {
  const auto wall_before = wall();
  const auto steady_before = Clock::now();
  tenon_step_clock(3600);
  CHECK(wall() - wall_before >= 1h);
  CHECK(Clock::now() - steady_before < 1min);
  const testing::TemporaryFolder folder;
  Store store = sqlite_store(folder / "stamps.db", {});
  store.create_tables<Stamp>();
  const Timestamp late = now();
  tenon_step_clock(-3600);
  const Timestamp early = now();
  CHECK(late - early > 119min);
  CHECK(late - early < 121min);
  store.transaction([&](Session& session) {
    Repository<Stamp> stamps{session};
    stamps.create({.id = 0, .at = late});
    stamps.create({.id = 0, .at = early});
  });
  const auto kept = store.transaction([](Session& session) { return Repository<Stamp>{session}.list(); });
  tenon_step_clock(0);
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].at == late);
  CHECK(kept[1].at == early);
}

TEST_CASE("clock: on PostgreSQL waits, calls and lifetimes keep their time while the clock is set") {
  const auto server = testing::PostgresServer::start();
  const SettingLines one{
      {"pool.size", "1"}, {"pool.max_overflow", "0"}, {"pool.timeout", "300ms"}, {"deadlines.call", "400ms"}};
  const auto with = [&](const SettingLines& more) {
    SettingLines lines = one;
    lines.insert(lines.end(), more.begin(), more.end());
    return open_store(server, lines);
  };
  SECTION("a checkout in vain") {
    Store store = with({});
    Session holder = store.session();
    run(holder, "SELECT 1");
    const Steps steps;
    for (int i = 0; i < 3; ++i)
      check_limit(timed([&] { store.ping(); }), ErrorCode::pool_timeout, 300ms);
  }
  SECTION("a statement, with its own time and with less") {
    Store store = with({});
    store.ping();
    const Steps steps;
    for (int i = 0; i < 3; ++i) {
      Session session = store.session();
      run(session, "SELECT pg_sleep(0.2)");
      check_limit(timed([&] { run(session, "SELECT pg_sleep(5)"); }), ErrorCode::timeout, 400ms);
    }
  }
  SECTION("a connection is not old before its time") {
    Store store = with({{"pool.recycle", "10m"}, {"pool.ping_after", "10m"}});
    store.ping();
    const Steps steps;
    for (int i = 0; i < 50; ++i) {
      store.ping();
      std::this_thread::sleep_for(3ms);
    }
    CHECK(store.figures().created == 1);
  }
  SECTION("a connection is old in time, though the clock was set back") {
    Store store = with({{"pool.recycle", "300ms"}});
    store.ping();
    tenon_step_clock(-3600);
    std::this_thread::sleep_for(310ms);
    const Timed pinged = timed([&] { store.ping(); });
    tenon_step_clock(0);
    CHECK_FALSE(pinged.error.has_value());
    CHECK(store.figures().created == 2);
  }
}

TEST_CASE("clock: on SQLite the wait for another's lock and a long statement keep their time while the clock is set") {
  const testing::TemporaryFolder folder;
  Store store = sqlite_store(folder / "locks.db", {{"deadlines.call", "300ms"}});
  store.create_tables<Stamp>();
  Session writer = store.session({.write_intent = true});
  Repository<Stamp>{writer}.create({.id = 0, .at = now()});
  const Steps steps;
  for (int i = 0; i < 3; ++i) {
    Session other = store.session({.write_intent = true});
    check_limit(timed([&] { Repository<Stamp>{other}.create({.id = 0, .at = now()}); }), ErrorCode::timeout, 300ms);
    Session reader = store.session({.read_only = true});
    check_limit(timed([&] {
                  run(reader, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n "
                              "WHERE i < 0");
                }),
                ErrorCode::timeout, 300ms);
  }
}

} // namespace
} // namespace tenon::faults
