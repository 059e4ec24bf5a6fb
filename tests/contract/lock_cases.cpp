// Contract: row locks keep others away until the transaction ends.

#include <chrono>
#include <future>
#include <memory>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

Ask locking(RowLock lock, std::int64_t n = 0) {
  return {.filter = n == 0 ? Tree() : n_is(n), .order = {ascending(0)}, .outputs = columns({1}), .lock = lock};
}

struct Locks {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&notes()});
  std::unique_ptr<ISession> other = database.connect();
  IRepository& ours = session->repository(notes());
  IRepository& theirs = other->repository(notes());

  Locks() { add_notes(*session, 1, 3); }
  [[nodiscard]] bool can() const { return database.can(Capability::row_locks); }
};

TEST_CASE("locks: without the capability they are NotSupported") {
  Locks t;
  if (t.can()) return;
  CHECK_THROWS_AS(select(t.ours, locking(RowLock::update)), NotSupported);
}

TEST_CASE("locks: only within a transaction, which has to be one that may write") {
  Locks t;
  if (!t.can()) return;
  CHECK_THROWS_AS(select(t.ours, locking(RowLock::update)), ProgrammingError);
  t.session->begin({.write_intent = true});
  for (const RowLock lock : {RowLock::update, RowLock::update_nowait, RowLock::update_skip_locked, RowLock::share})
    CHECK(select(t.ours, locking(lock)).size() == 3);
  CHECK(update(t.ours, n_is(1), {{1, Value::int64(10)}}) == 1);
  t.session->commit();
  t.session->begin({.read_only = true});
  CHECK_THROWS_AS(select(t.ours, locking(RowLock::update)), ReadOnly);
  t.session->rollback();
  CHECK_THROWS_AS(select(t.ours, locking(static_cast<RowLock>(9))), NotSupported);
}

TEST_CASE("locks: a locked row is not changed by others before the transaction ends") {
  Locks t;
  if (!t.can() || !t.database.can(Capability::deadlines)) return;
  t.session->begin({.write_intent = true});
  CHECK(select(t.ours, locking(RowLock::update, 2)).size() == 1);
  t.other->set_deadline(Clock::now() + std::chrono::milliseconds(100));
  CHECK_THROWS_AS(update(t.theirs, n_is(2), {{1, Value::int64(20)}}), TimeoutError);
  t.other->set_deadline(Deadline::max());
  t.session->commit();
  CHECK(update(t.theirs, n_is(2), {{1, Value::int64(20)}}) == 1);
}

TEST_CASE("locks: nowait and skip locked where writers meet at rows") {
  Locks t;
  if (!t.can()) return;
  // Where the whole database is locked for a transaction with write intent, a second one does not begin.
  t.session->begin({.write_intent = true});
  CHECK(select(t.ours, locking(RowLock::update, 2)).size() == 1);
  t.other->set_deadline(Clock::now() + std::chrono::milliseconds(300));
  try {
    t.other->begin({.write_intent = true});
  } catch (const TimeoutError&) {
    return;
  }
  t.other->set_deadline(Deadline::max());
  CHECK(select(t.theirs, locking(RowLock::update_skip_locked)) == Rows{{Value::int64(1)}, {Value::int64(3)}});
  const ErrorInfo info =
      raised<TimeoutError>([&] { static_cast<void>(select(t.theirs, locking(RowLock::update_nowait))); });
  CHECK(info.sqlstate == "55P03");
  t.other->rollback();
  t.other->begin({.write_intent = true});
  CHECK(select(t.theirs, locking(RowLock::share, 1)).size() == 1);
  CHECK(select(t.ours, locking(RowLock::share, 1)).size() == 1); // shared locks live together
  t.other->commit();
  t.session->commit();
}

TEST_CASE("locks: make no sense for groups, aggregates and distinct rows") {
  Locks t;
  if (!t.can()) return;
  t.session->begin({.write_intent = true});
  Ask distinct = locking(RowLock::update);
  distinct.distinct = true;
  distinct.order = {};
  CHECK_THROWS_AS(select(t.ours, distinct), ProgrammingError);
  const Ask counted{.outputs = {{{0, 0}, Aggregate::count_rows, 0}}, .lock = RowLock::update};
  CHECK_THROWS_AS(select(t.ours, counted), ProgrammingError);
}

} // namespace
} // namespace tenon::contract
