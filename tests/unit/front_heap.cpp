// The typed front costs no heap for a call whose shape was seen before: counted over a backend that allocates nothing.

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include <catch2/catch.hpp>

#include <tenon/core/repository.hpp>
#include <tenon/core/store.hpp>
#include <tenon/interface/backend.hpp>

#include "core_models.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
} // namespace

// Not inline, or GCC sees a free() of what came from new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const room = std::malloc(size == 0 ? 1 : size)) return room;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* room) noexcept { std::free(room); }
[[gnu::noinline]] void operator delete(void* room, std::size_t) noexcept { std::free(room); }

namespace tenon {
namespace {

using fake::Player;

/// Gives one player, and says that everything was done to one row.
class Table final : public IRepository {
public:
  explicit Table(const TableDesc& table) : table_(table) {}
  const TableDesc& table() const noexcept override { return table_; }
  RowBatch insert(const WriteRows& rows) override { return {&key_, rows.returning.empty() ? 0U : 1U, 1}; }
  RowBatch upsert(const WriteRows&, std::uint32_t, std::span<const std::uint32_t>) override { return row(); }
  RowBatch find(std::uint32_t, std::span<const Cell>) override { return row(); }
  std::unique_ptr<ICursor> select(const Query&) override { throw_error(ErrorCode::not_supported, "select"); }
  std::uint64_t update(const Update& update) override { return update.assignments.empty() ? 0 : 1; }
  std::uint64_t remove(const Filter&) override { return 1; }
  std::uint64_t count(const Filter& filter) override { return filter.nodes.size(); }
  bool exists(const Filter&) override { return true; }
  RowBatch explain(const Query&) override { return {}; }

private:
  [[nodiscard]] RowBatch row() const { return {cells_.data(), 1, cells_.size()}; }
  const TableDesc& table_;
  Cell key_ = Cell::int64(7);
  std::array<Cell, 8> cells_{Cell::int64(7),     Cell::boolean(true), Cell::timestamp(1), Cell::timestamp(2),
                             Cell::text("nick"), Cell::null(),        Cell::int64(9),     Cell::int64(3)};
};

class Connection final : public ISession {
public:
  IRepository& repository(const TableDesc& table) override {
    if (table_ == nullptr) table_ = std::make_unique<Table>(table);
    return *table_;
  }
  void begin(const TransactionOptions&) override {}
  void commit() override {}
  void rollback() override {}
  void savepoint(SavepointAction, std::uint32_t) override {}
  void create_tables(std::span<const TableDesc* const>) override {}
  std::unique_ptr<ICursor> execute(std::string_view, std::span<const Cell>) override { return nullptr; }
  void batch(std::span<const BatchItem>, std::span<std::uint64_t>) override {}
  bool alive() noexcept override { return true; }
  void ping() override {}
  void set_deadline(Deadline) override {}
  void cancel() noexcept override {}

private:
  std::unique_ptr<Table> table_;
};

class Backend final : public IBackend {
public:
  [[nodiscard]] const BackendInfo& info() const noexcept override { return info_; }
  [[nodiscard]] Capabilities capabilities() const noexcept override {
    return Capabilities::of(Capability::transactions);
  }
  [[nodiscard]] std::string endpoint() const override { return "nowhere"; }
  [[nodiscard]] std::unique_ptr<ISession> connect(Deadline) override { return std::make_unique<Connection>(); }

private:
  BackendInfo info_;
};

/// How often the heap was asked by the second of two equal calls.
template <class Call> std::size_t heap_of(Call&& call) {
  call();
  const std::size_t before = allocations;
  call();
  return allocations - before;
}

TEST_CASE("heap: none for calls whose shape was seen before") {
  Store store(std::make_shared<Backend>(), {});
  Session session = store.session();
  Repository<Player> players{session};
  const Player before{.nick = "short", .team_id = 1};
  Player after = before;
  after.score = 5;
  const Predicate<Player> wanted = col<&Player::score> > 3 && col<&Player::nick> == "short";

  CHECK(heap_of([&] { static_cast<void>(players.find(7)); }) == 0);
  CHECK(heap_of([&] { static_cast<void>(players.get_by<&Player::nick>("nick")); }) == 0);
  CHECK(heap_of([&] { players.create(before); }) == 0);
  CHECK(heap_of([&] { players.upsert<&Player::nick>(before); }) == 0);
  CHECK(heap_of([&] { players.update(before); }) == 0);
  CHECK(heap_of([&] { players.update_changed(before, after); }) == 0);
  CHECK(heap_of([&] { players.update(7, {set<&Player::score>(1), set<&Player::nick>("other")}); }) == 0);
  CHECK(heap_of([&] { static_cast<void>(players.count(wanted)); }) == 0);
  CHECK(heap_of([&] { static_cast<void>(players.exists(col<&Player::team_id> == 4)); }) == 0);
  CHECK(heap_of([&] { static_cast<void>(players.update(wanted, {set<&Player::score>(1)})); }) == 0);
  CHECK(heap_of([&] { players.soft_delete(7); }) == 0);
  CHECK(heap_of([&] { players.remove(7); }) == 0);
}

} // namespace
} // namespace tenon
