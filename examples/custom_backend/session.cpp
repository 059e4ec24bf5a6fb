#include "session.hpp"

#include <utility>

#include <tenon/interface/error.hpp>

#include "repository.hpp"

namespace memory_map {

using tenon::ErrorCode;

Session::Session(std::shared_ptr<Database> database) : database_(std::move(database)) {}
Session::~Session() = default;

tenon::IRepository& Session::repository(const tenon::TableDesc& table) {
  auto& found = repositories_[&table];
  if (found == nullptr) found = std::make_unique<Repository>(*this, table);
  return *found;
}

void Session::begin(const tenon::TransactionOptions& options) {
  in_time();
  if (transaction_) tenon::throw_error(ErrorCode::programming, "begin in an open transaction");
  transaction_.emplace(*database_, options, deadline_);
}

void Session::commit() {
  in_time();
  if (!transaction_) tenon::throw_error(ErrorCode::programming, "commit without a transaction");
  transaction_->commit();
  end();
}

void Session::rollback() {
  if (transaction_) end();
  deadline_ = tenon::Deadline::max();
}

void Session::end() noexcept {
  transaction_.reset();
  savepoints_.clear();
  ++*epoch_;
}

void Session::savepoint(tenon::SavepointAction action, std::uint32_t number) {
  in_time();
  const bool creates = action == tenon::SavepointAction::create;
  const std::size_t known = savepoints_.size();
  if (!transaction_ || number == 0 || (creates ? number > known + 1 : number > known)) {
    tenon::throw_error(ErrorCode::programming, "there is no savepoint " + std::to_string(number));
  }
  switch (action) {
    case tenon::SavepointAction::create:
      savepoints_.resize(number - 1);
      savepoints_.push_back(transaction_->mark());
      return;
    case tenon::SavepointAction::release: savepoints_.resize(number - 1); return;
    case tenon::SavepointAction::rollback:
      savepoints_.resize(number);
      transaction_->undo(savepoints_.back());
      return;
  }
}

void Session::create_tables(std::span<const tenon::TableDesc* const> tables) {
  run(true, [&](Transaction& transaction) {
    for (const tenon::TableDesc* table : tables)
      transaction.create(*table, deadline_);
    return tables.size();
  });
}

std::unique_ptr<tenon::ICursor> Session::execute(std::string_view, std::span<const tenon::Cell>) {
  tenon::throw_error(ErrorCode::not_supported, "memory_map knows no SQL", "use repositories");
}

void Session::batch(std::span<const tenon::BatchItem>, std::span<std::uint64_t>) {
  tenon::throw_error(ErrorCode::not_supported, "memory_map leaves batches to the host");
}

void Session::in_time() const {
  if (tenon::Clock::now() > deadline_) tenon::throw_error(ErrorCode::timeout, "the deadline has passed");
}

} // namespace memory_map
