// Contract: many rows at once and batches of writes: all of them or none, whatever stops them and wherever.

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

using namespace std::chrono_literals;

struct Notes {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&notes()});
  IRepository& repository = session->repository(notes());
};

Rows notes_from(std::int64_t first, std::int64_t last) {
  Rows rows;
  for (std::int64_t n = first; n <= last; ++n)
    rows.push_back(note(n));
  return rows;
}

TEST_CASE("many rows: a key that is taken, in the middle of them, is named and leaves nothing") {
  Notes t;
  add_notes(*t.session, 2500, 2500);
  const ErrorInfo info = raised<IntegrityError>([&] { insert(t.repository, {1, 2}, notes_from(1, 5000), {0}); });
  CHECK(info.code == ErrorCode::unique_violation);
  CHECK(info.constraint == "notes_t_key");
  CHECK(info.table == "notes");
  CHECK(info.columns == std::vector<std::string>{"t"});
  CHECK(t.repository.count({}) == 1);
  add_notes(*t.session, 5001, 5001); // the session goes on
}

TEST_CASE("many rows: a value that is refused, in the middle of them, leaves nothing") {
  Notes t;
  Rows rows = notes_from(1, 3000);
  rows[1500][1] = Value::text("\xff");
  CHECK(raised<DataError>([&] { insert(t.repository, {1, 2}, rows, {0}); }).table == "notes");
  CHECK(t.repository.count({}) == 0);
  if (!t.database.can(Capability::transactions)) return;
  t.session->begin({Isolation::backend_default, false, true});
  CHECK_THROWS_AS(insert(t.repository, {1, 2}, rows, {0}), DataError);
  t.session->rollback();
  CHECK(t.repository.count({}) == 0);
}

TEST_CASE("many rows: NULL where none may be is named, too") {
  Notes t;
  Rows rows = notes_from(1, 1000);
  rows[700][0] = Value::null();
  const ErrorInfo info = raised<IntegrityError>([&] { insert(t.repository, {1, 2}, rows, {0}); });
  CHECK(info.code == ErrorCode::not_null_violation);
  CHECK(info.columns == std::vector<std::string>{"n"});
  CHECK(t.repository.count({}) == 0);
}

