#include <algorithm>
#include <atomic>

#include <tenon/host/registry.hpp>
#include <tenon/sdk/bridge.hpp>

#include "library.hpp"

namespace tenon::host {

namespace {

std::atomic<void (*)(int, std::string_view)> log_sink{nullptr};

/// Called by plugins. An exception of the sink must not enter them.
void log_from_plugin(std::uint32_t level, tenon_string message) noexcept {
  auto* const sink = log_sink.load(std::memory_order_acquire);
  if (sink == nullptr) return;
  try {
    sink(static_cast<int>(std::clamp<std::uint32_t>(level, TENON_LOG_DEBUG, TENON_LOG_ERROR)), bridge::view(message));
  } catch (...) { // a message is not worth more than the call that it is about
  }
}

constexpr std::string_view kVersion = TENON_HOST_VERSION;
constexpr tenon_host kServices{
    sizeof(tenon_host), TENON_ABI_MAJOR, TENON_ABI_MINOR, {kVersion.data(), kVersion.size()}, &log_from_plugin};

} // namespace

void set_plugin_log(void (*sink)(int level, std::string_view message)) noexcept {
  log_sink.store(sink, std::memory_order_release);
}

const tenon_host& host_services() noexcept { return kServices; }

} // namespace tenon::host
