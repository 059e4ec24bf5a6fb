#include "cancel_service.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tenon::postgresql {
namespace {

using Clock = std::chrono::steady_clock;

/// A thread that has had nothing to do for so long ends.
constexpr std::chrono::seconds kIdle{5};

} // namespace

struct CancelService::State {
  struct Item {
    std::shared_ptr<ICancelTarget> target;
    Clock::time_point due;
  };

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::vector<Item> waiting;
  std::map<std::string, int, std::less<>> busy; ///< threads that send, by server
  int threads = 0;
  int idle = 0;

  // Returns the first item that is due and whose server has a thread left for it.
  [[nodiscard]] std::vector<Item>::iterator next(Clock::time_point now) {
    return std::find_if(waiting.begin(), waiting.end(), [&](const Item& item) {
      if (item.due > now) return false;
      const auto found = busy.find(item.target->server());
      return found == busy.end() || found->second < kThreadsPerServer;
    });
  }

  [[nodiscard]] Clock::time_point wake_up(Clock::time_point now) const {
    Clock::time_point at = now + kIdle;
    for (const Item& item : waiting) {
      if (item.due > now) at = std::min(at, item.due); // one that is due waits for a thread of its server
    }
    return at;
  }

  void work() noexcept {
    std::unique_lock lock(mutex);
    Clock::time_point last = Clock::now();
    while (true) {
      const Clock::time_point now = Clock::now();
      const auto found = next(now);
      if (found == waiting.end()) {
        if (now - last >= kIdle && waiting.empty()) break;
        ++idle;
        changed.wait_until(lock, wake_up(now));
        --idle;
        continue;
      }
      std::shared_ptr<ICancelTarget> target = std::move(found->target);
      waiting.erase(found);
      const std::string& server = target->server();
      ++busy[server];
      lock.unlock();
      const auto again = target->send();
      lock.lock();
      if (const auto entry = busy.find(server); --entry->second == 0) busy.erase(entry);
      if (again > again.zero()) {
        waiting.push_back({target, Clock::now() + again}); // there was room for it a moment ago
      }
      last = Clock::now();
      changed.notify_all();
      lock.unlock();
      target.reset(); // may close the last handle of a connection
      lock.lock();
    }
    --threads;
  }
};

CancelService::CancelService() : state_(std::make_unique<State>()) {}

// A child has none of its parent's threads, and the parent's lock may have been held at the fork: it starts anew, and
// leaves the old one where it is.
CancelService& CancelService::instance() {
  static std::atomic<CancelService*> current{new CancelService};
  CancelService* there = current.load();
  if (!there->fork_.forked()) return *there;
  auto* const made = new CancelService;
  if (current.compare_exchange_strong(there, made)) return *made;
  delete made;
  return *there;
}

void CancelService::post(std::shared_ptr<ICancelTarget> target) noexcept {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  try {
    state.waiting.reserve(state.waiting.size() + static_cast<std::size_t>(kThreads) + 1); // for those that come again
    state.waiting.push_back({target, Clock::now()});
    if (static_cast<std::size_t>(state.idle) < state.waiting.size() && state.threads < kThreads) {
      std::thread([&state] { state.work(); }).detach();
      ++state.threads;
    }
  } catch (...) {
    if (state.threads == 0) { // nobody will look
      std::erase_if(state.waiting, [&](const State::Item& item) { return item.target == target; });
      target->drop();
    }
  }
  state.changed.notify_one();
}

int CancelService::threads() const noexcept {
  const std::lock_guard lock(state_->mutex);
  return state_->threads;
}

} // namespace tenon::postgresql
