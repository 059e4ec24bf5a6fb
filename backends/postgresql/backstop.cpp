#include "backstop.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace tenon::postgresql {
namespace {

/// The client acts first: by this much the server waits longer.
constexpr std::int64_t kMargin = 1'000;
/// The largest value of the server's setting.
constexpr std::int64_t kLargest = 2'147'483'647;

std::string set_local(std::int64_t limit) { return fmt::format("SET LOCAL statement_timeout = {}", limit); }
constexpr const char* kSetDefault = "SET LOCAL statement_timeout TO DEFAULT";

} // namespace

Backstop::Backstop(std::string_view server_limit) : on_(true) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kUnits{
      {{"", 1}, {"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  std::int64_t number = 0;
  const char* const end = server_limit.data() + server_limit.size();
  const auto [rest, error] = std::from_chars(server_limit.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const auto found = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& known) { return known.first == unit; });
  if (error != std::errc{} || found == kUnits.end()) {
    on_ = false; // a form that we do not know: rather none than a longer one than was set
    return;
  }
  server_limit_ = number * found->second;
}

std::int64_t Backstop::limit_for(Deadline deadline) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return std::clamp<std::int64_t>(left + kMargin, kMargin, kLargest);
}

std::string Backstop::at_begin(Deadline deadline) {
  at_begin_ = current_ = 0;
  if (!on_ || deadline == Deadline::max()) return {};
  const std::int64_t limit = limit_for(deadline);
  if (server_limit_ != 0 && server_limit_ <= limit) return {};
  at_begin_ = current_ = limit;
  return "; " + set_local(limit);
}

std::optional<std::string> Backstop::before(Deadline deadline) {
  if (current_ == 0) return std::nullopt;
  if (deadline == Deadline::max()) return before_rows();
  const std::int64_t limit = limit_for(deadline);
  if (limit - kMargin <= current_) return std::nullopt;
  if (server_limit_ != 0 && server_limit_ <= limit) return before_rows();
  current_ = limit;
  return set_local(limit);
}

std::optional<std::string> Backstop::before_rows() {
  if (current_ == 0) return std::nullopt;
  current_ = 0;
  return kSetDefault;
}

} // namespace tenon::postgresql
