#pragma once
// Connection: statements over one libpq connection, each within the session's deadline and cancellable. Used by the
// session, its repositories and cursors. Threads: one at a time; canceller().request() from any.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/interface/rough_clock.hpp>
#include <tenon/interface/session.hpp>

#include "backstop.hpp"
#include "canceller.hpp"
#include "errors.hpp"
#include "link.hpp"
#include "results.hpp"
#include "settings.hpp"
#include "values.hpp"
#include "waiter.hpp"

namespace tenon::postgresql {

/// How long after its deadline a call waits for the answer to its own cancel, or to COMMIT or ROLLBACK.
inline constexpr std::chrono::milliseconds kGrace{200};

class Connection;

/// One statement, prepared at its first run under a name of its own; forgotten by the server when it is destroyed.
/// Invariant: every run has parameters of the same types. Lifetime: not beyond its connection.
class Statement {
public:
  explicit Statement(std::string sql) : sql_(std::move(sql)) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  [[nodiscard]] const std::string& sql() const noexcept { return sql_; }
  /// Which of its connection's preparations it is of: another number whenever it was prepared anew, 0 if it is not
  /// prepared.
  [[nodiscard]] std::uint64_t preparation() const noexcept { return owner_ == nullptr ? 0 : preparation_; }

private:
  friend class Connection;
  void forget() noexcept;

  std::string sql_;
  std::string name_;
  Connection* owner_ = nullptr; ///< set while the server knows `name_`
  std::uint64_t generation_ = 0;
  std::uint64_t preparation_ = 0;
};

/// What a statement is, for errors.
struct Work {
  std::string_view summary; ///< "insert into users"
  const TableDesc* table = nullptr;
  bool writes = true; ///< or may do so, as the caller's own SQL
};

enum class TransactionState { none, open, failed };

class Connection {
public:
  /// Errors: as Link::open.
  Connection(const Settings& settings, HostMemory& memory, Deadline deadline);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Text without parameters, by the simple protocol.
  void command(const std::string& sql, const Work& work);
  /// BEGIN, which waits for the first statement of its transaction and travels with it; what is wrong with it is an
  /// error of that statement. Remembers whether it only reads, which decides what 25006 means.
  void begin(const std::string& sql, bool read_only);
  /// COMMIT. Returns false if the server answered ROLLBACK. Errors: CommitUnknown if the answer did not come;
  /// ProgrammingError if the transaction has ended already.
  [[nodiscard]] bool commit();
  /// Runs `body` in a transaction that body itself commits; what it throws undoes the transaction.
  template <class Body> decltype(auto) in_own_transaction(Body&& body) {
    begin("BEGIN", false);
    try {
      return std::forward<Body>(body)();
    } catch (const Error&) {
      undo_own_transaction();
      throw;
    }
  }
  /// ROLLBACK or ROLLBACK TO: has a little time even when the deadline has passed.
  void undo(const std::string& sql, const Work& work);

  /// One statement of run_piped.
  struct Queued {
    Statement* statement = nullptr;
    const Parameters* parameters = nullptr; ///< read before the next one is asked for
    Work work;
  };
  using Queue = std::function<Queued(std::size_t)>;
  using Take = std::function<void(std::size_t, pg_result*)>;
  enum class Ends { open, committed };
  /// Runs `count` statements in order and in few round trips; `queue` gives each, `take` gets the results. Requires an
  /// open transaction, which COMMIT ends in the same round trip where `ends` says so: a failure leaves what came before
  /// it to that. Errors: the first failure; what `queue` throws; CommitUnknown if the answer to a COMMIT was lost.
  void run_piped(std::size_t count, const Queue& queue, const Take& take, const Work& work, Ends ends);

  /// COPY … FROM STDIN with all its data. All of it or nothing is stored.
  void copy_in(const std::string& sql, std::string_view data, const Work& work);
  /// As 150004 for 15.4.
  [[nodiscard]] int server_version() const noexcept;
  /// False for servers that speak PostgreSQL's protocol and have another COPY.
  [[nodiscard]] bool has_binary_copy() const noexcept;
  /// Then nothing else can be asked.
  [[nodiscard]] bool in_pipeline() const noexcept;

  /// Binary rows of a prepared statement (or of its text alone behind a transaction pooler).
  [[nodiscard]] Result run(Statement& statement, const Parameters& parameters, const Work& work);
  /// As run, but the rows come one by one from next_row(). Returns the first result: a row, or the end without rows.
  [[nodiscard]] Result start_rows(Statement& statement, const Parameters& parameters, const Work& work);
  /// The same two for a text that runs once. Errors: NotSupported for COPY, which costs the connection.
  [[nodiscard]] Result run(const std::string& sql, const Parameters& parameters, const Work& work);
  [[nodiscard]] Result start_rows(const std::string& sql, const Parameters& parameters, const Work& work);
  /// A DECLARE of a cursor and its first FETCH, in one round trip. Requires an open transaction.
  /// Returns what was fetched.
  [[nodiscard]] Result declare(const std::string& sql, const Parameters& parameters, const std::string& fetch,
                               const Work& work);
  /// Returns null behind the last row.
  [[nodiscard]] Result next_row(const Work& work);
  /// Ends what start_rows began before its end: by reading on until the deadline, or with a cancel at once if that
  /// fails no transaction. A connection that cannot be brought back in time is marked broken.
  void abandon_rows(bool may_cancel) noexcept;

