#pragma once
// Backend: IBackend for one PostgreSQL database. Made by the plugin's entry. Threads: any; its settings are immutable
// once made.

#include <memory>
#include <string>
#include <string_view>

#include <tenon/interface/backend.hpp>

#include "settings.hpp"

namespace tenon::postgresql {

class Backend final : public IBackend {
public:
  [[nodiscard]] static BackendInfo plugin_info();
  [[nodiscard]] static Capabilities plugin_capabilities();
  /// Connects to nothing yet. Errors: ConfigError.
  [[nodiscard]] static std::unique_ptr<IBackend> open(Options options);

  explicit Backend(Settings settings);
  [[nodiscard]] const BackendInfo& info() const noexcept override { return info_; }
  [[nodiscard]] Capabilities capabilities() const noexcept override;
  [[nodiscard]] std::string endpoint() const override { return settings_.endpoint; }
  [[nodiscard]] std::unique_ptr<ISession> connect(Deadline deadline) override;
  [[nodiscard]] Outcome resolve(std::string_view transaction, Deadline deadline) override;

private:
  const Settings settings_;
  HostMemory hosts_;
  BackendInfo info_;
};

} // namespace tenon::postgresql
