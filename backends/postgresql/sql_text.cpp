#include "sql_text.hpp"

#include <algorithm>
#include <array>

#include <tenon/sql/leading_word.hpp>

#include "dialect.hpp"

namespace tenon::postgresql {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_word(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

/// Each returns the position behind what starts at `at`, or the end of an unfinished one.
std::size_t skip_quoted(std::string_view sql, std::size_t at, bool backslash_escapes) noexcept {
  const char quote = sql[at];
  for (++at; at < sql.size(); ++at) {
    if (backslash_escapes && sql[at] == '\\') {
      ++at;
    } else if (sql[at] == quote) {
      return at + 1; // a doubled quote begins a text of its own, which skips as well
    }
  }
  return sql.size();
}

std::size_t skip_line(std::string_view sql, std::size_t at) noexcept {
  return std::min(sql.find_first_of("\r\n", at), sql.size());
}

std::size_t skip_comment(std::string_view sql, std::size_t at) noexcept {
  std::size_t depth = 0;
  while (at < sql.size()) {
    const std::string_view two = sql.substr(at, 2);
    if (two == "/*") ++depth;
    if (two == "*/") --depth;
    at += two == "/*" || two == "*/" ? 2 : 1;
    if (depth == 0) return at;
  }
  return sql.size();
}

/// `at` is at a $ that may begin $tag$ … $tag$. Returns `at` if it does not.
std::size_t skip_dollar_quoted(std::string_view sql, std::size_t at) noexcept {
  std::size_t end = at + 1;
  while (end < sql.size() && is_word(sql[end]))
    ++end;
  if (end >= sql.size() || sql[end] != '$') return at;
  const std::string_view tag = sql.substr(at, end + 1 - at);
  const auto close = sql.find(tag, end + 1);
  return close == std::string_view::npos ? sql.size() : close + tag.size();
}

} // namespace

std::size_t highest_placeholder(std::string_view sql) noexcept {
  std::size_t highest = 0;
  std::size_t at = 0;
  while (at < sql.size()) {
    const char c = sql[at];
    const bool after_word = at > 0 && (is_word(sql[at - 1]) || sql[at - 1] == '$');
    if (c == '\'') {
      const bool escapes = at > 0 && (sql[at - 1] == 'e' || sql[at - 1] == 'E') && (at < 2 || !is_word(sql[at - 2]));
      at = skip_quoted(sql, at, escapes);
    } else if (c == '"') {
      at = skip_quoted(sql, at, false);
    } else if (sql.substr(at, 2) == "--") {
      at = skip_line(sql, at);
    } else if (sql.substr(at, 2) == "/*") {
      at = skip_comment(sql, at);
    } else if (c == '$' && !after_word && at + 1 < sql.size() && is_digit(sql[at + 1])) {
      std::size_t number = 0;
      for (++at; at < sql.size() && is_digit(sql[at]); ++at)
        number = std::min<std::size_t>(number * 10 + static_cast<std::size_t>(sql[at] - '0'), 1'000'000);
      highest = std::max(highest, number);
    } else if (c == '$' && !after_word) {
      at = std::max(skip_dollar_quoted(sql, at), at + 1);
    } else {
      ++at;
    }
  }
  return highest;
}

bool is_query(std::string_view sql) noexcept {
  constexpr std::array<std::string_view, 4> kQueries{"select", "values", "table", "show"};
  const std::string_view word = sql::leading_word(sql::behind_blanks(kDialect, sql, "("));
  return std::any_of(kQueries.begin(), kQueries.end(),
                     [&](std::string_view query) { return sql::is_word(word, query); });
}

bool only_reads(std::string_view sql) noexcept { return sql::is_word(sql::first_word(kDialect, sql), "show"); }

} // namespace tenon::postgresql
