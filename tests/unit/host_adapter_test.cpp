// Every call of the interfaces, from the adapter over the table through the SDK into a backend that writes down what
// arrives, and its results on the way back.

#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "host_support.hpp"

using host_test::Folder;
using tenon::Cell;
using tenon::Node;
using tenon::NodeKind;

namespace {

const tenon::TableDesc kTable{
    "app",
    "users",
    {{"id", tenon::CellType::int64, false, true, 0}, {"email", tenon::CellType::text, true, false, 80}},
    {{"users_pkey", {0}}, {"users_email_key", {1, 0}}},
    {{"users_fk", {1}, "other", "mails", {"address"}, tenon::OnDelete::cascade}},
    {{"users_ix", {1}}}};

Node leaf(std::uint32_t column) {
  Node node{};
  node.kind = NodeKind::column;
  node.column = column;
  return node;
}
Node leaf(Cell value) {
  Node node{};
  node.kind = NodeKind::value;
  node.value = value;
  return node;
}
Node inner(NodeKind kind, std::uint32_t children) {
  Node node{};
  node.kind = kind;
  node.children = children;
  return node;
}

/// Opens the recorder, with what `options` ask of it.
struct Recorder {
  explicit Recorder(std::vector<tenon::Option> options = {}) {
    folder.install("recorder", "recorder");
    backend = tenon::host::open_backend(tenon::host::load_plugin(folder.request("recorder")), options);
    session = backend->connect(tenon::Deadline::max());
    (void)journal();
  }

  /// What arrived since the last look.
  std::vector<std::string> journal() {
    std::vector<std::string> lines;
    const auto cursor = session->execute("journal", {});
    for (tenon::RowBatch batch; cursor->next(batch);)
      lines.emplace_back(batch.cells[0].bytes());
    return lines;
  }
  /// The one line that arrived.
  std::string line() {
    const auto lines = journal();
    REQUIRE(lines.size() == 1);
    return lines[0];
  }

  Folder folder;
  std::unique_ptr<tenon::IBackend> backend;
  std::unique_ptr<tenon::ISession> session;
};

} // namespace

TEST_CASE("a backend is described by its plugin and its database") {
  const Recorder recorder;
  CHECK(recorder.backend->info().id == "recorder");
  CHECK(recorder.backend->info().vendor == "Tenon's tests");
  CHECK(recorder.backend->info().url == "https://example.org");
  CHECK(recorder.backend->endpoint() == "a notebook");
  CHECK(recorder.backend->capabilities().has(tenon::Capability::sql));
}

TEST_CASE("the deadline of connecting crosses the boundary") {
  Recorder recorder;
  recorder.session = recorder.backend->connect(tenon::Deadline{std::chrono::nanoseconds{12345}});
  CHECK(recorder.line() == "connect 12345");
}

TEST_CASE("a described table crosses with keys, foreign keys and indexes, once per session") {
  Recorder recorder;
  auto& repository = recorder.session->repository(kTable);
  CHECK(&repository.table() == &kTable);
  CHECK(recorder.line() ==
        "table app.users id int64 0 1 0 email text 1 0 80 users_pkey [0] users_email_key [1 0] users_fk [1] "
        "other.mails address 2 users_ix [1]");
  const tenon::TableDesc second{"", "other", {}, {}, {}, {}};
  CHECK(&recorder.session->repository(second) != &repository);
  CHECK(recorder.journal().size() == 1);
  CHECK(&recorder.session->repository(kTable) == &repository);
  CHECK(&recorder.session->repository(kTable) == &repository);
  CHECK(recorder.journal().empty());
}

