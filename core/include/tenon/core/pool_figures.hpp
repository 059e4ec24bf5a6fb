#pragma once
// What a pool tells about itself: figures at one moment and events as they happen, under OpenTelemetry's names. Filled
// by the pool; read by the application and by exporters. Threads: values; an observer is called from any thread.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/assert/source_location.hpp>

#include <tenon/interface/error.hpp>

namespace tenon {

/// How often something took how long. Bounds: those that OpenTelemetry recommends for db.client.operation.duration.
struct DurationHistogram {
  static constexpr std::array<double, 9> kBounds{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}; ///< seconds, inclusive

  std::array<std::uint64_t, kBounds.size() + 1> counts{}; ///< the last one: above all bounds
  double sum = 0;                                         ///< seconds

  void record(std::chrono::steady_clock::duration took) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept;
};

/// The pool at one moment, and what it did so far.
struct PoolFigures {
  std::uint32_t in_use = 0;
  std::uint32_t idle = 0;
  std::uint32_t waiting = 0;    ///< threads that wait for a connection
  std::uint64_t created = 0;    ///< connections opened so far
  std::uint64_t timeouts = 0;   ///< checkouts that waited in vain
  std::uint32_t connecting = 0; ///< connections that are being opened
  std::uint32_t closing = 0;    ///< connections that are being closed or settled; they count against the limit
  std::uint64_t closed = 0;     ///< connections closed so far
  std::uint64_t generation = 0; ///< how often all connections of the time were given up
  std::uint32_t max = 0;        ///< size + max_overflow
  std::uint32_t max_idle = 0;   ///< size
  std::uint32_t min_idle = 0;
  DurationHistogram wait_time;   ///< of checkouts that got a connection
  DurationHistogram use_time;    ///< from checkout to return
  DurationHistogram create_time; ///< of connects that succeeded
};

/// One figure under OpenTelemetry's name and unit. Lifetime: the figures that it was made of, if it has a histogram.
struct PoolMetric {
  std::string_view name;                        ///< "db.client.connection.count"
  std::string_view unit;                        ///< "{connection}", "s", …
  std::string_view state;                       ///< attribute db.client.connection.state: "idle" or "used"; or empty
  double value = 0;                             ///< where there is no histogram
  const DurationHistogram* histogram = nullptr; ///< seconds
};

/// All figures that OpenTelemetry has a name for.
[[nodiscard]] TENON_VISIBLE std::vector<PoolMetric> pool_metrics(const PoolFigures& figures);

/// What happened to a connection or to the pool.
struct PoolEvent {
  enum class Kind {
    created,           ///< a connection was opened
    closed,            ///< a connection was given up, for `reason`
    connect_failed,    ///< `message` says why
    checkout_timeout,  ///< a caller waited in vain; `message` is what it was told
    generation_raised, ///< all connections of the time are given up
    leak,              ///< a session is held for longer than pool.leak_after; `where` it was opened
  };
  enum class Reason {
    none,
    overflow,   ///< beyond pool.size and not needed any more
    expired,    ///< older than pool.recycle
    dead,       ///< the server closed it, or it did not answer
    doubtful,   ///< it came back in a state that cannot be trusted
    lost,       ///< it came back as lost
    generation, ///< opened before a loss
    closing,    ///< the pool is closed
  };

  Kind kind = Kind::created;
  Reason reason = Reason::none;
  std::string message; ///< never a value or a secret
  boost::source_location where;
};

[[nodiscard]] TENON_VISIBLE std::string_view pool_event_name(PoolEvent::Kind kind) noexcept;
[[nodiscard]] TENON_VISIBLE std::string_view close_reason_name(PoolEvent::Reason reason) noexcept;

/// Called for each event, outside the pool's lock, on the thread that it happened on: must be quick, may use the store
/// for its figures alone. What it throws is forgotten.
using PoolObserver = std::function<void(const PoolEvent&)>;

} // namespace tenon
