#include <tenon/core/store.hpp>

#include <algorithm>
#include <utility>

#include <boost/assert/source_location.hpp>

#include <tenon/core/layer.hpp>
#include <tenon/core/log.hpp>
#include <tenon/interface/rough_clock.hpp>

#include "session_state.hpp"
#include "store_state.hpp"

namespace tenon {
namespace detail {
namespace {

/// Tables that others refer to come before those; a cycle keeps the order given.
std::vector<const TableDesc*> by_reference(std::span<const TableDesc* const> tables) {
  std::vector<const TableDesc*> waiting(tables.begin(), tables.end());
  std::vector<const TableDesc*> sorted;
  while (!waiting.empty()) {
    const auto ready = [&](const TableDesc* table) {
      return std::none_of(table->foreign_keys.begin(), table->foreign_keys.end(), [&](const ForeignKeyDesc& key) {
        return std::any_of(waiting.begin(), waiting.end(), [&](const TableDesc* other) {
          return other != table && other->name == key.target_table && other->schema == key.target_schema;
        });
      });
    };
    auto next = std::find_if(waiting.begin(), waiting.end(), ready);
    if (next == waiting.end()) next = waiting.begin();
    sorted.push_back(*next);
    waiting.erase(next);
  }
  return sorted;
}

/// How the pool opens a connection; shares what it uses, since a connect may be under way when the store is gone.
Pool::Connect connector(std::shared_ptr<IBackend> backend, const StoreSettings& settings, Capabilities capabilities) {
  return [backend = std::move(backend), settings, capabilities](Deadline deadline) -> std::unique_ptr<ISession> {
    try {
      return assemble_layers(backend->connect(deadline), settings, capabilities);
    } catch (const Error& error) {
      if (settings.error_detail == ErrorDetail::full || error.detail().empty()) throw;
      throw_error(without_detail(error));
    }
  };
}

} // namespace

StoreState::StoreState(std::shared_ptr<IBackend> backend, const StoreSettings& settings)
    : backend_(std::move(backend)), settings_(settings), capabilities_(backend_->capabilities()),
      pool_(settings.pool, settings.connect_timeout, connector(backend_, settings_, capabilities_),
            backend_->endpoint(), settings.pool_observer) {}

Outcome StoreState::resolve(const std::string& transaction, Deadline deadline) {
  if (transaction.empty() || !capabilities_.has(Capability::resolve_commit)) return Outcome::unknown;
  // The backend asks over a connection of its own.
  const Place place = pool_.reserve(deadline, BOOST_CURRENT_LOCATION);
  try {
    return backend_->resolve(transaction, deadline);
  } catch (const Error& error) {
    if (settings_.error_detail == ErrorDetail::full || error.detail().empty()) throw;
    throw_error(without_detail(error));
  }
}

Deadline StoreState::call_limit(Deadline deadline) const noexcept {
  return settings_.call_timeout > Duration::zero() ? std::min(deadline, deadline_in(settings_.call_timeout)) : deadline;
}

Session StoreState::session(const SessionOptions& options, const boost::source_location& where) {
  if (options.autocommit && (options.read_only || options.isolation != Isolation::backend_default)) {
    throw_error(ErrorCode::programming, "a session with autocommit has no isolation and is not read_only",
                "these are of transactions: leave autocommit out");
  }
  const Deadline deadline =
      options.timeout > Duration::zero() ? std::min(options.deadline, deadline_in(options.timeout)) : options.deadline;
  auto state = std::make_unique<SessionState>(shared_from_this(), options, deadline, where);
  if (filtered_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(filter_mutex_);
    state->filters = filters_;
  }
  return Session(std::move(state));
}

void StoreState::set_filter(SessionFilter filter) {
  const std::lock_guard lock(filter_mutex_);
  std::erase_if(filters_, [&](const SessionFilter& one) {
    return same_table(*one.table, *filter.table) && one.name == filter.name;
  });
  filters_.push_back(std::move(filter));
  filtered_.store(true, std::memory_order_release);
}

} // namespace detail

Store::Store(std::shared_ptr<IBackend> backend, const StoreSettings& settings)
    : state_(std::make_shared<detail::StoreState>(std::move(backend), settings)) {
  if (settings.pool.min_idle > 0) state_->pool().warm_up();
}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&& other) noexcept {
  if (this != &other) {
    close();
    state_ = std::move(other.state_);
  }
  return *this;
}
Store::~Store() { close(); }

Session Store::session(const SessionOptions& options, const boost::source_location& where) {
  return state_->session(options, where);
}
void Store::run(const SessionOptions& options, detail::Work work, const boost::source_location& where) {
  state_->run(options, work, where);
}

void Store::create_tables(std::span<const TableDesc* const> tables) {
  if (!capabilities().has(Capability::create_tables)) {
    throw_error(ErrorCode::not_supported, "backend " + backend().id + " does not create tables");
  }
  const auto sorted = detail::by_reference(tables);
  transaction([&](Session& session) {
    session.with_connection([&](ISession& connection) { connection.create_tables(sorted); });
  });
}

Capabilities Store::capabilities() const noexcept { return state_->capabilities(); }
const BackendInfo& Store::backend() const noexcept { return state_->backend().info(); }
std::string Store::endpoint() const { return state_->backend().endpoint(); }
PoolFigures Store::figures() const { return state_->pool().figures(); }
const StoreSettings& Store::settings() const noexcept { return state_->settings(); }

Outcome Store::resolve(const CommitUnknown& error) {
  return state_->resolve(error.transaction(), state_->call_limit(Deadline::max()));
}

void Store::ping() {
  Session session = state_->session({}, BOOST_CURRENT_LOCATION);
  session.with_connection([](ISession& connection) { connection.ping(); });
}

void Store::set_filter(detail::SessionFilter filter) { state_->set_filter(std::move(filter)); }

void Store::close() noexcept {
  if (state_ != nullptr) state_->pool().close();
}

bool Store::close(Deadline limit) noexcept { return state_ == nullptr || state_->pool().close(limit); }

} // namespace tenon