TEST_CASE("calls of a session cross with all their arguments") {
  Recorder recorder;
  auto& session = *recorder.session;
  session.begin({tenon::Isolation::serializable, true, false});
  CHECK(recorder.line() == "begin 3 1 0");
  session.begin({tenon::Isolation::backend_default, false, true});
  CHECK(recorder.line() == "begin 0 0 1");
  session.commit();
  CHECK(recorder.line() == "commit");
  session.rollback();
  CHECK(recorder.line() == "rollback");
  session.savepoint(tenon::SavepointAction::release, 7);
  CHECK(recorder.line() == "savepoint 2 7");
  const tenon::TableDesc other{"", "other", {}, {}, {}, {}};
  const std::vector<const tenon::TableDesc*> tables{&kTable, &other};
  session.create_tables(tables);
  CHECK(recorder.line() == "create_tables app.users other");
  const std::vector<Cell> parameters{Cell::int64(-1), Cell::text("a'b"), Cell::null()};
  tenon::RowBatch batch;
  CHECK_FALSE(session.execute("select $1", parameters)->next(batch));
  CHECK(recorder.line() == "execute select $1 int64:-1 text:a'b null");
  session.ping();
  CHECK(recorder.line() == "ping");
  session.rollback();
  CHECK(recorder.line() == "rollback");
  session.set_deadline(tenon::Deadline{std::chrono::nanoseconds{99}});
  CHECK(recorder.line() == "deadline 99");
  session.set_deadline(tenon::Deadline::max());
  CHECK(recorder.line() == "deadline none");
  CHECK(session.alive());
  session.cancel();
  CHECK_FALSE(session.alive());
}

TEST_CASE("rows are written with their columns, and come back as asked") {
  Recorder recorder;
  auto& repository = recorder.session->repository(kTable);
  (void)recorder.journal();
  const std::vector<std::uint32_t> columns{1, 0};
  const std::vector<std::uint32_t> returning{0};
  const std::vector<Cell> cells{Cell::text("a"), Cell::int64(1), Cell::null(), Cell::float64(0.5)};

  tenon::RowBatch back = repository.insert({columns, cells.data(), 2, returning});
  REQUIRE(back.rows == 2);
  REQUIRE(back.columns == 1);
  CHECK(back.row(1)[0].integer == 101);
  CHECK(recorder.line() == "insert [1 0] text:a int64:1 null double:0.500000 [0]");

  back = repository.insert({columns, cells.data(), 1, {}});
  CHECK(back.empty());
  CHECK(recorder.line() == "insert [1 0] text:a int64:1 []");

  back = repository.upsert({columns, cells.data(), 1, returning}, 1, columns);
  CHECK(back.rows == 1);
  CHECK(recorder.line() == "upsert 1 [1 0] [1 0] text:a int64:1 [0]");
}

TEST_CASE("a row is found by a key, or not") {
  Recorder recorder;
  auto& repository = recorder.session->repository(kTable);
  (void)recorder.journal();
  const std::vector<Cell> values{Cell::int64(5)};
  const tenon::RowBatch row = repository.find(1, values);
  REQUIRE(row.rows == 1);
  CHECK(row.columns == 2);
  CHECK(row.cells[0].integer == 5);
  CHECK(recorder.line() == "find 1 int64:5");
  const std::vector<Cell> absent{Cell::int64(-5)};
  CHECK(repository.find(0, absent).empty());
}

TEST_CASE("a query crosses as its tree, order, projection and limits") {
  Recorder recorder;
  auto& repository = recorder.session->repository(kTable);
  (void)recorder.journal();
  const std::vector<Node> filter{inner(NodeKind::all_of, 2), inner(NodeKind::eq, 2),      leaf(1U),
                                 leaf(Cell::text("x")),      inner(NodeKind::is_null, 1), leaf(0U)};
  const std::vector<tenon::OrderTerm> order{{1, 0, 1, tenon::NullOrder::last}, {0, 0, 0, tenon::NullOrder::largest}};
  const std::vector<tenon::Output> one_column{{{0, 1}, tenon::Aggregate::none, 0}};

  auto cursor = repository.select({filter, order, one_column, 10, 20});
  CHECK(recorder.line() ==
        "select 3 /2 6 /2 1 #1 2 text:x 17 /1 1 #0 order 1 0 1 2 order 0 0 0 0 output 0 1 0 0 10 20");
  tenon::RowBatch batch;
  REQUIRE(cursor->next(batch));
  CHECK(batch.cells[0].bytes() == "first");
  REQUIRE(cursor->next(batch));
  CHECK(batch.cells[0].bytes() == "second");
  CHECK_FALSE(cursor->next(batch));
  CHECK(batch.empty());
  CHECK(batch.cells == nullptr);
  cursor.reset();

  const std::vector<tenon::Assignment> assignments{{1, 0, 0, 0, Cell::text("new")}, {0, 0, 0, 0, Cell::int64(2)}};
  CHECK(repository.update({filter, assignments, {}}) == 3);
  CHECK(recorder.line() == "update 3 /2 6 /2 1 #1 2 text:x 17 /1 1 #0 1 text:new 0 int64:2");
  CHECK(repository.remove({}) == 4);
  CHECK(recorder.line() == "remove");
  CHECK(repository.count(filter) == 5);
  CHECK(recorder.line() == "count 3 /2 6 /2 1 #1 2 text:x 17 /1 1 #0");
  CHECK(repository.exists({}));
  CHECK(recorder.line() == "exists");
}

