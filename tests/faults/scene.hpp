#pragma once
// One healthy server for all cases of a program, and a proxy before it for each.

#include <tenon/testing/tcp_proxy.hpp>

#include "rig.hpp"

namespace tenon::faults {

using testing::Direction;
using testing::Fault;
using testing::TcpProxy;

/// Started at the first use.
inline const testing::PostgresServer& server() {
  static const auto running = testing::PostgresServer::start();
  return running;
}

/// A table for one case, and what the server must be in the end.
struct Scene {
  TcpProxy proxy{server().port()};
  Baseline baseline{server()};
  Scene() { as_admin(server(), "DROP TABLE IF EXISTS entries"); }
  [[nodiscard]] Store open(const SettingLines& settings = {}) { return open_store(server(), settings, proxy.port()); }
};

inline milliseconds elapsed(Clock::time_point since) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - since);
}

} // namespace tenon::faults
