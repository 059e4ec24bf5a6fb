#include "list_module.hpp"

#include "dialect.hpp"
#include "pointer_module.hpp"

namespace tenon::sqlite {
namespace {

struct ListTable {
  using Source = const List;
  static constexpr const char* kName = kListModule;
  static constexpr int kColumns = 1;
  static constexpr sqlite3_int64 kUsualRows = 25;

  static std::string columns() { return "value"; }
  static std::size_t rows(const List& list) { return list.size(); }
  static int give(const List& list, std::size_t row, std::size_t, sqlite3_context* context) {
    set_result(context, list[row]);
    return SQLITE_OK;
  }
  static void done_with_row(const List&) {}
};

} // namespace

int register_list_module(sqlite3* handle) noexcept { return PointerModule<ListTable>::add_to(handle); }

int bind_list(sqlite3_stmt* statement, int index, const List& list) noexcept {
  return PointerModule<ListTable>::bind(statement, index, list);
}

} // namespace tenon::sqlite
