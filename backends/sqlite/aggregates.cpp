// Sums and averages: exact for integers and decimals, and an error where the result does not fit.
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include <sqlite3.h>

#include <tenon/sql/text.hpp>

#include "functions.hpp"

namespace tenon::sqlite {
namespace {

constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

/// SQLite aligns what it keeps for an aggregate to 8 bytes only.
__extension__ using Wide __attribute__((aligned(8))) = __int128;

/// An exact sum of decimals: base 10^9 digits on both sides of the point, each with room for many carries.
class DecimalSum {
public:
  /// Returns false for what is no decimal.
  bool add(std::string_view text) {
    if (!sql::is_decimal(text)) return false;
    const bool negative = text.front() == '-';
    if (negative) text.remove_prefix(1);
    const std::size_t point = std::min(text.find('.'), text.size());
    std::string_view whole = text.substr(0, point);
    const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
    scale_ = std::max(scale_, fraction.size());
    for (std::size_t i = 0; !whole.empty(); ++i) {
      const std::size_t taken = std::min(whole.size(), kDigits);
      add_to(whole_, i, whole.substr(whole.size() - taken), 0, negative);
      whole.remove_suffix(taken);
    }
    for (std::size_t i = 0; i * kDigits < fraction.size(); ++i) {
      const std::string_view digits = fraction.substr(i * kDigits, kDigits);
      add_to(fraction_, i, digits, kDigits - digits.size(), negative);
    }
    return true;
  }

  [[nodiscard]] std::string text() {
    bool negative = !carry();
    if (negative) {
      for (auto* digits : {&whole_, &fraction_}) {
        for (std::int64_t& digit : *digits)
          digit = -digit;
      }
      carry();
    }
    std::string out;
    for (std::size_t i = whole_.size(); i-- > 0;)
      append(out, whole_[i]);
    out.erase(0, std::min(out.find_first_not_of('0'), out.size()));
    if (out.empty()) out.push_back('0');
    if (scale_ > 0) {
      std::string behind;
      for (const std::int64_t digit : fraction_)
        append(behind, digit);
      behind.resize(scale_, '0');
      (out += '.') += behind;
    }
    negative = negative && out.find_first_not_of("0.") != std::string::npos;
    if (negative) out.insert(out.begin(), '-');
    return out;
  }

private:
  static constexpr std::size_t kDigits = 9;
  static constexpr std::int64_t kBase = 1'000'000'000;

  static void add_to(std::vector<std::int64_t>& to, std::size_t index, std::string_view digits, std::size_t zeros,
                     bool negative) {
    if (to.size() <= index) to.resize(index + 1);
    std::int64_t value = 0;
    for (const char c : digits)
      value = value * 10 + (c - '0');
    for (; zeros > 0; --zeros)
      value *= 10;
    to[index] += negative ? -value : value;
  }

  static std::int64_t take_carry(std::int64_t& digit, std::int64_t carry) noexcept {
    digit += carry;
    std::int64_t over = digit / kBase;
    if (digit % kBase < 0) --over;
    digit -= over * kBase;
    return over;
  }

  /// Makes every digit one of 0 … base - 1. Returns false if the sum is below 0.
  bool carry() {
    std::int64_t over = 0;
    for (std::size_t i = fraction_.size(); i-- > 0;)
      over = take_carry(fraction_[i], over);
    for (std::int64_t& digit : whole_)
      over = take_carry(digit, over);
    while (over > 0) {
      whole_.push_back(0);
      over = take_carry(whole_.back(), over);
    }
    if (over < 0) whole_.push_back(over);
    return over >= 0;
  }

  static void append(std::string& out, std::int64_t digit) {
    std::array<char, kDigits> text{};
    for (std::size_t i = kDigits; i-- > 0; digit /= 10)
      text[i] = static_cast<char>('0' + digit % 10);
    out.append(text.data(), text.size());
  }

