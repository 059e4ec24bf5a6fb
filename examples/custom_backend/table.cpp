#include "table.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <tenon/interface/error.hpp>

namespace memory_map {
namespace {

using tenon::Cell;
using tenon::CellType;
using tenon::ErrorCode;

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

/// NULLs are not equal to each other, so a row with one of them in a unique key is never taken.
bool has_null(const Row& row, const std::vector<std::uint32_t>& columns) {
  return std::any_of(columns.begin(), columns.end(), [&](std::uint32_t c) { return row[c].cell().is_null(); });
}

} // namespace

bool Table::ByKey::operator()(const RowPtr& a, const RowPtr& b) const {
  for (const std::uint32_t column : *columns) {
    if (const auto order = compare((*a)[column].cell(), (*b)[column].cell()); order != 0) return order < 0;
  }
  return false;
}
bool Table::ByKey::operator()(const RowPtr& a, std::span<const Cell> b) const {
  for (std::size_t i = 0; i < columns->size(); ++i) {
    if (const auto order = compare((*a)[(*columns)[i]].cell(), b[i]); order != 0) return order < 0;
  }
  return false;
}
bool Table::ByKey::operator()(std::span<const Cell> a, const RowPtr& b) const {
  for (std::size_t i = 0; i < columns->size(); ++i) {
    if (const auto order = compare(a[i], (*b)[(*columns)[i]].cell()); order != 0) return order < 0;
  }
  return false;
}

Table::Table(tenon::TableDesc description)
    : description_(std::make_shared<const tenon::TableDesc>(std::move(description))) {
  for (const tenon::KeyDesc& key : description_->keys)
    keys_.emplace_back(ByKey{&key.columns});
}

RowPtr Table::make_row(std::span<const std::uint32_t> columns, const Cell* cells) {
  std::vector<Cell> all(description_->columns.size(), Cell::null());
  for (std::size_t i = 0; i < columns.size(); ++i)
    all.at(columns[i]) = cells[i];
  if (const auto generated = description_->generated_column()) {
    Cell& key = all[*generated];
    if (key.is_null()) key = Cell::int64(next_generated_);
    if (key.type == CellType::int64 && key.integer >= next_generated_ && key.integer < kLargest) {
      next_generated_ = key.integer + 1;
    }
  }
  Row row;
  row.reserve(all.size());
  for (std::uint32_t c = 0; c < all.size(); ++c)
    row.push_back(checked(c, all[c]));
  return std::make_shared<const Row>(std::move(row));
}

RowPtr Table::changed(const Row& row, std::span<const tenon::Assignment> assignments) const {
  Row copy = row;
  for (const tenon::Assignment& assignment : assignments) {
    if (assignment.nodes != 0) {
      tenon::throw_error(ErrorCode::not_supported, "memory_map does not compute what an update sets");
    }
    copy.at(assignment.column) = checked(assignment.column, assignment.value);
  }
  return std::make_shared<const Row>(std::move(copy));
}

void Table::add(const RowPtr& row) {
  const auto& described = description_->keys;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!has_null(*row, described[i].columns) && keys_[i].contains(row)) {
      throw_integrity(ErrorCode::unique_violation, described[i].columns, described[i].name,
                      "is taken (unique constraint " + described[i].name + ")");
    }
  }
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!has_null(*row, described[i].columns)) keys_[i].insert(row);
  }
}

void Table::erase(const RowPtr& row) {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!has_null(*row, description_->keys[i].columns)) keys_[i].erase(row);
  }
}

RowPtr Table::find(std::uint32_t key, std::span<const Cell> values) const {
  if (key >= keys_.size() || values.size() != description_->keys[key].columns.size()) {
    tenon::throw_error(ErrorCode::programming, description_->name + " has no key of this form");
  }
  if (std::any_of(values.begin(), values.end(), [](const Cell& value) { return value.is_null(); })) return nullptr;
  const auto found = keys_[key].find(values);
  return found == keys_[key].end() ? nullptr : *found;
}

Value Table::checked(std::uint32_t column, const Cell& cell) const {
  const tenon::ColumnDesc& described = description_->columns[column];
  const auto refuse = [&](const std::string& why) {
    tenon::throw_error(ErrorCode::data, description_->name + "." + described.name + ": " + why);
  };
  if (cell.is_null()) {
    if (!described.nullable) {
      throw_integrity(ErrorCode::not_null_violation, {&column, 1}, "", "must have a value");
    }
    return {};
  }
  if (cell.type != described.type) {
    refuse("a " + std::string(tenon::cell_type_name(cell.type)) + " for a column of type " +
           std::string(tenon::cell_type_name(described.type)));
  }
  if (cell.type == CellType::text || cell.type == CellType::json) {
    const auto length = code_points(cell.bytes());
    if (!length) refuse("the text is not UTF-8, or holds a NUL");
    if (described.max_length != 0 && *length > described.max_length) {
      refuse("the text is longer than " + std::to_string(described.max_length) + " characters");
    }
  }
  return Value(cell);
}

void Table::throw_integrity(ErrorCode code, std::span<const std::uint32_t> columns, const std::string& constraint,
                            const std::string& message) const {
  tenon::ErrorInfo info;
  info.code = code;
  info.table = description_->name;
  info.constraint = constraint;
  std::string names;
  for (const std::uint32_t column : columns) {
    info.columns.push_back(description_->columns[column].name);
    names += (names.empty() ? "" : ", ") + info.columns.back();
  }
  info.message = description_->name + ": " + names + " " + message;
  tenon::throw_error(std::move(info));
}

} // namespace memory_map
