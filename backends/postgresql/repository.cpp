#include "repository.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "cursor.hpp"
#include "dialect.hpp"
#include "session.hpp"

namespace tenon::postgresql {
namespace {

/// The largest number of rows in one statement: the gain of more is lost in the noise, the plan grows with each.
constexpr std::size_t kRowsPerStatement = 512;
/// From this many rows on COPY is worth its round trips.
constexpr std::size_t kRowsToCopy = 128;
/// Memory for a COPY that is kept for the next one.
constexpr std::size_t kKeptBytes = std::size_t{4} << 20U;
/// Up to this limit a select is fetched as a whole, whoever asks; beyond, memory is bounded.
constexpr std::uint64_t kWholeResult = 1024;

[[noreturn]] void refuse(ErrorCode code, std::string message, std::string hint = {}) {
  ErrorInfo info;
  info.code = code;
  info.backend = "postgresql";
  info.message = std::move(message);
  info.hint = std::move(hint);
  throw_error(std::move(info));
}

} // namespace

Repository::Repository(Session& session, const TableDesc& table)
    : session_(session), table_(table), compiler_(kDialect, table, &session.text_order()), finds_(table.keys.size()),
      find_readers_(table.keys.size()) {
  call_.typed_assignments = false; // a NULL is bound as a value of its column is
  call_.tests_booleans = true;
  const std::string name = table.qualified_name();
  insert_ = "insert into " + name;
  upsert_ = "upsert into " + name;
  select_ = "select from " + name;
  update_ = "update " + name;
  delete_ = "delete from " + name;
}

template <class Compile> Statement& Repository::statement(Compile&& compile) {
  if (Statement* known = statements_.find(call_.shape)) return *known;
  return statements_.insert(call_.shape, Statement(std::forward<Compile>(compile)()));
}

Parameters& Repository::bind() {
  Parameters& parameters = session_.held().parameters;
  for (const sql::Parameter& parameter : call_.parameters) {
    if (parameter.assigned) {
      parameters.add_written(parameter.cell, table_, parameter.column);
    } else {
      parameters.add(parameter, *call_.tables[parameter.source]);
    }
  }
  return parameters;
}

RowBatch Repository::insert(const WriteRows& rows) {
  const Work work{insert_, &table_, true};
  return session_.call(work, [&] {
    if (rows.rows >= kRowsToCopy && copies(rows)) {
      if (draws(rows, work)) return copy(rows, work);
      copy_plan_.learn(session_, table_);
      if (copy_plan_.fits(rows, table_) && draws(rows, work)) return copy(rows, work);
    }
    return write(rows, work, [&](std::size_t count) -> Statement& {
      sql::read_insert(table_, rows, count, call_);
      return statement([&] { return compiler_.insert(rows.columns, count, rows.returning); });
    });
  });
}

bool Repository::copies(const WriteRows& rows) {
  sql::read_insert(table_, rows, 1, call_); // checks the columns before anything is sent
  if (!copy_plan_.learned()) copy_plan_.learn(session_, table_);
  return copy_plan_.fits(rows, table_);
}

/// Before the rows, so that each key is known to be the key of its row.
bool Repository::draws(const WriteRows& rows, const Work& work) {
  if (rows.returning.empty()) return true;
  auto& held = session_.held();
  if (!draw_keys_) {
    draw_keys_.emplace("SELECT nextval(CAST($1 AS text)::regclass) FROM generate_series(1, $2) "
                       "WHERE pg_catalog.to_regclass($3)::oid::bigint = $4");
  }
  const std::string name = compiler_.table_name();
  held.parameters.clear();
  held.parameters.add_free(Cell::text(copy_plan_.sequence()));
  held.parameters.add_free(Cell::int64(static_cast<std::int64_t>(rows.rows)));
  held.parameters.add_free(Cell::text(name));
  held.parameters.add_free(Cell::int64(copy_plan_.table()));
  const Result keys = session_.connection().run(*draw_keys_, held.parameters, work);
  const int drawn = PQntuples(keys.get());
  if (drawn == 0) return false;
  RowReader reader;
  reader.describe(keys.get(), table_, rows.returning);
  reader.read(keys.get(), 0, drawn, room_for(held.cells, static_cast<std::size_t>(drawn)), held.arena);
  return true;
}

RowBatch Repository::copy(const WriteRows& rows, const Work& work) {
  Connection& connection = session_.connection();
  auto& held = session_.held();
  std::string names;
  if (!rows.returning.empty()) names = sql::quoted(kDialect, table_.columns[rows.returning.front()].name);
  for (const std::uint32_t column : rows.columns)
    names += (names.empty() ? "" : ", ") + sql::quoted(kDialect, table_.columns[column].name);

  CopyWriter writer(copied_);
  writer.begin();
  const Cell* cell = rows.cells;
  for (std::size_t row = 0; row < rows.rows; ++row) {
    writer.row(rows.columns.size() + rows.returning.size());
    if (!rows.returning.empty()) writer.key(held.cells[row].integer);
    held.parameters.clear();
    for (const std::uint32_t column : rows.columns)
      held.parameters.add_written(*cell++, table_, column);
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
      writer.value(held.parameters.values()[i], held.parameters.lengths()[i],
                   copy_plan_.is_jsonb(rows.columns[i]) ? std::string_view("\1") : std::string_view());
    }
  }
  writer.end();
  connection.copy_in(fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", compiler_.table_name(), names), copied_,
                     work);
  if (copied_.capacity() > kKeptBytes) std::string().swap(copied_);
  return {held.cells.data(), rows.returning.empty() ? 0 : rows.rows, rows.returning.size()};
}

