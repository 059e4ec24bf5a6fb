#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;
using namespace std::chrono_literals;

namespace {

sqlite::Settings read(std::initializer_list<Option> options) {
  const std::vector<Option> all(options);
  return sqlite::read_settings(all);
}

} // namespace

TEST_CASE("settings have sound defaults") {
  const auto settings = read({{"database", "app.db"}});
  CHECK(settings.database == "app.db");
  CHECK_FALSE(settings.in_memory());
  CHECK(settings.busy_timeout == 5s);
  CHECK(settings.journal_mode == sqlite::JournalMode::wal);
  CHECK(settings.synchronous == sqlite::Synchronous::full);
  CHECK(settings.foreign_keys);
  CHECK(read({{"database", ":memory:"}}).in_memory());
}

TEST_CASE("every commit waits for the disk, unless said otherwise") {
  CHECK(read({{"database", "a"}, {"journal_mode", "delete"}}).synchronous == sqlite::Synchronous::full);
  CHECK(read({{"synchronous", "normal"}, {"database", "a"}}).synchronous == sqlite::Synchronous::normal);
}

TEST_CASE("durations are milliseconds or carry a unit") {
  const auto timeout = [](std::string_view text) {
    return read({{"database", "a"}, {"busy_timeout", text}}).busy_timeout;
  };
  CHECK(timeout("250") == 250ms);
  CHECK(timeout("250ms") == 250ms);
  CHECK(timeout("5s") == 5s);
  CHECK(timeout("2m") == 2min);
  CHECK(timeout("0") == 0ms);
  for (const char* bad : {"", "s", "-1s", "1.5s", "5 s", "5sec", "25h", "99999999999999999999", "1d"}) {
    INFO(bad);
    CHECK_THROWS_AS(timeout(bad), ConfigError);
  }
}

TEST_CASE("an unknown option is named with the nearest valid one") {
  const ErrorInfo near = error_of([] { read({{"database", "a"}, {"busytimeout", "5s"}}); });
  CHECK(near.code == ErrorCode::config);
  CHECK(near.message.find("\"busytimeout\"") != std::string::npos);
  CHECK(near.hint == "did you mean \"busy_timeout\"?");
  const ErrorInfo far = error_of([] { read({{"host", "localhost"}}); });
  CHECK(far.hint.find("database, busy_timeout, journal_mode, synchronous, foreign_keys") != std::string::npos);
}

TEST_CASE("values are checked") {
  CHECK_THROWS_AS(read({}), ConfigError);
  CHECK_THROWS_AS(read({{"database", ""}}), ConfigError);
  CHECK_THROWS_AS(read({{"database", std::string_view("a\0b", 3)}}), ConfigError);
  CHECK_THROWS_AS(read({{"database", "a"}, {"journal_mode", "WAL"}}), ConfigError);
  CHECK_THROWS_AS(read({{"database", "a"}, {"synchronous", "extra"}}), ConfigError);
  CHECK_THROWS_AS(read({{"database", "a"}, {"foreign_keys", "yes"}}), ConfigError);
}

TEST_CASE("capabilities follow the settings") {
  TemporaryFolder folder;
  const auto has = [](const IBackend& backend, Capability capability) {
    return backend.capabilities().has(capability);
  };
  const auto file = open_backend(folder.file("a.db"));
  CHECK(has(*file, Capability::persistence));
  CHECK(has(*file, Capability::concurrent_transactions));
  CHECK(has(*file, Capability::foreign_keys));
  CHECK_FALSE(has(*file, Capability::schemas));
  const auto memory = open_backend(":memory:");
  CHECK_FALSE(has(*memory, Capability::persistence));
  CHECK_FALSE(has(*memory, Capability::concurrent_transactions));
  CHECK(has(*memory, Capability::savepoints));
  const auto plain = open_backend(folder.file("b.db"), {{"journal_mode", "delete"}, {"foreign_keys", "false"}});
  CHECK_FALSE(has(*plain, Capability::concurrent_transactions));
  CHECK_FALSE(has(*plain, Capability::foreign_keys));
  CHECK((file->capabilities().bits() & ~sqlite::Backend::plugin_capabilities().bits()) == 0);
  CHECK(file->endpoint() == folder.file("a.db"));
  CHECK(file->info().id == "sqlite");
}
