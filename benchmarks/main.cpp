// Runs the benchmarks: opens the databases on one CPU, gives Google Benchmark one work after the other, its libraries
// in random turns, and writes the results as JSON. Used by ./dev bench.
#include <sched.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string_view>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <tenon/testing/postgres_server.hpp>

#include "growth.hpp"
#include "tpcb.hpp"
#include "works.hpp"

namespace tenon::benchmarks {
namespace {

struct Arguments {
  Effort effort;
  std::int64_t seeded = kSeeded;
  std::vector<std::int64_t> sizes{1000, 10'000, 100'000, 1'000'000};
  std::string backend;   ///< empty: both
  std::string only;      ///< part of a work's name
  std::string libraries; ///< names with commas between them; empty: all
  std::string out = "results.json";
  std::string storage;
  bool bad = false;
};

Arguments read(int count, char** words) {
  Arguments read;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const auto value = [&](std::string_view option, std::string& to) {
      if (!word.starts_with(option)) return false;
      to = word.substr(option.size());
      return true;
    };
    if (word == "--quick") {
      read.effort = {.many = 50'000, .repetitions = 9, .long_repetitions = 3, .seconds = 0.04, .transactions = 1000};
      read.sizes = {1000, 10'000, 100'000};
    } else if (word == "--smoke") {
      read.effort = {
          .many = 200, .repetitions = 1, .long_repetitions = 1, .seconds = 0.0001, .transactions = 40, .scale = 1};
      read.seeded = 1000;
      read.sizes = {10, 100};
    } else if (word.starts_with("--iterations=")) {
      std::string number;
      value("--iterations=", number);
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), read.effort.iterations);
      read.bad = read.bad || error != std::errc{} || end != number.data() + number.size() || read.effort.iterations < 1;
    } else if (!value("--backend=", read.backend) && !value("--only=", read.only) &&
               !value("--libraries=", read.libraries) && !value("--out=", read.out) &&
               !value("--storage=", read.storage)) {
      read.bad = true;
    }
  }
  return read;
}

/// Client and server take turns on one CPU: on two, most of a round trip is the wake-up of an idle one.
void pin_to_one_cpu() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    CPU_ZERO(&allowed);
    CPU_SET(cpu, &allowed);
    sched_setaffinity(0, sizeof allowed, &allowed); // the server that we start inherits it
    return;
  }
}

/// Shows what runs and collects everything as one JSON document, though each work is a run of its own.
class Report final : public benchmark::BenchmarkReporter {
public:
  explicit Report(std::ostream& out) {
    json_.SetOutputStream(&out);
    console_.SetOutputStream(&std::cout);
    console_.SetErrorStream(&std::cerr);
    json_.SetErrorStream(&std::cerr);
  }
  bool ReportContext(const Context& context) override {
    if (begun_) return true;
    begun_ = true;
    return console_.ReportContext(context) && json_.ReportContext(context);
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      failed_ = failed_ || run.error_occurred;
    console_.ReportRuns(runs);
    json_.ReportRuns(runs);
  }
  void finish() { json_.Finalize(); }
  [[nodiscard]] bool failed() const noexcept { return failed_; }

private:
  benchmark::ConsoleReporter console_{benchmark::ConsoleReporter::OO_None};
  benchmark::JSONReporter json_;
  bool begun_ = false;
  bool failed_ = false;
};

/// What the PostgreSQL of the benchmarks is like: nothing of its own accord while something is timed.
testing::PostgresOptions server_options() {
  testing::PostgresOptions options;
  options.settings = {{"shared_buffers", "256MB"},
                      {"autovacuum", "off"},
                      {"max_wal_size", "8GB"},
                      {"checkpoint_timeout", "1h"},
                      {"bgwriter_lru_maxpages", "0"},
                      {"jit", "off"},
                      {"max_parallel_workers_per_gather", "0"}};
  return options;
}

void run_all(const Arguments& arguments, const std::vector<std::string>& works, Report& report) {
  for (const std::string& work : works) {
    if (work.find(arguments.only) != std::string::npos) benchmark::RunSpecifiedBenchmarks(&report, "^" + work + "/");
  }
  benchmark::ClearRegisteredBenchmarks();
}

