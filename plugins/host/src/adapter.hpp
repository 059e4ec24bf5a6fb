#pragma once
// The interfaces of core over a plugin's table of C functions. Made by open_backend; core's layers call it.
// Threads: as the interfaces: HostBackend from any thread; a session, with its repositories and cursors, from one at a
// time, but for cancel().

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/host/registry.hpp>
#include <tenon/interface/backend.hpp>
#include <tenon/tenon_abi.h>

#include "call.hpp"

namespace tenon::host {

/// An open tenon_database; shared by the backend and its sessions, because it must be closed behind the last of them.
class Database {
public:
  /// Errors: as database_open.
  Database(const Plugin& plugin, Options options);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  [[nodiscard]] const tenon_backend_v1& functions() const noexcept { return functions_; }
  [[nodiscard]] const BackendInfo& info() const noexcept { return plugin_.info(); }
  [[nodiscard]] Capabilities capabilities() const noexcept { return capabilities_; }
  [[nodiscard]] tenon_database* get() const noexcept { return database_; }
  /// Errors: NotSupported.
  void require(Capability capability) const {
    if (!capabilities_.has(capability)) throw_unclaimed(info(), capability);
  }
  [[nodiscard]] Call call(const char* function, const TableDesc* table = nullptr) const noexcept {
    return {plugin_.info(), function, table};
  }

private:
  const Plugin& plugin_;
  tenon_backend_v1 functions_; // with stubs for what this database cannot do
  Capabilities capabilities_;
  tenon_database* database_ = nullptr;
};

/// A plugin may take a fold of letters that it does not know for the one that it knows. Errors: NotSupported.
inline void check_letters(const Database& database, std::span<const Node> nodes) {
  if (database.capabilities().has(Capability::unicode_case)) return;
  for (const Node& node : nodes) {
    if (node.kind == NodeKind::fold && node.flags != 0) database.require(Capability::unicode_case);
  }
}

/// Errors: NotSupported for a table with arrays where they are not claimed.
inline void check_arrays(const Database& database, const TableDesc& table) {
  for (const ColumnDesc& column : table.columns) {
    if (column.type == CellType::array) database.require(Capability::arrays);
  }
}

class HostBackend final : public IBackend {
public:
  explicit HostBackend(std::shared_ptr<const Database> database) : database_(std::move(database)) {}

  [[nodiscard]] const BackendInfo& info() const noexcept override { return database_->info(); }
  [[nodiscard]] Capabilities capabilities() const noexcept override { return database_->capabilities(); }
  [[nodiscard]] std::string endpoint() const override;
  [[nodiscard]] std::unique_ptr<ISession> connect(Deadline deadline) override;
  [[nodiscard]] Outcome resolve(std::string_view transaction, Deadline deadline) override;

private:
  std::shared_ptr<const Database> database_;
};

class HostCursor final : public ICursor {
public:
  /// For statements of the backend's own SQL, whose columns nobody knows beforehand.
  static constexpr std::uint64_t kUnknownColumns = UINT64_MAX;

  /// Made before the plugin's cursor is, which a call then stores in opened(): so it is closed whatever happens.
  HostCursor(const Database& database, const TableDesc* table, std::uint64_t columns) noexcept
      : database_(database), table_(table), columns_(columns) {}
  HostCursor(const HostCursor&) = delete;
  HostCursor& operator=(const HostCursor&) = delete;
  ~HostCursor() override;

  [[nodiscard]] tenon_cursor** opened() noexcept { return &cursor_; }
  bool next(RowBatch& batch) override;

private:
  const Database& database_; // kept alive by the session, which outlives its cursors
  const TableDesc* table_;
  std::uint64_t columns_;
  tenon_cursor* cursor_ = nullptr;
};

class HostSession;

class HostRepository final : public IRepository {
public:
  /// Errors: as repository_open; NotSupported for a table with arrays where they are not claimed.
  HostRepository(HostSession& owner, tenon_session* session, const TableDesc& table);
  HostRepository(const HostRepository&) = delete;
  HostRepository& operator=(const HostRepository&) = delete;

  [[nodiscard]] const TableDesc& table() const noexcept override { return table_; }
  RowBatch insert(const WriteRows& rows) override;
  RowBatch upsert(const WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) override;
  RowBatch find(std::uint32_t key, std::span<const Cell> values) override;
  [[nodiscard]] std::unique_ptr<ICursor> select(const Query& query) override;
  std::uint64_t update(const Update& update) override;
  std::uint64_t remove(const Filter& filter) override;
  [[nodiscard]] std::uint64_t count(const Filter& filter) override;
  [[nodiscard]] bool exists(const Filter& filter) override;
  [[nodiscard]] RowBatch explain(const Query& query) override;

  [[nodiscard]] tenon_repository* handle() const noexcept { return repository_; }

private:
  /// What the plugin need not look for: features of a query that it does not claim are refused here.
  void check_claims(const Filter& filter) const;
  void check_claims(const Query& query) const;
  void check_claims(const Update& update) const;
  [[nodiscard]] Call call(const char* function) const noexcept { return database_.call(function, &table_); }
  [[nodiscard]] RowBatch returned(const char* function, const tenon_rows& rows, const WriteRows& written) const;
  void open_cursor(const Query& query, HostCursor& cursor);
  /// One column, the first of the primary key, for reads that only count.
  [[nodiscard]] Output narrow_output() const noexcept;

  HostSession& owner_;
  const Database& database_; // kept alive by the session
  const TableDesc& table_;
  tenon_repository* repository_ = nullptr; // closed with its session
};

class HostSession final : public ISession {
public:
  /// Errors: as session_open.
  HostSession(std::shared_ptr<const Database> database, Deadline deadline);
  HostSession(const HostSession&) = delete;
  HostSession& operator=(const HostSession&) = delete;
  ~HostSession() override;

  IRepository& repository(const TableDesc& table) override;
  void begin(const TransactionOptions& options) override;
  void commit() override;
  void rollback() override;
  void savepoint(SavepointAction action, std::uint32_t number) override;
  void create_tables(std::span<const TableDesc* const> tables) override;
  [[nodiscard]] std::unique_ptr<ICursor> execute(std::string_view sql, std::span<const Cell> parameters) override;
  [[nodiscard]] bool alive() noexcept override;
  void ping() override;
  void batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected) override;
  void set_deadline(Deadline deadline) override;
  void cancel() noexcept override;

  [[nodiscard]] const Database& database() const noexcept { return *database_; }
  /// The plugin's repository of a table, opened if it is not yet. Errors: as repository_open.
  [[nodiscard]] tenon_repository* handle_of(const TableDesc& table) { return opened(table).handle(); }

private:
  HostRepository& opened(const TableDesc& table);
  void batch_one_by_one(std::span<const BatchItem> items, std::span<std::uint64_t> affected);
  [[nodiscard]] const tenon_backend_v1& functions() const noexcept { return database_->functions(); }

  std::shared_ptr<const Database> database_;
  tenon_session* session_ = nullptr;
  std::vector<std::unique_ptr<HostRepository>> repositories_;
  HostRepository* last_used_ = nullptr;
  bool in_transaction_ = false;
  std::uint32_t savepoints_ = 0; ///< that are set
};

} // namespace tenon::host
