#include <tenon/core/pool_figures.hpp>

#include <numeric>

namespace tenon {

void DurationHistogram::record(std::chrono::steady_clock::duration took) noexcept {
  const double seconds = std::chrono::duration<double>(took).count();
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) // most are in the first
    ++bucket;
  ++counts[bucket];
  sum += seconds;
}

std::uint64_t DurationHistogram::count() const noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::vector<PoolMetric> pool_metrics(const PoolFigures& figures) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  return {
      {"db.client.connection.count", "{connection}", "used", number(figures.in_use)},
      {"db.client.connection.count", "{connection}", "idle", number(figures.idle)},
      {"db.client.connection.idle.max", "{connection}", "", number(figures.max_idle)},
      {"db.client.connection.idle.min", "{connection}", "", number(figures.min_idle)},
      {"db.client.connection.max", "{connection}", "", number(figures.max)},
      {"db.client.connection.pending_requests", "{request}", "", number(figures.waiting)},
      {"db.client.connection.timeouts", "{timeout}", "", number(figures.timeouts)},
      {"db.client.connection.create_time", "s", "", 0, &figures.create_time},
      {"db.client.connection.wait_time", "s", "", 0, &figures.wait_time},
      {"db.client.connection.use_time", "s", "", 0, &figures.use_time},
  };
}

std::string_view pool_event_name(PoolEvent::Kind kind) noexcept {
  switch (kind) {
    case PoolEvent::Kind::created: return "created";
    case PoolEvent::Kind::closed: return "closed";
    case PoolEvent::Kind::connect_failed: return "connect failed";
    case PoolEvent::Kind::checkout_timeout: return "checkout timeout";
    case PoolEvent::Kind::generation_raised: return "generation raised";
    case PoolEvent::Kind::leak: return "leak";
  }
  return "unknown";
}

std::string_view close_reason_name(PoolEvent::Reason reason) noexcept {
  switch (reason) {
    case PoolEvent::Reason::none: return "none";
    case PoolEvent::Reason::overflow: return "overflow";
    case PoolEvent::Reason::expired: return "expired";
    case PoolEvent::Reason::dead: return "dead";
    case PoolEvent::Reason::doubtful: return "doubtful";
    case PoolEvent::Reason::lost: return "lost";
    case PoolEvent::Reason::generation: return "generation";
    case PoolEvent::Reason::closing: return "closing";
  }
  return "unknown";
}

} // namespace tenon
