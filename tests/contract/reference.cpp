#include "reference.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/multiprecision/cpp_int.hpp>

#include <tenon/interface/error.hpp>

namespace tenon::contract {
namespace {

using boost::multiprecision::cpp_int;

/// A decimal as a whole number of 10^-kScale.
constexpr unsigned kScale = 40;

cpp_int scaled(const Value& value) {
  std::string digits(value.cell().bytes());
  const bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  const auto point = std::min(digits.find('.'), digits.size());
  const std::size_t fraction = point == digits.size() ? 0 : digits.size() - point - 1;
  if (point < digits.size()) digits.erase(point, 1);
  digits.append(kScale - fraction, '0');
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1)); // a leading 0 would mean octal
  const cpp_int magnitude(digits);
  return negative ? cpp_int(-magnitude) : magnitude;
}

Value decimal_of(const cpp_int& number) {
  static const cpp_int one(std::string("1").append(kScale, '0'));
  const cpp_int magnitude = abs(number);
  const cpp_int whole = magnitude / one;
  const std::string fraction = cpp_int(one + magnitude % one).str().substr(1); // with its leading zeros
  const auto last = fraction.find_last_not_of('0');
  std::string digits = number < 0 ? "-" : "";
  digits += whole.str();
  if (last != std::string::npos) digits.append(1, '.').append(fraction, 0, last + 1);
  return Value::decimal(digits);
}

Value sum_of(const std::vector<Value>& values) {
  if (values.empty()) return Value::null();
  switch (values.front().type()) {
    case CellType::int64: {
      std::int64_t sum = 0;
      __extension__ __int128 exact = 0;
      for (const Value& value : values)
        exact += value.cell().integer;
      sum = static_cast<std::int64_t>(exact);
      if (sum != exact) throw_error(ErrorCode::data, "the reference: a sum out of range");
      return Value::int64(sum);
    }
    case CellType::float64: {
      double sum = 0;
      for (const Value& value : values)
        sum += value.cell().real;
      return Value::float64(sum);
    }
    case CellType::decimal: {
      cpp_int sum = 0;
      for (const Value& value : values)
        sum += scaled(value);
      return decimal_of(sum);
    }
    default: throw std::logic_error("a sum of what cannot be added");
  }
}

Value average_of(const std::vector<Value>& values) {
  const Value sum = sum_of(values);
  if (sum.is_null()) return Value::null();
  const double whole = sum.type() == CellType::int64     ? static_cast<double>(sum.cell().integer)
                       : sum.type() == CellType::float64 ? sum.cell().real
                                                         : std::stod(std::string(sum.cell().bytes()));
  return Value::float64(whole / static_cast<double>(values.size()));
}

Value extreme_of(const std::vector<Value>& values, int sign) {
  if (values.empty()) return Value::null();
  const Value* best = &values.front();
  for (const Value& value : values) {
    if (compared(value, *best) * sign > 0) best = &value;
  }
  return *best;
}

bool same_row(const Row& a, const Row& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Value& x, const Value& y) { return same(x, y); });
}

Value column_of(const Joined& row, ColumnRef column) {
  const Row* found = row[column.source];
  return found == nullptr ? Value::null() : (*found)[column.column];
}

/// A row on its way through a query: where it came from, and what it gives.
struct Made {
  Joined from; ///< empty behind distinct
  Row outputs;
};

bool comes_before(const Made& a, const Made& b, std::span<const OrderTerm> order) {
  const auto value = [](const Made& made, const OrderTerm& term) {
    return term.source == kOutputSource ? made.outputs[term.column] : column_of(made.from, {term.source, term.column});
  };
  for (const OrderTerm& term : order) {
    const Value left = value(a, term);
    const Value right = value(b, term);
    if (left.is_null() && right.is_null()) continue;
    if (left.is_null() || right.is_null()) {
      const bool nulls_first =
          term.nulls == NullOrder::first || (term.nulls == NullOrder::largest && term.descending != 0);
      return left.is_null() == nulls_first;
    }
    const int difference = compared(left, right);
    if (difference != 0) return term.descending != 0 ? difference > 0 : difference < 0;
  }
  return false;
}

/// All combinations of a row with its partners, source by source.
void join(const Joined& row, std::size_t next, const Contents& contents, std::span<const Source> sources,
          std::vector<Joined>& out) { // NOLINT(misc-no-recursion): one level for each source
  if (next == sources.size()) {
    out.push_back(row);
    return;
  }
  const Source& source = sources[next];
  Joined with = row;
  if (source.kind == JoinKind::exists) {
    join(with, next + 1, contents, sources, out);
    return;
  }
  bool alone = true;
  for (const Row& candidate : contents.at(source.table)) {
    if (!reference::is_partner(source, row, candidate)) continue;
    alone = false;
    with[next + 1] = &candidate;
    join(with, next + 1, contents, sources, out);
  }
  if (alone && source.kind == JoinKind::left) join(row, next + 1, contents, sources, out);
}

