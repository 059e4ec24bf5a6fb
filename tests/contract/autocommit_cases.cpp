// Contract: sessions with autocommit: each call is a transaction of its own, on every backend.

#include <cstdint>
#include <string>
#include <vector>

#include <tenon/core/batch.hpp>

#include "models.hpp"
#include "support.hpp"

namespace tenon::contract {
namespace {

struct Alone {
  Database database;
  Store store = database.store();
  Session session = (store.create_tables<Book, Author, Counter>(), store.session({.autocommit = true}));
  Repository<Counter> counters{session};

  /// As somebody else sees it.
  std::uint64_t count() {
    Session other = store.session({.autocommit = true});
    return Repository<Counter>{other}.count();
  }
};

std::vector<Counter> numbered(std::int64_t first, std::int64_t behind) {
  std::vector<Counter> made;
  for (std::int64_t n = first; n < behind; ++n)
    made.push_back({.name = std::to_string(n), .value = n});
  return made;
}

TEST_CASE("autocommit: what a call wrote is permanent when it returns, and rollback undoes nothing") {
  Alone t;
  t.counters.create({.name = "a", .value = 1});
  CHECK(t.count() == 1);
  t.counters.update(col<&Counter::name> == "a", {set<&Counter::value>(2)});
  t.session.commit();
  t.counters.create({.name = "b"});
  if (t.database.can(Capability::transactions)) t.session.rollback();
  CHECK(t.count() == 2);
  Session other = t.store.session({.autocommit = true});
  CHECK(Repository<Counter>{other}.get("a").value == 2);
}

TEST_CASE("autocommit: a failed call wrote nothing, and the next one works") {
  Alone t;
  t.counters.create({.name = "17"});
  CHECK_THROWS_AS(t.counters.create({.name = "17"}), IntegrityError);
  CHECK(t.counters.get("17").value == 0);
  t.counters.create({.name = "x"});
  CHECK(t.count() == 2);
}

TEST_CASE("autocommit: many rows are written all or none, whatever their number") {
  Alone t;
  t.counters.create({.name = "taken"});
  for (const std::int64_t rows : {3, 200, 10'000}) { // a statement; a COPY where there is one; more than one chunk
    CAPTURE(rows);
    const std::uint64_t before = t.count();
    std::vector<Counter> many = numbered(rows, 2 * rows);
    many.back().name = "taken";
    CHECK_THROWS_AS(t.counters.create_many(many), IntegrityError);
    CHECK(t.count() == before);
    many.back().name = "last of " + std::to_string(rows);
    CHECK(t.counters.create_many(many).size() == many.size());
    CHECK(t.count() == before + many.size());
  }
}

TEST_CASE("autocommit: a batch is all or nothing") {
  Alone t;
  if (!claimed(t.database, Capability::batch, [] { throw_error(ErrorCode::not_supported, "not asked"); })) return;
  t.counters.create({.name = "taken"});
  Batch bad = t.session.batch();
  for (const Counter& one : numbered(0, 40))
    bad.create(one);
  bad.update(Counter{.name = "taken", .value = 5}).create(Counter{.name = "taken"});
  CHECK_THROWS_AS(bad.run(), IntegrityError);
  CHECK(t.count() == 1);
  CHECK(t.counters.get("taken").value == 0);
  Batch good = t.session.batch();
  good.update(Counter{.name = "taken", .value = 5}).create(Counter{.name = "other"});
  good.run();
  CHECK(t.count() == 2);
  CHECK(t.counters.get("taken").value == 5);
  Batch late = t.session.batch();
  late.create(Counter{.name = "late"}).update(Counter{.name = "taken", .value = 6}).update(Counter{.name = "absent"});
  CHECK_THROWS_AS(late.run(), NotFound);
  if (!t.database.can(Capability::transactions)) return;
  CHECK(t.count() == 2);
  CHECK(t.counters.get("taken").value == 5);
  late.update(Counter{.name = "taken", .value = 7});
  CHECK(late.run() == std::vector<std::uint64_t>{1}); // the session goes on
  CHECK(t.counters.get("taken").value == 7);
}

TEST_CASE("autocommit: rows are streamed, and one that is left early leaves the session free") {
  Alone t;
  t.counters.create_many(numbered(0, 5000));
  std::int64_t sum = 0;
  t.counters.query().for_each([&](const Counter& one) { sum += one.value; });
  CHECK(sum == 4999 * 5000 / 2);
  {
    auto rows = t.counters.query().stream();
    CHECK(rows.begin() != rows.end());
    CHECK_THROWS_AS(t.counters.count(), ProgrammingError); // until it ends
  }
  CHECK(t.counters.query().order_by(col<&Counter::value>.asc()).all().size() == 5000);
  t.counters.create({.name = "after"});
  CHECK(t.count() == 5001);
}

TEST_CASE("autocommit: writers at the same time wait for each other and lose nothing") {
  Alone t;
  const bool computes = t.database.can(Capability::sql);
  t.counters.create({.name = "a"});
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  const auto errors = in_threads(kThreads, [&](int thread) {
    Session session = t.store.session({.autocommit = true});
    Repository<Counter> counters{session};
    for (int i = 0; i < kEach; ++i) {
      counters.create({.name = std::to_string(thread) + "." + std::to_string(i)});
      if (!computes) continue;
      counters.update(col<&Counter::name> == "a", {set<&Counter::value>(col<&Counter::value> + 1)});
    }
  });
  CHECK(errors == std::vector<std::string>{});
  CHECK(t.count() == kThreads * kEach + 1);
  if (computes) CHECK(t.counters.get("a").value == kThreads * kEach);
}

} // namespace
} // namespace tenon::contract
