#include <algorithm>
#include <cmath>
#include <sstream>

#include <tenon/interface/error.hpp>

#include "checks.hpp"
#include "databases.hpp"
#include "query.hpp"

namespace tenon::properties {
namespace {

/// Sums and averages of doubles depend on the order of the rows, which nobody promises.
bool close_to(const Value& a, const Value& b) {
  if (a.type() != CellType::float64 || b.type() != CellType::float64) return contract::same(a, b);
  const double x = a.cell().real;
  const double y = b.cell().real;
  return x == y || std::fabs(x - y) <= 1e-9 * std::max({std::fabs(x), std::fabs(y), 1.0});
}

bool close_to(const Rows& a, const Rows& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Row& x, const Row& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [](const Value& one, const Value& other) { return close_to(one, other); });
  });
}

std::string text_of(const Rows& rows) {
  std::ostringstream out;
  for (const Row& row : rows) {
    out << "  ";
    for (const Value& value : row)
      out << value << ", ";
    out << '\n';
  }
  return out.str();
}

std::string difference(const std::string& database, const World& world, const Asked& asked, const std::string& got,
                       const std::string& wanted) {
  return database + " gives\n" + got + "and the reference\n" + wanted + "for\n" + properties::text_of(asked) +
         "\nover\n" + properties::text_of(world);
}

/// Rows are counted for conditions that multiply none of them.
bool counts_rows(const Asked& asked) {
  return std::all_of(asked.sources.begin(), asked.sources.end(),
                     [](const Source& source) { return source.kind == JoinKind::exists; });
}

} // namespace

std::string check_queries(const Recipe& recipe, std::uint64_t& queries) {
  const World world(recipe);
  std::vector<Asked> all;
  for (const Numbers& numbers : recipe.steps) {
    Choices choices(numbers);
    all.push_back(random_query(choices, world));
  }
  for (NamedDatabase& one : databases()) {
    Tables tables(*one.database, world);
    for (const Asked& asked : all) {
      try {
        ++queries;
        const Rows wanted = contract::evaluated(world.things, world.contents, asked.query());
        const Rows got = contract::fetch(*tables.things().select(asked.query()));
        if (!close_to(got, wanted)) return difference(one.name, world, asked, text_of(got), text_of(wanted));
        if (!counts_rows(asked)) continue;
        const auto matching = contract::matching(world.things, world.contents, asked.filter()).size();
        const auto counted = tables.things().count(asked.filter());
        const bool exists = tables.things().exists(asked.filter());
        if (counted != matching || exists != (matching > 0)) {
          return difference(one.name, world, asked, std::to_string(counted) + (exists ? ", some\n" : ", none\n"),
                            std::to_string(matching) + " rows\n");
        }
      } catch (const Error& error) {
        return difference(one.name, world, asked, std::string(error_name(error.code())) + ": " + error.what() + "\n",
                          "rows\n");
      }
    }
  }
  return {};
}

} // namespace tenon::properties
