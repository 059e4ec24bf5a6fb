// The smallest honest backend in C99, through the host: what a stranger's plugin without the SDK looks like in use.

#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "host_support.hpp"

using host_test::Folder;
using tenon::Cell;
using tenon::CellType;
using tenon::Node;
using tenon::NodeKind;

namespace {

const tenon::TableDesc kPeople{"",
                               "people",
                               {{"id", CellType::int64, false, true, 0},
                                {"email", CellType::text, false, false, 12},
                                {"age", CellType::int64, true, false, 0},
                                {"worth", CellType::decimal, true, false, 0}},
                               {{"people_pkey", {0}}, {"people_email_key", {1}}},
                               {},
                               {}};
const std::vector<std::uint32_t> kEmailAge{1, 2};
const std::vector<std::uint32_t> kId{0};

Node column(std::uint32_t position) {
  Node node{};
  node.kind = NodeKind::column;
  node.column = position;
  return node;
}
Node value(Cell cell) {
  Node node{};
  node.kind = NodeKind::value;
  node.value = cell;
  return node;
}
Node of(NodeKind kind, std::uint32_t children) {
  Node node{};
  node.kind = kind;
  node.children = children;
  return node;
}
std::vector<Node> compare(NodeKind kind, std::uint32_t position, Cell with) {
  return {of(kind, 2), column(position), value(with)};
}

struct Minimal {
  Minimal() {
    folder.install("minimal_c", "minimal_c");
    backend = tenon::host::open_backend(tenon::host::load_plugin(folder.request("minimal_c")), {});
    session = backend->connect(tenon::Deadline::max());
    const std::vector<const tenon::TableDesc*> tables{&kPeople};
    session->create_tables(tables);
    people = &session->repository(kPeople);
  }
  std::int64_t add(std::string_view email, Cell age) {
    const std::vector<Cell> cells{Cell::text(email), age};
    return people->insert({kEmailAge, cells.data(), 1, kId}).cells[0].integer;
  }
  /// The e-mail addresses that a query gives, in its order.
  std::vector<std::string> emails(const std::vector<Node>& filter, tenon::Query query = {}) {
    static const std::vector<tenon::Output> projection{{{0, 1}, tenon::Aggregate::none, 0}};
    query.filter = filter;
    query.outputs = projection;
    std::vector<std::string> found;
    const auto cursor = people->select(query);
    for (tenon::RowBatch batch; cursor->next(batch);) {
      for (std::size_t row = 0; row < batch.rows; ++row)
        found.emplace_back(batch.row(row)[0].bytes());
    }
    return found;
  }

  Folder folder;
  std::unique_ptr<tenon::IBackend> backend;
  std::unique_ptr<tenon::ISession> session;
  tenon::IRepository* people = nullptr;
};

using Names = std::vector<std::string>;

} // namespace

TEST_CASE("minimal_c: rows are inserted with a generated key and found by their keys") {
  Minimal db;
  CHECK(db.backend->info().build == "C99");
  CHECK(db.add("ada", Cell::int64(36)) == 1);
  CHECK(db.add("bob", Cell::null()) == 2);
  const std::vector<Cell> id{Cell::int64(2)};
  const auto row = db.people->find(0, id);
  REQUIRE(row.rows == 1);
  CHECK(row.cells[1].bytes() == "bob");
  CHECK(row.cells[2].is_null());
  const std::vector<Cell> email{Cell::text("ada")};
  CHECK(db.people->find(1, email).cells[0].integer == 1);
  const std::vector<Cell> nobody{Cell::text("eve")};
  CHECK(db.people->find(1, nobody).empty());

  const auto other = db.backend->connect(tenon::Deadline::max());
  CHECK(other->repository(kPeople).count({}) == 2); // one database, shared by its sessions
}

TEST_CASE("minimal_c: rules of the table hold, and a refused insert leaves nothing") {
  Minimal db;
  db.add("ada", Cell::int64(36));
  const auto insert = [&](Cell first, Cell second) {
    const std::vector<std::uint32_t> columns{1};
    const std::vector<Cell> cells{first, second};
    (void)db.people->insert({columns, cells.data(), 2, {}});
  };
  try {
    insert(Cell::text("bob"), Cell::text("ada"));
    FAIL("no error");
  } catch (const tenon::IntegrityError& e) {
    CHECK(e.kind() == tenon::IntegrityKind::unique);
    CHECK(e.constraint() == "people_email_key");
    CHECK(e.columns() == Names{"email"});
    CHECK(e.table() == "people");
  }
  CHECK(db.people->count({}) == 1);
  try {
    insert(Cell::text("bob"), Cell::null());
    FAIL("no error");
  } catch (const tenon::IntegrityError& e) {
    CHECK(e.kind() == tenon::IntegrityKind::not_null);
    CHECK(e.columns() == Names{"email"});
  }
  CHECK_THROWS_AS(insert(Cell::text("bob"), Cell::int64(1)), tenon::DataError);
  CHECK_THROWS_AS(insert(Cell::text("bob"), Cell::text("thirteen char")), tenon::DataError);
  CHECK_THROWS_AS(insert(Cell::text("bob"), Cell::text(std::string_view("a\0b", 3))), tenon::DataError);
  CHECK_THROWS_AS(insert(Cell::text("bob"), Cell::text("\xC3(")), tenon::DataError);
  CHECK(db.people->count({}) == 1);
  insert(Cell::text("bob"), Cell::text("äöüäöüäöüäöü")); // 12 characters in 24 bytes
  CHECK(db.people->count({}) == 3);
}

