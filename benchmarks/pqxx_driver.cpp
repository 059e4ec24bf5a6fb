// The work on libpqxx: prepared statements, its stream for many rows, its own conversions from text.
#include <charconv>
#include <stdexcept>

#include <fmt/format.h>
#include <pqxx/pqxx>

#include "driver.hpp"

namespace tenon::benchmarks {
namespace {

// libpqxx 6.4 has no conversion for times; as numbers they need none.
constexpr const char* kTime = "timestamptz 'epoch' + ${}::bigint * interval '1 microsecond'";

std::string select_text() {
  const auto time = [](const char* column) {
    return fmt::format("(extract(epoch from {}) * 1000000)::bigint", column);
  };
  return fmt::format("SELECT id, is_active, {}, {}, username, email, full_name, role, project_id, {}, login_count "
                     "FROM users",
                     time("created_at"), time("updated_at"), time("last_login_at"));
}

Timestamp timestamp(const pqxx::field& field) { return Timestamp{std::chrono::microseconds{field.as<long long>()}}; }

void read(const pqxx::row& row, User& user) {
  user.id = row[0].as<long long>();
  user.is_active = row[1].as<bool>();
  user.created_at = timestamp(row[2]);
  user.updated_at = timestamp(row[3]);
  user.username.assign(row[4].c_str(), row[4].size());
  user.email.assign(row[5].c_str(), row[5].size());
  if (!row[6].is_null()) user.full_name.emplace(row[6].c_str(), row[6].size());
  user.role.assign(row[7].c_str(), row[7].size());
  user.project_id = row[8].as<long long>();
  if (!row[9].is_null()) user.last_login_at = timestamp(row[9]);
  user.login_count = row[10].as<long long>();
}

std::vector<User> read_all(const pqxx::result& result) {
  std::vector<User> users(result.size());
  for (pqxx::result::size_type i = 0; i < result.size(); ++i)
    read(result[i], users[i]);
  return users;
}

std::string text_of(Timestamp moment) { return std::to_string(moment.time_since_epoch().count()); }

class Pqxx final : public Driver {
public:
  explicit Pqxx(const std::string& conninfo) : connection_(conninfo) {
    const std::string select = select_text();
    connection_.prepare("find", select + " WHERE id = $1");
    connection_.prepare("find_by_username", select + " WHERE username = $1");
    connection_.prepare("find_many", select + " WHERE id = ANY ($1::bigint[])");
    connection_.prepare("select", select + " WHERE project_id = $1 AND is_active");
    const auto time = [](int number) { return fmt::format(fmt::runtime(kTime), number); };
    connection_.prepare("create", fmt::format("INSERT INTO users ({}) VALUES ($1, {}, {}, $4, $5, $6, $7, $8, {}, $10) "
                                              "RETURNING id",
                                              kWrittenColumns, time(2), time(3), time(9)));
    connection_.prepare("update", fmt::format("UPDATE users SET is_active = $1, updated_at = {}, username = $3, email "
                                              "= $4, full_name = $5, role = $6, project_id = $7, last_login_at = {}, "
                                              "login_count = $9 WHERE id = $10 AND is_active",
                                              time(2), time(8)));
    connection_.prepare("keys", "SELECT nextval(pg_get_serial_sequence('users', 'id')) FROM generate_series(1, $1)");
  }

  void begin() override { reads_.emplace(connection_); }
  void commit() override {
    reads_->commit();
    reads_.reset();
  }

