#include <tenon/adpa/app_state.hpp>

#include <limits>
#include <string>
#include <utility>

namespace tenon::adpa {
namespace {

AppState make_state(std::string_view key, const Json& value, std::optional<AppStateRepository::TimeToLive> ttl,
                    Timestamp moment) {
  AppState state{.key = std::string(key), .value = value};
  if (!ttl) return state;
  if (ttl->count() <= 0) {
    throw_error(ErrorCode::data, "a time to live has to be above 0", "remove the state instead");
  }
  if (*ttl > Timestamp::max() - moment) {
    throw_error(ErrorCode::data, "a time to live beyond the end of time", "leave it out for a state that stays");
  }
  state.expires_at = moment + *ttl;
  return state;
}

/// set and add are several statements that have to be one transaction.
void refuse_autocommit(const Session& session, const char* method) {
  if (!session.autocommit()) return;
  throw_error(ErrorCode::programming, std::string("AppStateRepository::") + method + " in a session with autocommit",
              "leave autocommit out, or use store.transaction");
}

} // namespace

std::optional<AppState> AppStateRepository::find(std::string_view key) const {
  auto found = find_by<&AppState::key>(key);
  if (found && found->expired(now())) found.reset();
  return found;
}

AppState AppStateRepository::get(std::string_view key) const {
  if (auto found = find(key)) return std::move(*found);
  ErrorInfo info;
  info.code = ErrorCode::not_found;
  info.message = "no state with this key";
  info.hint = "use find where it may be absent; it may have expired";
  info.table = described<AppState>().name;
  info.columns = {"key"};
  throw_error(std::move(info));
}

AppState AppStateRepository::set(std::string_view key, const Json& value, std::optional<TimeToLive> ttl) {
  refuse_autocommit(session(), "set");
  // Each turn that fails saw somebody else create the key, and the next turn replaces that; unless the transaction may
  // not see it, or it is gone again.
  constexpr int kTurns = 8;
  const AppState state = make_state(key, value, ttl, now());
  for (int turn = 0; turn < kTurns; ++turn) {
    if (auto replaced = replace(col<&AppState::key> == key, state)) return std::move(*replaced);
    if (auto created = insert(state)) return std::move(*created);
  }
  ErrorInfo info;
  info.code = ErrorCode::stale_data;
  info.retryable = true;
  info.message = "another session creates the same state";
  info.hint = "run the transaction again: it cannot see what was committed since it began";
  info.table = described<AppState>().name;
  info.columns = {"key"};
  throw_error(std::move(info));
}

std::optional<AppState> AppStateRepository::add(std::string_view key, const Json& value,
                                                std::optional<TimeToLive> ttl) {
  refuse_autocommit(session(), "add");
  const Timestamp moment = now();
  const AppState state = make_state(key, value, ttl, moment);
  const auto absent = col<&AppState::expires_at> <= moment || col<&AppState::is_active> == false;
  if (auto replaced = replace(col<&AppState::key> == key && absent, state)) return replaced;
  return insert(state);
}

bool AppStateRepository::compare_and_set(std::string_view key, std::int64_t expected_version, const Json& value) {
  if (expected_version == std::numeric_limits<std::int64_t>::max()) return false; // no version follows
  const auto alive = col<&AppState::expires_at>.is_null() || col<&AppState::expires_at> > now();
  return update(col<&AppState::key> == key && col<&AppState::version> == expected_version && alive,
                {tenon::set<&AppState::value>(value), tenon::set<&AppState::version>(expected_version + 1)}) == 1;
}

std::uint64_t AppStateRepository::purge_expired() { return with_deleted().remove(col<&AppState::expires_at> <= now()); }

std::optional<AppState> AppStateRepository::replace(const Predicate<AppState>& which, const AppState& with) {
  auto all = with_deleted();
  const auto written = all.update(
      which, {tenon::set<&AppState::value>(with.value), tenon::set<&AppState::expires_at>(with.expires_at),
              tenon::set<&AppState::is_active>(true), tenon::set<&AppState::version>(col<&AppState::version> + 1)});
  if (written == 0) return std::nullopt;
  return all.get_by<&AppState::key>(with.key); // ours until the transaction ends, so it is what was written
}

std::optional<AppState> AppStateRepository::insert(const AppState& state) {
  try {
    return session().nested([&] { return create(state); });
  } catch (const IntegrityError& error) {
    if (error.kind() != IntegrityKind::unique) throw;
    return std::nullopt;
  }
}

} // namespace tenon::adpa