void run_growth(const Arguments& arguments, const Place& place, const std::string& backend, Report& report) {
  {
    Growth growth([&] { return open_tenon(place, backend); });
    run_all(arguments, growth.register_works(backend, arguments.sizes), report);
  } // its session is gone: nobody else holds the table
  if (backend == "postgresql") truncate(place);
}

void run(const Arguments& arguments, Place place, const std::string& backend, Report& report) {
  run_growth(arguments, place, backend, report);
  Stage stage(std::move(place), arguments.seeded);
  const std::vector<Entry> chosen = entries(backend, arguments.libraries);
  for (const Entry& entry : chosen)
    stage.driver(entry); // in this order: the first one seeds
  run_all(arguments, register_works(stage, arguments.effort, backend, chosen), report);
}

void run_tpcb(const Arguments& arguments, const testing::PostgresServer& server, const Place& place, Report& report) {
  if (std::string_view("tpcb_").find(arguments.only) == std::string_view::npos && !arguments.only.starts_with("tpcb"))
    return; // the tables take seconds
  const Pgbench pgbench(server, arguments.effort.scale);
  Tpcb tpcb(pgbench, place, arguments.effort);
  run_all(arguments, tpcb.register_works(), report);
}

/// The statements that make the table, as Tenon writes them for SQLite, in pages of the size that it uses.
std::vector<std::string> sqlite_schema(const std::string& storage) {
  Store store = tenon::open(storage, "sqlite");
  store.create_tables<User>();
  Session session = store.session();
  std::vector<std::string> statements;
  const auto collect = [&](std::string_view sql) {
    const auto cursor = session.execute(sql);
    for (RowBatch batch; cursor->next(batch);) {
      for (std::size_t row = 0; row < batch.rows; ++row)
        statements.emplace_back(batch.row(row)->bytes());
    }
  };
  collect("SELECT 'PRAGMA page_size = ' || page_size FROM pragma_page_size");
  collect("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'");
  return statements;
}

int run(int count, char** words) {
  const Arguments arguments = read(count, words);
  if (arguments.bad || arguments.storage.empty()) {
    std::cerr << "usage: tenon_bench --storage=FILE [--quick|--smoke] [--backend=NAME] [--only=PART] "
                 "[--libraries=NAME,…] [--iterations=N] [--out=FILE]\n";
    return 64;
  }
  pin_to_one_cpu();
  std::string name = "tenon_bench", turns = "--benchmark_enable_random_interleaving=true";
  std::vector<char*> options{name.data(), turns.data(), nullptr};
  int option_count = 2;
  benchmark::Initialize(&option_count, options.data());
  benchmark::AddCustomContext("many", std::to_string(arguments.effort.many)); // the report names them
  benchmark::AddCustomContext("seeded", std::to_string(arguments.seeded));
  std::ofstream file(arguments.out);
  Report report(file);
  if (arguments.backend != "postgresql") {
    run(arguments, {.conninfo = {}, .schema = sqlite_schema(arguments.storage), .storage_file = arguments.storage},
        "sqlite", report);
  }
  if (arguments.backend != "sqlite") {
    const testing::PostgresServer server = testing::PostgresServer::start(server_options());
    for (const auto& [variable, value] : server.environment())
      ::setenv(variable.c_str(), value.c_str(), 1);
    tenon::open(arguments.storage, "postgresql").create_tables<User>();
    const std::string conninfo = fmt::format("host={} port={} user={} password={} dbname={}", server.host(),
                                             server.port(), server.user(), server.password(), server.database());
    const Place place{.conninfo = conninfo, .schema = {}, .storage_file = arguments.storage};
    run(arguments, place, "postgresql", report);
    run_tpcb(arguments, server, place, report);
  }
  report.finish();
  if (!report.failed()) return 0;
  std::cerr << "a benchmark failed: it did not do its work\n";
  return 1;
}

} // namespace
} // namespace tenon::benchmarks

int main(int count, char** words) {
  try {
    return tenon::benchmarks::run(count, words);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
