#pragma once
// Checks that run in a child process. Threads: one, of a process in which nothing else forks.

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace tenon::testing {

/// Runs `check` in a child and returns its answer, 0 for right; 99 if it throws, 1000 and more if a signal ended it, as
/// one does that hangs for `seconds`. The child leaves as it should after fork(): without destructors of its parent's,
/// and without a report. Errors: std::runtime_error if there is no child to be had.
template <class Check> [[nodiscard]] int in_child(Check check, unsigned seconds = 60) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(seconds);
    int answer = 99;
    try {
      answer = check();
    } catch (...) { // 99 says so
    }
    ::_exit(answer);
  }
  int status = -1;
  if (child < 0 || ::waitpid(child, &status, 0) != child) throw std::runtime_error("no child process");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

} // namespace tenon::testing
