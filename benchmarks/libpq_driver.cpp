// The work written by hand on libpq: prepared statements, binary both ways, COPY in binary for many rows.
#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>

#include <libpq-fe.h>

#include "driver.hpp"

namespace tenon::benchmarks {
namespace {

constexpr std::int64_t kEpoch = 946'684'800'000'000; // 2000-01-01 in microseconds since 1970

struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

std::int64_t load64(const char* from) noexcept {
  std::uint64_t bits = 0;
  std::memcpy(&bits, from, sizeof bits);
  return static_cast<std::int64_t>(__builtin_bswap64(bits));
}
void store64(char* to, std::int64_t value) noexcept {
  const std::uint64_t bits = __builtin_bswap64(static_cast<std::uint64_t>(value));
  std::memcpy(to, &bits, sizeof bits);
}

Timestamp timestamp(const char* from) noexcept { return Timestamp{std::chrono::microseconds{load64(from) + kEpoch}}; }

void read(const PGresult* result, int row, User& user) {
  const auto value = [&](int column) { return PQgetvalue(result, row, column); };
  const auto text = [&](int column, std::string& to) {
    to.assign(value(column), static_cast<std::size_t>(PQgetlength(result, row, column)));
  };
  user.id = load64(value(0));
  user.is_active = *value(1) != 0;
  user.created_at = timestamp(value(2));
  user.updated_at = timestamp(value(3));
  text(4, user.username);
  text(5, user.email);
  if (PQgetisnull(result, row, 6) == 0) text(6, user.full_name.emplace());
  text(7, user.role);
  user.project_id = load64(value(8));
  if (PQgetisnull(result, row, 9) == 0) user.last_login_at = timestamp(value(9));
  user.login_count = load64(value(10));
}

/// The ten columns behind the key as binary parameters.
struct Row {
  char active = 0;
  std::array<std::array<char, 8>, 5> numbers{};
  std::array<const char*, 11> values{};
  std::array<int, 11> lengths{};
  std::array<int, 11> formats{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

  explicit Row(const User& user) {
    active = user.is_active ? 1 : 0;
    const auto number = [&](std::size_t slot, std::int64_t value) {
      store64(numbers[slot].data(), value);
      return numbers[slot].data();
    };
    set(0, &active, 1);
    set(1, number(0, user.created_at.time_since_epoch().count() - kEpoch), 8);
    set(2, number(1, user.updated_at.time_since_epoch().count() - kEpoch), 8);
    set(3, user.username);
    set(4, user.email);
    if (user.full_name) set(5, *user.full_name);
    set(6, user.role);
    set(7, number(2, user.project_id), 8);
    if (user.last_login_at) set(8, number(3, user.last_login_at->time_since_epoch().count() - kEpoch), 8);
    set(9, number(4, user.login_count), 8);
  }
  void set(std::size_t i, const char* value, std::size_t length) {
    values[i] = value;
    lengths[i] = static_cast<int>(length);
  }
  void set(std::size_t i, const std::string& value) { set(i, value.data(), value.size()); }
};

constexpr Oid kBool = 16, kInt8 = 20, kText = 25, kTimestamptz = 1184;
constexpr std::array<Oid, 11> kTypes{kBool, kTimestamptz, kTimestamptz, kText, kText, kText,
                                     kText, kInt8,        kTimestamptz, kInt8, kInt8};

class Libpq final : public Driver {
public:
  explicit Libpq(const std::string& conninfo) : connection_(PQconnectdb(conninfo.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_));
    const std::string select = std::string("SELECT ") + kColumns + " FROM users";
    prepare("find", select + " WHERE id = $1", 1, &kInt8);
    prepare("find_by_username", select + " WHERE username = $1", 1, &kText);
    prepare("select", select + " WHERE project_id = $1 AND is_active", 1, &kInt8);
    prepare("scan", select + " WHERE is_active", 0, nullptr);
    prepare("create",
            std::string("INSERT INTO users (") + kWrittenColumns +
                ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
            10, kTypes.data());
    prepare("update",
            "UPDATE users SET is_active = $1, updated_at = $2, username = $3, email = $4, full_name = $5, role = $6, "
            "project_id = $7, last_login_at = $8, login_count = $9 WHERE id = $10 AND is_active",
            10, kUpdateTypes.data());
    prepare("keys", "SELECT nextval(pg_get_serial_sequence('users', 'id')) FROM generate_series(1, $1)", 1, &kInt8);
  }
  ~Libpq() override { PQfinish(connection_); }
  Libpq(const Libpq&) = delete;
  Libpq& operator=(const Libpq&) = delete;