std::vector<Joined> kept_rows(const Rows& rows, const Contents& contents, const Filter& filter) {
  std::vector<Joined> all;
  for (const Row& row : rows) {
    Joined start(filter.sources.size() + 1, nullptr);
    start.front() = &row;
    join(start, 0, contents, filter.sources, all);
  }
  const reference::Scope scope{&contents, filter.sources, nullptr};
  std::erase_if(all, [&](const Joined& row) { return reference::truth_of(filter.nodes, row, scope) != Truth::yes; });
  return all;
}

Row outputs_of(const std::vector<Joined>& group, std::span<const Output> outputs) {
  Row made;
  for (const Output& output : outputs) {
    if (output.aggregate == Aggregate::none) {
      made.push_back(column_of(group.front(), output.column));
    } else if (output.aggregate == Aggregate::count_rows) {
      made.push_back(Value::int64(static_cast<std::int64_t>(group.size())));
    } else {
      std::vector<Value> values;
      for (const Joined& row : group) {
        if (Value value = column_of(row, output.column); !value.is_null()) values.push_back(std::move(value));
      }
      made.push_back(reference::aggregate(output.aggregate, output.distinct != 0, values));
    }
  }
  return made;
}

std::vector<Made> grouped(const std::vector<Joined>& rows, const Contents& contents, const Query& query) {
  std::vector<std::pair<Row, std::vector<Joined>>> groups;
  if (query.group.empty()) groups.emplace_back(Row{}, rows);
  for (const Joined& row : rows) {
    if (query.group.empty()) break;
    Row key;
    for (const ColumnRef column : query.group)
      key.push_back(column_of(row, column));
    auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return same_row(one.first, key); });
    if (found == groups.end()) found = groups.insert(groups.end(), {key, {}});
    found->second.push_back(row);
  }
  std::vector<Made> made;
  for (const auto& [key, members] : groups) {
    Row outputs = outputs_of(members, query.outputs);
    const Joined from = members.empty() ? Joined(query.filter.sources.size() + 1, nullptr) : members.front();
    const reference::Scope scope{&contents, query.filter.sources, &outputs};
    if (reference::truth_of(query.having, from, scope) != Truth::yes) continue;
    made.push_back({from, std::move(outputs)});
  }
  return made;
}

std::vector<Made> plain(const std::vector<Joined>& rows, const Query& query) {
  std::vector<Made> made;
  for (const Joined& row : rows) {
    Row outputs = query.outputs.empty() ? *row.front() : outputs_of({row}, query.outputs);
    const auto seen = [&](const Made& one) { return same_row(one.outputs, outputs); };
    if (query.distinct && std::any_of(made.begin(), made.end(), seen)) continue;
    made.push_back({row, std::move(outputs)});
  }
  return made;
}

Rows rows_of(const Rows& rows, const Contents& contents, const Query& query) {
  const std::vector<Joined> kept = kept_rows(rows, contents, query.filter);
  const bool groups =
      !query.group.empty() || std::any_of(query.outputs.begin(), query.outputs.end(),
                                          [](const Output& output) { return output.aggregate != Aggregate::none; });
  std::vector<Made> made = groups ? grouped(kept, contents, query) : plain(kept, query);
  std::stable_sort(made.begin(), made.end(),
                   [&](const Made& a, const Made& b) { return comes_before(a, b, query.order); });
  Rows out;
  for (std::uint64_t i = query.offset; i < made.size() && out.size() < query.limit; ++i)
    out.push_back(std::move(made[i].outputs));
  return out;
}

} // namespace

namespace reference {

Value aggregate(Aggregate kind, bool distinct, const std::vector<Value>& values) {
  std::vector<Value> taken;
  for (const Value& value : values) {
    const auto equal = [&](const Value& one) { return same(one, value); };
    if (!distinct || std::none_of(taken.begin(), taken.end(), equal)) taken.push_back(value);
  }
  switch (kind) {
    case Aggregate::count: return Value::int64(static_cast<std::int64_t>(taken.size()));
    case Aggregate::sum: return sum_of(taken);
    case Aggregate::avg: return average_of(taken);
    case Aggregate::min: return extreme_of(taken, -1);
    case Aggregate::max: return extreme_of(taken, 1);
    default: throw std::logic_error("no aggregate of values");
  }
}

} // namespace reference

Truth holds(const Filter& filter, const Row& row) { return reference::truth_of(filter.nodes, {&row}, {}); }

Value computed(std::span<const Node> expression, const Row& row) {
  std::size_t position = 0;
  return reference::value_of(expression, position, {&row}, {});
}

Rows evaluated(const Rows& rows, const Query& query) { return rows_of(rows, {}, query); }

Rows evaluated(const TableDesc& table, const Contents& contents, const Query& query) {
  return rows_of(contents.at(&table), contents, query);
}

std::vector<std::size_t> matching(const TableDesc& table, const Contents& contents, const Filter& filter) {
  const Rows& rows = contents.at(&table);
  std::vector<std::size_t> positions;
  for (const Joined& row : kept_rows(rows, contents, filter)) {
    const auto position = static_cast<std::size_t>(row.front() - rows.data());
    if (positions.empty() || positions.back() != position) positions.push_back(position); // partners multiply a row
  }
  return positions;
}

} // namespace tenon::contract
