#pragma once
// ISession: one connection to a database. Implemented by backends (through the SDK), pooled and driven by core.
// Threads: one thread at a time; only cancel() may be called from another one.

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <tenon/interface/cell.hpp>
#include <tenon/interface/repository.hpp>
#include <tenon/interface/table.hpp>

namespace tenon {

using Clock = std::chrono::steady_clock;
/// A point in time by which a call has to be back; Deadline::max() is none.
using Deadline = Clock::time_point;

enum class Isolation : std::uint32_t { backend_default = 0, read_committed = 1, repeatable_read = 2, serializable = 3 };

struct TransactionOptions {
  Isolation isolation = Isolation::backend_default;
  bool read_only = false;
  bool write_intent = false; ///< it will write: a backend with one writer takes its turn now instead of failing later
};

enum class SavepointAction : std::uint32_t { create = 1, release = 2, rollback = 3 };

class ISession {
public:
  /// Destroying a session with an open transaction rolls it back.
  virtual ~ISession() = default;

  /// Returns the repository of a table, opened at the first call and the same one afterwards: the session owns it, and
  /// `table` must outlive the session.
  /// Errors: none for a table that is missing; the first statement says so.
  virtual IRepository& repository(const TableDesc& table) = 0;

  /// Without a transaction each call commits by itself.
  /// Errors: ProgrammingError if one is open. Capability: transactions.
  virtual void begin(const TransactionOptions& options) = 0;
  /// Errors: CommitUnknown if the answer was lost; otherwise the transaction is rolled back and the error says why.
  virtual void commit() = 0;
  /// Puts the session back to the state it had when opened: undoes what is open, ends cursors, clears the deadline.
  /// Harmless without a transaction; looks at the connection itself, whatever its caller's own SQL began. The pool
  /// calls it when a session comes back. Errors: ConnectionError and its kin if the session cannot be used again.
  virtual void rollback() = 0;
  /// Savepoint `number` (1 is the outermost): sets it, forgets it, or undoes what came after it and keeps it.
  /// Requires an open transaction. Capability: savepoints.
  virtual void savepoint(SavepointAction action, std::uint32_t number) = 0;

  /// Creates the tables with keys, foreign keys and indexes, in the order given, each only if it is not there.
  /// Capability: create_tables.
  virtual void create_tables(std::span<const TableDesc* const> tables) = 0;

  /// Runs one statement of the backend's own SQL with bound parameters. Capability: sql.
  /// Errors: ProgrammingError for bad SQL, a wrong number of parameters, or what would move the transaction (COMMIT).
  [[nodiscard]] virtual std::unique_ptr<ICursor> execute(std::string_view sql, std::span<const Cell> parameters) = 0;

  /// Several writes, in order and in as few round trips as the backend can: all or none of them, outside of a
  /// transaction too. `affected` gets the number of rows for each. Requires one place in `affected` for each item.
  /// Errors: the first one's; then nothing was written, and an open transaction is as after any failed call.
  /// Capability: batch; without it the host runs the items one by one.
  virtual void batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected) = 0;

  /// A look at the connection without a round trip: false if it is known to be gone.
  [[nodiscard]] virtual bool alive() noexcept = 0;
  /// A round trip to the database. Errors: ConnectionError, TimeoutError.
  virtual void ping() = 0;

  /// From now on calls end with TimeoutError once `deadline` has passed. Capability: deadlines.
  virtual void set_deadline(Deadline deadline) = 0;
  /// Asks the running call to end with Cancelled; harmless if none runs. Threads: any. Capability: cancel.
  virtual void cancel() noexcept = 0;
};

} // namespace tenon
