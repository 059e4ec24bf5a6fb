// The traps of this stack that no other test of the backend springs: each case fails where its guard is missing. The
// others: a late cancel and a peer that swallows (cancel), COMMIT before and behind the cut (resolver), a demoted
// primary (demotion), statements behind a pooler and SQLSTATEs of connects (unit).
#include <array>
#include <memory>

#include <libpq-fe.h>
#include <soci/soci.h>

#include <tenon/testing/tcp_proxy.hpp>

#include "link.hpp"

#include "postgresql_faults.hpp"

namespace tenon::postgresql::test {
namespace {

TEST_CASE(
    "postgresql trap: a COMMIT that the server answers with ROLLBACK is an error, even if nobody saw the first one") {
  const Schema schema;
  const auto session = connect();
  run(*session, "CREATE TABLE " + schema.table("t") + " (n int)");
  session->begin({});
  run(*session, "INSERT INTO " + schema.table("t") + " VALUES (1)");
  {
    const auto rows = session->execute("SELECT 1 / (5000 - n) FROM generate_series(1, 10000) AS n", {});
    RowBatch batch;
    REQUIRE(rows->next(batch));
  } // left before the division by zero, which fails the transaction all the same
  const ErrorInfo error = failure_of([&] { session->commit(); });
  CHECK(error.message.find("commit: rolled back") == 0);
  CHECK_FALSE(error.broken);
  CHECK(value_of(*session, "SELECT count(*) FROM " + schema.table("t")) == "0");
}

TEST_CASE("postgresql trap: a statement that runs again has the new values, and all of each") {
  const Schema schema;
  const TableDesc table = users(schema);
  const auto session = connect();
  session->create_tables(std::vector<const TableDesc*>{&table});
  auto& repository = session->repository(table);
  const std::vector<std::uint32_t> name_only{1};
  for (const auto& pair : {std::array{"1", "2"}, std::array{"3", "4"}}) {
    const std::array<Cell, 2> cells{Cell::text(pair[0]), Cell::text(pair[1])};
    repository.insert({name_only, cells.data(), 2, {}});
  }
  CHECK(value_of(*session, "SELECT string_agg(username, ',' ORDER BY id) FROM " + table.qualified_name()) == "1,2,3,4");
  const std::string bytes("a\0b\0", 4);
  CHECK(value_of(*session, "SELECT $1::bytea", {Cell::blob(bytes.data(), bytes.size())}) == bytes);
  CHECK(failure_of([&] { run(*session, "SELECT $1::text", {Cell::text(bytes)}); }).code == ErrorCode::data);
  CHECK(value_of(*session, "SELECT 9007199254740993::bigint") == "9007199254740993");
}

TEST_CASE("postgresql trap: the text of a statement is nobody's to rewrite") {
  const auto session = connect();
  CHECK(value_of(*session, "SELECT (ARRAY[1,2,3])[1:2]::text") == "{1,2}");
  CHECK(value_of(*session, "SELECT $$ :x $$") == " :x ");
  CHECK(value_of(*session, "SELECT E'\\' :x'") == "' :x");
}

TEST_CASE("postgresql trap: an RST on an idle connection is seen by a look, before anything is sent") {
  testing::TcpProxy proxy(server().port());
  const auto session = connect({{"port", std::to_string(proxy.port())}});
  session->ping();
  CHECK(session->alive());
  CHECK(proxy.reset_connections(1) == 1);
  wait_until([&] { return !session->alive(); });
  const ErrorInfo error = failure_of([&] { run(*session, "CREATE TABLE never_made (n int)"); });
  CHECK(error.code == ErrorCode::connection); // not CommitUnknown: it was not sent
  CHECK(error.retryable);
}

TEST_CASE("postgresql trap: SOCI is given its backend and loads none, whose end would unload the core library") {
  const auto session = connect();
  CHECK(value_of(*session, "SELECT 1") == "1");
  CHECK(soci::dynamic_backends::list_all().empty());
}

TEST_CASE("postgresql trap: what SOCI keeps is taken for what it is without a dynamic_cast, which would not link") {
  const Pairs pairs = server_options();
  std::vector<Option> options;
  for (const auto& [key, text] : pairs)
    options.push_back({key, text});
  const Settings settings = read_settings(options);
  HostMemory memory;
  const Link link = Link::open(settings, memory, Deadline::max());
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(
      PQexec(link.handle(), "SELECT pg_backend_pid(), current_user"), &PQclear);
  REQUIRE(PQresultStatus(result.get()) == PGRES_TUPLES_OK);
  CHECK(std::to_string(PQbackendPID(link.handle())) == PQgetvalue(result.get(), 0, 0));
  CHECK(std::string(PQuser(link.handle())) == PQgetvalue(result.get(), 0, 1));
}

TEST_CASE("postgresql trap: behind a pooler no statement is named, and no session is set") {
  const auto session = connect({{"pooler", "transaction"}});
  const auto plain = connect();
  const char* const changed =
      "SELECT coalesce(string_agg(name, ',' ORDER BY name), '') FROM pg_settings WHERE source = "
      "'session'";
  CHECK(value_of(*session, changed) == "extra_float_digits"); // SOCI's, and nothing here depends on it
  CHECK(value_of(*plain, changed) == "extra_float_digits");
  CHECK(value_of(*session, "SELECT count(*) FROM pg_prepared_statements") == "0");
  CHECK(value_of(*session, "SELECT 0.1::float8 + 0.2::float8") == value_of(*plain, "SELECT 0.1::float8 + 0.2::float8"));
}

} // namespace
} // namespace tenon::postgresql::test
