#include "works.hpp"

#include <stdexcept>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace tenon::benchmarks {
namespace {

constexpr char kSeedSeries = 's';
constexpr char kNewSeries = 'n';

struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void expect(bool holds, const char* what) {
  if (!holds) throw Failed(what);
}

bool is_row(const User& user, std::int64_t id) {
  return user.id == id && user.username == username_of(kSeedSeries, id - 1) && user.is_active;
}

/// The sum over all seeded rows without the times that drivers may set themselves and the logins that updates count.
std::uint64_t sum_of_seed(std::int64_t rows) {
  std::uint64_t sum = 0;
  for (std::int64_t number = 0; number < rows; ++number) {
    User user = make_user(kSeedSeries, number);
    user.id = number + 1;
    user.created_at = user.updated_at = {};
    user.login_count = 0;
    sum += sum_of(user);
  }
  return sum;
}

/// Spreads over the table, so that no driver lives off one cached page.
class Keys {
public:
  explicit Keys(std::int64_t rows) : rows_(rows) {}
  std::int64_t next() noexcept {
    at_ = (at_ + 7919) % rows_;
    return at_ + 1;
  }

private:
  std::int64_t rows_;
  std::int64_t at_ = 0;
};

using Body = void (*)(benchmark::State&, Driver&, const Effort&, std::int64_t seeded);

void find_by_key(benchmark::State& state, Driver& driver, const Effort&, std::int64_t seeded) {
  Keys keys(seeded);
  driver.begin();
  for (auto _ : state) {
    const std::int64_t id = keys.next();
    const auto user = driver.find(id);
    expect(user && is_row(*user, id), "find gave another row");
  }
  driver.commit();
}

void find_alone(benchmark::State& state, Driver& driver, const Effort&, std::int64_t seeded) {
  Keys keys(seeded);
  for (auto _ : state) {
    const std::int64_t id = keys.next();
    const auto user = driver.find_alone(id);
    expect(user && is_row(*user, id), "find gave another row");
  }
}

void find_by_unique(benchmark::State& state, Driver& driver, const Effort&, std::int64_t seeded) {
  Keys keys(seeded);
  std::vector<std::string> names;
  for (int i = 0; i < 1024; ++i)
    names.push_back(username_of(kSeedSeries, keys.next() - 1));
  std::size_t next = 0;
  driver.begin();
  for (auto _ : state) {
    const std::string& name = names[next++ % names.size()];
    const auto user = driver.find_by_username(name);
    expect(user && user->username == name, "find_by gave another row");
  }
  driver.commit();
}

void find_many(benchmark::State& state, Driver& driver, const Effort&, std::int64_t seeded) {
  constexpr std::size_t kKeys = 100;
  Keys keys(seeded);
  std::vector<std::int64_t> ids(kKeys);
  driver.begin();
  for (auto _ : state) {
    for (std::int64_t& id : ids)
      id = keys.next();
    const std::vector<User> users = driver.find_many(ids);
    expect(users.size() == kKeys, "find_many gave another number of rows");
    std::int64_t sum = 0;
    for (const User& user : users)
      sum += user.id;
    for (const std::int64_t id : ids)
      sum -= id;
    expect(sum == 0, "find_many gave other rows");
  }
  driver.commit();
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kKeys));
}

void select(benchmark::State& state, Driver& driver, const Effort&, std::int64_t seeded) {
  const std::int64_t projects = kSeeded / kRowsPerProject;
  const auto wanted = static_cast<std::size_t>(seeded / projects);
  Keys keys(projects);
  driver.begin();
  for (auto _ : state) {
    const std::int64_t project = keys.next();
    const std::vector<User> users = driver.select(project);
    expect(users.size() == wanted, "select gave another number of rows");
    expect(users.front().project_id == project && users.back().project_id == project, "select gave other rows");
  }
  driver.commit();
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * wanted));
}

