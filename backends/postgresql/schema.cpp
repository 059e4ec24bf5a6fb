#include "schema.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/sql/schema.hpp>

#include "dialect.hpp"
#include "session.hpp"

namespace tenon::postgresql {
namespace {

constexpr Work kWork{"create tables", nullptr, true};

/// Rounds for somebody else who creates the same: each waits for the other's commit, so the next one sees it.
constexpr int kRounds = 3;

struct Step {
  std::string question; ///< answered true if the step is not needed
  std::string subject;
  std::string statement;
};

std::string qualified(const TableDesc& table, std::string_view name) {
  std::string out;
  if (!table.schema.empty()) out = sql::quoted(kDialect, table.schema) + ".";
  return out + sql::quoted(kDialect, name);
}

/// What is there is asked for first: IF NOT EXISTS alone wants the right to create, and locks, even if nothing is to
/// do.
std::vector<Step> steps_for(std::span<const TableDesc* const> tables) {
  constexpr std::string_view kRelation = "SELECT to_regclass($1) IS NOT NULL";
  constexpr std::string_view kSchema = "SELECT to_regnamespace($1) IS NOT NULL";
  std::vector<Step> steps;
  for (const TableDesc* table : tables) {
    if (!table->schema.empty()) {
      const std::string schema = sql::quoted(kDialect, table->schema);
      steps.push_back({std::string(kSchema), schema, "CREATE SCHEMA IF NOT EXISTS " + schema});
    }
    const std::vector<std::string> statements = sql::SchemaCompiler(kDialect, *table).create();
    for (std::size_t i = 0; i < statements.size(); ++i) { // the table, then its indexes
      const std::string& name = i == 0 ? table->name : table->indexes[i - 1].name;
      steps.push_back({std::string(kRelation), qualified(*table, name), statements[i]});
    }
  }
  return steps;
}

bool is_there(Session& session, const Step& step) {
  Parameters& parameters = session.held().parameters;
  parameters.clear();
  parameters.add_free(Cell::text(step.subject));
  const Result row = session.connection().start_rows(step.question, parameters, kWork);
  const bool there = single_integer(row.get()) != 0;
  while (session.connection().next_row(kWork) != nullptr) {}
  return there;
}

bool lost_a_race(const Error& error) {
  constexpr std::array<std::string_view, 6> kStates{"23505", "40001", "40P01", "42710", "42P06", "42P07"};
  return std::find(kStates.begin(), kStates.end(), error.sqlstate()) != kStates.end();
}

} // namespace

void create_tables(Session& session, std::span<const TableDesc* const> tables) {
  session.call(kWork, [&] {
    const std::vector<Step> steps = steps_for(tables);
    Connection& connection = session.connection();
    const bool nested = connection.transaction() != TransactionState::none;
    for (int round = 1;; ++round) {
      if (nested) {
        connection.command("SAVEPOINT tenon_tables", kWork);
      } else {
        connection.begin("BEGIN", false);
      }
      try {
        for (const Step& step : steps) {
          if (!is_there(session, step)) connection.command(step.statement, kWork);
        }
        if (nested) {
          connection.command("RELEASE SAVEPOINT tenon_tables", kWork);
        } else {
          static_cast<void>(connection.commit());
        }
        return;
      } catch (const Error& error) {
        if (connection.broken()) throw;
        if (connection.transaction() != TransactionState::none) {
          connection.undo(nested ? "ROLLBACK TO SAVEPOINT tenon_tables" : "ROLLBACK", kWork);
        }
        if (round == kRounds || !lost_a_race(error)) throw;
      }
    }
  });
}

} // namespace tenon::postgresql
