#pragma once
// SchemaCompiler: described tables to CREATE statements in one dialect. Used by ISession::create_tables of the SQL
// backends. Threads: no state between calls.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/table.hpp>
#include <tenon/sql/compiler.hpp>
#include <tenon/sql/dialect.hpp>
#include <tenon/sql/readers.hpp>

namespace tenon::sql {

class SchemaCompiler {
public:
  SchemaCompiler(const Dialect& dialect, const TableDesc& table) : dialect_(dialect), table_(table) {}

  /// The table, then its indexes: one statement each, to be run in this order; each only if it is not there.
  /// Errors: ProgrammingError for a description that contradicts itself; NotSupported for a generated column that this
  /// dialect cannot make.
  [[nodiscard]] std::vector<std::string> create() const {
    std::vector<std::string> statements{create_table()};
    for (const IndexDesc& index : table_.indexes) {
      statements.push_back("CREATE INDEX IF NOT EXISTS " + quoted(dialect_, index.name) + " ON " +
                           Compiler(dialect_, table_).table_name() + " (" + names(index.columns, "an index") + ")");
    }
    return statements;
  }

private:
  [[nodiscard]] std::string create_table() const {
    if (table_.columns.empty()) {
      throw_error(ErrorCode::programming, "the table " + table_.qualified_name() + " has no columns");
    }
    std::string sql = "CREATE TABLE IF NOT EXISTS " + Compiler(dialect_, table_).table_name() + " (";
    bool key_is_inline = false;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      sql += i == 0 ? "\n  " : ",\n  ";
      sql += column(static_cast<std::uint32_t>(i));
      key_is_inline = key_is_inline || (table_.columns[i].generated && dialect_.generated_is_primary);
    }
    for (std::size_t i = key_is_inline ? 1 : 0; i < table_.keys.size(); ++i) {
      sql += ",\n  CONSTRAINT " + quoted(dialect_, table_.keys[i].name) + (i == 0 ? " PRIMARY KEY (" : " UNIQUE (") +
             names(table_.keys[i].columns, "a key") + ")";
    }
    for (const ForeignKeyDesc& key : table_.foreign_keys)
      sql += ",\n  " + foreign_key(key);
    return sql + "\n)";
  }

  [[nodiscard]] std::string column(std::uint32_t position) const {
    const ColumnDesc& described = table_.columns[position];
    const std::string name = quoted(dialect_, described.name);
    std::string sql = name + " ";
    if (described.generated) {
      check_generated(position);
      const std::string key = table_.keys.empty() ? std::string() : quoted(dialect_, table_.keys.front().name);
      append_pattern(sql, dialect_.generated_key, {.k = key});
    } else if (described.type == CellType::text && described.max_length > 0) {
      append_pattern(sql, dialect_.limited_text, {.c = name, .n = std::to_string(described.max_length)});
    } else if (described.type == CellType::array && is_element(described.element)) {
      sql += dialect_.array_type(described.element);
    } else if (const std::string_view type = dialect_.type(described.type); !type.empty()) {
      sql += type;
    } else {
      throw_error(ErrorCode::not_supported, "the column " + table_.qualified_name() + "." + described.name +
                                                " has a type that this backend does not know");
    }
    if (!described.nullable) sql += " NOT NULL";
    return sql;
  }

  void check_generated(std::uint32_t position) const {
    const std::string name = table_.qualified_name() + "." + table_.columns[position].name;
    if (table_.columns[position].type != CellType::int64) {
      throw_error(ErrorCode::programming, "the generated column " + name + " is not an int64");
    }
    const bool is_key = !table_.keys.empty() && table_.keys.front().columns == std::vector<std::uint32_t>{position};
    if (dialect_.generated_is_primary && !is_key) {
      throw_error(ErrorCode::not_supported, "the generated column " + name + " is not the primary key",
                  std::string(dialect_.name) + " generates values for a primary key of one column only");
    }
  }

  [[nodiscard]] std::string foreign_key(const ForeignKeyDesc& key) const {
    if (key.columns.size() != key.target_columns.size()) {
      throw_error(ErrorCode::programming, "the foreign key " + key.name + " of " + table_.qualified_name() + " has " +
                                              std::to_string(key.columns.size()) + " columns and " +
                                              std::to_string(key.target_columns.size()) + " targets");
    }
    std::string sql = "CONSTRAINT " + quoted(dialect_, key.name) + " FOREIGN KEY (" +
                      names(key.columns, "a foreign key") + ") REFERENCES ";
    if (dialect_.schemas && !key.target_schema.empty()) sql += quoted(dialect_, key.target_schema) + ".";
    sql += quoted(dialect_, key.target_table) + " (";
    for (std::size_t i = 0; i < key.target_columns.size(); ++i)
      sql += (i == 0 ? "" : ", ") + quoted(dialect_, key.target_columns[i]);
    sql += ")";
    return sql += on_delete(key);
  }

  [[nodiscard]] std::string_view on_delete(const ForeignKeyDesc& key) const {
    switch (key.on_delete) {
      case OnDelete::no_action: return "";
      case OnDelete::restrict: return " ON DELETE RESTRICT";
      case OnDelete::cascade: return " ON DELETE CASCADE";
      case OnDelete::set_null: return " ON DELETE SET NULL";
    }
    throw_error(ErrorCode::not_supported, "the foreign key " + key.name + " has an unknown action on delete");
  }

  [[nodiscard]] std::string names(std::span<const std::uint32_t> columns, std::string_view what) const {
    if (columns.empty()) {
      throw_error(ErrorCode::programming, std::string(what) + " of " + table_.qualified_name() + " has no columns");
    }
    std::string out;
    for (const std::uint32_t column : columns) {
      check_column(table_, column, what);
      out += (out.empty() ? "" : ", ") + quoted(dialect_, table_.columns[column].name);
    }
    return out;
  }

  const Dialect& dialect_;
  const TableDesc& table_;
};

} // namespace tenon::sql
