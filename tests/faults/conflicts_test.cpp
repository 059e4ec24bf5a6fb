// Transactions that collide under store.transaction: run again as a whole, and right in the end.
#include <condition_variable>

#include <catch2/catch.hpp>

#include "rig.hpp"

namespace tenon::faults {

struct Doctor {
  std::int64_t id = 0;
  std::int64_t on_call = 0;
};
BOOST_DESCRIBE_STRUCT(Doctor, (), (id, on_call))

} // namespace tenon::faults

template <> struct tenon::Table<tenon::faults::Doctor> {
  static constexpr auto spec = tenon::table("doctors", tenon::primary_key<&tenon::faults::Doctor::id>);
};

namespace tenon::faults {
namespace {

const testing::PostgresServer& server() {
  static const auto running = testing::PostgresServer::start({.settings = {{"deadlock_timeout", "50ms"}}});
  return running;
}

/// Where the first run of each of two threads waits for the other's; later runs pass.
class Meeting {
public:
  void wait() {
    std::unique_lock lock(mutex_);
    ++here_;
    changed_.notify_all();
    static_cast<void>(changed_.wait_for(lock, 20s, [&] { return here_ >= 2; }));
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int here_ = 0;
};

void fill(Store& store, std::int64_t doctors) {
  as_admin(server(), "DROP TABLE IF EXISTS doctors");
  store.create_tables<Doctor>();
  store.transaction([&](Session& session) {
    for (std::int64_t id = 1; id <= doctors; ++id)
      Repository<Doctor>{session}.create({.id = id, .on_call = 1});
  });
}

TEST_CASE("conflicts: write skew at SERIALIZABLE is retried, and the rule holds") {
  const Baseline baseline(server());
  {
    Store store = open_store(server());
    fill(store, 2);
    Meeting meeting;
    std::atomic<int> runs = 0;
    // Each goes home if the other stays. Run one after the other, the second must stay.
    on_threads(2, [&](int number) {
      store.transaction({.isolation = Isolation::serializable}, [&](Session& session) {
        const bool first_run = ++runs <= 2;
        Repository<Doctor> doctors{session};
        const auto staying = doctors.query().where(col<&Doctor::on_call> == 1).count();
        if (first_run) meeting.wait();
        if (staying >= 2) doctors.update(std::int64_t{number} + 1, {set<&Doctor::on_call>(0)});
      });
    });
    CHECK(runs >= 3);
    CHECK(as_admin(server(), "SELECT sum(on_call) FROM doctors") == "1");
    CHECK(store.figures().in_use == 0);
    CHECK(store.figures().created == 2);
  }
  CHECK(baseline.is_reached());
}

TEST_CASE("conflicts: without SERIALIZABLE the skew happens, so the case above can fail") {
  Store store = open_store(server());
  fill(store, 2);
  Meeting meeting;
  on_threads(2, [&](int number) {
    store.transaction([&](Session& session) {
      Repository<Doctor> doctors{session};
      const auto staying = doctors.query().where(col<&Doctor::on_call> == 1).count();
      meeting.wait();
      if (staying >= 2) doctors.update(std::int64_t{number} + 1, {set<&Doctor::on_call>(0)});
    });
  });
  CHECK(as_admin(server(), "SELECT sum(on_call) FROM doctors") == "0");
}

TEST_CASE("conflicts: a deadlock ends one of the two, which runs again, and both are done once") {
  const Baseline baseline(server());
  {
    Store store = open_store(server());
    fill(store, 2);
    Meeting meeting;
    std::atomic<int> runs = 0;
    on_threads(2, [&](int number) {
      const std::int64_t first = number == 0 ? 1 : 2;
      store.transaction([&](Session& session) {
        const bool first_run = ++runs <= 2;
        const auto add = [&](std::int64_t id) {
          const Cell parameters[] = {Cell::int64(id)};
          RowBatch none;
          session.execute("UPDATE doctors SET on_call = on_call + 10 WHERE id = $1", parameters)->next(none);
        };
        add(first);
        if (first_run) meeting.wait();
        add(3 - first);
      });
    });
    CHECK(runs == 3);
    CHECK(as_admin(server(), "SELECT sum(on_call) FROM doctors") == "42");
    CHECK(store.figures().in_use == 0);
  }
  CHECK(baseline.is_reached());
}

TEST_CASE("conflicts: retries are bounded, and the last error is told") {
  Store store = open_store(server(), {{"retry.attempts", "3"}});
  fill(store, 2);
  int runs = 0;
  const ErrorInfo error = failure_of([&] {
    store.transaction({.isolation = Isolation::repeatable_read}, [&](Session& session) {
      ++runs;
      Repository<Doctor> doctors{session};
      static_cast<void>(doctors.query().count()); // the snapshot
      as_admin(server(), "UPDATE doctors SET on_call = on_call + 1");
      doctors.update(std::int64_t{1}, {set<&Doctor::on_call>(0)});
    });
  });
  CHECK(error.code == ErrorCode::serialization_failure);
  CHECK(error.sqlstate == "40001");
  CHECK(runs == 3);
  CHECK(as_admin(server(), "SELECT min(on_call) FROM doctors") == "4");
}

TEST_CASE("conflicts: a deferred constraint that fails at COMMIT is an IntegrityError and costs no connection") {
  const Baseline baseline(server());
  {
    Store store = open_store(server());
    as_admin(server(), "DROP TABLE IF EXISTS children, parents;"
                       "CREATE TABLE parents (id int PRIMARY KEY);"
                       "CREATE TABLE children (id int PRIMARY KEY, parent int CONSTRAINT children_parent_fkey "
                       "REFERENCES parents DEFERRABLE INITIALLY DEFERRED);"
                       "GRANT ALL ON parents, children TO tenon");
    const auto run = [](Session& session, std::string_view sql) {
      RowBatch none;
      session.execute(sql)->next(none);
    };
    int runs = 0;
    bool hook_ran = false;
    const ErrorInfo error = failure_of([&] {
      store.transaction([&](Session& session) {
        ++runs;
        session.after_commit([&] { hook_ran = true; });
        run(session, "INSERT INTO children VALUES (1, 1)");
      });
    });
    CHECK(error.code == ErrorCode::foreign_key_violation);
    CHECK(error.sqlstate == "23503");
    CHECK(error.constraint == "children_parent_fkey");
    CHECK_FALSE(error.retryable);
    CHECK_FALSE(error.broken);
    CHECK(runs == 1);
    CHECK_FALSE(hook_ran);
    CHECK(as_admin(server(), "SELECT count(*) FROM children") == "0");
    store.transaction([&](Session& session) { // in this order the constraint holds at the end
      run(session, "INSERT INTO children VALUES (1, 1)");
      run(session, "INSERT INTO parents VALUES (1)");
    });
    CHECK(as_admin(server(), "SELECT count(*) FROM children") == "1");
    CHECK(store.figures().created == 1);
  }
  CHECK(baseline.is_reached());
}

} // namespace
} // namespace tenon::faults
