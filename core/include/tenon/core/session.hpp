#pragma once
// Session: one unit of work. Takes a connection from the store's pool with its first statement, begins a transaction
// there (unless it has autocommit), and gives the connection back at commit or rollback; the next statement starts the
// next transaction. Made by Store. Threads: one thread at a time. Lifetime: may outlive its Store object, but not
// Store::close.

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/filters.hpp>
#include <tenon/core/predicate.hpp>
#include <tenon/core/settings.hpp>
#include <tenon/interface/capabilities.hpp>
#include <tenon/interface/error.hpp>
#include <tenon/interface/session.hpp>

namespace tenon {

class Batch;
class SqlQuery;

namespace detail {
class RowStream;
class StoreState;
struct SessionState;
} // namespace detail

/// Whether a session's filter holds for what is written too.
enum class FilterWrites { check, leave };

/// How a unit of work runs: store.session({.read_only = true, .timeout = 2s}).
struct SessionOptions {
  Isolation isolation = Isolation::backend_default;
  bool read_only = false;
  /// It will write: a backend with one writer takes its turn at the start instead of failing later.
  bool write_intent = false;
  /// Each call is a transaction of its own, all or nothing, and permanent when it returns: one round trip instead of
  /// two, but for a batch with updates of values. commit() and rollback() only give the connection back, nested() is a
  /// ProgrammingError, and so are isolation and read_only beside this, and this in store.transaction. A writing call
  /// whose answer is lost is CommitUnknown; nothing runs again by itself. A failed call leaves the session as it was,
  /// unless its connection is lost.
  bool autocommit = false;
  /// Time for the whole from the moment it is made: waiting for connections, statements, commit, and in
  /// store.transaction all runs with the pauses between them. 0: each call has its own time only
  /// (StoreSettings::call_timeout).
  Duration timeout = Duration::zero();
  /// The same as a point in time. The sooner of the two counts.
  Deadline deadline = Deadline::max();
  /// Once a stop is requested the running call, a wait for a connection, a pause and whatever is called afterwards end
  /// with Cancelled; rollback() works. The request may come from any thread.
  std::stop_token stop = {};
};

class TENON_VISIBLE Session {
public:
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  /// Rolls back what is not committed. Never throws.
  ~Session();

  /// Makes the work permanent, gives the connection back, then runs the after-commit hooks.
  /// Errors: ProgrammingError, with the first error as its cause, if a statement failed before; CommitUnknown if the
  /// answer was lost or did not come by the deadline (Store::resolve may find out); what the database refuses at
  /// commit; Cancelled or TimeoutError if COMMIT was not sent. In every case the transaction is over, except after
  /// ProgrammingError.
  void commit();
  /// Undoes the work and gives the connection back. Never fails for a lost connection, nor past the deadline: the work
  /// is undone all the same. With autocommit there is nothing to undo.
  /// Errors: ProgrammingError inside of nested(); NotSupported without transactions, while the connection is of use.
  void rollback();

