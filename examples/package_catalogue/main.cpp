// Imports Debian's package records into whatever database storage.yaml names, and reports on them. The report is the
// same on every backend.

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <tenon/tenon.hpp>

#include "import.hpp"
#include "report.hpp"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 64;
constexpr int kNoInput = 66;
constexpr int kUnreachable = 69;
constexpr int kConfiguration = 78;
constexpr int kInterrupted = 128 + SIGINT;

struct Arguments {
  tenon::config::Sources sources;
  std::string input = "/var/lib/dpkg/status";
  std::string report;
  std::string search = "database";
  bool keep = false;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};

/// Returns the exit code where the program has nothing more to do.
std::optional<int> read_arguments(int argc, char** argv, Arguments& out) {
  CLI::App app("Imports Debian package records and reports on them, on the backend that storage.yaml chooses.\n"
               "Whatever an earlier run imported is replaced.",
               "package_catalogue");
  app.add_option("--config", out.sources.file, "configuration (TENON_CONFIG, else storage.yaml)")->type_name("FILE");
  app.add_option("--profile", out.sources.profile, "profile (the file's default)")->type_name("NAME");
  app.add_option("--input", out.input, "package records, - for standard input")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_flag("--keep", out.keep, "keeps what an earlier run imported, and only reports on it");
  app.add_option("--report", out.report, "writes the report to this file too")->type_name("FILE");
  app.add_option("--search", out.search, "text that is looked for in descriptions")
      ->type_name("TEXT")
      ->capture_default_str();
  app.add_option("--limit-packages", out.most, "stops after so many packages")->type_name("N");
  app.footer("Exit codes: 0 ok, 1 failed, 64 usage, 66 cannot read the input, 69 unreachable, 78 configuration.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (!deb822::valid_utf8(out.search)) {
    fmt::print(stderr, "--search: the text is not UTF-8\n");
    return kUsage;
  }
  return std::nullopt;
}

/// The first Ctrl-C ends the work in good order, a second one at once; the transaction is undone either way.
void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { catalogue::interrupt(); };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void say(const catalogue::ImportResult& result) {
  fmt::print(stderr, "imported {} packages, {} maintainers, {} dependencies: {} rows in {:.2f} s, {:.0f} rows/s\n",
             result.packages, result.maintainers, result.dependencies, result.rows(), result.seconds,
             static_cast<double>(result.rows()) / std::max(result.seconds, 1e-3));
}

void run(const Arguments& arguments) {
  std::optional<catalogue::Input> input;
  if (!arguments.keep) input.emplace(arguments.input);
  std::optional<catalogue::ReportFile> file;
  if (!arguments.report.empty()) file.emplace(arguments.report);

  tenon::Store store = tenon::open(arguments.sources);
  fmt::print(stderr, "backend: {} ({})\n", store.backend().id, store.endpoint());
  store.create_tables<catalogue::Maintainer, catalogue::Package, catalogue::Dependency>();

  std::optional<catalogue::ImportResult> result;
  if (input) {
    result = catalogue::import_packages(store, *input, arguments.most);
    say(*result);
  }
  const std::string report = catalogue::make_report(store, result ? &*result : nullptr, arguments.search);
  if (std::fwrite(report.data(), 1, report.size(), stdout) != report.size() || std::fflush(stdout) != 0) {
    throw std::runtime_error("cannot write to standard output");
  }
  if (file) file->commit(report);
}

int failed(int code, const char* what) {
  fmt::print(stderr, "error: {}\n", what);
  return code;
}

} // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (const auto done = read_arguments(argc, argv, arguments)) return *done;
  stop_on_signals();
  tenon::set_log_sink([](tenon::LogLevel level, std::string_view message) {
    if (level >= tenon::LogLevel::warning) fmt::print(stderr, "warning: {}\n", message);
  });
  try {
    run(arguments);
    return EXIT_SUCCESS;
  } catch (const catalogue::Interrupted& error) {
    return failed(kInterrupted, error.what());
  } catch (const catalogue::InputError& error) {
    return failed(kNoInput, error.what());
  } catch (const tenon::ConfigError& error) {
    return failed(kConfiguration, error.what());
  } catch (const tenon::PluginError& error) {
    return failed(kConfiguration, error.what());
  } catch (const tenon::ConnectionError& error) {
    return failed(kUnreachable, error.what());
  } catch (const tenon::PoolTimeout& error) {
    return failed(kUnreachable, error.what());
  } catch (const std::exception& error) {
    return failed(kFailed, error.what());
  }
}
