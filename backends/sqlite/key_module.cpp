#include "key_module.hpp"

#include <limits>
#include <string>

#include "pointer_module.hpp"
#include "rows_module.hpp"

namespace tenon::sqlite {
namespace {

struct KeyTable {
  using Source = KeySource;
  static constexpr const char* kName = kKeyModule;
  static constexpr int kColumns = kMostKeyColumns;
  // Of many, SQLite might think it worth an index of its own or a filter before them, and the filter of 3.40 misses
  // values that only a collation takes for equal.
  static constexpr sqlite3_int64 kUsualRows = 1;

  static std::string columns() { return rows_columns(kMostKeyColumns); }
  static std::size_t rows(const KeySource&) { return std::numeric_limits<std::size_t>::max(); }
  static int give(const KeySource& source, std::size_t, std::size_t column, sqlite3_context* context) {
    set_result(context, source.values[column]);
    return SQLITE_OK;
  }
  static void done_with_row(KeySource& source) { source.answered = false; }
};

} // namespace

int register_key_module(sqlite3* handle) noexcept { return PointerModule<KeyTable>::add_to(handle); }

int bind_key(sqlite3_stmt* statement, int index, KeySource& source) noexcept {
  return PointerModule<KeyTable>::bind(statement, index, source);
}

} // namespace tenon::sqlite
