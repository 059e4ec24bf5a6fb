#pragma once
// Settings: what a profile's `connection` says to a PostgreSQL backend, checked once and turned into libpq's form.
// Made by Backend::open, read by every connect. Threads: immutable once made.

#include <chrono>
#include <string>

#include <tenon/interface/backend.hpp>

namespace tenon::postgresql {

struct Settings {
  std::string conninfo; ///< a connection URI with every part escaped; holds the password: never in a message or a log
  std::string endpoint; ///< "localhost:5432/analytics as app"
  std::chrono::milliseconds connect_timeout{10'000};
  bool transaction_pooler = false; ///< no named statements: the server behind the pooler changes from one to the next
};

/// Errors: ConfigError for an option that is unknown, contradictory or malformed; never names a secret's value.
[[nodiscard]] Settings read_settings(Options options);

} // namespace tenon::postgresql
