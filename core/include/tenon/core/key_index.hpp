#pragma once
// KeyIndex: finds by key which of many values had it; what find_many and the loading of relations match rows with.
// Internal to the typed front. Threads: one.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tenon/interface/cell.hpp>
#include <tenon/interface/error.hpp>

namespace tenon::detail {

/// Keys of `width` cells each, borrowed from whoever added them.
class TENON_VISIBLE KeyIndex {
public:
  explicit KeyIndex(std::size_t width = 1) : width_(width) {}
  void reserve(std::size_t keys) {
    cells_.reserve(keys * width_);
    sorted_.reserve(keys);
  }
  /// Gives the key the next number; one that holds a NULL is found by nothing.
  void add(const Cell* key);
  /// Requires that nothing is added any more. The others require it.
  void sort();
  /// The keys without repetition, one after another.
  [[nodiscard]] std::vector<Cell> distinct() const;
  /// The numbers of those that were added with this key. Quickest for keys in rising order, in which most rows come.
  [[nodiscard]] std::span<const std::uint32_t> find(const Cell* key);

private:
  [[nodiscard]] const Cell* key(std::uint32_t number) const noexcept { return cells_.data() + number * width_; }
  [[nodiscard]] int compare(const Cell* a, const Cell* b) const noexcept;

  std::size_t width_;
  std::vector<Cell> cells_;
  std::vector<std::uint32_t> sorted_; // numbers of keys without NULL
  std::size_t next_ = 0;              // where in sorted_ the last find ended
};

} // namespace tenon::detail
