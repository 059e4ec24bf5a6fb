#pragma once
// Collects the problems of one run. Threads: used by one.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/config/problem.hpp>

#include "value.hpp"

namespace tenon::config {

/// Where something stands: a place in a file, or (line 0) the variable or override that said it.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

/// "file:line:column", or the file or variable alone.
[[nodiscard]] std::string place_text(const Place& place);

class Findings {
public:
  /// Severity of what only this machine lacks; a warning while profiles are looked at that are not selected.
  void set_machine_severity(Severity severity) { machine_severity_ = severity; }

  /// Exact repeats are dropped: a parent's problem is met again through each of its children.
  void add(const Place& place, std::string_view key, const Fault& fault);

  /// Calls of add() so far, repeats included.
  [[nodiscard]] std::size_t added() const noexcept { return added_; }
  [[nodiscard]] bool has_errors() const;
  /// By place within the file; what is outside of it follows in the order it was found.
  [[nodiscard]] std::vector<Problem> sorted() const;
  /// Throws ConfigError for the first error, if there is one.
  void throw_first() const;

private:
  std::vector<Problem> problems_;
  std::size_t added_ = 0;
  Severity machine_severity_ = Severity::error;
};

} // namespace tenon::config
