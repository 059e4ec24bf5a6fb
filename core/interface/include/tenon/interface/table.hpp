#pragma once
// A described table: what a backend must know of a model, as plain data. Built once per model by the typed front,
// handed to ISession::repository and ISession::create_tables, copied across the plugin boundary.
// Threads: immutable once built; read from any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/cell.hpp>

namespace tenon {

struct ColumnDesc {
  std::string name;
  CellType type = CellType::text;
  bool nullable = false;
  bool generated = false;            ///< an integer key that the database makes when an insert leaves the column out
  std::uint32_t max_length = 0;      ///< of text in code points; 0 is unlimited
  CellType element = CellType::null; ///< of an array: boolean, int64, float64 or text
};

/// A key: the primary key or a unique constraint. `columns` are positions in TableDesc::columns.
struct KeyDesc {
  std::string
      name; ///< the constraint's name; the described default follows PostgreSQL ("users_pkey", "users_email_key")
  std::vector<std::uint32_t> columns;
};

struct IndexDesc {
  std::string name;
  std::vector<std::uint32_t> columns;
};

enum class OnDelete : std::uint32_t { no_action = 0, restrict = 1, cascade = 2, set_null = 3 };

struct ForeignKeyDesc {
  std::string name;
  std::vector<std::uint32_t> columns;
  std::string target_schema;
  std::string target_table;
  std::vector<std::string> target_columns;
  OnDelete on_delete = OnDelete::no_action;
};

struct TableDesc {
  std::string schema; ///< empty: the connection's default
  std::string name;
  std::vector<ColumnDesc> columns;
  std::vector<KeyDesc> keys; ///< keys[0] is the primary key, the rest are unique constraints
  std::vector<ForeignKeyDesc> foreign_keys;
  std::vector<IndexDesc> indexes;

  [[nodiscard]] std::optional<std::uint32_t> column_index(std::string_view column) const noexcept {
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
      if (columns[i].name == column) return i;
    }
    return std::nullopt;
  }
  /// The one generated column, where the table has one.
  [[nodiscard]] std::optional<std::uint32_t> generated_column() const noexcept {
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
      if (columns[i].generated) return i;
    }
    return std::nullopt;
  }
  /// "schema.table", for messages.
  [[nodiscard]] std::string qualified_name() const { return schema.empty() ? name : schema + "." + name; }
};

} // namespace tenon
