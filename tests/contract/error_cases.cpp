// Contract: errors are of their class, say constraint, table and columns, name no value, and outlive their session.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

using Names = std::vector<std::string>;

/// id, email (required, unique, at most 40), first, last (unique together).
const TableDesc& people() {
  static const TableDesc made = [] {
    TableDesc described = table("people", {column("email", CellType::text), nullable("first", CellType::text),
                                           nullable("last", CellType::text)});
    described.columns[1].max_length = 40;
    described.keys.push_back({"people_email_key", {1}});
    described.keys.push_back({"people_first_last_key", {2, 3}});
    return described;
  }();
  return made;
}

struct People {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&people()});
  IRepository& repository = session->repository(people());

  void add(const char* email, const Value& first = Value::null(), const Value& last = Value::null()) {
    insert(repository, {1, 2, 3}, {{Value::text(email), first, last}});
  }
};

void check_no_value(const ErrorInfo& info, const char* value) {
  for (const std::string* text : {&info.message, &info.hint, &info.constraint, &info.table, &info.statement}) {
    CHECK_THAT(*text, !Catch::Contains(value));
  }
}

TEST_CASE("errors: a unique violation says constraint, table and column, and not the value") {
  People t;
  t.add("s3cret@example.com");
  const ErrorInfo info = raised<IntegrityError>([&] { t.add("s3cret@example.com"); });
  CHECK(info.code == ErrorCode::unique_violation);
  CHECK(info.constraint == "people_email_key");
  CHECK(info.table == "people");
  CHECK(info.columns == Names{"email"});
  CHECK_FALSE(info.retryable);
  CHECK_FALSE(info.broken);
  check_no_value(info, "s3cret");
}

TEST_CASE("errors: a composite unique violation names all its columns") {
  People t;
  t.add("a", Value::text("Ada"), Value::text("Byron"));
  t.add("b", Value::text("Ada"), Value::null());
  t.add("c", Value::text("Ada"), Value::null()); // NULL equals nothing
  const ErrorInfo info = raised<IntegrityError>([&] { t.add("d", Value::text("Ada"), Value::text("Byron")); });
  CHECK(info.code == ErrorCode::unique_violation);
  CHECK(info.constraint == "people_first_last_key");
  CHECK(info.columns == Names{"first", "last"});
  check_no_value(info, "Byron");
}

TEST_CASE("errors: the primary key is a unique constraint too") {
  People t;
  insert(t.repository, {0, 1}, {{Value::int64(5), Value::text("a")}});
  const ErrorInfo info = raised<IntegrityError>([&] {
    insert(t.repository, {0, 1}, {{Value::int64(5), Value::text("b")}});
  });
  CHECK(info.code == ErrorCode::unique_violation);
  CHECK(info.constraint == "people_pkey");
  CHECK(info.columns == Names{"id"});
}

TEST_CASE("errors: an update that takes a value that is taken says so as an insert does") {
  People t;
  t.add("a");
  t.add("b");
  const Tree of_b = Tree::compare(NodeKind::eq, 1, Value::text("b"));
  const ErrorInfo info = raised<IntegrityError>([&] { update(t.repository, of_b, {{1, Value::text("a")}}); });
  CHECK(info.code == ErrorCode::unique_violation);
  CHECK(info.constraint == "people_email_key");
}

TEST_CASE("errors: a NULL that must not be names table and column") {
  People t;
  const auto check = [](const ErrorInfo& info) {
    CHECK(info.code == ErrorCode::not_null_violation);
    CHECK(info.table == "people");
    CHECK(info.columns == Names{"email"});
    check_no_value(info, "s3cret");
  };
  check(raised<IntegrityError>([&] { insert(t.repository, {1, 2}, {{Value::null(), Value::text("s3cret")}}); }));
  check(raised<IntegrityError>([&] { insert(t.repository, {2}, {{Value::text("s3cret")}}); }));
  t.add("a");
  check(raised<IntegrityError>([&] { update(t.repository, {}, {{1, Value::null()}}); }));
}

TEST_CASE("errors: text that is too long is DataError that names no value") {
  People t;
  const ErrorInfo info = raised<DataError>([&] { t.add("s3cret-s3cret-s3cret-s3cret-s3cret-s3cret"); });
  check_no_value(info, "s3cret");
  CHECK(t.repository.count({}) == 0);
}

TEST_CASE("errors: a missing table is ProgrammingError of the first statement, and the session goes on") {
  People t;
  const TableDesc missing = table("no_such_table", {column("n", CellType::int64)});
  IRepository& repository = t.session->repository(missing);
  CHECK_THROWS_AS(repository.count({}), ProgrammingError);
  CHECK_THROWS_AS(insert(repository, {1}, {{Value::int64(1)}}), ProgrammingError);
  CHECK_THROWS_AS(select(repository), ProgrammingError);
  const ErrorInfo info = raised<ProgrammingError>([&] { static_cast<void>(find(repository, 0, {Value::int64(1)})); });
  CHECK_THAT(info.message, Catch::Contains("no_such_table"));
  t.session->create_tables(std::vector<const TableDesc*>{&missing}); // and it is found once it is there
  CHECK(repository.count({}) == 0);
}

