#include "background.hpp"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <tenon/interface/fork_guard.hpp>

namespace tenon::detail {
namespace {

constexpr std::chrono::seconds kIdleLife{10};

/// Signals are the application's: its handlers run on its threads.
class SignalsBlocked {
public:
  SignalsBlocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
  sigset_t before_{};
};

class Workers {
public:
  [[nodiscard]] bool forked() const noexcept { return guard_.forked(); }

  bool run(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(task));
    if (queue_.size() <= idle_) {
      ready_.notify_one();
      return true;
    }
    try {
      const SignalsBlocked blocked; // inherited by the thread
      std::thread([this] { work(); }).detach();
    } catch (const std::exception&) {
      queue_.pop_back();
      return false;
    }
    return true;
  }

private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      while (queue_.empty()) {
        ++idle_;
        const bool late = ready_.wait_for(lock, kIdleLife) == std::cv_status::timeout;
        --idle_;
        if (late && queue_.empty()) return;
      }
      std::function<void()> task = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      task();
      task = nullptr; // what it owns goes outside the lock
      lock.lock();
    }
  }

  const ForkGuard guard_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0; // threads that wait; one that was told may still be counted, and then so is its task
};

/// Those of this process. Never destroyed: their threads may outlive every static object.
Workers& workers() {
  static std::atomic<Workers*> current{nullptr};
  Workers* now = current.load(std::memory_order_acquire);
  while (now == nullptr || now->forked()) { // the parent's are left alone: its threads may have held their lock
    auto fresh = std::make_unique<Workers>();
    if (current.compare_exchange_weak(now, fresh.get(), std::memory_order_acq_rel)) now = fresh.release();
  }
  return *now;
}

} // namespace

bool run_in_background(std::function<void()> task) noexcept {
  try {
    return workers().run(std::move(task));
  } catch (const std::exception&) {
    return false;
  }
}

} // namespace tenon::detail
