#include "findings.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "json_text.hpp"

namespace tenon::config {

std::string place_text(const Place& place) {
  return place.line > 0 ? fmt::format("{}:{}:{}", place.file, place.line, place.column) : place.file;
}

void Findings::add(const Place& place, std::string_view key, const Fault& fault) {
  ++added_;
  const auto same = [&](const Problem& p) {
    return p.file == place.file && p.line == place.line && p.column == place.column && p.message == fault.message;
  };
  const Severity severity = fault.machine ? machine_severity_ : Severity::error;
  const auto known = std::find_if(problems_.begin(), problems_.end(), same);
  if (known != problems_.end()) {
    if (severity == Severity::error) known->severity = severity;
    return;
  }
  problems_.push_back({.severity = severity,
                       .file = place.file,
                       .line = place.line,
                       .column = place.column,
                       .key = std::string(key),
                       .message = fault.message,
                       .hint = fault.hint,
                       .suggestion = fault.suggestion});
}

bool Findings::has_errors() const {
  return std::any_of(problems_.begin(), problems_.end(),
                     [](const Problem& p) { return p.severity == Severity::error; });
}

std::vector<Problem> Findings::sorted() const {
  std::vector<Problem> result = problems_;
  std::stable_sort(result.begin(), result.end(), [](const Problem& a, const Problem& b) {
    const bool a_outside = a.line == 0, b_outside = b.line == 0;
    return std::tie(a_outside, a.line, a.column) < std::tie(b_outside, b.line, b.column);
  });
  return result;
}

void Findings::throw_first() const {
  const std::vector<Problem> all = sorted();
  const auto is_error = [](const Problem& p) { return p.severity == Severity::error; };
  const auto first = std::find_if(all.begin(), all.end(), is_error);
  if (first == all.end()) return;
  const auto others = std::count_if(all.begin(), all.end(), is_error) - 1;
  std::string hint = advice(*first);
  if (others > 0) {
    hint += fmt::format("{}({} more; `tenon config check` lists all)", hint.empty() ? "" : " ", others);
  }
  throw_error(ErrorCode::config, headline(*first), std::move(hint));
}

std::string headline(const Problem& problem) {
  std::string text = place_text({problem.file, problem.line, problem.column});
  if (!text.empty()) text += ": ";
  if (!problem.key.empty()) text += problem.key + ": ";
  return text + problem.message;
}

std::string advice(const Problem& problem) {
  if (problem.suggestion.empty()) return problem.hint;
  const std::string question = fmt::format("did you mean \"{}\"?", problem.suggestion);
  return problem.hint.empty() ? question : question + " " + problem.hint;
}

std::string to_text(const Problem& problem) {
  std::string text = (problem.severity == Severity::warning ? "warning: " : "") + headline(problem);
  const std::string what_now = advice(problem);
  if (!what_now.empty()) text += "\n  hint: " + what_now;
  return text;
}

std::string to_json(std::span<const Problem> problems) {
  boost::json::array list;
  for (const Problem& problem : problems) {
    list.push_back(boost::json::object{{"severity", problem.severity == Severity::error ? "error" : "warning"},
                                       {"file", problem.file},
                                       {"line", problem.line},
                                       {"column", problem.column},
                                       {"key", problem.key},
                                       {"message", problem.message},
                                       {"hint", problem.hint},
                                       {"suggestion", problem.suggestion}});
  }
  return json_text(list);
}

} // namespace tenon::config
