#pragma once
// The wording of errors that every SQL backend raises, so that one program reads the same on each. Used by the
// backends' errors.cpp. Threads: pure functions.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/error.hpp>
#include <tenon/interface/table.hpp>

namespace tenon::sql {

/// Which side of a foreign key a statement broke.
enum class ForeignKeySide {
  unknown,
  referring,  ///< it wrote a reference to a row that is not there
  referenced, ///< it took away a row that others refer to
};

/// "username", "(name, version)", or `fallback` where the database does not say which.
[[nodiscard]] inline std::string column_list(std::span<const std::string> columns, std::string_view fallback) {
  if (columns.empty()) return std::string(fallback);
  if (columns.size() == 1) return columns.front();
  std::string out = "(";
  for (const std::string& column : columns) {
    if (out.size() > 1) out += ", ";
    out += column;
  }
  return out += ')';
}

/// The names of columns of a described table.
[[nodiscard]] inline std::vector<std::string> column_names(const TableDesc& table,
                                                           std::span<const std::uint32_t> positions) {
  std::vector<std::string> names;
  for (const std::uint32_t position : positions) {
    if (position < table.columns.size()) names.push_back(table.columns[position].name);
  }
  return names;
}

namespace detail {

inline std::string rule(std::string_view kind, std::string_view constraint) {
  std::string out;
  if (!constraint.empty()) ((((out += " (") += kind) += ' ') += constraint) += ')';
  return out;
}

} // namespace detail

/// Fills message and hint of a broken rule from `info.code`, `statement`, `constraint` and `columns`.
inline void word_integrity(ErrorInfo& info, ForeignKeySide side = ForeignKeySide::unknown) {
  std::string& message = info.message;
  message = info.statement.empty() ? std::string{} : info.statement + ": ";
  switch (info.code) {
    case ErrorCode::unique_violation:
      message += column_list(info.columns, "a unique value") + " is taken" +
                 detail::rule("unique constraint", info.constraint);
      info.hint = "use another value, or update the row that has it";
      return;
    case ErrorCode::foreign_key_violation:
      if (side == ForeignKeySide::referenced) {
        message += "other rows still refer to this one" + detail::rule("foreign key", info.constraint);
        info.hint = "delete or change the referring rows first";
      } else if (side == ForeignKeySide::referring || !info.columns.empty()) {
        message += column_list(info.columns, "a foreign key") + " refers to a row that is not there" +
                   detail::rule("foreign key", info.constraint);
        info.hint = "create the row it refers to first";
      } else {
        message += "a reference between rows would be broken" + detail::rule("foreign key", info.constraint);
        info.hint = "create the row that is referred to first, or delete the referring rows first";
      }
      return;
    case ErrorCode::not_null_violation:
      message += column_list(info.columns, "a required column") + " must have a value";
      info.hint = "give it a value, or make the column nullable";
      return;
    case ErrorCode::check_violation:
      message += "the row breaks a rule of its table" + detail::rule("check constraint", info.constraint);
      info.hint = "look at the constraint's definition for what it allows";
      return;
    case ErrorCode::exclusion_violation:
      message += "the row conflicts with another one" + detail::rule("exclusion constraint", info.constraint);
      info.hint = "look at the constraint's definition for what it excludes";
      return;
    default:
      message += "the data would break a rule of the schema" + detail::rule("constraint", info.constraint);
      return;
  }
}

/// The hint where a table is missing.
inline constexpr std::string_view kMissingTableHint =
    "create it with store.create_tables<…>() or check the schema and the database's name";

} // namespace tenon::sql
