// Paths into JSON: tenon_json_TYPE(document, step, …) and tenon_json_exists(document, step, …). A step is a member's
// name as text, or a position from 0 as an integer. Of members with one name the last counts, as everywhere.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include <tenon/sql/text.hpp>

#include "functions.hpp"
#include "json_text.hpp"

namespace tenon::sqlite {
namespace {

constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

std::string_view text_of(sqlite3_value* value) noexcept {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? std::string_view{}
                         : std::string_view(text, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

/// What is at the end of the path. `known`: false for a NULL document or, with the error raised, a malformed one.
std::optional<std::string_view> walk(sqlite3_context* context, int count, sqlite3_value** values, bool& known) {
  known = false;
  if (count < 1 || sqlite3_value_type(values[0]) == SQLITE_NULL) return std::nullopt;
  std::string_view at = text_of(values[0]);
  if (!sql::is_json(at)) {
    sqlite3_result_error(context, "malformed JSON", -1);
    return std::nullopt;
  }
  known = true;
  at = JsonWalker(at).value();
  for (int i = 1; i < count; ++i) {
    JsonWalker walker(at);
    const auto next = sqlite3_value_type(values[i]) == SQLITE_TEXT ? walker.member(text_of(values[i]))
                                                                   : walker.element(sqlite3_value_int64(values[i]));
    if (!next) return std::nullopt;
    at = *next;
  }
  return at;
}

bool is_number(std::string_view json) noexcept {
  return json.front() == '-' || (json.front() >= '0' && json.front() <= '9');
}

void give_boolean(sqlite3_context* context, std::string_view json) noexcept {
  if (json == "true" || json == "false") sqlite3_result_int(context, json == "true" ? 1 : 0);
}

void give_int64(sqlite3_context* context, std::string_view json) noexcept {
  if (!is_number(json)) return;
  std::int64_t value = 0;
  const auto read = std::from_chars(json.data(), json.data() + json.size(), value);
  if (read.ec == std::errc{} && read.ptr == json.data() + json.size()) sqlite3_result_int64(context, value);
}

/// Numbers that a double holds in full precision; the limits are those of the dialect of PostgreSQL.
void give_float64(sqlite3_context* context, std::string_view json) noexcept {
  constexpr std::size_t kLongest = 400;
  constexpr double kSmallest = 2.3e-308;
  if (!is_number(json) || json.size() > kLongest) return;
  double value = 0;
  const auto read = std::from_chars(json.data(), json.data() + json.size(), value);
  if (read.ec != std::errc{} || (value != 0 && std::abs(value) < kSmallest)) return;
  sqlite3_result_double(context, value);
}

void give_text(sqlite3_context* context, std::string_view json) {
  if (json.front() != '"') return;
  const std::string text = unescaped(json.substr(1, json.size() - 2));
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

template <void (*Give)(sqlite3_context*, std::string_view)>
void json_value(sqlite3_context* context, int count, sqlite3_value** values) {
  try {
    bool known = false;
    if (const auto found = walk(context, count, values, known)) Give(context, *found);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  }
}

void json_exists(sqlite3_context* context, int count, sqlite3_value** values) {
  try {
    bool known = false;
    const auto found = walk(context, count, values, known);
    if (known) sqlite3_result_int(context, found ? 1 : 0);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  }
}

struct Function {
  const char* name;
  void (*call)(sqlite3_context*, int, sqlite3_value**);
};
constexpr Function kFunctions[] = {
    {"tenon_json_boolean", json_value<give_boolean>},
    {"tenon_json_int64", json_value<give_int64>},
    {"tenon_json_float64", json_value<give_float64>},
    {"tenon_json_text", json_value<give_text>},
    {"tenon_json_exists", json_exists},
};

} // namespace

int register_json_paths(sqlite3* handle) noexcept {
  for (const Function& function : kFunctions) {
    const int code = sqlite3_create_function_v2(handle, function.name, -1, kFlags, nullptr, function.call, nullptr,
                                                nullptr, nullptr);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

} // namespace tenon::sqlite
