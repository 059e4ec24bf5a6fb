#pragma once
// SystemHealth: one observation of one component, and the repository of observations. Used by applications.
// Threads: the model is a value; a repository is used as its session, by one thread at a time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/enum.hpp>

#include <tenon/core/repository.hpp>

namespace tenon::adpa {

/// From best to worst. Stored by name.
enum class HealthStatus { healthy, degraded, unhealthy };
BOOST_DESCRIBE_ENUM(HealthStatus, healthy, degraded, unhealthy)

struct SystemHealth : Model<SystemHealth> {
  std::string component;
  HealthStatus status = HealthStatus::healthy;
  std::optional<std::string> message;
  std::optional<double> latency_ms;
  Json metrics = Json::trusted("{}");
  Timestamp recorded_at{}; ///< when it was observed; created_at is when it was stored

  friend bool operator==(const SystemHealth&, const SystemHealth&) = default;
};
BOOST_DESCRIBE_STRUCT(SystemHealth, (tenon::Model<SystemHealth>),
                      (component, status, message, latency_ms, metrics, recorded_at))

/// How many components are in which state.
struct HealthSummary {
  std::uint64_t healthy = 0;
  std::uint64_t degraded = 0;
  std::uint64_t unhealthy = 0;

  [[nodiscard]] std::uint64_t components() const noexcept { return healthy + degraded + unhealthy; }
  friend bool operator==(const HealthSummary&, const HealthSummary&) = default;
};

} // namespace tenon::adpa

template <> struct tenon::Table<tenon::adpa::SystemHealth> {
  using SystemHealth = tenon::adpa::SystemHealth;
  static constexpr auto spec =
      tenon::table("system_health", tenon::index<&SystemHealth::component, &SystemHealth::recorded_at>,
                   tenon::index<&SystemHealth::recorded_at>, tenon::max_length<&SystemHealth::component>(128),
                   tenon::max_length<&SystemHealth::status>(16), tenon::max_length<&SystemHealth::message>(2000));
};

namespace tenon::adpa {

/// Of two observations of the same microsecond, the one stored later counts as the later.
class SystemHealthRepository : public Repository<SystemHealth> {
public:
  using Repository::Repository;

  /// Stores an observation, as of now if it brings no recorded_at. Returns it as stored.
  SystemHealth record(SystemHealth observation);

  /// The last observation of a component.
  [[nodiscard]] std::optional<SystemHealth> latest(std::string_view component) const;
  /// The last observation of each component, by component. Costs two lookups in an index per component, however long
  /// their histories are.
  [[nodiscard]] std::vector<SystemHealth> latest_of_each() const;
  /// The observations of a component from `since` on, the oldest first.
  [[nodiscard]] std::vector<SystemHealth> history(std::string_view component, Timestamp since) const;
  /// Counts each component once, by its last observation.
  [[nodiscard]] HealthSummary summary() const;

  /// Deletes for good what was observed before, soft-deleted or not; a component that was not observed since is gone
  /// from the summary too. Returns how many.
  std::uint64_t prune(Timestamp before);
};

} // namespace tenon::adpa