Connection::Queued Repository::queue(const BatchItem& item) {
  Parameters& parameters = session_.held().parameters;
  parameters.clear();
  const auto bind_row = [&] {
    for (std::size_t i = 0; i < item.rows.columns.size(); ++i)
      parameters.add_written(item.rows.cells[i], table_, item.rows.columns[i]);
  };
  switch (item.kind) {
    case BatchKind::insert: {
      sql::read_insert(table_, item.rows, 1, call_);
      Statement& prepared = statement([&] { return compiler_.insert(item.rows.columns, 1, {}); });
      bind_row();
      return {&prepared, &parameters, {insert_, &table_, true}};
    }
    case BatchKind::upsert: {
      sql::read_upsert(table_, item.rows, item.key, item.update_columns, 1, call_);
      Statement& prepared =
          statement([&] { return compiler_.upsert(item.rows.columns, 1, item.key, item.update_columns, {}); });
      bind_row();
      return {&prepared, &parameters, {upsert_, &table_, true}};
    }
    case BatchKind::update: {
      sql::read_update(table_, item.update, call_);
      Statement& prepared = statement([&] { return compiler_.update(item.update); });
      bind();
      return {&prepared, &parameters, {update_, &table_, true}};
    }
    case BatchKind::remove: {
      sql::read_filter(table_, sql::Operation::remove, item.update.filter, call_);
      Statement& prepared = statement([&] { return compiler_.remove(item.update.filter); });
      bind();
      return {&prepared, &parameters, {delete_, &table_, true}};
    }
  }
  refuse(ErrorCode::not_supported, "a batch with an unknown kind of write");
}

RowBatch Repository::upsert(const WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) {
  const Work work{upsert_, &table_, true};
  return session_.call(work, [&] {
    return write(rows, work, [&](std::size_t count) -> Statement& {
      sql::read_upsert(table_, rows, key, update, count, call_);
      return statement([&] { return compiler_.upsert(rows.columns, count, key, update, rows.returning); });
    });
  });
}

template <class StatementFor>
RowBatch Repository::write(const WriteRows& rows, const Work& work, StatementFor&& statement_for) {
  if (rows.rows == 0) return {};
  Statement& single = statement_for(1); // checks columns and key before anything is sent
  if (rows.columns.size() > kDialect.max_parameters) {
    refuse(ErrorCode::programming, fmt::format("{}: more columns than PostgreSQL has parameters", work.summary));
  }
  const std::size_t widest = rows.columns.empty() ? 1 : kDialect.max_parameters / rows.columns.size();
  const bool one_statement = std::has_single_bit(rows.rows) && rows.rows <= std::min(widest, kRowsPerStatement);
  Connection& connection = session_.connection();
  if (rows.rows == 1) {
    write_chunks(rows, work, [&](std::size_t) -> Statement& { return single; });
    return returned(rows, work);
  }
  if (one_statement || connection.transaction() != TransactionState::none) {
    write_chunks(rows, work, statement_for);
    return returned(rows, work);
  }
  return connection.in_own_transaction([&] {
    write_chunks(rows, work, statement_for);
    RowBatch batch = returned(rows, work);
    static_cast<void>(connection.commit());
    return batch;
  });
}

