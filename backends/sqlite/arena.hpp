#pragma once
// Arena: memory for the bytes of one result, given back all at once and used again by the next. Used by the session and
// by cursors. Threads: as its owner.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tenon::sqlite {

class Arena {
public:
  /// Returns a copy of the bytes. Lifetime: until clear().
  [[nodiscard]] std::string_view copy(const void* bytes, std::size_t size) {
    if (size == 0) return std::string_view("");
    char* const place = take(size);
    std::memcpy(place, bytes, size);
    return {place, size};
  }

  [[nodiscard]] char* take(std::size_t size) {
    if (size > left_) grow(size);
    char* const place = at_;
    at_ += size;
    left_ -= size;
    used_ += size;
    return place;
  }

  /// Keeps the first block, so that small results allocate nothing, and gives large ones back to the system.
  void clear() noexcept {
    if (used_ == 0) return;
    if (blocks_.size() > 1) blocks_.resize(1);
    used_ = 0;
    if (blocks_.front().size > kKept) blocks_.clear();
    at_ = blocks_.empty() ? nullptr : blocks_.front().bytes.get();
    left_ = blocks_.empty() ? 0 : blocks_.front().size;
  }

  [[nodiscard]] std::size_t used() const noexcept { return used_; }

private:
  static constexpr std::size_t kFirst = 4096;
  static constexpr std::size_t kKept = 1U << 20U;

  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  void grow(std::size_t wanted) {
    const std::size_t size = std::max({wanted, kFirst, std::min(used_ * 2, kKept)});
    blocks_.push_back(Block{std::unique_ptr<char[]>(new char[size]), size});
    at_ = blocks_.back().bytes.get();
    left_ = size;
  }

  std::vector<Block> blocks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

} // namespace tenon::sqlite
