#include <tenon/core/session.hpp>

#include <utility>

#include "session_state.hpp"
#include "store_state.hpp"

namespace tenon {
namespace {

/// Rows of the caller's own SQL: what fails while they are fetched fails the transaction, too.
class SessionCursor final : public ICursor {
public:
  SessionCursor(detail::SessionState& session, std::unique_ptr<ICursor> inner)
      : session_(session), inner_(std::move(inner)) {}
  bool next(RowBatch& batch) override {
    session_.check_usable();
    try {
      return inner_->next(batch);
    } catch (const Error& error) {
      session_.fail(error);
      throw;
    }
  }

private:
  detail::SessionState& session_;
  std::unique_ptr<ICursor> inner_;
};

} // namespace

Session::Session(std::unique_ptr<detail::SessionState> state) noexcept : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&& other) noexcept {
  if (this != &other) {
    if (state_ != nullptr) state_->rollback();
    state_ = std::move(other.state_);
  }
  return *this;
}
Session::~Session() {
  if (state_ != nullptr) state_->rollback();
}

void Session::commit() {
  try {
    state_->commit();
  } catch (const CommitUnknown&) {
    state_->hooks.clear();
    state_->committed = true; // perhaps
    throw;
  }
  state_->run_hooks();
}

void Session::rollback() {
  if (!state_->savepoints.empty()) {
    throw_error(ErrorCode::programming, "rollback() inside of nested()", "throw out of nested() instead");
  }
  // Where calls stand alone there is nothing to roll back, but a connection that is of no use can be given up.
  const bool spent = state_->doomed() || state_->cut_short;
  if (!spent && state_->connection != nullptr && !state_->store->capabilities().has(Capability::transactions)) {
    throw_error(ErrorCode::not_supported,
                "backend " + state_->store->backend().info().id + " has no transactions to roll back");
  }
  state_->rollback();
}

void Session::after_commit(std::function<void()> hook) { state_->hooks.push_back(std::move(hook)); }

std::unique_ptr<ICursor> Session::execute(std::string_view sql, std::span<const Cell> parameters) {
  return with_connection([&](ISession& connection) -> std::unique_ptr<ICursor> {
    ++state_->statements;
    return std::make_unique<SessionCursor>(*state_, connection.execute(sql, parameters));
  });
}

void Session::cancel() noexcept { state_->cancel(); }

void Session::set_deadline(Deadline deadline) { state_->set_deadline(deadline); }
Deadline Session::deadline() const noexcept { return state_->deadline; }

bool Session::active() const noexcept { return state_->connection != nullptr; }
bool Session::autocommit() const noexcept { return state_->autocommit; }
std::uint64_t Session::statements() const noexcept { return state_->statements; }
Capabilities Session::capabilities() const noexcept { return state_->store->capabilities(); }

ISession& Session::enter() { return state_->connected(); }
IRepository& Session::enter(const TableDesc& table) {
  ISession& connection = state_->connected();
  ++state_->statements;
  return connection.repository(table);
}
void Session::failed(const Error& error) noexcept { state_->fail(error); }

std::span<const detail::SessionFilter> Session::filters() const noexcept { return state_->filters; }

void Session::set_filter(detail::SessionFilter filter) {
  clear_filter(*filter.table, filter.name);
  state_->filters.push_back(std::move(filter));
}

void Session::clear_filter(const TableDesc& table, std::string_view name) noexcept {
  std::erase_if(state_->filters, [&](const detail::SessionFilter& one) {
    return detail::same_table(*one.table, table) && one.name == name;
  });
}

std::uint32_t Session::open_savepoint() { return state_->open_savepoint(); }
void Session::close_savepoint(std::uint32_t number) { state_->close_savepoint(number); }
void Session::undo_savepoint(std::uint32_t number) noexcept { state_->undo_savepoint(number); }

} // namespace tenon
