#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include <tenon/adpa/adpa.hpp>
#include <tenon/core/sql_query.hpp>
#include <tenon/tenon.hpp>

#include "tool_server.hpp"

using namespace tenon::testing;

namespace {

/// A database of its own on the server, with the tables of the application layer.
class Database {
public:
  explicit Database(const std::string& name) : variables_(environment_of(server())) {
    server().create_database(name);
    variables_["POSTGRES_DATABASE"] = name;
    tenon::config::Sources sources{.environment = tenon::config::Environment({variables_.begin(), variables_.end()})};
    sources.use_file = false;
    store_.emplace(tenon::open(sources));
    tenon::adpa::create_tables(*store_);
  }

  [[nodiscard]] tenon::Store& store() { return *store_; }
  [[nodiscard]] const std::map<std::string, std::string>& variables() const { return variables_; }

private:
  std::map<std::string, std::string> variables_;
  std::optional<tenon::Store> store_;
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

} // namespace

TEST_CASE("doctor finds nothing wrong with a good profile") {
  const TemporaryFolder folder;
  const auto file = folder.write(
      "storage.yaml", "version: 1\nprofiles: { dev: { backend: sqlite, connection: { database: ./dev.db } } }\n");
  folder.write("dev.db", "");
  const auto result = run_tool({"doctor", "-c", file});
  INFO(result.out << result.err);
  CHECK(result.exit == 0);
  for (const char* part : {"file    ok", "plugin  ok", "server  ok", "schema  note"})
    CHECK(has(result.out, part));
}

TEST_CASE("doctor names the part that is wrong and skips what depends on it") {
  auto variables = environment_of(server());
  variables["POSTGRES_PASSWORD"] = "letmein";
  const auto result = run_with({"doctor"}, variables);
  CHECK(result.exit == 69);
  CHECK(has(result.out, "plugin  ok"));
  CHECK(has(result.out, "server  wrong"));
  CHECK(has(result.out, "next: "));
  CHECK(has(result.out, "schema  skipped"));
  CHECK_FALSE(has(result.out + result.err, "letmein"));
}

TEST_CASE("doctor looks at all tables of the application layer") {
  Database database("doctor_all");
  const auto result = run_with({"doctor"}, database.variables());
  CHECK(result.exit == 0);
  CHECK(has(result.out, "schema  ok       all 6 tables of tenon::adpa are there"));
}

TEST_CASE("doctor does not call the schema good when a table cannot be read") {
  Database database("doctor_rights");
  database.store().transaction([](tenon::Session& session) {
    session.sql("create role doctor_reader login password 'reader'").run();
    session.sql("grant select on all tables in schema public to doctor_reader").run();
    session.sql("revoke select on projects from doctor_reader").run();
  });
  auto variables = database.variables();
  variables["POSTGRES_USER"] = "doctor_reader";
  variables["POSTGRES_PASSWORD"] = "reader";
  const auto result = run_with({"doctor"}, variables);
  INFO(result.out);
  CHECK(result.exit == 1);
  CHECK(count(result.out, "schema  wrong") == 1);
  CHECK(has(result.out, "projects"));
  CHECK_FALSE(has(result.out, "schema  ok"));
}

TEST_CASE("doctor asks a database that does not answer for one table only") {
  Database database("doctor_silent");
  auto session = database.store().session();
  session.sql("lock table projects, users, user_profiles, app_states, model_configs, system_health").run();
  auto variables = database.variables();
  variables["TENON__DEADLINES__CALL"] = "500ms";
  const auto result = run_with({"doctor"}, variables);
  INFO(result.out);
  CHECK(result.exit == 69);
  CHECK(has(result.out, "server  ok"));
  CHECK(count(result.out, "schema  wrong") == 1);
  CHECK_FALSE(has(result.out, "schema  ok"));
}

TEST_CASE("doctor of a database file that is not there says so and does not create it") {
  const TemporaryFolder folder;
  const auto file = folder.write("storage.yaml", "version: 1\nprofiles:\n  dev:\n    backend: sqlite\n"
                                                 "    connection: { database: ./dev.db }\n    pool: { min_idle: 1 }\n");
  const auto result = run_tool({"doctor", "-c", file});
  CHECK(result.exit == 0);
  CHECK(has(result.out, "server  note     " + folder / "dev.db" + " is not there yet"));
  CHECK(has(result.out, "next: nothing, if that is the path you mean"));
  CHECK(has(result.out, "schema  skipped"));
  CHECK_FALSE(std::filesystem::exists(folder / "dev.db"));
}
