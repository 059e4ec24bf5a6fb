#pragma once
// Arrays as SQLite stores them: JSON text in one canonical form, so that equal arrays are equal texts. Used by
// values.cpp. Threads: pure functions.

#include <optional>
#include <string>
#include <string_view>

#include <tenon/interface/cell.hpp>
#include <tenon/sql/arena.hpp>

namespace tenon::sqlite {

/// Requires an array of elements of one type. Returns nothing for a NaN or a text that is no UTF-8 without NUL.
[[nodiscard]] std::optional<std::string> array_text(const Cell& array);
/// Returns nothing if the text is no JSON array of such elements. Lifetime of the cell: `bytes`.
[[nodiscard]] std::optional<Cell> read_array(std::string_view text, CellType element, sql::Arena& bytes);

} // namespace tenon::sqlite