TEST_CASE("minimal_c: filters keep what is true, with unknown where NULL is") {
  Minimal db;
  db.add("ada", Cell::int64(36));
  db.add("bob", Cell::null());
  db.add("cyd", Cell::int64(50));
  db.add("a%_é", Cell::int64(7));
  const auto age = [](NodeKind kind, std::int64_t number) { return compare(kind, 2, Cell::int64(number)); };
  const auto email = [](NodeKind kind, std::string_view text) { return compare(kind, 1, Cell::text(text)); };
  CHECK(db.emails(age(NodeKind::eq, 36)) == Names{"ada"});
  CHECK(db.emails(age(NodeKind::ne, 36)) == Names{"cyd", "a%_é"});
  CHECK(db.emails(age(NodeKind::lt, 36)) == Names{"a%_é"});
  CHECK(db.emails(age(NodeKind::le, 36)) == Names{"ada", "a%_é"});
  CHECK(db.emails(age(NodeKind::gt, 36)) == Names{"cyd"});
  CHECK(db.emails(age(NodeKind::ge, 36)) == Names{"ada", "cyd"});
  CHECK(db.emails(email(NodeKind::contains, "y")) == Names{"cyd"});
  CHECK(db.emails(email(NodeKind::contains, "%_")) == Names{"a%_é"});
  CHECK(db.emails(email(NodeKind::starts_with, "a")) == Names{"ada", "a%_é"});
  CHECK(db.emails(email(NodeKind::ends_with, "b")) == Names{"bob"});
  CHECK(db.emails(email(NodeKind::like, "%d%")) == Names{"ada", "cyd"});
  CHECK(db.emails(email(NodeKind::like, "_o_")) == Names{"bob"});
  CHECK(db.emails(email(NodeKind::like, "a\\%__")) == Names{"a%_é"});
  CHECK(db.emails(email(NodeKind::like, "a_a%b")) == Names{});
  CHECK(db.emails({of(NodeKind::is_null, 1), column(2)}) == Names{"bob"});
  CHECK(db.emails({of(NodeKind::is_not_null, 1), column(2)}).size() == 3);
  // NULL is neither in a list nor not in it.
  const std::vector<Node> in{of(NodeKind::in, 3), column(2), value(Cell::int64(50)), value(Cell::int64(7))};
  CHECK(db.emails(in) == Names{"cyd", "a%_é"});
  std::vector<Node> not_in{of(NodeKind::negation, 1)};
  not_in.insert(not_in.end(), in.begin(), in.end());
  CHECK(db.emails(not_in) == Names{"ada"});
  CHECK(db.emails({of(NodeKind::in, 1), column(2)}).empty());
  CHECK(db.emails({of(NodeKind::all_of, 0)}).size() == 4);
  CHECK(db.emails({of(NodeKind::any_of, 0)}).empty());
  std::vector<Node> either{of(NodeKind::any_of, 2)};
  for (const auto& part : {age(NodeKind::eq, 36), email(NodeKind::eq, "bob")})
    either.insert(either.end(), part.begin(), part.end());
  CHECK(db.emails(either) == Names{"ada", "bob"});
  either[0].kind = NodeKind::all_of;
  CHECK(db.emails(either).empty());
}

TEST_CASE("minimal_c: what it does not know it does not answer") {
  Minimal db;
  db.add("ada", Cell::int64(36));
  CHECK_THROWS_AS(db.emails({of(static_cast<NodeKind>(99), 1), column(1)}), tenon::NotSupported);
  CHECK_THROWS_AS(db.emails(compare(NodeKind::eq, 77, Cell::int64(1))), tenon::ProgrammingError);
  CHECK_THROWS_AS(db.session->begin({}), tenon::NotSupported);
  const tenon::TableDesc absent{"", "absent", {{"id", CellType::int64}}, {{"pk", {0}}}, {}, {}};
  auto& repository = db.session->repository(absent); // no error: the first statement says so
  CHECK_THROWS_AS(repository.count({}), tenon::ProgrammingError);
  const std::vector<tenon::Option> options{{"colour", "blue"}};
  try {
    (void)tenon::host::open_backend(tenon::host::load_plugin(db.folder.request("minimal_c")), options);
    FAIL("no error");
  } catch (const tenon::ConfigError& e) {
    CHECK_THAT(e.message(), Catch::Matchers::Contains("colour"));
  }
}

