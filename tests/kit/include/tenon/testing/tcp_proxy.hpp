#pragma once
// A TCP proxy between a client and a PostgreSQL server, inside the test's own process, that fails on request: at a
// byte, or at a message of the wire protocol, in either direction, for connections that are open as for those to come.
// Everything stays on 127.0.0.1. Used by the tests of faults.
// Threads: every method from any thread; one thread of its own does the work.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace tenon::testing {

enum class Direction { to_server, to_client };

/// Something that happens to a connection once, at a place in the bytes that flow in one direction.
struct Fault {
  enum class Action {
    cut,      ///< both sides are closed, after the bytes before the place were passed on
    reset,    ///< both sides get an RST
    swallow,  ///< what comes from here on is thrown away, the end of the connection included
    hold,     ///< what comes from here on waits for release()
    delay,    ///< what comes from here on is passed on `pause` later
    split,    ///< what comes from here on is passed on in pieces of `amount` bytes, `pause` apart
    throttle, ///< what comes from here on is passed on at `amount` bytes per second
  };
  static constexpr std::int64_t kBehind = -1; ///< as an offset: behind the message's last byte
  static constexpr int kEvery = 1'000'000;    ///< as a number of connections

  Action action = Action::cut;
  Direction direction = Direction::to_client; ///< whose bytes are looked at, and kept back
  /// The type of a protocol message ('Q', 'P', 'B', 'C', 'D', 'T', 'Z', …), or 0: then bytes are counted from arm() on.
  char message = 0;
  std::string containing = {}; ///< only a message whose body holds these bytes: "COMMIT"
  /// How many bytes pass before it happens, counted from the message's first byte. It happens with the first byte that
  /// does not pass, or at once with the last one that does.
  std::int64_t offset = 0;
  bool of_cancels = false; ///< happens to requests to cancel, and not to sessions
  int connections = 1;     ///< how many connections it happens to, first come, first served
  std::chrono::milliseconds pause{0};
  std::size_t amount = 1;
};

struct ProxyFigures {
  std::uint64_t accepted = 0; ///< connections in all, requests to cancel included
  std::uint64_t cancels = 0;  ///< requests to cancel
  std::uint64_t struck = 0;   ///< connections that a fault happened to
  std::uint32_t open = 0;     ///< that the client has open now, requests to cancel not counted
  std::uint32_t peak = 0;     ///< the most there were at one moment since the start or restart_peak()
};

/// Requires plain connections: faults at messages do not see through TLS.
/// Errors: std::system_error from the constructor if there is no socket to be had; nothing else throws.
class TcpProxy {
public:
  /// Listens on a free port for connections to the server on 127.0.0.1.
  explicit TcpProxy(int server_port);
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;
  ~TcpProxy(); ///< closes all connections

  [[nodiscard]] int port() const noexcept;

  /// In force when it returns, for the bytes that come then.
  void arm(const Fault& fault);
  /// Forgets faults that are armed and ends those under way: what is held flows, what was swallowed is lost.
  void release();
  /// Where connections go from now on.
  void set_server(int server_port);
  /// New connections are accepted and reset while this is on.
  void refuse(bool on);
  /// New connections are accepted and never answered while this is on.
  void ignore(bool on);
  /// Resets open connections, the longest open first. Returns how many; all of them are gone when it returns.
  std::uint32_t reset_connections(std::uint32_t count);

  [[nodiscard]] ProxyFigures figures() const;
  void restart_peak();

private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

} // namespace tenon::testing
