#include "tpcb.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <latch>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace tenon::benchmarks {

/// pgbench's tables, as far as its transactions use them.
struct Account {
  std::int64_t aid = 0;
  std::int64_t abalance = 0;
};
BOOST_DESCRIBE_STRUCT(Account, (), (aid, abalance))
struct Teller {
  std::int64_t tid = 0;
  std::int64_t tbalance = 0;
};
BOOST_DESCRIBE_STRUCT(Teller, (), (tid, tbalance))
struct Branch {
  std::int64_t bid = 0;
  std::int64_t bbalance = 0;
};
BOOST_DESCRIBE_STRUCT(Branch, (), (bid, bbalance))
struct History {
  std::int64_t tid = 0;
  std::int64_t bid = 0;
  std::int64_t aid = 0;
  std::int64_t delta = 0;
  Timestamp mtime;
};
BOOST_DESCRIBE_STRUCT(History, (), (tid, bid, aid, delta, mtime))

} // namespace tenon::benchmarks

template <> struct tenon::Table<tenon::benchmarks::Account> {
  static constexpr auto spec = tenon::table("pgbench_accounts", tenon::primary_key<&tenon::benchmarks::Account::aid>);
};
template <> struct tenon::Table<tenon::benchmarks::Teller> {
  static constexpr auto spec = tenon::table("pgbench_tellers", tenon::primary_key<&tenon::benchmarks::Teller::tid>);
};
template <> struct tenon::Table<tenon::benchmarks::Branch> {
  static constexpr auto spec = tenon::table("pgbench_branches", tenon::primary_key<&tenon::benchmarks::Branch::bid>);
};
/// The table has no key; nothing here asks for one.
template <> struct tenon::Table<tenon::benchmarks::History> {
  using History = tenon::benchmarks::History;
  static constexpr auto spec =
      tenon::table("pgbench_history", tenon::primary_key<&History::tid, &History::bid, &History::aid, &History::mtime>);
};

