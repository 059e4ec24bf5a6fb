#pragma once
// The private folder of a temporary server, and the promise that it does not outlive its owner: a watchdog process
// ends the server and removes the folder when the owner dies, and the next start removes what even that left behind.
// Used by the kit's servers. Threads: an object is used by one thread at a time.

#include <filesystem>
#include <string>

#include "process.hpp"

namespace tenon::testing {

class ServerFolder {
public:
  /// Makes `<base>/tenon-pg-XXXXXX`, mode 0700, owned by the account, and locked for as long as this object lives. The
  /// base is /dev/shm where that has room, else $TMPDIR, else /tmp; it must let the account in and be short enough
  /// for a Unix socket's address.
  /// Errors: OperationalError naming the bases that were tried.
  [[nodiscard]] static ServerFolder create(const Account& account);

  ServerFolder(ServerFolder&&) noexcept = default;
  ServerFolder& operator=(ServerFolder&&) = delete;
  /// Requires that the server has ended. Removes the folder, then lets the watchdog go.
  ~ServerFolder();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path data() const { return path_ / "data"; }

  /// Writes a file that only the server's account can read.
  void write(const std::filesystem::path& file, const std::string& content) const;

private:
  ServerFolder(std::filesystem::path path, Account account, Descriptor lock)
      : path_(std::move(path)), account_(std::move(account)), lock_(std::move(lock)) {}
  void start_watchdog();

  std::filesystem::path path_;
  Account account_;
  Descriptor lock_;     // flock: held means in use, whatever pid namespace the owner is in
  Descriptor lifeline_; // the watchdog reads the other end; it ends when the owner does
  pid_t watchdog_ = 0;
};

/// Returns the process id that a data folder's postmaster.pid names, or 0.
[[nodiscard]] pid_t postmaster_of(const std::filesystem::path& data);

/// Removes the System V segment that a killed postmaster leaves behind; the kernel has only 4096 of them.
void remove_shared_memory(const std::filesystem::path& data) noexcept;

/// Returns the folder for things that are made once and used by later runs: $TMPDIR, else /tmp.
[[nodiscard]] std::filesystem::path temporary_base();

} // namespace tenon::testing
