// bookshop CONFIG: stores two books, finds one of them, and is refused a third. A user's first program, with a user's
// warnings.

#include <iostream>

#include "book.hpp"

int main(int argc, char** argv) {
  try {
    auto store = tenon::open(argc > 1 ? argv[1] : "storage.yaml");
    store.create_tables<Book>();
    store.transaction([](tenon::Session& session) {
      tenon::Repository<Book> books{session};
      books.create({.title = "Middlemarch", .year = 1871});
      books.create({.title = "Emma"});
    });
    auto session = store.session();
    tenon::Repository<Book> books{session};
    const Book book = books.query().where(tenon::col<&Book::year> < 1900).one();
    std::cout << book.title << " " << *book.year << ", one of " << books.count() << "\n";
    try {
      books.create({.title = "Emma", .year = 1815});
    } catch (const tenon::IntegrityError& error) {
      std::cout << "refused by " << error.constraint() << "\n";
    }
    std::cout << "served by " << store.backend().id << "\n";
  } catch (const tenon::Error& error) {
    std::cerr << "bookshop: " << error.what() << "\n";
    return 1;
  }
}