template <class StatementFor>
void Repository::write_chunks(const WriteRows& rows, const Work& work, StatementFor&& statement_for) {
  const std::size_t columns = rows.columns.size();
  const std::size_t widest =
      columns == 0 ? 1 : std::min<std::size_t>(kRowsPerStatement, kDialect.max_parameters / columns);
  Parameters& parameters = session_.held().parameters;
  try {
    for (std::size_t done = 0; done < rows.rows;) {
      // Powers of two: every number of rows is written by a handful of statements that stay prepared.
      const std::size_t count = std::bit_floor(std::min(widest, rows.rows - done));
      parameters.clear();
      const Cell* cell = rows.cells + done * columns;
      for (std::size_t row = 0; row < count; ++row) {
        for (std::size_t i = 0; i < columns; ++i, ++cell)
          parameters.add_written(*cell, table_, rows.columns[i]);
      }
      Statement& prepared = statement_for(count);
      Result result = session_.connection().run(prepared, parameters, work);
      if (done == 0) returned_by_ = prepared.preparation();
      if (!rows.returning.empty()) session_.held().results.push_back(std::move(result));
      done += count;
    }
  } catch (const Error& error) {
    // A value that is refused here, behind rows that were written, must not leave half of the call in the transaction.
    session_.doom(error.info());
    throw;
  }
}

RowBatch Repository::returned(const WriteRows& rows, const Work& work) {
  if (rows.returning.empty()) return {};
  auto& held = session_.held();
  const auto add = [](std::size_t sum, const Result& result) {
    return sum + static_cast<std::size_t>(PQntuples(result.get()));
  };
  if (std::accumulate(held.results.begin(), held.results.end(), std::size_t{0}, add) != rows.rows) {
    ErrorInfo info;
    info.code = ErrorCode::operational;
    info.backend = "postgresql";
    info.statement = work.summary;
    info.message = fmt::format("{}: the server did not return a row for each that was given", work.summary);
    info.hint = "a trigger, a rule or a policy of the table leaves rows out";
    session_.doom(info);
    throw_error(std::move(info));
  }
  returned_reader_.describe_once(held.results.front().get(), returned_by_, table_, rows.returning);
  Cell* to = room_for(held.cells, rows.rows * rows.returning.size());
  for (const Result& result : held.results) {
    const int count = PQntuples(result.get());
    returned_reader_.read(result.get(), 0, count, to, held.arena);
    to += static_cast<std::size_t>(count) * rows.returning.size();
  }
  return {held.cells.data(), rows.rows, rows.returning.size()};
}

RowBatch Repository::find(std::uint32_t key, std::span<const Cell> values) {
  const Work work{select_, &table_, false};
  return session_.call(work, [&]() -> RowBatch {
    if (key >= finds_.size() || values.size() != table_.keys[key].columns.size()) {
      refuse(ErrorCode::programming, fmt::format("{}: no such key, or not one value for each of its columns", select_));
    }
    auto& held = session_.held();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint32_t column = table_.keys[key].columns[i];
      if (values[i].is_null()) return {}; // equals nothing
      if (values[i].type != table_.columns[column].type) {
        refuse(ErrorCode::programming,
               fmt::format("{}: {} is a {} and the value a {}", select_, table_.columns[column].name,
                           cell_type_name(table_.columns[column].type), cell_type_name(values[i].type)));
      }
      held.parameters.add({values[i], {}, column}, table_);
    }
    if (!finds_[key]) finds_[key].emplace(compiler_.find(key));
    Result result = session_.connection().run(*finds_[key], held.parameters, work);
    if (PQntuples(result.get()) == 0) return {};
    RowReader& reader = find_readers_[key];
    reader.describe_once(result.get(), finds_[key]->preparation(), table_, {});
    reader.read(result.get(), 0, 1, room_for(held.cells, reader.columns()), held.arena);
    held.results.push_back(std::move(result));
    return {held.cells.data(), 1, reader.columns()};
  });
}

