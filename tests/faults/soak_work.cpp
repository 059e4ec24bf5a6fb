#include "load.hpp"
#include "soak.hpp"

namespace tenon::faults {
namespace {

constexpr std::string_view kSleep = "SELECT pg_sleep(2)";

void run_sql(Session& session, std::string_view sql) {
  RowBatch rows;
  const auto cursor = session.execute(sql);
  while (cursor->next(rows)) {}
}

/// Thrown by units of work that change their mind: nothing of them may be there.
[[noreturn]] void change_mind() { throw_error(ErrorCode::cancelled, "the unit of work was given up"); }

} // namespace

bool Gate::enter() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !closed_ || ended_; });
  if (ended_) return false;
  ++inside_;
  return true;
}

void Gate::leave() {
  const std::lock_guard lock(mutex_);
  --inside_;
  changed_.notify_all();
}

void Gate::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  changed_.wait(lock, [&] { return inside_ == 0; });
}

void Gate::open() {
  const std::lock_guard lock(mutex_);
  closed_ = false;
  changed_.notify_all();
}

void Gate::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Work::run(std::uint64_t seed) {
  Random random(seed);
  while (gate_.enter()) {
    one(random);
    gate_.leave();
  }
}

void Work::one(Random& random) {
  const auto record = [&](auto&& work) {
    if (audit_.record(work) == Audit::Outcome::failed) std::this_thread::sleep_for(1ms);
  };
  switch (draw(random, 0, 9)) {
    case 0:
    case 1: audit_.write(store_); break;
    case 2: {
      const milliseconds timeout(draw(random, 1, 1000));
      watch_.time(timeout, [&] { audit_.write(store_, {.timeout = timeout}); });
      break;
    }
    case 3: audit_.write(store_, {.isolation = Isolation::serializable}); break;
    case 4:
    case 5: record([&](std::int64_t op) { by_hand(random, op); }); break;
    case 6: record([&](std::int64_t op) { nested(random, op); }); break;
    case 7: record([&](std::int64_t op) { cancelled(random, op); }); break;
    case 8: record([&](std::int64_t op) { given_up(random, op); }); break;
    default:
      if (draw(random, 0, 9) == 0) record([&](std::int64_t op) { slow(op); });
  }
}

void Work::by_hand(Random& random, std::int64_t op) {
  const Allowed allowed = allowed_by(store_);
  Session session = store_.session({.write_intent = true});
  Repository<Entry> entries{session};
  watch_.time(allowed.checkout, [&] { entries.create({.id = 0, .op = op, .part = 1}); });
  if (draw(random, 0, 3) == 0) static_cast<void>(watch_.time(allowed.call, [&] { return entries.count(); }));
  watch_.time(allowed.call, [&] { entries.create({.id = 0, .op = op, .part = 2}); });
  watch_.time(allowed.call, [&] { session.commit(); });
}

// What was thrown out of nested() is undone; what was before and after it is done.
void Work::nested(Random& random, std::int64_t op) {
  const bool fails = draw(random, 0, 1) == 0;
  store_.transaction([&](Session& session) {
    Repository<Entry> entries{session};
    entries.create({.id = 0, .op = op, .part = 1});
    try {
      session.nested([&] {
        entries.create({.id = 0, .op = op, .part = fails ? 3 : 2});
        if (fails) run_sql(session, "SELECT 1 / 0");
      });
    } catch (const DataError&) {}
    if (fails) entries.create({.id = 0, .op = op, .part = 2});
  });
}

void Work::cancelled(Random& random, std::int64_t op) {
  const Allowed allowed = allowed_by(store_);
  Session session = store_.session({.write_intent = true});
  watch_.time(allowed.checkout, [&] { Repository<Entry>{session}.create({.id = 0, .op = op, .part = 1}); });
  const milliseconds pause(draw(random, 0, 20));
  std::thread canceller([&] {
    std::this_thread::sleep_for(pause);
    session.cancel();
  });
  try {
    watch_.time(allowed.call, [&] { run_sql(session, kSleep); });
  } catch (...) {
    canceller.join();
    throw;
  }
  canceller.join();
  change_mind();
}

void Work::slow(std::int64_t op) {
  const Allowed allowed = allowed_by(store_);
  Session session = store_.session({.write_intent = true});
  watch_.time(allowed.checkout, [&] { Repository<Entry>{session}.create({.id = 0, .op = op, .part = 1}); });
  watch_.time(allowed.call, [&] { run_sql(session, kSleep); }); // longer than a call may take
  change_mind();
}

void Work::given_up(Random& random, std::int64_t op) {
  if (draw(random, 0, 1) == 0) {
    Session session = store_.session({.write_intent = true});
    Audit::insert(session, op);
    if (draw(random, 0, 1) == 0) session.rollback();
    change_mind();
  }
  store_.transaction([&](Session& session) {
    Audit::insert(session, op);
    change_mind();
  });
}

} // namespace tenon::faults
