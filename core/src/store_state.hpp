#pragma once
// What a Store and its sessions share. Internal. Threads: any, through the pool's own lock.

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
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

  [[nodiscard]] Session session(const SessionOptions& options, const boost::source_location& where);
  /// As Store::transaction.
  void run(const SessionOptions& options, Work work, const boost::source_location& where);
  /// unknown if nobody can be asked. Errors: as IBackend::resolve; PoolTimeout where no connection gives way.
  [[nodiscard]] Outcome resolve(const std::string& transaction, Deadline deadline);
  /// When a call that begins now and belongs to work with this deadline has to be back.
  [[nodiscard]] Deadline call_limit(Deadline deadline) const noexcept;

  /// Of the sessions that are made from now on.
  void set_filter(SessionFilter filter);

  [[nodiscard]] Pool& pool() noexcept { return pool_; }
  [[nodiscard]] IBackend& backend() noexcept { return *backend_; }
  [[nodiscard]] const StoreSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] Capabilities capabilities() const noexcept { return capabilities_; }

private:
  /// Asks until the outcome is known, but for unknown, which also stands for "not known in time".
  [[nodiscard]] Outcome find_out(const Error& unknown, Deadline limit, const std::stop_token& stop);

  std::shared_ptr<IBackend> backend_; // outlives the connections, which share it
  StoreSettings settings_;
  Capabilities capabilities_;
  std::mutex filter_mutex_; // guards filters_; filtered_ says whether there are any, so that most stores never take it
  std::vector<SessionFilter> filters_;
  std::atomic<bool> filtered_{false};
  Pool pool_;
};

} // namespace tenon::detail
