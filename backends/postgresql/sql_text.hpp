#pragma once
// What has to be known of a statement that the application wrote itself. Used by Session::execute.
// Threads: pure functions.

#include <cstddef>
#include <string_view>

namespace tenon::postgresql {

/// The highest n of $n outside of texts, names and comments.
[[nodiscard]] std::size_t highest_placeholder(std::string_view sql) noexcept;

/// The statement begins as one whose rows may come one by one. It may write all the same: by a function, by INTO.
[[nodiscard]] bool is_query(std::string_view sql) noexcept;

/// Nothing that the statement may call writes: if its answer is lost there is nothing to be in doubt about.
[[nodiscard]] bool only_reads(std::string_view sql) noexcept;

} // namespace tenon::postgresql