  std::vector<std::int64_t> whole_;    ///< from the point to the left
  std::vector<std::int64_t> fraction_; ///< from the point to the right
  std::size_t scale_ = 0;
};

/// What SQLite keeps for one group, zeroed by it at first.
struct State {
  Wide integers;
  double reals;
  std::int64_t count;
  DecimalSum* decimals;
};

State* state_of(sqlite3_context* context, bool make) noexcept {
  auto* const state = static_cast<State*>(sqlite3_aggregate_context(context, make ? sizeof(State) : 0));
  if (state == nullptr && make) sqlite3_result_error_nomem(context);
  return state;
}

void add_integer(sqlite3_context* context, int, sqlite3_value** values) {
  std::int64_t value = 0;
  if (sqlite3_value_type(values[0]) == SQLITE_NULL || !read_integer(context, values[0], value)) return;
  if (State* const state = state_of(context, true)) {
    state->integers += value;
    ++state->count;
  }
}

void add_real(sqlite3_context* context, int, sqlite3_value** values) {
  double value = 0;
  if (sqlite3_value_type(values[0]) == SQLITE_NULL || !read_real(context, values[0], value)) return;
  State* const state = state_of(context, true);
  if (state == nullptr) return;
  const bool was_finite = std::isfinite(state->reals);
  state->reals += value;
  ++state->count;
  if (std::isnan(state->reals) || (was_finite && std::isinf(state->reals) && !std::isinf(value))) {
    fail_function(context, "tenon: a sum is out of the range of double");
  }
}

void add_decimal(sqlite3_context* context, int, sqlite3_value** values) {
  std::array<char, 400> digits{};
  std::string_view text;
  const auto write = [&](auto value, auto... format) {
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value, format...);
    text = {digits.data(), static_cast<std::size_t>(written.ptr - digits.data())};
  };
  switch (sqlite3_value_type(values[0])) {
    case SQLITE_NULL: return;
    case SQLITE_INTEGER: write(static_cast<std::int64_t>(sqlite3_value_int64(values[0]))); break;
    case SQLITE_FLOAT: write(sqlite3_value_double(values[0]), std::chars_format::fixed); break;
    case SQLITE_TEXT:
      text = {reinterpret_cast<const char*>(sqlite3_value_text(values[0])),
              static_cast<std::size_t>(sqlite3_value_bytes(values[0]))};
      break;
    default: break;
  }
  State* const state = state_of(context, true);
  if (state == nullptr) return;
  try {
    if (state->decimals == nullptr) state->decimals = new DecimalSum();
    if (!state->decimals->add(text)) return fail_function(context, "tenon: a stored value is no decimal");
    ++state->count;
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  }
}

/// Without any value the result is NULL, which is what SQLite gives if nothing is set.
void sum_integers(sqlite3_context* context) {
  using Limits = std::numeric_limits<std::int64_t>;
  const State* const state = state_of(context, false);
  if (state == nullptr || state->count == 0) return;
  if (state->integers < Limits::min() || state->integers > Limits::max()) {
    return fail_function(context, "tenon: a sum is out of the range of int64");
  }
  sqlite3_result_int64(context, static_cast<std::int64_t>(state->integers));
}
void average_integers(sqlite3_context* context) {
  const State* const state = state_of(context, false);
  if (state == nullptr || state->count == 0) return;
  sqlite3_result_double(context, static_cast<double>(state->integers) / static_cast<double>(state->count));
}
void sum_reals(sqlite3_context* context) {
  const State* const state = state_of(context, false);
  if (state != nullptr && state->count > 0) sqlite3_result_double(context, state->reals);
}
void average_reals(sqlite3_context* context) {
  const State* const state = state_of(context, false);
  if (state == nullptr || state->count == 0) return;
  sqlite3_result_double(context, state->reals / static_cast<double>(state->count));
}

template <class Finish> void finish_decimals(sqlite3_context* context, Finish finish) noexcept {
  State* const state = state_of(context, false);
  if (state == nullptr) return;
  try {
    if (state->count > 0) finish(state->decimals->text(), static_cast<double>(state->count));
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  }
  delete state->decimals; // SQLite asks for the result once, also after an error
  state->decimals = nullptr;
}
void sum_decimals(sqlite3_context* context) {
  finish_decimals(context, [context](const std::string& sum, double) {
    sqlite3_result_text64(context, sum.data(), sum.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  });
}
void average_decimals(sqlite3_context* context) {
  finish_decimals(context, [context](const std::string& sum, double count) {
    double value = 0;
    std::from_chars(sum.data(), sum.data() + sum.size(), value);
    sqlite3_result_double(context, value / count);
  });
}

struct Function {
  const char* name;
  void (*step)(sqlite3_context*, int, sqlite3_value**);
  void (*finish)(sqlite3_context*);
};

constexpr std::array kFunctions{
    Function{"tenon_sum", add_integer, sum_integers},
    Function{"tenon_avg", add_integer, average_integers},
    Function{"tenon_real_sum", add_real, sum_reals},
    Function{"tenon_real_avg", add_real, average_reals},
    Function{"tenon_decimal_sum", add_decimal, sum_decimals},
    Function{"tenon_decimal_avg", add_decimal, average_decimals},
};

} // namespace

int register_aggregates(sqlite3* handle) noexcept {
  for (const Function& function : kFunctions) {
    const int code = sqlite3_create_function_v2(handle, function.name, 1, kFlags, nullptr, nullptr, function.step,
                                                function.finish, nullptr);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

} // namespace tenon::sqlite
