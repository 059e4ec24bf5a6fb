#include "backend.hpp"

#include <atomic>
#include <cstdint>
#include <random>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>
#include <sqlite3.h>
#include <tenon/sql/build_info.hpp>

#include "memory_files.hpp"
#include "session.hpp"

namespace tenon::sqlite {
namespace {

/// A name in SQLite's process-wide list of shared databases in memory. Random, because a second copy of this plugin may
/// count in the same list.
std::string memory_name() {
  static std::atomic<std::uint64_t> count{0};
  std::random_device random;
  return fmt::format("file:/tenon-{}-{:08x}{:08x}?vfs={}", ++count, random(), random(), memory_vfs());
}

} // namespace

BackendInfo Backend::plugin_info() {
  return {.id = "sqlite",
          .version = TENON_VERSION,
          .vendor = "Tenon",
          .license = "Apache-2.0",
          .url = "",
          .build = fmt::format("{}; SQLite {}", sql::kCompiler, sqlite3_libversion())};
}

Capabilities Backend::plugin_capabilities() {
  return Capabilities::of(Capability::transactions, Capability::savepoints, Capability::concurrent_transactions,
                          Capability::sql, Capability::upsert, Capability::foreign_keys, Capability::create_tables,
                          Capability::deadlines, Capability::cancel, Capability::bulk_load, Capability::persistence,
                          Capability::json, Capability::joins, Capability::aggregates, Capability::row_locks,
                          Capability::batch, Capability::arrays, Capability::unicode_case);
}

std::unique_ptr<IBackend> Backend::open(Options options) { return std::make_unique<Backend>(read_settings(options)); }

Backend::Backend(Settings settings)
    : info_(plugin_info()), settings_(std::move(settings)),
      name_(settings_.in_memory() ? memory_name() : settings_.database) {
  if (settings_.in_memory()) anchor_ = std::make_unique<Database>(settings_, name_, Deadline::max());
}

Capabilities Backend::capabilities() const noexcept {
  std::uint64_t bits = plugin_capabilities().bits();
  const auto drop = [&bits](Capability capability) { bits &= ~static_cast<std::uint64_t>(capability); };
  if (settings_.in_memory()) drop(Capability::persistence);
  // Without a write-ahead log a writer and the readers wait for each other.
  if (settings_.in_memory() || settings_.journal_mode != JournalMode::wal) drop(Capability::concurrent_transactions);
  if (!settings_.foreign_keys) drop(Capability::foreign_keys);
  return Capabilities(bits);
}

std::unique_ptr<ISession> Backend::connect(Deadline deadline) {
  return std::make_unique<Session>(settings_, name_, deadline);
}

} // namespace tenon::sqlite
