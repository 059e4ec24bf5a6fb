// The work on plain SOCI, on both databases: prepared statements with into and use. SOCI's own time type has no
// microseconds, so times travel as numbers.
#include <stdexcept>

#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "driver.hpp"

namespace tenon::benchmarks {
namespace {

/// What differs between the databases.
struct Dialect {
  const char* read_time;
  const char* write_time;
  const char* read_flag;
  const char* write_flag;
  const char* active;
  bool returning;
};
constexpr Dialect kPostgresql{"CAST(extract(epoch FROM {0}) * 1000000 AS bigint)",
                              "timestamptz 'epoch' + CAST(:{0} AS bigint) * interval '1 microsecond'",
                              "CAST(is_active AS int)",
                              "CAST(CAST(:active AS int) AS boolean)",
                              "is_active",
                              true};
constexpr Dialect kSqlite{"{0}", ":{0}", "is_active", ":active", "is_active = 1", false};

/// The variables that SOCI reads and writes.
struct Row {
  long long id = 0, created_at = 0, updated_at = 0, project_id = 0, last_login_at = 0, login_count = 0;
  int is_active = 0;
  std::string username, email, full_name, role;
  soci::indicator name_state = soci::i_ok, login_state = soci::i_ok;

  void give(const User& user) {
    id = user.id;
    is_active = user.is_active ? 1 : 0;
    created_at = user.created_at.time_since_epoch().count();
    updated_at = user.updated_at.time_since_epoch().count();
    username = user.username;
    email = user.email;
    name_state = user.full_name ? soci::i_ok : soci::i_null;
    if (user.full_name) full_name = *user.full_name;
    role = user.role;
    project_id = user.project_id;
    login_state = user.last_login_at ? soci::i_ok : soci::i_null;
    if (user.last_login_at) last_login_at = user.last_login_at->time_since_epoch().count();
    login_count = user.login_count;
  }
  [[nodiscard]] User take() const {
    using std::chrono::microseconds;
    User user;
    user.id = id;
    user.is_active = is_active != 0;
    user.created_at = Timestamp{microseconds{created_at}};
    user.updated_at = Timestamp{microseconds{updated_at}};
    user.username = username;
    user.email = email;
    if (name_state == soci::i_ok) user.full_name = full_name;
    user.role = role;
    user.project_id = project_id;
    if (login_state == soci::i_ok) user.last_login_at = Timestamp{microseconds{last_login_at}};
    user.login_count = login_count;
    return user;
  }
};

class Soci final : public Driver {
public:
  Soci(const soci::backend_factory& factory, const std::string& conninfo, const Dialect& dialect,
       const std::vector<std::string>& schema)
      : session_(factory, conninfo), dialect_(dialect) {
    for (const std::string& sql : schema)
      session_ << sql;
    const auto time = [&](const char* column) { return fmt::format(fmt::runtime(dialect.read_time), column); };
    const std::string select =
        fmt::format("SELECT id, {}, {}, {}, username, email, full_name, role, project_id, {}, login_count FROM users",
                    dialect.read_flag, time("created_at"), time("updated_at"), time("last_login_at"));
    prepare_select(find_, select + " WHERE id = :key", &key_);
    prepare_select(find_by_username_, select + " WHERE username = :key", &name_);
    prepare_select(select_, fmt::format("{} WHERE project_id = :key AND {}", select, dialect.active), &key_);
    prepare_select<long long>(scan_, fmt::format("{} WHERE {}", select, dialect.active), nullptr);
    const auto written = [&](const char* column) { return fmt::format(fmt::runtime(dialect.write_time), column); };
    use_row(create_);
    create_.exchange(soci::use(row_.created_at, "created_at"));
    if (dialect.returning) create_.exchange(soci::into(key_));
    finish(create_, fmt::format("INSERT INTO users ({}) VALUES ({}, {}, {}, :username, :email, :full_name, :role, "
                                ":project_id, {}, :login_count){}",
                                kWrittenColumns, dialect.write_flag, written("created_at"), written("updated_at"),
                                written("last_login_at"), dialect.returning ? " RETURNING id" : ""));
    use_row(update_);
    update_.exchange(soci::use(row_.id, "id"));
    finish(update_, fmt::format("UPDATE users SET is_active = {}, updated_at = {}, username = :username, email = "
                                ":email, full_name = :full_name, role = :role, project_id = :project_id, "
                                "last_login_at = {}, login_count = :login_count WHERE id = :id AND {}",
                                dialect.write_flag, written("updated_at"), written("last_login_at"), dialect.active));
  }

  void begin() override { session_.begin(); }
  void commit() override { session_.commit(); }

