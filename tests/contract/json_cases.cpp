// Contract: paths into JSON documents. Without the capability they are NotSupported.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support.hpp"

namespace tenon::contract {
namespace {

const TableDesc& documents() {
  static const TableDesc made = table("documents", {nullable("doc", CellType::json)});
  return made;
}

const std::vector<std::string> kDocuments{
    R"({"theme": {"dark": true, "name": "Night \"x\""}, "sizes": [1, 2.5, 30], "n": null})",
    R"({"theme": {"dark": "yes", "name": 7}, "sizes": []})",
    R"([{"a": 1}, [true, false], "last"])",
    R"({"big": 9223372036854775807, "bigger": 9223372036854775808, "e": 1e2, "tiny": 1e-400, "huge": 1e999, "zero": 0.0})",
    R"("only a text")",
    R"({"a": 1, "a": 2, "0": "zero", "ä": "umlaut", "\u00e9": "accent"})"};

struct Documents {
  Database database;
  std::unique_ptr<ISession> session = database.connect_with({&documents()});
  IRepository& repository = session->repository(documents());

  Documents() {
    Rows rows;
    for (const std::string& text : kDocuments)
      rows.push_back({Value::json(text)});
    rows.push_back({Value::null()});
    insert(repository, {1}, rows);
  }

  using Path = std::vector<Value>;
  std::vector<std::int64_t> ids(const Tree& filter) {
    std::vector<std::int64_t> found;
    for (const Row& row : select(repository, {.filter = filter, .order = {ascending(0)}, .outputs = columns({0})}))
      found.push_back(row[0].cell().integer);
    return found;
  }
  std::vector<std::int64_t> with(const Value& value, const Path& path) {
    return ids(Tree::of(NodeKind::eq, {Tree::json_value(value.type(), Tree::column(1), path), Tree::value(value)}));
  }
  std::vector<std::int64_t> with_any(CellType type, const Path& path) {
    return ids(Tree::of(NodeKind::is_not_null, {Tree::json_value(type, Tree::column(1), path)}));
  }
  std::vector<std::int64_t> where_exists(const Path& path) { return ids(Tree::json_exists(Tree::column(1), path)); }
};

using Ids = std::vector<std::int64_t>;
Value name(std::string_view text) { return Value::text(text); }
Value at(std::int64_t position) { return Value::int64(position); }

TEST_CASE("json: a path gives the value there if it has the wanted type") {
  Documents t;
  if (!t.database.can(Capability::json)) {
    CHECK_THROWS_AS(t.where_exists({name("a")}), NotSupported);
    CHECK_THROWS_AS(t.with(Value::int64(1), {name("a")}), NotSupported);
    return;
  }
  CHECK(t.with(Value::boolean(true), {name("theme"), name("dark")}) == Ids{1});
  CHECK(t.with(Value::text("yes"), {name("theme"), name("dark")}) == Ids{2});
  CHECK(t.with(Value::text("Night \"x\""), {name("theme"), name("name")}) == Ids{1});
  CHECK(t.with(Value::int64(7), {name("theme"), name("name")}) == Ids{2});
  CHECK(t.with(Value::float64(7), {name("theme"), name("name")}) == Ids{2}); // every number is a double
  CHECK(t.with(Value::int64(1), {name("sizes"), at(0)}) == Ids{1});
  CHECK(t.with(Value::float64(2.5), {name("sizes"), at(1)}) == Ids{1});
  CHECK(t.with(Value::int64(2), {name("sizes"), at(1)}).empty());
  CHECK(t.with(Value::boolean(true), {at(1), at(0)}) == Ids{3});
  CHECK(t.with(Value::text("last"), {at(2)}) == Ids{3});
  CHECK(t.with(Value::text("only a text"), {}) == Ids{5});
  CHECK(t.with_any(CellType::text, {name("theme")}).empty()); // an object is no scalar
}

TEST_CASE("json: numbers are integers if they are written so and fit, and doubles if these hold them") {
  Documents t;
  if (!t.database.can(Capability::json)) return;
  CHECK(t.with(Value::int64(9223372036854775807), {name("big")}) == Ids{4});
  CHECK(t.with_any(CellType::int64, {name("bigger")}).empty());
  CHECK(t.with(Value::float64(9223372036854775808.0), {name("bigger")}) == Ids{4});
  CHECK(t.with_any(CellType::int64, {name("e")}).empty());
  CHECK(t.with(Value::float64(100), {name("e")}) == Ids{4});
  CHECK(t.with(Value::float64(0), {name("zero")}) == Ids{4});
  CHECK(t.with_any(CellType::float64, {name("huge")}).empty());
  CHECK(t.with_any(CellType::float64, {name("tiny")}).empty());
}

TEST_CASE("json: names are members, positions are elements, and neither is the other") {
  Documents t;
  if (!t.database.can(Capability::json)) return;
  CHECK(t.with(Value::text("zero"), {name("0")}) == Ids{6});
  CHECK(t.where_exists({at(0)}) == Ids{3});
  CHECK(t.where_exists({name("0")}) == Ids{6});
  CHECK(t.with(Value::int64(2), {name("a")}) == Ids{6}); // the last of two
  CHECK(t.with(Value::text("umlaut"), {name("\xC3\xA4")}) == Ids{6});
  CHECK(t.with(Value::text("accent"), {name("\xC3\xA9")}) == Ids{6});
  CHECK(t.where_exists({at(9'000'000'000)}).empty());
  const std::string hostile = "'; DROP TABLE documents; --\"";
  CHECK(t.where_exists({name(hostile)}).empty());
}

TEST_CASE("json: something is there, be it a null; of no document nothing is known") {
  Documents t;
  if (!t.database.can(Capability::json)) return;
  CHECK(t.where_exists({name("n")}) == Ids{1});
  CHECK(t.with_any(CellType::text, {name("n")}).empty());
  const Tree absent = Tree::of(NodeKind::negation, {Tree::json_exists(Tree::column(1), {name("theme")})});
  CHECK(t.ids(absent) == Ids{3, 4, 5, 6}); // not 7, whose document is NULL
  CHECK(t.where_exists({name("sizes"), at(0)}) == Ids{1});
}

TEST_CASE("json: malformed paths are refused") {
  Documents t;
  if (!t.database.can(Capability::json)) return;
  CHECK_THROWS_AS(t.where_exists({at(-1)}), ProgrammingError);
  CHECK_THROWS_AS(t.where_exists({Value::boolean(true)}), ProgrammingError);
  CHECK_THROWS_AS(t.where_exists(std::vector<Value>(101, name("a"))), ProgrammingError);
  CHECK_THROWS_AS(t.ids(Tree::json_exists(Tree::column(0), {name("a")})), ProgrammingError);
  CHECK_THROWS_AS(t.ids(Tree::of(NodeKind::json_exists, {Tree::column(1), Tree::column(0)})), ProgrammingError);
  CHECK_THROWS_AS(t.ids(Tree::of(NodeKind::json_exists, {})), ProgrammingError);
  CHECK_THROWS_AS(t.ids(Tree::of(NodeKind::is_null, {Tree::json_value(CellType::date, Tree::column(1), {name("a")})})),
                  NotSupported);
}

} // namespace
} // namespace tenon::contract
