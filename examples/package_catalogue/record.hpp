#pragma once
// From a deb822 paragraph to the rows it stands for, or to the reason why it is no package record. Used by the import.
// Threads: pure functions.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "deb822.hpp"
#include "models.hpp"

namespace catalogue {

/// A package as its record describes it; keys are still to be given.
struct Record {
  Package package;
  Maintainer maintainer; ///< name empty: the record names none
  std::vector<Dependency> dependencies;
};

/// A record that was left out.
struct Malformed {
  std::uint64_t line = 0; ///< where it begins
  std::string package;    ///< its name, fit for a terminal; empty if it has none
  std::string reason;
};

[[nodiscard]] std::variant<Record, Malformed> read_record(const deb822::Paragraph& paragraph);

/// Appends what a field such as Depends holds. Returns false if it is not of the form
/// "name[:arch] [(operator version)] | …, …"; then what was appended is of no use.
[[nodiscard]] bool read_dependencies(std::string_view field, DependencyKind kind, std::vector<Dependency>& out);

} // namespace catalogue
