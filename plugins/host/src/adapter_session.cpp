#include <deque>

#include "adapter.hpp"
#include "function_table.hpp"
#include "leaving.hpp"

namespace tenon::host {

// ---- database ------------------------------------------------------------------------------------------------------

Database::Database(const Plugin& plugin, Options options) : plugin_(plugin), functions_(plugin.table()) {
  std::vector<tenon_option> given;
  given.reserve(options.size());
  for (const Option& option : options)
    given.push_back({bridge::string(option.key), bridge::string(option.value)});
  const Call opening = call("database_open");
  invoke(opening, functions_.database_open, given.data(), std::uint64_t{given.size()}, &database_);
  if (database_ == nullptr) throw_broken(opening, "gave no database and no error");
  capabilities_ = plugin.capabilities();
  if (functions_.database_capabilities == nullptr) return;
  std::uint64_t claimed = 0;
  if (!invoke_quietly(call("database_capabilities"), [&] { claimed = functions_.database_capabilities(database_); })) {
    invoke_quietly(call("database_close"), functions_.database_close, database_);
    throw_broken(call("database_capabilities"), "let an exception cross the boundary");
  }
  capabilities_ = Capabilities(claimed & capabilities_.bits());
  set_stubs(functions_, capabilities_);
}

Database::~Database() { invoke_quietly(call("database_close"), functions_.database_close, database_); }

// ---- backend -------------------------------------------------------------------------------------------------------

std::string HostBackend::endpoint() const {
  const auto& functions = database_->functions();
  if (functions.database_endpoint == nullptr) return info().id;
  tenon_string endpoint{};
  const Call asking = database_->call("database_endpoint");
  if (!invoke_quietly(asking, [&] { endpoint = functions.database_endpoint(database_->get()); })) {
    throw_broken(asking, "let an exception cross the boundary");
  }
  return std::string(bridge::view(endpoint));
}

std::unique_ptr<ISession> HostBackend::connect(Deadline deadline) {
  return std::make_unique<HostSession>(database_, deadline);
}

Outcome HostBackend::resolve(std::string_view transaction, Deadline deadline) {
  std::uint32_t outcome = TENON_OUTCOME_UNKNOWN;
  invoke(database_->call("database_resolve"), database_->functions().database_resolve, database_->get(),
         bridge::string(transaction), bridge::deadline(deadline), &outcome);
  return outcome <= TENON_OUTCOME_IN_PROGRESS ? static_cast<Outcome>(outcome) : Outcome::unknown;
}

std::unique_ptr<IBackend> open_backend(const Plugin& plugin, Options options) {
  return std::make_unique<HostBackend>(std::make_shared<const Database>(plugin, options));
}

// ---- session -------------------------------------------------------------------------------------------------------

HostSession::HostSession(std::shared_ptr<const Database> database, Deadline deadline) : database_(std::move(database)) {
  const Call opening = database_->call("session_open");
  invoke(opening, functions().session_open, database_->get(), bridge::deadline(deadline), &session_);
  if (session_ == nullptr) throw_broken(opening, "gave no session and no error");
}

HostSession::~HostSession() { invoke_quietly(database_->call("session_close"), functions().session_close, session_); }

IRepository& HostSession::repository(const TableDesc& table) { return opened(table); }

HostRepository& HostSession::opened(const TableDesc& table) {
  if (last_used_ != nullptr && &last_used_->table() == &table) return *last_used_;
  for (const auto& open : repositories_) {
    if (&open->table() == &table) return *(last_used_ = open.get());
  }
  repositories_.push_back(std::make_unique<HostRepository>(*this, session_, table));
  return *(last_used_ = repositories_.back().get());
}

void HostSession::begin(const TransactionOptions& options) {
  const tenon_transaction transaction{sizeof(tenon_transaction), static_cast<std::uint32_t>(options.isolation),
                                      bridge::flag(options.read_only, TENON_TRANSACTION_READ_ONLY) |
                                          bridge::flag(options.write_intent, TENON_TRANSACTION_WRITE_INTENT),
                                      0};
  invoke(database_->call("session_begin"), functions().session_begin, session_, &transaction);
  in_transaction_ = true;
}

void HostSession::commit() {
  in_transaction_ = false;
  savepoints_ = 0;
  invoke(database_->call("session_commit"), functions().session_commit, session_);
}

void HostSession::rollback() {
  in_transaction_ = false;
  savepoints_ = 0;
  if (database_->capabilities().has(Capability::transactions)) {
    invoke(database_->call("session_rollback"), functions().session_rollback, session_);
  } else if (database_->capabilities().has(Capability::deadlines)) {
    set_deadline(Deadline::max());
  }
}

void HostSession::savepoint(SavepointAction action, std::uint32_t number) {
  invoke(database_->call("session_savepoint"), functions().session_savepoint, session_,
         static_cast<std::uint32_t>(action), number);
  savepoints_ = action == SavepointAction::release ? number - 1 : number;
}

void HostSession::create_tables(std::span<const TableDesc* const> tables) {
  std::deque<bridge::TableView> views; // whose elements stay where they are
  std::vector<const tenon_table*> pointers;
  for (const TableDesc* table : tables) {
    check_arrays(*database_, *table);
    pointers.push_back(views.emplace_back(*table).get());
  }
  invoke(database_->call("session_create_tables"), functions().session_create_tables, session_, pointers.data(),
         std::uint64_t{pointers.size()});
}

std::unique_ptr<ICursor> HostSession::execute(std::string_view sql, std::span<const Cell> parameters) {
  const Call executing = database_->call("session_execute");
  auto cursor = std::make_unique<HostCursor>(*database_, nullptr, HostCursor::kUnknownColumns);
  invoke(executing, functions().session_execute, session_, bridge::string(sql), bridge::cells(parameters.data()),
         std::uint64_t{parameters.size()}, cursor->opened());
  if (*cursor->opened() == nullptr) throw_broken(executing, "gave no cursor and no error");
  return cursor;
}

bool HostSession::alive() noexcept {
  if (functions().session_alive == nullptr) return true;
  std::int32_t alive = 0;
  return invoke_quietly(database_->call("session_alive"), [&] { alive = functions().session_alive(session_); }) &&
         alive != 0;
}

void HostSession::ping() {
  if (functions().session_ping == nullptr) return;
  invoke(database_->call("session_ping"), functions().session_ping, session_);
}

void HostSession::batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected) {
  const Call batching = database_->call("session_batch");
  if (affected.size() < items.size()) throw_error(ErrorCode::programming, "a batch with too few places for its counts");
  for (const BatchItem& item : items) {
    if (item.table == nullptr) throw_error(ErrorCode::programming, "a batch names no table");
    if (!item.rows.returning.empty()) throw_error(ErrorCode::programming, "a batch returns no rows");
  }
  if (!database_->capabilities().has(Capability::batch)) return batch_one_by_one(items, affected);
  std::deque<LeavingUpdate> updates; // whose elements stay where they are
  std::vector<tenon_write> writes(items.size());
  std::vector<tenon_batch_item> leaving_items;
  leaving_items.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const BatchItem& item = items[i];
    tenon_batch_item leaves{};
    leaves.struct_size = sizeof leaves;
    leaves.kind = static_cast<std::uint32_t>(item.kind);
    leaves.repository = handle_of(*item.table);
    if (item.kind == BatchKind::insert || item.kind == BatchKind::upsert) {
      writes[i] = leaving(item.rows);
      leaves.write = &writes[i];
    } else {
      if (!item.update.filter.sources.empty()) database_->require(Capability::joins);
      check_letters(*database_, item.update.filter.nodes);
      check_letters(*database_, item.update.expressions);
      leaves.update = updates.emplace_back(*this, item.update).get();
    }
    leaves.update_columns = item.update_columns.data();
    leaves.update_count = item.update_columns.size();
    leaves.key = item.key;
    leaving_items.push_back(leaves);
  }
  invoke(batching, functions().session_batch, session_, leaving_items.data(), std::uint64_t{leaving_items.size()},
         static_cast<std::uint32_t>(sizeof(tenon_batch_item)), affected.data());
}

