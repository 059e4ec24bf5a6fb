// The backend itself, and the one macro that makes a plugin of it.

#include <memory>
#include <string>

#include <tenon/sdk/plugin.hpp>

#include "database.hpp"
#include "session.hpp"

namespace memory_map {

class Backend final : public tenon::IBackend {
public:
  static tenon::BackendInfo plugin_info() {
    return {"memory_map", MEMORY_MAP_VERSION, "the Tenon examples", "Apache-2.0", "", "compiler " __VERSION__};
  }

  // Claimed is what is kept. Not claimed: foreign_keys (described ones are not enforced), sql, cancel, bulk_load,
  // persistence, and what other queries need: json, joins, row_locks, arrays. The host answers their calls with
  // NotSupported, and runs a batch write by write.
  static tenon::Capabilities plugin_capabilities() {
    using enum tenon::Capability;
    return tenon::Capabilities::of(transactions, savepoints, concurrent_transactions, upsert, create_tables, schemas,
                                   deadlines, aggregates);
  }

  static std::unique_ptr<tenon::IBackend> open(tenon::Options options) {
    if (!options.empty()) {
      tenon::throw_error(tenon::ErrorCode::config,
                         "memory_map has no option \"" + std::string(options.front().key) + "\"",
                         "leave `connection` empty");
    }
    return std::make_unique<Backend>();
  }

  const tenon::BackendInfo& info() const noexcept override { return info_; }
  tenon::Capabilities capabilities() const noexcept override { return plugin_capabilities(); }
  std::string endpoint() const override { return "memory of this process"; }
  std::unique_ptr<tenon::ISession> connect(tenon::Deadline) override { return std::make_unique<Session>(database_); }

private:
  tenon::BackendInfo info_ = plugin_info();
  std::shared_ptr<Database> database_ = std::make_shared<Database>();
};

} // namespace memory_map

TENON_EXPORT_BACKEND(memory_map::Backend)
