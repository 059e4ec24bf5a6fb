#pragma once
// Settings: what a profile's `connection` says to the SQLite backend, checked once. Made by Backend::open, read by
// every connect. Threads: immutable once made.

#include <chrono>
#include <string>

#include <tenon/interface/backend.hpp>

namespace tenon::sqlite {

enum class JournalMode { wal, delete_file, memory };
enum class Synchronous { normal, full, off };

struct Settings {
  std::string database; ///< a path, or ":memory:"
  std::chrono::milliseconds busy_timeout{5000};
  JournalMode journal_mode = JournalMode::wal;
  Synchronous synchronous = Synchronous::full; ///< an acknowledged commit survives a power cut
  bool foreign_keys = true;

  [[nodiscard]] bool in_memory() const noexcept { return database == ":memory:"; }
};

/// Errors: ConfigError for an option that is unknown, missing or malformed.
[[nodiscard]] Settings read_settings(Options options);

/// The words of the two settings, as SQLite and the options write them.
[[nodiscard]] const char* word(JournalMode mode) noexcept;
[[nodiscard]] const char* word(Synchronous mode) noexcept;

} // namespace tenon::sqlite
