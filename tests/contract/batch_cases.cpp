// Contract: a batch writes all or nothing, in order, whether the backend or the host runs it; explain answers with
// text.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

/// Batch items with what they borrow from.
class Batch {
public:
  explicit Batch(const TableDesc& table = notes()) : table_(table) {}

  Batch& insert(std::int64_t first, std::int64_t last) {
    Rows rows;
    for (std::int64_t n = first; n <= last; ++n)
      rows.push_back(note(n));
    return write(BatchKind::insert, std::move(rows), {});
  }
  Batch& upsert(Rows rows) { return write(BatchKind::upsert, std::move(rows), {1}); }
  Batch& update(const Tree& filter, std::int64_t n) {
    Held& held = hold(BatchKind::update);
    held.filter = filter;
    held.assignments = {Assignment::of(1, Cell::int64(n))};
    held.item.update = {held.filter.filter(), held.assignments, {}};
    return *this;
  }
  Batch& remove(const Tree& filter) {
    Held& held = hold(BatchKind::remove);
    held.filter = filter;
    held.item.update = {held.filter.filter(), {}, {}};
    return *this;
  }
  std::vector<std::uint64_t> run(ISession& session) {
    std::vector<BatchItem> items;
    for (const auto& held : held_)
      items.push_back(held->item);
    std::vector<std::uint64_t> affected(items.size());
    session.batch(items, affected);
    return affected;
  }

private:
  struct Held {
    BatchItem item;
    Tree filter;
    Rows rows;
    std::vector<Cell> cells;
    Columns columns, update;
    std::vector<Assignment> assignments;
  };
  Held& hold(BatchKind kind) {
    held_.push_back(std::make_unique<Held>());
    held_.back()->item.table = &table_;
    held_.back()->item.kind = kind;
    return *held_.back();
  }
  Batch& write(BatchKind kind, Rows rows, Columns update) {
    Held& held = hold(kind);
    held.rows = std::move(rows);
    for (const Row& row : held.rows) {
      for (const Value& value : row)
        held.cells.push_back(value.cell());
    }
    held.columns = {1, 2};
    held.update = std::move(update);
    held.item.rows = {held.columns, held.cells.data(), held.rows.size(), {}};
    held.item.key = 1; // notes_t_key
    held.item.update_columns = held.update;
    return *this;
  }

  const TableDesc& table_;
  std::vector<std::unique_ptr<Held>> held_;
};

using Counts = std::vector<std::uint64_t>;

struct Batches {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&notes()});
  IRepository& repository = session->repository(notes());
};

TEST_CASE("batch: writes in order and counts for each") {
  Batches t;
  const Tree above_two = Tree::compare(NodeKind::gt, 1, Value::int64(2));
  CHECK(Batch().insert(1, 5).update(above_two, 9).remove(n_is(1)).update(n_is(1), 0).insert(6, 6).run(*t.session) ==
        Counts{5, 3, 1, 0, 1});
  CHECK(t.repository.count({}) == 5);
  CHECK(t.repository.count(n_is(9).filter()) == 3);
  CHECK(Batch().run(*t.session).empty());
}

TEST_CASE("batch: thousands of writes of every kind") {
  Batches t;
  Batch batch;
  batch.insert(1, 1500);
  const std::int64_t updates = t.database.can(Capability::bulk_load) ? 5000 : 300;
  for (std::int64_t i = 0; i < updates; ++i)
    batch.update(n_is(i % 100 + 1), i % 100 + 1);
  batch.remove(Tree::compare(NodeKind::gt, 1, Value::int64(1000)));
  const Counts counts = batch.run(*t.session);
  REQUIRE(counts.size() == static_cast<std::size_t>(updates) + 2);
  CHECK(counts.front() == 1500);
  CHECK(counts.back() == 500);
  CHECK(std::all_of(counts.begin() + 1, counts.end() - 1, [](std::uint64_t count) { return count == 1; }));
  CHECK(t.repository.count({}) == 1000);
}

