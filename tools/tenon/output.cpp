#include "output.hpp"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace tenon::tool {

config::Sources Common::sources() const {
  config::Sources sources;
  if (!file.empty()) sources.file = file;
  if (!profile.empty()) sources.profile = profile;
  return sources;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_json(const Json& value) { print(value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"); }

Json to_json(const Error& error) {

  return {{"error", error_name(error.code())},
          {"message", error.message()},
          {"hint", error.hint()},
          {"sqlstate", error.sqlstate()},
          {"backend", error.backend()},
          {"constraint", error.constraint()},
          {"table", error.table()},
          {"columns", error.columns()},
          {"retryable", error.retryable()}};
}

void report(const Error& error, const Common& common) {
  if (common.json) {
    print_json(to_json(error));
    return;
  }
  const char* no_color = std::getenv("NO_COLOR"); // NOLINT(concurrency-mt-unsafe): before any thread is started
  const bool color = isatty(STDERR_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
  std::fflush(stdout);
  fmt::print(stderr, "{}error:{} {}\n", color ? "\033[1;31m" : "", color ? "\033[0m" : "", error.what());
}

Exit exit_code(const Error& error) noexcept {
  switch (error.code()) {
    case ErrorCode::config:
    case ErrorCode::plugin: return kConfiguration;
    case ErrorCode::connection:
    case ErrorCode::not_ready:
    case ErrorCode::auth:
    case ErrorCode::timeout:
    case ErrorCode::pool_timeout: return kUnreachable;
    default: return kFailed;
  }
}

} // namespace tenon::tool
