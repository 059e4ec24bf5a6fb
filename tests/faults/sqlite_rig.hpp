#pragma once
// What the scenarios on SQLite share: the loaded plugin without a pool, the table of audited units, and the plain
// driver's view of a file. Threads: one.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tenon/interface/backend.hpp>

namespace tenon::faults {

using SqliteOptions = std::vector<std::pair<std::string, std::string>>;

/// The file behind the loaded plugin.
[[nodiscard]] std::unique_ptr<IBackend> open_plugin(const std::string& file, const SqliteOptions& options = {});

/// Rows (unit, part): a unit of work writes the parts 1 and 2, or nothing.
[[nodiscard]] const TableDesc& units_table();
void create_units(ISession& session);
/// Writes the two parts; `bulk` bytes go along with each.
void insert_unit(ISession& session, std::int64_t unit, std::size_t bulk = 0);

/// What the plain driver finds in a file, or why it finds nothing.
struct Contents {
  std::string integrity;             ///< "ok"
  std::map<std::int64_t, int> parts; ///< by unit
};
/// Errors: std::runtime_error, with what SQLite says.
[[nodiscard]] Contents contents_of(const std::string& file);

/// Copies the database with the files beside it, as a crash of the process at this moment would leave them.
void copy_database(const std::string& file, const std::string& to);

/// The process that another program runs in, with its standard output and input. Killed at the end if it still runs.
class Worker {
public:
  /// `sqlite_worker` with these arguments.
  explicit Worker(const std::vector<std::string>& arguments);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] int output() const noexcept { return output_; }
  /// Reads a line without its end; empty at the end of the output.
  [[nodiscard]] std::string line();
  /// Closes its standard input: the word to go on.
  void go_on();
  void kill();
  /// Waits for its end. Returns the exit code, or 128 + the signal.
  int wait();

private:
  int pid_ = -1;
  int output_ = -1;
  int input_ = -1;
};

} // namespace tenon::faults
