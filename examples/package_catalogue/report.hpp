#pragma once
// What the catalogue knows, as text: the same bytes for the same input on every backend. Used by main. Threads: one.

#include <string>
#include <string_view>

#include <tenon/tenon.hpp>

#include "import.hpp"

namespace catalogue {

/// Reads all of the tables in one transaction; holds one page of packages with their dependencies in memory. `import`
/// is nullptr where nothing was imported, so that nothing is known of malformed records. Errors: Interrupted,
/// NotSupported on a backend without aggregates, and those of the backend.
[[nodiscard]] std::string make_report(tenon::Store& store, const ImportResult* import, std::string_view search);

/// A file that is there complete or not at all: it is written beside its name and renamed when it is done.
class ReportFile {
public:
  /// Errors: std::system_error if nothing can be written there, so that this is known before the work is done.
  explicit ReportFile(std::string path);
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;
  /// Removes what was not committed.
  ~ReportFile();

  /// Errors: std::system_error; the old file is then untouched.
  void commit(std::string_view text);

private:
  std::string path_;
  std::string temporary_; // empty once it has its final name
  int descriptor_;
};

} // namespace catalogue
