// Behind a pooler that lends a connection for one transaction: no named statements, no state of the session.
#include <tenon/testing/pgbouncer.hpp>

#include "postgresql_support.hpp"

namespace tenon::postgresql::test {
namespace {

void use(ISession& session, const TableDesc& table, const std::string& name) {
  auto& repository = session.repository(table);
  const std::vector<std::uint32_t> name_only{1};
  const Cell cell = Cell::text(name);
  repository.insert({name_only, &cell, 1, {}});
  CHECK(repository.find(1, {&cell, 1}).rows == 1);
  session.begin({});
  const std::vector<Node> filter{node(NodeKind::in, 2), column(1), value(cell)};
  const Assignment older{2, 0, 0, 0, Cell::int64(5)};
  CHECK(repository.update({filter, {&older, 1}, {}}) == 1);
  session.commit();
  Query query;
  query.filter = filter;
  CHECK(rows_of(*repository.select(query)).front()[2] == "5");
}

TEST_CASE("postgresql: with pooler: transaction nothing is prepared by name") {
  const Schema schema;
  const TableDesc table = users(schema);
  const auto session = connect({{"pooler", "transaction"}});
  session->create_tables(std::vector<const TableDesc*>{&table});
  use(*session, table, "ann");
  CHECK(value_of(*session, "SELECT count(*) FROM pg_prepared_statements") == "0");
}

TEST_CASE("postgresql: sessions share one connection of a real pooler") {
  const Schema schema;
  const TableDesc table = users(schema);
  const auto pooler = testing::Pgbouncer::start(server(), {.pool_size = 1});
  const Pairs through{{"port", std::to_string(pooler.port())}, {"pooler", "transaction"}};
  const auto first = connect(through);
  const auto second = connect(through);
  first->create_tables(std::vector<const TableDesc*>{&table});
  for (int i = 0; i < 5; ++i) {
    use(*first, table, "a" + std::to_string(i));
    use(*second, table, "b" + std::to_string(i));
  }
  CHECK(value_of(*first, "SELECT pg_backend_pid()") == value_of(*second, "SELECT pg_backend_pid()"));
  first->set_deadline(Clock::now() + std::chrono::milliseconds(150));
  CHECK(failure_of([&] { run(*first, "SELECT pg_sleep(30)"); }).code == ErrorCode::timeout);
  CHECK(value_of(*second, "SELECT 1") == "1");
}

} // namespace
} // namespace tenon::postgresql::test
