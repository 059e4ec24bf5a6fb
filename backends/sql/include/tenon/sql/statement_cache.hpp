#pragma once
// Shape and StatementCache: prepared statements of one repository, found by the shape of a call without building its
// SQL. Used by the repositories of the SQL backends. Threads: as the session that owns them, one at a time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tenon::sql {

enum class Operation : std::uint32_t { select = 1, insert, upsert, update, remove, count, exists };

/// Everything of a call that its SQL depends on, and none of its values, as a row of numbers. Reused from call to call:
/// once it has grown to the longest shape, building one allocates nothing.
class Shape {
public:
  void start(Operation operation) {
    size_ = 0;
    add(static_cast<std::uint32_t>(operation));
  }
  void add(std::uint32_t word) {
    if (size_ == words_.size()) words_.resize(2 * size_ + 16);
    words_[size_++] = word;
  }
  /// An object that outlives the cache: which one it is.
  void add_object(const void* object) {
    const auto bits = reinterpret_cast<std::uintptr_t>(object);
    add(static_cast<std::uint32_t>(bits));
    add(static_cast<std::uint32_t>(std::uint64_t{bits} >> 32U));
  }

  [[nodiscard]] std::size_t hash() const noexcept {
    std::uint64_t hash = 0x9e3779b97f4a7c15U + size_;
    for (const std::uint32_t word : words()) {
      hash = (hash ^ word) * 0xff51afd7ed558ccdU;
      hash ^= hash >> 32;
    }
    return static_cast<std::size_t>(hash);
  }
  friend bool operator==(const Shape& a, const Shape& b) noexcept {
    return std::equal(a.words().begin(), a.words().end(), b.words().begin(), b.words().end());
  }

private:
  [[nodiscard]] std::span<const std::uint32_t> words() const noexcept { return {words_.data(), size_}; }

  std::vector<std::uint32_t> words_; // of which the first size_ count
  std::size_t size_ = 0;
};

/// Keeps the most recently used statements. Statement is moved in and destroyed when it falls out; a statement that
/// something else may still use then (a cursor) is held by shared_ptr.
template <class Statement> class StatementCache {
public:
  static constexpr std::size_t kDefaultCapacity = 128;

  /// Requires capacity > 0.
  explicit StatementCache(std::size_t capacity = kDefaultCapacity) : capacity_(capacity) {}
  StatementCache(const StatementCache&) = delete;
  StatementCache& operator=(const StatementCache&) = delete;

  /// Returns the statement of this shape and makes it the most recent one, or nullptr. Allocates nothing.
  [[nodiscard]] Statement* find(const Shape& shape) noexcept {
    if (entries_.empty()) return nullptr;
    if (*entries_.front().shape == shape) return &entries_.front().statement; // the same call again: no hash
    const auto found = by_shape_.find(shape);
    if (found == by_shape_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->statement;
  }

  /// Requires that find() gave nullptr. Lifetime of the result: until the next insert or clear.
  Statement& insert(const Shape& shape, Statement statement) {
    while (entries_.size() >= capacity_) {
      by_shape_.erase(by_shape_.find(*entries_.back().shape));
      entries_.pop_back();
    }
    const auto place = by_shape_.emplace(shape, entries_.end()).first;
    try {
      entries_.push_front(Entry{&place->first, std::move(statement)});
    } catch (...) {
      by_shape_.erase(place);
      throw;
    }
    place->second = entries_.begin();
    return entries_.front().statement;
  }

  void clear() noexcept {
    entries_.clear();
    by_shape_.clear();
  }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
  struct Entry {
    const Shape* shape; // the key in by_shape_, which stays where it is
    Statement statement;
  };
  struct Hash {
    std::size_t operator()(const Shape& shape) const noexcept { return shape.hash(); }
  };

  std::size_t capacity_;
  std::list<Entry> entries_; // most recent first
  std::unordered_map<Shape, typename std::list<Entry>::iterator, Hash> by_shape_;
};

} // namespace tenon::sql