TEST_CASE("errors: one outlives its session and its backend") {
  std::optional<IntegrityError> kept;
  {
    People t;
    t.add("a");
    try {
      t.add("a");
    } catch (const IntegrityError& error) {
      kept = error;
    }
  }
  REQUIRE(kept);
  CHECK(kept->constraint() == "people_email_key");
  CHECK(kept->kind() == IntegrityKind::unique);
  CHECK_THAT(kept->what(), Catch::Contains("people"));
}

// ---- foreign keys ---------------------------------------------------------------------------------------------------

struct Families {
  TableDesc parents = table("parents", {column("n", CellType::int64)});
  TableDesc children;
  Database database;
  std::unique_ptr<ISession> session;

  explicit Families(OnDelete on_delete) {
    children = table("children", {nullable("parent_id", CellType::int64)});
    children.foreign_keys.push_back({"children_parent_id_fkey", {1}, "", "parents", {"id"}, on_delete});
    session = database.connect_with({&parents, &children});
    insert(session->repository(parents), {0, 1},
           {{Value::int64(1), Value::int64(1)}, {Value::int64(2), Value::int64(2)}});
    insert(session->repository(children), {1}, {{Value::int64(1)}, {Value::null()}});
  }
  std::uint64_t delete_parent(std::int64_t id) {
    return remove(session->repository(parents), Tree::compare(NodeKind::eq, 0, Value::int64(id)));
  }
  void add_child(std::int64_t parent) { insert(session->repository(children), {1}, {{Value::int64(parent)}}); }
};

/// SQLite's engine names neither constraint nor columns; what is named has to be right.
void check_foreign_key(const ErrorInfo& info) {
  CHECK(info.code == ErrorCode::foreign_key_violation);
  CHECK((info.constraint.empty() || info.constraint == "children_parent_id_fkey"));
  CHECK((info.columns.empty() || info.columns == Names{"parent_id"}));
}

TEST_CASE("foreign key: a reference to nothing is refused on insert and update, where foreign keys are claimed") {
  Families t(OnDelete::no_action);
  if (!t.database.can(Capability::foreign_keys)) {
    CHECK_NOTHROW(t.add_child(99)); // the description is taken, and not enforced
    return;
  }
  check_foreign_key(raised<IntegrityError>([&] { t.add_child(99); }));
  check_foreign_key(raised<IntegrityError>([&] {
    update(t.session->repository(t.children), {}, {{1, Value::int64(99)}});
  }));
  CHECK(t.session->repository(t.children).count({}) == 2);
  t.add_child(2);
}

TEST_CASE("foreign key: a row that is referred to cannot go, others can") {
  for (const OnDelete rule : {OnDelete::no_action, OnDelete::restrict}) {
    Families t(rule);
    if (!t.database.can(Capability::foreign_keys)) continue;
    check_foreign_key(raised<IntegrityError>([&] { t.delete_parent(1); }));
    CHECK(t.delete_parent(2) == 1);
    CHECK(t.session->repository(t.parents).count({}) == 1);
  }
}

TEST_CASE("foreign key: cascade takes the referring rows along, set_null frees them") {
  Families cascade(OnDelete::cascade);
  if (!cascade.database.can(Capability::foreign_keys)) return;
  CHECK(cascade.delete_parent(1) == 1);
  CHECK(cascade.session->repository(cascade.children).count({}) == 1);
  Families set_null(OnDelete::set_null);
  CHECK(set_null.delete_parent(1) == 1);
  CHECK(set_null.session->repository(set_null.children).count(Tree::test(NodeKind::is_null, 1).filter()) == 2);
}

// ---- names ----------------------------------------------------------------------------------------------------------

TEST_CASE("names: keywords, quotes, blanks and letters beyond ASCII name tables, columns and constraints") {
  Database database;
  for (const char* name : {"select", "a \"quoted\" name", "semi;colon'--", "Mixed Case", "\xC3\xBCml\xC3\xA4ut", "$1",
                           "user", "[x]", "`t`"}) {
    CAPTURE(name);
    TableDesc described =
        table(name, {column("order", CellType::int64), nullable("group \"by\"", CellType::text),
                     nullable("from; where'--", CellType::text), nullable("\xC3\xA9t\xC3\xA9", CellType::date),
                     nullable("?1", CellType::boolean), nullable("null", CellType::text)});
    described.keys.push_back({std::string(name) + " order\"key", {1}});
    described.indexes.push_back({std::string(name) + " 'index'", {2, 3}});
    const auto session = database.connect_with({&described});
    IRepository& repository = session->repository(described);
    const Row row{Value::int64(1), Value::text("x"),     Value::text("y"),
                  Value::date(3),  Value::boolean(true), Value::text("z")};
    const Value id = insert(repository, {1, 2, 3, 4, 5, 6}, {row}, {0})[0][0];
    CHECK(select(repository, {.order = {descending(3)}, .outputs = columns({1, 2, 3, 4, 5, 6})}) == Rows{row});
    CHECK(update(repository, Tree::compare(NodeKind::eq, 6, Value::text("z")), {{2, Value::text("w")}}) == 1);
    CHECK(find(repository, 1, {Value::int64(1)}).at(0).at(2) == Value::text("w"));
    const ErrorInfo info = raised<IntegrityError>([&] { insert(repository, {1}, {{Value::int64(1)}}); });
    CHECK(info.columns == Names{"order"});
    CHECK(remove(repository, Tree::compare(NodeKind::eq, 0, id)) == 1);
  }
}

} // namespace
} // namespace tenon::contract
