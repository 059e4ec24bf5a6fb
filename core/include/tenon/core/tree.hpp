#pragma once
// Tree: a condition or an expression as flat nodes that own their values; what the templates of the typed front
// translate into. Internal to it. Threads: values.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <boost/container/small_vector.hpp>

#include <tenon/interface/error.hpp>
#include <tenon/interface/query.hpp>

namespace tenon::detail {

/// Nodes in prefix order over a table (source 0) and what is joined to it. Most filters fit in place and cost no heap.
class TENON_VISIBLE Tree {
public:
  Tree() = default;
  Tree(const Tree& other);
  Tree(Tree&& other) noexcept;
  Tree& operator=(const Tree& other);
  Tree& operator=(Tree&& other) noexcept;
  ~Tree() = default;

  [[nodiscard]] std::span<const Node> nodes() const noexcept { return {nodes_.data(), nodes_.size()}; }
  [[nodiscard]] std::span<const Source> sources() const noexcept { return {sources_.data(), sources_.size()}; }
  [[nodiscard]] Filter filter() const noexcept { return {nodes(), sources()}; }
  /// True for every row, unless a source narrows them.
  [[nodiscard]] bool empty() const noexcept { return nodes_.empty(); }

  void leaf_column(std::uint32_t column, std::uint32_t source = 0) {
    nodes_.push_back({NodeKind::column, 0, 0, column, source, Cell::null()});
  }
  /// Copies what the cell points to.
  void leaf_value(const Cell& value);
  void inner(NodeKind kind, std::uint32_t children, std::uint16_t flags = 0) {
    nodes_.push_back({kind, flags, children, 0, 0, Cell::null()});
  }
  void node(const Node& node);
  /// Appends another tree, whose table becomes `source` of this one; joins that both have become one.
  void append(const Tree& child, std::uint32_t source = 0);
  /// Returns the number of the source: of an equal join that is there, or of the new one.
  std::uint32_t add_source(const Source& source);

  static Tree column(std::uint32_t column);
  static Tree value(const Cell& value);
  static Tree compare(NodeKind kind, std::uint32_t column, const Cell& value);
  static Tree unary(NodeKind kind, const Tree& child, std::uint16_t flags = 0);
  static Tree binary(NodeKind kind, const Tree& left, const Tree& right);
  static Tree in(const Tree& left, std::span<const Cell> values);
  static Tree in(std::uint32_t column, std::span<const Cell> values);
  /// all_of or any_of over both; a side that is of that kind already is taken apart, so chains stay flat. The right
  /// one's table is `source` of the left one.
  static Tree combine(NodeKind kind, const Tree& left, const Tree& right, std::uint32_t source = 0);
  static Tree negate(const Tree& child);

private:
  struct Array; // what an array's cell points to
  void repoint(const char* from) noexcept;
  void grow_bytes(std::string_view bytes);

  boost::container::small_vector<Node, 12> nodes_;
  boost::container::small_vector<char, 64> bytes_; // what values point to; Invariant: they point into this one
  boost::container::small_vector<Source, 1> sources_;
  std::vector<std::shared_ptr<const Array>> arrays_; // shared by copies, never changed
};

/// The json_exists of a path as the json_value that asks the type `wanted`.
[[nodiscard]] TENON_VISIBLE Tree json_value(const Tree& path, CellType wanted);

/// Errors: DataError for a pattern that ends in a lone escape character.
TENON_VISIBLE void check_like_pattern(std::string_view pattern);

} // namespace tenon::detail
