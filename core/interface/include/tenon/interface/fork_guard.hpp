#pragma once
// ForkGuard: knows whether a fork lies between the making of an object and now. For what a child process must not
// touch: connections whose other end talks to the parent, locks that a thread of the parent may have held. Used by
// core's pool and by backends, each library with a copy of its own: nothing has to be linked. Threads: any.

#include <pthread.h>

#include <atomic>
#include <cstdint>

namespace tenon {

namespace detail {

/// How often this process, counted through its ancestors, came out of fork(). Hidden, so that every library has its
/// own: a shared one would be a symbol that the dynamic linker merges across plugins.
__attribute__((visibility("hidden"))) inline std::atomic<std::uint64_t> fork_count{0};

/// Registers the handler that counts; once in each library. What a failure means: forks go unseen, as without a guard.
__attribute__((visibility("hidden"))) inline void count_forks() noexcept {
  // Only an atomic is touched: the child of a process with threads may call nothing else that is sure to return.
  [[maybe_unused]] static const int registered =
      ::pthread_atfork(nullptr, nullptr, [] { fork_count.fetch_add(1, std::memory_order_relaxed); });
}

} // namespace detail

/// Made together with what it guards. A child made by fork() sees forked() on everything that the parent made; one
/// made by vfork() or posix_spawn() runs no code of ours; a raw clone() system call is not seen.
///
/// What the destructor of a connection does once forked(): no goodbye on the parent's connection (put /dev/null over
/// the descriptor before the driver closes it), or leave the handle alone where closing it would change shared files.
class ForkGuard {
public:
  ForkGuard() noexcept : made_at_((detail::count_forks(), detail::fork_count.load(std::memory_order_relaxed))) {}

  /// Whether this process is a descendant of the one that made the guard. Costs one load.
  [[nodiscard]] bool forked() const noexcept { return detail::fork_count.load(std::memory_order_relaxed) != made_at_; }

private:
  std::uint64_t made_at_;
};

} // namespace tenon
