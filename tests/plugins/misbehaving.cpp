// A plugin whose functions break their contract, each on request: the option "mode" asks of the database and its
// sessions, the name of a table of its repository and cursors. Without a request it serves nothing but a fixed count of
// rows and has no optional function, so it also shows the host's fallbacks.

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/tenon_abi.h>

namespace {

constexpr std::uint64_t kRows = 5;
constexpr std::uint64_t kRowsPerBatch = 2;

struct Database {
  std::string mode;
  int open_sessions = 0;
};
struct Session {
  Database* database;
  std::vector<std::string*> tables;
};
struct Cursor {
  std::string table;
  std::uint64_t columns;
  std::uint64_t left;
  std::vector<tenon_cell> cells;
};

int released_errors = 0;
int open_cursors = 0;

Session* session(tenon_session* s) { return reinterpret_cast<Session*>(s); }
const std::string& table(tenon_repository* r) { return *reinterpret_cast<std::string*>(r); }
tenon_string text(std::string_view view) { return {view.data(), view.size()}; }

std::int32_t fail(tenon_error* error, std::int32_t code, std::string_view message) {
  error->code = code;
  error->message = text(message);
  return code;
}

/// Every field filled, and a release function that counts.
std::int32_t fail_fully(tenon_error* error) {
  *error = {};
  error->struct_size = sizeof *error;
  error->code = TENON_E_UNIQUE;
  error->vendor_code = 42;
  error->flags = TENON_ERROR_RETRYABLE | TENON_ERROR_BROKEN;
  error->message = text("the message");
  error->hint = text("the hint");
  error->sqlstate = text("23505");
  error->constraint = text("the_key");
  error->table = text("the_table");
  error->columns = text("a\nb\n");
  error->statement = text("insert into the_table");
  error->detail = text("the detail");
  error->release = [](tenon_error*) { ++released_errors; };
  return TENON_E_UNIQUE;
}

tenon_rows cells_of(std::uint64_t rows, std::uint64_t columns) {
  static std::array<tenon_cell, 64> nulls{};
  return {nulls.data(), rows, columns};
}

std::int32_t database_open(const tenon_option* options, std::uint64_t count, tenon_database** out, tenon_error* error) {
  const std::string_view mode =
      count == 0 ? std::string_view{} : std::string_view(options[0].value.data, options[0].value.size);
  if (mode == "open_throws") throw std::runtime_error("from database_open");
  if (mode == "open_gives_nothing") return TENON_OK;
  if (mode == "unknown_option") return fail(error, TENON_E_CONFIG, "unknown option \"mood\"");
  *out = reinterpret_cast<tenon_database*>(new Database{std::string(mode)});
  return TENON_OK;
}
void database_close(tenon_database* database) { delete reinterpret_cast<Database*>(database); }

std::int32_t session_open(tenon_database* d, std::int64_t, tenon_session** out, tenon_error*) {
  auto* const database = reinterpret_cast<Database*>(d);
  if (database->mode == "session_gives_nothing") return TENON_OK;
  *out = reinterpret_cast<tenon_session*>(new Session{database, {}});
  return TENON_OK;
}
void session_close(tenon_session* s) {
  const bool throws = session(s)->database->mode == "session_close_throws";
  for (std::string* name : session(s)->tables)
    delete name;
  delete session(s);
  if (throws) throw std::runtime_error("from session_close");
}

std::int32_t repository_open(tenon_session* s, const tenon_table* described, tenon_repository** out, tenon_error*) {
  std::string name(described->name.data, described->name.size);
  if (name == "repository_gives_nothing") return TENON_OK;
  session(s)->tables.push_back(new std::string(std::move(name)));
  *out = reinterpret_cast<tenon_repository*>(session(s)->tables.back());
  return TENON_OK;
}

std::int32_t insert(tenon_repository* r, const tenon_write* write, tenon_rows* rows, tenon_error* error) {
  const std::string& name = table(r);
  if (name == "throws") throw std::runtime_error("value 4711");
  if (name == "throws_a_number") throw 7;
  if (name == "fails_fully") return fail_fully(error);
  if (name == "fails_silently") return TENON_E_OPERATIONAL;
  if (name == "fails_unheard_of") return fail(error, 777, "of a later minor");
  if (name == "row_too_few")
    *rows = cells_of(write->row_count - 1, write->returning_count);
  else if (name == "column_too_many")
    *rows = cells_of(write->row_count, write->returning_count + 1);
  else if (name == "no_cells")
    *rows = {nullptr, write->row_count, write->returning_count};
  else
    *rows = cells_of(write->row_count, write->returning_count);
  return TENON_OK;
}

std::int32_t find(tenon_repository* r, std::uint32_t, const tenon_cell*, std::uint64_t, tenon_rows* row, tenon_error*) {
  if (table(r) == "two_for_one_key")
    *row = cells_of(2, 2);
  else if (table(r) == "column_too_many")
    *row = cells_of(1, 3);
  else if (table(r) == "released_errors") {
    static std::array<tenon_cell, 2> counts{};
    counts[0].type = counts[1].type = TENON_INT64;
    counts[0].value.integer = released_errors;
    counts[1].value.integer = open_cursors;
    *row = {counts.data(), 1, 2};
  } else
    *row = cells_of(0, 0);
  return TENON_OK;
}

std::int32_t select(tenon_repository* r, const tenon_query* query, tenon_cursor** out, tenon_error* error) {
  if (table(r) == "only_one_key" &&
      (query->limit != 1 || query->output_count != 1 || query->outputs[0].column.column != 1)) {
    return fail(error, TENON_E_PROGRAMMING, "asked for more than the first column of the key, once");
  }
  if (table(r) == "cursor_gives_nothing") return TENON_OK;
  const std::uint64_t columns = query->output_count == 0 ? 2 : query->output_count;
  const bool empty = table(r) == "empty";
  *out = reinterpret_cast<tenon_cursor*>(new Cursor{table(r), columns, empty ? 0 : std::min(kRows, query->limit), {}});
  ++open_cursors;
  return TENON_OK;
}

std::int32_t update(tenon_repository*, const tenon_update*, std::uint64_t*, tenon_error* error) {
  return fail(error, TENON_E_NOT_SUPPORTED, "no updates here");
}
std::int32_t remove(tenon_repository*, const tenon_filter*, std::uint64_t*, tenon_error* error) {
  return fail(error, TENON_E_NOT_SUPPORTED, "no removals here");
}

std::int32_t next(tenon_cursor* c, tenon_rows* rows, tenon_error*) {
  auto& cursor = *reinterpret_cast<Cursor*>(c);
  if (cursor.table == "throws") throw std::runtime_error("from cursor_next");
  const std::uint64_t count = std::min(kRowsPerBatch, cursor.left);
  cursor.left -= count;
  const std::uint64_t columns = cursor.columns + (cursor.table == "column_too_many" ? 1 : 0);
  cursor.cells.assign(count * columns, tenon_cell{});
  *rows = {cursor.cells.data(), count, columns};
  return TENON_OK;
}
void cursor_close(tenon_cursor* c) {
  --open_cursors;
  const bool throws = reinterpret_cast<Cursor*>(c)->table == "close_throws";
  delete reinterpret_cast<Cursor*>(c);
  if (throws) throw std::runtime_error("from cursor_close");
}

// There, but not claimed: the host must not call it.
std::int32_t unclaimed_begin(tenon_session*, const tenon_transaction*, tenon_error*) {
  throw std::logic_error("an unclaimed function was called");
}

} // namespace

TENON_ABI_TAG
TENON_ABI_EXPORT const tenon_backend_v1* tenon_plugin_entry_v1(const tenon_host* host, tenon_error* error);
const tenon_backend_v1* tenon_plugin_entry_v1(const tenon_host* host, tenon_error*) {
  static tenon_backend_v1 table{};
  table.magic = TENON_ABI_MAGIC;
  table.struct_size = sizeof table;
  table.abi_major = TENON_ABI_MAJOR;
  table.abi_minor = TENON_ABI_MINOR;
  table.id = text("misbehaving");
  table.capabilities = UINT64_C(1) << 63; // of a later minor: the host drops it
  table.database_open = database_open;
  table.database_close = database_close;
  table.session_open = session_open;
  table.session_close = session_close;
  table.session_begin = unclaimed_begin;
  table.repository_open = repository_open;
  table.repository_insert = insert;
  table.repository_find = find;
  table.repository_select = select;
  table.repository_update = update;
  table.repository_remove = remove;
  table.cursor_next = next;
  table.cursor_close = cursor_close;
  host->log(TENON_LOG_WARNING, text("misbehaving was asked for its table"));
  return &table;
}
