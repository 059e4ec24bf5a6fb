#pragma once
// The works of the comparison, registered with Google Benchmark under work/backend/library. Each verifies that what it
// timed was done. Threads: one at a time.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "driver.hpp"

namespace tenon::benchmarks {

/// How much is done: for the published figures, for a quick look, and for a test of the benchmarks themselves.
struct Effort {
  std::int64_t many = 100'000; ///< rows of create_many, scan and batch (half)
  int repetitions = 15;        ///< of a short work; a long one has fewer
  int long_repetitions = 7;
  double seconds = 0.1;             ///< of one repetition of a short work
  std::int64_t transactions = 4000; ///< of one repetition of TPC-B, all threads together
  std::int64_t iterations = 0;      ///< of each work, where a profile has to know them; 0: what its time allows
  int scale = 10;                   ///< of TPC-B's tables, in units of 100,000 accounts
};

/// Opens the drivers and keeps them open: PostgreSQL's share one seeded table, each of SQLite's has its own.
class Stage {
public:
  Stage(Place place, std::int64_t seeded) : place_(std::move(place)), seeded_(seeded) {}
  /// Lifetime: as the stage.
  Driver& driver(const Entry& entry);
  /// Behind a failure: what it left open is closed with its driver, what it left in the table is removed.
  void repair(const Entry& entry);
  [[nodiscard]] std::int64_t seeded() const noexcept { return seeded_; }
  [[nodiscard]] const Place& place() const noexcept { return place_; }

private:
  void seed(Driver& driver) const;
  Place place_;
  std::int64_t seeded_;
  bool postgresql_seeded_ = false;
  std::map<std::string, std::unique_ptr<Driver>, std::less<>> drivers_;
};

/// Returns the names of the works in the order of the table. Lifetime: `stage` must outlive the run.
std::vector<std::string> register_works(Stage& stage, const Effort& effort, const std::string& backend,
                                        const std::vector<Entry>& chosen);

} // namespace tenon::benchmarks
