#include "world.hpp"

#include <string>

namespace tenon::properties {
namespace {

constexpr CellType kTypes[] = {CellType::int64, CellType::text,    CellType::float64, CellType::boolean,
                               CellType::json,  CellType::decimal, CellType::date,    CellType::timestamp,
                               CellType::uuid,  CellType::blob};

std::string random_word(Choices& choices) {
  static const char* const parts[] = {"a", "A", "b", "%", "_", "\\", "ab", "é", "É", "Z", " ", "'",
                                      "ß", "S", "s", "σ", "ς", "Σ",  "İ",  "ı", "i", "я", "Я", "ﬁ"};
  std::string out;
  for (std::uint32_t i = choices.below(4); i > 0; --i)
    out += choices.one_of(parts);
  return out;
}

} // namespace

Value random_value(Choices& choices, CellType type) {
  static const double doubles[] = {0.0, 1.0, -1.5, 0.1, 2.5, -1.0 / 3, 1000.25};
  static const char* const decimals[] = {"0",   "1",  "1.0",  "1.00",   "-1",
                                         "0.5", "10", "9.99", "-0.001", "123456789012345678901.5"};
  static const char* const documents[] = {"null",
                                          "{}",
                                          R"({"a":1})",
                                          R"({"a":"x","b":[1,2.5,"y",null]})",
                                          R"({"a":1.0,"b":{"c":true}})",
                                          "[]",
                                          R"(["a", 2])",
                                          R"({"a":null})",
                                          R"({"a":{"b":{"c":"deep"}},"d":[[1],[2]]})",
                                          "7"};
  switch (type) {
    case CellType::boolean: return Value::boolean(choices.below(2) != 0);
    case CellType::int64: return Value::int64(static_cast<std::int64_t>(choices.below(9)) - 4);
    case CellType::float64: return Value::float64(choices.one_of(doubles));
    case CellType::text: return Value::text(random_word(choices));
    case CellType::decimal: return Value::decimal(choices.one_of(decimals));
    case CellType::timestamp: return Value::timestamp((static_cast<std::int64_t>(choices.below(5)) - 2) * 1'000'001);
    case CellType::date: return Value::date(static_cast<std::int64_t>(choices.below(5)) - 2);
    case CellType::uuid: return Value::uuid(std::string(15, '\x10') + static_cast<char>(choices.below(4) * 80));
    case CellType::blob: {
      const auto length = choices.below(3);
      return Value::blob(std::string(length, static_cast<char>(choices.below(3) * 120)));
    }
    case CellType::json: return Value::json(choices.one_of(documents));
    default: return Value::null();
  }
}

Value random_cell(Choices& choices, const ColumnDesc& column) {
  if (column.nullable && choices.one_in(5)) return Value::null();
  return random_value(choices, column.type);
}

Row random_thing(Choices& choices, const TableDesc& things) {
  Row row;
  for (std::size_t c = 1; c < things.columns.size(); ++c)
    row.push_back(random_cell(choices, things.columns[c]));
  return row;
}

World::World(const Recipe& recipe) {
  Choices choices(recipe.tables);
  things.name = "things";
  things.keys.push_back({"things_pkey", {0}});
  ColumnDesc key;
  key.name = "id";
  key.type = CellType::int64;
  key.generated = true;
  things.columns.push_back(key);
  for (std::uint32_t i = 0, count = 2 + choices.below(6); i < count; ++i) {
    ColumnDesc column;
    column.name = "c" + std::to_string(i + 1);
    column.type = choices.one_of(kTypes);
    column.nullable = choices.below(4) != 0;
    things.columns.push_back(column);
  }

  parts.name = "parts";
  parts.keys.push_back({"parts_pkey", {0}});
  parts.columns.push_back(key);
  const auto add = [&](const char* name, CellType type, bool nullable) {
    ColumnDesc column;
    column.name = name;
    column.type = type;
    column.nullable = nullable;
    parts.columns.push_back(column);
  };
  add("thing_id", CellType::int64, true);
  add("label", CellType::text, false);
  add("weight", CellType::int64, true);

  Rows& all_things = contents[&things];
  Rows& all_parts = contents[&parts];
  for (const Numbers& numbers : recipe.rows) {
    Choices row(numbers);
    if (row.one_in(3)) {
      Row part{Value::int64(static_cast<std::int64_t>(all_parts.size() + 1))};
      part.push_back(row.one_in(6) ? Value::null() : Value::int64(1 + row.below(12)));
      part.push_back(random_value(row, CellType::text));
      part.push_back(random_cell(row, parts.columns.back()));
      all_parts.push_back(std::move(part));
      continue;
    }
    Row thing = random_thing(row, things);
    thing.insert(thing.begin(), Value::int64(static_cast<std::int64_t>(all_things.size() + 1)));
    all_things.push_back(std::move(thing));
  }
}

} // namespace tenon::properties
