#include <tenon/core/log.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include <tenon/interface/fork_guard.hpp>

namespace tenon {
namespace {

struct Sink {
  const ForkGuard guard;
  std::mutex mutex;
  LogSink function;
  std::atomic<bool> set{false};
};

/// What a child takes over: the parent's sink, unless a thread was in it when the child was made. Then its lock is held
/// for ever, and so may be those of the application's own sink: the child is silent until it sets one.
std::unique_ptr<Sink> taken_over(Sink& parents) {
  auto own = std::make_unique<Sink>();
  const std::unique_lock lock(parents.mutex, std::try_to_lock);
  if (lock.owns_lock()) {
    own->function = parents.function;
    own->set = parents.set.load();
  }
  return own;
}

Sink& sink() {
  static std::atomic<Sink*> current{new Sink}; // never destroyed: plugins may log while the process ends
  Sink* now = current.load(std::memory_order_acquire);
  while (now->guard.forked()) {
    auto own = taken_over(*now);
    if (current.compare_exchange_weak(now, own.get(), std::memory_order_acq_rel)) now = own.release();
  }
  return *now;
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
