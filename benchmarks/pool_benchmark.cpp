// What a checkout and return cost, against the least that a pool can do: a mutex, a vector, and two looks at the steady
// clock. Over a session that does nothing, so that validation is apart; and over one that polls a socket, as every
// backend with a server does. "Twice the plain pool at most" is the promise; run with --benchmark_repetitions=5.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "pool.hpp"

namespace tenon {
namespace {

using detail::Condition;
using detail::Lease;
using detail::Pool;

constexpr std::uint32_t kSize = 8; ///< more than there are threads: nobody waits

class NullSession : public ISession {
public:
  IRepository& repository(const TableDesc&) override { throw_error(ErrorCode::not_supported, "no tables"); }
  void begin(const TransactionOptions&) override {}
  void commit() override {}
  void rollback() override {}
  void savepoint(SavepointAction, std::uint32_t) override {}
  void create_tables(std::span<const TableDesc* const>) override {}
  std::unique_ptr<ICursor> execute(std::string_view, std::span<const Cell>) override { return nullptr; }
  void batch(std::span<const BatchItem>, std::span<std::uint64_t>) override {}
  bool alive() noexcept override { return true; }
  void ping() override {}
  void set_deadline(Deadline) override {}
  void cancel() noexcept override {}
};

/// Looks at an idle socket, as the PostgreSQL backend does.
class PollingSession final : public NullSession {
public:
  PollingSession() {
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_) != 0) throw_error(ErrorCode::internal, "no socket pair");
  }
  ~PollingSession() override {
    for (const int end : ends_)
      ::close(end);
  }
  PollingSession(const PollingSession&) = delete;
  PollingSession& operator=(const PollingSession&) = delete;
  bool alive() noexcept override {
    pollfd look{ends_[0], POLLIN, 0};
    return ::poll(&look, 1, 0) == 0;
  }

private:
  int ends_[2] = {-1, -1};
};

/// What the promise is measured by.
class PlainPool {
public:
  struct Connection {
    std::unique_ptr<ISession> session;
    Clock::time_point taken;
  };
  PlainPool() {
    for (std::uint32_t i = 0; i < kSize; ++i)
      idle_.push_back(std::make_unique<Connection>(Connection{std::make_unique<NullSession>(), {}}));
  }
  std::unique_ptr<Connection> acquire() {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    auto taken = std::move(idle_.back());
    idle_.pop_back();
    taken->taken = now;
    return taken;
  }
  void release(std::unique_ptr<Connection> connection) {
    const auto used = Clock::now() - connection->taken;
    const std::lock_guard lock(mutex_);
    used_ += used;
    idle_.push_back(std::move(connection));
  }

private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
  Clock::duration used_{};
};

template <class Session> Pool& filled_pool() {
  static Pool* const pool = [] {
    PoolSettings settings;
    settings.size = kSize;
    auto* made = new Pool(
        settings, std::chrono::seconds{1}, [](Deadline) { return std::make_unique<Session>(); }, "nothing");
    std::vector<Lease> out;
    for (std::uint32_t i = 0; i < kSize; ++i)
      out.push_back(made->acquire(Deadline::max(), BOOST_CURRENT_LOCATION));
    for (Lease& lease : out)
      made->release(std::move(lease), Condition::good);
    return made;
  }();
  return *pool;
}

void plain(benchmark::State& state) {
  static PlainPool pool;
  for (auto _ : state) {
    auto connection = pool.acquire();
    benchmark::DoNotOptimize(connection.get());
    pool.release(std::move(connection));
  }
}

template <class Session> void tenon_pool(benchmark::State& state) {
  Pool& pool = filled_pool<Session>();
  for (auto _ : state) {
    auto lease = pool.acquire(Deadline::max(), BOOST_CURRENT_LOCATION);
    benchmark::DoNotOptimize(lease.get());
    pool.release(std::move(lease), Condition::good);
  }
}

/// The one system call that validation adds.
void poll_alone(benchmark::State& state) {
  static PollingSession session;
  for (auto _ : state)
    benchmark::DoNotOptimize(session.alive());
}

BENCHMARK(plain)->Threads(1)->Threads(4)->UseRealTime();
BENCHMARK_TEMPLATE(tenon_pool, NullSession)->Threads(1)->Threads(4)->UseRealTime();
BENCHMARK_TEMPLATE(tenon_pool, PollingSession)->Threads(1)->Threads(4)->UseRealTime();
BENCHMARK(poll_alone);

} // namespace
} // namespace tenon

BENCHMARK_MAIN();
