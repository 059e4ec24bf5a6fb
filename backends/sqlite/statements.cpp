#include "statements.hpp"

#include <sqlite3.h>

namespace tenon::sqlite {

void Finalize::operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }

void Run::reset() noexcept { sqlite3_reset(statement_.handle.get()); }

void Rows::add(Statement& statement) {
  sqlite3_stmt* const handle = statement.handle.get();
  Cell* cell = room(columns_);
  for (std::size_t i = 0; i < columns_; ++i) {
    // The value is not protected, which matters to connections that threads share only.
    sqlite3_value* const value = sqlite3_column_value(handle, static_cast<int>(i));
    *cell++ = statement.columns.empty() ? read_plain(value, i, bytes_) : read(value, statement.columns[i], bytes_);
  }
  used_ += columns_;
}

void Rows::add(sqlite3_value** values, std::span<const StoredColumn> columns) {
  read_row(values, columns, room(columns.size()), bytes_);
  used_ += columns.size();
}

} // namespace tenon::sqlite
