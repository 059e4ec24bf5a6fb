// Store over a scripted backend: what became of a transaction, tables in the order of their references, the pool's
// settings and figures.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/log.hpp>
#include <tenon/core/repository.hpp>
#include <tenon/core/store.hpp>

#include "core_fake.hpp"
#include "core_models.hpp"

namespace tenon {
namespace {

using fake::Player;
using fake::Script;
using fake::Team;

struct StoreTest {
  std::shared_ptr<Script> script = std::make_shared<Script>();
  StoreSettings settings;
  std::optional<Store> opened;

  StoreTest() {
    settings.retry.attempts = 3;
    settings.retry.base_delay = Duration{1};
    settings.retry.max_delay = Duration{2};
  }
  Store& store() {
    if (!opened) opened.emplace(std::make_shared<fake::Backend>(script), settings);
    return *opened;
  }
  static void statement(Session& session) { static_cast<void>(Repository<Team>{session}.count()); }
};

TEST_CASE_METHOD(StoreTest, "store: resolve asks the backend what became of a transaction, if the error names one") {
  ErrorInfo lost = fake::broken(ErrorCode::commit_unknown);
  CHECK(store().resolve(CommitUnknown(lost)) == Outcome::unknown);
  CHECK(script->calls().empty());
  lost.transaction = "7:42";
  script->outcomes = {Outcome::in_progress, Outcome::committed};
  CHECK(store().resolve(CommitUnknown(lost)) == Outcome::in_progress);
  CHECK(store().resolve(CommitUnknown(lost)) == Outcome::committed);
  CHECK(script->calls() == std::vector<std::string>{"resolve 7:42", "resolve 7:42"});
  script->fail("resolve 7:42", fake::error(ErrorCode::not_ready));
  CHECK_THROWS_AS(store().resolve(CommitUnknown(lost)), NotReady);
}

TEST_CASE_METHOD(StoreTest, "store: resolve asks nobody where the backend does not claim it") {
  script->capabilities &= ~static_cast<std::uint64_t>(Capability::resolve_commit);
  ErrorInfo lost = fake::broken(ErrorCode::commit_unknown);
  lost.transaction = "7:42";
  CHECK(store().resolve(CommitUnknown(lost)) == Outcome::unknown);
  CHECK(script->calls().empty());
}

TEST_CASE_METHOD(StoreTest, "store: tables are created after those they refer to, in one transaction") {
  store().create_tables<Player, Team>();
  CHECK(script->created == std::vector<const TableDesc*>{&described<Team>(), &described<Player>()});
  CHECK(script->count("commit") == 1);
}

TEST_CASE_METHOD(StoreTest, "store: a table that refers to itself waits for no other") {
  TableDesc tree = described<Team>();
  tree.foreign_keys.push_back({"tree", {0}, "", "teams", {"id"}, OnDelete::no_action});
  const TableDesc* tables[] = {&described<Player>(), &tree};
  store().create_tables(tables);
  CHECK(script->created == std::vector<const TableDesc*>{&tree, &described<Player>()});
}

TEST_CASE_METHOD(StoreTest, "store: tables that refer to each other keep their order") {
  TableDesc a = described<Team>();
  const TableDesc& b = described<Player>();
  a.foreign_keys.push_back({"a_b", {0}, "", "players", {"id"}, OnDelete::no_action});
  const TableDesc* tables[] = {&b, &a};
  store().create_tables(tables);
  CHECK(script->created == std::vector<const TableDesc*>{&b, &a});
}

TEST_CASE_METHOD(StoreTest, "store: create_tables on a backend that cannot is NotSupported") {
  script->capabilities &= ~static_cast<std::uint64_t>(Capability::create_tables);
  CHECK_THROWS_AS(store().create_tables<Team>(), NotSupported);
  CHECK(script->calls().empty());
}

TEST_CASE_METHOD(StoreTest, "store: opens min_idle connections, and opens all the same when they fail") {
  settings.pool.min_idle = 2;
  CHECK(fake::eventually([&] { return store().figures().idle == 2; }));
  opened.reset();
  for (int i = 0; i < 2; ++i)
    script->fail("connect", fake::error(ErrorCode::connection));
  std::atomic<int> said{0};
  set_log_sink([&](LogLevel, std::string_view) { ++said; });
  store();
  CHECK(fake::eventually([&] { return said == 1; })); // the first of them says so
  CHECK(fake::eventually([&] { return store().figures().connecting == 0; }));
  set_log_sink({});
  CHECK(store().figures().idle == 0);
  store().ping(); // its own connection comes back beside the two
  CHECK(fake::eventually([&] { return store().figures().idle >= 2; }));
}

TEST_CASE_METHOD(StoreTest, "store: ping is a round trip on a pooled connection") {
  store().ping();
  CHECK(script->count("ping") == 1);
  script->fail("ping", fake::error(ErrorCode::not_ready));
  CHECK_THROWS_AS(store().ping(), NotReady);
  CHECK(store().figures().in_use == 0);
}

TEST_CASE_METHOD(StoreTest, "store: a connect that fails keeps its detail to itself unless it was asked for") {
  ErrorInfo info = fake::error(ErrorCode::auth, "rejected");
  info.detail = "password authentication failed for user secret";
  for (const ErrorDetail wanted : {ErrorDetail::none, ErrorDetail::full}) {
    settings.error_detail = wanted;
    opened.reset();
    script->fail("connect", info);
    try {
      store().ping();
      FAIL("no error");
    } catch (const AuthError& error) {
      CHECK(error.detail().empty() == (wanted == ErrorDetail::none));
      CHECK(error.message() == "rejected");
    }
  }
}

TEST_CASE_METHOD(StoreTest, "store: a closed one refuses work and says which") {
  store().ping();
  store().close();
  CHECK(script->open == 0);
  CHECK_THROWS_WITH(store().ping(), Catch::Contains("fake.example"));
}

TEST_CASE_METHOD(StoreTest, "store: assigning another one closes the first") {
  store().ping();
  auto other = std::make_shared<Script>();
  *opened = Store(std::make_shared<fake::Backend>(other), settings);
  CHECK(script->open == 0);
  opened->ping();
  CHECK(other->count("ping") == 1);
}

TEST_CASE_METHOD(StoreTest, "store: a session or transaction held too long is reported with the place that opened it") {
  settings.pool.leak_after = Duration{10};
  std::mutex mutex;
  std::vector<std::string> said;
  set_log_sink([&](LogLevel, std::string_view message) {
    const std::lock_guard lock(mutex);
    said.emplace_back(message);
  });
  const auto reported = [&](std::uint32_t line) {
    return fake::eventually([&] {
      const std::lock_guard lock(mutex);
      return std::any_of(said.begin(), said.end(), [&](const std::string& text) {
        return text.find("fake.example") != std::string::npos &&
               text.find("core_store.cpp:" + std::to_string(line) + " ") != std::string::npos;
      });
    });
  };
  {
    const std::uint32_t line = __LINE__ + 1;
    Session holder = store().session();
    statement(holder);
    CHECK(reported(line));
  }
  std::uint32_t line = 0;
  const auto slow = [&](Session& session) {
    statement(session);
    CHECK(reported(line));
  };
  line = __LINE__ + 1;
  store().transaction(slow);
  set_log_sink({});
}

TEST_CASE_METHOD(StoreTest, "store: close with a deadline says whether all sessions came back") {
  std::optional<Session> holder(store().session());
  statement(*holder);
  CHECK_FALSE(store().close(Clock::now() + std::chrono::milliseconds(5)));
  CHECK(script->count("cancel") == 1);
  holder.reset();
  CHECK(store().close(Clock::now() + std::chrono::seconds(5)));
  CHECK(script->open == 0);
}

} // namespace
} // namespace tenon
