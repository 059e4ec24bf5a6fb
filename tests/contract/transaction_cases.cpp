// Contract: transactions at the level of ISession.

#include <memory>
#include <string>

#include "support.hpp"

namespace tenon::contract {
namespace {

constexpr TransactionOptions kWrite{Isolation::backend_default, false, true};

/// A case that needs transactions: where they are not claimed, that is checked instead.
struct Transactions {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&notes()});
  std::unique_ptr<ISession> other = database.connect();
  bool usable = claimed(database, Capability::transactions, [this] { session->begin(kWrite); });
};

TEST_CASE("transaction: without one, each call commits by itself") {
  Transactions t; // true with and without the capability
  add_notes(*t.session, 1, 2);
  CHECK(count_notes(*t.other) == 2);
  remove(t.session->repository(notes()), n_is(1));
  CHECK(count_notes(*t.other) == 1);
}

TEST_CASE("transaction: commit is visible elsewhere") {
  Transactions t;
  if (!t.usable) return;
  t.session->begin(kWrite);
  add_notes(*t.session, 1, 2);
  CHECK(count_notes(*t.session) == 2);
  t.session->commit();
  CHECK(count_notes(*t.other) == 2);
  t.session->begin({}); // and the session goes on
  CHECK(count_notes(*t.session) == 2);
  t.session->commit();
}

TEST_CASE("transaction: rollback leaves nothing of inserts, updates and removes") {
  Transactions t;
  if (!t.usable) return;
  add_notes(*t.session, 1, 3);
  const Rows before = select(t.session->repository(notes()), {.order = {ascending(0)}});
  t.session->begin(kWrite);
  IRepository& repository = t.session->repository(notes());
  add_notes(*t.session, 4, 5);
  CHECK(update(repository, n_is(1), {{1, Value::int64(100)}}) == 1);
  CHECK(remove(repository, n_is(2)) == 1);
  CHECK(repository.count({}) == 4);
  t.session->rollback();
  CHECK(select(repository, {.order = {ascending(0)}}) == before);
  CHECK(select(t.other->repository(notes()), {.order = {ascending(0)}}) == before);
  add_notes(*t.session, 4, 5); // the keys are free again
}

TEST_CASE("transaction: closing the session means rollback") {
  Transactions t;
  if (!t.usable) return;
  t.session->begin(kWrite);
  add_notes(*t.session, 1, 2);
  t.session.reset();
  CHECK(count_notes(*t.other) == 0);
  add_notes(*t.other, 1, 2); // nothing is locked any more
}

TEST_CASE("transaction: a second begin is refused and harms nothing") {
  Transactions t;
  if (!t.usable) return;
  t.session->begin(kWrite);
  CHECK_THROWS_AS(t.session->begin({}), ProgrammingError);
  add_notes(*t.session, 1, 1);
  t.session->commit();
  CHECK(count_notes(*t.other) == 1);
}

TEST_CASE("transaction: commit without one is ProgrammingError, rollback without one is harmless") {
  Transactions t;
  if (!t.usable) return;
  CHECK_THROWS_AS(t.session->commit(), ProgrammingError);
  CHECK_NOTHROW(t.session->rollback());
  t.session->begin({});
  CHECK_NOTHROW(t.session->commit()); // an empty one is fine
  CHECK_NOTHROW(t.session->rollback());
}

TEST_CASE("transaction: after an error rollback works, and so does what follows") {
  Transactions t;
  if (!t.usable) return;
  add_notes(*t.session, 1, 1);
  t.session->begin(kWrite);
  add_notes(*t.session, 2, 2);
  CHECK_THROWS_AS(add_notes(*t.session, 1, 1), IntegrityError);
  t.session->rollback();
  CHECK(count_notes(*t.session) == 1);
  t.session->begin(kWrite);
  add_notes(*t.session, 2, 2);
  t.session->commit();
  CHECK(count_notes(*t.other) == 2);
}

TEST_CASE("transaction: a failed statement leaves nothing; commit after it keeps the rest, or says that it does not") {
  Transactions t;
  if (!t.usable) return;
  add_notes(*t.session, 1, 1);
  t.session->begin(kWrite);
  add_notes(*t.session, 2, 2);
  IRepository& repository = t.session->repository(notes());
  CHECK_THROWS_AS(insert(repository, {1, 2}, {note(3), note(1)}), IntegrityError);
  bool committed = true;
  try {
    t.session->commit();
  } catch (const Error&) { // a backend whose transactions are lost with their first error
    committed = false;
  }
  const std::uint64_t expected = committed ? 2 : 1;
  CHECK(count_notes(*t.other) == expected);
  CHECK(count_notes(*t.session) == expected); // the transaction has ended in either event
  CHECK(t.other->repository(notes()).count(n_is(3).filter()) == 0);
}

TEST_CASE("transaction: a read-only one reads, and refuses to write") {
  Transactions t;
  if (!t.usable) return;
  add_notes(*t.session, 1, 1);
  t.session->begin({.read_only = true});
  CHECK(count_notes(*t.session) == 1);
  CHECK_THROWS_AS(add_notes(*t.session, 2, 2), ReadOnly);
  t.session->rollback();
  add_notes(*t.session, 2, 2);
}

TEST_CASE("transaction: every isolation level is accepted") {
  Transactions t;
  if (!t.usable) return;
  for (const Isolation level :
       {Isolation::backend_default, Isolation::read_committed, Isolation::repeatable_read, Isolation::serializable}) {
    t.session->begin({.isolation = level});
    static_cast<void>(count_notes(*t.session));
    t.session->commit();
  }
}

