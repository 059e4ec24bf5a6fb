// What a pool says when it has no connection to give.

#include <iterator>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "pool_core.hpp"

namespace tenon::detail {

ISession& Pooled::usable() {
  const bool child = inherited();
  if (!child && !revoked) return *session;
  ErrorInfo info;
  info.code = ErrorCode::connection;
  info.broken = true;
  info.message = child ? "the session was opened before fork() and belongs to the parent process"
                       : "the store was closed while the session was out";
  info.hint = child ? "open sessions in the process that uses them"
                    : "finish sessions before the deadline of close(), or give it a later one";
  throw_error(std::move(info));
}

ErrorInfo PoolCore::timeout_error(Duration waited, bool callers_limit) const {
  ErrorInfo info;
  info.code = ErrorCode::pool_timeout;
  info.hint = "give sessions back sooner, or raise pool.size, pool.max_overflow or pool.timeout";
  std::string what = "became free";
  std::string last;
  if (connect_error_) {
    last = "; the last connect failed: " + connect_error_->message;
    const bool unreachable =
        connect_error_->code == ErrorCode::connection || connect_error_->code == ErrorCode::not_ready;
    if (down_ && unreachable) { // not the pool's fault, and who handles a lost server wants to see it
      info = *connect_error_;
      what = "could be opened";
    }
  }
  info.retryable = false; // it was tried again for all the time there was
  info.message =
      fmt::format("no connection to {} {} within {} ms ({}): {} in use, {} idle, {} waiting, at most {} open", name_,
                  what, waited.count(), callers_limit ? "the caller's deadline" : "pool.timeout", in_use_.size(),
                  idle_.size(), waiters_.size() + 1, limit_);
  if (settings_.leak_after > Duration::zero() && !in_use_.empty()) {
    std::map<std::pair<std::string, std::uint32_t>, std::uint32_t> places;
    for (const Pooled* pooled = in_use_.front(); pooled != nullptr; pooled = Chain<Pooled>::after(pooled))
      ++places[{pooled->where.file_name(), pooled->where.line()}];
    info.message += "; in use by";
    for (const auto& [place, count] : places)
      fmt::format_to(std::back_inserter(info.message), " {}:{} ({})", place.first, place.second, count);
  }
  info.message += last;
  return info;
}

ErrorInfo PoolCore::closed_error() const {
  ErrorInfo info;
  info.code = ErrorCode::programming;
  info.message = "the store of " + name_ + " is closed";
  info.hint = "open it again, or use it before close()";
  return info;
}

} // namespace tenon::detail
