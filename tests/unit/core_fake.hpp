#pragma once
// A backend that does what the test scripts: it counts connections, notes calls, fails and waits when told, and serves
// rows that the test gives. Used by the unit tests of core. Threads: Script from any thread; sessions as ISession.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tenon/interface/backend.hpp>
#include <tenon/interface/error.hpp>

namespace tenon::fake {

inline constexpr std::uint64_t kAllCapabilities = (std::uint64_t{1} << kCapabilityNames.size()) - 1;

inline ErrorInfo error(ErrorCode code, std::string message = "scripted") {
  ErrorInfo info;
  info.code = code;
  info.message = std::move(message);
  return info;
}
inline ErrorInfo retryable(ErrorCode code = ErrorCode::serialization_failure) {
  ErrorInfo info = error(code);
  info.retryable = true;
  return info;
}
inline ErrorInfo broken(ErrorCode code = ErrorCode::connection) {
  ErrorInfo info = error(code, "connection lost");
  info.broken = true;
  return info;
}

/// What the backend is told to do, and what was asked of it.
class Script {
public:
  /// The next call of this name fails so; several are served in order.
  void fail(const std::string& call, ErrorInfo info) {
    const std::lock_guard lock(mutex_);
    failures_[call].push_back(std::move(info));
  }
  /// Runs inside each call of this name, before it does anything, without the script's lock.
  void during(const std::string& call, std::function<void()> action) {
    const std::lock_guard lock(mutex_);
    actions_[call] = std::move(action);
  }
  void called(const std::string& call) {
    std::function<void()> action;
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(call);
      if (const auto found = actions_.find(call); found != actions_.end()) action = found->second;
    }
    if (action) action();
    const std::lock_guard lock(mutex_);
    auto& failures = failures_[call];
    if (failures.empty()) return;
    ErrorInfo info = std::move(failures.front());
    failures.pop_front();
    throw_error(std::move(info));
  }

  /// Runs what is to happen during "close"; not among calls(), because the pool closes in the background.
  void closing() {
    std::function<void()> action;
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = actions_.find("close"); found != actions_.end()) action = found->second;
    }
    if (action) action();
  }

  [[nodiscard]] std::vector<std::string> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  [[nodiscard]] std::size_t count(const std::string& call) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count(calls_.begin(), calls_.end(), call));
  }
  void forget_calls() {
    const std::lock_guard lock(mutex_);
    calls_.clear();
  }

  [[nodiscard]] Outcome next_outcome() {
    const std::lock_guard lock(mutex_);
    if (outcomes.empty()) return Outcome::unknown;
    const Outcome outcome = outcomes.front();
    outcomes.pop_front();
    return outcome;
  }

  std::atomic<bool> alive{true}; ///< what alive() of every session answers
  std::atomic<int> open{0};      ///< connections that exist
  std::atomic<int> most_open{0};
  std::atomic<std::int64_t> last_deadline{0}; ///< of set_deadline, in the clock's ticks; 0: none was set
  std::uint64_t capabilities = kAllCapabilities;
  std::deque<Outcome> outcomes; ///< what resolve answers, one after the other; then unknown

  // Of the last statement; for tests with one thread, but for filters, which others may note at once.
  std::vector<std::vector<Cell>> rows; ///< what select gives; also the answer of find and upsert
  std::size_t batch_rows = 1;          ///< rows in one batch of a cursor
  std::uint64_t affected = 1;          ///< what update, remove and count answer
  std::mutex filters;
  std::vector<Node> filter;
  std::vector<Source> sources;
  std::vector<OrderTerm> order;
  std::vector<Output> outputs;
  std::vector<ColumnRef> group;
  std::vector<Node> having, expressions;
  bool distinct = false;
  RowLock row_lock = RowLock::none;
  std::uint64_t limit = 0;
  std::string sql;
  std::vector<Cell> parameters;
  std::vector<std::uint32_t> write_columns, returning, update_columns;
  std::vector<std::size_t> insert_sizes;
  std::vector<Assignment> assignments;
  std::vector<BatchItem> batch; ///< whose views have ended with the call
  std::vector<const TableDesc*> created;
  std::uint32_t key = 0;

