// Predicates: conditions that compose at run time, with their types checked at compile time.
#include <iostream>

#include <tenon/tenon.hpp>

struct Shelf {
  std::int64_t id = 0;
  std::string label;
};
BOOST_DESCRIBE_STRUCT(Shelf, (), (id, label))

struct Book {
  std::int64_t id = 0;
  std::string title;
  std::optional<std::string> subtitle;
  int pages = 0, pages_read = 0;
  double price = 0;
  std::int64_t shelf_id = 0;
  tenon::Json about;
  tenon::Related<Shelf> shelf;
};
BOOST_DESCRIBE_STRUCT(Book, (), (id, title, subtitle, pages, pages_read, price, shelf_id, about))
template <> struct tenon::Table<Book> {
  static constexpr auto spec = tenon::table("guide_books", tenon::belongs_to<&Book::shelf, &Book::shelf_id>);
};

constexpr auto title = tenon::col<&Book::title>; // a column is a value too, and may have a name
constexpr auto subtitle = tenon::col<&Book::subtitle>;
constexpr auto pages = tenon::col<&Book::pages>;
constexpr auto pages_read = tenon::col<&Book::pages_read>;
constexpr auto price = tenon::col<&Book::price>;
constexpr auto about = tenon::col<&Book::about>;

int main() {
  auto store = tenon::open("storage.yaml");
  store.create_tables<Shelf, Book>();
  auto session = store.session();
  tenon::Repository<Shelf> shelves{session};
  tenon::Repository<Book> books{session};
  const auto made = shelves.create_many({{.label = "work"}, {.label = "home"}});
  books.create_many({{.title = "C++ in depth",
                      .pages = 300,
                      .pages_read = 300,
                      .price = 40,
                      .shelf_id = made[0].id,
                      .about = tenon::Json::parse(R"({"edition": 2, "tags": ["code", "new"]})")},
                     {.title = "100% honest",
                      .subtitle = "a memoir",
                      .pages = 120,
                      .pages_read = 10,
                      .price = 9.5,
                      .shelf_id = made[1].id,
                      .about = tenon::Json::parse(R"({"edition": 1})")},
                     {.title = "Élan", .pages = 90, .pages_read = 90, .price = 12, .shelf_id = made[1].id},
                     {.title = "databases",
                      .subtitle = "databases",
                      .pages = 500,
                      .price = 60,
                      .shelf_id = made[0].id,
                      .about = tenon::Json::parse(R"({"edition": null})")}});
  const auto show = [&](const char* what, const tenon::Predicate<Book>& which) {
    std::cout << what << ':';
    for (const Book& book : books.query().where(which).order_by(tenon::col<&Book::id>.asc()).all())
      std::cout << " [" << book.title << ']';
    std::cout << '\n';
  };

  // Comparisons, ranges with both ends, sets of any length.
  show("long or dear", pages >= 300 || price > 50.0);
  show("middling", pages.between(90, 120) && price != 12.0);
  const std::vector<std::string> wanted = {"databases", "Élan", "lost"};
  show("wanted", title.in(wanted));
  show("of none", title.in(std::vector<std::string>{}));

  // Text. In like, % is any text and _ one character; the others take their text as it stands.
  show("like", title.like("_at%"));
  show("contains 0%", title.contains("0%"));
  show("starts, ends", title.starts_with("C++") || title.ends_with("est"));
  show("any case", title.icontains("DATA") || title.istarts_with("c++") || title.ilike("%HONEST"));
  show("A to Z only", title.iequals("élan")); // É and é stay different
  show("all letters", title.iequals("éLAN", tenon::Fold::unicode) || title.ilike("%É%", tenon::Fold::unicode));

  // NULL is no value: a comparison with it is unknown, and so is its negation.
  show("no subtitle", subtitle.is_null());
  show("another subtitle", !(subtitle == "a memoir"));

  // Columns against columns, and arithmetic.
  show("finished", pages_read == pages);
  show("titled twice", title == subtitle);
  show("barely begun", pages_read * 10 < pages - 1);
  show("cheap paper", price / pages < 0.1);

  // Paths into JSON documents: names and positions; a value of another type is as if it were not there.
  show("tagged code", about.path("tags", 0).as<std::string>() == "code");
  show("later editions", about.path("edition").as<std::int64_t>() > 1);
  show("edition known", about.path("edition").exists() && about.path("edition").as<double>().is_not_null());

  // Conditions on related rows.
  show("at work", tenon::exists<&Book::shelf>(tenon::col<&Shelf::label> == "work"));

  // Put together at run time: the empty predicate is true for every row.
  tenon::Predicate<Book> all_words;
  for (const char* word : {"a", "s"})
    all_words = all_words && title.icontains(word);
  show("a and s", all_words && !(pages < 200));
}