  void begin() override { command("BEGIN"); }
  void commit() override { command("COMMIT"); }

  std::optional<User> find(std::int64_t id) override {
    std::array<char, 8> key{};
    store64(key.data(), id);
    return one("find", key.data(), key.size());
  }
  std::optional<User> find_by_username(const std::string& username) override {
    return one("find_by_username", username.data(), username.size());
  }
  std::vector<User> find_many(std::span<const std::int64_t> ids) override {
    std::vector<User> users;
    users.reserve(ids.size());
    for (const std::int64_t id : ids)
      users.push_back(std::move(*find(id)));
    return users;
  }
  std::vector<User> select(std::int64_t project_id) override {
    std::array<char, 8> key{};
    store64(key.data(), project_id);
    const Result result = run("select", key.data(), key.size());
    std::vector<User> users(static_cast<std::size_t>(PQntuples(result.get())));
    for (std::size_t row = 0; row < users.size(); ++row)
      read(result.get(), static_cast<int>(row), users[row]);
    return users;
  }
  Scan scan() override {
    const Result result = check(PQexecPrepared(connection_, "scan", 0, nullptr, nullptr, nullptr, 1));
    Scan scan;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      User user;
      read(result.get(), row, user);
      ++scan.rows;
      scan.sum += sum_of(user);
    }
    return scan;
  }
  void create_many(std::vector<User>& users) override {
    command("BEGIN");
    std::array<char, 8> wanted{};
    store64(wanted.data(), static_cast<std::int64_t>(users.size()));
    const Result keys = run("keys", wanted.data(), wanted.size());
    for (std::size_t i = 0; i < users.size(); ++i)
      users[i].id = load64(PQgetvalue(keys.get(), static_cast<int>(i), 0));
    copy(users);
    command("COMMIT");
  }
  std::int64_t create(const User& user) override {
    const Row row(user);
    const Result result =
        check(PQexecPrepared(connection_, "create", 10, row.values.data(), row.lengths.data(), row.formats.data(), 1));
    return load64(PQgetvalue(result.get(), 0, 0));
  }
  void update(const User& user) override {
    Row row(user);
    std::array<char, 8> key{};
    store64(key.data(), user.id);
    for (std::size_t i = 1; i < 9; ++i)
      row.set(i, row.values[i + 1], static_cast<std::size_t>(row.lengths[i + 1]));
    row.set(9, key.data(), key.size());
    const Result result =
        check(PQexecPrepared(connection_, "update", 10, row.values.data(), row.lengths.data(), row.formats.data(), 1));
    if (std::string_view(PQcmdTuples(result.get())) != "1") throw std::runtime_error("update hit no row");
  }
  std::int64_t create_in_transaction(const User& user) override {
    command("BEGIN");
    const std::int64_t id = create(user);
    command("COMMIT");
    return id;
  }
  void update_in_transaction(const User& user) override {
    command("BEGIN");
    update(user);
    command("COMMIT");
  }
  void create_batch(std::span<const User> users) override {
    command("BEGIN");
    for (const User& user : users)
      create(user);
    command("COMMIT");
  }
  void update_batch(std::span<const User> users) override {
    command("BEGIN");
    for (const User& user : users)
      update(user);
    command("COMMIT");
  }

