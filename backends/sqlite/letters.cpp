// tenon_fold(text): letters without case, as Fold::unicode says. The same two steps of the same library as PostgreSQL's
// lower and upper under an ICU collation; a property test compares them for all letters.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include <sqlite3.h>
#include <unicode/ucasemap.h>

#include "functions.hpp"

namespace tenon::sqlite {
namespace {

constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS; // so indexes may be built on it

struct Free {
  void operator()(char* text) const noexcept { sqlite3_free(text); }
};
/// Of SQLite's memory, which it takes over as a result.
struct Text {
  std::unique_ptr<char, Free> bytes;
  std::int32_t size = 0;
};

using Mapping = decltype(&ucasemap_utf8ToLower);

enum class Outcome : std::uint8_t { done, too_big, no_memory };

/// Bytes that are no UTF-8 stay as they are.
Outcome map(Mapping mapping, const UCaseMap* cases, std::string_view text, Text& out) noexcept {
  constexpr std::int32_t kRoom = 16; // most letters keep their length, and a few grow
  auto capacity = static_cast<std::int64_t>(text.size()) + kRoom;
  for (;;) {
    if (capacity > std::numeric_limits<std::int32_t>::max()) return Outcome::too_big;
    out.bytes.reset(static_cast<char*>(sqlite3_malloc64(static_cast<sqlite3_uint64>(capacity))));
    if (!out.bytes) return Outcome::no_memory;
    UErrorCode code = U_ZERO_ERROR;
    out.size = mapping(cases, out.bytes.get(), static_cast<std::int32_t>(capacity), text.data(),
                       static_cast<std::int32_t>(text.size()), &code);
    if (code == U_BUFFER_OVERFLOW_ERROR) {
      capacity = out.size;
      continue;
    }
    if (code == U_INDEX_OUTOFBOUNDS_ERROR) return Outcome::too_big;
    return U_SUCCESS(code) ? Outcome::done : Outcome::no_memory;
  }
}

bool is_ascii(std::string_view text) noexcept {
  unsigned char all = 0;
  for (const char c : text)
    all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

Outcome capitals_of_ascii(std::string_view text, Text& out) noexcept {
  out.bytes.reset(static_cast<char*>(sqlite3_malloc64(text.size() + 1)));
  if (!out.bytes) return Outcome::no_memory;
  char* to = out.bytes.get();
  for (const char c : text)
    *to++ = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  out.size = static_cast<std::int32_t>(text.size());
  return Outcome::done;
}

void fold(sqlite3_context* context, int, sqlite3_value** values) {
  if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
  const auto* const bytes = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  const std::size_t size = bytes == nullptr ? 0 : static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
  const std::string_view text(bytes, size);
  const auto* const cases = static_cast<const UCaseMap*>(sqlite3_user_data(context));
  Text folded;
  Outcome outcome = Outcome::done;
  if (is_ascii(text)) {
    outcome = capitals_of_ascii(text, folded);
  } else {
    // Small letters first: ẞ has no capital but itself, and its small letter has SS. Capitals last: what a small sigma
    // is depends on the letters around it.
    Text small;
    outcome = map(ucasemap_utf8ToLower, cases, text, small);
    const std::string_view letters(small.bytes.get(), static_cast<std::size_t>(small.size));
    if (outcome == Outcome::done) outcome = map(ucasemap_utf8ToUpper, cases, letters, folded);
  }
  switch (outcome) {
    case Outcome::done: sqlite3_result_text(context, folded.bytes.release(), folded.size, sqlite3_free); return;
    case Outcome::too_big: sqlite3_result_error_toobig(context); return;
    case Outcome::no_memory: sqlite3_result_error_nomem(context); return;
  }
}

} // namespace

int register_letters(sqlite3* handle) noexcept {
  UErrorCode code = U_ZERO_ERROR;
  UCaseMap* const cases = ucasemap_open("", 0, &code); // the root locale, whatever the process's is
  if (U_FAILURE(code)) return SQLITE_NOMEM;
  return sqlite3_create_function_v2(handle, "tenon_fold", 1, kFlags, cases, fold, nullptr, nullptr,
                                    [](void* opened) { ucasemap_close(static_cast<UCaseMap*>(opened)); });
}

} // namespace tenon::sqlite
