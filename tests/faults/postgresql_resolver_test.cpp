// What became of a COMMIT that was not answered.
#include <functional>
#include <thread>

#include <tenon/testing/tcp_proxy.hpp>

#include "postgresql_faults.hpp"

namespace tenon::postgresql::test {
namespace {

/// A transaction that writes, and whose COMMIT meets a fault.
ErrorInfo doubtful_commit(testing::TcpProxy& proxy, IBackend& backend, const std::string& table,
                          const testing::Fault& fault) {
  const auto session = backend.connect(Deadline::max());
  session->begin({});
  run(*session, "INSERT INTO " + table + " VALUES (1)");
  proxy.arm(fault);
  session->set_deadline(Clock::now() + milliseconds(300));
  ErrorInfo error = failure_of([&] { session->commit(); });
  proxy.release();
  return error;
}

Outcome settled(IBackend& backend, const std::string& transaction) {
  const auto limit = Clock::now() + std::chrono::seconds(20);
  while (true) {
    const Outcome outcome = backend.resolve(transaction, limit);
    if (outcome != Outcome::in_progress || Clock::now() > limit) return outcome;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

TEST_CASE("postgresql resolver: a lost answer and a lost question are told apart afterwards") {
  const Schema schema;
  const std::string table = schema.table("t");
  run(*connect(), "CREATE TABLE " + table + " (n int)");
  testing::TcpProxy proxy(server().port());
  const auto backend =
      open_backend(server_options({{"port", std::to_string(proxy.port())}, {"resolve_commit", "true"}}));
  CHECK(backend->capabilities().has(Capability::resolve_commit));
  struct Row {
    testing::Fault::Action action;
    testing::Direction direction;
    char message;
    Outcome outcome;
  };
  using Action = testing::Fault::Action;
  using enum testing::Direction;
  for (const Row& row :
       {Row{Action::cut, to_client, 'C', Outcome::committed}, Row{Action::swallow, to_client, 'C', Outcome::committed},
        Row{Action::reset, to_server, 'Q', Outcome::rolled_back},
        Row{Action::cut, to_server, 'Q', Outcome::rolled_back}}) {
    CAPTURE(static_cast<int>(row.action), static_cast<int>(row.direction));
    run(*connect(), "TRUNCATE " + table);
    testing::Fault fault;
    fault.action = row.action;
    fault.direction = row.direction;
    fault.message = row.message;
    fault.containing = "COMMIT";
    const ErrorInfo error = doubtful_commit(proxy, *backend, table, fault);
    CHECK(error.code == ErrorCode::commit_unknown);
    CHECK_FALSE(error.retryable);
    CHECK(error.broken);
    REQUIRE_FALSE(error.transaction.empty());
    CHECK(settled(*backend, error.transaction) == row.outcome);
    CHECK(value_of(*connect(), "SELECT count(*) FROM " + table) == (row.outcome == Outcome::committed ? "1" : "0"));
  }
}

TEST_CASE(
    "postgresql resolver: a lost answer is never asked about under the name of a commit that was refused before") {
  const Schema schema;
  const TableDesc table = users(schema);
  testing::TcpProxy proxy(server().port());
  const auto backend =
      open_backend(server_options({{"port", std::to_string(proxy.port())}, {"resolve_commit", "true"}}));
  const std::string name = table.qualified_name();
  const std::vector<std::uint32_t> columns{1, 2};
  const Cell cells[] = {Cell::text("a"), Cell::int64(1),  Cell::text("b"),
                        Cell::int64(1),  Cell::text("c"), Cell::int64(1)};
  const std::string by_statement = "INSERT INTO " + name + " (username, age) VALUES ('a', 1), ('b', 1)";
  using Write = std::function<void(ISession&)>;
  const Write in_transaction = [&](ISession& session) {
    session.begin({});
    run(session, by_statement);
    session.commit();
  };
  const Write in_own_transaction = [&](ISession& session) { // three rows are more than one statement
    session.repository(table).insert({columns, cells, 3, {}});
  };
  const Write in_pipeline = [&](ISession& session) {
    std::vector<BatchItem> items(2);
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].table = &table;
      items[i].rows = {columns, cells + 2 * i, 1, {}};
    }
    std::vector<std::uint64_t> affected(items.size());
    session.batch(items, affected);
  };
  const auto admin = connect();
  admin->create_tables(std::vector<const TableDesc*>{&table});
  run(*admin, "ALTER TABLE " + name + " ADD CONSTRAINT late UNIQUE (age) DEFERRABLE INITIALLY DEFERRED");
  for (const Write& refused : {in_transaction, in_own_transaction, in_pipeline}) {
    run(*admin, "TRUNCATE " + name);
    const auto session = backend->connect(Deadline::max());
    CHECK(failure_of([&] { refused(*session); }).constraint == "late");
    session->rollback(); // as the pool does
    testing::Fault lost;
    lost.message = 'C';
    lost.containing = "INSERT";
    proxy.arm(lost);
    const ErrorInfo error = failure_of([&] { run(*session, "INSERT INTO " + name + " (username) VALUES ('stored')"); });
    CHECK(error.code == ErrorCode::commit_unknown);
    CHECK(error.transaction.empty());
    CHECK(value_of(*admin, "SELECT string_agg(username, ',') FROM " + name) == "stored");
  }
}

TEST_CASE("postgresql resolver: while the transaction still runs nobody can know") {
  const Schema schema;
  const std::string table = schema.table("t");
  run(*connect(), "CREATE TABLE " + table + " (n int)");
  testing::TcpProxy proxy(server().port());
  const auto backend =
      open_backend(server_options({{"port", std::to_string(proxy.port())}, {"resolve_commit", "true"}}));
  testing::Fault hold;
  hold.action = testing::Fault::Action::hold;
  hold.direction = testing::Direction::to_server;
  hold.message = 'Q';
  hold.containing = "COMMIT";
  const auto session = backend->connect(Deadline::max());
  session->begin({});
  run(*session, "INSERT INTO " + table + " VALUES (1)");
  proxy.arm(hold);
  session->set_deadline(Clock::now() + milliseconds(100));
  const ErrorInfo error = failure_of([&] { session->commit(); });
  CHECK(error.code == ErrorCode::commit_unknown);
  CHECK(backend->resolve(error.transaction, Clock::now() + std::chrono::seconds(10)) == Outcome::in_progress);
  proxy.release(); // the COMMIT arrives after all
  CHECK(settled(*backend, error.transaction) == Outcome::committed);
}

TEST_CASE("postgresql resolver: nothing is asked for unless it is wanted, and nothing else than a name is taken") {
  const auto without = connect();
  without->begin({});
  CHECK(value_of(*without, "SELECT pg_current_xact_id_if_assigned() IS NULL") == "true");
  CHECK_THROWS_AS(static_cast<void>(open_backend(server_options())->resolve("1:2:3", Deadline::max())), NotSupported);

  const auto backend = open_backend(server_options({{"resolve_commit", "true"}}));
  const auto session = backend->connect(Deadline::max());
  TransactionOptions reads;
  reads.read_only = true;
  session->begin(reads);
  CHECK(value_of(*session, "SELECT pg_current_xact_id_if_assigned() IS NULL") == "true");
  session->rollback();
  session->begin({});
  CHECK(value_of(*session, "SELECT pg_current_xact_id_if_assigned() IS NULL") == "false");
  session->rollback();
  for (const char* wrong : {"", "1", "1:2", "x:00000001:0", "1; SELECT 1:2:3"}) {
    CAPTURE(wrong);
    CHECK(failure_of([&] { static_cast<void>(backend->resolve(wrong, Deadline::max())); }).code ==
          ErrorCode::programming);
  }
  CHECK(backend->resolve("999999999999:00000001:0", Deadline::max()) == Outcome::unknown); // not given out yet
  CHECK(backend->resolve("3:00000001:0", Deadline::max()) == Outcome::unknown);            // long forgotten
}

TEST_CASE("postgresql resolver: after a crash or a promotion a number may mean another transaction") {
  auto primary = testing::PostgresServer::start({.durable = true});
  auto standby = testing::PostgresServer::start_standby(primary);
  testing::TcpProxy proxy(primary.port());
  const auto backend = open_backend(options_of(primary, {{"resolve_commit", "true"}}));
  Pairs proxied = options_of(primary, {{"resolve_commit", "true"}});
  proxied[1].second = std::to_string(proxy.port());
  const auto doubting = open_backend(proxied);
  run(*backend->connect(Deadline::max()), "CREATE TABLE t (n int)");
  testing::Fault fault;
  fault.message = 'C';
  fault.containing = "COMMIT";
  const std::string committed = doubtful_commit(proxy, *doubting, "t", fault).transaction;
  fault.direction = testing::Direction::to_server;
  fault.message = 'Q';
  const std::string undone = doubtful_commit(proxy, *doubting, "t", fault).transaction;
  CHECK(settled(*backend, committed) == Outcome::committed);
  CHECK(settled(*backend, undone) == Outcome::rolled_back);

  primary.restart(); // in good order: nothing is forgotten
  CHECK(settled(*backend, committed) == Outcome::committed);

  standby.catch_up_with(primary);
  primary.kill_server();
  primary.restart();
  CHECK(settled(*backend, committed) == Outcome::unknown);
  CHECK(settled(*backend, undone) == Outcome::rolled_back); // had it been committed, its number would be known

  standby.promote();
  const auto there = open_backend(options_of(standby, {{"resolve_commit", "true"}, {"password", primary.password()}}));
  CHECK(settled(*there, committed) == Outcome::unknown);
}

TEST_CASE("postgresql resolver: reads on a standby do without a number") {
  auto primary = testing::PostgresServer::start();
  auto standby = testing::PostgresServer::start_standby(primary);
  const auto backend =
      open_backend(options_of(standby, {{"resolve_commit", "true"}, {"password", primary.password()}}));
  const auto session = backend->connect(Deadline::max());
  session->begin({});
  CHECK(value_of(*session, "SELECT 1") == "1");
  session->commit();
}

} // namespace
} // namespace tenon::postgresql::test
