#include <cmath>
#include <limits>

#include <sqlite3.h>

#include <tenon/sql/text.hpp>

#include "functions.hpp"

namespace tenon::sqlite {
namespace {

constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
constexpr double kExactIntegers = 9007199254740992.0; // 2^53

enum class Operation : std::uint8_t { add, subtract, multiply, divide };
constexpr Operation kOperations[] = {Operation::add, Operation::subtract, Operation::multiply, Operation::divide};

Operation operation_of(sqlite3_context* context) noexcept {
  return *static_cast<const Operation*>(sqlite3_user_data(context));
}

bool has_null(sqlite3_value** values) noexcept {
  return sqlite3_value_type(values[0]) == SQLITE_NULL || sqlite3_value_type(values[1]) == SQLITE_NULL;
}

void out_of_range(sqlite3_context* context) noexcept { fail_function(context, "tenon: a number is out of range"); }
void by_zero(sqlite3_context* context) noexcept { fail_function(context, "tenon: division by zero"); }

void on_integers(sqlite3_context* context, int, sqlite3_value** values) {
  if (has_null(values)) return;
  std::int64_t left = 0;
  std::int64_t right = 0;
  if (!read_integer(context, values[0], left) || !read_integer(context, values[1], right)) return;
  std::int64_t result = 0;
  bool overflow = false;
  switch (operation_of(context)) {
    case Operation::add: overflow = __builtin_add_overflow(left, right, &result); break;
    case Operation::subtract: overflow = __builtin_sub_overflow(left, right, &result); break;
    case Operation::multiply: overflow = __builtin_mul_overflow(left, right, &result); break;
    case Operation::divide:
      if (right == 0) return by_zero(context);
      overflow = left == std::numeric_limits<std::int64_t>::min() && right == -1;
      if (!overflow) result = left / right;
      break;
  }
  if (overflow) return out_of_range(context);
  sqlite3_result_int64(context, result);
}

/// Errors where PostgreSQL has them: also for a product or quotient too small to be told from 0.
void on_reals(sqlite3_context* context, int, sqlite3_value** values) {
  if (has_null(values)) return;
  double left = 0;
  double right = 0;
  if (!read_real(context, values[0], left) || !read_real(context, values[1], right)) return;
  double result = 0;
  bool lost = false;
  switch (operation_of(context)) {
    case Operation::add: result = left + right; break;
    case Operation::subtract: result = left - right; break;
    case Operation::multiply:
      result = left * right;
      lost = result == 0 && left != 0 && right != 0;
      break;
    case Operation::divide:
      if (right == 0) return by_zero(context);
      result = left / right;
      lost = result == 0 && left != 0 && !std::isinf(right);
      break;
  }
  const bool overflow = std::isinf(result) && !std::isinf(left) && !std::isinf(right);
  if (lost || overflow || std::isnan(result)) return out_of_range(context);
  sqlite3_result_double(context, result);
}

/// tenon_limited(text, n): the text, if it has at most n characters.
void limited(sqlite3_context* context, int, sqlite3_value** values) {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  if (text != nullptr) {
    const std::string_view view(text, static_cast<std::size_t>(sqlite3_value_bytes(values[0])));
    if (sql::code_points(view) > static_cast<std::size_t>(sqlite3_value_int64(values[1]))) {
      return fail_function(context, "tenon: a text is longer than its column allows");
    }
  }
  sqlite3_result_value(context, values[0]);
}

} // namespace

void fail_function(sqlite3_context* context, const char* message) noexcept {
  sqlite3_result_error(context, message, -1);
}

bool read_integer(sqlite3_context* context, sqlite3_value* value, std::int64_t& out) noexcept {
  const int type = sqlite3_value_type(value);
  if (type == SQLITE_INTEGER) {
    out = sqlite3_value_int64(value);
    return true;
  }
  const double real = type == SQLITE_FLOAT ? sqlite3_value_double(value) : 0.5;
  if (std::trunc(real) == real && std::abs(real) <= kExactIntegers) {
    out = static_cast<std::int64_t>(real);
    return true;
  }
  fail_function(context, "tenon: a stored value is no int64");
  return false;
}

bool read_real(sqlite3_context* context, sqlite3_value* value, double& out) noexcept {
  const int type = sqlite3_value_type(value);
  if (type == SQLITE_FLOAT || type == SQLITE_INTEGER) {
    out = sqlite3_value_double(value);
    return true;
  }
  fail_function(context, "tenon: a stored value is no double");
  return false;
}

int register_arithmetic(sqlite3* handle) noexcept {
  constexpr const char* kIntegers[] = {"tenon_add", "tenon_subtract", "tenon_multiply", "tenon_divide"};
  constexpr const char* kReals[] = {"tenon_real_add", "tenon_real_subtract", "tenon_real_multiply",
                                    "tenon_real_divide"};
  int code =
      sqlite3_create_function_v2(handle, "tenon_limited", 2, kFlags, nullptr, limited, nullptr, nullptr, nullptr);
  for (std::size_t i = 0; i < 4 && code == SQLITE_OK; ++i) {
    auto* const operation = const_cast<Operation*>(&kOperations[i]);
    code =
        sqlite3_create_function_v2(handle, kIntegers[i], 2, kFlags, operation, on_integers, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) break;
    code = sqlite3_create_function_v2(handle, kReals[i], 2, kFlags, operation, on_reals, nullptr, nullptr, nullptr);
  }
  return code;
}

} // namespace tenon::sqlite
