#include "canceller.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <libpq-fe.h>

#include "cancel_service.hpp"

namespace tenon::postgresql {
namespace {

using std::chrono::milliseconds;

/// When a request is sent once more if its call still runs: soon, because it may have come too early, and ever later.
constexpr milliseconds kFirstRetry{10};
constexpr milliseconds kLastRetry{1000};

} // namespace

class Canceller::State final : public ICancelTarget, public std::enable_shared_from_this<State> {
public:
  State(pg_conn* connection, std::string server)
      : handle_(PQgetCancel(connection), &PQfreeCancel), server_(std::move(server)) {}

  [[nodiscard]] const std::string& server() const noexcept override { return server_; }

  milliseconds send() noexcept override {
    {
      const std::lock_guard lock(mutex_);
      if (!queued_ || under_way_) return milliseconds::zero(); // taken back, or there is another entry for it
      queued_ = false;
      under_way_ = true;
    }
    std::array<char, 256> text{};
    // Its failure shows as a statement that goes on; the deadline then decides.
    static_cast<void>(PQcancel(handle_.get(), text.data(), static_cast<int>(text.size())));
    const std::lock_guard lock(mutex_);
    under_way_ = false;
    settled_.notify_all();
    if (closed_ || calls_ == 0 || !asked_) return milliseconds::zero();
    queued_ = true;
    return std::exchange(retry_, std::min(2 * retry_, kLastRetry));
  }

  void drop() noexcept override { queued_ = false; } // the poster holds the lock

  void begin_call() noexcept {
    const std::lock_guard lock(mutex_);
    if (calls_++ != 0) return;
    asked_ = false;
    retry_ = kFirstRetry;
  }
  void end_call() noexcept {
    const std::lock_guard lock(mutex_);
    if (--calls_ == 0) queued_ = false;
  }

  void request(bool by_user) noexcept {
    const std::lock_guard lock(mutex_);
    if (handle_ == nullptr || closed_ || (by_user && calls_ == 0)) return;
    if (by_user) asked_ = true;
    involved_.store(true, std::memory_order_release);
    if (queued_ || under_way_) return;
    queued_ = true;
    CancelService::instance().post(shared_from_this());
  }

  [[nodiscard]] bool asked() const noexcept { return asked_; }

  [[nodiscard]] bool is_settled() const noexcept { return !involved_.load(std::memory_order_acquire); }
  bool settle(std::chrono::steady_clock::time_point limit) noexcept {
    if (is_settled()) return true; // the usual case costs no lock
    std::unique_lock lock(mutex_);
    queued_ = false;
    if (!settled_.wait_until(lock, limit, [&] { return !under_way_; })) return false;
    queued_ = false; // one that has just been sent may have asked for another
    involved_.store(false, std::memory_order_release);
    return true;
  }

  void close() noexcept {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    queued_ = false;
  }

private:
  const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> handle_;
  const std::string server_;
  std::mutex mutex_; // taken before the service's, never behind it
  std::condition_variable settled_;
  milliseconds retry_ = kFirstRetry;
  int calls_ = 0; ///< nesting of calls
  bool queued_ = false;
  bool under_way_ = false;
  bool closed_ = false;
  std::atomic<bool> asked_ = false;    // written under the lock
  std::atomic<bool> involved_ = false; // since the last settle(); written under the lock
};

Canceller::Canceller(pg_conn* connection, std::string server)
    : state_(std::make_shared<State>(connection, std::move(server))) {}

Canceller::~Canceller() { state_->close(); }

void Canceller::begin_call() noexcept { state_->begin_call(); }
void Canceller::end_call() noexcept { state_->end_call(); }
void Canceller::request() noexcept { state_->request(true); }
void Canceller::request_for_deadline() noexcept { state_->request(false); }
bool Canceller::requested() const noexcept { return state_->asked(); }
bool Canceller::is_settled() const noexcept { return state_->is_settled(); }
bool Canceller::settle(std::chrono::steady_clock::time_point limit) noexcept { return state_->settle(limit); }

} // namespace tenon::postgresql
