#include <tenon/core/layer.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include <tenon/core/log.hpp>
#include <tenon/core/settings.hpp>

#include "bound_layer.hpp"

namespace tenon {
namespace {

/// Takes the detail, which may hold row values, out of errors: for stores that were not asked to show it.
class DiscretionLayer final : public SessionLayer<DiscretionLayer> {
public:
  using SessionLayer::SessionLayer;

  template <class Next> decltype(auto) around(const Call&, Next&& next) {
    try {
      return std::forward<Next>(next)();
    } catch (const Error& error) {
      if (error.detail().empty()) throw;
      throw_error(without_detail(error));
    }
  }
};

/// Logs each call with its table and time, and the error's class where it fails; never a value.
class LogLayer final : public SessionLayer<LogLayer> {
public:
  using SessionLayer::SessionLayer;

  template <class Next> decltype(auto) around(const Call& call, Next&& next) {
    const auto begin = Clock::now();
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<Next>>) {
        next();
        say(call, begin);
      } else {
        decltype(auto) result = next();
        say(call, begin);
        return static_cast<std::invoke_result_t<Next>>(std::forward<decltype(result)>(result));
      }
    } catch (const Error& error) {
      if (log_enabled()) {
        log(LogLevel::warning,
            fmt::format("{} failed after {}: {}{}", detail::text_of(call), since(begin), error_name(error.code()),
                        error.sqlstate().empty() ? "" : " " + error.sqlstate()));
      }
      throw;
    }
  }

private:
  static std::string since(Clock::time_point begin) {
    const std::chrono::duration<double, std::milli> passed = Clock::now() - begin;
    return fmt::format("{:.3f} ms", passed.count());
  }
  static void say(const Call& call, Clock::time_point begin) noexcept {
    if (!log_enabled()) return;
    try {
      log(LogLevel::debug, fmt::format("{} {}", detail::text_of(call), since(begin)));
    } catch (...) { // out of memory: what was done stays done
    }
  }
};

} // namespace

ErrorInfo without_detail(const Error& error) {
  ErrorInfo info = error.info();
  info.detail.clear();
  if (info.cause != nullptr && !info.cause->detail.empty()) {
    ErrorInfo cause = *info.cause;
    cause.detail.clear();
    info.cause = std::make_shared<const ErrorInfo>(std::move(cause));
  }
  return info;
}

std::unique_ptr<ISession> assemble_layers(std::unique_ptr<ISession> session, const StoreSettings& settings,
                                          Capabilities capabilities) {
  session = std::make_unique<detail::BoundLayer>(std::move(session), settings.call_timeout, capabilities);
  if (settings.error_detail == ErrorDetail::none) session = std::make_unique<DiscretionLayer>(std::move(session));
  if (settings.log_statements)
    session = std::make_unique<LogLayer>(std::move(session)); // outside: sees what callers see
  return session;
}

} // namespace tenon
