#pragma once
// Store: an open backend with its pool and settings. Made by tenon::open from configuration, or over any IBackend.
// Threads: every method from any thread. Lifetime: closing waits for nothing; sessions that are still out keep what
// they need alive.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
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
  /// Errors: only those of its statements, the checkout included: PoolTimeout, ConnectionError and kin.
  [[nodiscard]] Session session(TransactionOptions options = {},
                                const boost::source_location& where = BOOST_CURRENT_LOCATION);

  /// Runs `work` with a session, commits when it returns and rolls back when it throws; runs it again as a whole, after
  /// a random pause, if the error is retryable and nothing was committed (settings.retry). Returns what `work` returns.
  /// `work` must therefore do nothing outside the session that may not happen twice. It announces that it will write,
  /// so that a backend with one writer takes its turn at the start; say {.read_only = true} where it does not. Errors:
  /// the last one of `work`; CommitUnknown is never retried.
  template <class F>
  auto transaction(F&& work, const boost::source_location& where = BOOST_CURRENT_LOCATION)
      -> std::invoke_result_t<F, Session&> {
    return transaction({Isolation::backend_default, false, true}, std::forward<F>(work), where);
  }
  template <class F>
  auto transaction(TransactionOptions options, F&& work, const boost::source_location& where = BOOST_CURRENT_LOCATION)
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

  /// Creates the models' tables that are not there, referenced ones first. Existing tables are left as they are.
  template <class... Models> void create_tables() {
    const TableDesc* tables[] = {&described<Models>()...};
    create_tables(std::span<const TableDesc* const>(tables));
  }
  /// The same for descriptions made otherwise, which must outlive the store.
  void create_tables(std::span<const TableDesc* const> tables);

  [[nodiscard]] Capabilities capabilities() const noexcept;
  [[nodiscard]] const BackendInfo& backend() const noexcept;
  /// Where it connects to, for messages; never a secret.
  [[nodiscard]] std::string endpoint() const;
  [[nodiscard]] PoolFigures figures() const;
  [[nodiscard]] const StoreSettings& settings() const noexcept;

  /// What became of the transaction that `error` is about, asked of the database over a connection of its own, within
  /// the call timeout. unknown if the error names no transaction: the database does then not have resolve_commit.
  /// Errors: ConnectionError and kin, TimeoutError: ask again later.
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
  void run(TransactionOptions options, detail::Work work, const boost::source_location& where);
  std::shared_ptr<detail::StoreState> state_;
};

} // namespace tenon
