#include "row_function.hpp"

#include <sqlite3.h>

#include "statements.hpp"

namespace tenon::sqlite {
namespace {

void take_row(sqlite3_context* context, int count, sqlite3_value** values) {
  auto& receiver = *static_cast<RowReceiver*>(sqlite3_user_data(context));
  if (receiver.rows == nullptr || static_cast<std::size_t>(count) != receiver.columns.size()) {
    sqlite3_result_error(context, "tenon_row is for Tenon's own statements", -1);
    return;
  }
  if (receiver.answered != nullptr && *receiver.answered) return;
  if (receiver.present < receiver.columns.size() && sqlite3_value_type(values[receiver.present]) == SQLITE_NULL) return;
  try {
    receiver.rows->add(values, receiver.columns);
  } catch (...) {
    receiver.refused = std::current_exception();
    sqlite3_result_error_code(context, SQLITE_ERROR);
  }
}

} // namespace

int register_row_function(sqlite3* handle, RowReceiver& receiver) noexcept {
  return sqlite3_create_function_v2(handle, kRowFunction, -1, SQLITE_UTF8 | SQLITE_DIRECTONLY, &receiver, take_row,
                                    nullptr, nullptr, nullptr);
}

} // namespace tenon::sqlite
