#pragma once
// Models of the contract cases that go through Store and Repository<T>.

#include <cstdint>
#include <optional>
#include <string>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <tenon/core/model.hpp>
#include <tenon/core/repository.hpp>
#include <tenon/core/table.hpp>
#include <tenon/core/types.hpp>

namespace tenon::contract {

enum class Genre { fiction, science, poetry };
BOOST_DESCRIBE_ENUM(Genre, fiction, science, poetry)

struct Author : Model<Author> {
  std::string name;
  std::optional<Date> born;
};
BOOST_DESCRIBE_STRUCT(Author, (Model<Author>), (name, born))

struct Book : Model<Book> {
  std::string title;
  std::int64_t author_id = 0;
  Genre genre = Genre::fiction;
  std::optional<std::string> subtitle;
  Decimal price;
  double rating = 0;
  std::uint16_t pages = 0;
  Uuid code{};
  Bytes cover;
  Json tags;
  std::optional<Timestamp> sold_at;
};
BOOST_DESCRIBE_STRUCT(Book, (Model<Book>),
                      (title, author_id, genre, subtitle, price, rating, pages, code, cover, tags, sold_at))

/// A counter with a key of its own and no Model.
struct Counter {
  std::string name;
  std::int64_t value = 0;
};
BOOST_DESCRIBE_STRUCT(Counter, (), (name, value))

} // namespace tenon::contract

template <> struct tenon::Table<tenon::contract::Author> {
  static constexpr auto spec = tenon::table("authors", tenon::unique<&tenon::contract::Author::name>);
};
template <> struct tenon::Table<tenon::contract::Book> {
  using T = tenon::contract::Book;
  static constexpr auto spec =
      tenon::table("books", tenon::unique<&T::title, &T::author_id>, tenon::max_length<&T::title>(100),
                   tenon::references<&T::author_id, &tenon::contract::Author::id>(), tenon::index<&T::rating>,
                   tenon::column<&T::sold_at>("last_sold"));
};
template <> struct tenon::Table<tenon::contract::Counter> {
  static constexpr auto spec = tenon::table("counters", tenon::primary_key<&tenon::contract::Counter::name>);
};
