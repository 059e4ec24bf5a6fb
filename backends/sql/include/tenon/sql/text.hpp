#pragma once
// What text has to be before it goes to a database: the same on every SQL backend, whatever each would let through.
// Used by the backends' values.cpp. Threads: pure functions.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tenon::sql {

namespace detail {

/// ASCII without NUL, by words of the size of `Word`, the last of which overlaps the one before. Requires text.size()
/// >= sizeof(Word).
template <class Word> [[nodiscard]] inline bool is_plain(std::string_view text) noexcept {
  constexpr auto kOnes = static_cast<Word>(0x0101010101010101U);
  constexpr auto kHigh = static_cast<Word>(0x8080808080808080U);
  const char* const last = text.data() + text.size() - sizeof(Word);
  for (const char* at = text.data();;
       at = last - at > static_cast<std::ptrdiff_t>(sizeof(Word)) ? at + sizeof(Word) : last) {
    Word word = 0;
    std::memcpy(&word, at, sizeof word);
    if (((word | (word - kOnes)) & kHigh) != 0) return false; // a high bit is set, or a byte of zero borrowed it
    if (at == last) return true;
  }
}

} // namespace detail

/// UTF-8 without NUL: no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] inline bool is_text(std::string_view text) noexcept {
  if (text.size() >= sizeof(std::uint64_t)) { // most texts are ASCII, and this takes a few nanoseconds for a short one
    if (detail::is_plain<std::uint64_t>(text)) return true;
  } else if (text.size() >= sizeof(std::uint32_t)) {
    if (detail::is_plain<std::uint32_t>(text)) return true;
  }
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  const auto continues = [&](std::size_t offset, unsigned char low = 0x80, unsigned char high = 0xbf) {
    return at[offset] >= low && at[offset] <= high;
  };
  while (at != end) {
    if (end - at >= 8) { // eight ASCII bytes, none of them NUL, at a time
      std::uint64_t word = 0;
      std::memcpy(&word, at, sizeof word);
      constexpr std::uint64_t kHigh = 0x8080808080808080U;
      constexpr std::uint64_t kOnes = 0x0101010101010101U;
      if ((word & kHigh) == 0 && ((word - kOnes) & kHigh) == 0) {
        at += 8;
        continue;
      }
    }
    const unsigned char lead = *at;
    const auto left = static_cast<std::size_t>(end - at);
    if (lead == 0) return false;
    if (lead < 0x80) {
      at += 1;
    } else if (lead >= 0xc2 && lead <= 0xdf) {
      if (left < 2 || !continues(1)) return false;
      at += 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      const unsigned char low = lead == 0xe0 ? 0xa0 : 0x80;
      const unsigned char high = lead == 0xed ? 0x9f : 0xbf;
      if (left < 3 || !continues(1, low, high) || !continues(2)) return false;
      at += 3;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      const unsigned char low = lead == 0xf0 ? 0x90 : 0x80;
      const unsigned char high = lead == 0xf4 ? 0x8f : 0xbf;
      if (left < 4 || !continues(1, low, high) || !continues(2) || !continues(3)) return false;
      at += 4;
    } else {
      return false;
    }
  }
  return true;
}

/// Requires is_text(text).
[[nodiscard]] inline std::size_t code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text)
    count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
  return count;
}

/// [-]digits[.digits] with at most 38 significant digits.
[[nodiscard]] inline bool is_decimal(std::string_view text) noexcept {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  std::size_t whole = 0;
  std::size_t fraction = 0;
  std::size_t significant = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return false;
    ++(point ? fraction : whole);
    if (c != '0' || significant > 0) ++significant;
  }
  return whole > 0 && point == (fraction > 0) && significant <= 38;
}

namespace detail {

/// A strict reader of RFC 8259, without recursion.
class JsonChecker {
public:
  explicit JsonChecker(std::string_view text) noexcept : at_(text.data()), end_(text.data() + text.size()) {}

  [[nodiscard]] bool check() noexcept {
    bool wants_value = true;
    for (;;) {
      space();
      if (wants_value) {
        if (eat('{') || eat('[')) {
          const bool object = at_[-1] == '{';
          if (depth_ == kMaxDepth) return false;
          objects_[depth_++] = object;
          space();
          if (eat(object ? '}' : ']')) {
            --depth_;
            wants_value = false;
          } else if (object && !name()) {
            return false;
          }
          continue;
        }
        if (!scalar()) return false;
        wants_value = false;
      } else if (depth_ == 0) {
        return at_ == end_;
      } else if (eat(',')) {
        space();
        if (objects_[depth_ - 1] && !name()) return false;
        wants_value = true;
      } else {
        if (!eat(objects_[depth_ - 1] ? '}' : ']')) return false;
        --depth_;
      }
    }
  }

private:
  static constexpr std::size_t kMaxDepth = 512;

  [[nodiscard]] bool eat(char wanted) noexcept {
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool eat(std::string_view word) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0)
      return false;
    at_ += word.size();
    return true;
  }
  void space() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r'))
      ++at_;
  }
  [[nodiscard]] bool name() noexcept {
    if (!string()) return false;
    space();
    return eat(':');
  }
  [[nodiscard]] bool scalar() noexcept {
    if (at_ == end_) return false;
    if (*at_ == '"') return string();
    if (*at_ == '-' || (*at_ >= '0' && *at_ <= '9')) return number(); // which may fail behind what it has read
    return eat("true") || eat("false") || eat("null");
  }
  [[nodiscard]] bool digits() noexcept {
    const char* const first = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9')
      ++at_;
    return at_ != first;
  }
  [[nodiscard]] bool number() noexcept {
    (void)eat('-');
    if (!eat('0') && !digits()) return false;
    if (eat('.') && !digits()) return false;
    if (eat('e') || eat('E')) {
      if (!eat('+')) (void)eat('-');
      if (!digits()) return false;
    }
    return true;
  }
  [[nodiscard]] bool string() noexcept {
    if (!eat('"')) return false;
    while (at_ != end_) {
      const char c = *at_++;
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }
  /// NUL and surrogates without their partner are refused: PostgreSQL's jsonb cannot hold them.
  [[nodiscard]] bool escape() noexcept {
    if (at_ == end_) return false;
    const char c = *at_++;
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    const std::uint32_t unit = hex();
    if (unit == 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return false;
    if (unit < 0xd800 || unit > 0xdbff) return unit <= 0xffff;
    if (!eat("\\u")) return false;
    const std::uint32_t low = hex();
    return low >= 0xdc00 && low <= 0xdfff;
  }
  /// Returns 0x10000 if these are not four hexadecimal digits.
  [[nodiscard]] std::uint32_t hex() noexcept {
    if (end_ - at_ < 4) return 0x10000;
    std::uint32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = *at_++;
      const bool digit = c >= '0' && c <= '9';
      const char lower = static_cast<char>(c | 0x20);
      if (!digit && (lower < 'a' || lower > 'f')) return 0x10000;
      unit = unit * 16 + static_cast<std::uint32_t>(digit ? c - '0' : lower - 'a' + 10);
    }
    return unit;
  }

  const char* at_;
  const char* end_;
  std::size_t depth_ = 0;
  bool objects_[kMaxDepth] = {};
};

} // namespace detail

/// A JSON document in UTF-8, nested at most 512 deep.
[[nodiscard]] inline bool is_json(std::string_view text) noexcept {
  return is_text(text) && detail::JsonChecker(text).check();
}

} // namespace tenon::sql