  std::optional<User> find(std::int64_t id) override { return one(reads_->exec_prepared("find", id)); }
  std::optional<User> find_alone(std::int64_t id) override { // it has no calls outside of a transaction
    begin();
    auto user = find(id);
    commit();
    return user;
  }
  std::optional<User> find_by_username(const std::string& username) override {
    return one(reads_->exec_prepared("find_by_username", username));
  }
  std::vector<User> find_many(std::span<const std::int64_t> ids) override {
    return read_all(reads_->exec_prepared("find_many", fmt::format("{{{}}}", fmt::join(ids, ","))));
  }
  std::vector<User> select(std::int64_t project_id) override {
    return read_all(reads_->exec_prepared("select", project_id));
  }
  Scan scan() override {
    Scan scan;
    for (const pqxx::row& row : reads_->exec(select_text() + " WHERE is_active")) {
      User user;
      read(row, user);
      ++scan.rows;
      scan.sum += sum_of(user);
    }
    return scan;
  }
  void create_many(std::vector<User>& users) override {
    pqxx::work work(connection_);
    const pqxx::result keys = work.exec_prepared("keys", users.size());
    pqxx::stream_to stream(work, "users",
                           std::vector<std::string>{"id", "is_active", "created_at", "updated_at", "username", "email",
                                                    "full_name", "role", "project_id", "last_login_at", "login_count"});
    for (pqxx::result::size_type i = 0; i < keys.size(); ++i) {
      User& user = users[i];
      user.id = keys[i][0].as<long long>();
      std::optional<std::string> login;
      if (user.last_login_at) login = moment(*user.last_login_at);
      stream << std::make_tuple(user.id, user.is_active, moment(user.created_at), moment(user.updated_at),
                                user.username, user.email, user.full_name, user.role, user.project_id, login,
                                user.login_count);
    }
    stream.complete();
    work.commit();
  }
  std::int64_t create(const User& user) override {
    pqxx::nontransaction work(connection_);
    return create_with(work, user);
  }
  void update(const User& user) override {
    pqxx::nontransaction work(connection_);
    update_with(work, user);
  }
  std::int64_t create_in_transaction(const User& user) override {
    pqxx::work work(connection_);
    const std::int64_t id = create_with(work, user);
    work.commit();
    return id;
  }
  void update_in_transaction(const User& user) override {
    pqxx::work work(connection_);
    update_with(work, user);
    work.commit();
  }
  void create_batch(std::span<const User> users) override {
    pqxx::work work(connection_);
    for (const User& user : users)
      create_with(work, user);
    work.commit();
  }
  void update_batch(std::span<const User> users) override {
    pqxx::work work(connection_);
    for (const User& user : users)
      update_with(work, user);
    work.commit();
  }

  std::uint64_t count() override {
    pqxx::nontransaction work(connection_);
    return work.exec1("SELECT count(*) FROM users")[0].as<unsigned long long>();
  }
  void remove_above(std::int64_t id) override {
    pqxx::nontransaction work(connection_);
    work.exec(fmt::format("DELETE FROM users WHERE id > {}", id));
  }

private:
  /// A time as COPY's text form, which takes no expression.
  static std::string moment(Timestamp value) {
    const auto day = std::chrono::floor<std::chrono::days>(value);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{value - day};
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                       time.minutes().count(), time.seconds().count(), time.subseconds().count());
  }
  static std::optional<User> one(const pqxx::result& result) {
    if (result.empty()) return std::nullopt;
    std::optional<User> user(std::in_place);
    read(result[0], *user);
    return user;
  }
  static std::optional<std::string> login_of(const User& user) {
    return user.last_login_at ? std::optional(text_of(*user.last_login_at)) : std::nullopt;
  }
  static std::int64_t create_with(pqxx::transaction_base& work, const User& user) {
    return work
        .exec_prepared1("create", user.is_active, text_of(user.created_at), text_of(user.updated_at), user.username,
                        user.email, user.full_name, user.role, user.project_id, login_of(user), user.login_count)[0]
        .as<long long>();
  }
  static void update_with(pqxx::transaction_base& work, const User& user) {
    const pqxx::result result =
        work.exec_prepared0("update", user.is_active, text_of(user.updated_at), user.username, user.email,
                            user.full_name, user.role, user.project_id, login_of(user), user.login_count, user.id);
    if (result.affected_rows() != 1) throw std::runtime_error("update hit no row");
  }

  pqxx::connection connection_;
  std::optional<pqxx::work> reads_;
};

} // namespace

std::unique_ptr<Driver> open_pqxx(const Place& place) { return std::make_unique<Pqxx>(place.conninfo); }

} // namespace tenon::benchmarks