/// Within a transaction or a savepoint of its own, where the backend has them.
void HostSession::batch_one_by_one(std::span<const BatchItem> items, std::span<std::uint64_t> affected) {
  const auto run = [&] {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const BatchItem& item = items[i];
      IRepository& repository = opened(*item.table);
      switch (item.kind) {
        case BatchKind::insert:
          repository.insert(item.rows);
          affected[i] = item.rows.rows;
          break;
        case BatchKind::upsert:
          repository.upsert(item.rows, item.key, item.update_columns);
          affected[i] = item.rows.rows;
          break;
        case BatchKind::update: affected[i] = repository.update(item.update); break;
        case BatchKind::remove: affected[i] = repository.remove(item.update.filter); break;
        default: throw_error(ErrorCode::not_supported, "a batch with an unknown kind of write");
      }
    }
  };
  const Capabilities capabilities = database_->capabilities();
  if (!in_transaction_ && capabilities.has(Capability::transactions)) {
    begin({.write_intent = true});
    try {
      run();
      commit();
    } catch (...) {
      try {
        if (in_transaction_) rollback();
      } catch (...) { // the first error is the one to tell; the session shows by itself what became of it
      }
      throw;
    }
    return;
  }
  if (!in_transaction_ || !capabilities.has(Capability::savepoints)) return run();
  const std::uint32_t number = savepoints_ + 1;
  savepoint(SavepointAction::create, number);
  try {
    run();
  } catch (...) {
    try {
      savepoint(SavepointAction::rollback, number);
      savepoint(SavepointAction::release, number);
    } catch (...) { // as above
    }
    throw;
  }
  savepoint(SavepointAction::release, number);
}

void HostSession::set_deadline(Deadline deadline) {
  invoke(database_->call("session_set_deadline"), functions().session_set_deadline, session_,
         bridge::deadline(deadline));
}

void HostSession::cancel() noexcept {
  invoke_quietly(database_->call("session_cancel"), functions().session_cancel, session_);
}

} // namespace tenon::host
