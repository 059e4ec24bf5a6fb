#pragma once
// Arena: bytes that stay where they are until clear(), reused from call to call. Holds encoded parameters and the few
// decoded values that cannot be borrowed from a result. Threads: one at a time.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace tenon::postgresql {

class Arena {
public:
  /// Lifetime: until clear(). Aligned for a char only.
  [[nodiscard]] char* allocate(std::size_t size) {
    if (size > left_) grow(size);
    char* const bytes = next_;
    next_ += size;
    left_ -= size;
    return bytes;
  }

  /// Keeps the largest block, unless it is larger than what a session should hold on to.
  void clear() noexcept {
    if (blocks_.size() > 1) blocks_.erase(blocks_.begin(), blocks_.end() - 1);
    if (!blocks_.empty() && blocks_.back().size > kKept) blocks_.clear();
    next_ = blocks_.empty() ? nullptr : blocks_.back().bytes.get();
    left_ = blocks_.empty() ? 0 : blocks_.back().size;
  }

private:
  static constexpr std::size_t kFirst = 4096;
  static constexpr std::size_t kKept = std::size_t{1} << 20;

  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  void grow(std::size_t size) {
    const std::size_t wanted = std::max(size, blocks_.empty() ? kFirst : 2 * blocks_.back().size);
    blocks_.push_back({std::unique_ptr<char[]>(new char[wanted]), wanted}); // not zeroed: it is written before read
    next_ = blocks_.back().bytes.get();
    left_ = wanted;
  }

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

} // namespace tenon::postgresql
