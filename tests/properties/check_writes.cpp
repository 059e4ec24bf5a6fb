#include <algorithm>
#include <numeric>
#include <optional>
#include <sstream>

#include <tenon/interface/error.hpp>

#include "checks.hpp"
#include "databases.hpp"
#include "query.hpp"

namespace tenon::properties {
namespace {

/// What a write comes to: the number of rows, or the class of an error with what it names.
struct Outcome {
  std::uint64_t rows = 0;
  std::optional<ErrorCode> error = std::nullopt;
  std::string constraint = {};
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::string text_of(const Outcome& outcome) {
  return outcome.error ? std::string(error_name(*outcome.error)) + " " + outcome.constraint
                       : std::to_string(outcome.rows) + " rows";
}

struct Write {
  enum class Kind { insert, upsert, update, calculate, remove } kind{};
  std::vector<Row> rows;    ///< insert, upsert
  Asked condition;          ///< update, calculate, remove
  std::uint32_t column = 0; ///< update, calculate
  Value value;              ///< update
  Tree expression;          ///< calculate
};

Write random_write(Choices& choices, const World& world) {
  static const Write::Kind kinds[] = {Write::Kind::insert, Write::Kind::upsert, Write::Kind::update,
                                      Write::Kind::calculate, Write::Kind::remove};
  Write write;
  write.kind = choices.one_of(kinds);
  const auto& columns = world.things.columns;
  switch (write.kind) {
    case Write::Kind::insert:
    case Write::Kind::upsert:
      for (std::uint32_t i = 1 + choices.below(3); i > 0; --i) {
        const std::int64_t id = std::int64_t{1} + choices.below(30);
        Row row = random_thing(choices, world.things);
        row.insert(row.begin(), Value::int64(id));
        const auto taken = [&](const Row& one) { return one[0] == row[0]; };
        if (write.kind == Write::Kind::upsert && std::any_of(write.rows.begin(), write.rows.end(), taken)) continue;
        write.rows.push_back(std::move(row));
      }
      break;
    case Write::Kind::update:
      write.column = 1 + choices.below(static_cast<std::uint32_t>(columns.size() - 1));
      write.value = choices.one_in(5) ? Value::null() : random_value(choices, columns[write.column].type);
      write.condition = random_condition(choices, world);
      break;
    case Write::Kind::calculate: {
      std::vector<std::uint32_t> numbers;
      for (std::uint32_t c = 1; c < columns.size(); ++c) {
        if (columns[c].type == CellType::int64) numbers.push_back(c);
      }
      if (numbers.empty()) {
        write.kind = Write::Kind::remove;
      } else {
        write.column = choices.one_of(numbers);
        write.expression = random_calculation(choices, world.things);
      }
      write.condition = random_condition(choices, world);
      break;
    }
    case Write::Kind::remove: write.condition = random_condition(choices, world); break;
  }
  return write;
}

Row* row_with_key(Rows& rows, const Value& key) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row[0] == key; });
  return found == rows.end() ? nullptr : &*found;
}

/// What the write means: changes the contents, or leaves them as they are and says why.
Outcome apply(const World& world, Contents& contents, const Write& write) {
  Rows& rows = contents.at(&world.things);
  switch (write.kind) {
    case Write::Kind::insert: {
      Rows all = rows;
      for (const Row& row : write.rows) {
        if (row_with_key(all, row[0]) != nullptr) return {0, ErrorCode::unique_violation, world.things.keys[0].name};
        all.push_back(row);
      }
      rows = std::move(all);
      return {write.rows.size()};
    }
    case Write::Kind::upsert:
      for (const Row& row : write.rows) {
        if (Row* found = row_with_key(rows, row[0])) {
          *found = row;
        } else {
          rows.push_back(row);
        }
      }
      return {write.rows.size()};
    case Write::Kind::update:
    case Write::Kind::calculate: {
      const auto positions = contract::matching(world.things, contents, write.condition.filter());
      Rows all = rows;
      const bool fixed = !world.things.columns[write.column].nullable;
      bool null = false;
      try {
        for (const std::size_t position : positions) {
          Value& value = all[position][write.column];
          value = write.kind == Write::Kind::update ? write.value
                                                    : contract::computed(write.expression.nodes(), rows[position]);
          null = null || value.is_null();
        }
      } catch (const DataError&) {
        // With a NULL among the rows, the first of the two errors is told; which one is first nobody promises.
        return {0, null && fixed ? std::nullopt : std::optional(ErrorCode::data)};
      }
      if (null && fixed) return {0, ErrorCode::not_null_violation, {}};
      rows = std::move(all);
      return {positions.size()};
    }
    case Write::Kind::remove: {
      const auto positions = contract::matching(world.things, contents, write.condition.filter());
      for (auto position = positions.rbegin(); position != positions.rend(); ++position)
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(*position));
      return {positions.size()};
    }
  }
  return {};
}

