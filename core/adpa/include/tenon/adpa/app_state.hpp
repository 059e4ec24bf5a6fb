#pragma once
// AppState: what an application remembers under a key (a cursor, a lease, a cached answer), with a version for
// compare-and-set and an optional end of life, and its repository. Used by applications.
// Threads: the model is a value; a repository is used as its session, by one thread at a time.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tenon/core/repository.hpp>

namespace tenon::adpa {

struct AppState : Model<AppState> {
  std::string key; ///< unique; what belongs to one project says so in its key
  Json value;
  std::int64_t version = 1; ///< grows by one with every write through the repository
  std::optional<Timestamp> expires_at;

  [[nodiscard]] bool expired(Timestamp at) const noexcept { return expires_at && *expires_at <= at; }
  friend bool operator==(const AppState&, const AppState&) = default;
};
BOOST_DESCRIBE_STRUCT(AppState, (tenon::Model<AppState>), (key, value, version, expires_at))

} // namespace tenon::adpa

template <> struct tenon::Table<tenon::adpa::AppState> {
  using AppState = tenon::adpa::AppState;
  static constexpr auto spec =
      tenon::table("app_states", tenon::unique<&AppState::key>, tenon::index<&AppState::expires_at>,
                   tenon::max_length<&AppState::key>(255));
};

namespace tenon::adpa {

/// States by key. One that has expired or is soft-deleted counts as absent; its version goes on where it was when the
/// key is written again, and starts at 1 only when the row was removed or purged. Time is the clock of this process, so
/// processes that share states need clocks that agree better than their times to live.
class AppStateRepository : public Repository<AppState> {
public:
  using TimeToLive = std::chrono::microseconds;
  using Repository::Repository;

  [[nodiscard]] std::optional<AppState> find(std::string_view key) const;
  /// Errors: NotFound if it is absent.
  [[nodiscard]] AppState get(std::string_view key) const;

  /// Creates the state or replaces it, value and time to live; without one it does not expire. Returns it as stored. Of
  /// several at once each counts in the version, and the last one stays.
  /// Errors: DataError for a time to live that is not above 0; SerializationFailure or StaleData, both retryable, where
  /// the isolation forbids to see what another session wrote; ProgrammingError in a session with autocommit.
  /// Capability: savepoints.
  AppState set(std::string_view key, const Json& value, std::optional<TimeToLive> ttl = std::nullopt);
  /// As set, but only if the key is absent: of several at once one succeeds. Returns nothing to the others.
  std::optional<AppState> add(std::string_view key, const Json& value, std::optional<TimeToLive> ttl = std::nullopt);

  /// Replaces the value and raises the version by one, in one statement, if the state still has the version that the
  /// caller has seen; keeps its end of life. Returns false, with nothing changed, if it has another version or is
  /// absent. Errors: SerializationFailure, as set.
  [[nodiscard]] bool compare_and_set(std::string_view key, std::int64_t expected_version, const Json& value);

  /// Deletes for good what has expired. Returns how many.
  std::uint64_t purge_expired();

private:
  [[nodiscard]] std::optional<AppState> replace(const Predicate<AppState>& which, const AppState& with);
  [[nodiscard]] std::optional<AppState> insert(const AppState& state);
};

} // namespace tenon::adpa
