#pragma once
// How Tenon's cost grows with the number of rows: create_many and a streamed scan of 1,000 to 1,000,000 rows, with the
// memory that the scan needs. Threads: one at a time.

#include <cstdint>
#include <string>
#include <vector>

#include "driver.hpp"

namespace tenon::benchmarks {

/// Registers growing_create_N and growing_scan_N for each size and returns their names in the order in which they have
/// to run. Requires an empty table, which is empty again afterwards. Lifetime: `driver` must outlive the run.
std::vector<std::string> register_growth(Driver& driver, const std::string& backend,
                                         const std::vector<std::int64_t>& sizes);

} // namespace tenon::benchmarks
