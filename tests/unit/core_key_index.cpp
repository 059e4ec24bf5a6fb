#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/core/key_index.hpp>

using namespace tenon;
using tenon::detail::KeyIndex;

namespace {

/// What was added with a key, found the long way.
std::vector<std::uint32_t> all_with(const std::vector<std::int64_t>& keys, std::int64_t wanted) {
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == wanted) found.push_back(i);
  }
  return found;
}

std::vector<std::uint32_t> found_in(KeyIndex& index, const Cell& key) {
  const auto found = index.find(&key);
  return {found.begin(), found.end()};
}

} // namespace

TEST_CASE("keys are found in whatever order they are asked for, each with all its numbers") {
  std::mt19937 random(7);
  std::uniform_int_distribution<std::int64_t> some(-20, 20);
  std::vector<std::int64_t> keys;
  KeyIndex index;
  for (int i = 0; i < 60; ++i) {
    keys.push_back(some(random));
    const Cell key = Cell::int64(keys.back());
    index.add(&key);
  }
  index.sort();
  for (std::int64_t rising = -25; rising <= 25; ++rising)
    CHECK(found_in(index, Cell::int64(rising)) == all_with(keys, rising));
  for (std::int64_t falling = 25; falling >= -25; --falling)
    CHECK(found_in(index, Cell::int64(falling)) == all_with(keys, falling));
  for (int i = 0; i < 200; ++i) {
    const std::int64_t wanted = some(random);
    CHECK(found_in(index, Cell::int64(wanted)) == all_with(keys, wanted));
    CHECK(found_in(index, Cell::int64(wanted)) == all_with(keys, wanted)); // the same again
  }
  const std::vector<Cell> distinct = index.distinct();
  CHECK(std::is_sorted(distinct.begin(), distinct.end(),
                       [](const Cell& a, const Cell& b) { return a.integer < b.integer; }));
  for (std::size_t i = 1; i < distinct.size(); ++i)
    CHECK(distinct[i - 1].integer != distinct[i].integer);
}

TEST_CASE("keys of several columns are found by all of them, and one with a NULL by nothing") {
  KeyIndex index(2);
  const auto add = [&](std::int64_t number, const Cell& text) {
    const std::array key{Cell::int64(number), text};
    index.add(key.data());
  };
  add(2, Cell::text("b"));
  add(1, Cell::text("b"));
  add(1, Cell::null());
  add(1, Cell::text("a"));
  add(1, Cell::text("b"));
  index.sort();
  const auto found = [&](std::int64_t number, const Cell& text) {
    const std::array key{Cell::int64(number), text};
    const auto numbers = index.find(key.data());
    return std::vector<std::uint32_t>{numbers.begin(), numbers.end()};
  };
  CHECK(found(1, Cell::text("b")) == std::vector<std::uint32_t>{1, 4});
  CHECK(found(2, Cell::text("b")) == std::vector<std::uint32_t>{0});
  CHECK(found(1, Cell::text("a")) == std::vector<std::uint32_t>{3});
  CHECK(found(2, Cell::text("a")).empty());
  CHECK(found(1, Cell::null()).empty());
  CHECK(index.distinct().size() == 6); // three keys
}
