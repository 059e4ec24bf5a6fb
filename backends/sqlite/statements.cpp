#include "statements.hpp"

#include <sqlite3.h>

namespace tenon::sqlite {

void Finalize::operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }

void Run::reset() noexcept { sqlite3_reset(statement_.handle.get()); }

void Rows::add(Statement& statement) {
  sqlite3_stmt* const handle = statement.handle.get();
  const int count = static_cast<int>(columns_);
  const std::size_t before = cells_.size();
  cells_.resize(before + columns_);
  Cell* cell = cells_.data() + before;
  try {
    if (statement.columns.empty()) {
      for (int i = 0; i < count; ++i)
        *cell++ = read_plain(handle, i, bytes_);
    } else {
      const StoredColumn* column = statement.columns.data();
      for (int i = 0; i < count; ++i)
        *cell++ = read(handle, i, *column++, bytes_);
    }
  } catch (...) {
    cells_.resize(before); // no half of a row
    throw;
  }
}

} // namespace tenon::sqlite
