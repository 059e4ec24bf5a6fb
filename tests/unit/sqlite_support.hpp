#pragma once
// Databases, sessions and rows for the tests of the SQLite backend, which use its classes directly.
// Threads: one test at a time.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <tenon/interface/backend.hpp>

#include "backend.hpp"
#include "sql_support.hpp"

namespace tenon::test {

/// A folder that goes away with the test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tenon-sqlite-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

private:
  std::filesystem::path path_;
};

inline std::unique_ptr<IBackend> open_backend(std::string_view database, std::initializer_list<Option> more = {}) {
  std::vector<Option> options{{"database", database}};
  options.insert(options.end(), more);
  return sqlite::Backend::open(options);
}

inline Deadline soon(int milliseconds) { return Clock::now() + std::chrono::milliseconds(milliseconds); }

/// One database with one session; in memory unless a file is named.
struct OneSession {
  explicit OneSession(std::string_view database = ":memory:", std::initializer_list<Option> more = {})
      : backend(open_backend(database, more)), session(backend->connect(Deadline::max())) {}

  void run(std::string_view sql) { (void)session->execute(sql, {}); }
  void create(const TableDesc& table) {
    const TableDesc* const tables[] = {&table};
    session->create_tables(tables);
  }
  /// The first number of the first row.
  std::int64_t number(std::string_view sql) {
    RowBatch batch;
    auto cursor = session->execute(sql, {});
    REQUIRE(cursor->next(batch));
    REQUIRE(batch.cells[0].type == CellType::int64);
    return batch.cells[0].integer;
  }
  std::string text(std::string_view sql) {
    RowBatch batch;
    auto cursor = session->execute(sql, {});
    REQUIRE(cursor->next(batch));
    REQUIRE(batch.cells[0].type == CellType::text);
    return std::string(batch.cells[0].bytes());
  }

  std::unique_ptr<IBackend> backend;
  std::unique_ptr<ISession> session;
};

using Columns = std::vector<std::uint32_t>;

/// Inserts rows of `columns` cells each.
inline RowBatch insert(IRepository& repository, const Columns& columns, const std::vector<Cell>& cells,
                       const Columns& returning = {}) {
  return repository.insert({columns, cells.data(), columns.empty() ? 1 : cells.size() / columns.size(), returning});
}

/// Name and activity of a person; everything else is NULL or made by the database.
inline std::int64_t add_person(IRepository& people, std::string_view name) {
  return insert(people, {1, 4}, {Cell::text(name), Cell::boolean(true)}, {0}).cells[0].integer;
}

inline std::vector<std::int64_t> ids(IRepository& repository, const Query& query) {
  std::vector<std::int64_t> found;
  auto cursor = repository.select(query);
  for (RowBatch batch; cursor->next(batch);) {
    for (std::size_t i = 0; i < batch.rows; ++i)
      found.push_back(batch.row(i)[0].integer);
  }
  return found;
}
inline std::vector<std::int64_t> ids(IRepository& repository, const Tree& filter) {
  static const std::vector<OrderTerm> by_id{{0, 0, 0, NullOrder::largest}};
  return ids(repository, Query{filter, by_id, {}, kNoLimit, 0});
}

/// What a call raises, as data; fails the test if it raises nothing.
template <class Call> ErrorInfo error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.info();
  }
  FAIL("no error was raised");
  return {};
}

} // namespace tenon::test