namespace {

const tenon::TableDesc kOther{"", "other", {{"id", tenon::CellType::int64, false, true, 0}}, {}, {}, {}};

/// One of each thing that a query may have beyond a filter, an order and a limit.
struct Everything {
  std::vector<tenon::JoinOn> on{{1, 0}};
  std::vector<tenon::Source> sources{{&kOther, 0, tenon::JoinKind::left, on}};
  std::vector<Node> nodes{inner(NodeKind::is_null, 1), leaf(0U)};
  std::vector<tenon::Output> outputs{{{1, 0}, tenon::Aggregate::count, 1}, {{0, 1}, tenon::Aggregate::none, 0}};
  std::vector<tenon::ColumnRef> group{{0, 1}};
  std::vector<Node> having{inner(NodeKind::gt, 2), leaf(0U), leaf(Cell::int64(2))};
  std::vector<tenon::OrderTerm> order{{0, tenon::kOutputSource, 1, tenon::NullOrder::first}};
  tenon::Query query;

  Everything() {
    nodes[1].source = 1;
    having[1].kind = NodeKind::output;
    query.filter = {nodes, sources};
    query.order = order;
    query.outputs = outputs;
    query.group = group;
    query.having = having;
    query.distinct = true;
    query.lock = tenon::RowLock::share;
    query.limit = 5;
  }
};

} // namespace

TEST_CASE("sources, outputs, groups, having, distinct and locks cross as they are") {
  Recorder recorder;
  auto& repository = recorder.session->repository(kTable);
  (void)recorder.session->repository(kOther);
  (void)recorder.journal();
  const Everything all;
  (void)repository.select(all.query);
  CHECK(recorder.line() ==
        "select source other 0 1 1=0 17 /1 1 @1 #0 order 0 4294967295 1 1 output 1 0 2 1 output 0 1 0 0 group 0 1 "
        "having 10 /2 27 2 int64:2 distinct lock 4 5 0");
  CHECK(repository.count(all.query.filter) == 5);
  CHECK(recorder.line() == "count source other 0 1 1=0 17 /1 1 @1 #0");
  const tenon::RowBatch plan = repository.explain(all.query);
  REQUIRE(plan.rows == 1);
  CHECK(plan.cells[0].bytes() == "a plan");
  CHECK(recorder.line() == "explain source other 0 1 1=0 17 /1 1 @1 #0");
}

TEST_CASE("a source's table is opened when a query first names it") {
  Recorder recorder;
  auto& repository = recorder.session->repository(kTable);
  (void)recorder.journal();
  const Everything all;
  CHECK(repository.count(all.query.filter) == 5);
  CHECK(recorder.journal() ==
        std::vector<std::string>{"table other id int64 0 1 0", "count source other 0 1 1=0 17 /1 1 @1 #0"});
  const tenon::Source nothing{};
  CHECK_THROWS_AS(repository.count({{}, {&nothing, 1}}), tenon::ProgrammingError);
}

TEST_CASE("an update crosses with its expressions") {
  Recorder recorder;
  auto& repository = recorder.session->repository(kTable);
  (void)recorder.journal();
  const std::vector<Node> expressions{leaf(1U), inner(NodeKind::add, 2), leaf(0U), leaf(Cell::int64(1))};
  const std::vector<tenon::Assignment> assignments{{0, 1, 3, 0, Cell::null()},
                                                   tenon::Assignment::of(1, Cell::text("x"))};
  CHECK(repository.update({{}, assignments, expressions}) == 3);
  CHECK(recorder.line() == "update 0 19 /2 1 #0 2 int64:1 1 text:x");
}

