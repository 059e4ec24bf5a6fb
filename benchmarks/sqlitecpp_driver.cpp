// The work on SQLiteCpp: statements that are reset and used again, texts bound without copies.
#include <stdexcept>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "driver.hpp"

namespace tenon::benchmarks {
namespace {

Timestamp timestamp(const SQLite::Column& column) { return Timestamp{std::chrono::microseconds{column.getInt64()}}; }

void read(const SQLite::Statement& statement, User& user) {
  const auto text = [&](int column, std::string& to) {
    const SQLite::Column value = statement.getColumn(column);
    const char* const bytes = value.getText();
    to.assign(bytes, static_cast<std::size_t>(value.getBytes()));
  };
  user.id = statement.getColumn(0).getInt64();
  user.is_active = statement.getColumn(1).getInt() != 0;
  user.created_at = timestamp(statement.getColumn(2));
  user.updated_at = timestamp(statement.getColumn(3));
  text(4, user.username);
  text(5, user.email);
  if (!statement.isColumnNull(6)) text(6, user.full_name.emplace());
  text(7, user.role);
  user.project_id = statement.getColumn(8).getInt64();
  if (!statement.isColumnNull(9)) user.last_login_at = timestamp(statement.getColumn(9));
  user.login_count = statement.getColumn(10).getInt64();
}

/// Puts the statement back when its run ends.
class Run {
public:
  explicit Run(SQLite::Statement& statement) : statement_(statement) {}
  ~Run() { static_cast<void>(statement_.tryReset()); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

private:
  SQLite::Statement& statement_;
};

class SqliteCpp final : public Driver {
public:
  explicit SqliteCpp(const std::vector<std::string>& schema)
      : database_(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX) {
    for (const std::string& sql : schema)
      database_.exec(sql);
    const std::string select = fmt::format("SELECT {} FROM users", kColumns);
    find_.emplace(database_, select + " WHERE id = ?1");
    find_by_username_.emplace(database_, select + " WHERE username = ?1");
    select_.emplace(database_, select + " WHERE project_id = ?1 AND is_active = 1");
    scan_.emplace(database_, select + " WHERE is_active = 1");
    create_.emplace(database_, fmt::format("INSERT INTO users ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                                           kWrittenColumns));
    update_.emplace(database_, "UPDATE users SET is_active = ?1, updated_at = ?2, username = ?3, email = ?4, full_name "
                               "= ?5, role = ?6, project_id = ?7, last_login_at = ?8, login_count = ?9 "
                               "WHERE id = ?10 AND is_active = 1");
  }

  void begin() override { database_.exec("BEGIN"); }
  void commit() override { database_.exec("COMMIT"); }

  std::optional<User> find(std::int64_t id) override {
    const Run run(*find_);
    find_->bind(1, id);
    return one(*find_);
  }
  std::optional<User> find_by_username(const std::string& username) override {
    const Run run(*find_by_username_);
    find_by_username_->bindNoCopy(1, username);
    return one(*find_by_username_);
  }
  std::vector<User> find_many(std::span<const std::int64_t> ids) override {
    std::vector<User> users;
    users.reserve(ids.size());
    for (const std::int64_t id : ids)
      users.push_back(std::move(*find(id)));
    return users;
  }
  std::vector<User> select(std::int64_t project_id) override {
    const Run run(*select_);
    select_->bind(1, project_id);
    std::vector<User> users;
    while (select_->executeStep())
      read(*select_, users.emplace_back());
    return users;
  }
  Scan scan() override {
    const Run run(*scan_);
    Scan scan;
    while (scan_->executeStep()) {
      User user;
      read(*scan_, user);
      ++scan.rows;
      scan.sum += sum_of(user);
    }
    return scan;
  }
  void create_many(std::vector<User>& users) override {
    SQLite::Transaction transaction(database_);
    for (User& user : users)
      user.id = create(user);
    transaction.commit();
  }
  std::int64_t create(const User& user) override {
    const Run run(*create_);
    create_->bind(1, user.is_active ? 1 : 0);
    create_->bind(2, static_cast<std::int64_t>(user.created_at.time_since_epoch().count()));
    create_->bind(3, static_cast<std::int64_t>(user.updated_at.time_since_epoch().count()));
    bind_rest(*create_, 4, user);
    create_->exec();
    return database_.getLastInsertRowid();
  }
  void update(const User& user) override {
    const Run run(*update_);
    update_->bind(1, user.is_active ? 1 : 0);
    update_->bind(2, static_cast<std::int64_t>(user.updated_at.time_since_epoch().count()));
    bind_rest(*update_, 3, user);
    update_->bind(10, user.id);
    if (update_->exec() != 1) throw std::runtime_error("update hit no row");
  }
  std::int64_t create_in_transaction(const User& user) override {
    SQLite::Transaction transaction(database_);
    const std::int64_t id = create(user);
    transaction.commit();
    return id;
  }
  void update_in_transaction(const User& user) override {
    SQLite::Transaction transaction(database_);
    update(user);
    transaction.commit();
  }
  void create_batch(std::span<const User> users) override {
    SQLite::Transaction transaction(database_);
    for (const User& user : users)
      create(user);
    transaction.commit();
  }
  void update_batch(std::span<const User> users) override {
    SQLite::Transaction transaction(database_);
    for (const User& user : users)
      update(user);
    transaction.commit();
  }

  std::uint64_t count() override {
    return static_cast<std::uint64_t>(database_.execAndGet("SELECT count(*) FROM users").getInt64());
  }
  void remove_above(std::int64_t id) override { database_.exec(fmt::format("DELETE FROM users WHERE id > {}", id)); }

private:
  static std::optional<User> one(SQLite::Statement& statement) {
    if (!statement.executeStep()) return std::nullopt;
    std::optional<User> user(std::in_place);
    read(statement, *user);
    return user;
  }
  static void bind_rest(SQLite::Statement& statement, int index, const User& user) {
    statement.bindNoCopy(index, user.username);
    statement.bindNoCopy(index + 1, user.email);
    if (user.full_name)
      statement.bindNoCopy(index + 2, *user.full_name);
    else
      statement.bind(index + 2);
    statement.bindNoCopy(index + 3, user.role);
    statement.bind(index + 4, user.project_id);
    if (user.last_login_at)
      statement.bind(index + 5, static_cast<std::int64_t>(user.last_login_at->time_since_epoch().count()));
    else
      statement.bind(index + 5);
    statement.bind(index + 6, user.login_count);
  }

  SQLite::Database database_;
  std::optional<SQLite::Statement> find_, find_by_username_, select_, scan_, create_, update_;
};

} // namespace

std::unique_ptr<Driver> open_sqlitecpp(const Place& place) { return std::make_unique<SqliteCpp>(place.schema); }

} // namespace tenon::benchmarks
