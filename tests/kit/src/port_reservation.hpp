#pragma once
// A TCP port of 127.0.0.1 that stays ours while the server on it is down. Used by the kit's servers.
// Threads: safe from any thread and any process at once; a reservation belongs to one thread.

#include "process.hpp"

namespace tenon::testing {

/// The socket is bound but never listens: with SO_REUSEADDR on both, Linux lets the server listen on the same port,
/// while nobody else can bind it. Between two starts a connection to it is refused, as it should be.
struct PortReservation {
  Descriptor socket;
  int port = 0;
};

/// Returns a port that nobody used when it was asked for; a server may still find it taken by one that binds with
/// SO_REUSEADDR too, and then asks for another.
[[nodiscard]] PortReservation reserve_port();

} // namespace tenon::testing
