#pragma once
// Threads of the process for what no caller may wait for: opening and closing connections, settling them, watching.
// Shared by all stores, made when needed, reused, and gone after some idle seconds. Threads: any.

#include <functional>

namespace tenon::detail {

/// Runs `task` soon on a thread of its own. Requires: `task` does not throw, and owns or shares what it uses, since
/// nobody waits for it; how many there are at once is the caller's to bound. Returns false if no thread can be had: the
/// task is not run, and destroyed. In a child made by fork() the parent's tasks are forgotten.
[[nodiscard]] bool run_in_background(std::function<void()> task) noexcept;

} // namespace tenon::detail
