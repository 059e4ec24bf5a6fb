#include <tenon/core/table.hpp>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

namespace tenon::detail {

std::string snake_case(std::string_view type_name) {
  std::string name;
  for (std::size_t i = 0; i < type_name.size(); ++i) {
    const char c = type_name[i];
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && i > 0) {
      const char before = type_name[i - 1];
      const bool word_ends = before >= 'a' && before <= 'z';
      const bool acronym_ends = before >= 'A' && before <= 'Z' && i + 1 < type_name.size() && type_name[i + 1] >= 'a' &&
                                type_name[i + 1] <= 'z';
      if (word_ends || acronym_ends || (before >= '0' && before <= '9')) name += '_';
    }
    name += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return name;
}

namespace {

std::string default_name(const TableDesc& table, const std::vector<std::uint32_t>& columns, std::string_view suffix) {
  std::string name = table.name;
  for (const std::uint32_t column : columns)
    (name += '_') += table.columns[column].name;
  (name += '_') += suffix;
  return name;
}

} // namespace

void TableBuilder::unique(std::vector<std::uint32_t> columns, std::string_view name) {
  std::string named(name.empty() ? default_name(table_, columns, "key") : std::string(name));
  table_.keys.push_back({std::move(named), std::move(columns)});
}

void TableBuilder::index(std::vector<std::uint32_t> columns, std::string_view name) {
  std::string named(name.empty() ? default_name(table_, columns, "idx") : std::string(name));
  table_.indexes.push_back({std::move(named), std::move(columns)});
}

void TableBuilder::reference(std::uint32_t column, std::string target_schema, std::string target_table,
                             std::string target_column, OnDelete on_delete, std::string_view name) {
  std::string named(name.empty() ? default_name(table_, {column}, "fkey") : std::string(name));
  table_.foreign_keys.push_back({std::move(named),
                                 {column},
                                 std::move(target_schema),
                                 std::move(target_table),
                                 {std::move(target_column)},
                                 on_delete});
}

bool TableBuilder::refers(std::uint32_t column) const noexcept {
  return std::any_of(table_.foreign_keys.begin(), table_.foreign_keys.end(),
                     [column](const ForeignKeyDesc& key) { return key.columns == std::vector{column}; });
}

ModelInfo TableBuilder::finish() {
  if (primary_.empty()) {
    if (!id_) {
      throw_error(ErrorCode::programming, "table " + table_.name + " has no primary key",
                  "name it with tenon::primary_key<&Type::member> in tenon::Table<Type>::spec");
    }
    primary_ = {*id_};
    table_.columns[*id_].generated = table_.columns[*id_].type == CellType::int64;
  }
  for (const std::uint32_t column : primary_) {
    if (table_.columns[column].nullable) {
      throw_error(ErrorCode::programming,
                  "table " + table_.name + ": the primary key " + table_.columns[column].name + " is optional");
    }
  }
  table_.keys.insert(table_.keys.begin(), {table_.name + "_pkey", primary_});
  return std::move(table_);
}

} // namespace tenon::detail