TEST_CASE("a feature that a database does not claim is refused before it crosses") {
  const Everything all;
  const auto refusal = [&](const char* without) {
    const std::vector<tenon::Option> options{{"without", without}};
    Recorder recorder(options);
    auto& repository = recorder.session->repository(kTable);
    (void)recorder.journal();
    std::string message;
    try {
      (void)repository.select(all.query);
    } catch (const tenon::NotSupported& e) {
      message = e.message();
    }
    CHECK(recorder.journal().empty());
    return message;
  };
  const std::string start = "backend \"recorder\" does not support ";
  CHECK(refusal("joins") == start + "joins");
  CHECK(refusal("aggregates") == start + "aggregates");
  CHECK(refusal("row_locks") == start + "row_locks");
  const std::vector<tenon::Option> options{{"without", "arrays"}};
  const Recorder recorder(options);
  tenon::TableDesc lists = kOther;
  lists.columns.push_back({"n", tenon::CellType::array, true, false, 0, tenon::CellType::int64});
  CHECK_THROWS_AS(recorder.session->repository(lists), tenon::NotSupported);
}

TEST_CASE("a fold of letters that a database does not claim is refused wherever it may stand") {
  const std::vector<tenon::Option> options{{"without", "unicode_case"}};
  for (const bool claims : {true, false}) {
    CAPTURE(claims);
    Recorder recorder(claims ? std::vector<tenon::Option>{} : options);
    auto& repository = recorder.session->repository(kTable);
    (void)recorder.journal();
    const auto crosses = [&](auto&& call) {
      bool refused = false;
      try {
        call();
      } catch (const tenon::NotSupported& e) {
        refused = e.message() == "backend \"recorder\" does not support unicode_case";
      }
      const auto lines = recorder.journal();
      CHECK(refused == lines.empty());
      return !lines.empty() && lines[0].find("!1") != std::string::npos;
    };
    Node fold = inner(NodeKind::fold, 1);
    fold.flags = static_cast<std::uint16_t>(tenon::Fold::unicode);
    const std::vector<Node> wide{inner(NodeKind::eq, 2), fold, leaf(1U), leaf(Cell::text("x"))};
    const std::vector<Node> narrow{inner(NodeKind::eq, 2), inner(NodeKind::fold, 1), leaf(1U), leaf(Cell::text("x"))};
    tenon::Query query;
    query.filter = wide;
    CHECK(crosses([&] { (void)repository.select(query); }) == claims);
    CHECK(crosses([&] { (void)repository.count(wide); }) == claims);
    CHECK(crosses([&] { (void)repository.exists(wide); }) == claims);
    CHECK(crosses([&] { (void)repository.remove(wide); }) == claims);
    query.filter = {};
    query.having = wide;
    CHECK(crosses([&] { (void)repository.select(query); }) == claims);
    const std::vector<Node> expressions{fold, leaf(1U)};
    const std::vector<tenon::Assignment> assignments{{1, 0, 2, 0, Cell::null()}};
    CHECK(crosses([&] { (void)repository.update({{}, assignments, expressions}); }) == claims);
    const std::vector<tenon::Assignment> plain{tenon::Assignment::of(1, Cell::text("x"))};
    CHECK(crosses([&] { (void)repository.update({wide, plain, {}}); }) == claims);
    std::vector<tenon::BatchItem> items(1);
    items[0].table = &kTable;
    items[0].kind = tenon::BatchKind::remove;
    items[0].update.filter = wide;
    std::vector<std::uint64_t> affected(1);
    CHECK(crosses([&] { recorder.session->batch(items, affected); }) == claims);
    CHECK_NOTHROW(repository.count(narrow));
    (void)recorder.journal();
  }
}

namespace {

/// An insert of one row and a remove.
struct TwoWrites {
  std::vector<std::uint32_t> columns{0, 1};
  std::vector<Cell> cells{Cell::int64(1), Cell::text("x")};
  std::vector<Node> nodes{inner(NodeKind::is_null, 1), leaf(0U)};
  std::vector<tenon::BatchItem> items{2};

  TwoWrites() {
    items[0].table = items[1].table = &kTable;
    items[0].rows = {columns, cells.data(), 1, {}};
    items[1].kind = tenon::BatchKind::remove;
    items[1].update.filter = nodes;
  }
};

} // namespace

