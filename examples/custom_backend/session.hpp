#pragma once
// Session and Cursor: one unit of work at a time on the shared database. Made by the backend.
// Threads: one at a time.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tenon/interface/session.hpp>

#include "database.hpp"

namespace memory_map {

class Repository;

class Session final : public tenon::ISession {
public:
  explicit Session(std::shared_ptr<Database> database);
  ~Session() override;

  tenon::IRepository& repository(const tenon::TableDesc& table) override;
  void begin(const tenon::TransactionOptions& options) override;
  void commit() override;
  void rollback() override;
  void savepoint(tenon::SavepointAction action, std::uint32_t number) override;
  void create_tables(std::span<const tenon::TableDesc* const> tables) override;
  std::unique_ptr<tenon::ICursor> execute(std::string_view sql, std::span<const tenon::Cell> parameters) override;
  bool alive() noexcept override { return true; }
  void ping() override { in_time(); }
  void batch(std::span<const tenon::BatchItem> items, std::span<std::uint64_t> affected) override;
  void set_deadline(tenon::Deadline deadline) override { deadline_ = deadline; }
  void cancel() noexcept override {}

  /// Runs `work` with the open transaction, or with one of its own that is committed behind it. What a failing `work`
  /// has changed is undone.
  template <class Work> auto run(bool writes, Work&& work) {
    in_time();
    if (transaction_) return in_statement(*transaction_, work);
    Transaction own(*database_, {.write_intent = writes}, deadline_);
    auto result = work(own);
    own.commit();
    return result;
  }
  /// Errors: TimeoutError if the deadline has passed.
  void in_time() const;
  [[nodiscard]] tenon::Deadline deadline() const noexcept { return deadline_; }
  /// Changes when a transaction ends, and its cursors with it.
  [[nodiscard]] std::shared_ptr<const std::uint64_t> epoch() const noexcept { return epoch_; }

private:
  template <class Work> static auto in_statement(Transaction& transaction, Work&& work) {
    const std::size_t mark = transaction.mark();
    try {
      return work(transaction);
    } catch (...) {
      transaction.undo(mark);
      throw;
    }
  }
  void end() noexcept;

  std::shared_ptr<Database> database_;
  std::optional<Transaction> transaction_;
  std::vector<std::size_t> savepoints_;
  std::map<const tenon::TableDesc*, std::unique_ptr<Repository>> repositories_;
  tenon::Deadline deadline_ = tenon::Deadline::max();
  std::shared_ptr<std::uint64_t> epoch_ = std::make_shared<std::uint64_t>(0);
};

} // namespace memory_map
