#pragma once
// Names: how tables and columns are written in one statement, with aliases t0, t1, … where there are several tables.
// Used by the compiler. Threads: values. Lifetime: borrows what it is made of.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tenon/interface/error.hpp>
#include <tenon/interface/table.hpp>
#include <tenon/sql/dialect.hpp>
#include <tenon/sql/scope.hpp>

namespace tenon::sql {

/// Which text columns sort and compare otherwise than by code point. Implemented by a backend whose existing tables may
/// have other collations. Threads: as its session.
class TextOrder {
public:
  virtual ~TextOrder() = default;
  [[nodiscard]] virtual bool is_foreign(const TableDesc& table, std::uint32_t column) const = 0;
};

/// A table of the parameters of many calls, a row for each, in the place of the parameters of one.
struct GivenRows {
  std::string_view from;   ///< how the statement names it
  std::string_view column; ///< stands before the number of a parameter, from 1
};

/// Hands out placeholders; ends with ProgrammingError where the database has no more.
class Placeholders {
public:
  explicit Placeholders(const Dialect& dialect) : dialect_(dialect) {}
  Placeholders(const Dialect& dialect, const GivenRows& given) : dialect_(dialect), column_(given.column) {}
  [[nodiscard]] std::string next() {
    if (++used_ > dialect_.max_parameters) {
      throw_error(ErrorCode::programming,
                  "more than " + std::to_string(dialect_.max_parameters) + " values in one statement",
                  "give a long list of values to `in`, which counts as one");
    }
    if (!column_.empty()) return std::string(column_) + std::to_string(used_);
    return dialect_.placeholder + std::to_string(used_);
  }

private:
  const Dialect& dialect_;
  std::string_view column_; ///< of given rows
  std::uint32_t used_ = 0;
};

[[nodiscard]] inline std::string table_name(const Dialect& dialect, const TableDesc& table) {
  std::string out;
  if (dialect.schemas && !table.schema.empty()) out = quoted(dialect, table.schema) + ".";
  return out + quoted(dialect, table.name);
}

class Names {
public:
  Names(const Dialect& dialect, const TableDesc& table, std::span<const Source> sources, const TextOrder* order)
      : dialect_(dialect), scope_(table, sources), order_(order) {}

  [[nodiscard]] const Dialect& dialect() const noexcept { return dialect_; }
  [[nodiscard]] const Scope& scope() const noexcept { return scope_; }

  [[nodiscard]] std::string column(ColumnRef column) const {
    const std::string name = quoted(dialect_, scope_.column(column).name);
    return scope_.is_single() ? name : alias(column.source) + "." + name;
  }
  [[nodiscard]] static std::string alias(std::uint32_t source) { return "t" + std::to_string(source); }

  /// The table with its alias, and behind it the tables that are joined to it.
  [[nodiscard]] std::string from(std::uint32_t root) const {
    std::string out = table_name(dialect_, scope_.table(root));
    if (scope_.is_single()) return out;
    out += " AS " + alias(root);
    for (std::uint32_t i = 1; i < scope_.count(); ++i) {
      const Source& source = scope_.source(i);
      if (source.kind == JoinKind::exists || scope_.root(i) != root) continue;
      out += source.kind == JoinKind::left ? " LEFT JOIN " : " JOIN ";
      out += table_name(dialect_, *source.table) + " AS " + alias(i) + " ON " + joined_on(i);
    }
    return out;
  }

  /// The columns on which a source is joined to its parent.
  [[nodiscard]] std::string joined_on(std::uint32_t number) const {
    const Source& source = scope_.source(number);
    std::string out;
    for (const JoinOn& on : source.on) {
      if (!out.empty()) out += " AND ";
      const ColumnRef left{source.parent, on.parent_column};
      const ColumnRef right{number, on.column};
      out += column(left);
      if (is_foreign(left) != is_foreign(right)) out += dialect_.by_code_point;
      out += " = " + column(right);
    }
    return out;
  }

  /// Whether a text column does not compare by code point.
  [[nodiscard]] bool is_foreign(ColumnRef column) const {
    return order_ != nullptr && scope_.column(column).type == CellType::text &&
           order_->is_foreign(scope_.table(column.source), column.column);
  }

private:
  const Dialect& dialect_;
  Scope scope_;
  const TextOrder* order_;
};

} // namespace tenon::sql
