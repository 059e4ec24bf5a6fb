#pragma once
// How far the import is, on standard error: a bar on a terminal, else a line every few seconds. Used by the import.
// Threads: one.

#include <chrono>
#include <cstdint>
#include <optional>

namespace catalogue {

class Progress {
public:
  /// `total` is the size of the input in bytes, where it is known.
  explicit Progress(std::optional<std::uint64_t> total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Leaves the line free for whatever is printed next.
  ~Progress();

  /// Cheap enough to call for each record.
  void update(std::uint64_t bytes, std::uint64_t packages);

private:
  void draw(std::uint64_t bytes, std::uint64_t packages, std::chrono::steady_clock::time_point now);

  std::optional<std::uint64_t> total_;
  bool terminal_;
  bool drawn_ = false;
  std::uint32_t calls_ = 0;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point next_;
};

} // namespace catalogue