  [[nodiscard]] TransactionState transaction() const noexcept;
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  /// Whoever looks at it next discards it.
  void mark_broken() noexcept { broken_ = true; }
  /// A look at the socket, without a round trip.
  [[nodiscard]] bool alive() noexcept;

  void set_deadline(Deadline deadline) noexcept { deadline_ = deadline; }
  [[nodiscard]] bool is_late() const noexcept { return has_passed(deadline_); }
  [[nodiscard]] Canceller& canceller() noexcept { return canceller_; }
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }

private:
  friend class Statement;
  /// One exchange with the server, as far as its end depends on it.
  struct Exchange {
    Phase phase{};
    Work work;
    Deadline limit;
    bool begins = false;
    bool cancel_sent = false;
    bool ignores_cancel = false;
  };

  [[nodiscard]] Exchange start(const Work& work, bool ignores_cancel = false);
  /// What is known without a look at the socket.
  [[nodiscard]] bool usable() const noexcept;
  /// Sends what a PQsend… function has `accepted`.
  void send(Exchange& exchange, int accepted);
  [[nodiscard]] Result receive(Exchange& exchange);
  [[nodiscard]] Result finish(Exchange& exchange);
  [[nodiscard]] bool wait(Exchange& exchange, short events);
  void send_statement(Exchange& exchange, Statement& statement, const Parameters& parameters);
  /// Returns null, or the failure.
  [[nodiscard]] Result prepare(Exchange& exchange, Statement& statement, const Parameters& parameters,
                               const Work& work);
  [[nodiscard]] int queue_statement(Statement& statement, const Parameters& parameters);
  [[nodiscard]] int queue_begin();
  void send_begin();
  void run_begin(const std::string& sql);
  [[nodiscard]] bool knows(const Statement& statement) const noexcept;
  void adopt(Statement& statement, std::string name) noexcept;
  [[nodiscard]] Result next_piped(Exchange& exchange);
  void leave_pipeline(Exchange& exchange);
  /// The waiting BEGIN and the statement in one round trip. Requires both to be there.
  [[nodiscard]] Result run_beginning(Exchange& exchange, Statement& statement, const Parameters& parameters);
  void send_copy(Exchange& exchange, std::string_view data);
  void send_text(Exchange& exchange, const std::string& sql, const Parameters& parameters);
  [[nodiscard]] Result first_row(Exchange& exchange);
  void drain_rows();
  void prepare_for_rows();
  void forget_transaction() noexcept;
  void undo_own_transaction();
  template <class Run> Result with_fresh_statement(Statement& statement, const Work& work, Run&& run);
  /// Has the server forget what is retired, for the sake of `work`.
  void drop_retired(const Work& work);
  void forget_statements() noexcept;
  void settle(Exchange& exchange);
  [[nodiscard]] Circumstances circumstances(const Exchange& exchange) const;
  [[noreturn]] void fail(const Exchange& exchange, Failure failure);
  [[noreturn]] void fail_stale(const Exchange& exchange, const Failure& failure, const Work& work);
  [[noreturn]] void fail_lost(const Exchange& exchange);
  [[noreturn]] void give_up(const Exchange& exchange);
  static void on_notice(void* self, const pg_result* notice) noexcept;

  bool named_statements_;
  Link link_;
  pg_conn* handle_;
  bool numbers_transactions_; ///< write transactions learn by what they can be asked about later
  std::string endpoint_;      ///< of the one host that it is
  Canceller canceller_;
  Waiter waiter_;
  Deadline deadline_ = Deadline::max();
  bool broken_ = false;
  bool read_only_ = false;
  Backstop backstop_;
  std::string begin_;         ///< a BEGIN that waits for the first statement; empty: none does
  bool begin_failed_ = false; ///< BEGIN, or what came before it could go out, was refused: only a rollback is accepted
  std::string transaction_;   ///< what the server calls the open one, for resolve(); empty: not known, or none is open
  std::string farewell_;      ///< the SQLSTATE of a FATAL that the server sent while nothing was asked of it
  Exchange rows_{};           ///< of the rows that are being read
  std::uint64_t generation_ = 1; ///< of prepared statements: raised when the server has forgotten them
  std::uint64_t names_ = 0;
  std::vector<std::string> retired_; ///< names that the server may forget
};

} // namespace tenon::postgresql
