#include "postgresql_support.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include <fmt/format.h>

#include "backend.hpp"

namespace tenon::postgresql::test {

testing::PostgresServer& server() {
  static testing::PostgresServer running = testing::PostgresServer::start();
  return running;
}

Pairs server_options(const Pairs& changes) {
  Pairs options{{"host", server().host()},
                {"port", std::to_string(server().port())},
                {"user", server().user()},
                {"password", server().password()},
                {"database", server().database()}};
  for (const auto& change : changes) {
    const std::string& key = change.first;
    const std::string& text = change.second;
    const auto found =
        std::find_if(options.begin(), options.end(), [&](const auto& pair) { return pair.first == key; });
    if (found != options.end()) {
      found->second = text;
    } else {
      options.emplace_back(key, text);
    }
  }
  return options;
}

std::unique_ptr<IBackend> open_backend(const Pairs& options) {
  std::vector<Option> views;
  for (const auto& [key, text] : options)
    views.push_back({key, text});
  return Backend::open(views);
}

std::unique_ptr<ISession> connect(const Pairs& changes) {
  static std::mutex mutex;
  static std::vector<std::unique_ptr<IBackend>> opened; // a backend outlives its sessions
  const std::lock_guard lock(mutex);
  opened.push_back(open_backend(server_options(changes)));
  return opened.back()->connect(Deadline::max());
}

namespace {

std::string text_of(const Cell& cell) {
  switch (cell.type) {
    case CellType::null: return "NULL";
    case CellType::boolean: return cell.integer != 0 ? "true" : "false";
    case CellType::int64:
    case CellType::timestamp:
    case CellType::date: return std::to_string(cell.integer);
    case CellType::float64: return fmt::format("{}", cell.real);
    case CellType::uuid: {
      std::string out;
      for (const char byte : cell.bytes())
        out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
      return out;
    }
    default: return std::string(cell.bytes());
  }
}

} // namespace

std::vector<std::vector<std::string>> rows_of(const RowBatch& batch) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t row = 0; row < batch.rows; ++row) {
    rows.emplace_back();
    for (std::size_t i = 0; i < batch.columns; ++i)
      rows.back().push_back(text_of(batch.row(row)[i]));
  }
  return rows;
}

std::vector<std::vector<std::string>> rows_of(ICursor& cursor) {
  std::vector<std::vector<std::string>> rows;
  RowBatch batch;
  while (cursor.next(batch)) {
    for (auto& row : rows_of(batch))
      rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::vector<std::string>> rows_of(ISession& session, std::string_view sql,
                                              const std::vector<Cell>& parameters) {
  return rows_of(*session.execute(sql, parameters));
}

void run(ISession& session, std::string_view sql, const std::vector<Cell>& parameters) {
  rows_of(session, sql, parameters);
}

std::string value_of(ISession& session, std::string_view sql, const std::vector<Cell>& parameters) {
  const auto rows = rows_of(session, sql, parameters);
  REQUIRE(rows.size() == 1);
  REQUIRE(rows.front().size() == 1);
  return rows.front().front();
}

Schema::Schema() {
  static std::atomic<int> made = 0;
  name_ = fmt::format("t{}", ++made);
  run(*connect(), "CREATE SCHEMA " + name_);
}

Schema::~Schema() {
  try {
    run(*connect(), "DROP SCHEMA " + name_ + " CASCADE");
  } catch (const Error&) { // the test has ended the server
  }
}

TableDesc users(const Schema& schema) {
  TableDesc table;
  table.schema = schema.name();
  table.name = "users";
  table.columns = {{"id", CellType::int64, false, true, 0},
                   {"username", CellType::text, false, false, 20},
                   {"age", CellType::int64, true, false, 0}};
  table.keys = {{"users_pkey", {0}}, {"users_username_key", {1}}};
  return table;
}

TableDesc notes(const Schema& schema) {
  TableDesc table;
  table.schema = schema.name();
  table.name = "notes";
  table.columns = {{"id", CellType::int64, false, true, 0},
                   {"user_id", CellType::int64, false, false, 0},
                   {"title", CellType::text, true, false, 0}};
  table.keys = {{"notes_pkey", {0}}};
  table.foreign_keys = {{"notes_user_id_fkey", {1}, schema.name(), "users", {"id"}, OnDelete::no_action}};
  table.indexes = {{"ix_notes_title", {2}}};
  return table;
}

Node node(NodeKind kind, std::uint32_t children) { return {kind, 0, children, 0, 0, Cell::null()}; }
Node column(std::uint32_t position) { return {NodeKind::column, 0, 0, position, 0, Cell::null()}; }
Node value(const Cell& cell) { return {NodeKind::value, 0, 0, 0, 0, cell}; }

} // namespace tenon::postgresql::test