TEST_CASE("transaction: while one writes, others read the last committed state, where that is claimed") {
  Transactions t;
  if (!t.usable || !t.database.can(Capability::concurrent_transactions)) return;
  add_notes(*t.session, 1, 1);
  t.session->begin(kWrite);
  add_notes(*t.session, 2, 2);
  CHECK(count_notes(*t.other) == 1);
  t.session->commit();
  CHECK(count_notes(*t.other) == 2);
}

TEST_CASE("transaction: two that read and then write the same row conflict, and the loser may try again") {
  Transactions t;
  if (!t.usable || !t.database.can(Capability::concurrent_transactions)) return;
  add_notes(*t.session, 1, 1);
  const auto read = [](ISession& session) { static_cast<void>(select(session.repository(notes()))); };
  const auto write = [](ISession& session, std::int64_t value) {
    update(session.repository(notes()), {}, {{1, Value::int64(value)}});
  };
  t.session->begin({.isolation = Isolation::repeatable_read});
  t.other->begin({.isolation = Isolation::repeatable_read});
  read(*t.session);
  read(*t.other);
  write(*t.session, 10);
  t.session->commit();
  const ErrorInfo info = raised<SerializationFailure>([&] { write(*t.other, 20); });
  CHECK(info.retryable);
  CHECK_FALSE(info.broken);
  t.other->rollback();
  t.other->begin(kWrite);
  write(*t.other, 20);
  t.other->commit();
  CHECK(t.session->repository(notes()).count(n_is(20).filter()) == 1);
}

TEST_CASE("transaction: tables created inside are undone with it or stay, but the session goes on") {
  Transactions t;
  if (!t.usable) return;
  const TableDesc extra = table("extra", {column("n", CellType::int64)});
  t.session->begin(kWrite);
  t.session->create_tables(std::vector<const TableDesc*>{&extra});
  insert(t.session->repository(extra), {1}, {{Value::int64(1)}});
  t.session->commit();
  CHECK(t.other->repository(extra).count({}) == 1);
}

// ---- savepoints -----------------------------------------------------------------------------------------------------

struct Savepoints : Transactions {
  bool claims = usable && claimed(database, Capability::savepoints, [this] { session->savepoint(create, 1); });

  static constexpr SavepointAction create = SavepointAction::create;
  static constexpr SavepointAction release = SavepointAction::release;
  static constexpr SavepointAction undo = SavepointAction::rollback;
};

TEST_CASE("savepoint: three deep, each undone or kept by itself") {
  Savepoints t;
  if (!t.claims) return;
  t.session->begin(kWrite);
  add_notes(*t.session, 1, 1);
  t.session->savepoint(t.create, 1);
  add_notes(*t.session, 2, 2);
  t.session->savepoint(t.create, 2);
  add_notes(*t.session, 3, 3);
  t.session->savepoint(t.create, 3);
  add_notes(*t.session, 4, 4);
  t.session->savepoint(t.undo, 3); // 4 goes
  CHECK(count_notes(*t.session) == 3);
  t.session->savepoint(t.release, 3);
  t.session->savepoint(t.release, 2); // 3 stays
  add_notes(*t.session, 5, 5);
  CHECK(count_notes(*t.session) == 4);
  t.session->savepoint(t.undo, 1); // 2, 3 and 5 go, the savepoint stays
  CHECK(count_notes(*t.session) == 1);
  add_notes(*t.session, 6, 6);
  t.session->savepoint(t.undo, 1);
  t.session->savepoint(t.release, 1);
  t.session->commit();
  CHECK(select(t.other->repository(notes()), {.outputs = columns({1})}) == Rows{{Value::int64(1)}});
}

TEST_CASE("savepoint: an error behind it is healed by going back to it") {
  Savepoints t;
  if (!t.claims) return;
  t.session->begin(kWrite);
  add_notes(*t.session, 1, 1);
  t.session->savepoint(t.create, 1);
  CHECK_THROWS_AS(add_notes(*t.session, 1, 1), IntegrityError);
  t.session->savepoint(t.undo, 1);
  t.session->savepoint(t.release, 1);
  add_notes(*t.session, 2, 2);
  t.session->commit();
  CHECK(count_notes(*t.other) == 2);
}

TEST_CASE("savepoint: as the first thing in a transaction, and used again under the same number") {
  Savepoints t;
  if (!t.claims) return;
  t.session->begin({});
  for (int i = 0; i < 3; ++i) {
    t.session->savepoint(t.create, 1);
    add_notes(*t.session, i, i);
    if (i == 1) t.session->savepoint(t.undo, 1);
    t.session->savepoint(t.release, 1);
  }
  t.session->commit();
  CHECK(count_notes(*t.other) == 2);
}

TEST_CASE("savepoint: rolling the transaction back undoes what released savepoints kept") {
  Savepoints t;
  if (!t.claims) return;
  t.session->begin(kWrite);
  t.session->savepoint(t.create, 1);
  add_notes(*t.session, 1, 1);
  t.session->savepoint(t.release, 1);
  t.session->rollback();
  CHECK(count_notes(*t.other) == 0);
}

TEST_CASE("savepoint: without a transaction it is ProgrammingError") {
  Savepoints t;
  if (!t.claims) return;
  CHECK_THROWS_AS(t.session->savepoint(t.create, 1), ProgrammingError);
  CHECK(count_notes(*t.session) == 0);
}

} // namespace
} // namespace tenon::contract
