// A route that leads to a standby: as after a failover, behind a name or an address that moved.
#include <catch2/catch.hpp>

#include <tenon/testing/postgres_server.hpp>
#include <tenon/testing/tcp_proxy.hpp>

#include "rig.hpp"

namespace tenon::faults {
namespace {

void count(Session& session) { static_cast<void>(session.execute("SELECT count(*) FROM t", {})); }
void add(Session& session) { static_cast<void>(session.execute("INSERT INTO t VALUES (1)", {})); }

TEST_CASE("demotion: one ReadOnly, and the next session goes to the new primary") {
  auto primary = testing::PostgresServer::start();
  {
    Store own = open_store(primary);
    auto session = own.session();
    static_cast<void>(session.execute("CREATE TABLE t (n int)", {}));
    session.commit();
  }
  auto standby = testing::PostgresServer::start_standby(primary);
  standby.catch_up_with(primary);

  testing::TcpProxy address(standby.port()); // what clients know; it leads to what has just been demoted
  Store store = open_store(primary, {{"pool.size", "3"}}, address.port());
  {
    auto a = store.session(), b = store.session(), c = store.session();
    count(a), count(b), count(c); // three connections, all to the standby; each passes every ping
  }
  address.set_server(primary.port()); // and now to the new primary
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    try {
      auto session = store.session();
      add(session);
      session.commit();
    } catch (const ReadOnly& error) {
      CHECK(error.broken());
      ++refused;
    }
  }
  CHECK(refused == 1); // the others were as old, and are not tried
  CHECK(as_admin(primary, "SELECT count(*) FROM t") == "9");
}

} // namespace
} // namespace tenon::faults
