#include "rig.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>

namespace tenon::faults {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

} // namespace

Store open_store(const testing::PostgresServer& server, const SettingLines& settings, int port) {
  config::Sources sources;
  sources.use_file = false;
  sources.environment = config::Environment(Variables{}); // nothing of the caller's reaches it
  sources.overrides = {{"backend", "postgresql"},
                       {"connection.host", server.host()},
                       {"connection.port", std::to_string(port == 0 ? server.port() : port)},
                       {"connection.user", server.user()},
                       {"connection.password", server.password()},
                       {"connection.database", server.database()}};
  for (const auto& line : settings) {
    std::erase_if(sources.overrides, [&](const auto& known) { return known.first == line.first; });
    if (!line.second.empty()) sources.overrides.push_back(line);
  }
  return open(sources);
}

std::vector<std::vector<std::string>> rows_as_admin(const testing::PostgresServer& server, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
      PQconnectdb(server.admin_conninfo(server.database()).c_str()), &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(sql + ": " + PQresultErrorMessage(result.get()));
  }
  std::vector<std::vector<std::string>> rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (int r = 0; r < PQntuples(result.get()); ++r) {
    for (int c = 0; c < PQnfields(result.get()); ++c)
      rows[static_cast<std::size_t>(r)].emplace_back(PQgetvalue(result.get(), r, c));
  }
  return rows;
}

std::string as_admin(const testing::PostgresServer& server, const std::string& sql) {
  const auto rows = rows_as_admin(server, sql);
  return rows.empty() || rows.front().empty() ? "" : rows.front().front();
}

bool becomes_true(const std::function<bool()>& condition, milliseconds within) {
  const auto until = Clock::now() + within;
  while (!condition()) {
    if (Clock::now() >= until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

bool answers(Store& store) {
  try {
    store.ping();
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool answers(const testing::PostgresServer& server) {
  try {
    return as_admin(server, "SELECT 1") == "1";
  } catch (const std::runtime_error&) {
    return false;
  }
}

void on_threads(int count, const std::function<void(int)>& work) {
  std::mutex mutex;
  std::exception_ptr first;
  std::vector<std::thread> threads;
  for (int number = 0; number < count; ++number) {
    threads.emplace_back([&, number] {
      try {
        work(number);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!first) first = std::current_exception();
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  if (first) std::rethrow_exception(first);
}

Audit::Audit(Store& store) { store.create_tables<Entry>(); }

void Audit::insert(Session& session, std::int64_t op) {
  Repository<Entry> entries{session};
  entries.create({.id = 0, .op = op, .part = 1});
  entries.create({.id = 0, .op = op, .part = 2});
}

Audit::Outcome Audit::write(Store& store, const SessionOptions& options) {
  return record([&](std::int64_t op) { store.transaction(options, [&](Session& session) { insert(session, op); }); });
}

Audit::Outcome Audit::record(const std::function<void(std::int64_t)>& work) {
  std::int64_t op = 0;
  {
    const std::lock_guard lock(mutex_);
    op = next_++;
  }
  Outcome outcome = Outcome::acknowledged;
  std::string name;
  std::string text;
  try {
    work(op);
  } catch (const CommitUnknown& error) {
    outcome = resolved(error);
    name = error_name(error.code());
    text = error.what();
  } catch (const Error& error) {
    outcome = Outcome::failed;
    name = error_name(error.code());
    text = error.what();
  }
  const std::lock_guard lock(mutex_);
  outcomes_[op] = outcome;
  if (outcome != Outcome::acknowledged) {
    auto& kept = errors_[name];
    ++kept.first;
    kept.second = text;
  }
  return outcome;
}

void Audit::resolve_with(Store& store) { resolver_ = &store; }

Audit::Outcome Audit::resolved(const CommitUnknown& error) const {
  auto answer = tenon::Outcome::unknown;
  if (resolver_ != nullptr) {
    const bool is_known = becomes_true([&] {
      answer = resolver_->resolve(error);
      return answer != tenon::Outcome::in_progress;
    });
    if (!is_known) return Outcome::unknown;
  }
  switch (answer) {
    case tenon::Outcome::committed: return Outcome::acknowledged;
    case tenon::Outcome::rolled_back: return Outcome::failed;
    default: return Outcome::unknown;
  }
}

std::int64_t Audit::count(Outcome outcome) const {
  const std::lock_guard lock(mutex_);
  return std::count_if(outcomes_.begin(), outcomes_.end(), [&](const auto& one) { return one.second == outcome; });
}

std::map<std::string, std::pair<int, std::string>> Audit::errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

std::string Audit::summary() const {
  std::string text = fmt::format("{} acknowledged, {} unknown, {} failed", count(Outcome::acknowledged),
                                 count(Outcome::unknown), count(Outcome::failed));
  for (const auto& [name, seen] : errors())
    text += fmt::format("; {} × {}", seen.first, name);
  return text;
}

std::string Audit::problems(const testing::PostgresServer& server) const {
  const auto rows =
      rows_as_admin(server, "SELECT op, count(*), count(DISTINCT part) FROM entries GROUP BY op ORDER BY op");
  const std::lock_guard lock(mutex_);
  std::string found;
  std::map<std::int64_t, bool> there;
  for (const auto& row : rows) {
    const std::int64_t op = std::stoll(row.at(0));
    there[op] = true;
    if (row.at(1) != "2" || row.at(2) != "2") found += fmt::format("unit {} has {} rows; ", op, row.at(1));
    const auto told = outcomes_.find(op);
    if (told == outcomes_.end()) found += fmt::format("unit {} is nobody's; ", op);
    if (told != outcomes_.end() && told->second == Outcome::failed)
      found += fmt::format("unit {} failed and is there; ", op);
  }
  for (const auto& [op, outcome] : outcomes_) {
    if (outcome == Outcome::acknowledged && !there.contains(op))
      found += fmt::format("unit {} was acknowledged and is absent; ", op);
  }
  return found;
}

void Audit::clear(const testing::PostgresServer& server) {
  as_admin(server, "TRUNCATE entries");
  const std::lock_guard lock(mutex_);
  outcomes_.clear();
}

int open_descriptors() {
  const std::filesystem::directory_iterator folder("/proc/self/fd");
  return static_cast<int>(std::distance(begin(folder), end(folder)));
}

} // namespace tenon::faults
