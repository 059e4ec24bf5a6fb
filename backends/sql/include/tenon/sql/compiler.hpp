#pragma once
// Compiler: described tables and query trees to SQL text in one dialect. Used by the SQL backends, on a miss of their
// StatementCache. Placeholders are numbered in the order in which call.hpp collects parameters.
// Requires that the call was read by call.hpp's readers, which check the tree. Threads: no state between calls.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/interface/query.hpp>
#include <tenon/interface/table.hpp>
#include <tenon/sql/call.hpp>
#include <tenon/sql/dialect.hpp>

namespace tenon::sql {

/// Hands out placeholders; ends with ProgrammingError where the database has no more.
class Placeholders {
public:
  explicit Placeholders(const Dialect& dialect) : dialect_(dialect) {}
  [[nodiscard]] std::string next() {
    if (++used_ > dialect_.max_parameters) {
      throw_error(ErrorCode::programming,
                  "more than " + std::to_string(dialect_.max_parameters) + " values in one statement",
                  "give a long list of values to `in`, which counts as one");
    }
    return dialect_.placeholder + std::to_string(used_);
  }

private:
  const Dialect& dialect_;
  std::uint32_t used_ = 0;
};

/// Writes one filter. One function per family of node kinds; a new family is one more case in predicate().
class FilterCompiler {
public:
  FilterCompiler(const Dialect& dialect, const TableDesc& table, const Filter& filter, Placeholders& placeholders)
      : dialect_(dialect), table_(table), filter_(filter), placeholders_(placeholders) {}

  [[nodiscard]] std::string compile() {
    std::size_t position = 0;
    return predicate(position, Outer::none);
  }

private:
  /// What the text stands in, which decides about parentheses.
  enum class Outer { none, all_of, any_of };

  std::string predicate(std::size_t& position, Outer outer) {
    const Node& node = filter_[position];
    switch (node.kind) {
      case NodeKind::all_of: return connective(position, Outer::all_of, outer);
      case NodeKind::any_of: return connective(position, Outer::any_of, outer);
      case NodeKind::negation: ++position; return "NOT (" + predicate(position, Outer::none) + ")";
      case NodeKind::eq: return comparison(position, " = ");
      case NodeKind::ne: return comparison(position, " <> ");
      case NodeKind::lt: return comparison(position, " < ");
      case NodeKind::le: return comparison(position, " <= ");
      case NodeKind::gt: return comparison(position, " > ");
      case NodeKind::ge: return comparison(position, " >= ");
      case NodeKind::in: return membership(position);
      case NodeKind::like: return matched(position, dialect_.like);
      case NodeKind::contains: return matched(position, dialect_.contains);
      case NodeKind::starts_with: return matched(position, dialect_.starts_with);
      case NodeKind::ends_with: return matched(position, dialect_.ends_with);
      case NodeKind::is_null: ++position; return operand(position) + " IS NULL";
      case NodeKind::is_not_null: ++position; return operand(position) + " IS NOT NULL";
      case NodeKind::column:
      case NodeKind::value: return operand(position);
      default: break;
    }
    throw_error(ErrorCode::not_supported, "unknown node kind in a filter on " + table_.qualified_name());
  }

  /// Children of the same kind are written without parentheses of their own, and many children as a balanced tree:
  /// databases limit the nesting of an expression, and `a AND b AND c` nests in their parsers.
  std::string connective(std::size_t& position, Outer self, Outer outer) {
    const std::uint32_t children = filter_[position].children;
    ++position;
    if (children == 0) return self == Outer::all_of ? "1 = 1" : "1 = 0";
    std::vector<std::string> terms;
    terms.reserve(children);
    const Outer inside = children == 1 ? outer : self;
    for (std::uint32_t i = 0; i < children; ++i)
      terms.push_back(predicate(position, inside));
    if (children == 1) return std::move(terms.front());
    deepest_first(terms);
    std::string out = joined(terms, self == Outer::all_of ? " AND " : " OR ");
    const bool binds_tighter = self == Outer::all_of || outer == Outer::none || outer == self;
    return binds_tighter ? out : "(" + out + ")";
  }

  /// Parsers keep what stands to the left of a parenthesis on a stack (SQLite: 100 entries), so a deep term comes
  /// first. Placeholders are numbered, so the order of the parameters stays.
  static void deepest_first(std::vector<std::string>& terms) {
    constexpr std::size_t kDeep = 8;
    std::size_t deepest = 0;
    std::size_t depth = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const std::size_t found = nesting(terms[i]);
      if (found > depth) {
        depth = found;
        deepest = i;
      }
    }
    if (depth >= kDeep) std::swap(terms.front(), terms[deepest]);
  }

  static std::size_t nesting(std::string_view sql) noexcept {
    std::size_t open = 0;
    std::size_t most = 0;
    for (const char c : sql) {
      if (c == '(') most = std::max(most, ++open);
      if (c == ')' && open > 0) --open;
    }
    return most;
  }

  static std::string joined(std::span<const std::string> terms, std::string_view word) {
    constexpr std::size_t kFlat = 200;
    if (terms.size() > kFlat) {
      const auto half = terms.size() / 2;
      std::string out = "(" + joined(terms.first(half), word) + ")";
      return out.append(word).append("(").append(joined(terms.subspan(half), word)).append(")");
    }
    std::string out;
    for (const std::string& term : terms) {
      if (!out.empty()) out += word;
      out += term;
    }
    return out;
  }

