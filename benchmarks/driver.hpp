#pragma once
// Driver: the works that are compared, done by one library on one database. works.cpp times and verifies them; each
// driver does them in the fastest form that its library has. Threads: one at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "users.hpp"

namespace tenon::benchmarks {

struct Scan {
  std::uint64_t rows = 0;
  std::uint64_t sum = 0;
};

class Driver {
public:
  virtual ~Driver() = default;

  /// Between them reads share one transaction.
  virtual void begin() = 0;
  virtual void commit() = 0;

  virtual std::optional<User> find(std::int64_t id) = 0;
  /// Outside of begin() and commit().
  virtual std::optional<User> find_alone(std::int64_t id) { return find(id); }
  virtual std::optional<User> find_by_username(const std::string& username) = 0;
  virtual std::vector<User> find_many(std::span<const std::int64_t> ids) = 0;
  virtual std::vector<User> select(std::int64_t project_id) = 0; ///< active rows of a project
  virtual Scan scan() = 0;                                       ///< active rows, one after the other in bounded memory
  virtual void create_many(std::vector<User>& users) = 0;        ///< sets the keys; all or none
  virtual std::int64_t create(const User& user) = 0;             ///< by itself; returns the key
  virtual void update(const User& user) = 0;                     ///< all but key and created_at; by itself
  virtual std::int64_t create_in_transaction(const User& user) = 0;
  virtual void update_in_transaction(const User& user) = 0;
  virtual void create_batch(std::span<const User> users) = 0; ///< all or none, keys do not come back
  virtual void update_batch(std::span<const User> users) = 0;

  // Not timed.
  virtual std::uint64_t count() = 0;
  virtual void remove_above(std::int64_t id) = 0; ///< deletes the rows with larger keys
};

/// A column's place in the statements that drivers write by hand.
inline constexpr const char* kColumns = "id, is_active, created_at, updated_at, username, email, full_name, role, "
                                        "project_id, last_login_at, login_count";
inline constexpr const char* kWrittenColumns = "is_active, created_at, updated_at, username, email, full_name, role, "
                                               "project_id, last_login_at, login_count";

/// What opens a driver: SQLite's take the statements of the schema that Tenon makes, PostgreSQL's a connection string.
struct Place {
  std::string conninfo;
  std::vector<std::string> schema;
  std::string storage_file; ///< the profiles of Tenon's own stores
};

/// One library on one backend. The plain one is what ratios refer to.
struct Entry {
  std::string_view backend; ///< postgresql or sqlite
  std::string_view library;
  std::function<std::unique_ptr<Driver>(const Place&)> open;
};

/// Those of one backend; `libraries` are names with commas between them, empty for all.
[[nodiscard]] std::vector<Entry> entries(std::string_view backend, std::string_view libraries);

/// Takes dead rows out of a table of PostgreSQL.
void vacuum(const Place& place, const char* table = "users");
/// Empties PostgreSQL's table, keys start from 1 again.
void truncate(const Place& place);

// The drivers, one file each.
std::unique_ptr<Driver> open_libpq(const Place& place);
std::unique_ptr<Driver> open_sqlite3(const Place& place, bool shared_memory);
std::unique_ptr<Driver> open_tenon(const Place& place, const std::string& profile);
std::unique_ptr<Driver> open_soci_postgresql(const Place& place);
std::unique_ptr<Driver> open_soci_sqlite(const Place& place);
std::unique_ptr<Driver> open_pqxx(const Place& place);
std::unique_ptr<Driver> open_sqlitecpp(const Place& place);

} // namespace tenon::benchmarks
