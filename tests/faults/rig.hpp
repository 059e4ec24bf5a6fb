#pragma once
// What the scenarios share: stores over a test's own server (through the proxy where one is given), the audit of what
// was acknowledged, and watchers of the invariants: descriptors, time over a deadline.
// Threads: stated per class; free functions from any thread.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include <tenon/tenon.hpp>
#include <tenon/testing/latency.hpp>
#include <tenon/testing/postgres_server.hpp>

namespace tenon::faults {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using SettingLines = std::vector<std::pair<std::string, std::string>>;

/// A store of the server through the loaded plugin; `port` is that of a proxy, or 0 for the server's own. `settings` as
/// in storage.yaml: {"pool.size", "1"}.
[[nodiscard]] Store open_store(const testing::PostgresServer& server, const SettingLines& settings = {}, int port = 0);

/// Runs statements as the superuser over the server's own socket, which no store uses. Returns the first cell of the
/// last one, or "". Errors: std::runtime_error.
std::string as_admin(const testing::PostgresServer& server, const std::string& sql);
[[nodiscard]] std::vector<std::vector<std::string>> rows_as_admin(const testing::PostgresServer& server,
                                                                  const std::string& sql);

/// Waits for a condition. Returns whether it came true in time.
[[nodiscard]] bool becomes_true(const std::function<bool()>& condition, milliseconds within = 20s);

/// Whether the server can be used now: through the store, and by the superuser.
[[nodiscard]] bool answers(Store& store);
[[nodiscard]] bool answers(const testing::PostgresServer& server);

/// Runs `work(number)` on that many threads and joins them. What a thread throws is thrown by the call (the first).
void on_threads(int count, const std::function<void(int)>& work);

/// The error that `call` throws. Errors: std::runtime_error if it throws none.
template <class F> ErrorInfo failure_of(F&& call) {
  try {
    std::forward<F>(call)();
  } catch (const Error& error) {
    return error.info();
  }
  throw std::runtime_error("no error was thrown");
}

/// A row of an audited unit of work. No key keeps a second copy out: it would be seen.
struct Entry {
  std::int64_t id = 0;
  std::int64_t op = 0;
  std::int64_t part = 0;
};
BOOST_DESCRIBE_STRUCT(Entry, (), (id, op, part))

/// Units of work with names known to the client, and what became of each as the client was told.
/// Threads: all methods from any thread.
class Audit {
public:
  /// What the client was told.
  enum class Outcome { acknowledged, unknown, failed };

  /// Creates the table.
  explicit Audit(Store& store);

  /// Two rows in one store.transaction. Never throws a tenon::Error: it is the outcome.
  Outcome write(Store& store, const SessionOptions& options = {});
  /// The same by hand: `work` is given the number of its unit, must insert() and commit, and is run once.
  Outcome record(const std::function<void(std::int64_t op)>& work);
  /// From now on the store is asked what became of a commit that ended in CommitUnknown, and its answer is the outcome.
  void resolve_with(Store& store);
  /// The two rows of a unit.
  static void insert(Session& session, std::int64_t op);

  [[nodiscard]] std::int64_t count(Outcome outcome) const;
  /// How often each error ended a unit of work, and the text of one of them.
  [[nodiscard]] std::map<std::string, std::pair<int, std::string>> errors() const;
  [[nodiscard]] std::string summary() const;

  /// Compares with what the server holds. Requires that no unit of work is under way. Returns what is wrong: an
  /// acknowledged unit that is absent, a failed one that is there, a half or doubled one; empty if nothing is.
  [[nodiscard]] std::string problems(const testing::PostgresServer& server) const;
  /// Forgets all units of work, here and on the server. Requires that none is under way, on the server neither.
  void clear(const testing::PostgresServer& server);

private:
  [[nodiscard]] Outcome resolved(const CommitUnknown& error) const;

  Store* resolver_ = nullptr;
  mutable std::mutex mutex_; // guards what follows
  std::int64_t next_ = 1;
  std::map<std::int64_t, Outcome> outcomes_;
  std::map<std::string, std::pair<int, std::string>> errors_;
};

/// The worst time that calls took beyond what they were allowed. Threads: any.
class Stopwatch {
public:
  /// Calls `call`, whatever way it ends.
  template <class F> decltype(auto) time(milliseconds allowed, F&& call) {
    const Note note{*this, allowed, Clock::now()};
    return std::forward<F>(call)();
  }
  /// Negative if every call came back before its time.
  [[nodiscard]] milliseconds worst() const { return milliseconds(worst_.load()); }

private:
  struct Note {
    Stopwatch& watch;
    milliseconds allowed;
    Clock::time_point start;
    ~Note() {
      const auto over = std::chrono::duration_cast<milliseconds>(Clock::now() - start - allowed).count();
      auto worst = watch.worst_.load();
      while (over > worst && !watch.worst_.compare_exchange_weak(worst, over)) {}
    }
  };
  std::atomic<std::int64_t> worst_{-3'600'000};
};

/// Descriptors of this process that are open now.
[[nodiscard]] int open_descriptors();

/// Remembers the number of open descriptors, and tells whether it has come back to it. Threads: one.
class Baseline {
public:
  /// Requires the server, so that what its start opens counts.
  explicit Baseline(const testing::PostgresServer& /*started*/) : descriptors_(open_descriptors()) {}
  /// Waits a little: threads in the background may still be closing theirs.
  [[nodiscard]] bool is_reached() const {
    return becomes_true([&] { return open_descriptors() <= descriptors_; }, 10s);
  }

private:
  int descriptors_;
};

} // namespace tenon::faults

template <> struct tenon::Table<tenon::faults::Entry> {
  static constexpr auto spec = tenon::table("entries", tenon::generated_key<&tenon::faults::Entry::id>);
};
