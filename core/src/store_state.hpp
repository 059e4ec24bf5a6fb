#pragma once
// What a Store and its sessions share. Internal. Threads: any, through the pool's own lock.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/assert/source_location.hpp>

#include <tenon/core/settings.hpp>
#include <tenon/core/store.hpp>

#include "pool.hpp"

namespace tenon::detail {

class StoreState : public std::enable_shared_from_this<StoreState> {
public:
  StoreState(std::shared_ptr<IBackend> backend, const StoreSettings& settings);

  [[nodiscard]] Session session(TransactionOptions options, const boost::source_location& where);
  void run(TransactionOptions options, Work work, const boost::source_location& where);
  /// unknown if nobody can be asked. Errors: as IBackend::resolve.
  [[nodiscard]] Outcome resolve(const std::string& transaction, Deadline deadline);

  [[nodiscard]] Pool& pool() noexcept { return pool_; }
  [[nodiscard]] IBackend& backend() noexcept { return *backend_; }
  [[nodiscard]] const StoreSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] Capabilities capabilities() const noexcept { return capabilities_; }

private:
  std::shared_ptr<IBackend> backend_; // outlives the connections, which share it
  StoreSettings settings_;
  Capabilities capabilities_;
  Pool pool_;
};

/// One unit of work. Invariant: `connection` is there exactly while a transaction is open, or statements were run on a
/// backend without transactions.
struct SessionState {
  std::shared_ptr<StoreState> store;
  TransactionOptions options;
  boost::source_location where; // of the call that made the session
  std::mutex connection_mutex;  // guards the pointer against cancel() of another thread
  Lease connection;
  std::optional<ErrorInfo> first_error; // the session is doomed until rollback
  bool broken = false;
  std::uint64_t statements = 0;
  std::vector<std::size_t> savepoints; // how many hooks there were when each was opened
  std::vector<std::function<void()>> hooks;
  std::vector<SessionFilter> filters;
  // Invariant: gone before the connection is given back.
  std::unique_ptr<ICursor> stream;
  std::uint64_t streams = 0; // opened so far; the number of the last one

  void take_connection();
  void give_back(Condition condition) noexcept;
  [[nodiscard]] ISession& connected();
  void commit();
  void rollback() noexcept;
  void run_hooks();
  /// Notes a failed call, which dooms the transaction.
  void fail(const Error& error) noexcept;
};

} // namespace tenon::detail