void scan(benchmark::State& state, Driver& driver, const Effort&, std::int64_t seeded) {
  static const std::uint64_t least = sum_of_seed(seeded);
  driver.begin();
  Scan first;
  for (auto _ : state) {
    const Scan scan = driver.scan();
    expect(scan.rows == static_cast<std::uint64_t>(seeded), "scan gave another number of rows");
    expect(first.rows == 0 || scan.sum == first.sum, "two scans differ");
    first = scan;
  }
  driver.commit();
  expect(first.sum > least, "scan did not read every member");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * static_cast<std::uint64_t>(seeded)));
}

void create_many(benchmark::State& state, Driver& driver, const Effort& effort, std::int64_t seeded) {
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<User> users = make_users(kNewSeries, effort.many);
    state.ResumeTiming();
    driver.create_many(users);
    state.PauseTiming();
    expect(driver.count() == static_cast<std::uint64_t>(seeded + effort.many), "create_many left rows out");
    driver.begin();
    for (const std::size_t i : {std::size_t{0}, users.size() / 2, users.size() - 1}) {
      const auto stored = driver.find(users[i].id);
      expect(stored && stored->username == users[i].username, "create_many gave another row's key");
    }
    driver.commit();
    driver.remove_above(seeded);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * effort.many);
}

template <bool InTransaction> void create(benchmark::State& state, Driver& driver, const Effort&, std::int64_t seeded) {
  User user = make_user(kNewSeries, 0);
  const std::string stem = user.username;
  std::int64_t made = 0;
  std::int64_t last = 0;
  for (auto _ : state) {
    user.username.replace(2, 8, fmt::format_int(10'000'000 + made++).str());
    const std::int64_t id = InTransaction ? driver.create_in_transaction(user) : driver.create(user);
    expect(id > last, "create gave no new key");
    last = id;
  }
  expect(driver.count() == static_cast<std::uint64_t>(seeded + made), "create left rows out");
  driver.remove_above(seeded);
}

/// Which columns of the row change: one that is in no index, or one that is.
enum class Changes { plain, indexed };

template <bool InTransaction, Changes changes>
void update(benchmark::State& state, Driver& driver, const Effort&, std::int64_t seeded) {
  Keys keys(seeded);
  std::vector<User> users;
  driver.begin();
  for (int i = 0; i < 512; ++i)
    users.push_back(std::move(*driver.find(keys.next())));
  driver.commit();
  std::size_t next = 0;
  for (auto _ : state) {
    User& user = users[next++ % users.size()];
    ++user.login_count;
    if (changes == Changes::indexed) user.username.front() = user.username.front() == 'x' ? 'y' : 'x';
    if (InTransaction)
      driver.update_in_transaction(user);
    else
      driver.update(user);
  }
  driver.begin();
  const User& last = users[(next - 1) % users.size()];
  const auto stored = driver.find(last.id);
  driver.commit();
  expect(stored && stored->login_count == last.login_count && stored->username == last.username,
         "update did not change the row");
  if (changes == Changes::plain) return;
  for (User& user : users) { // as the other works expect it
    user.username.front() = kSeedSeries;
    driver.update(user);
  }
}

void create_batch(benchmark::State& state, Driver& driver, const Effort& effort, std::int64_t seeded) {
  const std::vector<User> users = make_users(kNewSeries, effort.many / 2);
  for (auto _ : state) {
    driver.create_batch(users);
    state.PauseTiming();
    expect(driver.count() == static_cast<std::uint64_t>(seeded) + users.size(), "the batch left rows out");
    driver.remove_above(seeded);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * users.size()));
}

void update_batch(benchmark::State& state, Driver& driver, const Effort& effort, std::int64_t seeded) {
  std::vector<User> users = make_users(kNewSeries, effort.many / 2);
  driver.create_many(users);
  for (auto _ : state) {
    state.PauseTiming();
    for (User& user : users)
      ++user.login_count;
    state.ResumeTiming();
    driver.update_batch(users);
    state.PauseTiming();
    driver.begin();
    for (const std::size_t i : {std::size_t{0}, users.size() - 1}) {
      const auto stored = driver.find(users[i].id);
      expect(stored && stored->login_count == users[i].login_count, "the batch left updates out");
    }
    driver.commit();
    state.ResumeTiming();
  }
  driver.remove_above(seeded);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * users.size()));
}

