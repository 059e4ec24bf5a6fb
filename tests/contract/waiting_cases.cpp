// Contract: deadlines are kept, running calls can be cancelled, and the session is usable afterwards. The calls that
// take long need no SQL: one waits for a lock, the other searches much text.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "long_search.hpp"
#include "support.hpp"

namespace tenon::contract {
namespace {

using namespace std::chrono_literals;

/// A promise of 250 ms, with room for a busy machine and a sanitizer.
constexpr auto kAtMost = 2s;
constexpr TransactionOptions kWrite{Isolation::backend_default, false, true};

TEST_CASE("deadline: one that has passed ends the call at once, and a later one is kept") {
  Database database;
  const auto session = database.connect_with({&notes()});
  const auto past = [&] { session->set_deadline(Clock::now() - 1ms); };
  if (!claimed(database, Capability::deadlines, past)) return;
  add_notes(*session, 1, 2);
  past();
  CHECK_THROWS_AS(add_notes(*session, 3, 3), TimeoutError);
  session->set_deadline(Clock::now() + 10s);
  CHECK(count_notes(*session) == 2);
  session->set_deadline(Deadline::max());
  add_notes(*session, 3, 3);
}

TEST_CASE("deadline: a long call ends when it passes, and the session is usable after") {
  Database database;
  const LongSearch search;
  const auto session = database.connect_with({&search.described});
  if (!claimed(database, Capability::deadlines, [&] { session->set_deadline(Deadline::max()); })) return;
  search.fill(*session);
  const auto begin = Clock::now();
  session->set_deadline(begin + 200ms);
  const ErrorInfo info = raised<TimeoutError>([&] { search.run(*session); });
  const auto passed = Clock::now() - begin;
  CHECK(info.code == ErrorCode::timeout);
  CHECK(passed >= 200ms);
  CHECK(passed < 200ms + kAtMost);
  session->set_deadline(Deadline::max());
  CHECK(session->repository(search.described).count({}) == 4000);
}

TEST_CASE("deadline: waiting for another's lock ends when it passes") {
  Database database;
  const auto session = database.connect_with({&notes()});
  const auto other = database.connect();
  if (!database.can(Capability::transactions) || !database.can(Capability::deadlines)) return;
  add_notes(*session, 1, 1);
  session->begin(kWrite);
  update(session->repository(notes()), {}, {{1, Value::int64(2)}});
  const auto begin = Clock::now();
  other->set_deadline(begin + 200ms);
  const auto blocked = [&] {
    other->begin(kWrite);
    update(other->repository(notes()), {}, {{1, Value::int64(3)}});
  };
  CHECK_THROWS_AS(blocked(), TimeoutError);
  CHECK(Clock::now() - begin < 200ms + kAtMost);
  other->set_deadline(Deadline::max());
  other->rollback();
  session->commit();
  CHECK(update(other->repository(notes()), n_is(2), {{1, Value::int64(3)}}) == 1);
}

TEST_CASE("deadline: a transaction whose call was cut short can be rolled back and begun anew") {
  Database database;
  const LongSearch search;
  const auto session = database.connect_with({&search.described, &notes()});
  if (!database.can(Capability::transactions) || !database.can(Capability::deadlines)) return;
  search.fill(*session);
  session->begin(kWrite);
  add_notes(*session, 1, 1);
  session->set_deadline(Clock::now() + 100ms);
  CHECK_THROWS_AS(search.run(*session), TimeoutError);
  session->rollback(); // also past the deadline
  session->set_deadline(Deadline::max());
  CHECK(count_notes(*session) == 0);
  session->begin(kWrite);
  add_notes(*session, 1, 1);
  session->commit();
  CHECK(count_notes(*session) == 1);
}

/// Cancels again and again until told to stop, because a cancel before the call has begun is forgotten.
class Canceller {
public:
  explicit Canceller(ISession& session)
      : thread_([this, &session] {
          std::this_thread::sleep_for(100ms);
          while (!done_) {
            session.cancel();
            std::this_thread::sleep_for(20ms);
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

TEST_CASE("cancel: from another thread it ends a long call, and the session is usable after") {
  Database database;
  const LongSearch search;
  const auto session = database.connect_with({&search.described});
  if (!database.can(Capability::cancel)) {
    session->cancel(); // harmless
    CHECK(session->repository(search.described).count({}) == 0);
    return;
  }
  search.fill(*session);
  const auto begin = Clock::now();
  {
    const Canceller canceller(*session);
    CHECK_THROWS_AS(search.run(*session), Cancelled);
  }
  CHECK(Clock::now() - begin < 100ms + kAtMost);
  session->rollback(); // a cancel that came late hits nobody
  CHECK(session->repository(search.described).count({}) == 4000);
}

TEST_CASE("cancel: ends a wait for another's lock") {
  Database database;
  const auto session = database.connect_with({&notes()});
  const auto other = database.connect();
  if (!database.can(Capability::transactions) || !database.can(Capability::cancel)) return;
  add_notes(*session, 1, 1);
  session->begin(kWrite);
  update(session->repository(notes()), {}, {{1, Value::int64(2)}});
  if (database.can(Capability::deadlines)) other->set_deadline(Clock::now() + 20s); // the case ends in any event
  {
    const Canceller canceller(*other);
    const auto blocked = [&] {
      other->begin(kWrite);
      update(other->repository(notes()), {}, {{1, Value::int64(3)}});
    };
    CHECK_THROWS_AS(blocked(), Cancelled);
  }
  other->rollback();
  session->rollback();
  CHECK(count_notes(*other) == 1);
}

} // namespace
} // namespace tenon::contract
