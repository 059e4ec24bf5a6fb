#include <tenon/adpa/system_health.hpp>

#include <utility>

namespace tenon::adpa {

SystemHealth SystemHealthRepository::record(SystemHealth observation) {
  if (observation.recorded_at == Timestamp{}) observation.recorded_at = now();
  return create(observation);
}

std::optional<SystemHealth> SystemHealthRepository::latest(std::string_view component) const {
  return query()
      .where(col<&SystemHealth::component> == component)
      .order_by(col<&SystemHealth::recorded_at>.desc(), col<&SystemHealth::id>.desc())
      .first();
}

std::vector<SystemHealth> SystemHealthRepository::latest_of_each() const {
  std::vector<SystemHealth> found;
  Predicate<SystemHealth> rest; // every component; then those behind the one before
  // In the order of the index, so that the first row is found without sorting a component's history.
  while (const auto first = query()
                                .where(rest)
                                .order_by(col<&SystemHealth::component>.asc(), col<&SystemHealth::recorded_at>.asc())
                                .first()) {
    rest = col<&SystemHealth::component> > first->component;
    if (auto last = latest(first->component)) found.push_back(std::move(*last));
  }
  return found;
}

std::vector<SystemHealth> SystemHealthRepository::history(std::string_view component, Timestamp since) const {
  return query()
      .where(col<&SystemHealth::component> == component && col<&SystemHealth::recorded_at> >= since)
      .order_by(col<&SystemHealth::recorded_at>.asc(), col<&SystemHealth::id>.asc())
      .all();
}

HealthSummary SystemHealthRepository::summary() const {
  HealthSummary summary;
  for (const SystemHealth& last : latest_of_each()) {
    switch (last.status) {
      case HealthStatus::healthy: ++summary.healthy; break;
      case HealthStatus::degraded: ++summary.degraded; break;
      case HealthStatus::unhealthy: ++summary.unhealthy; break;
    }
  }
  return summary;
}

std::uint64_t SystemHealthRepository::prune(Timestamp before) {
  return with_deleted().remove(col<&SystemHealth::recorded_at> < before);
}

} // namespace tenon::adpa