private:
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<ErrorInfo>> failures_;
  std::map<std::string, std::function<void()>> actions_;
  std::vector<std::string> calls_;
};

class Cursor final : public ICursor {
public:
  explicit Cursor(Script& script) : script_(script) {}
  bool next(RowBatch& batch) override {
    script_.called("fetch");
    batch = {};
    if (at_ == script_.rows.size()) return false;
    cells_.clear(); // of the cursor, as a backend's are: gone with it
    const std::size_t columns = script_.rows[at_].size();
    const std::size_t end = std::min(at_ + script_.batch_rows, script_.rows.size());
    for (; at_ < end; ++at_)
      cells_.insert(cells_.end(), script_.rows[at_].begin(), script_.rows[at_].end());
    batch = {cells_.data(), columns == 0 ? 0 : cells_.size() / columns, columns};
    return true;
  }

private:
  Script& script_;
  std::vector<Cell> cells_;
  std::size_t at_ = 0;
};

class Repository final : public IRepository {
public:
  Repository(Script& script, const TableDesc& table) : script_(script), table_(table) {}

  const TableDesc& table() const noexcept override { return table_; }
  RowBatch insert(const WriteRows& rows) override {
    script_.called("insert");
    note(rows);
    script_.insert_sizes.push_back(rows.rows);
    returned_.clear();
    for (std::size_t i = 0; i < rows.rows * rows.returning.size(); ++i)
      returned_.push_back(Cell::int64(++last_key_));
    return {returned_.data(), rows.returning.empty() ? 0 : rows.rows, rows.returning.size()};
  }
  RowBatch upsert(const WriteRows& rows, std::uint32_t key, std::span<const std::uint32_t> update) override {
    script_.called("upsert");
    note(rows);
    script_.key = key;
    script_.update_columns.assign(update.begin(), update.end());
    return first_row();
  }
  RowBatch find(std::uint32_t key, std::span<const Cell>) override {
    script_.called("find");
    script_.key = key;
    return first_row();
  }
  std::unique_ptr<ICursor> select(const Query& query) override {
    script_.called("select");
    note(query.filter);
    script_.order.assign(query.order.begin(), query.order.end());
    script_.outputs.assign(query.outputs.begin(), query.outputs.end());
    script_.group.assign(query.group.begin(), query.group.end());
    script_.having.assign(query.having.begin(), query.having.end());
    script_.distinct = query.distinct;
    script_.row_lock = query.lock;
    script_.limit = query.limit;
    return std::make_unique<Cursor>(script_);
  }
  std::uint64_t update(const Update& update) override {
    script_.called("update");
    note(update.filter);
    script_.assignments.assign(update.assignments.begin(), update.assignments.end());
    script_.expressions.assign(update.expressions.begin(), update.expressions.end());
    return script_.affected;
  }
  std::uint64_t remove(const Filter& filter) override {
    script_.called("remove");
    note(filter);
    return script_.affected;
  }
  std::uint64_t count(const Filter& filter) override {
    script_.called("count");
    note(filter);
    return script_.affected;
  }
  bool exists(const Filter& filter) override {
    script_.called("exists");
    note(filter);
    return script_.affected > 0;
  }
  RowBatch explain(const Query& query) override {
    script_.called("explain");
    note(query.filter);
    return first_row();
  }

private:
  void note(const Filter& filter) {
    const std::lock_guard lock(script_.filters);
    script_.filter.assign(filter.begin(), filter.end());
    script_.sources.assign(filter.sources.begin(), filter.sources.end());
  }
  void note(const WriteRows& rows) {
    script_.write_columns.assign(rows.columns.begin(), rows.columns.end());
    script_.returning.assign(rows.returning.begin(), rows.returning.end());
  }
  [[nodiscard]] RowBatch first_row() const {
    if (script_.rows.empty()) return {};
    return {script_.rows.front().data(), 1, script_.rows.front().size()};
  }

