// The connection is cut at every byte of a unit of work, in both directions: done exactly once or told to be unknown.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <tenon/testing/effort.hpp>

#include "scene.hpp"

namespace tenon::faults {
namespace {

struct Sweep {
  std::int64_t bytes = 0; ///< of BEGIN, two INSERTs and COMMIT, prepared ones
  std::map<Audit::Outcome, int> outcomes;
  std::int64_t first_unknown = -1;
};

/// How the unit's two rows are written: by two calls in a transaction, or with autocommit by one call.
enum class Unit { transaction, statement, batch };

Audit::Outcome write(Audit& audit, Store& store, Unit unit) {
  if (unit == Unit::transaction) return audit.write(store);
  return audit.record([&](std::int64_t op) {
    Session session = store.session({.autocommit = true});
    if (unit == Unit::statement) {
      Repository<Entry>(session).create_many({{.id = 0, .op = op, .part = 1}, {.id = 0, .op = op, .part = 2}});
    } else { // three statements
      Batch batch = session.batch();
      batch.create(Entry{.id = 0, .op = op, .part = 3});
      batch.update(col<&Entry::op> == op, {set<&Entry::part>(1)}).create(Entry{.id = 0, .op = op, .part = 2});
      batch.run();
    }
  });
}

/// One unit of work per offset, each on a connection that is there and idle when the unit begins.
Sweep cut_everywhere(Store& store, TcpProxy& proxy, Audit& audit, Fault fault, Unit unit) {
  const std::int64_t stride = testing::kSanitized ? 7 : 1;
  Sweep sweep;
  for (fault.offset = 0;; fault.offset += stride) {
    if (unit == Unit::transaction) {
      Audit::insert(*std::make_unique<Session>(store.session()), 0); // connects, prepares; is rolled back
    } else {
      write(audit, store, unit);
    }
    const auto struck = proxy.figures().struck;
    proxy.arm(fault);
    const auto outcome = write(audit, store, unit);
    ++sweep.outcomes[outcome];
    if (outcome == Audit::Outcome::unknown && sweep.first_unknown < 0) sweep.first_unknown = fault.offset;
    const bool is_behind = proxy.figures().struck == struck;
    proxy.release();
    if (is_behind) break;
    sweep.bytes = fault.offset;
  }
  return sweep;
}

struct Variant {
  Direction direction = Direction::to_server;
  Fault::Action action = Fault::Action::cut;
  int attempts = 3;
  bool resolves = false; ///< asks what became of a COMMIT
  Unit unit = Unit::transaction;
};

void check(const Variant& variant) {
  Scene scene;
  TcpProxy& proxy = scene.proxy;
  {
    Store store = scene.open({{"pool.size", "1"},
                              {"pool.max_overflow", "0"},
                              {"pool.timeout", "5s"},
                              {"deadlines.call", "5s"},
                              {"retry.attempts", std::to_string(variant.attempts)},
                              {"retry.base_delay", "1ms"},
                              {"retry.max_delay", "1ms"},
                              {"connection.resolve_commit", variant.resolves ? "true" : "false"}});
    Audit audit(store);
    if (variant.resolves) audit.resolve_with(store);
    Stopwatch watch;
    Sweep sweep = watch.time(0ms, [&] {
      return cut_everywhere(store, proxy, audit, {.action = variant.action, .direction = variant.direction},
                            variant.unit);
    });
    fmt::print("cuts: {} bytes {}: {}, {} ms\n", sweep.bytes,
               variant.direction == Direction::to_server ? "to the server" : "to the client", audit.summary(),
               watch.worst().count());
    CHECK(audit.problems(server()) == "");
    CHECK(sweep.bytes > 50);
    const int failed = sweep.outcomes[Audit::Outcome::failed];
    if (variant.unit != Unit::transaction) {
      // From the first byte of the statement on, or of its answer, that answer is the acknowledgement.
      CHECK(sweep.first_unknown == 0);
      CHECK(failed == 0);
    } else if (variant.resolves) {
      CHECK(sweep.outcomes[Audit::Outcome::unknown] == 0);
    } else {
      // The end of the unit is COMMIT and its answer: 'C', length, "COMMIT"; 'Z', length, state; or 'Q', length, text.
      CHECK(sweep.first_unknown >= sweep.bytes - 20);
      CHECK((failed > 0) == (variant.attempts == 1)); // else it is run again on a new connection
    }
    for (const auto& [name, seen] : audit.errors())
      CHECK((name == "ConnectionError" || name == "CommitUnknown"));
    CHECK(proxy.figures().peak <= 1);
    CHECK(store.figures().in_use == 0);
  }
  CHECK(scene.baseline.is_reached());
}

TEST_CASE("cuts: at every byte that goes to the server, the work is done once, or lost and told") {
  SECTION("cut") { check({.direction = Direction::to_server}); }
  SECTION("cut, without a second run") { check({.direction = Direction::to_server, .attempts = 1}); }
  SECTION("cut, and asked afterwards") { check({.direction = Direction::to_server, .resolves = true}); }
  SECTION("reset") { check({.direction = Direction::to_server, .action = Fault::Action::reset}); }
  SECTION("cut, a statement with autocommit") {
    check({.direction = Direction::to_server, .attempts = 1, .unit = Unit::statement});
  }
  SECTION("cut, a batch with autocommit") {
    check({.direction = Direction::to_server, .attempts = 1, .unit = Unit::batch});
  }
}

TEST_CASE("cuts: at every byte that comes from the server, the work is done once, or lost and told") {
  SECTION("cut") { check({.direction = Direction::to_client}); }
  SECTION("cut, and asked afterwards") { check({.direction = Direction::to_client, .resolves = true}); }
  SECTION("reset") { check({.direction = Direction::to_client, .action = Fault::Action::reset}); }
  SECTION("cut, a statement with autocommit") {
    check({.direction = Direction::to_client, .attempts = 1, .unit = Unit::statement});
  }
  SECTION("cut, a batch with autocommit") {
    check({.direction = Direction::to_client, .attempts = 1, .unit = Unit::batch});
  }
}

} // namespace
} // namespace tenon::faults
