#pragma once
// What the tests of the PostgreSQL backend share: one temporary server for the whole binary, sessions on it, a schema
// of its own for each test, and short ways to write rows, filters and expectations.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/interface/backend.hpp>
#include <tenon/testing/postgres_server.hpp>

namespace tenon::postgresql::test {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Started at the first use.
testing::PostgresServer& server();

/// The server's host, port, user, password and database, with `changes` put over them.
Pairs server_options(const Pairs& changes = {});
std::unique_ptr<IBackend> open_backend(const Pairs& options);
std::unique_ptr<ISession> connect(const Pairs& changes = {});

/// Runs a statement to its end.
void run(ISession& session, std::string_view sql, const std::vector<Cell>& parameters = {});
/// All rows, each cell as text; NULL as "NULL".
std::vector<std::vector<std::string>> rows_of(ISession& session, std::string_view sql,
                                              const std::vector<Cell>& parameters = {});
std::vector<std::vector<std::string>> rows_of(ICursor& cursor);
std::vector<std::vector<std::string>> rows_of(const RowBatch& batch);
/// The single cell of the single row.
std::string value_of(ISession& session, std::string_view sql, const std::vector<Cell>& parameters = {});

/// A schema that lives as long as the object.
class Schema {
public:
  Schema();
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string table(std::string_view name) const { return name_ + "." + std::string(name); }

private:
  std::string name_;
};

/// id (generated), username (unique, at most 20), age (nullable).
TableDesc users(const Schema& schema);
/// id (generated), user_id -> users, title (nullable, indexed).
TableDesc notes(const Schema& schema);

/// A filter from its nodes in prefix order.
Node node(NodeKind kind, std::uint32_t children);
Node column(std::uint32_t position);
Node value(const Cell& cell);

/// What `call` throws.
template <class Call> ErrorInfo failure_of(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const Error& error) {
    return error.info();
  }
  FAIL("nothing was thrown");
  return {};
}

/// Waits until `condition` holds; fails the test after ten seconds.
template <class Condition> void wait_until(Condition&& condition) {
  const auto limit = Clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (Clock::now() > limit) FAIL("waited in vain");
    struct timespec pause {
      0, 2'000'000
    };
    nanosleep(&pause, nullptr);
  }
}

} // namespace tenon::postgresql::test
