#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/sql/arena.hpp>

using tenon::sql::Arena;

TEST_CASE("an arena's bytes stay where they are until it is cleared") {
  Arena arena;
  std::vector<std::string_view> kept;
  std::vector<std::string> wanted;
  for (std::size_t size = 0; size < 400; ++size) {
    wanted.emplace_back(size * 37, static_cast<char>('a' + size % 26));
    kept.push_back(arena.copy(wanted.back().data(), wanted.back().size()));
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    CHECK(kept[i] == wanted[i]);
    bytes += wanted[i].size();
  }
  CHECK(arena.used() == bytes);
  arena.clear();
  CHECK(arena.used() == 0);
}

TEST_CASE("an arena gives a copy of nothing that is no null pointer") {
  Arena arena;
  CHECK(arena.copy(nullptr, 0).data() != nullptr);
  CHECK(arena.used() == 0);
}

TEST_CASE("an arena uses its memory again, but does not hold on to a large block") {
  Arena arena;
  char* const first = arena.allocate(1000);
  arena.clear();
  CHECK(arena.allocate(1000) == first);
  std::memset(arena.allocate(std::size_t{8} << 20), 'x', std::size_t{8} << 20);
  arena.clear();
  CHECK(arena.used() == 0);
  std::memset(arena.allocate(100), 'y', 100);
  CHECK(arena.used() == 100);
}
