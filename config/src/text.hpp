#pragma once
// Small text work shared by the parts of config: suggestions, lists, and making text fit to be shown. Threads: any.

#include <string>
#include <string_view>
#include <vector>

namespace tenon::config {

/// Returns the candidate that `word` most likely meant (edit distance with swaps, ASCII case ignored), or empty.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// Splits at `separator` and trims blanks; empty items are kept, an empty text has none.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string join(const std::vector<std::string>& items, std::string_view separator);

/// Replaces what looks like a password within a URI or a connection string by ***.
[[nodiscard]] std::string mask_passwords(std::string_view text);

/// `text` in double quotes for a message: masked, shortened, control characters escaped.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// Whether a key that only a plugin knows is named like a secret ("auth.token", "password").
[[nodiscard]] bool names_secret(std::string_view key);

} // namespace tenon::config
