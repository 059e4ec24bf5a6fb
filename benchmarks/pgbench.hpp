#pragma once
// Pgbench: PostgreSQL's own benchmark program, as a child process. It makes the tables of TPC-B and is what Tenon is
// compared with there. Threads: one at a time.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tenon/testing/postgres_server.hpp>

namespace tenon::benchmarks {

class Pgbench {
public:
  /// Makes the tables. `scale`: branches, of 10 tellers and 100,000 accounts each.
  /// Errors: std::runtime_error, here and below, with what pgbench said.
  Pgbench(const testing::PostgresServer& server, int scale);

  [[nodiscard]] int scale() const noexcept { return scale_; }
  /// Runs `transactions` of TPC-B with prepared statements in each of `threads` threads with a connection of its own.
  /// Returns the seconds from when all are connected.
  [[nodiscard]] double run(int threads, std::int64_t transactions) const;

private:
  [[nodiscard]] std::string call(std::vector<std::string> options) const;

  std::filesystem::path program_;
  std::vector<std::string> environment_;
  std::string database_;
  int scale_;
};

} // namespace tenon::benchmarks
