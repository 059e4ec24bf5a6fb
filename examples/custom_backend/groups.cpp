#include "groups.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <tenon/interface/error.hpp>

#include "filter.hpp"

namespace memory_map {
namespace {

using tenon::Aggregate;
using tenon::Cell;
using tenon::CellType;
using tenon::ErrorCode;
using tenon::NodeKind;

[[noreturn]] void refuse(ErrorCode code, const std::string& why) { tenon::throw_error(code, "memory_map: " + why); }

/// An order of all cells of one column: NULL is the smallest, and equal to itself.
struct Before {
  bool operator()(const Cell& a, const Cell& b) const {
    if (a.is_null() || b.is_null()) return a.is_null() && !b.is_null();
    return compare(a, b) < 0;
  }
  bool operator()(const std::vector<Cell>& a, const std::vector<Cell>& b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), *this);
  }
};

/// The exact sum of any decimals, digit by digit: no intermediate result is too large.
class DecimalSum {
public:
  void add(std::string_view text) {
    const std::int64_t sign = text.starts_with('-') ? -1 : 1;
    if (sign < 0) text.remove_prefix(1);
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::size_t fraction = point < text.size() ? text.size() - point - 1 : 0;
    scale_ = std::max(scale_, fraction);
    std::size_t at = kOnes - fraction;
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit) {
      if (*digit != '.') digits_.at(at++) += sign * (*digit - '0');
    }
  }
  /// With the largest scale among the summands. Errors: DataError for more than 38 digits.
  [[nodiscard]] std::string text() const {
    Digits digits = digits_;
    const bool negative = carry(digits) < 0;
    if (negative) {
      digits = digits_;
      for (std::int64_t& digit : digits)
        digit = -digit;
      carry(digits);
    }
    std::size_t top = digits.size();
    while (top > kOnes && digits[top - 1] == 0)
      --top;
    if (top - kOnes + scale_ > kMostDigits) refuse(ErrorCode::data, "a sum of more than 38 digits");
    std::string text = negative ? "-" : "";
    if (top == kOnes) text += '0';
    for (std::size_t at = top; at > kOnes - scale_; --at) {
      if (at == kOnes) text += '.';
      text += static_cast<char>('0' + digits[at - 1]);
    }
    return text;
  }

private:
  static constexpr std::size_t kMostDigits = 38;
  static constexpr std::size_t kOnes = 40; // where the digit of the ones stands
  using Digits = std::array<std::int64_t, 100>;

  /// Makes each a digit from 0 to 9. Returns what is left: -1 for a negative number.
  static std::int64_t carry(Digits& digits) {
    std::int64_t rest = 0;
    for (std::int64_t& digit : digits) {
      const std::int64_t value = digit + rest;
      digit = (value % 10 + 10) % 10;
      rest = (value - digit) / 10;
    }
    return rest;
  }
  Digits digits_{}; // each the sum of the digits in its place, with their signs
  std::size_t scale_ = 0;
};

/// The sum of values of one type as a cell, and as a double.
std::pair<Value, double> sum_of(const std::vector<Cell>& values, bool only_double) {
  if (values.front().type == CellType::float64) {
    double sum = 0;
    for (const Cell& value : values)
      sum += value.real;
    if (!std::isfinite(sum)) refuse(ErrorCode::data, "a sum that is too large");
    return {Value(Cell::float64(sum)), sum};
  }
  if (values.front().type == CellType::decimal) {
    DecimalSum sum;
    for (const Cell& value : values)
      sum.add(value.bytes());
    const std::string text = sum.text();
    return {Value(Cell::decimal(text)), std::stod(text)};
  }
  __extension__ __int128 exact = 0;
  for (const Cell& value : values)
    exact += value.integer;
  const bool fits =
      exact >= std::numeric_limits<std::int64_t>::min() && exact <= std::numeric_limits<std::int64_t>::max();
  if (!fits && !only_double) refuse(ErrorCode::data, "a sum that is too large");
  return {fits ? Value(Cell::int64(static_cast<std::int64_t>(exact))) : Value(), static_cast<double>(exact)};
}

Value computed(const tenon::Output& output, const std::vector<RowPtr>& rows) {
  if (output.aggregate == Aggregate::count_rows) return Value(Cell::int64(static_cast<std::int64_t>(rows.size())));
  std::vector<Cell> values;
  for (const RowPtr& row : rows) {
    if (const Cell cell = (*row)[output.column.column].cell(); !cell.is_null()) values.push_back(cell);
  }
  if (output.distinct != 0) {
    const std::set<Cell, Before> different(values.begin(), values.end());
    values.assign(different.begin(), different.end());
  }
  if (output.aggregate == Aggregate::count) return Value(Cell::int64(static_cast<std::int64_t>(values.size())));
  if (values.empty()) return {};
  switch (output.aggregate) {
    case Aggregate::sum: return sum_of(values, false).first;
    case Aggregate::avg: return Value(Cell::float64(sum_of(values, true).second / static_cast<double>(values.size())));
    case Aggregate::min: return Value(*std::min_element(values.begin(), values.end(), Before{}));
    default: return Value(*std::max_element(values.begin(), values.end(), Before{}));
  }
}

/// The query as it is worked on: what the groups are made by, and what they give.
struct Plan {
  std::vector<std::uint32_t> group;
  std::vector<tenon::Output> outputs;
  bool single = false; ///< one group of all rows, even of none

  [[nodiscard]] std::optional<std::uint32_t> place_of(std::uint32_t column) const {
    const auto found = std::find(group.begin(), group.end(), column);
    if (found == group.end()) return std::nullopt;
    return static_cast<std::uint32_t>(outputs.size()) + static_cast<std::uint32_t>(found - group.begin());
  }
};

