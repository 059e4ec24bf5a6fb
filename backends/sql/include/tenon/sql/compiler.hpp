#pragma once
// Compiler: described tables and queries to the statements of one table, in one dialect. Used by the SQL backends, on a
// miss of their StatementCache. Placeholders are numbered in the order in which readers.hpp collects parameters.
// Requires that the call was read by readers.hpp, which checks it. Threads: no state between calls.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>
#include <tenon/sql/dialect.hpp>
#include <tenon/sql/names.hpp>
#include <tenon/sql/readers.hpp>
#include <tenon/sql/select_compiler.hpp>
#include <tenon/sql/tree_compiler.hpp>

namespace tenon::sql {

class Compiler {
public:
  /// `order`: null if all text columns compare by code point. Lifetime: borrows all of them.
  Compiler(const Dialect& dialect, const TableDesc& table, const TextOrder* order = nullptr)
      : dialect_(dialect), table_(table), order_(order) {}

  /// `row`: a pattern for the list of columns, in which a function may take them.
  [[nodiscard]] std::string select(const Query& query, std::string_view row = kColumnsAsTheyAre) const {
    return SelectCompiler(named(query.filter), query, row).compile();
  }

  [[nodiscard]] std::string explain(const Query& query) const { return std::string(dialect_.explain) + select(query); }

  /// All columns of the row with this key, `row` as above. Requires key < keys.size().
  [[nodiscard]] std::string find(std::uint32_t key, std::string_view row = kColumnsAsTheyAre) const {
    Placeholders placeholders(dialect_);
    std::string all;
    for (std::uint32_t i = 0; i < table_.columns.size(); ++i)
      all += (i == 0 ? "" : ", ") + name(i);
    std::string sql = "SELECT ";
    append_pattern(sql, row, {.l = all});
    sql.append(" FROM ").append(table_name());
    std::string_view word = " WHERE ";
    for (const std::uint32_t column : table_.keys[key].columns) {
      sql.append(word).append(name(column)).append(" = ").append(placeholders.next());
      word = " AND ";
    }
    return sql;
  }

  /// Parameters: row after row. Requires one row if `columns` is empty.
  [[nodiscard]] std::string insert(std::span<const std::uint32_t> columns, std::size_t rows_per_statement,
                                   std::span<const std::uint32_t> returning) const {
    return insert_into(columns, rows_per_statement) + returned(returning);
  }

  /// With an empty `update` a taken row stays as it is, and is returned all the same if `returning` wants it: by
  /// setting a key column to itself, the one form that sees a row which another transaction has just committed.
  [[nodiscard]] std::string upsert(std::span<const std::uint32_t> columns, std::size_t rows_per_statement,
                                   std::uint32_t key, std::span<const std::uint32_t> update,
                                   std::span<const std::uint32_t> returning) const {
    const auto& key_columns = table_.keys[key].columns;
    std::string sql = insert_into(columns, rows_per_statement) + " ON CONFLICT (" + names(key_columns) + ")";
    if (update.empty() && returning.empty()) return sql + " DO NOTHING";
    sql += " DO UPDATE SET ";
    if (update.empty()) {
      const std::string column = name(key_columns.front());
      sql += column + " = " + quoted(dialect_, table_.name) + "." + column;
    }
    for (std::size_t i = 0; i < update.size(); ++i) {
      if (i > 0) sql += ", ";
      sql += name(update[i]) + " = excluded." + name(update[i]);
    }
    return sql + returned(returning);
  }

  /// Of many rows at once where `given` names their parameters.
  [[nodiscard]] std::string update(const Update& update, const GivenRows& given = {}) const {
    const Names names = named(update.filter);
    Placeholders placeholders(dialect_, given);
    std::string sql = "UPDATE " + names.from(0) + " SET ";
    for (std::size_t i = 0; i < update.assignments.size(); ++i) {
      const Assignment& assignment = update.assignments[i];
      if (i > 0) sql += ", ";
      sql += name(assignment.column) + " = ";
      if (assignment.nodes == 0) {
        sql += placeholders.next();
        continue;
      }
      const auto nodes = update.expressions.subspan(assignment.first, assignment.nodes);
      const std::string value = TreeCompiler(names, nodes, placeholders).value();
      const std::uint32_t length = table_.columns[assignment.column].max_length;
      append_pattern(sql, length > 0 ? dialect_.limited_value : std::string_view("{l}"),
                     {.l = value, .n = std::to_string(length)});
    }
    if (!given.from.empty()) sql.append(" FROM ").append(given.from);
    return sql + where(names, update.filter.nodes, placeholders);
  }

  [[nodiscard]] std::string remove(const Filter& filter) const {
    const Names names = named(filter);
    Placeholders placeholders(dialect_);
    return "DELETE FROM " + names.from(0) + where(names, filter.nodes, placeholders);
  }

  [[nodiscard]] std::string count(const Filter& filter) const {
    const Names names = named(filter);
    Placeholders placeholders(dialect_);
    return "SELECT count(*) FROM " + names.from(0) + where(names, filter.nodes, placeholders);
  }

  [[nodiscard]] std::string exists(const Filter& filter) const {
    const Names names = named(filter);
    Placeholders placeholders(dialect_);
    return "SELECT EXISTS (SELECT 1 FROM " + names.from(0) + where(names, filter.nodes, placeholders) + ")";
  }

  [[nodiscard]] std::string table_name() const { return sql::table_name(dialect_, table_); }

private:
  [[nodiscard]] Names named(const Filter& filter) const { return {dialect_, table_, filter.sources, order_}; }

  static std::string where(const Names& names, std::span<const Node> nodes, Placeholders& placeholders) {
    return nodes.empty() ? std::string() : " WHERE " + TreeCompiler(names, nodes, placeholders).condition();
  }

  [[nodiscard]] std::string name(std::uint32_t column) const { return quoted(dialect_, table_.columns[column].name); }

  [[nodiscard]] std::string names(std::span<const std::uint32_t> columns) const {
    std::string out;
    for (const std::uint32_t column : columns)
      out += (out.empty() ? "" : ", ") + name(column);
    return out;
  }

  [[nodiscard]] std::string insert_into(std::span<const std::uint32_t> columns, std::size_t rows) const {
    if (columns.empty()) return "INSERT INTO " + table_name() + " DEFAULT VALUES";
    Placeholders placeholders(dialect_);
    std::string sql = "INSERT INTO " + table_name() + " (" + names(columns) + ") VALUES ";
    for (std::size_t row = 0; row < rows; ++row) {
      sql += row == 0 ? "(" : ", (";
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) sql += ", ";
        sql += placeholders.next();
      }
      sql += ')';
    }
    return sql;
  }

  [[nodiscard]] std::string returned(std::span<const std::uint32_t> columns) const {
    return columns.empty() ? std::string() : " RETURNING " + names(columns);
  }

  const Dialect& dialect_;
  const TableDesc& table_;
  const TextOrder* order_;
};

} // namespace tenon::sql
