#include "backend.hpp"

#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <tenon/sql/build_info.hpp>

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
                          schemas, deadlines, cancel, bulk_load, persistence);
}

std::unique_ptr<IBackend> Backend::open(Options options) { return std::make_unique<Backend>(read_settings(options)); }

Backend::Backend(Settings settings) : settings_(std::move(settings)), info_(plugin_info()) {}

Capabilities Backend::capabilities() const noexcept { return plugin_capabilities(); }

std::unique_ptr<ISession> Backend::connect(Deadline deadline) { return std::make_unique<Session>(settings_, deadline); }

} // namespace tenon::postgresql
