#pragma once
// SQLite's dialect: the one table of what is different about it. Used by the repositories and by create_tables.

#include <tenon/sql/dialect.hpp>

namespace tenon::sqlite {

/// The collation of decimals, registered on every connection: digits stored as text, compared as numbers.
inline constexpr const char* kDecimalCollation = "tenon_decimal";
/// The table-valued function behind `in`, registered on every connection.
inline constexpr const char* kListModule = "tenon_list";

inline constexpr std::array<std::string_view, 6> kTransactionWords{"begin",    "commit",    "end",
                                                                   "rollback", "savepoint", "release"};

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
    .array_types = {"TEXT", "TEXT", "TEXT", "TEXT"}, // JSON
    .limited_text = "TEXT CHECK (length({c}) <= {n})",
    // AUTOINCREMENT: the number of a deleted row is never given out again.
    .generated_key = "INTEGER CONSTRAINT {k} PRIMARY KEY AUTOINCREMENT",
    .contains = "instr({l}, {r}) > 0",
    .starts_with = "substr({l}, 1, length({r})) = {r}",
    .ends_with = "substr({l}, length({l}) - length({r}) + 1) = {r}",
    .like = "{l} LIKE {r} ESCAPE '\\'",
    .in_list = "{l} IN (SELECT value FROM tenon_list({r}))",
    .json_eq = "json({l}) = json({r})",
    .by_code_point = "",
    .fold = "lower({l})", // of ASCII alone
    .fold_unicode = "tenon_fold({l})",
    .constant = "{l}", // as it is: functions of parameters alone are computed once
    .as_int64 = "{l}",
    .as_float64 = "{l}",
    .integer_as_decimal = "CAST({l} AS TEXT) COLLATE tenon_decimal",
    // Functions of ours: SQLite's own operators turn what is too large into a real, and a division by zero into NULL.
    .integer_arithmetic = {"tenon_add({l}, {r})", "tenon_subtract({l}, {r})", "tenon_multiply({l}, {r})",
                           "tenon_divide({l}, {r})"},
    .real_arithmetic = {"tenon_real_add({l}, {r})", "tenon_real_subtract({l}, {r})", "tenon_real_multiply({l}, {r})",
                        "tenon_real_divide({l}, {r})"},
    .json_document = "{l}",
    .json_member = "{l}, {r}",
    .json_element = "{l}, {r}",
    .json_values = {"tenon_json_boolean({l})", "tenon_json_int64({l})", "tenon_json_float64({l})",
                    "tenon_json_text({l})"},
    .json_exists = "tenon_json_exists({l})",
    .sums = {"tenon_sum({d}{l})", "tenon_real_sum({d}{l})", "tenon_decimal_sum({d}{l})"},
    .averages = {"tenon_avg({d}{l})", "tenon_real_avg({d}{l})", "tenon_decimal_avg({d}{l})"},
    .computed_decimal = "{l} COLLATE tenon_decimal",
    .limited_value = "tenon_limited({l}, {n})",
    .locks = {"", "", "", "", ""}, // a transaction that may write has the database to itself
    .explain = "EXPLAIN QUERY PLAN ",
    .offset_only = " LIMIT -1 OFFSET ",
    .transaction_words = kTransactionWords,
};

} // namespace tenon::sqlite
