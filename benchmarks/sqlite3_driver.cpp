// The work written by hand on sqlite3: prepared statements, reset and used again, bytes bound without copies.
#include <stdexcept>

#include <fmt/format.h>
#include <sqlite3.h>

#include "driver.hpp"

namespace tenon::benchmarks {
namespace {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

/// Puts the statement back when its run ends.
class Run {
public:
  explicit Run(const Statement& statement) : statement_(statement.get()) {}
  ~Run() { sqlite3_reset(statement_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) throw std::runtime_error(sqlite3_errstr(code));
    return code == SQLITE_ROW;
  }

private:
  sqlite3_stmt* statement_;
};

void text_of(sqlite3_stmt* statement, int column, std::string& to) {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  to.assign(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

Timestamp timestamp_of(sqlite3_stmt* statement, int column) {
  return Timestamp{std::chrono::microseconds{sqlite3_column_int64(statement, column)}};
}

void read(sqlite3_stmt* statement, User& user) {
  user.id = sqlite3_column_int64(statement, 0);
  user.is_active = sqlite3_column_int(statement, 1) != 0;
  user.created_at = timestamp_of(statement, 2);
  user.updated_at = timestamp_of(statement, 3);
  text_of(statement, 4, user.username);
  text_of(statement, 5, user.email);
  if (sqlite3_column_type(statement, 6) != SQLITE_NULL) text_of(statement, 6, user.full_name.emplace());
  text_of(statement, 7, user.role);
  user.project_id = sqlite3_column_int64(statement, 8);
  if (sqlite3_column_type(statement, 9) != SQLITE_NULL) user.last_login_at = timestamp_of(statement, 9);
  user.login_count = sqlite3_column_int64(statement, 10);
}

void bind(sqlite3_stmt* statement, int index, const std::string& text) {
  sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}
void bind(sqlite3_stmt* statement, int index, Timestamp moment) {
  sqlite3_bind_int64(statement, index, moment.time_since_epoch().count());
}
template <class T> void bind(sqlite3_stmt* statement, int index, const std::optional<T>& value) {
  if (value)
    bind(statement, index, *value);
  else
    sqlite3_bind_null(statement, index);
}

class Sqlite3 final : public Driver {
public:
  Sqlite3(const std::string& name, const std::vector<std::string>& schema) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
    if (sqlite3_open_v2(name.c_str(), &handle_, flags, nullptr) != SQLITE_OK) throw std::runtime_error("no database");
    for (const std::string& sql : schema)
      command(sql);
    const std::string select = fmt::format("SELECT {} FROM users", kColumns);
    find_ = prepare(select + " WHERE id = ?1");
    find_by_username_ = prepare(select + " WHERE username = ?1");
    select_ = prepare(select + " WHERE project_id = ?1 AND is_active = 1");
    scan_ = prepare(select + " WHERE is_active = 1");
    create_ = prepare(
        fmt::format("INSERT INTO users ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", kWrittenColumns));
    update_ = prepare("UPDATE users SET is_active = ?1, updated_at = ?2, username = ?3, email = ?4, full_name = ?5, "
                      "role = ?6, project_id = ?7, last_login_at = ?8, login_count = ?9 "
                      "WHERE id = ?10 AND is_active = 1");
    begin_ = prepare("BEGIN");
    begin_immediate_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
  }
  ~Sqlite3() override {
    for (Statement* statement :
         {&find_, &find_by_username_, &select_, &scan_, &create_, &update_, &begin_, &begin_immediate_, &commit_})
      statement->reset();
    sqlite3_close(handle_);
  }
  Sqlite3(const Sqlite3&) = delete;
  Sqlite3& operator=(const Sqlite3&) = delete;

  void begin() override { control(begin_); }
  void commit() override { control(commit_); }

  std::optional<User> find(std::int64_t id) override {
    Run run(find_);
    sqlite3_bind_int64(find_.get(), 1, id);
    return one(run, find_);
  }
  std::optional<User> find_by_username(const std::string& username) override {
    Run run(find_by_username_);
    bind(find_by_username_.get(), 1, username);
    return one(run, find_by_username_);
  }
  std::vector<User> find_many(std::span<const std::int64_t> ids) override {
    std::vector<User> users;
    users.reserve(ids.size());
    for (const std::int64_t id : ids)
      users.push_back(std::move(*find(id)));
    return users;
  }
  std::vector<User> select(std::int64_t project_id) override {
    Run run(select_);
    sqlite3_bind_int64(select_.get(), 1, project_id);
    std::vector<User> users;
    while (run.step())
      read(select_.get(), users.emplace_back());
    return users;
  }
  Scan scan() override {
    Run run(scan_);
    Scan scan;
    while (run.step()) {
      User user;
      read(scan_.get(), user);
      ++scan.rows;
      scan.sum += sum_of(user);
    }
    return scan;
  }
  void create_many(std::vector<User>& users) override {
    control(begin_immediate_);
    for (User& user : users)
      user.id = create(user);
    control(commit_);
  }
  std::int64_t create(const User& user) override {
    Run run(create_);
    sqlite3_stmt* const statement = create_.get();
    sqlite3_bind_int(statement, 1, user.is_active ? 1 : 0);
    bind(statement, 2, user.created_at);
    bind(statement, 3, user.updated_at);
    bind_rest(statement, 4, user);
    run.step();
    return sqlite3_last_insert_rowid(handle_);
  }
  void update(const User& user) override {
    Run run(update_);
    sqlite3_stmt* const statement = update_.get();
    sqlite3_bind_int(statement, 1, user.is_active ? 1 : 0);
    bind(statement, 2, user.updated_at);
    bind_rest(statement, 3, user);
    sqlite3_bind_int64(statement, 10, user.id);
    run.step();
    if (sqlite3_changes(handle_) != 1) throw std::runtime_error("update hit no row");
  }
  std::int64_t create_in_transaction(const User& user) override {
    control(begin_immediate_);
    const std::int64_t id = create(user);
    control(commit_);
    return id;
  }
  void update_in_transaction(const User& user) override {
    control(begin_immediate_);
    update(user);
    control(commit_);
  }
  void create_batch(std::span<const User> users) override {
    control(begin_immediate_);
    for (const User& user : users)
      create(user);
    control(commit_);
  }
  void update_batch(std::span<const User> users) override {
    control(begin_immediate_);
    for (const User& user : users)
      update(user);
    control(commit_);
  }

  std::uint64_t count() override {
    const Statement counter = prepare("SELECT count(*) FROM users");
    Run run(counter);
    run.step();
    return static_cast<std::uint64_t>(sqlite3_column_int64(counter.get(), 0));
  }
  void remove_above(std::int64_t id) override { command(fmt::format("DELETE FROM users WHERE id > {}", id)); }

private:
  static std::optional<User> one(Run& run, const Statement& statement) {
    if (!run.step()) return std::nullopt;
    std::optional<User> user(std::in_place);
    read(statement.get(), *user);
    return user;
  }
  static void bind_rest(sqlite3_stmt* statement, int index, const User& user) {
    bind(statement, index, user.username);
    bind(statement, index + 1, user.email);
    bind(statement, index + 2, user.full_name);
    bind(statement, index + 3, user.role);
    sqlite3_bind_int64(statement, index + 4, user.project_id);
    bind(statement, index + 5, user.last_login_at);
    sqlite3_bind_int64(statement, index + 6, user.login_count);
  }
  static void control(const Statement& statement) {
    Run run(statement);
    run.step();
  }
  void command(const std::string& sql) {
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sqlite3_errmsg(handle_));
    }
  }
  Statement prepare(const std::string& sql) {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.c_str(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &made, nullptr);
    if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(handle_));
    return Statement(made);
  }

  sqlite3* handle_ = nullptr;
  Statement find_, find_by_username_, select_, scan_, create_, update_, begin_, begin_immediate_, commit_;
};

} // namespace

std::unique_ptr<Driver> open_sqlite3(const Place& place, bool shared_memory) {
  return std::make_unique<Sqlite3>(shared_memory ? "file:/benchmark?vfs=memdb" : ":memory:", place.schema);
}

} // namespace tenon::benchmarks