  std::optional<User> find(std::int64_t id) override {
    key_ = id;
    return one(find_);
  }
  std::optional<User> find_by_username(const std::string& username) override {
    name_ = username;
    return one(find_by_username_);
  }
  std::vector<User> find_many(std::span<const std::int64_t> ids) override {
    std::vector<User> users;
    for (const std::int64_t id : ids)
      users.push_back(std::move(*find(id)));
    return users;
  }
  std::vector<User> select(std::int64_t project_id) override {
    key_ = project_id;
    std::vector<User> users;
    select_.execute(false);
    while (select_.fetch())
      users.push_back(row_.take());
    return users;
  }
  Scan scan() override {
    Scan scan;
    scan_.execute(false);
    while (scan_.fetch()) {
      ++scan.rows;
      scan.sum += sum_of(row_.take());
    }
    return scan;
  }
  void create_many(std::vector<User>& users) override {
    session_.begin();
    for (User& user : users)
      user.id = create(user);
    session_.commit();
  }
  std::int64_t create(const User& user) override {
    row_.give(user);
    create_.execute(true);
    if (!dialect_.returning) session_.get_last_insert_id("users", key_);
    return key_;
  }
  void update(const User& user) override {
    row_.give(user);
    update_.execute(true);
    if (update_.get_affected_rows() != 1) throw std::runtime_error("update hit no row");
  }
  std::int64_t create_in_transaction(const User& user) override {
    session_.begin();
    const std::int64_t id = create(user);
    session_.commit();
    return id;
  }
  void update_in_transaction(const User& user) override {
    session_.begin();
    update(user);
    session_.commit();
  }
  void create_batch(std::span<const User> users) override {
    session_.begin();
    for (const User& user : users)
      create(user);
    session_.commit();
  }
  void update_batch(std::span<const User> users) override {
    session_.begin();
    for (const User& user : users)
      update(user);
    session_.commit();
  }

  std::uint64_t count() override {
    long long count = 0;
    session_ << "SELECT count(*) FROM users", soci::into(count);
    return static_cast<std::uint64_t>(count);
  }
  void remove_above(std::int64_t id) override {
    const long long key = id;
    session_ << "DELETE FROM users WHERE id > :id", soci::use(key);
  }

private:
  static void finish(soci::statement& statement, const std::string& sql) {
    statement.alloc();
    statement.prepare(sql);
    statement.define_and_bind();
  }
  template <class Key> void prepare_select(soci::statement& statement, const std::string& sql, Key* key) {
    statement.exchange(soci::into(row_.id));
    statement.exchange(soci::into(row_.is_active));
    statement.exchange(soci::into(row_.created_at));
    statement.exchange(soci::into(row_.updated_at));
    statement.exchange(soci::into(row_.username));
    statement.exchange(soci::into(row_.email));
    statement.exchange(soci::into(row_.full_name, row_.name_state));
    statement.exchange(soci::into(row_.role));
    statement.exchange(soci::into(row_.project_id));
    statement.exchange(soci::into(row_.last_login_at, row_.login_state));
    statement.exchange(soci::into(row_.login_count));
    if (key != nullptr) statement.exchange(soci::use(*key, "key"));
    finish(statement, sql);
  }
  void use_row(soci::statement& statement) {
    statement.exchange(soci::use(row_.is_active, "active"));
    statement.exchange(soci::use(row_.updated_at, "updated_at"));
    statement.exchange(soci::use(row_.username, "username"));
    statement.exchange(soci::use(row_.email, "email"));
    statement.exchange(soci::use(row_.full_name, row_.name_state, "full_name"));
    statement.exchange(soci::use(row_.role, "role"));
    statement.exchange(soci::use(row_.project_id, "project_id"));
    statement.exchange(soci::use(row_.last_login_at, row_.login_state, "last_login_at"));
    statement.exchange(soci::use(row_.login_count, "login_count"));
  }
  std::optional<User> one(soci::statement& statement) {
    if (!statement.execute(true)) return std::nullopt;
    std::optional<User> user = row_.take();
    statement.fetch(); // to the end, or SQLite keeps its read transaction open
    return user;
  }

  soci::session session_;
  Dialect dialect_;
  Row row_;
  long long key_ = 0;
  std::string name_;
  soci::statement find_{session_}, find_by_username_{session_}, select_{session_}, scan_{session_}, create_{session_},
      update_{session_};
};

} // namespace

std::unique_ptr<Driver> open_soci_postgresql(const Place& place) {
  return std::make_unique<Soci>(soci::postgresql, place.conninfo, kPostgresql, std::vector<std::string>{});
}
std::unique_ptr<Driver> open_soci_sqlite(const Place& place) {
  return std::make_unique<Soci>(soci::sqlite3, "db=:memory:", kSqlite, place.schema);
}

} // namespace tenon::benchmarks