TEST_CASE("many rows: of every type, as they were given") {
  TableDesc all = table("kinds", {nullable("flag", CellType::boolean), nullable("whole", CellType::int64),
                                  nullable("real", CellType::float64), nullable("words", CellType::text),
                                  nullable("bytes", CellType::blob), nullable("exact", CellType::decimal),
                                  nullable("code", CellType::uuid), nullable("moment", CellType::timestamp),
                                  nullable("day", CellType::date), nullable("document", CellType::json)});
  for (const bool with_decimal : {true, false}) {
    Database database;
    if (!with_decimal) all.columns[6].type = CellType::text;
    const auto session = database.connect_with({&all});
    Rows rows;
    for (std::int64_t n = 0; n < 600; ++n) {
      if (n % 7 == 0) {
        rows.emplace_back(10);
        continue;
      }
      const std::string digits = std::to_string(n) + ".25";
      rows.push_back({Value::boolean(n % 2 == 0), Value::int64(n * -1'000'000'007), Value::float64(0.5 * double(n)),
                      Value::text(n % 3 == 0 ? "" : "größer " + std::to_string(n)),
                      Value::blob(std::string(static_cast<std::size_t>(n % 5), '\0')),
                      with_decimal ? Value::decimal(digits) : Value::text(digits),
                      Value::uuid("0123456789abcde" + std::string(1, char('a' + n % 26))),
                      Value::timestamp(n * 1'234'567'891 - 500'000'000'000), Value::date(n - 300),
                      Value::json("{\"n\": " + std::to_string(n) + "}")});
    }
    IRepository& repository = session->repository(all);
    const Rows keys = insert(repository, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, rows, {0});
    REQUIRE(keys.size() == rows.size());
    const Rows stored = select(repository, {.order = {ascending(0)}});
    REQUIRE(stored.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      Row wanted = rows[i];
      wanted.insert(wanted.begin(), keys[i][0]);
      if (!(stored[i] == wanted)) FAIL("row " << i << " came back changed");
    }
  }
}

TEST_CASE("many rows: keys are in input order while others insert as well") {
  Database database;
  const auto first = database.connect_with({&notes()});
  if (!database.can(Capability::concurrent_transactions)) return;
  std::atomic<int> wrong{0};
  std::mutex failures;
  std::string failure;
  std::vector<std::thread> threads;
  for (std::int64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      try {
        const auto session = database.connect();
        IRepository& repository = session->repository(notes());
        for (std::int64_t round = 0; round < 3; ++round) {
          const std::int64_t start = thread * 100'000 + round * 1000;
          const Rows rows = notes_from(start, start + 999);
          const Rows keys = insert(repository, {1, 2}, rows, {0});
          for (std::size_t i = 0; i < rows.size(); i += 37) {
            if (!(find(repository, 0, {keys.at(i)[0]}) == Rows{{keys[i][0], rows[i][0], rows[i][1]}})) ++wrong;
          }
        }
      } catch (const std::exception& error) {
        const std::lock_guard lock(failures);
        failure = error.what();
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(failure.empty());
  CHECK(wrong == 0);
  CHECK(count_notes(*first) == 12'000);
}

TEST_CASE("many rows: a cancel leaves nothing, and the session is usable after") {
  Notes t;
  if (!t.database.can(Capability::cancel)) return;
  const Rows rows = notes_from(1, 100'000);
  std::atomic<bool> done{false};
  std::thread canceller([&] {
    while (!done) {
      t.session->cancel();
      std::this_thread::sleep_for(1ms);
    }
  });
  ErrorCode code{};
  try {
    insert(t.repository, {1, 2}, rows, {0});
  } catch (const Error& error) {
    code = error.code();
  }
  done = true;
  canceller.join();
  CHECK(code == ErrorCode::cancelled);
  CHECK(t.repository.count({}) == 0);
  add_notes(*t.session, 1, 1);
}

TEST_CASE("many rows: a deadline is kept; all rows are there or none, and the session is usable after") {
  Notes t;
  if (!t.database.can(Capability::deadlines)) return;
  const Rows rows = notes_from(1, 100'000);
  const auto begin = Clock::now();
  t.session->set_deadline(begin + 20ms);
  bool late = false;
  try {
    insert(t.repository, {1, 2}, rows, {0});
  } catch (const TimeoutError&) {
    late = true;
  }
  CHECK(Clock::now() - begin < 20ms + 2s);
  t.session->set_deadline(Deadline::max());
  CHECK(t.repository.count({}) == (late ? 0U : 100'000U)); // a backend without a disk may be done in time
  add_notes(*t.session, 200'000, 200'000);
}

/// Batch items with what they point to.
class Batch {
public:
  void insert(Row row) { write(BatchKind::insert, std::move(row)); }
  void upsert(Row row) {
    static constexpr std::uint32_t kUpdated[]{1};
    write(BatchKind::upsert, std::move(row));
    items_.back().key = 1;
    items_.back().update_columns = kUpdated;
  }
  void update(std::int64_t n, const Value& text) {
    Owned& owned = keep();
    owned.filter = n_is(n);
    owned.values = {text};
    owned.assignments = {Assignment::of(2, owned.values[0].cell())};
    BatchItem item;
    item.table = &notes();
    item.kind = BatchKind::update;
    item.update = {owned.filter.filter(), owned.assignments, {}};
    items_.push_back(item);
  }
  void remove(std::int64_t n) {
    Owned& owned = keep();
    owned.filter = n_is(n);
    BatchItem item;
    item.table = &notes();
    item.kind = BatchKind::remove;
    item.update.filter = owned.filter.filter();
    items_.push_back(item);
  }
  std::vector<std::uint64_t> run(ISession& session) {
    std::vector<std::uint64_t> affected(items_.size(), 99);
    session.batch(items_, affected);
    return affected;
  }

private:
  struct Owned {
    Row values;
    std::vector<Cell> cells;
    std::vector<Assignment> assignments;
    Tree filter;
  };
  Owned& keep() { return *owned_.emplace_back(std::make_unique<Owned>()); }
  void write(BatchKind kind, Row row) {
    static constexpr std::uint32_t kGiven[]{1, 2};
    Owned& owned = keep();
    owned.values = std::move(row);
    for (const Value& value : owned.values)
      owned.cells.push_back(value.cell());
    BatchItem item;
    item.table = &notes();
    item.kind = kind;
    item.rows = {kGiven, owned.cells.data(), 1, {}};
    items_.push_back(item);
  }

  std::vector<std::unique_ptr<Owned>> owned_;
  std::vector<BatchItem> items_;
};

TEST_CASE("batch: writes of every kind run in order, each with its count") {
  Notes t;
  if (!t.database.can(Capability::upsert)) return;
  add_notes(*t.session, 1, 3);
  Batch batch;
  batch.insert(note(4));
  batch.update(4, Value::text("four"));
  batch.update(1, Value::text("one"));
  batch.update(77, Value::text("nobody"));
  batch.remove(2);
  batch.remove(2);
  batch.upsert({Value::int64(30), Value::text("note 3")});
  batch.upsert(note(5));
  CHECK(batch.run(*t.session) == std::vector<std::uint64_t>{1, 1, 1, 0, 1, 0, 1, 1});
  Rows stored;
  for (const Row& row : select(t.repository, {.order = {ascending(1)}}))
    stored.push_back({row[1], row[2]});
  CHECK(stored == Rows{{Value::int64(1), Value::text("one")},
                       {Value::int64(4), Value::text("four")},
                       {Value::int64(5), Value::text("note 5")},
                       {Value::int64(30), Value::text("note 3")}});
}

TEST_CASE("batch: of thousands, and of none") {
  Notes t;
  CHECK(Batch().run(*t.session).empty());
  Batch batch;
  for (std::int64_t n = 0; n < 1500; ++n)
    batch.insert(note(n));
  for (std::int64_t n = 0; n < 1500; ++n)
    batch.update(n, Value::text("text " + std::to_string(n)));
  CHECK(batch.run(*t.session) == std::vector<std::uint64_t>(3000, 1));
  CHECK(t.repository.count({}) == 1500);
  CHECK(t.repository.count(Tree::compare(NodeKind::eq, 2, Value::text("text 1499")).filter()) == 1);
}

TEST_CASE("batch: one write that fails, wherever it stands, leaves none of the others") {
  Notes t;
  if (!t.database.can(Capability::transactions)) return;
  add_notes(*t.session, 0, 0);
  for (const bool in_transaction : {false, true}) {
    for (const std::int64_t bad : {0, 1, 20, 400}) {
      CAPTURE(in_transaction, bad);
      Batch batch;
      for (std::int64_t n = 1; n <= 400; ++n) {
        if (n == bad + 1) batch.update(0, n % 2 == 0 ? Value::text("note 1000") : Value::text("\xff"));
        if (n % 3 == 0)
          batch.update(0, Value::text("changed " + std::to_string(n)));
        else
          batch.insert(note(n));
      }
      if (bad == 400) batch.insert(note(1));
      add_notes(*t.session, 1000, 1000);
      if (in_transaction) t.session->begin({Isolation::backend_default, false, true});
      CHECK_THROWS_AS(batch.run(*t.session), Error);
      if (in_transaction) t.session->rollback();
      CHECK(t.repository.count({}) == 2);
      CHECK(t.repository.count(Tree::compare(NodeKind::eq, 2, Value::text("note 0")).filter()) == 1);
      remove(t.repository, n_is(1000));
    }
  }
}

TEST_CASE("batch: a key that is taken is named") {
  Notes t;
  add_notes(*t.session, 7, 7);
  Batch batch;
  batch.update(7, Value::text("seven"));
  batch.insert(note(8));
  batch.insert(note(8));
  const ErrorInfo info = raised<IntegrityError>([&] { batch.run(*t.session); });
  CHECK(info.code == ErrorCode::unique_violation);
  CHECK(info.table == "notes");
  CHECK(info.columns == std::vector<std::string>{"t"});
}

} // namespace
} // namespace tenon::contract
