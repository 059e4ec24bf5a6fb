#include "record.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace catalogue {
namespace {

constexpr std::string_view kBlank = " \t\n";

struct DependencyField {
  std::string_view name;
  DependencyKind kind;
};
constexpr std::array kDependencyFields{DependencyField{"Depends", DependencyKind::depends},
                                       DependencyField{"Pre-Depends", DependencyKind::pre_depends},
                                       DependencyField{"Recommends", DependencyKind::recommends}};

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// Takes what stands before `separator` off the front of `rest`; all of it if there is none.
std::string_view take_until(std::string_view& rest, char separator) noexcept {
  const auto end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return taken;
}

/// A word that may name a package: no blanks and none of the characters that part dependencies.
bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.find_first_of(" \t\n,|()[]<>:") == std::string_view::npos;
}

/// "libc6:any (>= 2.36)" as name and constraint.
bool read_alternative(std::string_view text, Dependency& out) {
  const auto open = text.find('(');
  std::string_view name = trimmed(text.substr(0, open));
  if (open != std::string_view::npos) {
    const auto close = text.find(')', open);
    if (close == std::string_view::npos || !trimmed(text.substr(close + 1)).empty()) return false;
    const std::string_view constraint = trimmed(text.substr(open + 1, close - open - 1));
    if (constraint.empty() || constraint.find('(') != std::string_view::npos) return false;
    out.constraint = constraint;
  }
  if (const auto colon = name.find(':'); colon != std::string_view::npos) {
    if (!is_name(name.substr(colon + 1))) return false;
    name = name.substr(0, colon);
  }
  if (!is_name(name)) return false;
  out.name = name;
  return true;
}

constexpr std::int64_t kLargestSize = 1'000'000'000'000; // KiB; the sum of millions of them is a std::int64_t

std::optional<std::int64_t> read_size(std::string_view text) noexcept {
  std::int64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || end != text.data() + text.size() || size < 0 || size > kLargestSize) return std::nullopt;
  return size;
}

Maintainer read_maintainer(std::string_view text) {
  Maintainer out;
  const auto open = text.rfind('<');
  const auto close = text.rfind('>');
  if (open != std::string_view::npos && close != std::string_view::npos && open < close) {
    out.email = trimmed(text.substr(open + 1, close - open - 1));
    text = trimmed(text.substr(0, open));
  }
  out.name = text.empty() ? out.email : std::string(text);
  return out;
}

std::string_view value_of(const deb822::Paragraph& paragraph, std::string_view field) {
  const std::string* found = paragraph.find(field);
  return found != nullptr ? std::string_view(*found) : std::string_view{};
}

std::string_view first_line(std::string_view text) { return take_until(text, '\n'); }

/// Why a paragraph without technical faults is no package record; empty if it is one.
std::string missing_part(const deb822::Paragraph& paragraph) {
  for (const std::string_view field : {"Package", "Version", "Architecture"}) {
    const std::string_view value = value_of(paragraph, field);
    if (value.empty()) return fmt::format("no {}", field);
    if (value.find_first_of(kBlank) != std::string_view::npos) return fmt::format("{} is more than one word", field);
  }
  return {};
}

} // namespace

bool read_dependencies(std::string_view field, DependencyKind kind, std::vector<Dependency>& out) {
  std::int32_t position = 0;
  while (!field.empty()) {
    std::string_view term = take_until(field, ',');
    if (trimmed(term).empty()) continue; // a comma too many is common, and harmless
    ++position;
    std::int32_t alternative = 0;
    bool more = true;
    while (more) {
      more = term.find('|') != std::string_view::npos;
      Dependency dependency;
      dependency.kind = kind;
      dependency.position = position;
      dependency.alternative = ++alternative;
      if (!read_alternative(take_until(term, '|'), dependency)) return false;
      out.push_back(std::move(dependency));
    }
  }
  return true;
}

std::variant<Record, Malformed> read_record(const deb822::Paragraph& paragraph) {
  const auto malformed = [&](std::string reason) {
    return Malformed{paragraph.line(), deb822::printable(value_of(paragraph, "Package")), std::move(reason)};
  };
  if (const auto& problem = paragraph.problem()) {
    return malformed(fmt::format("{} in line {}", deb822::describe(problem->fault), problem->line));
  }
  if (std::string missing = missing_part(paragraph); !missing.empty()) return malformed(std::move(missing));

  Record record;
  Package& package = record.package;
  package.name = value_of(paragraph, "Package");
  package.version = value_of(paragraph, "Version");
  package.architecture = value_of(paragraph, "Architecture");
  package.section = value_of(paragraph, "Section");
  package.priority = value_of(paragraph, "Priority");
  package.description = first_line(value_of(paragraph, "Description"));
  record.maintainer = read_maintainer(value_of(paragraph, "Maintainer"));
  if (const std::string* size = paragraph.find("Installed-Size")) {
    package.installed_size = read_size(*size);
    if (!package.installed_size) return malformed("Installed-Size is no number of KiB");
  }
  for (const auto& [field, kind] : kDependencyFields) {
    if (!read_dependencies(value_of(paragraph, field), kind, record.dependencies)) {
      return malformed(fmt::format("{} cannot be read", field));
    }
  }
  return record;
}

} // namespace catalogue
