#include "backend.hpp"

#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <tenon/sql/build_info.hpp>

#include "resolver.hpp"
#include "session.hpp"

namespace tenon::postgresql {

BackendInfo Backend::plugin_info() {
  const int libpq = PQlibVersion();
  BackendInfo info;
  info.id = "postgresql";
  info.version = TENON_VERSION;
  info.vendor = "Tenon";
  info.license = "Apache-2.0";
  info.build = fmt::format("{}; libpq {}.{}", sql::kCompiler, libpq / 10000, libpq % 10000);
  return info;
}

Capabilities Backend::plugin_capabilities() {
  using enum Capability;
  return Capabilities::of(transactions, savepoints, concurrent_transactions, sql, upsert, foreign_keys, create_tables,
                          schemas, deadlines, cancel, bulk_load, persistence, resolve_commit, json, joins, aggregates,
                          row_locks, batch, arrays, unicode_case);
}

std::unique_ptr<IBackend> Backend::open(Options options) { return std::make_unique<Backend>(read_settings(options)); }

Backend::Backend(Settings settings) : settings_(std::move(settings)), info_(plugin_info()) {}

Capabilities Backend::capabilities() const noexcept {
  const Capabilities all = plugin_capabilities();
  constexpr auto kResolve = static_cast<std::uint64_t>(Capability::resolve_commit);
  return settings_.resolve_commit ? all : Capabilities(all.bits() & ~kResolve);
}

std::unique_ptr<ISession> Backend::connect(Deadline deadline) {
  return std::make_unique<Session>(settings_, hosts_, deadline);
}

Outcome Backend::resolve(std::string_view transaction, Deadline deadline) {
  if (!settings_.resolve_commit) return IBackend::resolve(transaction, deadline);
  Settings primary = settings_; // a standby may not have heard of the commit yet
  primary.target_session_attrs = "read-write";
  Session session(primary, hosts_, deadline);
  session.set_deadline(deadline);
  return ask(session, transaction);
}

} // namespace tenon::postgresql
