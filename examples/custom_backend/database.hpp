#pragma once
// Database: the tables that all sessions of one backend share, and Transaction: one session's view of them.
//
// A transaction reads the state that was committed when it began. The first time it writes to a table it takes its turn
// as the one writer and gets a copy of that table; commit puts its copies in the place of the originals. So readers
// never wait, nobody sees half of anything, and rollback is forgetting. What the copies cost makes this a backend for
// small data, such as that of tests.

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <tenon/interface/session.hpp>

#include "table.hpp"

namespace memory_map {

using Tables = std::map<std::string, std::shared_ptr<const Table>, std::less<>>;

/// Threads: any.
class Database {
public:
  [[nodiscard]] std::shared_ptr<const Tables> committed() const;

  /// Waits until no other transaction writes. Errors: TimeoutError at the deadline.
  void take_turn(tenon::Deadline deadline);
  void end_turn() noexcept;
  /// Requires the turn.
  void publish(std::shared_ptr<const Tables> tables) noexcept;

private:
  mutable std::mutex mutex_;
  std::condition_variable turn_ended_;
  bool writing_ = false;
  std::shared_ptr<const Tables> committed_ = std::make_shared<const Tables>();
};

/// Threads: one at a time.
class Transaction {
public:
  /// Errors: TimeoutError, if it will write and another one does.
  Transaction(Database& database, const tenon::TransactionOptions& options, tenon::Deadline deadline);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  /// Rolls back.
  ~Transaction();

  /// Errors: ProgrammingError if there is no such table, or it is described otherwise.
  [[nodiscard]] const Table& table(const tenon::TableDesc& described) const;
  /// The same, to be written to. Errors: ReadOnly; TimeoutError; SerializationFailure, retryable, if somebody else has
  /// written since this transaction began. Lifetime: of the transaction.
  [[nodiscard]] Table& writable(const tenon::TableDesc& described, tenon::Deadline deadline);
  void create(const tenon::TableDesc& described, tenon::Deadline deadline);

  /// Changes that can be undone. Errors: as Table::add. Requires a table from writable().
  void add(Table& table, const RowPtr& row);
  void erase(Table& table, const RowPtr& row);
  /// A moment to which undo() can go back.
  [[nodiscard]] std::size_t mark() const noexcept { return changes_.size(); }
  void undo(std::size_t mark);

  void commit();

private:
  struct Change {
    Table* table; // nullptr: the creation of a table
    RowPtr row;
    bool added;
    std::string created;
  };
  void prepare_to_write(tenon::Deadline deadline);

  Database& database_;
  bool read_only_;
  bool has_turn_ = false;
  std::shared_ptr<const Tables> begun_with_;
  Tables tables_;
  std::map<std::string, std::shared_ptr<Table>, std::less<>> copies_; // those of tables_ that are ours to change
  std::vector<Change> changes_;
};

} // namespace memory_map
