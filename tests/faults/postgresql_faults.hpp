#pragma once
// What the tests of the PostgreSQL backend under faults share, on top of the unit tests' support.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include <tenon/testing/latency.hpp>
#include <tenon/testing/postgres_server.hpp>

#include "postgresql_support.hpp"

namespace tenon::postgresql::test {

using std::chrono::milliseconds;

inline milliseconds elapsed(Clock::time_point since) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - since);
}

/// What a call may take beyond its deadline, by the design's invariant.
inline constexpr milliseconds kOver = testing::kLateness;

inline Pairs options_of(const testing::PostgresServer& server, const Pairs& more = {}) {
  Pairs options{{"host", server.host()},
                {"port", std::to_string(server.port())},
                {"user", server.user()},
                {"password", server.password()},
                {"database", server.database()}};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

inline std::string place_of(const testing::PostgresServer& server) {
  return server.host() + ":" + std::to_string(server.port());
}

/// The options of several hosts with the roles and the database of `server`.
inline Pairs hosts_of(const testing::PostgresServer& server, const std::vector<std::string>& places,
                      const Pairs& more = {}) {
  Pairs options{{"user", server.user()}, {"password", server.password()}, {"database", server.database()}};
  for (std::size_t i = 0; i < places.size(); ++i)
    options.emplace_back("hosts." + std::to_string(i), places[i]);
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

/// A server that accepts and says nothing.
class BlackHole {
public:
  BlackHole() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(socket_, 64) == 0);
    socklen_t size = sizeof address;
    REQUIRE(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~BlackHole() { close(socket_); }
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;
  [[nodiscard]] std::string place() const { return "127.0.0.1:" + std::to_string(port_); }

private:
  int socket_;
  int port_ = 0;
};

} // namespace tenon::postgresql::test