Outcome carry_out(IRepository& things, const Write& write) {
  contract::Columns all(things.table().columns.size());
  std::iota(all.begin(), all.end(), 0U);
  try {
    switch (write.kind) {
      case Write::Kind::insert: contract::insert(things, all, write.rows); return {write.rows.size()};
      case Write::Kind::upsert:
        contract::upsert(things, all, write.rows, 0, contract::Columns(all.begin() + 1, all.end()));
        return {write.rows.size()};
      case Write::Kind::update: {
        const std::vector<Assignment> assignments{Assignment::of(write.column, write.value.cell())};
        return {things.update({write.condition.filter(), assignments, {}})};
      }
      case Write::Kind::calculate: {
        const auto nodes = write.expression.nodes();
        const std::vector<Assignment> assignments{
            {write.column, 0, static_cast<std::uint32_t>(nodes.size()), 0, Cell::null()}};
        return {things.update({write.condition.filter(), assignments, nodes})};
      }
      case Write::Kind::remove: return {things.remove(write.condition.filter())};
    }
  } catch (const IntegrityError& error) {
    return {0, error.code(), error.kind() == IntegrityKind::unique ? error.constraint() : std::string()};
  } catch (const Error& error) {
    return {0, error.code(), error.code() == ErrorCode::data ? std::string() : error.message()};
  }
  return {};
}

} // namespace

std::string check_writes(const Recipe& recipe) {
  const World world(recipe);
  const std::vector<OrderTerm> by_key{contract::ascending(0)};
  for (NamedDatabase& one : databases()) {
    Tables tables(*one.database, world);
    Contents contents = world.contents;
    for (const Numbers& numbers : recipe.steps) {
      Choices choices(numbers);
      const Write write = random_write(choices, world);
      const Contents before = contents;
      Outcome wanted;
      try {
        wanted = apply(world, contents, write);
      } catch (const DataError&) {
        break; // its condition overflows on some row: databases are free in whether they look at it
      }
      const Outcome got = carry_out(tables.things(), write);
      if (!wanted.error && got.error) { // two errors are possible: either will do, and nothing has changed
        const bool either =
            contents == before && (got.error == ErrorCode::data || got.error == ErrorCode::not_null_violation);
        if (either && wanted.rows == 0 && write.kind == Write::Kind::calculate) continue;
      }
      Rows rows = contents.at(&world.things);
      std::sort(rows.begin(), rows.end(),
                [](const Row& a, const Row& b) { return contract::compared(a[0], b[0]) < 0; });
      const Rows stored = contract::select(tables.things(), {.order = by_key});
      if (got == wanted && stored == rows) continue;
      std::ostringstream out;
      out << one.name << ": write of kind " << static_cast<int>(write.kind) << " to c" << write.column << ' '
          << write.value << ' ' << write.expression << "\nwhere\n"
          << properties::text_of(write.condition) << "\ngives " << text_of(got) << ", the reference " << text_of(wanted)
          << (stored == rows ? "" : "; the stored rows differ") << "\nover (at the start)\n"
          << properties::text_of(world);
      return out.str();
    }
  }
  return {};
}

} // namespace tenon::properties
