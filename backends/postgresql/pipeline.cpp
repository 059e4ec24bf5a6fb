// Several statements of a Connection in one round trip: a BEGIN with the first statement of its transaction, and
// batches.
#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <tenon/sql/statement_cache.hpp>

#include "connection.hpp"

namespace tenon::postgresql {

bool Connection::in_pipeline() const noexcept { return PQpipelineStatus(handle_) != PQ_PIPELINE_OFF; }
namespace {

/// Statements that are under way at once: enough to hide the round trips, few enough for the sockets' buffers.
constexpr std::size_t kWindow = 128;
static_assert(kWindow <= sql::StatementCache<Statement>::kDefaultCapacity, "each lives until its answer is there");

bool is_aborted(const pg_result* result) noexcept { return PQresultStatus(result) == PGRES_PIPELINE_ABORTED; }
bool is_sync(const pg_result* result) noexcept { return PQresultStatus(result) == PGRES_PIPELINE_SYNC; }

} // namespace

// The one result of the next statement in the pipeline, or what the end of the connection left.
Result Connection::next_piped(Exchange& exchange) {
  Result kept;
  while (Result result = receive(exchange)) {
    if (is_sync(result.get())) return result; // nothing follows it, not even a null
    if (kept == nullptr || !is_failure(kept.get())) kept = std::move(result);
    if (PQstatus(handle_) != CONNECTION_OK) break;
  }
  if (kept == nullptr) fail_lost(exchange);
  return kept;
}

// Reads what is left up to the Sync that was sent, and leaves the mode.
void Connection::leave_pipeline(Exchange& exchange) {
  while (PQstatus(handle_) == CONNECTION_OK && !is_sync(next_piped(exchange).get())) {}
  settle(exchange);
  if (PQstatus(handle_) == CONNECTION_OK && PQexitPipelineMode(handle_) == 0) broken_ = true;
}

int Connection::queue_begin() {
  return PQsendQueryParams(handle_, begin_.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0);
}

Result Connection::run_beginning(Exchange& exchange, Statement& statement, const Parameters& parameters) {
  if (PQenterPipelineMode(handle_) == 0) fail_lost(exchange);
  const bool accepted =
      queue_begin() != 0 && queue_statement(statement, parameters) != 0 && PQpipelineSync(handle_) != 0;
  begin_.clear();
  send(exchange, accepted ? 1 : 0);
  const Result begun = next_piped(exchange);
  Result result = is_failure(begun.get()) ? nullptr : next_piped(exchange);
  leave_pipeline(exchange);
  if (is_failure(begun.get())) {
    exchange.begins = true;
    begin_failed_ = true;
    fail(exchange, read_failure(begun.get()));
  }
  return result;
}

Result Connection::declare(const std::string& sql, const Parameters& parameters, const std::string& fetch,
                           const Work& work) {
  Exchange exchange = start(work);
  if (PQenterPipelineMode(handle_) == 0) fail_lost(exchange);
  const bool begins = !begin_.empty();
  const bool accepted = (!begins || queue_begin() != 0) &&
                        PQsendQueryParams(handle_, sql.c_str(), parameters.count(), parameters.types(),
                                          parameters.values(), parameters.lengths(), parameters.formats(), 1) != 0 &&
                        PQsendQueryParams(handle_, fetch.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1) != 0 &&
                        PQpipelineSync(handle_) != 0;
  begin_.clear();
  send(exchange, accepted ? 1 : 0);
  const int answers = begins ? 3 : 2;
  Result result;
  int answered = 0;
  while (answered < answers && (result == nullptr || !is_failure(result.get()))) {
    result = next_piped(exchange);
    ++answered;
  }
  leave_pipeline(exchange);
  if (!is_failure(result.get())) return result;
  exchange.begins = begin_failed_ = begins && answered == 1;
  fail(exchange, read_failure(result.get()));
}

// A COMMIT that goes along makes the answer to the last statements the acknowledgement of it: they can still be
// cancelled, and where no answer comes the outcome is in doubt.
void Connection::run_piped(std::size_t count, const Queue& queue, const Take& take, const Work& work, Ends ends) {
  if (count == 0) return;
  Exchange exchange = start(work);
  if (PQenterPipelineMode(handle_) == 0) fail_lost(exchange);
  enum class Expected { begin, prepared, statement, commit };
  struct Asked {
    Expected what;
    std::size_t item;
    Work work;
    Statement* statement = nullptr; ///< that is prepared
  };
  std::vector<Asked> asked;
  std::exception_ptr refused; // by our own side: a value that does not fit
  std::optional<Failure> failure;
  const auto must = [&](int accepted) {
    if (accepted == 0) fail_lost(exchange);
  };
  for (std::size_t sent = 0; sent < count && !failure && refused == nullptr && PQstatus(handle_) == CONNECTION_OK;) {
    asked.clear();
    if (!begin_.empty()) {
      must(queue_begin());
      begin_.clear();
      asked.push_back({Expected::begin, sent, work});
    }
    for (const std::size_t end = std::min(count, sent + kWindow); sent < end; ++sent) {
      Queued item{};
      try {
        item = queue(sent);
      } catch (...) {
        refused = std::current_exception();
        break;
      }
      if (named_statements_ && !knows(*item.statement)) {
        const std::string name = fmt::format("tenon_{}", ++names_);
        must(PQsendPrepare(handle_, name.c_str(), item.statement->sql().c_str(), item.parameters->count(),
                           item.parameters->types()));
        adopt(*item.statement, name);
        asked.push_back({Expected::prepared, sent, item.work, item.statement});
      }
      must(queue_statement(*item.statement, *item.parameters));
      asked.push_back({Expected::statement, sent, item.work});
    }
    const bool last = sent >= count || refused != nullptr;
    if (last && refused == nullptr && ends == Ends::committed) {
      must(PQsendQueryParams(handle_, "COMMIT", 0, nullptr, nullptr, nullptr, nullptr, 0));
      asked.push_back({Expected::commit, sent, work});
      exchange.phase = Phase::write;
    }
    must(last ? PQpipelineSync(handle_) : PQsendFlushRequest(handle_));
    send(exchange, 1);
    for (const Asked& one : asked) {
      const Result result = next_piped(exchange);
      if (is_failure(result.get())) {
        if (!failure) failure = read_failure(result.get());
        exchange.work = one.work;
        exchange.begins = one.what == Expected::begin;
        begin_failed_ = begin_failed_ || exchange.begins;
      } else if (one.what == Expected::statement && !is_aborted(result.get())) {
        take(one.item, result.get());
      }
      const bool unknown = is_failure(result.get()) || is_aborted(result.get()); // to the server: nothing to retire
      if (one.statement != nullptr && unknown) one.statement->owner_ = nullptr;
      if (PQstatus(handle_) != CONNECTION_OK) break;
    }
    if (failure && !last && PQstatus(handle_) == CONNECTION_OK) {
      must(PQpipelineSync(handle_));
      send(exchange, 1);
    }
  }
  leave_pipeline(exchange);
  if (failure) {
    const bool stale = named_statements_ && is_stale_statement(*failure);
    if (!stale) fail(exchange, std::move(*failure));
    forget_statements(); // all of them are in doubt
    fail_stale(exchange, *failure, exchange.work);
  }
  if (PQstatus(handle_) != CONNECTION_OK) fail_lost(exchange);
  if (refused) std::rethrow_exception(refused);
  if (ends == Ends::committed) forget_transaction();
}

void Connection::copy_in(const std::string& sql, std::string_view data, const Work& work) {
  if (!begin_.empty()) send_begin();
  Exchange exchange = start(work);
  send(exchange, PQsendQuery(handle_, sql.c_str()));
  Result result = receive(exchange);
  if (result != nullptr && PQresultStatus(result.get()) == PGRES_COPY_IN) {
    send_copy(exchange, data);
    result = finish(exchange);
  } else {
    const Result rest = receive(exchange);
    settle(exchange);
  }
  if (result == nullptr) fail_lost(exchange);
  if (is_failure(result.get())) fail(exchange, read_failure(result.get()));
}

// A COPY that has to stop is stopped by us: the server looks for a cancel only when it has rows to read.
void Connection::send_copy(Exchange& exchange, std::string_view data) {
  constexpr std::size_t kPiece = std::size_t{1} << 16U;
  const auto until_accepted = [&](auto&& put) {
    int accepted = put();
    while (accepted == 0) {                     // the buffer is full
      if (PQconsumeInput(handle_) == 0) return; // the result tells what happened
      if (!wait(exchange, POLLIN | POLLOUT)) give_up(exchange);
      accepted = put();
    }
  };
  const char* stop = nullptr;
  while (!data.empty() && stop == nullptr && PQstatus(handle_) == CONNECTION_OK) {
    const std::string_view piece = data.substr(0, kPiece);
    until_accepted([&] { return PQputCopyData(handle_, piece.data(), static_cast<int>(piece.size())); });
    send(exchange, 1);
    data.remove_prefix(piece.size());
    if (!canceller_.requested() && !is_late()) continue;
    stop = "stopped";
    exchange.cancel_sent = !canceller_.requested(); // by the deadline
    if (exchange.cancel_sent) exchange.limit = Clock::now() + kGrace;
  }
  until_accepted([&] { return PQputCopyEnd(handle_, stop); });
  send(exchange, 1);
}

} // namespace tenon::postgresql
