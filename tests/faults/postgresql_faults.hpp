#pragma once
// What the tests of the PostgreSQL backend under faults share, on top of the unit tests' support.

#include <string>
#include <vector>

#include <tenon/testing/postgres_server.hpp>

#include "postgresql_network.hpp"
#include "postgresql_support.hpp"

namespace tenon::postgresql::test {

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

} // namespace tenon::postgresql::test
