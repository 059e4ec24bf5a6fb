#pragma once
// Link: an open SOCI session and the PGconn below it. Opened by Connection, which talks to the PGconn; the only place
// that knows SOCI. Threads: one at a time.

#include <memory>
#include <string>

#include <tenon/interface/fork_guard.hpp>
#include <tenon/interface/session.hpp>

#include "hosts.hpp"
#include "settings.hpp"

struct pg_conn;

namespace soci {
class session;
}

namespace tenon::postgresql {

class Link {
public:
  /// Connects to the first of the hosts that answers and suits target_session_attrs. Each address of each host has its
  /// own share of the time, and a thread of its own, because libpq's own limit counts in whole seconds from two on; a
  /// connection that arrives later is closed by that thread.
  /// Errors: AuthError, NotReady, ResourceExhausted, ConnectionError; TimeoutError once the deadline passed; with more
  /// than one host the message has the reason of each.
  [[nodiscard]] static Link open(const Settings& settings, HostMemory& memory, Deadline deadline);

  Link(std::unique_ptr<soci::session> session, Host host) noexcept;
  Link(Link&&) noexcept;
  Link& operator=(Link&&) = delete;
  /// In a child process it closes the descriptor and says nothing: the connection is the parent's.
  ~Link();

  [[nodiscard]] pg_conn* handle() const noexcept { return handle_; }
  /// The host that was connected to, with its address.
  [[nodiscard]] const Host& host() const noexcept { return host_; }
  [[nodiscard]] bool inherited() const noexcept { return fork_.forked(); }

private:
  std::unique_ptr<soci::session> session_;
  pg_conn* handle_ = nullptr;
  Host host_;
  ForkGuard fork_;
};

} // namespace tenon::postgresql