TEST_CASE("minimal_c: rows are ordered, cut and counted") {
  Minimal db;
  db.add("cyd", Cell::int64(50));
  db.add("bob", Cell::null());
  db.add("ada", Cell::int64(50));
  db.add("dan", Cell::int64(7));
  const auto ordered = [&](std::vector<tenon::OrderTerm> order, std::uint64_t limit, std::uint64_t offset) {
    return db.emails({}, {{}, order, {}, limit, offset});
  };
  using tenon::NullOrder;
  CHECK(ordered({{2, 0, 0, NullOrder::largest}, {1, 0, 0, NullOrder::largest}}, tenon::kNoLimit, 0) ==
        Names{"dan", "ada", "cyd", "bob"});
  CHECK(ordered({{2, 0, 1, NullOrder::largest}}, tenon::kNoLimit, 0) == Names{"bob", "cyd", "ada", "dan"});
  CHECK(ordered({{2, 0, 1, NullOrder::last}}, 2, 1) == Names{"ada", "dan"});
  CHECK(ordered({{2, 0, 0, NullOrder::first}}, 1, 0) == Names{"bob"});
  CHECK(ordered({{1, 0, 0, NullOrder::largest}}, 5, 9).empty());
  CHECK(db.people->count(compare(NodeKind::eq, 2, Cell::int64(50))) == 2);
  CHECK(db.people->exists(compare(NodeKind::eq, 2, Cell::int64(7))));
  CHECK_FALSE(db.people->exists(compare(NodeKind::eq, 2, Cell::int64(8))));
}

TEST_CASE("minimal_c: decimals compare by value") {
  Minimal db;
  const std::vector<std::uint32_t> columns{1, 3};
  for (const char* number : {"10", "9.50", "-2", "-10.5", "0.5", "-0"}) {
    const std::vector<Cell> cells{Cell::text(number), Cell::decimal(number)};
    (void)db.people->insert({columns, cells.data(), 1, {}});
  }
  const std::vector<tenon::OrderTerm> order{{3, 0, 0, tenon::NullOrder::largest}};
  CHECK(db.emails({}, {{}, order, {}}) == Names{"-10.5", "-2", "-0", "0.5", "9.50", "10"});
  CHECK(db.emails(compare(NodeKind::eq, 3, Cell::decimal("9.5"))) == Names{"9.50"});
}

TEST_CASE("minimal_c: rows are updated and removed, all that match or none") {
  Minimal db;
  db.add("ada", Cell::int64(1));
  db.add("bob", Cell::int64(2));
  db.add("cyd", Cell::int64(2));
  const auto age_is_2 = compare(NodeKind::eq, 2, Cell::int64(2));
  const std::vector<tenon::Assignment> older{{2, 0, 0, 0, Cell::int64(3)}};
  CHECK(db.people->update({age_is_2, older, {}}) == 2);
  CHECK(db.people->count(compare(NodeKind::eq, 2, Cell::int64(3))) == 2);
  const std::vector<tenon::Assignment> taken{{1, 0, 0, 0, Cell::text("ada")}};
  CHECK_THROWS_AS(db.people->update({compare(NodeKind::eq, 1, Cell::text("bob")), taken, {}}), tenon::IntegrityError);
  const std::vector<tenon::Assignment> same{{1, 0, 0, 0, Cell::text("eve")}};
  CHECK_THROWS_AS(db.people->update({compare(NodeKind::eq, 2, Cell::int64(3)), same, {}}), tenon::IntegrityError);
  CHECK(db.emails({}) == Names{"ada", "bob", "cyd"});
  CHECK(db.people->remove(compare(NodeKind::eq, 2, Cell::int64(3))) == 2);
  CHECK(db.people->remove(compare(NodeKind::eq, 2, Cell::int64(3))) == 0);
  CHECK(db.emails({}) == Names{"ada"});
  CHECK(db.add("bob", Cell::null()) == 4); // keys are not given twice
}

TEST_CASE("minimal_c: a cursor keeps what it selected") {
  Minimal db;
  db.add("ada", Cell::int64(1));
  const auto cursor = db.people->select({});
  const auto other = db.backend->connect(tenon::Deadline::max());
  CHECK(other->repository(kPeople).remove({}) == 1);
  tenon::RowBatch batch;
  REQUIRE(cursor->next(batch));
  CHECK(batch.cells[1].bytes() == "ada");
  CHECK_FALSE(cursor->next(batch));
}
