// Contract: cursors give their rows in batches, may end early, and do not outlive their transaction.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "support.hpp"

namespace tenon::contract {
namespace {

struct Cursors {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&notes()});
  IRepository& repository = session->repository(notes());
};

TEST_CASE("cursor: one that is destroyed early leaves the session free for anything") {
  Cursors t;
  add_notes(*t.session, 1, 5000);
  for (int round = 0; round < 5; ++round) {
    const Ask ask{.order = {ascending(1)}};
    auto cursor = t.repository.select(ask.query());
    RowBatch batch;
    for (int i = 0; i < round; ++i)
      CHECK((cursor->next(batch) || batch.empty()));
    cursor.reset();
    CHECK(t.repository.count(n_is(1).filter()) == 1);
    CHECK(update(t.repository, n_is(5000), {{1, Value::int64(5000)}}) == 1);
  }
}

TEST_CASE("cursor: a session that closes with one destroyed before it, in a transaction, frees everything") {
  Cursors t;
  add_notes(*t.session, 1, 3000);
  {
    const auto other = t.database.connect();
    if (t.database.can(Capability::transactions)) other->begin({});
    const auto cursor = other->repository(notes()).select({});
    RowBatch batch;
    CHECK(cursor->next(batch));
  }
  add_notes(*t.session, 3001, 3001); // no lock is left behind
  CHECK(count_notes(*t.session) == 3001);
}

TEST_CASE("cursor: many rows come in order and, from backends made for many, in bounded batches") {
  Cursors t;
  const bool bulk = t.database.can(Capability::bulk_load);
  const std::int64_t total = bulk ? 100'000 : 4'000;
  for (std::int64_t first = 0; first < total; first += 20'000) {
    Rows rows;
    for (std::int64_t n = first; n < std::min(total, first + 20'000); ++n) {
      rows.push_back({Value::int64(n), Value::text(std::to_string(n) + std::string(40, '.'))});
    }
    insert(t.repository, {1, 2}, rows);
  }
  const Ask ask{.order = {ascending(1)}};
  const auto cursor = t.repository.select(ask.query());
  RowBatch batch;
  std::int64_t next = 0;
  std::size_t largest = 0;
  std::size_t wrong = 0;
  while (cursor->next(batch)) {
    largest = std::max(largest, batch.rows);
    for (std::size_t i = 0; i < batch.rows; ++i, ++next) {
      const Cell* row = batch.row(i);
      if (row[1].integer != next || row[2].bytes() != std::to_string(next) + std::string(40, '.')) ++wrong;
    }
  }
  CHECK(next == total);
  CHECK(wrong == 0);
  if (bulk) CHECK(largest <= 20'000);
}

TEST_CASE("cursor: its cells stay until its next call") {
  Cursors t;
  add_notes(*t.session, 1, 3);
  const Ask ask{.order = {ascending(1)}};
  const auto cursor = t.repository.select(ask.query());
  RowBatch batch;
  REQUIRE(cursor->next(batch));
  const Rows copy = owned(batch);
  const auto other = t.database.connect();
  CHECK(count_notes(*other) == 3);
  CHECK(owned(batch) == copy);
}

TEST_CASE("cursor: read after the end it stays at the end") {
  Cursors t;
  add_notes(*t.session, 1, 3);
  const auto cursor = t.repository.select({});
  CHECK(fetch(*cursor).size() == 3);
  RowBatch batch;
  CHECK_FALSE(cursor->next(batch));
  CHECK(batch.rows == 0);
}

TEST_CASE("cursor: after commit or rollback it is ProgrammingError") {
  Cursors t;
  if (!claimed(t.database, Capability::transactions, [&] { t.session->begin({}); })) return;
  add_notes(*t.session, 1, 20'000);
  for (const bool commits : {true, false}) {
    for (const bool started : {true, false}) {
      CAPTURE(commits, started);
      t.session->begin({});
      const auto cursor = t.repository.select({});
      RowBatch batch;
      if (started) REQUIRE(cursor->next(batch));
      commits ? t.session->commit() : t.session->rollback();
      CHECK_THROWS_AS(fetch(*cursor), ProgrammingError);
    }
  }
  CHECK(count_notes(*t.session) == 20'000);
}

TEST_CASE("cursor: what a transaction wrote itself is in what it reads") {
  Cursors t;
  if (!claimed(t.database, Capability::transactions, [&] { t.session->begin({}); })) return;
  t.session->begin({Isolation::backend_default, false, true});
  add_notes(*t.session, 1, 10);
  CHECK(select(t.repository).size() == 10);
  remove(t.repository, n_is(4));
  CHECK(select(t.repository).size() == 9);
  t.session->rollback();
  CHECK(select(t.repository).empty());
}

} // namespace
} // namespace tenon::contract