TEST_CASE("batch: all or nothing, and the first error is the one told") {
  Batches t;
  if (!t.database.can(Capability::transactions)) return;
  add_notes(*t.session, 1, 3);
  const ErrorInfo info = raised<IntegrityError>(
      [&] { Batch().insert(10, 12).remove(n_is(1)).insert(3, 3).update(n_is(2), 50).run(*t.session); });
  CHECK(info.code == ErrorCode::unique_violation);
  CHECK(t.repository.count({}) == 3);
  CHECK(t.repository.count(n_is(1).filter()) == 1);
  // A value that is refused before it is sent, far behind what was.
  Batch late;
  for (std::int64_t n = 100; n < 400; ++n)
    late.insert(n, n);
  late.upsert({{Value::int64(1), Value::text("\xff")}});
  CHECK_THROWS_AS(late.run(*t.session), DataError);
  CHECK(t.repository.count({}) == 3);
  CHECK(Batch().insert(20, 20).run(*t.session) == Counts{1}); // the session goes on
}

TEST_CASE("batch: within a transaction it is part of it") {
  Batches t;
  if (!t.database.can(Capability::transactions)) return;
  t.session->begin({.write_intent = true});
  CHECK(Batch().insert(1, 4).remove(n_is(2)).run(*t.session) == Counts{4, 1});
  CHECK(t.repository.count({}) == 3);
  t.session->rollback();
  CHECK(t.repository.count({}) == 0);
  add_notes(*t.session, 1, 1);
  if (!t.database.can(Capability::savepoints)) return;
  t.session->begin({.write_intent = true});
  add_notes(*t.session, 5, 5);
  t.session->savepoint(SavepointAction::create, 1);
  CHECK_THROWS_AS(Batch().insert(7, 7).insert(1, 1).run(*t.session), IntegrityError);
  t.session->savepoint(SavepointAction::rollback, 1);
  t.session->commit();
  CHECK(t.repository.count({}) == 2);
}

TEST_CASE("batch: upserts where the backend claims them") {
  Batches t;
  if (!t.database.can(Capability::upsert)) return;
  add_notes(*t.session, 1, 2);
  CHECK(Batch()
            .upsert({{Value::int64(70), Value::text("note 1")}, {Value::int64(80), Value::text("new")}})
            .run(*t.session) == Counts{2});
  CHECK(t.repository.count({}) == 3);
  CHECK(t.repository.count(n_is(70).filter()) == 1);
}

TEST_CASE("batch: what makes no sense is refused") {
  Batches t;
  std::vector<std::uint64_t> affected(1);
  BatchItem item;
  CHECK_THROWS_AS(t.session->batch({&item, 1}, affected), ProgrammingError); // no table
  item.table = &notes();
  item.kind = static_cast<BatchKind>(9);
  CHECK_THROWS_AS(t.session->batch({&item, 1}, affected), NotSupported);
  item.kind = BatchKind::remove;
  CHECK_THROWS_AS(t.session->batch({&item, 1}, {}), ProgrammingError); // no place for its count
  CHECK(t.repository.count({}) == 0);
}

TEST_CASE("explain: answers with text where SQL is claimed, and runs nothing") {
  Batches t;
  add_notes(*t.session, 1, 3);
  const Ask ask{.filter = n_is(2), .order = {ascending(1)}};
  if (!t.database.can(Capability::sql)) {
    CHECK_THROWS_AS(t.repository.explain(ask.query()), NotSupported);
    return;
  }
  const Rows plan = owned(t.repository.explain(ask.query()));
  REQUIRE_FALSE(plan.empty());
  CHECK(plan.front().size() == 1);
  CHECK(plan.front().front().type() == CellType::text);
  CHECK(t.repository.count({}) == 3);
}

} // namespace
} // namespace tenon::contract
