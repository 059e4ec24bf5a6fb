#pragma once
// Child processes of the test servers: started as another user, waited for with a deadline, found through /proc.
// Used by the kit's servers only.
// Threads: free functions that share nothing; a pid is waited for by one thread at a time.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tenon::testing {

using Clock = std::chrono::steady_clock;

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

/// Returns who servers run as: the caller, or, when that is root, `postgres` or else `nobody`.
[[nodiscard]] Account server_account();

/// A file descriptor that is closed with its object. Invariant: close-on-exec wherever this kit opens one.
class Descriptor {
public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] int release() noexcept;
  void reset() noexcept;

private:
  int fd_ = -1;
};

struct Spawn {
  std::vector<std::string> arguments; ///< the first is the program's absolute path
  Account account;
  std::string directory = "/";
  std::vector<std::string> environment = {}; ///< NAME=value, beside the small clean one
  int input = -1;                            ///< -1: nothing to read
  int output = -1;                           ///< standard output and error; -1: thrown away
};

/// Starts a program in a session of its own (a terminal's Ctrl-C does not reach it), with a small clean environment,
/// default signal handling and no descriptor but the three.
/// Errors: OperationalError if it cannot be executed.
[[nodiscard]] pid_t spawn(const Spawn& what);

/// Returns the wait status if the child has ended. A child that somebody else has reaped counts as ended with 0.
[[nodiscard]] std::optional<int> try_wait(pid_t pid);

/// Returns the wait status, or nothing when the deadline passed first.
[[nodiscard]] std::optional<int> wait_until(pid_t pid, Clock::time_point deadline);

struct Finished {
  int status = 0; ///< as of waitpid
  std::string output;
};

/// Runs a program to its end; kills it and throws TimeoutError when the deadline passes.
[[nodiscard]] Finished run(Spawn what, Clock::time_point deadline);

/// Returns the living direct children of a process (PostgreSQL's processes are all children of the postmaster).
[[nodiscard]] std::vector<pid_t> children_of(pid_t parent);

/// True if the process lives (a zombie does not) and its working directory is this one.
[[nodiscard]] bool works_in(pid_t pid, const std::string& directory);

/// Throws OperationalError with the text of errno appended.
[[noreturn]] void throw_errno(const std::string& message, int error);

} // namespace tenon::testing