std::unique_ptr<ICursor> Repository::select(const Query& query) {
  const Work work{select_, &table_, false};
  return session_.call(work, [&]() -> std::unique_ptr<ICursor> {
    sql::read_select(table_, query, call_);
    if (query.lock != RowLock::none && session_.connection().transaction() == TransactionState::none) {
      refuse(ErrorCode::programming, fmt::format("{}: a row lock outside of a transaction", select_),
             "begin a transaction first: the lock lasts until it ends");
    }
    Statement& prepared = statement([&] { return compiler_.select(query); });
    Connection& connection = session_.connection();
    const bool streams = !query.whole && query.limit > kWholeResult;
    if (streams && session_.in_transaction() && query.lock == RowLock::none) {
      std::string name = session_.cursor_name();
      Result first = connection.declare(fmt::format("DECLARE {} NO SCROLL CURSOR FOR {}", name, prepared.sql()), bind(),
                                        ChunkCursor::fetch_text(ChunkCursor::kFirstRows, name), work);
      return std::make_unique<ChunkCursor>(session_, std::move(name), std::move(first), work, table_, call_.outputs);
    }
    if (streams) {
      Result first = connection.start_rows(prepared, bind(), work);
      return std::make_unique<RowsCursor>(session_, std::move(first), work, table_, call_.outputs);
    }
    Result result = connection.run(prepared, bind(), work);
    RowReader reader;
    reader.describe_outputs(result.get(), table_, call_.outputs);
    return std::make_unique<WholeCursor>(session_, std::move(result), std::move(reader));
  });
}

std::uint64_t Repository::update(const Update& update) {
  const Work work{update_, &table_, true};
  return session_.call(work, [&] {
    sql::read_update(table_, update, call_);
    Statement& prepared = statement([&] { return compiler_.update(update); });
    return affected_rows(session_.connection().run(prepared, bind(), work).get());
  });
}

std::uint64_t Repository::remove(const Filter& filter) {
  const Work work{delete_, &table_, true};
  return session_.call(work, [&] {
    sql::read_filter(table_, sql::Operation::remove, filter, call_);
    Statement& prepared = statement([&] { return compiler_.remove(filter); });
    return affected_rows(session_.connection().run(prepared, bind(), work).get());
  });
}

std::uint64_t Repository::count(const Filter& filter) {
  const Work work{select_, &table_, false};
  return session_.call(work, [&] {
    sql::read_filter(table_, sql::Operation::count, filter, call_);
    Statement& prepared = statement([&] { return compiler_.count(filter); });
    return static_cast<std::uint64_t>(single_integer(session_.connection().run(prepared, bind(), work).get()));
  });
}

bool Repository::exists(const Filter& filter) {
  const Work work{select_, &table_, false};
  return session_.call(work, [&] {
    sql::read_filter(table_, sql::Operation::exists, filter, call_);
    Statement& prepared = statement([&] { return compiler_.exists(filter); });
    return single_integer(session_.connection().run(prepared, bind(), work).get()) != 0;
  });
}

RowBatch Repository::explain(const Query& query) {
  const Work work{select_, &table_, false};
  return session_.call(work, [&]() -> RowBatch {
    sql::read_select(table_, query, call_);
    auto& held = session_.held();
    const std::string text = compiler_.explain(query);
    Result result = session_.connection().run(text, bind(), work);
    RowReader reader;
    reader.describe(result.get());
    const auto rows = static_cast<std::size_t>(PQntuples(result.get()));
    reader.read(result.get(), 0, PQntuples(result.get()), room_for(held.cells, rows * reader.columns()), held.arena);
    held.results.push_back(std::move(result));
    return {held.cells.data(), rows, reader.columns()};
  });
}

} // namespace tenon::postgresql
