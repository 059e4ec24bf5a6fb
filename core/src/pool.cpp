#include "pool.hpp"

#include <utility>

#include "pool_core.hpp"

namespace tenon::detail {

void EndLease::operator()(Pooled* pooled) const noexcept { pooled->home->take_back(pooled, Condition::doubtful); }

void EndPlace::operator()(PoolCore* core) const noexcept { core->end_place(); }

bool Pooled::inherited() const noexcept { return home->forked(); }

Pool::Pool(const PoolSettings& settings, Duration connect_timeout, Connect connect, std::string name,
           PoolObserver observer)
    : settings_(settings), connect_timeout_(connect_timeout), connect_(std::move(connect)), name_(std::move(name)),
      observer_(std::move(observer)), core_(new Shared(make())) {}

Pool::~Pool() {
  const Shared* core = core_.load(std::memory_order_acquire);
  if ((*core)->forked()) return; // the parent's, whose lock may be held for ever
  (*core)->close();
  delete core;
}

Pool::Shared Pool::make() const {
  return std::make_shared<PoolCore>(settings_, connect_timeout_, connect_, name_, observer_);
}

const Pool::Shared& Pool::core() const {
  Shared* now = core_.load(std::memory_order_acquire);
  while ((*now)->forked()) {
    auto fresh = std::make_unique<Shared>(make());
    if (!core_.compare_exchange_weak(now, fresh.get(), std::memory_order_acq_rel)) continue;
    (*now)->drop_inherited();
    now = fresh.release();
    if (closed_) (*now)->close();
  }
  return *now;
}

Lease Pool::acquire(Deadline limit, const boost::source_location& where, const std::atomic<bool>* interrupted) {
  return core()->acquire(limit, where, interrupted);
}

void Pool::wake(const std::atomic<bool>& interrupted) noexcept { core()->wake(interrupted); }

void Pool::release(Lease lease, Condition condition) noexcept {
  Pooled* pooled = lease.release();
  pooled->home->take_back(pooled, condition);
}

Place Pool::reserve(Deadline limit, const boost::source_location& where) {
  PoolCore& pool = *core();
  pool.reserve(limit, where);
  return Place(&pool);
}

PoolFigures Pool::figures() const { return core()->figures(); }
void Pool::warm_up() noexcept { core()->warm_up(); }
void Pool::close() noexcept {
  closed_ = true;
  core()->close();
}

bool Pool::close(Deadline limit) noexcept {
  closed_ = true;
  return core()->close(limit);
}

} // namespace tenon::detail
