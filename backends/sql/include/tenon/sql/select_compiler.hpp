#pragma once
// SelectCompiler: one query to SQL: outputs and aggregates, joins, groups, order, limits and locks. Used by the
// compiler. Requires a query that read_select has read. Threads: values.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/interface/query.hpp>
#include <tenon/sql/call.hpp>
#include <tenon/sql/names.hpp>
#include <tenon/sql/tree_compiler.hpp>

namespace tenon::sql {

/// A pattern for the list of a select's columns, {l}: without a function around them.
inline constexpr std::string_view kColumnsAsTheyAre = "{l}";

class SelectCompiler {
public:
  SelectCompiler(const Names& names, const Query& query, std::string_view row = kColumnsAsTheyAre)
      : dialect_(names.dialect()), names_(names), query_(query), row_(row), placeholders_(dialect_) {}

  [[nodiscard]] std::string compile() {
    std::vector<CompiledOutput> outputs;
    std::string columns;
    if (query_.outputs.empty()) {
      for (std::uint32_t i = 0; i < names_.scope().table(0).columns.size(); ++i)
        columns += (i == 0 ? "" : ", ") + plain({0, i});
    }
    for (const Output& output : query_.outputs) {
      const bool has_column = output.aggregate != Aggregate::count_rows;
      const CellType type = has_column ? names_.scope().column(output.column).type : CellType::null;
      outputs.push_back({text_of(output), aggregate_type(output.aggregate, type)});
      columns += (outputs.size() == 1 ? "" : ", ") + outputs.back().text;
    }
    std::string sql = query_.distinct ? "SELECT DISTINCT " : "SELECT ";
    append_pattern(sql, row_, {.l = columns});
    sql += " FROM " + names_.from(0);
    if (!query_.filter.empty()) {
      sql += " WHERE " + TreeCompiler(names_, query_.filter.nodes, placeholders_).condition();
    }
    for (std::size_t i = 0; i < query_.group.size(); ++i)
      sql += (i == 0 ? " GROUP BY " : ", ") + names_.column(query_.group[i]);
    if (!query_.having.empty()) {
      sql += " HAVING " + TreeCompiler(names_, query_.having, placeholders_, outputs).condition();
    }
    for (std::size_t i = 0; i < query_.order.size(); ++i)
      sql += (i == 0 ? " ORDER BY " : ", ") + order_term(query_.order[i]);
    if (query_.limit != kNoLimit) sql += " LIMIT " + placeholders_.next();
    if (query_.offset != 0) {
      sql += query_.limit != kNoLimit ? std::string_view(" OFFSET ") : dialect_.offset_only;
      sql += placeholders_.next();
    }
    const std::string locked = names_.scope().is_single() ? std::string() : " OF " + Names::alias(0);
    append_pattern(sql, dialect_.locks[static_cast<std::size_t>(query_.lock)], {.l = locked});
    return sql;
  }

private:
  /// A column as an output. Distinct rows are ordered by their outputs, so these carry the collation.
  [[nodiscard]] std::string plain(ColumnRef column) const {
    std::string out = names_.column(column);
    if (query_.distinct && names_.is_foreign(column)) out += dialect_.by_code_point;
    return out;
  }

  [[nodiscard]] std::string text_of(const Output& output) const {
    if (output.aggregate == Aggregate::none) return plain(output.column);
    if (output.aggregate == Aggregate::count_rows) return "count(*)";
    std::string column = names_.column(output.column);
    const CellType type = names_.scope().column(output.column).type;
    const std::string_view distinct = output.distinct != 0 ? "DISTINCT " : "";
    std::string out;
    switch (output.aggregate) {
      case Aggregate::count: return "count(" + std::string(distinct) + column + ")";
      case Aggregate::min:
      case Aggregate::max:
        if (names_.is_foreign(output.column)) column += dialect_.by_code_point;
        out = (output.aggregate == Aggregate::min ? "min(" : "max(") + column + ")";
        break;
      default: {
        const auto& patterns = output.aggregate == Aggregate::sum ? dialect_.sums : dialect_.averages;
        const std::size_t kind = type == CellType::int64 ? 0 : type == CellType::float64 ? 1 : 2;
        append_pattern(out, patterns[kind], {.l = column, .d = distinct});
        break;
      }
    }
    if (type != CellType::decimal || output.aggregate == Aggregate::avg) return out;
    std::string compared;
    append_pattern(compared, dialect_.computed_decimal, {.l = out});
    return compared;
  }

  /// Where the output stands, counted from 1; 0 if it is none.
  [[nodiscard]] std::size_t output_number(ColumnRef column) const noexcept {
    if (query_.outputs.empty()) return column.source == 0 ? column.column + 1U : 0;
    for (std::size_t i = 0; i < query_.outputs.size(); ++i) {
      const Output& output = query_.outputs[i];
      if (output.aggregate == Aggregate::none && output.column == column) return i + 1;
    }
    return 0;
  }

  /// NULL counts as the largest value unless asked otherwise; said only where the database would do something else.
  [[nodiscard]] std::string order_term(const OrderTerm& term) const {
    std::string sql;
    bool nullable = true;
    const bool is_output = term.source == kOutputSource;
    const Output* const output = is_output ? &query_.outputs[term.column] : nullptr;
    if (is_output && output->aggregate != Aggregate::none) {
      sql = std::to_string(term.column + 1);
      nullable = output->aggregate != Aggregate::count && output->aggregate != Aggregate::count_rows;
    } else {
      const ColumnRef column = is_output ? output->column : ColumnRef{term.source, term.column};
      nullable = names_.scope().may_be_null(column);
      if (query_.distinct) {
        sql = std::to_string(output_number(column));
      } else {
        sql = names_.column(column);
        if (names_.is_foreign(column)) sql += dialect_.by_code_point;
      }
    }
    const bool descending = term.descending != 0;
    if (descending) sql += " DESC";
    if (!nullable) return sql;
    const bool wanted_first = term.nulls == NullOrder::first || (term.nulls == NullOrder::largest && descending);
    const bool native_first = dialect_.nulls_smallest != descending;
    if (wanted_first != native_first) sql += wanted_first ? " NULLS FIRST" : " NULLS LAST";
    return sql;
  }

  const Dialect& dialect_;
  Names names_;
  const Query& query_;
  std::string_view row_;
  Placeholders placeholders_;
};

} // namespace tenon::sql
