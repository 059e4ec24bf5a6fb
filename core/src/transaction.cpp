// Store::transaction: when work runs again, and what is done about a COMMIT that was not answered.

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <tenon/core/log.hpp>
#include <tenon/core/session.hpp>
#include <tenon/interface/rough_clock.hpp>

#include "back_off.hpp"
#include "session_state.hpp"
#include "store_state.hpp"

namespace tenon::detail {
namespace {

/// Decides, for one store.transaction, whether its work runs again.
class Runs {
public:
  Runs(const StoreSettings& settings, const SessionOptions& options, Deadline limit,
       const boost::source_location& where)
      : settings_(settings), options_(options), limit_(limit), where_(where), back_off_(settings.retry, options.stop) {}

  /// Returns after a pause if `error` is worth another run, and there may be one; false if `error` is the last word.
  /// Errors: Cancelled, with `error` as its cause, once a stop is requested.
  [[nodiscard]] bool again(const Error& error, const SessionState& state) {
    if (state.committed || !worth_it(error)) return false; // the work has called commit() itself
    Deadline limit = limit_;
    if (state.reached || settings_.pool.when_down == WhenDown::fail) {
      if (++run_ > settings_.retry.attempts) return false;
      unreached_until_ = deadline_in(settings_.pool.timeout);
    } else {
      // No connection could be had, so nothing was tried yet: a server that comes back in time is not missed.
      limit = std::min(limit_, unreached_until_);
    }
    if (!back_off_.pause(limit)) {
      if (options_.stop.stop_requested()) throw_stopped(error);
      return false;
    }
    if (log_enabled()) {
      log(LogLevel::info,
          fmt::format("the transaction of {}:{} runs again after {}{}{}", where_.file_name(), where_.line(),
                      error_name(error.code()), error.sqlstate().empty() ? "" : " ", error.sqlstate()));
    }
    return true;
  }

private:
  [[nodiscard]] bool worth_it(const Error& error) const {
    if (error.code() == ErrorCode::commit_unknown) return false;
    // A server that refuses to write has written nothing; its connection is given up, and the next one leads to the
    // new primary, if there is one.
    const bool demoted = error.code() == ErrorCode::read_only && error.broken() && !options_.read_only;
    return error.retryable() || demoted;
  }

  [[noreturn]] static void throw_stopped(const Error& error) {
    ErrorInfo info;
    info.code = ErrorCode::cancelled;
    info.message = "cancelled before the transaction ran again; it had failed with: " + error.message();
    info.cause = error.share();
    throw_error(std::move(info));
  }

  const StoreSettings& settings_;
  const SessionOptions& options_;
  const Deadline limit_;
  const boost::source_location& where_;
  BackOff back_off_;
  std::uint32_t run_ = 1;
  Deadline unreached_until_ = deadline_in(settings_.pool.timeout);
};

/// What CommitUnknown turned out to be.
ErrorInfo rolled_back(const Error& unknown) {
  ErrorInfo info;
  info.code = ErrorCode::connection;
  info.message = "the connection was lost at COMMIT, and the transaction was rolled back";
  info.hint = "nothing was committed; run the unit of work again";
  info.sqlstate = unknown.sqlstate();
  info.backend = unknown.backend();
  info.retryable = true;
  info.broken = true;
  info.cause = unknown.share();
  return info;
}

} // namespace

Outcome StoreState::find_out(const Error& unknown, Deadline limit, const std::stop_token& stop) {
  if (unknown.transaction().empty() || !capabilities_.has(Capability::resolve_commit)) return Outcome::unknown;
  if (limit == Deadline::max()) limit = deadline_in(settings_.pool.timeout);
  BackOff back_off(settings_.retry, stop);
  do {
    try {
      const Outcome outcome = resolve(unknown.transaction(), call_limit(limit));
      if (outcome != Outcome::in_progress) return outcome;
    } catch (const Error& error) { // the server may be on its way back, or a connection
      const bool late = error.code() == ErrorCode::timeout || error.code() == ErrorCode::pool_timeout;
      if (!error.retryable() && !late) return Outcome::unknown;
    }
  } while (back_off.pause(limit));
  return Outcome::unknown;
}

void StoreState::run(const SessionOptions& given, Work work, const boost::source_location& where) {
  if (given.autocommit) {
    throw_error(ErrorCode::programming, "store.transaction with autocommit: there would be nothing to commit or undo",
                "take store.session({.autocommit = true}), or leave autocommit out");
  }
  SessionOptions options = given;
  if (settings_.transaction_timeout > Duration::zero()) {
    options.deadline = std::min(options.deadline, deadline_in(settings_.transaction_timeout));
  }
  if (options.timeout > Duration::zero()) {
    options.deadline = std::min(options.deadline, deadline_in(options.timeout));
    options.timeout = Duration::zero(); // one for all runs
  }
  Runs runs(settings_, options, options.deadline, where);
  for (;;) {
    Session session = this->session(options, where);
    SessionState& state = *session.state_;
    try {
      work(session);
    } catch (const Error& error) {
      state.rollback();
      if (runs.again(error, state)) continue;
      throw;
    } // any other exception is the work's own: the session rolls back at its end
    try {
      state.commit();
    } catch (const CommitUnknown& unknown) {
      const Outcome outcome = find_out(unknown, options.deadline, options.stop);
      if (outcome == Outcome::rolled_back) {
        state.rollback();
        const ConnectionError lost(rolled_back(unknown));
        if (runs.again(lost, state)) continue;
        throw ConnectionError(lost);
      }
      if (outcome != Outcome::committed) throw;
      log(LogLevel::info, "a COMMIT that was not answered turned out to be committed");
    } catch (const Error& error) {
      state.rollback();
      if (runs.again(error, state)) continue;
      throw;
    }
    state.run_hooks(); // outside of the try: what a hook throws must not run committed work again
    return;
  }
}

} // namespace tenon::detail