  std::string comparison(std::size_t& position, std::string_view symbol) {
    const NodeKind kind = filter_[position].kind;
    ++position;
    const bool json = is_json(position) || is_json(position + 1);
    const std::string left = operand(position);
    const std::string right = operand(position);
    if (!json) return left + std::string(symbol) + right;
    std::string out;
    append_pattern(out, dialect_.json_eq, {.l = left, .r = right});
    return kind == NodeKind::eq ? out : "NOT (" + out + ")";
  }

  std::string membership(std::size_t& position) {
    const std::size_t count = filter_[position].children - 1;
    const bool list = is_value_list(filter_, position);
    ++position;
    const std::string left = operand(position);
    if (count == 0) return "1 = 0";
    if (list) {
      position += count;
      std::string out;
      append_pattern(out, dialect_.in_list, {.l = left, .r = placeholders_.next()});
      return out;
    }
    std::string out = left + " IN (";
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out += ", ";
      out += operand(position);
    }
    return out + ")";
  }

  std::string matched(std::size_t& position, std::string_view pattern) {
    ++position;
    const std::string left = operand(position);
    const std::string right = operand(position);
    std::string out;
    append_pattern(out, pattern, {.l = left, .r = right});
    return out;
  }

  std::string operand(std::size_t& position) {
    const Node& node = filter_[position];
    ++position;
    return node.kind == NodeKind::column ? quoted(dialect_, table_.columns[node.column].name) : placeholders_.next();
  }

  [[nodiscard]] bool is_json(std::size_t position) const {
    const Node& node = filter_[position];
    return (node.kind == NodeKind::column ? table_.columns[node.column].type : node.value.type) == CellType::json;
  }

  const Dialect& dialect_;
  const TableDesc& table_;
  Filter filter_;
  Placeholders& placeholders_;
};

/// The statements of one table.
class Compiler {
public:
  Compiler(const Dialect& dialect, const TableDesc& table) : dialect_(dialect), table_(table) {}

  [[nodiscard]] std::string select(const Query& query) const {
    Placeholders placeholders(dialect_);
    std::vector<std::uint32_t> columns;
    for (const Output& output : query.outputs)
      columns.push_back(output.column.column);
    std::string sql = "SELECT " + projection(columns) + " FROM " + table_name() + where(query.filter, placeholders);
    for (std::size_t i = 0; i < query.order.size(); ++i)
      sql += (i == 0 ? " ORDER BY " : ", ") + order_term(query.order[i]);
    if (query.limit != kNoLimit) sql += " LIMIT " + placeholders.next();
    if (query.offset != 0) {
      sql += query.limit != kNoLimit ? std::string_view(" OFFSET ") : dialect_.offset_only;
      sql += placeholders.next();
    }
    return sql;
  }

  /// All columns of the row with this key. Requires key < keys.size().
  [[nodiscard]] std::string find(std::uint32_t key) const {
    Placeholders placeholders(dialect_);
    std::string sql = "SELECT " + projection({}) + " FROM " + table_name();
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

  [[nodiscard]] std::string update(const Update& update) const {
    const auto assignments = update.assignments;
    Placeholders placeholders(dialect_);
    std::string sql = "UPDATE " + table_name() + " SET ";
    for (std::size_t i = 0; i < assignments.size(); ++i) {
      if (i > 0) sql += ", ";
      sql += name(assignments[i].column) + " = " + placeholders.next();
    }
    return sql + where(update.filter, placeholders);
  }

  [[nodiscard]] std::string remove(const Filter& filter) const {
    Placeholders placeholders(dialect_);
    return "DELETE FROM " + table_name() + where(filter, placeholders);
  }

  [[nodiscard]] std::string count(const Filter& filter) const {
    Placeholders placeholders(dialect_);
    return "SELECT count(*) FROM " + table_name() + where(filter, placeholders);
  }

  [[nodiscard]] std::string exists(const Filter& filter) const {
    Placeholders placeholders(dialect_);
    return "SELECT EXISTS (SELECT 1 FROM " + table_name() + where(filter, placeholders) + ")";
  }

  [[nodiscard]] std::string table_name() const {
    std::string out;
    if (dialect_.schemas && !table_.schema.empty()) out = quoted(dialect_, table_.schema) + ".";
    return out + quoted(dialect_, table_.name);
  }

private:
  [[nodiscard]] std::string name(std::uint32_t column) const { return quoted(dialect_, table_.columns[column].name); }

  [[nodiscard]] std::string names(std::span<const std::uint32_t> columns) const {
    std::string out;
    for (const std::uint32_t column : columns)
      out += (out.empty() ? "" : ", ") + name(column);
    return out;
  }

  [[nodiscard]] std::string projection(std::span<const std::uint32_t> columns) const {
    if (!columns.empty()) return names(columns);
    std::string out;
    for (std::uint32_t i = 0; i < table_.columns.size(); ++i)
      out += (i == 0 ? "" : ", ") + name(i);
    return out;
  }

  [[nodiscard]] std::string where(const Filter& filter, Placeholders& placeholders) const {
    if (filter.empty()) return {};
    return " WHERE " + FilterCompiler(dialect_, table_, filter, placeholders).compile();
  }

  /// NULL counts as the largest value unless asked otherwise; said only where the database would do something else.
  [[nodiscard]] std::string order_term(const OrderTerm& term) const {
    const bool descending = term.descending != 0;
    std::string sql = name(term.column) + (descending ? " DESC" : "");
    if (!table_.columns[term.column].nullable) return sql;
    const bool wanted_first = term.nulls == NullOrder::first || (term.nulls == NullOrder::largest && descending);
    const bool native_first = dialect_.nulls_smallest != descending;
    if (wanted_first != native_first) sql += wanted_first ? " NULLS FIRST" : " NULLS LAST";
    return sql;
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
};

} // namespace tenon::sql
