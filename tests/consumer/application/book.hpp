#pragma once
// The application's one model.

#include <optional>
#include <string>

#include <tenon/tenon.hpp>

struct Book : tenon::Model<Book> {
  std::string title;
  std::optional<int> year;
};
BOOST_DESCRIBE_STRUCT(Book, (tenon::Model<Book>), (title, year))
template <> struct tenon::Table<Book> {
  static constexpr auto spec = tenon::table("books", tenon::unique<&Book::title>);
};
