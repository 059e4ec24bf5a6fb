#include "adpa_database.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>

#include <unistd.h>

#include <libpq-fe.h>
#include <sqlite3.h>

namespace adpa_test {

/// One way of running statements without Tenon.
class PlainDriver {
public:
  using Rows = std::vector<std::vector<std::optional<std::string>>>;
  virtual ~PlainDriver() = default;
  virtual void script(const std::string& sql) = 0;
  virtual Rows rows(const std::string& sql) = 0;
};

namespace {

using Row = std::vector<std::optional<std::string>>;
using Variables = std::map<std::string, std::string, std::less<>>;

class PlainSqlite final : public PlainDriver {
public:
  explicit PlainSqlite(const std::string& file) {
    check(sqlite3_open(file.c_str(), &handle_), file);
    sqlite3_busy_timeout(handle_, 5000);
  }
  ~PlainSqlite() override { sqlite3_close(handle_); }

  void script(const std::string& sql) override {
    check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), sql);
  }
  Rows rows(const std::string& sql) override {
    Rows rows;
    const auto take = [](void* object, int columns, char** values, char**) {
      Row& row = static_cast<Rows*>(object)->emplace_back();
      for (int i = 0; i < columns; ++i)
        row.push_back(values[i] == nullptr ? std::nullopt : std::optional<std::string>(values[i]));
      return 0;
    };
    check(sqlite3_exec(handle_, sql.c_str(), take, &rows, nullptr), sql);
    return rows;
  }

private:
  void check(int code, const std::string& what) const {
    if (code != SQLITE_OK) throw std::runtime_error(what + ": " + sqlite3_errmsg(handle_));
  }
  sqlite3* handle_ = nullptr;
};

class PlainPostgres final : public PlainDriver {
public:
  explicit PlainPostgres(const std::string& database) {
    const char* const keys[] = {"host", "port", "user", "password", "dbname", nullptr};
    const char* const values[] = {std::getenv("POSTGRES_HOST"),
                                  std::getenv("POSTGRES_PORT"),
                                  std::getenv("POSTGRES_USER"),
                                  std::getenv("POSTGRES_PASSWORD"),
                                  database.c_str(),
                                  nullptr};
    connection_ = PQconnectdbParams(keys, values, 0);
    if (PQstatus(connection_) == CONNECTION_OK) return;
    const std::string why = PQerrorMessage(connection_);
    PQfinish(connection_);
    throw std::runtime_error(why);
  }
  ~PlainPostgres() override { PQfinish(connection_); }

  void script(const std::string& sql) override { static_cast<void>(rows(sql)); }
  Rows rows(const std::string& sql) override {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_, sql.c_str()), &PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      throw std::runtime_error(sql + ": " + PQresultErrorMessage(result.get()));
    }
    Rows rows(static_cast<std::size_t>(PQntuples(result.get())));
    for (int r = 0; r < PQntuples(result.get()); ++r) {
      for (int c = 0; c < PQnfields(result.get()); ++c) {
        rows[static_cast<std::size_t>(r)].push_back(PQgetisnull(result.get(), r, c) != 0
                                                        ? std::nullopt
                                                        : std::optional<std::string>(PQgetvalue(result.get(), r, c)));
      }
    }
    return rows;
  }

private:
  PGconn* connection_ = nullptr;
};

std::string server_database() {
  const char* const host = std::getenv("POSTGRES_HOST");
  if (host == nullptr || *host == '\0') {
    throw std::runtime_error("POSTGRES_HOST is not set: run this test as `tenon_pg run -- adpa_test`");
  }
  const char* const database = std::getenv("POSTGRES_DATABASE");
  return database == nullptr ? "postgres" : database;
}

std::string make_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tenon-adpa-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return pattern;
}

} // namespace

const char* name(Place place) noexcept {
  switch (place) {
    case Place::sqlite_memory: return "sqlite in memory";
    case Place::sqlite_file: return "sqlite file";
    case Place::postgresql: return "postgresql";
  }
  return "";
}

Database::Database(Place place) : place_(place) {
  switch (place) {
    case Place::sqlite_memory: break;
    case Place::sqlite_file:
      target_ = make_folder();
      driver_ = std::make_unique<PlainSqlite>(target_ + "/app.db");
      break;
    case Place::postgresql: {
      static std::atomic<int> number{0};
      PlainPostgres server(server_database());
      target_ = "adpa_" + std::to_string(::getpid()) + "_" + std::to_string(++number);
      server.script("CREATE DATABASE " + target_ + " TEMPLATE template0");
      driver_ = std::make_unique<PlainPostgres>(target_);
      break;
    }
  }
}

Database::~Database() {
  driver_.reset();
  if (target_.empty()) return;
  try {
    if (place_ == Place::sqlite_file) {
      std::filesystem::remove_all(target_);
    } else {
      PlainPostgres(server_database()).script("DROP DATABASE " + target_ + " WITH (FORCE)");
    }
  } catch (const std::exception&) { // what is left over stays in a temporary folder or on a temporary server
  }
}

tenon::Store Database::open(const std::vector<std::pair<std::string, std::string>>& settings) const {
  tenon::config::Sources sources;
  sources.use_file = false;
  if (place_ == Place::postgresql) {
    sources.overrides = {{"backend", "postgresql"}, {"connection.database", target_}};
  } else {
    sources.environment = tenon::config::Environment(Variables{}); // nothing of ours reaches it
    sources.overrides = {{"backend", "sqlite"},
                         {"connection.database", target_.empty() ? ":memory:" : target_ + "/app.db"}};
  }
  sources.overrides.insert(sources.overrides.end(), settings.begin(), settings.end());
  return tenon::open(sources);
}

void Database::script(const std::string& sql) { driver_->script(sql); }

std::vector<std::vector<std::optional<std::string>>> Database::rows(const std::string& sql) {
  return driver_->rows(sql);
}

std::string Database::value(const std::string& sql) { return rows(sql).at(0).at(0).value_or("(null)"); }

} // namespace adpa_test
