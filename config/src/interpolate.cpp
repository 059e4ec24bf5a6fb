#include "interpolate.hpp"

#include <fmt/format.h>

namespace tenon::config {
namespace {

constexpr const char* kForms = "the forms are ${NAME}, ${NAME:-default} and ${NAME:?message}; write $$ for a $";

bool is_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}

// Reads the inside of one ${…}. A null environment means: check the form only.
std::optional<Fault> expand(std::string_view inside, const Environment* environment, std::string& result) {
  const auto colon = inside.find(':');
  const std::string_view name = inside.substr(0, colon);
  if (!is_name(name)) return Fault{.message = "${…} without the name of a variable", .hint = kForms};
  const std::string_view rest = colon == std::string_view::npos ? std::string_view{} : inside.substr(colon + 1);
  const char form = rest.empty() ? '\0' : rest.front();
  if (colon != std::string_view::npos && form != '-' && form != '?') {
    return Fault{.message = fmt::format("unknown form of ${{{}:…}}", name), .hint = kForms};
  }
  const std::string_view argument = rest.empty() ? std::string_view{} : rest.substr(1);
  if (argument.find("${") != std::string_view::npos) {
    return Fault{.message = fmt::format("another ${{ within ${{{}:…}}", name),
                 .hint = "variables cannot be nested; give the default as plain text"};
  }
  if (environment == nullptr) return std::nullopt;

  const auto value = environment->get(name);
  if (value && (!value->empty() || form == '\0')) {
    result += *value;
    return std::nullopt;
  }
  if (form == '-') {
    result += argument;
    return std::nullopt;
  }
  const std::string state = value ? "is empty" : "is not set";
  if (form == '?' && !argument.empty()) {
    return Fault{.message = fmt::format("variable {} {}: {}", name, state, argument),
                 .hint = fmt::format("set {} in the environment", name),
                 .machine = true};
  }
  return Fault{.message = fmt::format("variable {} {}", name, state),
               .hint = fmt::format("set {0} in the environment, or give a default: \"${{{0}:-…}}\"", name),
               .machine = true};
}

std::optional<Fault> scan(std::string_view text, const Environment* environment, std::string& result) {
  for (std::size_t at = 0; at < text.size();) {
    const auto dollar = text.find('$', at);
    result += text.substr(at, dollar == std::string_view::npos ? dollar : dollar - at);
    if (dollar == std::string_view::npos) break;
    const char next = dollar + 1 < text.size() ? text[dollar + 1] : '\0';
    if (next == '$') {
      result += '$';
      at = dollar + 2;
    } else if (next == '{') {
      const auto end = text.find('}', dollar);
      if (end == std::string_view::npos) return Fault{.message = "${ without its }", .hint = kForms};
      if (auto fault = expand(text.substr(dollar + 2, end - dollar - 2), environment, result)) return fault;
      at = end + 1;
    } else {
      return Fault{.message = "a single $", .hint = kForms};
    }
  }
  return std::nullopt;
}

} // namespace

std::optional<Fault> interpolate(std::string_view text, const Environment& environment, std::string& result) {
  result.clear();
  return scan(text, &environment, result);
}

std::optional<Fault> check_interpolation(std::string_view text) {
  std::string unused;
  return scan(text, nullptr, unused);
}

} // namespace tenon::config
