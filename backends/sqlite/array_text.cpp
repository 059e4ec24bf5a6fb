#include "array_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <tenon/sql/text.hpp>

#include "json_text.hpp"

namespace tenon::sqlite {
namespace {

void append_text(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4U];
      out += kHex[static_cast<unsigned char>(c) & 0xfU];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

template <class Number> void append_number(std::string& out, Number value) {
  std::array<char, 40> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), written.ptr);
}

/// JSON has no infinity; a number beyond every double stands for it.
void append_real(std::string& out, double value) {
  if (std::isinf(value)) {
    out += value > 0 ? "1e999" : "-1e999";
  } else {
    append_number(out, value == 0 ? 0.0 : value); // there is one zero
  }
}

bool append_element(std::string& out, const Cell& element) {
  switch (element.type) {
    case CellType::null: out += "null"; return true;
    case CellType::boolean: out += element.integer != 0 ? "true" : "false"; return true;
    case CellType::int64: append_number(out, element.integer); return true;
    case CellType::float64:
      if (std::isnan(element.real)) return false;
      append_real(out, element.real);
      return true;
    default:
      if (!sql::is_text(element.bytes())) return false;
      append_text(out, element.bytes());
      return true;
  }
}

std::optional<Cell> read_element(std::string_view json, CellType type, sql::Arena& bytes) {
  if (json == "null") return Cell::null();
  const char* const end = json.data() + json.size();
  switch (type) {
    case CellType::boolean:
      if (json == "true" || json == "false") return Cell::boolean(json == "true");
      return std::nullopt;
    case CellType::int64: {
      std::int64_t value = 0;
      const auto read = std::from_chars(json.data(), end, value);
      if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
      return Cell::int64(value);
    }
    case CellType::float64: {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      if (json == "1e999") return Cell::float64(kInfinity);
      if (json == "-1e999") return Cell::float64(-kInfinity);
      double value = 0;
      const auto read = std::from_chars(json.data(), end, value);
      if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
      return Cell::float64(value);
    }
    default: {
      if (json.front() != '"') return std::nullopt;
      const std::string text = unescaped(json.substr(1, json.size() - 2));
      return Cell::text(bytes.copy(text.data(), text.size()));
    }
  }
}

} // namespace

std::optional<std::string> array_text(const Cell& array) {
  std::string out = "[";
  for (const Cell& element : std::span(array.elements(), array.element_count())) {
    if (out.size() > 1) out += ',';
    if (!append_element(out, element)) return std::nullopt;
  }
  return out + "]";
}

std::optional<Cell> read_array(std::string_view text, CellType element, sql::Arena& bytes) {
  if (!sql::is_json(text)) return std::nullopt;
  std::vector<Cell> cells;
  bool fits = true;
  const bool is_array = JsonWalker(text).each([&](std::string_view json) {
    const auto cell = read_element(json, element, bytes);
    fits = fits && cell.has_value();
    cells.push_back(cell.value_or(Cell::null()));
  });
  if (!is_array || !fits) return std::nullopt;
  const std::size_t size = cells.size() * sizeof(Cell);
  std::size_t room = size + alignof(Cell);
  void* place = bytes.allocate(room);
  std::align(alignof(Cell), size, place, room);
  if (size > 0) std::memcpy(place, cells.data(), size);
  return Cell::array(static_cast<const Cell*>(place), cells.size());
}

} // namespace tenon::sqlite