  std::uint64_t count() override {
    const Result result = check(PQexec(connection_, "SELECT count(*) FROM users"));
    return std::stoull(PQgetvalue(result.get(), 0, 0));
  }
  void remove_above(std::int64_t id) override {
    command(("DELETE FROM users WHERE id > " + std::to_string(id)).c_str());
  }

private:
  static constexpr std::array<Oid, 10> kUpdateTypes{kBool, kTimestamptz, kText,        kText, kText,
                                                    kText, kInt8,        kTimestamptz, kInt8, kInt8};

  Result check(PGresult* made) {
    Result result(made);
    const ExecStatusType status = PQresultStatus(made);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
      throw std::runtime_error(PQerrorMessage(connection_));
    }
    return result;
  }
  void command(const char* sql) { check(PQexec(connection_, sql)); }
  void prepare(const char* name, const std::string& sql, int count, const Oid* types) {
    check(PQprepare(connection_, name, sql.c_str(), count, types));
  }
  Result run(const char* name, const char* value, std::size_t size) {
    const int length = static_cast<int>(size);
    const int format = 1;
    return check(PQexecPrepared(connection_, name, 1, &value, &length, &format, 1));
  }
  std::optional<User> one(const char* name, const char* value, std::size_t size) {
    const Result result = run(name, value, size);
    if (PQntuples(result.get()) == 0) return std::nullopt;
    std::optional<User> user(std::in_place);
    read(result.get(), 0, *user);
    return user;
  }

  void copy(std::span<const User> users) {
    check(PQexec(connection_, (std::string("COPY users (") + kColumns + ") FROM STDIN (FORMAT binary)").c_str()));
    std::string buffer("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    const auto put16 = [&](std::int16_t value) {
      const auto bits = __builtin_bswap16(static_cast<std::uint16_t>(value));
      buffer.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    };
    const auto put = [&](const char* value, int length) {
      const auto bits = __builtin_bswap32(static_cast<std::uint32_t>(value == nullptr ? -1 : length));
      buffer.append(reinterpret_cast<const char*>(&bits), sizeof bits);
      if (value != nullptr) buffer.append(value, static_cast<std::size_t>(length));
    };
    for (const User& user : users) {
      const Row row(user);
      std::array<char, 8> key{};
      store64(key.data(), user.id);
      put16(11);
      put(key.data(), 8);
      for (std::size_t i = 0; i < 10; ++i)
        put(row.values[i], row.lengths[i]);
      if (buffer.size() > 60'000) flush(buffer);
    }
    put16(-1);
    flush(buffer);
    if (PQputCopyEnd(connection_, nullptr) != 1) throw std::runtime_error(PQerrorMessage(connection_));
    check(PQgetResult(connection_));
    while (PGresult* rest = PQgetResult(connection_))
      PQclear(rest);
  }
  void flush(std::string& buffer) {
    if (PQputCopyData(connection_, buffer.data(), static_cast<int>(buffer.size())) != 1) {
      throw std::runtime_error(PQerrorMessage(connection_));
    }
    buffer.clear();
  }

  PGconn* connection_;
};

} // namespace

std::unique_ptr<Driver> open_libpq(const Place& place) { return std::make_unique<Libpq>(place.conninfo); }

namespace {

void run_once(const Place& place, const char* sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(place.conninfo.c_str()), &PQfinish);
  // Whoever holds the table would otherwise be waited for without an end.
  const Result limit(PQexec(connection.get(), "SET lock_timeout = '30s'"));
  const Result result(PQexec(connection.get(), sql));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
}

} // namespace

void vacuum(const Place& place, const char* table) { run_once(place, (std::string("VACUUM ") + table).c_str()); }
void truncate(const Place& place) { run_once(place, "TRUNCATE users RESTART IDENTITY"); }

} // namespace tenon::benchmarks
