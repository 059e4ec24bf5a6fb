#pragma once
// How Tenon's cost grows with the number of rows: create_many and a streamed scan of 1,000 to 1,000,000 rows, with the
// memory that the scan needs. Threads: one at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "driver.hpp"

namespace benchmark {
class State;
}

namespace tenon::benchmarks {

/// Opens the driver anew after a failure, so that nothing of the step that failed stays open.
class Growth {
public:
  using Open = std::function<std::unique_ptr<Driver>()>;
  explicit Growth(Open open) : open_(std::move(open)) {}

  /// Registers growing_create_N and growing_scan_N for each size and returns their names in the order in which they
  /// have to run. Requires an empty table; leaves rows. Lifetime: this must outlive the run.
  std::vector<std::string> register_works(const std::string& backend, const std::vector<std::int64_t>& sizes);

private:
  using Body = void (*)(benchmark::State&, Driver&, std::int64_t);
  void add(const std::string& name, Body body, std::int64_t size);

  Open open_;
  std::unique_ptr<Driver> driver_;
};

} // namespace tenon::benchmarks
