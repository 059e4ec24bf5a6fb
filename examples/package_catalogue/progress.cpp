#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include <fmt/format.h>

namespace catalogue {
namespace {

using namespace std::chrono_literals;

constexpr auto kRedraw = 100ms;
constexpr auto kLineEvery = 5s;
constexpr std::uint32_t kCallsPerLook = 64; // how often the clock is asked

std::string bar(double part) {
  constexpr int kWidth = 30;
  const int full = static_cast<int>(part * kWidth);
  return fmt::format("[{:#>{}}{:.>{}}] ", "", full, "", kWidth - full);
}

} // namespace

Progress::Progress(std::optional<std::uint64_t> total)
    : total_(total), terminal_(isatty(STDERR_FILENO) != 0), start_(std::chrono::steady_clock::now()),
      next_(start_ + (terminal_ ? kRedraw : kLineEvery)) {}

Progress::~Progress() {
  if (drawn_ && terminal_) std::fputs("\r\x1b[K", stderr);
}

void Progress::update(std::uint64_t bytes, std::uint64_t packages) {
  if (++calls_ % kCallsPerLook != 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + (terminal_ ? kRedraw : kLineEvery);
  draw(bytes, packages, now);
}

void Progress::draw(std::uint64_t bytes, std::uint64_t packages, std::chrono::steady_clock::time_point now) {
  drawn_ = true;
  const auto seconds = std::chrono::duration<double>(now - start_).count();
  std::string text =
      fmt::format("{} packages, {:.1f} MB, {:.0f} s", packages, static_cast<double>(bytes) / 1e6, seconds);
  if (total_ && *total_ > 0) {
    const double part = std::min(1.0, static_cast<double>(bytes) / static_cast<double>(*total_));
    text = fmt::format("{}{:.0f} %, {}", terminal_ ? bar(part) : "", part * 100, text);
  }
  if (terminal_)
    fmt::print(stderr, "\r\x1b[K{}", text);
  else
    fmt::print(stderr, "importing: {}\n", text);
  std::fflush(stderr);
}

} // namespace catalogue
