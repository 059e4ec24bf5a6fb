// Contract: the typed front over a store: what applications do, the same on every backend.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "models.hpp"
#include "support.hpp"

namespace tenon::contract {
namespace {

using namespace std::chrono_literals;

/// A store with its tables, and a session.
struct Library {
  Database database;
  Store store = database.store();
  Session session = (store.create_tables<Book, Author, Counter>(), store.session());
  Repository<Author> authors{session};
  Repository<Book> books{session};

  Book book(const std::string& title, std::int64_t author, double rating = 0) {
    Book made;
    made.title = title;
    made.author_id = author;
    made.rating = rating;
    return made;
  }
  bool can_roll_back() { return database.can(Capability::transactions); }
};

std::vector<std::string> titles(const std::vector<Book>& books) {
  std::vector<std::string> out;
  for (const Book& book : books)
    out.push_back(book.title);
  return out;
}
using Titles = std::vector<std::string>;

TEST_CASE("store: a struct with members of every type comes back as it was") {
  Library t;
  const Author author = t.authors.create({.name = "Ada", .born = Date{1815y / 12 / 10}});
  Book book = t.book("Notes on the Engine", author.id, 0.1 + 0.2);
  book.genre = Genre::science;
  book.subtitle = "";
  book.price = Decimal::parse("12345678901234567890.50");
  book.pages = std::numeric_limits<std::uint16_t>::max();
  book.code = new_uuid();
  book.cover = {0, 1, 255, 0};
  book.tags = Json::parse(R"({"a": [1, "\u00e9", null]})");
  book.sold_at = Timestamp{std::chrono::sys_days{1969y / 12 / 31}} + 1us;
  const Book made = t.books.create(book);
  t.session.commit();

  Session later = t.store.session();
  const Book read = Repository<Book>{later}.get(made.id);
  CHECK(static_cast<const Model<Book>&>(read) == static_cast<const Model<Book>&>(made));
  CHECK(read.title == book.title);
  CHECK(read.genre == Genre::science);
  CHECK(read.subtitle == "");
  CHECK(read.price.text() == "12345678901234567890.50");
  CHECK(read.rating == 0.1 + 0.2);
  CHECK(read.pages == book.pages);
  CHECK(read.code == book.code);
  CHECK(read.cover == book.cover);
  CHECK(read.tags == book.tags);
  CHECK(read.sold_at == book.sold_at);
  CHECK(Repository<Author>{later}.get(author.id).born == author.born);
  CHECK_FALSE(Repository<Book>{later}.query().where(col<&Book::code> == new_uuid()).exists());
  CHECK(Repository<Book>{later}
            .query()
            .where(col<&Book::code> == book.code && col<&Book::genre> == Genre::science)
            .exists());
}

TEST_CASE("store: NaN is DataError before it is sent") {
  Library t;
  CHECK_THROWS_AS(t.books.create(t.book("x", 1, std::nan(""))), DataError);
  CHECK_THROWS_AS(t.books.count(col<&Book::rating> == std::nan("")), DataError);
}

TEST_CASE("store: find, get, find_by, get_by") {
  Library t;
  const Author ada = t.authors.create({.name = "Ada"});
  CHECK(t.authors.find(ada.id)->name == "Ada");
  CHECK_FALSE(t.authors.find(ada.id + 1));
  CHECK_THROWS_AS(t.authors.get(ada.id + 1), NotFound);
  CHECK(t.authors.get_by<&Author::name>("Ada").id == ada.id);
  CHECK_FALSE(t.authors.find_by<&Author::name>("ada"));
  t.books.create(t.book("B", ada.id, 5));
  t.books.create(t.book("A", ada.id, 5));
  CHECK(t.books.get_by<&Book::rating>(5.0).title == "B"); // of several the smallest key
}

TEST_CASE("store: soft-deleted rows are hidden everywhere until restored") {
  Library t;
  const Author a = t.authors.create({.name = "a"});
  const Author b = t.authors.create({.name = "b"});
  t.authors.soft_delete(a.id);
  CHECK_FALSE(t.authors.find(a.id));
  CHECK_FALSE(t.authors.find_by<&Author::name>("a"));
  CHECK(t.authors.count() == 1);
  CHECK(t.authors.list().size() == 1);
  CHECK_FALSE(t.authors.exists(col<&Author::name> == "a"));
  CHECK(t.authors.with_deleted().count() == 2);
  CHECK_FALSE(t.authors.with_deleted().get(a.id).is_active);
  CHECK(t.authors.update(Predicate<Author>(), {set<&Author::born>(Date{2000y / 1 / 1})}) == 1);
  CHECK_FALSE(t.authors.with_deleted().get(a.id).born);
  t.authors.restore(a.id);
  CHECK(t.authors.get(a.id).name == "a");
  t.authors.remove(b.id);
  CHECK_FALSE(t.authors.with_deleted().find(b.id));
}

TEST_CASE("store: update writes every member, partial update only those named, both move updated_at") {
  Library t;
  Author author = t.authors.create({.name = "a", .born = Date{1900y / 1 / 1}});
  const Timestamp created = author.created_at;
  author.name = "b";
  author.born.reset();
  const Author updated = t.authors.update(author);
  const Author read = t.authors.get(author.id);
  CHECK(read.name == "b");
  CHECK_FALSE(read.born);
  CHECK(read.created_at == created);
  CHECK(read.updated_at == updated.updated_at);
  CHECK(read.updated_at >= created);
  t.authors.update(author.id, {set<&Author::born>(Date{1901y / 2 / 3})});
  CHECK(t.authors.get(author.id).name == "b");
  CHECK(t.authors.get(author.id).born == Date{1901y / 2 / 3});
}

TEST_CASE("store: predicates, orders, limits and offsets compose") {
  Library t;
  const auto author = t.authors.create({.name = "a"}).id;
  std::vector<Book> made;
  for (int i = 0; i < 9; ++i)
    made.push_back(t.book(std::string(1, static_cast<char>('a' + i)), author, i % 3));
  t.books.create_many(made);
  const Predicate<Book> high = col<&Book::rating> >= 1;
  const Predicate<Book> wanted = (high && !(col<&Book::title>.in({"b", "c"}))) || col<&Book::title> == "a";
  const auto ordered = t.books.query().where(wanted).order_by(col<&Book::rating>.desc(), col<&Book::title>.asc());
  CHECK(titles(ordered.all()) == Titles{"f", "i", "e", "h", "a"});
  auto part = ordered;
  CHECK(titles(part.limit(2).offset(1).all()) == Titles{"i", "e"});
  CHECK(ordered.count() == 5);
  CHECK(ordered.first()->title == "f");
  CHECK_THROWS_AS(ordered.one(), ProgrammingError);
}

TEST_CASE("store: pages neither skip nor repeat, also when rows come and go between them") {
  Library t;
  const auto author = t.authors.create({.name = "a"}).id;
  std::vector<Book> made;
  for (int i = 0; i < 103; ++i)
    made.push_back(t.book("t" + std::to_string(i), author, i % 4)); // many ties
  t.books.create_many(made);
  const auto query = [&] {
    auto select = t.books.query();
    select.order_by(col<&Book::rating>.desc()).limit(10);
    return select;
  };
  std::vector<Book> paged;
  std::string cursor;
  int pages = 0;
  do {
    Page<Book> page = query().page(cursor);
    cursor = page.next;
    for (Book& book : page.items)
      paged.push_back(std::move(book));
    if (++pages == 3) {
      t.books.remove(paged.front().id);          // one that was shown
      t.books.create(t.book("late", author, 3)); // one that belongs to what was shown
    }
  } while (!cursor.empty());
  CHECK(pages == 11);
  REQUIRE(paged.size() == 103);
  for (std::size_t i = 1; i < paged.size(); ++i) {
    CHECK((paged[i - 1].rating > paged[i].rating ||
           (paged[i - 1].rating == paged[i].rating && paged[i - 1].id < paged[i].id)));
  }
  CHECK_THROWS_AS(query().order_by(col<&Book::title>.asc()).page(query().page().next), DataError);
}

TEST_CASE("store: for_each streams, and a query of nothing gives nothing") {
  Library t;
  t.authors.create_many([] {
    std::vector<Author> many;
    for (int i = 0; i < 3000; ++i)
      many.push_back({.name = "author " + std::to_string(i)});
    return many;
  }());
  std::int64_t seen = 0;
  t.authors.query().for_each([&](Author&& author) { seen += author.name.starts_with("author ") ? 1 : 0; });
  CHECK(seen == 3000);
  CHECK(t.authors.query().where(col<&Author::name> == "nobody").all().empty());
  CHECK_FALSE(t.authors.query().where(col<&Author::name> == "nobody").first());
}

TEST_CASE("store: transaction commits what returns, and rolls back what throws") {
  Library t;
  const auto id =
      t.store.transaction([](Session& session) { return Repository<Author>{session}.create({.name = "kept"}).id; });
  CHECK(t.authors.get(id).name == "kept");
  t.session.commit();
  const auto failing = [&] {
    t.store.transaction([](Session& session) {
      Repository<Author>{session}.create({.name = "lost"});
      throw std::runtime_error("no");
    });
  };
  CHECK_THROWS_WITH(failing(), "no");
  CHECK(t.authors.exists(col<&Author::name> == "lost") == !t.can_roll_back());
}

TEST_CASE("store: a session that ends without commit leaves nothing, and commit hooks run after commit only") {
  Library t;
  int hooks = 0;
  {
    Session session = t.store.session();
    Repository<Author>{session}.create({.name = "lost"});
    session.after_commit([&] { ++hooks; });
  }
  CHECK(hooks == 0);
  CHECK(t.authors.count() == (t.can_roll_back() ? 0 : 1));
  t.session.commit();
  t.store.transaction([&](Session& session) {
    Repository<Author>{session}.create({.name = "kept"});
    session.after_commit([&] {
      ++hooks;
      CHECK(t.authors.exists(col<&Author::name> == "kept")); // the commit is visible elsewhere
    });
  });
  CHECK(hooks == 1);
}

TEST_CASE("store: a failed statement dooms the session until rollback, where there are transactions") {
  Library t;
  t.authors.create({.name = "a"});
  t.session.commit();
  t.authors.create({.name = "b"});
  CHECK_THROWS_AS(t.authors.create({.name = "a"}), IntegrityError);
  if (t.can_roll_back()) {
    CHECK_THROWS_AS(t.authors.count(), ProgrammingError);
    CHECK_THROWS_AS(t.session.commit(), ProgrammingError);
    t.session.rollback();
    CHECK(t.authors.count() == 1);
  } else {
    CHECK(t.authors.count() == 2);
    CHECK_THROWS_AS(t.session.rollback(), NotSupported);
  }
}

TEST_CASE("store: nested work is undone alone") {
  Library t;
  t.authors.create({.name = "outer"});
  const auto fail_inside = [&] {
    t.session.nested([&] {
      t.authors.create({.name = "inner"});
      t.session.nested([&] { t.authors.create({.name = "innermost"}); });
      t.authors.create({.name = "outer"}); // taken
    });
  };
  if (!claimed(t.database, Capability::savepoints, fail_inside)) return;
  CHECK_THROWS_AS(fail_inside(), IntegrityError);
  t.session.nested([&] { t.authors.create({.name = "second"}); });
  t.session.commit();
  Session later = t.store.session();
  std::vector<std::string> names;
  for (const Author& author : Repository<Author>{later}.list())
    names.push_back(author.name);
  CHECK(names == std::vector<std::string>{"outer", "second"});
}

TEST_CASE("store: upsert by a unique member updates, keeps key and created_at, and revives") {
  Library t;
  const auto put = [&](const char* name, Date born) {
    return t.authors.upsert<&Author::name>({.name = name, .born = born});
  };
  if (!claimed(t.database, Capability::upsert, [&] { put("a", Date{1900y / 1 / 1}); })) return;
  const Author first = put("a", Date{1900y / 1 / 1});
  t.authors.soft_delete(first.id);
  const Author second = put("a", Date{1950y / 6 / 7});
  CHECK(second.id == first.id);
  CHECK(second.created_at == first.created_at);
  CHECK(second.updated_at >= first.updated_at);
  CHECK(second.is_active);
  CHECK(second.born == Date{1950y / 6 / 7});
  CHECK(t.authors.count() == 1);
}

} // namespace
} // namespace tenon::contract
