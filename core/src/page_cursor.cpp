#include "page_cursor.hpp"

#include <array>
#include <cstring>
#include <optional>

#include <tenon/interface/error.hpp>

namespace tenon::detail {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// base64url without padding (RFC 4648, section 5).
std::string to_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8) | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += kAlphabet[(buffer >> bits) & 63];
    }
  }
  if (bits > 0) text += kAlphabet[(buffer << (6 - bits)) & 63];
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    buffer = (buffer << 6) | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((buffer >> bits) & 255);
    }
  }
  return bytes;
}

/// FNV-1a over table and order: tells a cursor of another query apart; no protection, which a cursor does not need.
std::uint32_t mark_of(const TableDesc& table, std::span<const OrderTerm> order) {
  std::uint32_t hash = 2166136261U;
  const auto add = [&hash](std::string_view bytes) {
    for (const char c : bytes)
      hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  };
  add(table.schema);
  add(table.name);
  for (const OrderTerm& term : order) {
    add(table.columns[term.column].name);
    add(term.descending != 0 ? ">" : "<");
  }
  return hash;
}

template <class T> void put(std::string& bytes, T value) {
  std::array<char, sizeof(T)> raw{};
  std::memcpy(raw.data(), &value, sizeof(T));
  bytes.append(raw.data(), raw.size());
}

template <class T> bool get(std::string_view& bytes, T& value) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return true;
}

bool has_bytes(CellType type) {
  switch (type) {
    case CellType::text:
    case CellType::blob:
    case CellType::decimal:
    case CellType::uuid:
    case CellType::json: return true;
    default: return false;
  }
}

bool read_cell(std::string_view& bytes, CellType type, Cell& cell) {
  cell = Cell::null();
  cell.type = type;
  if (!has_bytes(type)) return get(bytes, cell.integer);
  std::uint32_t size = 0;
  if (!get(bytes, size) || bytes.size() < size || (type == CellType::uuid && size != 16)) return false;
  cell.size = size;
  cell.data = bytes.data();
  bytes.remove_prefix(size);
  return true;
}

} // namespace

std::string encode_cursor(const TableDesc& table, std::span<const OrderTerm> order, const Cell* row) {
  std::string bytes;
  put(bytes, mark_of(table, order));
  for (const OrderTerm& term : order) {
    const Cell& cell = row[term.column];
    if (has_bytes(cell.type)) {
      put(bytes, static_cast<std::uint32_t>(cell.size));
      bytes.append(cell.bytes());
    } else {
      put(bytes, cell.integer);
    }
  }
  return to_base64url(bytes);
}

CursorValues decode_cursor(const TableDesc& table, std::span<const OrderTerm> order, std::string_view text) {
  CursorValues values;
  const auto bad = [&table] {
    throw_error(ErrorCode::data, "not a page cursor of this query on " + table.qualified_name(),
                "give the `next` of an earlier page of the same query, or nothing for the first page");
  };
  auto bytes = from_base64url(text);
  if (!bytes) bad();
  values.bytes = std::move(*bytes);
  std::string_view rest = values.bytes;
  std::uint32_t mark = 0;
  if (!get(rest, mark) || mark != mark_of(table, order)) bad();
  for (const OrderTerm& term : order) {
    if (!read_cell(rest, table.columns[term.column].type, values.cells.emplace_back())) bad();
  }
  if (!rest.empty()) bad();
  return values;
}

} // namespace tenon::detail
