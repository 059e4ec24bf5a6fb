#pragma once
// CancelService: sends cancel requests of all connections of this process on a few threads of its own, because libpq 15
// blocks for as long as the server lets it. Used by Canceller. Threads: any.

#include <chrono>
#include <memory>
#include <string>

#include <tenon/interface/fork_guard.hpp>

namespace tenon::postgresql {

/// One connection as the service sees it. Threads: the service calls it from its own.
class ICancelTarget {
public:
  virtual ~ICancelTarget() = default;
  /// Where the request goes: each server has a bounded number of threads, so that a dead one holds up no other.
  [[nodiscard]] virtual const std::string& server() const noexcept = 0;
  /// Sends one request, unless it is not wanted any more. Returns after how long it has to be sent once more, or zero.
  virtual std::chrono::milliseconds send() noexcept = 0;
  /// Will not be sent: there is no memory or no thread for it.
  virtual void drop() noexcept = 0;
};

class CancelService {
public:
  /// The one of this process. It is never destroyed: its threads may still wait for a server when the process exits,
  /// and code that is never unloaded (RTLD_NODELETE) is there for them until the end.
  [[nodiscard]] static CancelService& instance();

  CancelService();
  CancelService(const CancelService&) = delete;
  CancelService& operator=(const CancelService&) = delete;

  void post(std::shared_ptr<ICancelTarget> target) noexcept;
  /// For tests.
  [[nodiscard]] int threads() const noexcept;

  static constexpr int kThreads = 8;
  static constexpr int kThreadsPerServer = 2;

private:
  ~CancelService() = default;
  struct State;
  const std::unique_ptr<State> state_;
  const ForkGuard fork_;
};

} // namespace tenon::postgresql
