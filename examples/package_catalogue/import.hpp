#pragma once
// Fills the catalogue's tables from a stream of package records. Used by main. Threads: one; interrupt() may be called
// from a signal handler.

#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tenon/tenon.hpp>

#include "record.hpp"

namespace catalogue {

/// The input cannot be opened or read.
class InputError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The user asked to stop.
class Interrupted : public std::runtime_error {
public:
  Interrupted() : std::runtime_error("interrupted") {}
};

/// Makes the work under way end with Interrupted.
void interrupt() noexcept;
/// Errors: Interrupted if interrupt() was called.
void check_interrupt();

/// A file, or standard input for "-".
class Input {
public:
  /// Errors: InputError.
  explicit Input(const std::string& path);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input();

  /// Returns 0 at the end. Errors: InputError; Interrupted.
  [[nodiscard]] std::size_t read(char* buffer, std::size_t size);
  /// In bytes; only of a regular file.
  [[nodiscard]] std::optional<std::uint64_t> size() const;

private:
  std::string name_;
  int descriptor_;
};

struct ImportResult {
  std::uint64_t packages = 0;
  std::uint64_t maintainers = 0;
  std::uint64_t dependencies = 0;
  std::uint64_t malformed = 0;
  std::vector<Malformed> named; ///< the first of them
  double seconds = 0;
  [[nodiscard]] std::uint64_t rows() const noexcept { return packages + maintainers + dependencies; }
};

/// Replaces whatever the tables hold by the records of `input`, at most `most` packages, all in one transaction: any
/// error or interruption leaves the tables as they were.
/// Errors: InputError, Interrupted, NotSupported on a backend without transactions, and those of the backend.
[[nodiscard]] ImportResult import_packages(tenon::Store& store, Input& input,
                                           std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

} // namespace catalogue
