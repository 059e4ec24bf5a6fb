#include "database.hpp"

#include <algorithm>
#include <utility>

#include <tenon/interface/error.hpp>

namespace memory_map {
namespace {

using tenon::ErrorCode;

bool same_columns(const tenon::TableDesc& a, const tenon::TableDesc& b) {
  return std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const tenon::ColumnDesc& x, const tenon::ColumnDesc& y) {
                      return x.name == y.name && x.type == y.type && x.nullable == y.nullable;
                    });
}

} // namespace

std::shared_ptr<const Tables> Database::committed() const {
  const std::lock_guard lock(mutex_);
  return committed_;
}

void Database::take_turn(tenon::Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto free = [this] { return !writing_; };
  if (deadline == tenon::Deadline::max()) {
    turn_ended_.wait(lock, free);
  } else if (!turn_ended_.wait_until(lock, deadline, free)) {
    tenon::throw_error(ErrorCode::timeout, "another session kept writing until the deadline",
                       "shorten the other transactions, or allow more time");
  }
  writing_ = true;
}

void Database::end_turn() noexcept {
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
  }
  turn_ended_.notify_one();
}

void Database::publish(std::shared_ptr<const Tables> tables) noexcept {
  const std::lock_guard lock(mutex_);
  committed_.swap(tables); // the old ones are freed by the argument, outside of the lock
}

Transaction::Transaction(Database& database, const tenon::TransactionOptions& options, tenon::Deadline deadline)
    : database_(database), read_only_(options.read_only) {
  if (options.write_intent) {
    database_.take_turn(deadline);
    has_turn_ = true;
  }
  begun_with_ = database_.committed();
  tables_ = *begun_with_;
}

Transaction::~Transaction() {
  if (has_turn_) database_.end_turn();
}

const Table& Transaction::table(const tenon::TableDesc& described) const {
  const auto found = tables_.find(described.qualified_name());
  if (found == tables_.end()) {
    tenon::throw_error(ErrorCode::programming, "there is no table " + described.qualified_name(),
                       "create it with store.create_tables<…>()");
  }
  if (!same_columns(found->second->description(), described)) {
    tenon::throw_error(ErrorCode::programming,
                       "table " + described.qualified_name() + " was created with other columns",
                       "one table has one description");
  }
  return *found->second;
}

Table& Transaction::writable(const tenon::TableDesc& described, tenon::Deadline deadline) {
  const Table& original = table(described);
  prepare_to_write(deadline);
  auto& copy = copies_[described.qualified_name()];
  if (copy == nullptr) {
    copy = std::make_shared<Table>(original);
    tables_[described.qualified_name()] = copy;
  }
  return *copy;
}

void Transaction::prepare_to_write(tenon::Deadline deadline) {
  if (read_only_) tenon::throw_error(ErrorCode::read_only, "a write in a transaction that only reads");
  if (has_turn_) return;
  database_.take_turn(deadline);
  if (database_.committed() == begun_with_) {
    has_turn_ = true;
    return;
  }
  database_.end_turn();
  tenon::ErrorInfo info;
  info.code = ErrorCode::serialization_failure;
  info.message = "another session has written since this transaction began";
  info.hint = "run the whole transaction again";
  info.retryable = true;
  tenon::throw_error(std::move(info));
}

void Transaction::create(const tenon::TableDesc& described, tenon::Deadline deadline) {
  const std::string name = described.qualified_name();
  if (tables_.contains(name)) return;
  prepare_to_write(deadline);
  copies_[name] = std::make_shared<Table>(described);
  tables_[name] = copies_[name];
  changes_.push_back({nullptr, nullptr, true, name});
}

void Transaction::add(Table& table, const RowPtr& row) {
  changes_.push_back({&table, row, true, {}});
  try {
    table.add(row);
  } catch (...) {
    changes_.pop_back();
    throw;
  }
}

void Transaction::erase(Table& table, const RowPtr& row) {
  changes_.push_back({&table, row, false, {}});
  table.erase(row);
}

void Transaction::undo(std::size_t mark) {
  for (; changes_.size() > mark; changes_.pop_back()) {
    const Change& last = changes_.back();
    if (last.table == nullptr) {
      copies_.erase(last.created);
      tables_.erase(last.created);
    } else if (last.added) {
      last.table->erase(last.row);
    } else {
      last.table->add(last.row);
    }
  }
}

void Transaction::commit() {
  if (changes_.empty()) return;
  database_.publish(std::make_shared<const Tables>(std::move(tables_)));
}

} // namespace memory_map
