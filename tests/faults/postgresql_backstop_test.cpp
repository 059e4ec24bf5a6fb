// The server's own limit behind our deadlines: set with the transaction, gone with it, never in the way.
#include <thread>

#include <tenon/testing/tcp_proxy.hpp>

#include "backstop.hpp"
#include "postgresql_faults.hpp"

namespace tenon::postgresql::test {
namespace {

const Pairs kOn{{"statement_timeout_backstop", "true"}};

Deadline in_seconds(int count) { return Clock::now() + std::chrono::seconds(count); }

TEST_CASE("postgresql backstop: what is said when") {
  Backstop off;
  CHECK(off.at_begin(in_seconds(10)).empty());
  CHECK_FALSE(off.before(in_seconds(100)));

  Backstop on("0");
  CHECK(on.at_begin(Deadline::max()).empty());
  CHECK(on.at_begin(in_seconds(10)).find("; SET LOCAL statement_timeout = 1") == 0);
  CHECK_FALSE(on.before(in_seconds(10)));
  CHECK(on.before(in_seconds(60))->find("SET LOCAL statement_timeout = 6") == 0);
  CHECK_FALSE(on.before(in_seconds(60)));
  on.savepoint_undone(); // with what was set behind the savepoint
  CHECK(on.before(in_seconds(60)));
  CHECK(*on.before(Deadline::max()) == "SET LOCAL statement_timeout TO DEFAULT");
  CHECK_FALSE(on.before_rows());

  Backstop strict("5s"); // the server's own limit is lower
  CHECK(strict.at_begin(in_seconds(10)).empty());
  CHECK_FALSE(strict.at_begin(in_seconds(1)).empty());
  CHECK(*strict.before(in_seconds(10)) == "SET LOCAL statement_timeout TO DEFAULT");
  for (const char* text : {"1500ms", "5min", "1h", "2d"})
    CHECK_FALSE(Backstop(text).at_begin(in_seconds(0)).empty());
  CHECK(Backstop("a while").at_begin(in_seconds(10)).empty());
}

TEST_CASE("postgresql backstop: it is the transaction's, and streams are free of it") {
  const auto session = connect(kOn);
  session->set_deadline(in_seconds(20));
  session->begin({});
  const auto rows = session->execute("SELECT current_setting('statement_timeout') FROM generate_series(1, 100000)", {});
  RowBatch batch;
  REQUIRE(rows->next(batch));
  CHECK(batch.row(0)[0].bytes() == "0");
  session->rollback();
  session->set_deadline(in_seconds(20));
  session->begin({});
  run(*session, "DO $$ BEGIN ASSERT current_setting('statement_timeout') IN ('21s', '20999ms'); END $$");
  session->commit();
  CHECK(value_of(*session, "SELECT current_setting('statement_timeout')") == "0");
  const auto without = connect();
  without->set_deadline(in_seconds(20));
  without->begin({});
  CHECK(value_of(*without, "SELECT current_setting('statement_timeout')") == "0");
}

TEST_CASE("postgresql backstop: a statement that no cancel reaches is ended by the server") {
  testing::TcpProxy proxy(server().port());
  auto session = connect({{"port", std::to_string(proxy.port())}, {"statement_timeout_backstop", "true"}});
  const auto admin = connect();
  const std::string pid = value_of(*session, "SELECT pg_backend_pid()");
  session->set_deadline(Clock::now() + milliseconds(300));
  session->begin({});
  proxy.ignore(true);     // the cancel …
  testing::Fault swallow; // … and the end of the connection
  swallow.action = testing::Fault::Action::swallow;
  swallow.direction = testing::Direction::to_server;
  swallow.message = 'S'; // the Sync behind the statement still arrives
  swallow.offset = testing::Fault::kBehind;
  proxy.arm(swallow);
  const ErrorInfo error = failure_of([&] { run(*session, "DO $$ BEGIN PERFORM pg_sleep(30); END $$"); });
  CHECK(error.code == ErrorCode::timeout);
  CHECK(error.broken);
  session.reset();
  const auto active = [&] {
    return value_of(*admin, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid = $1::text::int",
                    {Cell::text(pid)});
  };
  CHECK(active() == "1"); // the server knows nothing of it
  wait_until([&] { return active() == "0"; });
}

} // namespace
} // namespace tenon::postgresql::test
