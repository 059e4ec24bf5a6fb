#pragma once
// What can be known in memory of a condition on a row that is about to be written. Internal. Threads: pure functions.

#include <cstdint>

#include <tenon/core/tree.hpp>

namespace tenon::detail {

/// The truths that a condition may have, in three-valued logic: one where all can be known, several beside a part that
/// only a database can evaluate.
class Truths {
public:
  static constexpr Truths no() { return Truths(kNo); }
  static constexpr Truths yes() { return Truths(kYes); }
  static constexpr Truths unknown() { return Truths(kUnknown); }
  static constexpr Truths any() { return Truths(kNo | kYes | kUnknown); }
  static constexpr Truths of(bool value) { return value ? yes() : no(); }

  [[nodiscard]] constexpr bool may_be_yes() const { return (bits_ & kYes) != 0; }
  [[nodiscard]] constexpr bool is_yes() const { return bits_ == kYes; }

  friend constexpr Truths operator!(Truths one) {
    return Truths((one.has(kYes) ? kNo : 0U) | (one.has(kNo) ? kYes : 0U) | (one.bits_ & kUnknown));
  }
  friend constexpr Truths operator&&(Truths a, Truths b) {
    const bool unknown = (a.has(kUnknown) && b.has(kYes | kUnknown)) || (b.has(kUnknown) && a.has(kYes | kUnknown));
    return Truths((a.bits_ & b.bits_ & kYes) | ((a.bits_ | b.bits_) & kNo) | (unknown ? kUnknown : 0U));
  }
  friend constexpr Truths operator||(Truths a, Truths b) { return !(!a && !b); }

private:
  static constexpr std::uint32_t kNo = 1, kYes = 2, kUnknown = 4;
  explicit constexpr Truths(std::uint32_t bits) : bits_(bits) {}
  [[nodiscard]] constexpr bool has(std::uint32_t bits) const { return (bits_ & bits) != 0; }
  std::uint32_t bits_;
};

/// Of the condition for a row, all columns as described. Evaluated are logic, comparisons, `in`, null tests and the
/// text forms over columns and values, ASCII letters without case too; JSON, arithmetic, letters of other scripts
/// without case and other tables are the database's.
[[nodiscard]] Truths truths_of(const Tree& condition, const Cell* row);

} // namespace tenon::detail
