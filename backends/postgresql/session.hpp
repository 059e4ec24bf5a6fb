#pragma once
// Session: ISession over one PostgreSQL connection, with the state that its repositories and cursors share.
// Threads: one at a time; cancel() from any.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tenon/interface/session.hpp>
#include <tenon/sql/arena.hpp>

#include "connection.hpp"
#include "text_order.hpp"

namespace tenon::postgresql {

class Repository;

class Session final : public ISession {
public:
  /// Errors: as Link::open.
  Session(const Settings& settings, HostMemory& memory, Deadline deadline);
  ~Session() override;

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

  /// While it lives cancel() has something to cancel.
  class Running {
  public:
    explicit Running(Canceller& canceller) noexcept : canceller_(canceller) { canceller_.begin_call(); }
    ~Running() { canceller_.end_call(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    Canceller& canceller_;
  };

  /// Runs `body` as one call of the interface: what earlier calls left is ended, a failed transaction accepts nothing,
  /// and a failure is remembered. Errors: ProgrammingError if the transaction has failed.
  template <class Body> decltype(auto) call(const Work& work, Body&& body) {
    held_.clear();
    return read_on(work, std::forward<Body>(body));
  }
  /// The same for a cursor of the server: what the last call handed out stays.
  template <class Body> decltype(auto) read_on(const Work& work, Body&& body) {
    const Running running(connection_.canceller());
    enter(work);
    try {
      return std::forward<Body>(body)();
    } catch (const Error& error) {
      note(error.info());
      throw;
    }
  }

  [[nodiscard]] Connection& connection() noexcept { return connection_; }
  [[nodiscard]] Repository& stored(const TableDesc& table);
  [[nodiscard]] const sql::TextOrder& text_order() const noexcept { return text_order_; }
  [[nodiscard]] bool in_transaction() const noexcept { return in_transaction_; }
  /// Remembers what failed the transaction, if it did.
  void note(const ErrorInfo& error);
  /// From now on only a rollback is accepted: part of a call was carried out, the rest was not.
  void doom(const ErrorInfo& error);

  /// What a call hands out until the next one.
  struct Held {
    std::vector<Result> results;
    std::vector<Cell> cells; ///< room for them, of which a call says how many count
    sql::Arena arena;
    Parameters parameters;
    void clear() noexcept;
  };
  [[nodiscard]] Held& held() noexcept { return held_; }

  /// Rows that are read bit by bit belong to one cursor at a time. Returns the number that stands for them.
  [[nodiscard]] std::uint64_t own_rows() noexcept;
  [[nodiscard]] bool owns_rows(std::uint64_t number) const noexcept { return rows_ == number; }
  /// The cursor has read the last one, or is destroyed.
  void end_rows(std::uint64_t number) noexcept;
  /// Changes with every end of a transaction.
  [[nodiscard]] std::uint64_t era() const noexcept { return era_; }
  /// Changes with every savepoint that is undone, and with it the server's cursors that came after it.
  [[nodiscard]] std::uint64_t undone() const noexcept { return undone_; }
  /// A new name for a cursor of the server.
  [[nodiscard]] std::string cursor_name() { return "tenon_cursor_" + std::to_string(++cursors_); }

private:
  [[nodiscard]] Repository& writer(const BatchItem& item);
  void run_batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected, const Work& work,
                 Connection::Ends ends);
  [[nodiscard]] static std::size_t rows_alike(std::span<const BatchItem> items) noexcept;
  static void write_rows(Repository& repository, std::span<const BatchItem> items, std::span<std::uint64_t> affected);
  void enter(const Work& work);
  void end_open_rows() noexcept;
  void end_transaction() noexcept;
  void undo_transaction();

  Connection connection_; // destroyed last: statements refer to it
  CollationOrder text_order_{connection_};
  std::unordered_map<const TableDesc*, std::unique_ptr<Repository>> repositories_;
  Held held_;
  std::optional<ErrorInfo> first_error_; ///< of the open transaction
  bool in_transaction_ = false;          ///< begun by us and not ended, whatever became of the connection
  std::uint64_t era_ = 0;
  std::uint64_t undone_ = 0;
  std::uint64_t cursors_ = 0;
  std::uint64_t rows_ = 0; ///< of the open cursor; 0: none
  std::uint64_t last_rows_ = 0;
};

} // namespace tenon::postgresql
