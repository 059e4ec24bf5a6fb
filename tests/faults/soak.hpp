#pragma once
// The parts of the soak: what the workers do, what the chaos does to them, and the gate at which all stop for a check.
// Threads: stated per class.

#include <condition_variable>
#include <cstdint>
#include <random>

#include <tenon/testing/tcp_proxy.hpp>

#include "rig.hpp"

namespace tenon::faults {

using Random = std::mt19937_64;

[[nodiscard]] inline int draw(Random& random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random);
}

/// Lets everybody through, until it is closed. Threads: any.
class Gate {
public:
  /// Waits while the gate is closed. Returns false when the soak is over; then leave() is not called.
  [[nodiscard]] bool enter();
  void leave();
  /// Returns when nobody is inside.
  void close();
  void open();
  void end();

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool closed_ = false;
  bool ended_ = false;
};

/// What a worker does over and over: one random unit of work after the other. Threads: each run() is one thread's.
class Work {
public:
  Work(Store& store, Audit& audit, Gate& gate) : store_(store), audit_(audit), gate_(gate) {}
  void run(std::uint64_t seed);
  [[nodiscard]] milliseconds worst_overrun() const { return watch_.worst(); }

private:
  void one(Random& random);
  void by_hand(Random& random, std::int64_t op);
  void nested(Random& random, std::int64_t op);
  void cancelled(Random& random, std::int64_t op);
  void slow(std::int64_t op);
  void given_up(Random& random, std::int64_t op);

  Store& store_;
  Audit& audit_;
  Gate& gate_;
  Stopwatch watch_;
};

/// What happens to them. Invariant: when run() has left the gate, the server runs. Threads: run() is one thread's.
class Chaos {
public:
  Chaos(testing::PostgresServer& server, testing::TcpProxy& proxy, Gate& gate)
      : server_(server), proxy_(proxy), gate_(gate) {}
  void run(std::uint64_t seed);
  [[nodiscard]] std::string summary() const;

private:
  void one(Random& random);
  void wire_fault(Random& random);
  void server_fault(Random& random);

  testing::PostgresServer& server_;
  testing::TcpProxy& proxy_;
  Gate& gate_;
  mutable std::mutex mutex_;
  std::map<std::string, int> done_;
};

} // namespace tenon::faults
