#pragma once
// SQLite's dialect: the one table of what is different about it. Used by the repositories and by create_tables.

#include <tenon/sql/dialect.hpp>

namespace tenon::sqlite {

/// The collation of decimals, registered on every connection: digits stored as text, compared as numbers.
inline constexpr const char* kDecimalCollation = "tenon_decimal";
/// The table-valued function behind `in`, registered on every connection.
inline constexpr const char* kListModule = "tenon_list";

inline constexpr sql::Dialect kDialect{
    .name = "sqlite",
    .placeholder = '?',
    .max_parameters = 32766,
    .schemas = false,
    .nulls_smallest = true,
    .generated_is_primary = true,
    // Integers are BIGINT: a primary key declared INTEGER would be an alias of the rowid and number its rows by itself
    // where PostgreSQL says NOT NULL. The affinity is INTEGER all the same.
    .types = {"", "BOOLEAN", "BIGINT", "REAL", "TEXT", "BLOB", "TEXT COLLATE tenon_decimal", "BLOB", "BIGINT", "BIGINT",
              "TEXT"},
    .limited_text = "TEXT CHECK (length({c}) <= {n})",
    // AUTOINCREMENT: the number of a deleted row is never given out again.
    .generated_key = "INTEGER CONSTRAINT {k} PRIMARY KEY AUTOINCREMENT",
    .contains = "instr({l}, {r}) > 0",
    .starts_with = "substr({l}, 1, length({r})) = {r}",
    .ends_with = "substr({l}, length({l}) - length({r}) + 1) = {r}",
    .like = "{l} LIKE {r} ESCAPE '\\'",
    .in_list = "{l} IN (SELECT value FROM tenon_list({r}))",
    .json_eq = "json({l}) = json({r})",
    .offset_only = " LIMIT -1 OFFSET ",
};

} // namespace tenon::sqlite
