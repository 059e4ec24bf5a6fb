#include "subject.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <tenon/host/registry.hpp>

namespace tenon::contract {
namespace {

struct Lease {
  OwnedOptions options;
  std::function<void()> drop;
};

struct Subject {
  std::string_view name;
  std::string_view backend;
  std::string_view plugin; ///< path
  Lease (*lease)(const Subject&);
};

std::string unique_name() {
  static std::atomic<int> count{0};
  return fmt::format("contract_{}_{}", ::getpid(), ++count);
}

std::shared_ptr<IBackend> open(const Subject& subject, const OwnedOptions& given) {
  std::vector<Option> options;
  for (const auto& [key, value] : given)
    options.push_back({key, value});
  host::PluginRequest request;
  request.backend = subject.backend;
  request.path = subject.plugin;
  return host::open_backend(host::load_plugin(request), options);
}

[[maybe_unused]] Lease no_options(const Subject&) {
  return {{}, [] {}};
}

Lease sqlite_memory(const Subject&) {
  return {{{"database", ":memory:"}}, [] {}};
}

Lease sqlite_file(const Subject&) {
  const auto folder = std::filesystem::temp_directory_path() / unique_name();
  std::filesystem::create_directory(folder);
  return {{{"database", (folder / "contract.db").string()}}, [folder] { std::filesystem::remove_all(folder); }};
}

/// Databases are made and dropped through the plugin under test: statements of its own SQL, outside of transactions.
Lease postgresql_with(const Subject& subject, OwnedOptions options) {
  const std::array<std::pair<const char*, const char*>, 5> variables{{{"host", "POSTGRES_HOST"},
                                                                      {"port", "POSTGRES_PORT"},
                                                                      {"user", "POSTGRES_USER"},
                                                                      {"password", "POSTGRES_PASSWORD"},
                                                                      {"database", "POSTGRES_DATABASE"}}};
  for (const auto& [key, variable] : variables) {
    const char* value = std::getenv(variable);
    if (value == nullptr) {
      throw std::runtime_error(fmt::format("{} is not set: run this through `tenon_pg run -- …`", variable));
    }
    options.emplace_back(key, value);
  }
  const auto administer = [&subject, options](const std::string& sql) {
    RowBatch none;
    const auto backend = open(subject, options);
    const auto session = backend->connect(Deadline::max());
    session->execute(sql, {})->next(none);
  };
  const std::string name = unique_name();
  administer(fmt::format("CREATE DATABASE {} TEMPLATE template0", name));
  OwnedOptions own = options;
  own.back().second = name; // the database
  return {own, [=] { administer(fmt::format("DROP DATABASE {} WITH (FORCE)", name)); }};
}

Lease postgresql(const Subject& subject) { return postgresql_with(subject, {}); }
/// POSTGRES_PORT is that of a pooler in transaction mode.
Lease postgresql_pgbouncer(const Subject& subject) { return postgresql_with(subject, {{"pooler", "transaction"}}); }

/// The one place that knows the backends. Paths are those of the build, so that no other plugin can be met.
const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all{
#ifdef TENON_CONTRACT_SQLITE
      {"sqlite_memory", "sqlite", TENON_CONTRACT_SQLITE, &sqlite_memory},
      {"sqlite_file", "sqlite", TENON_CONTRACT_SQLITE, &sqlite_file},
#endif
#ifdef TENON_CONTRACT_POSTGRESQL
      {"postgresql", "postgresql", TENON_CONTRACT_POSTGRESQL, &postgresql},
      {"postgresql_pgbouncer", "postgresql", TENON_CONTRACT_POSTGRESQL, &postgresql_pgbouncer},
#endif
#ifdef TENON_CONTRACT_MEMORY_MAP
      {"memory_map", "memory_map", TENON_CONTRACT_MEMORY_MAP, &no_options},
#endif
#ifdef TENON_CONTRACT_MINIMAL_C
      {"minimal_c", "minimal_c", TENON_CONTRACT_MINIMAL_C, &no_options},
#endif
  };
  return all;
}

const Subject* find_subject(std::string_view name) {
  for (const Subject& one : subjects()) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

const Subject* chosen = nullptr;

const Subject& subject() {
  if (chosen == nullptr) throw std::logic_error("no subject was chosen");
  return *chosen;
}

} // namespace

std::vector<std::string> subject_names() {
  std::vector<std::string> names;
  for (const Subject& one : subjects())
    names.emplace_back(one.name);
  return names;
}

bool choose_subject(std::string_view name) {
  chosen = find_subject(name);
  return chosen != nullptr;
}

Database::Database() : Database(subject().name) {}

Database::Database(std::string_view name) : subject_(name) {
  const Subject& known = *find_subject(subject_);
  Lease lease = known.lease(known);
  options_ = std::move(lease.options);
  drop_ = std::move(lease.drop);
  backend_ = open(known, options_);
}

Database::~Database() {
  backend_.reset();
  try {
    drop_();
  } catch (const std::exception& error) {
    WARN("could not drop the case's database: " << error.what());
  }
}

std::unique_ptr<ISession> Database::connect() { return backend_->connect(Clock::now() + std::chrono::seconds(20)); }

std::unique_ptr<ISession> Database::connect_with(const std::vector<const TableDesc*>& tables) {
  auto session = connect();
  session->create_tables(tables);
  return session;
}

Store Database::store(const StoreSettings& settings) { return Store(backend_, settings); }

std::shared_ptr<IBackend> Database::open_again(const OwnedOptions& more) const {
  OwnedOptions all = options_;
  all.insert(all.end(), more.begin(), more.end());
  return open(*find_subject(subject_), all);
}

void Database::restart() {
  backend_.reset();
  backend_ = open(*find_subject(subject_), options_);
}

bool claimed(const Database& database, Capability capability, const std::function<void()>& probe) {
  if (database.can(capability)) return true;
  CHECK_THROWS_AS(probe(), NotSupported);
  return false;
}

} // namespace tenon::contract
