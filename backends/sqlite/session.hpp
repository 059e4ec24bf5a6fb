#pragma once
// Session: one SQLite connection behind ISession. Made by the backend; repositories and cursors run their statements
// through it. Threads: one at a time; cancel() from any.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tenon/interface/fork_guard.hpp>
#include <tenon/interface/session.hpp>

#include "database.hpp"
#include "errors.hpp"
#include "statements.hpp"

namespace tenon::sqlite {

class Cursor;
class Repository;

enum class Access { read, write };

class Session final : public ISession {
public:
  /// Errors: as Database.
  Session(const Settings& settings, const std::string& name, Deadline deadline);
  ~Session() override;

  IRepository& repository(const TableDesc& table) override;
  void begin(const TransactionOptions& options) override;
  void commit() override;
  void rollback() override;
  void savepoint(SavepointAction action, std::uint32_t number) override;
  void create_tables(std::span<const TableDesc* const> tables) override;
  std::unique_ptr<ICursor> execute(std::string_view sql, std::span<const Cell> parameters) override;
  bool alive() noexcept override { return !broken_ && !altered_ && !made_.forked() && !database_.moved(); }
  void ping() override;
  void batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected) override;
  void set_deadline(Deadline deadline) override { database_.watch().set_deadline(deadline); }
  void cancel() noexcept override { database_.watch().cancel(); }

  // For repositories and cursors.

  [[nodiscard]] Repository& stored(const TableDesc& table);
  /// As start, for a select that locks rows: only a transaction that may write holds what satisfies it.
  /// Errors: as start; ProgrammingError without such a transaction.
  void start_locking(const Context& context);

  [[nodiscard]] sqlite3* handle() const noexcept { return database_.handle(); }
  [[nodiscard]] Watch& watch() noexcept { return database_.watch(); }
  /// A call begins: checks that it may, and opens a transaction that was announced. Ends the last call's result.
  /// Errors: ProgrammingError in a transaction that has failed; ReadOnly; TimeoutError; ConnectionError if the session
  /// is broken, or belongs to the process that forked this one.
  void start(Access access, const Context& context) {
    resume(context);
    enter(access, context);
  }
  /// The call goes on with another statement. Errors: TimeoutError, Cancelled.
  void go_on(const Context& context);
  /// As start, for a cursor that goes on.
  void resume(const Context& context);
  /// Errors: as the translation says; for SQL that is empty or more than one statement, ProgrammingError.
  [[nodiscard]] StatementPtr prepare(std::string_view sql, const Context& context, Prepared use);
  /// Returns true for a row, false at the end.
  bool step(Statement& statement, const Context& context);
  /// Runs one that is prepared until_altered and gives no rows. Returns false, with nothing done, if it has to be
  /// prepared anew.
  [[nodiscard]] bool runs(Statement& statement, const Context& context);
  /// A statement that finds rows goes on with the next find, until end_finders().
  void keep_open(Statement& finder) {
    open_finders_.push_back(&finder);
    finder.in_use = true;
  }
  /// Before anything but reading is done.
  void end_finders() noexcept;
  /// Another one since finders were ended last.
  [[nodiscard]] std::uint64_t turn() const noexcept { return turn_; }
  [[nodiscard]] bool in_transaction() const noexcept { return state_ == State::open; }
  /// As step, and appends the row to `rows`. Errors: also DataError, as read().
  bool fetch(Statement& statement, Rows& rows, const Context& context);
  /// Raises what SQLite has just reported.
  [[noreturn]] void fail(int code, const Context& context);
  void check(int code, const Context& context) {
    if (code != 0) fail(code, context);
  }
  [[nodiscard]] Rows& results() noexcept { return results_; }
  [[nodiscard]] BoundValues& bound() noexcept { return bound_; }
  void attach(Cursor& cursor) { cursors_.push_back(&cursor); }
  /// What a cursor keeps its parameters and rows in: memory that has grown already, where there is some.
  [[nodiscard]] std::unique_ptr<Buffers> take_buffers() {
    return spare_ != nullptr ? std::move(spare_) : std::make_unique<Buffers>();
  }
  void give_back(std::unique_ptr<Buffers> buffers) noexcept {
    constexpr std::size_t kMostKept = 16384; // cells: a session should not hold on to those of a large result
    if (buffers->rows.held() <= kMostKept) spare_ = std::move(buffers);
  }
  void detach(Cursor& cursor) noexcept;

  /// All statements in its life take effect, or none: a savepoint, or a transaction where none is open.
  class Group {
  public:
    Group(Session& session, const Context& context);
    ~Group();
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    void keep();

  private:
    Session& session_;
    const Context& context_;
    bool own_transaction_;
    bool open_ = true;
  };

private:
  enum class State {
    none,
    announced, ///< begun, but BEGIN waits for the first statement, which decides how it locks
    open,
    undone, ///< SQLite has rolled back by itself
  };
  enum Control : std::size_t { begin_deferred, begin_immediate, commit_work, rollback_work };

  void run_batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected);
  std::size_t run_updates(std::span<const BatchItem> items, std::span<std::uint64_t> affected);
  [[nodiscard]] static std::size_t rows_alike(std::span<const BatchItem> items) noexcept;
  void enter(Access access, const Context& context);
  void open_transaction(Access access, const Context& context);
  // Statements that move the transaction.
  void run(Control control, const Context& context);
  void run(const char* sql, const Context& context);
  void after_failure(const ErrorInfo& info);
  void end_cursors() noexcept;
  void forget_transaction() noexcept;
  void undo();

  Database database_;
  std::array<StatementPtr, 4> controls_;
  StatementPtr ping_;
  Rows results_;
  BoundValues bound_;
  std::unordered_map<const TableDesc*, std::unique_ptr<Repository>> repositories_;
  std::vector<Cursor*> cursors_;
  std::vector<Statement*> open_finders_;
  std::uint64_t turn_ = 1;
  std::unique_ptr<Buffers> spare_; ///< of the last cursor that ended

  State state_ = State::none;
  bool read_only_ = false;
  bool broken_ = false;
  bool altered_ = false;  ///< by a PRAGMA of the application's: not for the next user
  bool batching_ = false; ///< the writes of a batch are one call
  ForkGuard made_;
  std::vector<std::uint32_t> announced_savepoints_;
  std::optional<ErrorInfo> first_error_; // of the transaction: it can only be rolled back
};

} // namespace tenon::sqlite
