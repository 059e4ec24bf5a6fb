#pragma once
// Link: an open SOCI session and the PGconn below it. Opened by Connection, which talks to the PGconn; the only place
// that knows SOCI. Threads: one at a time.

#include <memory>

#include <tenon/interface/session.hpp>

#include "settings.hpp"

struct pg_conn;

namespace soci {
class session;
}

namespace tenon::postgresql {

class Link {
public:
  /// Connects on a thread of its own, because libpq's own limit counts in whole seconds from two on; a connection that
  /// arrives after the deadline is closed by that thread.
  /// Errors: AuthError, NotReady, ResourceExhausted, ConnectionError; TimeoutError once the deadline passed.
  [[nodiscard]] static Link open(const Settings& settings, Deadline deadline);

  explicit Link(std::unique_ptr<soci::session> session) noexcept;
  Link(Link&&) noexcept;
  Link& operator=(Link&&) noexcept;
  ~Link();

  [[nodiscard]] pg_conn* handle() const noexcept { return handle_; }

private:
  std::unique_ptr<soci::session> session_;
  pg_conn* handle_ = nullptr;
};

} // namespace tenon::postgresql