struct Work {
  const char* name;
  Body body;
  bool is_long; ///< one iteration is a measurement by itself
  bool writes;
};

constexpr Work kWorks[]{
    {"find_by_key", find_by_key, false, false},
    {"find_alone", find_alone, false, false},
    {"find_by_unique", find_by_unique, false, false},
    {"find_many", find_many, false, false},
    {"select_1000", select, false, false},
    {"scan", scan, true, false},
    {"create_many", create_many, true, true},
    {"create", create<false>, false, true},
    {"update", update<false, Changes::plain>, false, true},
    {"create_in_transaction", create<true>, false, true},
    {"update_in_transaction", update<true, Changes::plain>, false, true},
    {"update_indexed", update<false, Changes::indexed>, false, true},
    {"update_indexed_in_transaction", update<true, Changes::indexed>, false, true},
    {"create_batch", create_batch, true, true},
    {"update_batch", update_batch, true, true},
};

} // namespace

std::vector<Entry> entries(std::string_view backend, std::string_view libraries) {
  std::vector<Entry> all{
      {"postgresql", "libpq", open_libpq},
      {"postgresql", "tenon", [](const Place& place) { return open_tenon(place, "postgresql"); }},
      {"postgresql", "soci", open_soci_postgresql},
      {"postgresql", "libpqxx", open_pqxx},
      {"sqlite", "sqlite3", [](const Place& place) { return open_sqlite3(place, true); }},
      {"sqlite", "tenon", [](const Place& place) { return open_tenon(place, "sqlite"); }},
      {"sqlite", "sqlite3_private", [](const Place& place) { return open_sqlite3(place, false); }},
      {"sqlite", "soci", open_soci_sqlite},
      {"sqlite", "SQLiteCpp", open_sqlitecpp},
  };
  const std::string list = fmt::format(",{},", libraries);
  std::erase_if(all, [&](const Entry& entry) {
    const bool wanted = libraries.empty() || list.find(fmt::format(",{},", entry.library)) != std::string::npos;
    return entry.backend != backend || !wanted;
  });
  return all;
}

Driver& Stage::driver(const Entry& entry) {
  auto& found = drivers_[fmt::format("{}/{}", entry.backend, entry.library)];
  if (found == nullptr) {
    found = entry.open(place_);
    if (entry.backend == "sqlite") {
      seed(*found);
    } else if (!postgresql_seeded_) {
      seed(*found);
      postgresql_seeded_ = true;
    }
  }
  return *found;
}

void Stage::repair(const Entry& entry) {
  drivers_.erase(fmt::format("{}/{}", entry.backend, entry.library));
  if (entry.backend == "postgresql") driver(entry).remove_above(seeded_);
}

void Stage::seed(Driver& driver) const {
  std::vector<User> users = make_users(kSeedSeries, seeded_);
  driver.create_many(users);
  expect(users.front().id == 1 && users.back().id == seeded_, "the seeded rows do not have the keys from 1 on");
}

std::vector<std::string> register_works(Stage& stage, const Effort& effort, const std::string& backend,
                                        const std::vector<Entry>& chosen) {
  std::vector<std::string> names;
  for (const Work& work : kWorks) {
    names.push_back(fmt::format("{}/{}", work.name, backend));
    for (const Entry& entry : chosen) {
      const auto run = [&stage, effort, entry, work](benchmark::State& state) {
        try {
          work.body(state, stage.driver(entry), effort, stage.seeded());
          if (work.writes && entry.backend == "postgresql") vacuum(stage.place()); // the next finds the same table
        } catch (const std::exception& error) {
          state.SkipWithError(error.what());
          stage.repair(entry);
        }
      };
      auto* const made = benchmark::RegisterBenchmark(fmt::format("{}/{}", names.back(), entry.library).c_str(), run);
      made->UseRealTime();
      if (effort.iterations > 0) {
        made->Iterations(effort.iterations)->Repetitions(1);
      } else if (work.is_long) {
        made->Iterations(1)->Repetitions(effort.long_repetitions);
      } else {
        made->MinTime(effort.seconds)->Repetitions(effort.repetitions);
      }
    }
  }
  return names;
}

} // namespace tenon::benchmarks
