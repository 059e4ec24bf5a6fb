#pragma once
// What an application's own statement begins with: the word that tells what it does, behind blanks and comments. Used
// by the sessions for execute(). Threads: pure functions.

#include <algorithm>
#include <string_view>

#include <tenon/sql/dialect.hpp>

namespace tenon::sql {

/// What is left behind blanks, comments and the characters of `skipped`. A lone \r ends a comment, as on PostgreSQL;
/// where it does not, what follows is read as a word too many, never as one too few.
[[nodiscard]] constexpr std::string_view behind_blanks(const Dialect& dialect, std::string_view sql,
                                                       std::string_view skipped = {}) noexcept {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf"; // a blank to SQLite
  while (!sql.empty()) {
    const char first = sql.front();
    if (sql.starts_with("--")) {
      sql.remove_prefix(std::min(sql.find_first_of("\r\n"), sql.size()));
    } else if (sql.starts_with("/*")) {
      int depth = 0;
      do {
        const bool opens = sql.starts_with("/*") && (depth == 0 || dialect.comments_nest);
        const bool closes = sql.starts_with("*/");
        depth += opens ? 1 : closes ? -1 : 0;
        sql.remove_prefix(opens || closes ? 2 : 1);
      } while (depth > 0 && !sql.empty());
    } else if (first == ' ' || (first >= '\t' && first <= '\r') || skipped.find(first) != std::string_view::npos) {
      sql.remove_prefix(1);
    } else if (sql.starts_with(kByteOrderMark)) {
      sql.remove_prefix(kByteOrderMark.size());
    } else {
      break;
    }
  }
  return sql;
}

/// The letters that a text begins with.
[[nodiscard]] constexpr std::string_view leading_word(std::string_view text) noexcept {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return text.substr(0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_letter) - text.begin()));
}

/// Whether they are the same but for the case of ASCII's letters. Requires that `known` is in lower case.
[[nodiscard]] constexpr bool is_word(std::string_view word, std::string_view known) noexcept {
  return std::equal(word.begin(), word.end(), known.begin(), known.end(), [](char given, char lower) {
    return (given >= 'A' && given <= 'Z' ? static_cast<char>(given | 0x20) : given) == lower;
  });
}

/// The first word behind blanks, comments and semicolons.
[[nodiscard]] constexpr std::string_view first_word(const Dialect& dialect, std::string_view sql) noexcept {
  return leading_word(behind_blanks(dialect, sql, ";"));
}

/// Whether a statement would begin, end or divide the session's transaction behind its back.
[[nodiscard]] constexpr bool controls_transaction(const Dialect& dialect, std::string_view sql) noexcept {
  const std::string_view rest = behind_blanks(dialect, sql, ";");
  const std::string_view first = leading_word(rest);
  const std::string_view second = leading_word(behind_blanks(dialect, rest.substr(first.size())));
  if (is_word(second, "prepared")) return false; // COMMIT PREPARED: it ends another one, and none may be open
  return std::any_of(dialect.transaction_words.begin(), dialect.transaction_words.end(), [&](std::string_view words) {
    const std::size_t blank = words.find(' ');
    return is_word(first, words.substr(0, blank)) &&
           (blank == std::string_view::npos || is_word(second, words.substr(blank + 1)));
  });
}

} // namespace tenon::sql
