#pragma once
// JSON text without a tree: a walk through a document that is known to be well-formed (sql::is_json). Used by the
// functions of json_path.cpp and by arrays, which are stored as JSON. Threads: values.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::sqlite {

inline void append_utf8(std::string& out, std::uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  }
}

/// What stands between the quotes, without its escapes.
[[nodiscard]] inline std::string unescaped(std::string_view raw) {
  std::string out;
  const auto unit = [&](std::size_t at) {
    std::uint32_t value = 0;
    std::from_chars(raw.data() + at, raw.data() + at + 4, value, 16);
    return value;
  };
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out += raw[i];
      continue;
    }
    switch (raw[++i]) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': {
        std::uint32_t point = unit(i + 1);
        i += 4;
        if (point >= 0xd800 && point <= 0xdbff) { // its partner follows: the document was checked
          point = 0x10000 + ((point - 0xd800) << 10) + (unit(i + 3) - 0xdc00);
          i += 6;
        }
        append_utf8(out, point);
        break;
      }
      default: out += raw[i]; break;
    }
  }
  return out;
}

/// Walks through a document that is known to be well-formed.
class JsonWalker {
public:
  explicit JsonWalker(std::string_view document) noexcept : rest_(document) { space(); }

  /// The text of the value here, of which the walker then stands behind.
  std::string_view value() noexcept {
    const char* const begin = rest_.data();
    std::size_t depth = 0;
    do {
      const char c = rest_.front();
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        rest_.remove_prefix(1);
      } else if (c == '}' || c == ']') {
        --depth;
        rest_.remove_prefix(1);
      } else if (c == ',' || c == ':') {
        rest_.remove_prefix(1);
      } else {
        rest_.remove_prefix(std::min(rest_.find_first_of(",:]} \t\r\n"), rest_.size()));
      }
      if (depth > 0) space();
    } while (depth > 0);
    return {begin, static_cast<std::size_t>(rest_.data() - begin)};
  }

  std::optional<std::string_view> member(std::string_view name) {
    std::optional<std::string_view> found;
    if (!enter('{', '}')) return found;
    do {
      const char* const begin = rest_.data() + 1;
      skip_string();
      const std::string_view raw(begin, static_cast<std::size_t>(rest_.data() - begin) - 1);
      const bool same = raw.find('\\') == std::string_view::npos ? raw == name : unescaped(raw) == name;
      skip(':');
      const std::string_view here = value();
      if (same) found = here;
    } while (more());
    return found;
  }

  /// Calls take(text of the element) for each. Returns false if this is no array.
  template <class Take> bool each(Take&& take) {
    if (rest_.front() != '[') return false;
    if (!enter('[', ']')) return true;
    do
      take(value());
    while (more());
    return true;
  }

  std::optional<std::string_view> element(std::int64_t position) noexcept {
    if (!enter('[', ']')) return std::nullopt;
    do {
      const std::string_view here = value();
      if (position-- == 0) return here;
    } while (more());
    return std::nullopt;
  }

private:
  void space() noexcept { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
  void skip(char) noexcept {
    space();
    rest_.remove_prefix(1);
    space();
  }
  void skip_string() noexcept {
    rest_.remove_prefix(1);
    while (rest_.front() != '"')
      rest_.remove_prefix(rest_.front() == '\\' ? 2 : 1);
    rest_.remove_prefix(1);
  }
  /// Returns whether this is such a container, with something in it.
  bool enter(char open, char close) noexcept {
    if (rest_.front() != open) return false;
    skip(open);
    return rest_.front() != close;
  }
  bool more() noexcept {
    space();
    if (rest_.front() != ',') return false;
    skip(',');
    return true;
  }

  std::string_view rest_;
};

} // namespace tenon::sqlite
