#include "load.hpp"

namespace tenon::faults {

Allowed allowed_by(const Store& store) {
  const StoreSettings& settings = store.settings();
  return {settings.pool.timeout + settings.call_timeout, settings.call_timeout};
}

Load::Load(Store& store, Audit& audit, int threads) : store_(store), audit_(audit) {
  for (int number = 0; number < threads; ++number)
    threads_.emplace_back([this, number] { run(number); });
}

Load::~Load() { stop(); }

void Load::stop() {
  stopped_ = true;
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
}

bool Load::progresses(std::int64_t units, milliseconds within) {
  const std::int64_t goal = acknowledged_ + units;
  return becomes_true([&] { return acknowledged_ >= goal; }, within);
}

void Load::run(int number) {
  const Allowed allowed = allowed_by(store_);
  const auto by_hand = [&](std::int64_t op) {
    Session session = store_.session({.write_intent = true});
    Repository<Entry> entries{session};
    watch_.time(allowed.checkout, [&] { entries.create({.id = 0, .op = op, .part = 1}); });
    watch_.time(allowed.call, [&] { entries.create({.id = 0, .op = op, .part = 2}); });
    watch_.time(allowed.call, [&] { session.commit(); });
  };
  // One deadline for all runs, the waits for connections and the pauses.
  const auto as_transaction = [&] {
    return watch_.time(allowed.checkout, [&] { return audit_.write(store_, {.timeout = allowed.checkout}); });
  };
  while (!stopped_) {
    const auto outcome = number % 2 == 0 ? as_transaction() : audit_.record(by_hand);
    if (outcome == Audit::Outcome::acknowledged)
      ++acknowledged_;
    else
      std::this_thread::sleep_for(1ms); // a server that is down answers at once
  }
}

} // namespace tenon::faults