  Script& script_;
  const TableDesc& table_;
  std::vector<Cell> returned_;
  std::int64_t last_key_ = 0;
};

class Session final : public ISession {
public:
  explicit Session(std::shared_ptr<Script> script) : script_(std::move(script)) {
    const int now = ++script_->open;
    int most = script_->most_open;
    while (most < now && !script_->most_open.compare_exchange_weak(most, now)) {}
  }
  ~Session() override {
    script_->closing();
    --script_->open;
  }

  IRepository& repository(const TableDesc& table) override {
    for (const auto& repository : repositories_) {
      if (&repository->table() == &table) return *repository;
    }
    repositories_.push_back(std::make_unique<Repository>(*script_, table));
    return *repositories_.back();
  }
  void begin(const TransactionOptions& options) override {
    script_->called(options.read_only ? "begin read only" : options.write_intent ? "begin write" : "begin");
    in_transaction_ = true;
  }
  void commit() override {
    in_transaction_ = false;
    script_->called("commit");
  }
  /// Without a transaction it is noted as "reset": what the pool asks for when a session comes back.
  void rollback() override { script_->called(std::exchange(in_transaction_, false) ? "rollback" : "reset"); }
  void savepoint(SavepointAction action, std::uint32_t number) override {
    const char* word = action == SavepointAction::create    ? "savepoint "
                       : action == SavepointAction::release ? "release "
                                                            : "rollback to ";
    script_->called(word + std::to_string(number));
  }
  void create_tables(std::span<const TableDesc* const> tables) override {
    script_->called("create_tables");
    script_->created.assign(tables.begin(), tables.end());
  }
  std::unique_ptr<ICursor> execute(std::string_view sql, std::span<const Cell> parameters) override {
    script_->called("execute");
    script_->sql = sql;
    script_->parameters.assign(parameters.begin(), parameters.end());
    return std::make_unique<Cursor>(*script_);
  }
  bool alive() noexcept override { return script_->alive; }
  void ping() override { script_->called("ping"); }
  void batch(std::span<const BatchItem> items, std::span<std::uint64_t> affected) override {
    script_->called("batch");
    script_->batch.assign(items.begin(), items.end());
    std::fill(affected.begin(), affected.end(), script_->affected);
  }
  void set_deadline(Deadline deadline) override { script_->last_deadline = deadline.time_since_epoch().count(); }
  void cancel() noexcept override { script_->called("cancel"); }

private:
  std::shared_ptr<Script> script_;
  std::vector<std::unique_ptr<Repository>> repositories_;
  bool in_transaction_ = false;
};

class Backend final : public IBackend {
public:
  explicit Backend(std::shared_ptr<Script> script) : script_(std::move(script)) { info_.id = "fake"; }
  [[nodiscard]] const BackendInfo& info() const noexcept override { return info_; }
  [[nodiscard]] Capabilities capabilities() const noexcept override { return Capabilities(script_->capabilities); }
  [[nodiscard]] std::string endpoint() const override { return "fake.example"; }
  [[nodiscard]] std::unique_ptr<ISession> connect(Deadline) override {
    script_->called("connect");
    return std::make_unique<Session>(script_);
  }
  [[nodiscard]] Outcome resolve(std::string_view transaction, Deadline) override {
    script_->called("resolve " + std::string(transaction));
    return script_->next_outcome();
  }

private:
  std::shared_ptr<Script> script_;
  BackendInfo info_;
};

/// Waits until `condition` holds, for at most `limit`; returns whether it does.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  const auto deadline = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

} // namespace tenon::fake
