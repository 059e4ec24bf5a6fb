// ForkGuard: who is a child, and of whom.

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <tenon/interface/fork_guard.hpp>

namespace tenon {
namespace {

/// Runs `check` in a child and returns whether it held there. The child leaves without destructors or a report.
template <class Check> bool in_child(Check check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_CASE("fork guard: a child knows what its parent made, and what it made itself") {
  const ForkGuard before;
  CHECK_FALSE(before.forked());
  CHECK(in_child([&] { return before.forked() && !ForkGuard().forked(); }));
  CHECK_FALSE(before.forked());
}

TEST_CASE("fork guard: a grandchild knows what each of its ancestors made") {
  const ForkGuard before;
  CHECK(in_child([&] {
    const ForkGuard between;
    const pid_t grandchild = ::fork();
    if (grandchild == 0) ::_exit(before.forked() && between.forked() && !ForkGuard().forked() ? 0 : 1);
    int status = -1;
    return ::waitpid(grandchild, &status, 0) == grandchild && status == 0 && !between.forked();
  }));
}

} // namespace
} // namespace tenon
