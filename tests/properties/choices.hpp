#pragma once
// Choices: a list of numbers that a generator turns into something random. RapidCheck makes the list and shrinks it, by
// leaving numbers out and making them smaller; so a generator gives its simplest thing for 0, and for a list that has
// ended. Recipe: the lists of one case, which can be printed and read back. Threads: values.

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::properties {

using Numbers = std::vector<std::uint16_t>;

class Choices {
public:
  explicit Choices(const Numbers& numbers) : numbers_(numbers) {}
  /// 0 … limit - 1. Requires limit > 0.
  std::uint32_t below(std::uint32_t limit) { return at_ < numbers_.size() ? numbers_[at_++] % limit : 0; }
  /// True once in n; false when the list has ended.
  bool one_in(std::uint32_t n) { return below(n) == n - 1; }
  template <class T, std::size_t N> const T& one_of(const T (&all)[N]) {
    return all[below(static_cast<std::uint32_t>(N))];
  }
  template <class T> const T& one_of(const std::vector<T>& all) {
    return all[below(static_cast<std::uint32_t>(all.size()))];
  }

private:
  const Numbers& numbers_;
  std::size_t at_ = 0;
};

/// What a case is made from: its tables, rows, and what is done with them, each by a list of its own, so that shrinking
/// leaves out whole rows and whole steps.
struct Recipe {
  Numbers tables;
  std::vector<Numbers> rows;
  std::vector<Numbers> steps;
};

/// One line of text: lists separated by ';', parts by '|'.
inline std::string text_of(const Recipe& recipe) {
  std::ostringstream out;
  const auto list = [&](const Numbers& numbers) {
    for (std::size_t i = 0; i < numbers.size(); ++i)
      out << (i > 0 ? " " : "") << numbers[i];
  };
  const auto lists = [&](const std::vector<Numbers>& all) {
    for (const Numbers& numbers : all) {
      out << ';';
      list(numbers);
    }
  };
  list(recipe.tables);
  out << '|';
  lists(recipe.rows);
  out << '|';
  lists(recipe.steps);
  return out.str();
}

/// Reads what text_of wrote.
inline Recipe recipe_of(std::string_view text) {
  Recipe recipe;
  const auto list = [](std::string_view from) {
    std::istringstream in{std::string(from)};
    Numbers numbers;
    for (std::uint16_t number = 0; in >> number;)
      numbers.push_back(number);
    return numbers;
  };
  const auto lists = [&](std::string_view from) {
    std::vector<Numbers> all;
    while (from.starts_with(';')) {
      const auto end = from.find(';', 1);
      all.push_back(list(from.substr(1, end == std::string_view::npos ? end : end - 1)));
      from = end == std::string_view::npos ? std::string_view() : from.substr(end);
    }
    return all;
  };
  const auto first = text.find('|');
  const auto second = text.find('|', first + 1);
  recipe.tables = list(text.substr(0, first));
  recipe.rows = lists(text.substr(first + 1, second - first - 1));
  recipe.steps = lists(text.substr(second + 1));
  return recipe;
}

inline std::ostream& operator<<(std::ostream& out, const Recipe& recipe) { return out << text_of(recipe); }

} // namespace tenon::properties
