// Deadlines and cancellation: every call keeps its time, and the session lives on.
#include <atomic>
#include <thread>

#include <tenon/testing/latency.hpp>

#include "sqlite_support.hpp"

using namespace tenon;
using namespace tenon::test;
using namespace std::chrono_literals;

namespace {

const TableDesc kPeople = people();
constexpr const char* kEndless =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// Calls cancel() again and again until the test is done: one that comes before the call begins is lost, by contract.
class Canceller {
public:
  explicit Canceller(ISession& session)
      : thread_([this, &session] {
          while (!done_) {
            std::this_thread::sleep_for(5ms);
            session.cancel();
          }
        }) {}
  ~Canceller() {
    done_ = true;
    thread_.join();
  }

private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

ErrorInfo drain(ISession& session, std::string_view sql) {
  return error_of([&] {
    auto cursor = session.execute(sql, {});
    RowBatch batch;
    while (cursor->next(batch)) {}
  });
}

struct Locked : OneSession {
  Locked() : OneSession(":memory:", {{"busy_timeout", "1h"}}), other(backend->connect(Deadline::max())) {
    create(kPeople);
    other->begin({.write_intent = true});
    add_person(other->repository(kPeople), "holds the lock");
  }
  std::unique_ptr<ISession> other;
};

} // namespace

TEST_CASE("a running statement ends at its deadline") {
  OneSession one;
  one.session->set_deadline(soon(50));
  const auto begin = Clock::now();
  const ErrorInfo info = drain(*one.session, kEndless);
  const auto took = Clock::now() - begin;
  CHECK(info.code == ErrorCode::timeout);
  CHECK(info.message.find("deadline") != std::string::npos);
  CHECK_FALSE(info.broken);
  CHECK(took >= 45ms);
  CHECK(took < 50ms + tenon::testing::kLateness);
  one.session->set_deadline(Deadline::max());
  CHECK(one.number("SELECT 42") == 42);
}

TEST_CASE("a call past the deadline is not begun") {
  OneSession one;
  one.create(kPeople);
  IRepository& people = one.session->repository(kPeople);
  one.session->set_deadline(soon(-1));
  CHECK_THROWS_AS(add_person(people, "a"), TimeoutError);
  CHECK_THROWS_AS(people.select({}), TimeoutError);
  CHECK_THROWS_AS(one.session->ping(), TimeoutError);
  CHECK_THROWS_AS(one.session->begin({}), TimeoutError);
  one.session->set_deadline(Deadline::max());
  CHECK(people.count({}) == 0);
}

TEST_CASE("a running statement ends when it is cancelled") {
  OneSession one;
  const auto begin = Clock::now();
  {
    const Canceller canceller(*one.session);
    CHECK(drain(*one.session, kEndless).code == ErrorCode::cancelled);
  }
  CHECK(Clock::now() - begin < 5s);
  CHECK(one.number("SELECT 42") == 42);
}

TEST_CASE("a cancel that finds nothing running does no harm") {
  OneSession one;
  one.session->cancel();
  CHECK(one.number("SELECT 42") == 42);
}

TEST_CASE("an interrupted write takes its whole transaction with it, and says so until rollback") {
  OneSession one;
  one.create(kPeople);
  one.session->begin({});
  add_person(one.session->repository(kPeople), "a");
  one.session->set_deadline(soon(30));
  CHECK_THROWS_AS(
      one.run("INSERT INTO people (name, is_active) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
              "FROM n) SELECT i, 1 FROM n"),
      TimeoutError);
  one.session->set_deadline(Deadline::max());
  CHECK_THROWS_AS(one.session->repository(kPeople).count({}), ProgrammingError);
  CHECK_THROWS_AS(one.session->savepoint(SavepointAction::rollback, 1), ProgrammingError);
  CHECK(error_of([&] { one.session->commit(); }).code == ErrorCode::timeout);
  CHECK(one.session->repository(kPeople).count({}) == 0);
}

TEST_CASE_METHOD(Locked, "waiting for a lock ends at the deadline") {
  session->set_deadline(soon(60));
  const auto begin = Clock::now();
  const ErrorInfo info = error_of([&] { add_person(session->repository(kPeople), "b"); });
  const auto took = Clock::now() - begin;
  CHECK(info.code == ErrorCode::timeout);
  CHECK(took >= 55ms);
  CHECK(took < 60ms + tenon::testing::kLateness);
  session->set_deadline(Deadline::max());
  other->commit();
  CHECK(add_person(session->repository(kPeople), "b") == 2);
}

TEST_CASE_METHOD(Locked, "waiting for a lock ends when it is cancelled") {
  const Canceller canceller(*session);
  CHECK(error_of([&] { add_person(session->repository(kPeople), "b"); }).code == ErrorCode::cancelled);
}

TEST_CASE_METHOD(Locked, "waiting for a lock goes on until it is free") {
  std::thread releases([&] {
    std::this_thread::sleep_for(80ms);
    other->commit();
  });
  const auto begin = Clock::now();
  CHECK(add_person(session->repository(kPeople), "b") == 2);
  CHECK(Clock::now() - begin >= 70ms);
  releases.join();
}

TEST_CASE("without a deadline the busy timeout ends the wait") {
  OneSession one(":memory:", {{"busy_timeout", "40ms"}});
  one.create(kPeople);
  auto other = one.backend->connect(Deadline::max());
  other->begin({.write_intent = true});
  const auto begin = Clock::now();
  const ErrorInfo info = error_of([&] { add_person(one.session->repository(kPeople), "b"); });
  CHECK(info.code == ErrorCode::timeout);
  CHECK(info.hint.find("busy_timeout") != std::string::npos);
  CHECK(Clock::now() - begin >= 40ms);
}

TEST_CASE("rollback works past the deadline") {
  OneSession one;
  one.create(kPeople);
  one.session->begin({});
  add_person(one.session->repository(kPeople), "a");
  one.session->set_deadline(soon(-1));
  CHECK_THROWS_AS(one.session->commit(), TimeoutError); // and undoes the work
  one.session->set_deadline(Deadline::max());
  CHECK(one.session->repository(kPeople).count({}) == 0);
  one.session->begin({});
  add_person(one.session->repository(kPeople), "a");
  one.session->savepoint(SavepointAction::create, 1);
  add_person(one.session->repository(kPeople), "b");
  one.session->set_deadline(soon(-1));
  CHECK_NOTHROW(one.session->savepoint(SavepointAction::rollback, 1));
  CHECK_NOTHROW(one.session->rollback());
  CHECK(one.session->alive());
}
