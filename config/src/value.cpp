#include "value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "text.hpp"

namespace tenon::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 4> kUnits{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool leading_zero(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  return text.size() > 1 && text.front() == '0' && all_digits(text);
}

std::string what_it_is(std::string_view text, Echo echo) {
  return echo == Echo::shown ? in_quotes(text) : std::string("its value");
}

Fault leading_zero_fault(std::string_view text, Echo echo) {
  const auto digits = text.substr(std::min(text.find_first_not_of('0'), text.size() - 1));
  return {.message = fmt::format("{} has a leading zero, which YAML readers take for octal or for decimal",
                                 what_it_is(text, echo)),
          .hint = echo == Echo::shown ? fmt::format("write {}", digits) : "write it without the zero"};
}

std::optional<Fault> check_integer(const OptionSpec& option, std::string_view text, Echo echo) {
  if (leading_zero(text)) return leading_zero_fault(text, echo);
  const auto value = parse_integer(text);
  const std::string range = fmt::format("{} to {}", option.min, option.max);
  if (!value) {
    return Fault{.message = fmt::format("{} is not a whole number", what_it_is(text, echo)),
                 .hint = fmt::format("decimal digits only, {}", range)};
  }
  if (*value < option.min || *value > option.max) {
    return Fault{.message = fmt::format("{} is out of range", what_it_is(text, echo)),
                 .hint = fmt::format("it may be {}", range)};
  }
  return std::nullopt;
}

std::optional<Fault> check_duration(const OptionSpec& option, std::string_view text, Echo echo) {
  const auto digits = text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
  if (leading_zero(digits)) return leading_zero_fault(text, echo);
  const auto value = parse_duration(text);
  if (!value) {
    return Fault{.message = fmt::format("{} is not a duration", what_it_is(text, echo)),
                 .hint = "write 500ms, 30s, 2m, 1h, or a whole number of seconds"};
  }
  if (value->count() < option.min || value->count() > option.max) {
    return Fault{.message = fmt::format("{} is out of range", what_it_is(text, echo)),
                 .hint = fmt::format("it may be {} to {}", duration_text(option.min), duration_text(option.max))};
  }
  return std::nullopt;
}

std::optional<Fault> check_boolean(std::string_view text, Echo echo) {
  if (parse_boolean(text)) return std::nullopt;
  static const std::vector<std::pair<std::string_view, const char*>> kMeant{
      {"yes", "true"}, {"y", "true"},  {"on", "true"},   {"1", "true"},  {"true", "true"},
      {"no", "false"}, {"n", "false"}, {"off", "false"}, {"0", "false"}, {"false", "false"}};
  const std::string word = lower(text);
  Fault fault{.message = fmt::format("{} is neither true nor false", what_it_is(text, echo)),
              .hint = "write true or false"};
  for (const auto& [name, meaning] : kMeant) {
    if (word == name && echo == Echo::shown) fault.hint = fmt::format("write {}", meaning);
  }
  return fault;
}

std::optional<Fault> check_choice(const OptionSpec& option, std::string_view text, Echo echo) {
  const std::vector<std::string> words = split(option.choices, '|');
  if (std::find(words.begin(), words.end(), text) != words.end()) return std::nullopt;
  return Fault{.message = fmt::format("{} is not one of its values", what_it_is(text, echo)),
               .hint = fmt::format("it may be {}", join(words, ", ")),
               .suggestion = echo == Echo::shown ? nearest(text, words) : std::string{}};
}

std::optional<Fault> check_host(std::string_view text, Echo echo) {
  Fault fault{.message = fmt::format("{} is not host or host:port", what_it_is(text, echo)),
              .hint = "as in db1, db1:5432 or [::1]:5432"};
  std::string_view host = text, port;
  if (!text.empty() && text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return fault;
    host = text.substr(1, end - 1);
    const auto rest = text.substr(end + 1);
    if (rest.empty()) return host.empty() ? std::optional(fault) : std::nullopt;
    if (rest.front() != ':') return fault;
    port = rest.substr(1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  } else {
    const bool good = !text.empty() && text.find_first_of(" ,@") == std::string_view::npos;
    return good ? std::nullopt : std::optional(fault);
  }
  const auto number = leading_zero(port) ? std::nullopt : parse_integer(port);
  const bool good_port = number && *number >= 1 && *number <= 65535;
  if (host.empty() || host.find_first_of(" ,@") != std::string_view::npos || !good_port) return fault;
  return std::nullopt;
}

} // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (leading_zero(text)) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto digits = text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
  const auto unit = text.substr(digits.size());
  const auto count = digits.empty() ? std::nullopt : parse_integer(digits);
  if (!count) return std::nullopt;
  std::int64_t factor = unit.empty() ? 1000 : 0;
  for (const Unit& known : kUnits) {
    if (unit == known.name) factor = known.milliseconds;
  }
  if (factor == 0 || *count > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
  return Duration{*count * factor};
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::string duration_text(std::int64_t milliseconds) {
  if (milliseconds == 0) return "0";
  for (const Unit& unit : kUnits) {
    if (milliseconds % unit.milliseconds == 0) return fmt::format("{}{}", milliseconds / unit.milliseconds, unit.name);
  }
  return fmt::format("{}ms", milliseconds);
}

std::optional<Fault> check_value(const OptionSpec& option, std::string_view text, Echo echo) {
  if (option.type == OptionType::secret) {
    if (text.find('\0') == std::string_view::npos) return std::nullopt;
    return Fault{.message = "it holds a NUL byte"};
  }
  if (text.empty()) return Fault{.message = "it is empty", .hint = "give it a value, or remove it to leave it open"};
  if (text.find('\0') != std::string_view::npos) return Fault{.message = "it holds a NUL byte"};
  switch (option.type) {
    case OptionType::integer: return check_integer(option, text, echo);
    case OptionType::boolean: return check_boolean(text, echo);
    case OptionType::duration: return check_duration(option, text, echo);
    case OptionType::choice: return check_choice(option, text, echo);
    case OptionType::hosts: return check_host(text, echo);
    case OptionType::path:
    case OptionType::paths:
      if (text == "~" || text.substr(0, 2) == "~/") {
        return Fault{.message = "~ is not expanded", .hint = "write the full path, or \"${HOME}/…\" in the file"};
      }
      return std::nullopt;
    case OptionType::text:
      if (option.key == "plugin.sha256" &&
          (text.size() != 64 || text.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)) {
        return Fault{.message = fmt::format("{} is not a SHA-256", what_it_is(text, echo)),
                     .hint = "64 hexadecimal digits, as sha256sum prints"};
      }
      return std::nullopt;
    case OptionType::secret:
    case OptionType::uri: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Fault> check_backend_id(std::string_view id, bool own_plugin) {
  const bool well_formed = !id.empty() && id.front() >= 'a' && id.front() <= 'z' &&
                           id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
  const std::vector<std::string> known{"postgresql", "sqlite", "mariadb"};
  if (!well_formed) {
    return Fault{.message = fmt::format("{} is not the id of a backend", in_quotes(id)),
                 .hint = "lower-case letters, digits and _, as postgresql, sqlite, mariadb or a plugin's own id",
                 .suggestion = nearest(id, known)};
  }
  if (own_plugin || std::find(known.begin(), known.end(), id) != known.end()) return std::nullopt;
  std::string meant =
      id == "postgres" || id == "pg" || id == "pgsql" || id == "psql" ? "postgresql" : nearest(id, known);
  if (meant.empty()) return std::nullopt; // somebody's own plugin
  return Fault{.message = fmt::format("{} is not the id of a known backend", in_quotes(id)),
               .hint = "a plugin that is really called so needs plugin.path",
               .suggestion = std::move(meant)};
}

} // namespace tenon::config
