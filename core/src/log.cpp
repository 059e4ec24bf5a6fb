#include <tenon/core/log.hpp>

#include <atomic>
#include <mutex>
#include <utility>

namespace tenon {
namespace {

struct Sink {
  std::mutex mutex;
  LogSink function;
  std::atomic<bool> set{false};
};

Sink& sink() {
  static auto* const leaked = new Sink; // plugins may log while the process ends
  return *leaked;
}

} // namespace

void set_log_sink(LogSink function) {
  Sink& to = sink();
  const std::lock_guard lock(to.mutex);
  to.function = std::move(function);
  to.set.store(static_cast<bool>(to.function), std::memory_order_relaxed);
}

bool log_enabled() noexcept { return sink().set.load(std::memory_order_relaxed); }

void log(LogLevel level, std::string_view message) noexcept {
  if (!log_enabled()) return;
  try {
    Sink& to = sink();
    const std::lock_guard lock(to.mutex);
    if (to.function) to.function(level, message);
  } catch (...) { // a sink must not throw; a message lost is better than a process
  }
}

} // namespace tenon
