#include "growth.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace tenon::benchmarks {
namespace {

/// The most memory that this process has used since forget_peak(), in KiB; 0 where the system does not say.
std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(line.find_first_of("0123456789")));
  }
  return 0;
}
void forget_peak() { std::ofstream("/proc/self/clear_refs") << '5'; }

void create(benchmark::State& state, Driver& driver, std::int64_t size) {
  for (auto _ : state) {
    state.PauseTiming();
    driver.remove_above(0);
    std::vector<User> users = make_users('g', size);
    state.ResumeTiming();
    driver.create_many(users);
    state.PauseTiming();
    if (driver.count() != static_cast<std::uint64_t>(size)) throw std::runtime_error("create_many left rows out");
    state.ResumeTiming();
  }
}

void scan(benchmark::State& state, Driver& driver, std::int64_t size) {
  if (driver.count() != static_cast<std::uint64_t>(size)) { // it runs by itself, or create has failed
    driver.remove_above(0);
    std::vector<User> users = make_users('g', size);
    driver.create_many(users);
  }
  driver.begin();
  forget_peak();
  const std::int64_t before = peak_memory();
  for (auto _ : state) {
    if (driver.scan().rows != static_cast<std::uint64_t>(size)) throw std::runtime_error("scan left rows out");
  }
  state.counters["peak_kib"] = static_cast<double>(std::max<std::int64_t>(peak_memory() - before, 0));
  driver.commit();
}

} // namespace

void Growth::add(const std::string& name, Body body, std::int64_t size) {
  const auto run = [this, body, size](benchmark::State& state) {
    try {
      if (driver_ == nullptr) driver_ = open_();
      body(state, *driver_, size);
    } catch (const std::exception& error) {
      driver_.reset();
      state.SkipWithError(error.what());
    }
  };
  benchmark::RegisterBenchmark((name + "/tenon").c_str(), run)->UseRealTime()->Iterations(1)->Repetitions(3);
}

std::vector<std::string> Growth::register_works(const std::string& backend, const std::vector<std::int64_t>& sizes) {
  std::vector<std::string> names;
  for (const std::int64_t size : sizes) {
    names.push_back(fmt::format("growing_create_{}/{}", size, backend));
    add(names.back(), create, size);
    names.push_back(fmt::format("growing_scan_{}/{}", size, backend)); // of what create has left
    add(names.back(), scan, size);
  }
  return names;
}

} // namespace tenon::benchmarks
