#pragma once
// Backend: one SQLite database, a file or in memory, behind IBackend. Exported by plugin.cpp.
// Threads: immutable once open; every method from any thread.

#include <memory>
#include <string>

#include <tenon/interface/backend.hpp>

#include "database.hpp"
#include "settings.hpp"

namespace tenon::sqlite {

class Backend final : public IBackend {
public:
  static BackendInfo plugin_info();
  static Capabilities plugin_capabilities();
  /// A file is opened by the first connect; a database in memory lives from here to the backend's end.
  /// Errors: ConfigError.
  static std::unique_ptr<IBackend> open(Options options);

  explicit Backend(Settings settings);

  [[nodiscard]] const BackendInfo& info() const noexcept override { return info_; }
  [[nodiscard]] Capabilities capabilities() const noexcept override;
  [[nodiscard]] std::string endpoint() const override { return settings_.database; }
  [[nodiscard]] std::unique_ptr<ISession> connect(Deadline deadline) override;

private:
  BackendInfo info_;
  Settings settings_;
  std::string name_;                 ///< what a connection opens
  std::unique_ptr<Database> anchor_; ///< keeps a database in memory while no session is open
};

} // namespace tenon::sqlite