namespace tenon::benchmarks {
namespace {

/// One transaction's numbers, drawn as pgbench draws them.
class Draw {
public:
  Draw(std::uint32_t seed, int scale)
      : random_(seed), account_(1, 100'000 * static_cast<std::int64_t>(scale)), teller_(1, 10 * scale),
        branch_(1, scale) {}
  History next() {
    return {.tid = teller_(random_),
            .bid = branch_(random_),
            .aid = account_(random_),
            .delta = delta_(random_),
            .mtime = now()};
  }

private:
  std::minstd_rand random_;
  std::uniform_int_distribution<std::int64_t> account_, teller_, branch_, delta_{-5000, 5000};
};

std::int64_t balance_of(Session& session, std::int64_t aid) {
  return std::get<0>(
      Repository<Account>(session).query().where(col<&Account::aid> == aid).select<&Account::abalance>().one());
}

std::int64_t transact(Session& session, const History& moved) {
  Repository<Account>(session).update(col<&Account::aid> == moved.aid,
                                      {set<&Account::abalance>(col<&Account::abalance> + moved.delta)});
  const std::int64_t balance = balance_of(session, moved.aid);
  Repository<Teller>(session).update(col<&Teller::tid> == moved.tid,
                                     {set<&Teller::tbalance>(col<&Teller::tbalance> + moved.delta)});
  Repository<Branch>(session).update(col<&Branch::bid> == moved.bid,
                                     {set<&Branch::bbalance>(col<&Branch::bbalance> + moved.delta)});
  Repository<History>(session).create(moved);
  return balance;
}

/// The same with the four writes in one round trip.
std::int64_t transact_batched(Session& session, const History& moved) {
  Batch batch = session.batch();
  batch.update(col<&Account::aid> == moved.aid, {set<&Account::abalance>(col<&Account::abalance> + moved.delta)});
  batch.update(col<&Teller::tid> == moved.tid, {set<&Teller::tbalance>(col<&Teller::tbalance> + moved.delta)});
  batch.update(col<&Branch::bid> == moved.bid, {set<&Branch::bbalance>(col<&Branch::bbalance> + moved.delta)});
  batch.create(moved);
  batch.run();
  return balance_of(session, moved.aid);
}

} // namespace

Tpcb::Tpcb(const Pgbench& pgbench, Place place, const Effort& effort)
    : pgbench_(pgbench), place_(std::move(place)), effort_(effort), store_(open(place_.storage_file, "postgresql")) {}

double Tpcb::run_tenon(Way way, int threads, std::int64_t transactions) {
  std::latch ready(threads + 1);
  std::latch go(1);
  std::exception_ptr failed;
  std::atomic_flag has_failed;
  const auto work = [&](std::uint32_t seed) {
    Draw draw(seed, pgbench_.scale());
    try {
      std::optional<Session> connected;
      try {
        connected.emplace(store_.session());
        connected->with_connection([](ISession& connection) { connection.ping(); });
      } catch (...) {
        ready.count_down(); // nobody waits for this one
        throw;
      }
      ready.arrive_and_wait(); // each has had a connection at the same time, so there is one for each
      connected.reset();
      go.wait();
      for (std::int64_t i = 0; i < transactions; ++i) {
        const History moved = draw.next();
        store_.transaction([&](Session& session) {
          benchmark::DoNotOptimize(way == Way::batch ? transact_batched(session, moved) : transact(session, moved));
        });
      }
    } catch (...) {
      if (!has_failed.test_and_set()) failed = std::current_exception();
    }
  };
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i)
    all.emplace_back(work, seed_++);
  ready.arrive_and_wait();
  const auto began = std::chrono::steady_clock::now();
  go.count_down();
  for (std::thread& one : all)
    one.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (failed) std::rethrow_exception(failed);
  return took.count();
}

void Tpcb::verify(std::int64_t transactions) {
  done_ += static_cast<std::uint64_t>(transactions);
  store_.transaction({.read_only = true}, [&](Session& session) {
    const auto accounts = Repository<Account>(session).query().sum<&Account::abalance>();
    const auto tellers = Repository<Teller>(session).query().sum<&Teller::tbalance>();
    const auto branches = Repository<Branch>(session).query().sum<&Branch::bbalance>();
    const auto moved = Repository<History>(session).query().sum<&History::delta>();
    if (Repository<History>(session).count() != done_) throw std::runtime_error("TPC-B left transactions out");
    if (accounts != moved || tellers != moved || branches != moved)
      throw std::runtime_error("TPC-B made or lost money");
  });
}

double Tpcb::run(Way way, int threads) {
  vacuum(place_, "pgbench_tellers"); // as pgbench does before a run
  vacuum(place_, "pgbench_branches");
  const std::int64_t transactions = std::max<std::int64_t>(effort_.transactions / threads, 1);
  const double seconds =
      way == Way::pgbench ? pgbench_.run(threads, transactions) : run_tenon(way, threads, transactions);
  verify(transactions * threads);
  return seconds;
}

std::vector<std::string> Tpcb::register_works() {
  struct Library {
    const char* name;
    Way way;
  };
  std::vector<std::string> names;
  for (const int threads : {1, 4}) {
    names.push_back(fmt::format("tpcb_{}/postgresql", threads));
    for (const Library library :
         {Library{"pgbench", Way::pgbench}, {"tenon", Way::statements}, {"tenon_batch", Way::batch}}) {
      const auto body = [this, threads, library](benchmark::State& state) {
        try {
          for (auto _ : state)
            state.SetIterationTime(run(library.way, threads));
        } catch (const std::exception& error) {
          state.SkipWithError(error.what());
        }
      };
      benchmark::RegisterBenchmark(fmt::format("{}/{}", names.back(), library.name).c_str(), body)
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond)
          ->Iterations(1)
          ->Repetitions(effort_.long_repetitions);
    }
  }
  return names;
}

} // namespace tenon::benchmarks
