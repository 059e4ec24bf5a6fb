#pragma once
// Arena: bytes that stay where they are until clear(), and memory that is used again from call to call. Holds
// parameters in their driver's form, and the values of one result that cannot be borrowed from it. Used by the SQL
// backends' sessions and cursors. Threads: one at a time.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tenon::sql {

class Arena {
public:
  /// Lifetime: until clear(). Aligned for a char only.
  [[nodiscard]] char* allocate(std::size_t size) {
    if (size > left_) grow(size);
    char* const bytes = next_;
    next_ += size;
    left_ -= size;
    used_ += size;
    return bytes;
  }

  /// Returns a copy of the bytes; that of none is no null pointer. Lifetime: until clear().
  [[nodiscard]] std::string_view copy(const void* bytes, std::size_t size) {
    if (size == 0) return std::string_view("");
    char* const place = allocate(size);
    std::memcpy(place, bytes, size);
    return {place, size};
  }

  /// Keeps the largest block, so that the next call allocates nothing, unless it is larger than what a session should
  /// hold on to.
  void clear() noexcept {
    if (used_ == 0) return;
    used_ = 0;
    blocks_.erase(blocks_.begin(), blocks_.end() - 1);
    if (blocks_.back().size > kKept) blocks_.clear();
    next_ = blocks_.empty() ? nullptr : blocks_.back().bytes.get();
    left_ = blocks_.empty() ? 0 : blocks_.back().size;
  }

  [[nodiscard]] std::size_t used() const noexcept { return used_; }

private:
  static constexpr std::size_t kFirst = 4096;
  static constexpr std::size_t kKept = std::size_t{1} << 20;

  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  // Invariant: the last block is the one in use.
  void grow(std::size_t wanted) {
    const std::size_t doubled = blocks_.empty() ? kFirst : std::min(2 * blocks_.back().size, kKept);
    const std::size_t size = std::max(wanted, doubled);
    blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size}); // not zeroed: it is written before read
    next_ = blocks_.back().bytes.get();
    left_ = size;
  }

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

} // namespace tenon::sql