bool is_one_of(CellType type, std::initializer_list<CellType> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

void check_output(const tenon::Output& output, const Plan& plan, const tenon::TableDesc& table) {
  if (output.aggregate == Aggregate::count_rows) return;
  if (output.column.source != 0 || output.column.column >= table.columns.size()) {
    refuse(ErrorCode::programming, "an output of a column that is not there");
  }
  const CellType type = table.columns[output.column.column].type;
  using enum CellType;
  bool known = output.distinct == 0 || (output.distinct == 1 && !is_one_of(type, {json, array}));
  switch (output.aggregate) {
    case Aggregate::none:
      if (!plan.place_of(output.column.column)) refuse(ErrorCode::programming, "an output that is in no group");
      break;
    case Aggregate::count: break;
    case Aggregate::sum:
    case Aggregate::avg: known = known && is_one_of(type, {int64, float64, decimal}); break;
    case Aggregate::min:
    case Aggregate::max: known = known && is_one_of(type, {int64, float64, decimal, text, timestamp, date}); break;
    default: known = false;
  }
  if (!known) refuse(ErrorCode::not_supported, "an aggregate of this type is not known");
}

Plan plan_of(const tenon::Query& query, const tenon::TableDesc& table) {
  if (query.lock != tenon::RowLock::none) refuse(ErrorCode::not_supported, "rows are not locked");
  Plan plan{{}, {query.outputs.begin(), query.outputs.end()}};
  for (const tenon::ColumnRef& column : query.group) {
    if (column.source != 0) refuse(ErrorCode::programming, "a group by a table that is not joined");
    plan.group.push_back(column.column);
  }
  const bool aggregates = std::any_of(plan.outputs.begin(), plan.outputs.end(),
                                      [](const auto& output) { return output.aggregate != Aggregate::none; });
  if (query.distinct) { // is a group for each combination of what it gives
    if (aggregates || !plan.group.empty()) refuse(ErrorCode::not_supported, "groups are not made distinct");
    for (std::uint32_t c = 0; query.outputs.empty() && c < table.columns.size(); ++c)
      plan.outputs.push_back({{0, c}});
    for (const tenon::Output& output : plan.outputs)
      plan.group.push_back(output.column.column);
  }
  if (plan.outputs.empty()) refuse(ErrorCode::programming, "groups that give nothing");
  plan.single = plan.group.empty();
  if (plan.single && !aggregates) refuse(ErrorCode::programming, "a condition on groups, of which there are none");
  for (const std::uint32_t column : plan.group) {
    if (column >= table.columns.size()) refuse(ErrorCode::programming, "a group by a column that is not there");
    if (is_one_of(table.columns[column].type, {CellType::json, CellType::array})) {
      refuse(ErrorCode::not_supported, "documents and arrays are not grouped by");
    }
  }
  for (const tenon::Output& output : plan.outputs)
    check_output(output, plan, table);
  return plan;
}

std::uint32_t place_in(const Plan& plan, std::uint32_t column, bool is_output) {
  if (is_output && column < plan.outputs.size()) return column;
  const auto place = is_output ? std::nullopt : plan.place_of(column);
  if (!place) refuse(ErrorCode::programming, "a group is asked what it does not have");
  return *place;
}

std::vector<tenon::Node> having_of(const tenon::Query& query, const Plan& plan) {
  std::vector<tenon::Node> nodes(query.having.begin(), query.having.end());
  for (tenon::Node& node : nodes) {
    if (node.kind != NodeKind::output && node.kind != NodeKind::column) continue;
    node.column = place_in(plan, node.column, node.kind == NodeKind::output);
    node.kind = NodeKind::column;
  }
  check_filter(tenon::Filter(nodes), plan.outputs.size() + plan.group.size());
  return nodes;
}

} // namespace

bool makes_groups(const tenon::Query& query) noexcept {
  return query.distinct || !query.group.empty() || !query.having.empty() ||
         std::any_of(query.outputs.begin(), query.outputs.end(),
                     [](const auto& output) { return output.aggregate != Aggregate::none; });
}

Groups grouped(const std::vector<RowPtr>& rows, const tenon::Query& query, const tenon::TableDesc& table) {
  const Plan plan = plan_of(query, table);
  const std::vector<tenon::Node> having = having_of(query, plan);
  Groups made;
  for (tenon::OrderTerm term : query.order) {
    if (term.source != 0 && term.source != tenon::kOutputSource) {
      refuse(ErrorCode::programming, "an order by a table that is not joined");
    }
    term.column = place_in(plan, term.column, term.source == tenon::kOutputSource);
    term.source = 0;
    made.order.push_back(term);
  }

  std::map<std::vector<Cell>, std::vector<RowPtr>, Before> groups; // by cells of rows that they hold
  if (plan.single) groups[{}];
  for (const RowPtr& row : rows) {
    std::vector<Cell> key;
    for (const std::uint32_t column : plan.group)
      key.push_back((*row)[column].cell());
    groups[std::move(key)].push_back(row);
  }
  for (const auto& [key, members] : groups) {
    Row row;
    for (const tenon::Output& output : plan.outputs) {
      row.push_back(output.aggregate == Aggregate::none ? (*members.front())[output.column.column]
                                                        : computed(output, members));
    }
    for (const Cell& cell : key)
      row.emplace_back(cell);
    if (matches(tenon::Filter(having), row)) made.rows.push_back(std::make_shared<const Row>(std::move(row)));
  }
  return made;
}

} // namespace memory_map