  /// Runs `work` in a savepoint: an error thrown inside undoes what `work` did, and nothing else, and is thrown on; the
  /// transaction lives on. Where that undoing fails, the connection is given up and only rollback() is accepted.
  /// Returns what `work` returns. Capability: savepoints.
  template <class Work> auto nested(Work&& work) -> std::invoke_result_t<Work> {
    const std::uint32_t number = open_savepoint();
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
        std::forward<Work>(work)();
        close_savepoint(number);
      } else {
        auto result = std::forward<Work>(work)();
        close_savepoint(number);
        return result;
      }
    } catch (...) {
      undo_savepoint(number);
      throw;
    }
  }

  /// Runs after a confirmed commit, when the connection is back in the pool; forgotten at rollback. An exception of a
  /// hook leaves commit() after all hooks have run, and changes nothing about the commit.
  void after_commit(std::function<void()> hook);

  /// Runs one statement in the backend's own SQL with bound parameters ($1, $2 … on PostgreSQL, ?1, ?2 … on SQLite).
  /// Returns the rows; the cells live until the next call of next(). The cursor must end before the session's next
  /// call. Capability: sql.
  [[nodiscard]] std::unique_ptr<ICursor> execute(std::string_view sql, std::span<const Cell> parameters = {});

  /// The same, typed: sql("select name, age from t where id = $1", 5).all<std::tuple<std::string, int>>().
  /// Lifetime: text and values must live until it is run. Capability: sql.
  template <class... Values> [[nodiscard]] SqlQuery sql(std::string_view text, const Values&... values);

  /// Writes to be sent together, in as few round trips as the backend can.
  [[nodiscard]] Batch batch();

  /// From now on every statement of this session on T has this condition: queries, counts, updates and removes, finding
  /// by key, joins, relations and conditions over them; in a query it is switched off by name, without_filter(name).
  /// Checked, rows that are outside of it are not written either: create, update and upsert of one are
  /// ProgrammingError, and so are an assignment to a column of it and an upsert whose key does not hold its columns.
  /// Parts that only a database can evaluate (other tables, JSON, arithmetic, Fold::unicode) are not checked: with them
  /// a create or an update may pass that should not, and an upsert is refused.
  /// Made for tenants: session.set_filter("tenant", col<&User::tenant_id> == id). Replaces one with the same name, one
  /// of the model's spec too.
  template <class T>
  void set_filter(std::string_view name, const Predicate<T>& condition, FilterWrites writes = FilterWrites::check) {
    set_filter({&described<T>(), std::string(name), condition.tree(), writes == FilterWrites::check});
  }
  /// Forgets what set_filter set; harmless if it is not there.
  template <class T> void clear_filter(std::string_view name) { clear_filter(described<T>(), name); }

  /// Ends the unit of work: the running call, or the wait for a connection, ends with Cancelled, and so does what
  /// follows until rollback(). Harmless if no transaction is open and nothing runs. Threads: any; the session must not
  /// be moved or destroyed meanwhile (SessionOptions::stop knows no such rule). Capability: cancel; without it the
  /// running call goes on and the next one is refused.
  void cancel() noexcept;

  /// From now on everything ends by `deadline`; Deadline::max() is none. Replaces that of the options.
  void set_deadline(Deadline deadline);
  [[nodiscard]] Deadline deadline() const noexcept;

  /// Whether a connection is in use: a transaction is open, or a call was made with autocommit.
  [[nodiscard]] bool active() const noexcept;
  /// As in SessionOptions.
  [[nodiscard]] bool autocommit() const noexcept;
  [[nodiscard]] Capabilities capabilities() const noexcept;
  /// How many statements this session has asked of the database: each call of a repository, and execute(). BEGIN,
  /// COMMIT, savepoints and the fetching of further rows do not count. For tests that forbid N + 1 queries.
  [[nodiscard]] std::uint64_t statements() const noexcept;

  /// For the typed front.
  [[nodiscard]] std::span<const detail::SessionFilter> filters() const noexcept;
  /// For the typed front and tools: calls `use` with the repository of a table, begins a transaction first if none is
  /// open, and notes a failure. `table` must outlive the store.
  template <class Use> decltype(auto) with(const TableDesc& table, Use&& use) {
    IRepository& repository = enter(table);
    try {
      return std::forward<Use>(use)(repository);
    } catch (const Error& error) {
      failed(error);
      throw;
    }
  }
  /// The same for what is asked of the connection itself.
  template <class Use> decltype(auto) with_connection(Use&& use) {
    ISession& connection = enter();
    try {
      return std::forward<Use>(use)(connection);
    } catch (const Error& error) {
      failed(error);
      throw;
    }
  }

private:
  friend class detail::RowStream;
  friend class detail::StoreState;
  explicit Session(std::unique_ptr<detail::SessionState> state) noexcept;

  [[nodiscard]] ISession& enter();
  [[nodiscard]] IRepository& enter(const TableDesc& table);
  void failed(const Error& error) noexcept;
  void set_filter(detail::SessionFilter filter);
  void clear_filter(const TableDesc& table, std::string_view name) noexcept;
  [[nodiscard]] std::uint32_t open_savepoint();
  void close_savepoint(std::uint32_t number);
  void undo_savepoint(std::uint32_t number) noexcept;

  std::unique_ptr<detail::SessionState> state_;
};

} // namespace tenon