TEST_CASE("a batch crosses whole where it is claimed, and is run one by one where it is not") {
  TwoWrites writes;
  std::vector<std::uint64_t> affected(2);
  {
    Recorder recorder;
    (void)recorder.session->repository(kTable);
    (void)recorder.journal();
    recorder.session->batch(writes.items, affected);
    CHECK(recorder.line() == "batch 1 app.users 1 0 [0 1] [] 0 4 app.users 0 0 [] [] 17 /1 1 #0 0");
    CHECK(affected == std::vector<std::uint64_t>{10, 11});
  }
  const std::vector<tenon::Option> options{{"without", "batch"}};
  Recorder recorder(options);
  (void)recorder.session->repository(kTable);
  (void)recorder.journal();
  recorder.session->batch(writes.items, affected);
  const std::string insert = "insert [0 1] int64:1 text:x []", remove = "remove 17 /1 1 #0";
  CHECK(recorder.journal() == std::vector<std::string>{"begin 0 0 1", insert, remove, "commit"});
  CHECK(affected == std::vector<std::uint64_t>{1, 4});
  recorder.session->begin({});
  recorder.session->savepoint(tenon::SavepointAction::create, 1);
  (void)recorder.journal();
  recorder.session->batch(writes.items, affected);
  CHECK(recorder.journal() == std::vector<std::string>{"savepoint 1 2", insert, remove, "savepoint 2 2"});
  writes.items[1].kind = static_cast<tenon::BatchKind>(9);
  CHECK_THROWS_AS(recorder.session->batch(writes.items, affected), tenon::NotSupported);
  CHECK(recorder.journal() == std::vector<std::string>{"savepoint 1 2", insert, "savepoint 3 2", "savepoint 2 2"});
}

TEST_CASE("an error of the backend is thrown anew, whole, and names the backend") {
  Recorder recorder;
  try {
    (void)recorder.session->execute("unique violation", {});
    FAIL("no error");
  } catch (const tenon::IntegrityError& e) {
    CHECK(e.kind() == tenon::IntegrityKind::unique);
    CHECK(e.message() == "taken");
    CHECK(e.constraint() == "users_email_key");
    CHECK(e.columns() == std::vector<std::string>{"first", "second"});
    CHECK(e.retryable());
    CHECK_FALSE(e.broken());
    CHECK(e.backend() == "recorder");
  }
}

TEST_CASE("a transaction's name comes with CommitUnknown, and its outcome is asked with it") {
  Recorder recorder;
  const tenon::Deadline deadline{std::chrono::nanoseconds{4}};
  try {
    (void)recorder.session->execute("commit unknown", {});
    FAIL("no error");
  } catch (const tenon::CommitUnknown& e) {
    CHECK(e.transaction() == "pg:123");
    CHECK(recorder.backend->resolve(e.transaction(), deadline) == tenon::Outcome::rolled_back);
  }
  CHECK(recorder.backend->resolve("nonsense", deadline) == tenon::Outcome::unknown);
  CHECK_THROWS_AS(recorder.backend->resolve("lost", deadline), tenon::NotReady);
  const std::vector<tenon::Option> options{{"without", "resolve_commit"}};
  CHECK_THROWS_AS(Recorder(options).backend->resolve("pg:123", deadline), tenon::NotSupported);
}

TEST_CASE("an exception that is none of ours stays in the plugin, and its text out of the message") {
  Recorder recorder;
  try {
    (void)recorder.session->execute("foreign exception", {});
    FAIL("no error");
  } catch (const tenon::Internal& e) {
    CHECK_FALSE(Catch::contains(e.what(), "with a value in it"));
    CHECK(e.detail() == "with a value in it");
  }
  CHECK_THROWS_AS(recorder.session->execute("no exception class", {}), tenon::Internal);
}

TEST_CASE("what a database cannot do is answered by the host, though the plugin could") {
  const std::vector<tenon::Option> options{{"without", "savepoints"}};
  Recorder recorder(options);
  CHECK_FALSE(recorder.backend->capabilities().has(tenon::Capability::savepoints));
  CHECK(recorder.backend->capabilities().has(tenon::Capability::transactions));
  try {
    recorder.session->savepoint(tenon::SavepointAction::create, 1);
    FAIL("no error");
  } catch (const tenon::NotSupported& e) {
    CHECK(e.message() == "backend \"recorder\" does not support savepoints");
    CHECK(e.backend() == "recorder");
  }
  CHECK(recorder.journal().empty());
}

TEST_CASE("a database cannot claim more than its plugin") {
  const std::vector<tenon::Option> options{{"more", "yes"}};
  const Recorder recorder(options);
  CHECK(recorder.backend->capabilities().has(tenon::Capability::cancel));
  CHECK_FALSE(recorder.backend->capabilities().has(tenon::Capability::persistence));
}

TEST_CASE("a session keeps its database open") {
  Recorder recorder;
  recorder.backend.reset();
  recorder.session->ping();
  CHECK(recorder.line() == "ping");
}
