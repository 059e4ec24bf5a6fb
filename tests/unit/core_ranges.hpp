#pragma once
// A range that makes each element when it is asked for it, as std::views::transform does, which Clang 14 does not
// compile with this standard library. Threads: values.

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace tenon::fake {

template <class Value> class MadeOnTheWay {
public:
  explicit MadeOnTheWay(std::vector<Value> values) : values_(std::move(values)) {}

  class Iterator {
  public:
    using iterator_concept = std::forward_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = Value;

    Iterator() = default;
    explicit Iterator(const Value* at) : at_(at) {}
    Value operator*() const { return Value(*at_); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return Iterator(at_++); }
    friend bool operator==(const Iterator&, const Iterator&) = default;

  private:
    const Value* at_ = nullptr;
  };
  [[nodiscard]] Iterator begin() const { return Iterator(values_.data()); }
  [[nodiscard]] Iterator end() const { return Iterator(values_.data() + values_.size()); }

private:
  std::vector<Value> values_;
};

} // namespace tenon::fake
