#include <tenon/config/schema.hpp>

#include <string>
#include <string_view>

#include <fmt/format.h>

#include <tenon/config/option_table.hpp>

#include "json_text.hpp"
#include "text.hpp"
#include "value.hpp"

namespace tenon::config {
namespace {

using boost::json::array;
using boost::json::object;

// A text with a variable in it: its type shows only when the variable is replaced.
object with_variable() { return {{"type", "string"}, {"pattern", R"(\$\{)"}}; }

object text_rule(const OptionSpec& option) {
  if (option.key == "plugin.sha256") return {{"type", "string"}, {"pattern", R"(^[0-9a-fA-F]{64}$|\$\{)"}};
  if (option.type == OptionType::secret) return {{"type", "string"}};
  return {{"type", "string"}, {"minLength", 1}};
}

object list_rule() {
  const object item{{"type", "string"}, {"minLength", 1}};
  return {{"anyOf", array{object{{"type", "array"}, {"items", item}, {"minItems", 1}}, item}}};
}

object choice_rule(const OptionSpec& option) {
  array words;
  for (const std::string& word : split(option.choices, '|'))
    words.emplace_back(word);
  return {{"anyOf", array{object{{"enum", std::move(words)}}, with_variable()}}};
}

object duration_rule(const OptionSpec& option) {
  const object seconds{{"type", "integer"}, {"minimum", (option.min + 999) / 1000}, {"maximum", option.max / 1000}};
  return {{"anyOf", array{seconds, object{{"type", "string"}, {"pattern", R"(^(0|[1-9][0-9]*)(ms|s|m|h)?$|\$\{)"}}}}};
}

object rule(const OptionSpec& option) {
  switch (option.type) {
    case OptionType::integer:
      return {{"anyOf",
               array{object{{"type", "integer"}, {"minimum", option.min}, {"maximum", option.max}}, with_variable()}}};
    case OptionType::boolean: return {{"anyOf", array{object{{"type", "boolean"}}, with_variable()}}};
    case OptionType::duration: return duration_rule(option);
    case OptionType::choice: return choice_rule(option);
    case OptionType::hosts:
    case OptionType::paths: return list_rule();
    case OptionType::text:
    case OptionType::path:
    case OptionType::secret:
    case OptionType::uri: return text_rule(option);
  }
  return {};
}

object described(const OptionSpec& option) {
  object schema{{"description", std::string(option.description)}};
  if (!option.fallback.empty()) {
    boost::json::value fallback = boost::json::string(option.fallback);
    if (const auto number = parse_integer(option.fallback)) fallback = *number;
    if (const auto flag = parse_boolean(option.fallback)) fallback = *flag;
    schema["default"] = std::move(fallback);
  }
  for (auto& member : rule(option))
    schema[member.key()] = member.value();
  return schema;
}

object empty_map() { return {{"type", "object"}, {"additionalProperties", false}, {"properties", object{}}}; }

// Puts the schema of "a.b.c" into properties of properties, making the sections on the way.
void place(object& map, std::string_view key, object schema) {
  const auto dot = key.find('.');
  object& properties = map["properties"].as_object();
  if (dot == std::string_view::npos) {
    properties[key] = std::move(schema);
    return;
  }
  const std::string_view section = key.substr(0, dot);
  if (!properties.contains(section)) properties[section] = empty_map();
  place(properties[section].as_object(), key.substr(dot + 1), std::move(schema));
}

constexpr std::string_view kConnection = "connection.";

bool of_connection(const OptionSpec& option) { return option.key.substr(0, kConnection.size()) == kConnection; }

object connection_of(std::string_view backend) {
  object map = empty_map();
  for (const OptionSpec& option : kOptions) {
    if (of_connection(option) && (option.backends & backend_bit(backend)) != 0) {
      place(map, option.key.substr(kConnection.size()), described(option));
    }
  }
  return map;
}

object profile_schema() {
  object profile = empty_map();
  for (const OptionSpec& option : kOptions) {
    if (option.scope == OptionScope::profile && !of_connection(option)) place(profile, option.key, described(option));
  }
  object& properties = profile["properties"].as_object();
  properties["connection"] = object{{"type", "object"},
                                    {"description", "Where the database is and how to reach it; the keys depend on the "
                                                    "backend, those of a plugin are its own."}};
  array cases;
  for (const char* id : {"postgresql", "sqlite", "mariadb"}) {
    const object same{{"properties", object{{"backend", object{{"const", id}}}}}, {"required", array{"backend"}}};
    const object then{{"properties", object{{"connection", object{{"$ref", fmt::format("#/$defs/{}", id)}}}}}};
    cases.push_back(object{{"if", same}, {"then", then}});
  }
  profile["allOf"] = std::move(cases);
  return profile;
}

} // namespace

std::string json_schema() {
  object root{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "Tenon storage.yaml"},
              {"type", "object"},
              {"required", array{"profiles"}},
              {"additionalProperties", false}};
  object properties;
  for (const OptionSpec& option : kOptions) {
    if (option.scope == OptionScope::file) properties[option.key] = described(option);
  }
  properties["version"].as_object().erase("anyOf");
  properties["version"].as_object()["const"] = 1;
  properties["profiles"] = object{{"description", "Named configurations, one of which is used."},
                                  {"type", "object"},
                                  {"minProperties", 1},
                                  {"additionalProperties", object{{"$ref", "#/$defs/profile"}}}};
  root["properties"] = std::move(properties);
  object definitions{{"profile", profile_schema()}};
  for (const char* id : {"postgresql", "sqlite", "mariadb"})
    definitions[id] = connection_of(id);
  root["$defs"] = std::move(definitions);
  return json_text(root);
}

} // namespace tenon::config
