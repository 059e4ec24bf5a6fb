#pragma once
// Store: an open backend with its pool and settings. Made by tenon::open from configuration, or over any IBackend.
// Threads: every method from any thread. Lifetime: closing waits for nothing; sessions that are still out keep what
// they need alive.

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/assert/source_location.hpp>

#include <tenon/core/pool_figures.hpp>
#include <tenon/core/session.hpp>
#include <tenon/core/settings.hpp>
#include <tenon/core/table.hpp>
#include <tenon/interface/backend.hpp>

namespace tenon {

namespace detail {

/// A reference to a callable for the length of a call; no heap.
class Work {
public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Work>) Work(F& f)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Session& session) { (*static_cast<F*>(object))(session); }) {}
  void operator()(Session& session) const { call_(object_, session); }

private:
  void* object_;
  void (*call_)(void*, Session&);
};

} // namespace detail

class TENON_VISIBLE Store {
public:
  /// Opens nothing yet: the first checkout does, or min_idle.
  Store(std::shared_ptr<IBackend> backend, const StoreSettings& settings);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  /// A unit of work that rolls back unless committed. `where` is the place that reports of leaks name.
  /// Errors: ProgrammingError for options that exclude each other; else only those of its statements, the checkout
  /// included: PoolTimeout, ConnectionError and kin.
  [[nodiscard]] Session session(const SessionOptions& options = {},
                                const boost::source_location& where = BOOST_CURRENT_LOCATION);

  /// The same for options that know of transactions only.
  template <std::same_as<TransactionOptions> Options>
  [[nodiscard]] Session session(const Options& options, const boost::source_location& where = BOOST_CURRENT_LOCATION) {
    return session(SessionOptions{options.isolation, options.read_only, options.write_intent}, where);
  }

  /// Runs `work` with a session, commits when it returns and rolls back when it throws. Returns what `work` returns.
  ///
  /// Runs `work` again as a whole, in a new transaction and after a random pause, if nothing was committed and the
  /// error is worth it: a serialization failure, a deadlock, a connection lost before COMMIT was sent, a server that
  /// accepts only reads although the work may write (settings.retry.attempts runs in all); or no connection could be
  /// had (as long as settings.pool.timeout, without counting). All of it ends by the options' deadline. So `work` must
  /// do nothing outside the session that may not happen twice. Exceptions that are no tenon::Error are never retried.
  ///
  /// A lost answer to COMMIT is CommitUnknown and never retried, unless the database can be asked (capability
  /// resolve_commit): then committed work is success, and work that was rolled back may run again.
  ///
  /// It announces that it will write, so that a backend with one writer takes its turn at the start; say
  /// {.read_only = true} where it does not.
  /// Errors: the last one of `work` or of its commit; Cancelled once a stop is requested; ProgrammingError for
  /// options with autocommit.
  template <class F>
  auto transaction(F&& work, const boost::source_location& where = BOOST_CURRENT_LOCATION)
      -> std::invoke_result_t<F, Session&> {
    return transaction(SessionOptions{}, std::forward<F>(work), where);
  }
  template <class F>
  auto transaction(SessionOptions options, F&& work, const boost::source_location& where = BOOST_CURRENT_LOCATION)
      -> std::invoke_result_t<F, Session&> {
    using Result = std::invoke_result_t<F, Session&>;
    if (!options.read_only) options.write_intent = true;
    if constexpr (std::is_void_v<Result>) {
      run(options, detail::Work(work), where);
    } else {
      std::optional<Result> result;
      auto keep = [&](Session& session) { result.emplace(work(session)); };
      run(options, detail::Work(keep), where);
      return std::move(*result);
    }
  }

  template <std::same_as<TransactionOptions> Options, class F>
  auto transaction(const Options& options, F&& work, const boost::source_location& where = BOOST_CURRENT_LOCATION)
      -> std::invoke_result_t<F, Session&> {
    return transaction(SessionOptions{options.isolation, options.read_only, options.write_intent},
                       std::forward<F>(work), where);
  }

  /// Creates the models' tables that are not there, referenced ones first. Existing tables are left as they are.
  template <class... Models> void create_tables() {
    const TableDesc* tables[] = {&described<Models>()...};
    create_tables(std::span<const TableDesc* const>(tables));
  }
  /// The same for descriptions made otherwise, which must outlive the store.
  void create_tables(std::span<const TableDesc* const> tables);

  /// A filter of every session that is made from now on, as Session::set_filter, which may replace it there.
  template <class T>
  void set_filter(std::string_view name, const Predicate<T>& condition, FilterWrites writes = FilterWrites::check) {
    set_filter({&described<T>(), std::string(name), condition.tree(), writes == FilterWrites::check});
  }

  [[nodiscard]] Capabilities capabilities() const noexcept;
  [[nodiscard]] const BackendInfo& backend() const noexcept;
  /// Where it connects to, for messages; never a secret.
  [[nodiscard]] std::string endpoint() const;
  [[nodiscard]] PoolFigures figures() const;
  [[nodiscard]] const StoreSettings& settings() const noexcept;

  /// What became of the transaction that `error` is about, asked within the call timeout over a connection of its own,
  /// which takes a place of the pool's. unknown if the error names none: the database does not have resolve_commit.
  /// Errors: ConnectionError and kin, TimeoutError, PoolTimeout: ask again later.
  [[nodiscard]] Outcome resolve(const CommitUnknown& error);

  /// A round trip on a pooled connection. Errors: as a checkout.
  void ping();

  /// Refuses new checkouts and closes idle connections; connections in use are closed when they come back. Waits for
  /// nothing but connections that are just being opened or closed, and for those a quarter of a second at most.
  void close() noexcept;
  /// Refuses new checkouts, waits until `limit` for sessions that are out, then cancels what they run and fails their
  /// further statements with ConnectionError. Returns whether every connection was closed, at the latest a quarter of a
  /// second behind `limit`. Must not be called by a thread that holds a session of this store: it would wait for
  /// itself.
  bool close(Deadline limit) noexcept;

private:
  void set_filter(detail::SessionFilter filter);
  void run(const SessionOptions& options, detail::Work work, const boost::source_location& where);
  std::shared_ptr<detail::StoreState> state_;
};

} // namespace tenon
