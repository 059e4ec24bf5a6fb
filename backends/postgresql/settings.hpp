#pragma once
// Settings: what a profile's `connection` says to a PostgreSQL backend, checked once and turned into libpq's form.
// Made by Backend::open, read by every connect. Threads: immutable once made.

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <tenon/interface/backend.hpp>

#include "hosts.hpp"

namespace tenon::postgresql {

struct Settings {
  /// libpq's keywords but for host, port and what a connect decides; holds the password: never in a message or a log.
  std::map<std::string, std::string, std::less<>> keywords;
  std::vector<Host> hosts;          ///< at least one
  std::string endpoint;             ///< "localhost:5432/analytics as app"
  std::string principal;            ///< the endpoint without its hosts: "/analytics as app"
  std::string target_session_attrs; ///< libpq's word, or empty: any
  std::string password_file;        ///< read anew by every connect, so that a changed password is taken up
  bool shuffle_hosts = true;        ///< load is spread over the hosts
  std::chrono::milliseconds connect_timeout{10'000}; ///< for each address of each host
  bool transaction_pooler = false; ///< no named statements: the server behind the pooler changes from one to the next
  bool backstop = false;           ///< the server limits its statements too, behind our deadlines
  bool resolve_commit = false;     ///< write transactions learn their number, so that it can be asked about later

  /// Where this host is, for messages: "db1:5432/analytics as app".
  [[nodiscard]] std::string endpoint_of(const Host& host) const { return host.label() + principal; }
};

/// Errors: ConfigError for an option that is unknown, contradictory or malformed; never names a secret's value.
[[nodiscard]] Settings read_settings(Options options);

/// A connection URI with every part escaped; it holds the password. `target_session_attrs` may be empty.
[[nodiscard]] std::string conninfo_for(const Settings& settings, const Host& host,
                                       std::string_view target_session_attrs, const std::string& password,
                                       std::chrono::seconds connect_timeout);

/// The password of this moment: the content of password_file, without one newline at its end, or what was given as
/// such, which stands in where the file cannot be read (it may just be replaced).
[[nodiscard]] std::string current_password(const Settings& settings);

} // namespace tenon::postgresql
