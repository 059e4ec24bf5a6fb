#pragma once
// A pool over scripted sessions, for the tests of the pool alone.

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core_fake.hpp"
#include "pool.hpp"

namespace tenon::fake {

/// Two connections and one more; five seconds to wait for them.
struct PoolTest {
  std::shared_ptr<Script> script = std::make_shared<Script>();
  PoolSettings settings;
  Duration connect_timeout{1000};
  PoolObserver observer;
  std::function<void(Deadline)> connecting = [](Deadline) {}; ///< what a connect does first, given its limit
  std::unique_ptr<detail::Pool> made;                         ///< last: what it uses outlives it

  PoolTest() {
    settings.size = 2;
    settings.max_overflow = 1;
    settings.timeout = std::chrono::seconds{5};
  }
  detail::Pool& pool() {
    if (made == nullptr) {
      const auto connect = [script = script, begin = connecting](Deadline limit) -> std::unique_ptr<ISession> {
        begin(limit);
        script->called("connect");
        return std::make_unique<Session>(script);
      };
      made = std::make_unique<detail::Pool>(settings, connect_timeout, connect, "the database", observer);
    }
    return *made;
  }
  [[nodiscard]] detail::Lease checkout(Deadline limit = Deadline::max(),
                                       const boost::source_location& where = BOOST_CURRENT_LOCATION) {
    return pool().acquire(limit, where);
  }
  /// A checkout on a thread of its own that is known to wait when this returns.
  std::future<detail::Lease> waiting_checkout() {
    const std::uint32_t before = pool().figures().waiting;
    auto waiter = std::async(std::launch::async, [this] { return checkout(); });
    REQUIRE(eventually([&] { return pool().figures().waiting == before + 1; }));
    return waiter;
  }
  /// One connection and no more.
  void only_one() {
    settings.size = 1;
    settings.max_overflow = 0;
  }
};

/// The events of a pool, in the order they were told. What the observer needs outlives the test, as the pool does.
class Events {
public:
  [[nodiscard]] PoolObserver observer() {
    return [told = told_](const PoolEvent& event) {
      const std::lock_guard lock(told->mutex);
      told->seen.push_back(event);
    };
  }
  [[nodiscard]] std::vector<PoolEvent> of(PoolEvent::Kind kind) const {
    const std::lock_guard lock(told_->mutex);
    std::vector<PoolEvent> found;
    for (const PoolEvent& event : told_->seen) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }
  [[nodiscard]] std::size_t count(PoolEvent::Kind kind, PoolEvent::Reason reason = PoolEvent::Reason::none) const {
    std::size_t found = 0;
    for (const PoolEvent& event : of(kind))
      found += event.reason == reason ? 1 : 0;
    return found;
  }

private:
  struct Told {
    std::mutex mutex;
    std::vector<PoolEvent> seen;
  };
  std::shared_ptr<Told> told_ = std::make_shared<Told>();
};

} // namespace tenon::fake
