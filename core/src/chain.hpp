#pragma once
// Chain: a doubly linked list whose links are in its members, so that joining and leaving allocate nothing and leaving
// from the middle costs what leaving from the end does. Threads: the caller's lock.

#include <cstdint>

namespace tenon::detail {

template <class T> struct ChainLink {
  T* before = nullptr;
  T* after = nullptr;
};

/// T derives from ChainLink<T> and is a member of one chain at most. Owns nothing.
template <class T> class Chain {
public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] T* front() const noexcept { return first_; }
  [[nodiscard]] static T* after(const T* one) noexcept { return one->ChainLink<T>::after; }

  void push_back(T* one) noexcept { insert(one, last_, nullptr); }
  void push_front(T* one) noexcept { insert(one, nullptr, first_); }
  void erase(T* one) noexcept {
    ChainLink<T>& link = *one;
    (link.before != nullptr ? static_cast<ChainLink<T>*>(link.before)->after : first_) = link.after;
    (link.after != nullptr ? static_cast<ChainLink<T>*>(link.after)->before : last_) = link.before;
    link = {};
    --size_;
  }
  T* pop_front() noexcept {
    T* one = first_;
    erase(one);
    return one;
  }

private:
  void insert(T* one, T* before, T* after) noexcept {
    static_cast<ChainLink<T>&>(*one) = {before, after};
    (before != nullptr ? static_cast<ChainLink<T>*>(before)->after : first_) = one;
    (after != nullptr ? static_cast<ChainLink<T>*>(after)->before : last_) = one;
    ++size_;
  }

  T* first_ = nullptr;
  T* last_ = nullptr;
  std::uint32_t size_ = 0;
};

} // namespace tenon::detail
