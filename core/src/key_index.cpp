#include <tenon/core/key_index.hpp>

#include <algorithm>

#include "cells.hpp"

namespace tenon::detail {

int KeyIndex::compare(const Cell* a, const Cell* b) const noexcept {
  for (std::size_t i = 0; i < width_; ++i) {
    // Most keys are numbers, and a search compares many.
    const bool numbers = a[i].type == CellType::int64 && b[i].type == CellType::int64;
    const auto order = numbers ? a[i].integer <=> b[i].integer : compare_cells(a[i], b[i]);
    if (order != 0) return order < 0 ? -1 : 1;
  }
  return 0;
}

void KeyIndex::add(const Cell* key) {
  const auto number = static_cast<std::uint32_t>(cells_.size() / width_);
  if (width_ == 1) {
    cells_.push_back(*key);
  } else {
    cells_.insert(cells_.end(), key, key + width_);
  }
  if (std::none_of(key, key + width_, [](const Cell& cell) { return cell.is_null(); })) sorted_.push_back(number);
}

void KeyIndex::sort() {
  std::sort(sorted_.begin(), sorted_.end(), [this](std::uint32_t a, std::uint32_t b) {
    const int order = compare(key(a), key(b));
    return order != 0 ? order < 0 : a < b;
  });
}

std::vector<Cell> KeyIndex::distinct() const {
  std::vector<Cell> keys;
  keys.reserve(sorted_.size() * width_);
  const Cell* last = nullptr;
  for (const std::uint32_t number : sorted_) {
    const Cell* const one = key(number);
    if (last == nullptr || compare(last, one) != 0) keys.insert(keys.end(), one, one + width_);
    last = one;
  }
  return keys;
}

std::span<const std::uint32_t> KeyIndex::find(const Cell* wanted) {
  std::size_t begin = next_;
  if (begin == sorted_.size() || compare(key(sorted_[begin]), wanted) != 0) {
    const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), wanted,
                                        [this](std::uint32_t a, const Cell* b) { return compare(key(a), b) < 0; });
    begin = static_cast<std::size_t>(found - sorted_.begin());
  }
  next_ = begin;
  while (next_ != sorted_.size() && compare(key(sorted_[next_]), wanted) == 0)
    ++next_;
  return {sorted_.data() + begin, next_ - begin};
}

} // namespace tenon::detail
