#include "canceller.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <libpq-fe.h>

namespace tenon::postgresql {

struct Canceller::State {
  std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> handle{nullptr, &PQfreeCancel};
  std::mutex mutex;
  std::condition_variable settled;
  int calls = 0;                   // nesting of calls; guarded by mutex
  int under_way = 0;               // guarded by mutex
  std::atomic<bool> asked = false; // written under mutex

  void send() noexcept {
    std::array<char, 256> text{};
    // Its failure shows as a statement that goes on; the deadline then decides.
    static_cast<void>(PQcancel(handle.get(), text.data(), static_cast<int>(text.size())));
    const std::lock_guard lock(mutex);
    --under_way;
    settled.notify_all();
  }
};

Canceller::Canceller(pg_conn* connection) : state_(std::make_shared<State>()) {
  state_->handle.reset(PQgetCancel(connection));
}

Canceller::~Canceller() = default;

void Canceller::begin_call() noexcept {
  const std::lock_guard lock(state_->mutex);
  if (state_->calls++ == 0) state_->asked = false;
}

void Canceller::end_call() noexcept {
  const std::lock_guard lock(state_->mutex);
  --state_->calls;
}

void Canceller::request() noexcept {
  const std::shared_ptr<State> state = state_;
  {
    const std::lock_guard lock(state->mutex);
    if (state->calls == 0 || state->handle == nullptr) return;
    state->asked = true;
    ++state->under_way;
  }
  state->send();
}

void Canceller::request_in_background() noexcept {
  const std::shared_ptr<State> state = state_;
  if (state->handle == nullptr) return;
  {
    const std::lock_guard lock(state->mutex);
    ++state->under_way;
  }
  try {
    std::thread([state] { state->send(); }).detach();
  } catch (...) { // no thread to be had: the call ends without a cancel, and the connection with it
    const std::lock_guard lock(state->mutex);
    --state->under_way;
  }
}

bool Canceller::requested() const noexcept { return state_->asked; }

bool Canceller::settle(std::chrono::steady_clock::time_point limit) noexcept {
  std::unique_lock lock(state_->mutex);
  return state_->settled.wait_until(lock, limit, [&] { return state_->under_way == 0; });
}

} // namespace tenon::postgresql
