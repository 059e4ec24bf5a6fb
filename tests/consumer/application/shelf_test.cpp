// A user's own test, with the kit's stores in memory.

#include <cstdio>

#include <tenon/testing.hpp>

#include "book.hpp"

int main() {
  auto first = tenon::testing::memory_store<Book>();
  auto second = tenon::testing::memory_store<Book>();
  first.transaction([](tenon::Session& session) { tenon::Repository<Book>{session}.create({.title = "Emma"}); });
  auto in_first = first.session();
  auto in_second = second.session();
  const bool isolated =
      tenon::Repository<Book>{in_first}.count() == 1 && tenon::Repository<Book>{in_second}.count() == 0;
  std::puts(isolated ? "isolated" : "the stores share their rows");
  return isolated ? 0 : 1;
}
