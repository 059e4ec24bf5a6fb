#include "statements.hpp"

#include <sqlite3.h>

namespace tenon::sqlite {

void Finalize::operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }

void Run::reset() noexcept { sqlite3_reset(statement_.handle.get()); }

void Rows::add(Statement& statement) {
  sqlite3_stmt* const handle = statement.handle.get();
  const int count = static_cast<int>(columns_);
  if (statement.columns.empty()) {
    for (int i = 0; i < count; ++i)
      cells_.push_back(read_plain(handle, i, bytes_));
    return;
  }
  for (int i = 0; i < count; ++i)
    cells_.push_back(read(handle, i, statement.columns[static_cast<std::size_t>(i)], bytes_));
}

} // namespace tenon::sqlite
