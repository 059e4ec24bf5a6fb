#include "text_order.hpp"

#include <string>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "dialect.hpp"

namespace tenon::postgresql {
namespace {

/// A database has had a provider of its default collation since 15.
constexpr int kProvidersSince = 150'000;

} // namespace

bool CollationOrder::is_foreign(const TableDesc& table, std::uint32_t column) const {
  learn(table);
  const auto found = known_.find(&table);
  return found != known_.end() && found->second[column];
}

void CollationOrder::learn(const TableDesc& table) const {
  if (known_.contains(&table) || connection_.in_pipeline()) return;
  // datcollate is libc's: with ICU the default is a language's order whatever it says, and the locales that a server
  // has built in, since 17, are all by code point.
  constexpr std::string_view kByLibc = "d.datcollate NOT IN ('C', 'POSIX')";
  const std::string by_default =
      connection_.server_version() < kProvidersSince
          ? std::string(kByLibc)
          : fmt::format("CASE d.datlocprovider WHEN 'c' THEN {} ELSE d.datlocprovider = 'i' END", kByLibc);
  const std::string question = fmt::format(
      "SELECT a.attname::text, coalesce(c.collname NOT IN ('C', 'POSIX', 'ucs_basic') AND (c.collname <> 'default' OR "
      "{}), false) FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation "
      "CROSS JOIN pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database() AND a.attnum > 0 AND "
      "a.attrelid = pg_catalog.to_regclass($1)",
      by_default);
  Parameters parameters;
  const std::string name = sql::table_name(kDialect, table);
  parameters.add_free(Cell::text(name));
  const Result result = connection_.run(question, parameters, {"look up collations", &table, false});
  std::vector<bool> foreign(table.columns.size());
  const int rows = PQntuples(result.get());
  for (int row = 0; row < rows; ++row) {
    const std::string_view attribute(PQgetvalue(result.get(), row, 0),
                                     static_cast<std::size_t>(PQgetlength(result.get(), row, 0)));
    if (const auto position = table.column_index(attribute))
      foreign[*position] = *PQgetvalue(result.get(), row, 1) != 0;
  }
  if (rows > 0) known_.emplace(&table, std::move(foreign)); // else the table may come later
}

} // namespace tenon::postgresql
