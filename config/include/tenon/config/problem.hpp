#pragma once
// What is wrong with a configuration, as data: collected by check(), thrown by load() as ConfigError.
// Invariant: no member ever holds a secret. Threads: values.

#include <span>
#include <string>

#include <tenon/interface/error.hpp>

namespace tenon::config {

enum class Severity {
  error,
  warning, ///< the file is fine, but this machine lacks what a profile that is not selected needs (a variable, a file)
};

struct Problem {
  Severity severity = Severity::error;
  std::string file;       ///< as it was named; or "environment NAME", "override NAME", or empty
  int line = 0;           ///< 1-based; 0: the place is not within a file
  int column = 0;         ///< 1-based, in bytes
  std::string key;        ///< full path, as "profiles.prod.pool.size"; empty: the file as a whole
  std::string message;    ///< what is wrong
  std::string hint;       ///< what to do
  std::string suggestion; ///< the nearest valid name; empty: none is near
};

/// "file:line:column: key: message", without the hint.
[[nodiscard]] TENON_VISIBLE std::string headline(const Problem& problem);
/// The suggestion as a question, then the hint; empty if there is neither.
[[nodiscard]] TENON_VISIBLE std::string advice(const Problem& problem);
/// The headline, marked when it is a warning, and the advice on a line of its own.
[[nodiscard]] TENON_VISIBLE std::string to_text(const Problem& problem);
/// An array of objects with the members of Problem.
[[nodiscard]] TENON_VISIBLE std::string to_json(std::span<const Problem> problems);

} // namespace tenon::config
