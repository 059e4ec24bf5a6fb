#pragma once
// storage.yaml as a tree of plain texts with places, free of YAML's surprises: no duplicate keys, no merge keys, no
// tags, no typing, bounded in size. yaml-cpp is known here only. Threads: values.

#include <optional>
#include <string>
#include <vector>

#include "findings.hpp"

namespace tenon::config {

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  Place at;
  std::string text;           ///< of a scalar, as written
  bool quoted = false;        ///< a scalar in quotes or a block
  std::string key;            ///< of a map's member
  Place key_at;               ///< of a map's member
  std::vector<Node> children; ///< items of a list, members of a map in the file's order

  [[nodiscard]] const Node* find(std::string_view name) const;
};

/// Turns the file's text into a tree; `name` is what places call the file.
/// Returns nothing if the text is no YAML at all; what is wrong goes to `findings` either way.
[[nodiscard]] std::optional<Node> parse_document(const std::string& text, const std::string& name, Findings& findings);

} // namespace tenon::config
