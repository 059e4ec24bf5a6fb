#pragma once
// BoundLayer: ends each call in time: by the store's call timeout, by the deadline of the unit of work, and once that
// was cancelled. The innermost of the default layers. Threads: as ISession. Cost: one look at the clock per call, a
// rough one for a timeout of ten seconds or more, and none without a call timeout.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <tenon/core/layer.hpp>
#include <tenon/core/settings.hpp>
#include <tenon/interface/rough_clock.hpp>

#include "background.hpp"

namespace tenon::detail {

/// "insert users", for messages and logs.
inline std::string text_of(const Call& call) {
  return call.table == nullptr ? std::string(call.operation)
                               : fmt::format("{} {}", call.operation, call.table->qualified_name());
}

class BoundLayer final : public SessionLayer<BoundLayer> {
public:
  BoundLayer(std::unique_ptr<ISession> session, Duration call_timeout, Capabilities capabilities)
      : SessionLayer(std::move(session)), call_timeout_(call_timeout),
        keeps_deadlines_(capabilities.has(Capability::deadlines)), cancels_(capabilities.has(Capability::cancel)) {}
  ~BoundLayer() override { end_reminder(); }

  template <class Next> decltype(auto) around(const Call& call, Next&& next) {
    const Calling calling(calling_);
    if (cancelled_.load(std::memory_order_relaxed)) [[unlikely]]
      refuse_unless_it_undoes(call);
    if (keeps_deadlines_) {
      const Deadline limit =
          call_timeout_ > Duration::zero() ? std::min(deadline_, deadline_in(call_timeout_)) : deadline_;
      if (limit != given_) {
        inner().set_deadline(limit);
        given_ = limit;
      }
    } else if (deadline_ != Deadline::max()) [[unlikely]] {
      refuse_if_late(call); // which is all that can be done
    }
    return std::forward<Next>(next)();
  }

  /// Of the unit of work, which rollback() ends.
  void set_deadline(Deadline deadline) override { deadline_ = deadline; }
  void rollback() override {
    SessionLayer::rollback();
    deadline_ = Deadline::max();
    given_ = kNone; // what the inner session makes of its deadline is its own business
    if (!cancelled_.load(std::memory_order_relaxed)) return;
    end_reminder(); // before anybody else gets the session
    cancelled_.store(false, std::memory_order_relaxed);
  }
  /// Ends the running call, and refuses what follows but for what undoes, until rollback().
  void cancel() noexcept override {
    cancelled_.store(true, std::memory_order_relaxed); // first: a call that begins now is refused or reached
    SessionLayer::cancel();
    if (cancels_) remind();
  }

private:
  static constexpr Deadline kNone = Deadline::min();
  static constexpr std::chrono::milliseconds kFirstReminder{5};
  static constexpr std::chrono::milliseconds kLongestPause{500};

  /// While it lives a call runs.
  class Calling {
  public:
    explicit Calling(std::atomic<bool>& flag) noexcept : flag_(flag) { flag_.store(true, std::memory_order_relaxed); }
    ~Calling() { flag_.store(false, std::memory_order_relaxed); }
    Calling(const Calling&) = delete;
    Calling& operator=(const Calling&) = delete;

  private:
    std::atomic<bool>& flag_;
  };

  /// Cancels again as long as the call goes on: a request that arrives between our look at the flag and the backend's
  /// start of the call is forgotten there.
  class Reminder {
  public:
    explicit Reminder(BoundLayer& layer) noexcept : layer_(&layer) {}
    /// Returns false if there is nothing left to cancel.
    [[nodiscard]] bool again() noexcept {
      const std::lock_guard lock(mutex_);
      if (layer_ == nullptr || !layer_->cancelled_.load(std::memory_order_relaxed) ||
          !layer_->calling_.load(std::memory_order_relaxed)) {
        layer_ = nullptr;
        return false;
      }
      layer_->SessionLayer::cancel();
      return true;
    }
    void forget() noexcept {
      const std::lock_guard lock(mutex_);
      layer_ = nullptr;
    }
    [[nodiscard]] bool done() noexcept {
      const std::lock_guard lock(mutex_);
      return layer_ == nullptr;
    }

  private:
    std::mutex mutex_;
    BoundLayer* layer_; // null: done, or the layer is gone
  };

  void end_reminder() noexcept {
    const std::lock_guard lock(reminder_mutex_);
    if (reminder_ != nullptr) reminder_->forget();
    reminder_.reset();
  }
  void remind() noexcept {
    try {
      const std::lock_guard lock(reminder_mutex_);
      if (reminder_ != nullptr && !reminder_->done()) return;
      reminder_ = std::make_shared<Reminder>(*this);
      const bool runs = run_in_background([reminder = reminder_] {
        std::chrono::milliseconds pause = kFirstReminder;
        do {
          std::this_thread::sleep_for(pause);
          pause = std::min(2 * pause, kLongestPause);
        } while (reminder->again());
      });
      if (!runs) reminder_.reset();
    } catch (...) { // out of memory: the one request has to do
    }
  }

  static bool undoes(const Call& call) noexcept {
    return call.operation == "rollback" || call.operation == "rollback to" || call.operation == "release";
  }
  [[gnu::cold]] void refuse_unless_it_undoes(const Call& call) {
    calling_.store(false, std::memory_order_relaxed); // what undoes is not to be cancelled
    if (undoes(call)) return;
    throw_error(ErrorCode::cancelled, fmt::format("{}: the unit of work was cancelled", text_of(call)));
  }
  [[gnu::cold]] void refuse_if_late(const Call& call) const {
    if (undoes(call) || Clock::now() < deadline_) return;
    throw_error(ErrorCode::timeout, fmt::format("{}: the deadline passed", text_of(call)));
  }

  const Duration call_timeout_;
  const bool keeps_deadlines_;
  const bool cancels_;
  Deadline deadline_ = Deadline::max();
  Deadline given_ = kNone; // what the inner session was told last
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> calling_{false};
  std::mutex reminder_mutex_;
  std::shared_ptr<Reminder> reminder_; // of the last cancel; it may outlive the layer by a pause
};

} // namespace tenon::detail
