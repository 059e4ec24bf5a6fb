#pragma once
// TPC-B as pgbench runs it: the same transactions through Tenon's typed models, one statement after the other and with
// a Batch, from one thread and from four. Each run verifies that no money was made or lost. Threads: one at a time.

#include <cstdint>
#include <string>
#include <vector>

#include "pgbench.hpp"
#include "works.hpp"

namespace tenon::benchmarks {

class Tpcb {
public:
  /// Lifetime: `pgbench` must outlive it.
  Tpcb(const Pgbench& pgbench, Place place, const Effort& effort);

  /// Returns the names of the works. Lifetime: this must outlive the run.
  std::vector<std::string> register_works();

private:
  enum class Way { pgbench, statements, batch };
  /// Returns the seconds.
  [[nodiscard]] double run(Way way, int threads);
  [[nodiscard]] double run_tenon(Way way, int threads, std::int64_t transactions);
  void verify(std::int64_t transactions);

  const Pgbench& pgbench_;
  Place place_;
  Effort effort_;
  Store store_;
  std::uint64_t done_ = 0; ///< transactions so far
  std::uint32_t seed_ = 1;
};

} // namespace tenon::benchmarks
