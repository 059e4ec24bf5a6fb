#pragma once
// The clock on the wall, set at will for the process that links this library before libc, or is given it by LD_PRELOAD:
// clock_gettime(CLOCK_REALTIME), gettimeofday and time() are off by the step; other clocks go on. The kernel knows
// nothing of it, so who waits until a time of that clock waits too long or not at all, as when a real one is set.
// Threads: any.

#ifdef __cplusplus
extern "C" {
#endif

/// How far that clock is off from now on.
void tenon_step_clock(long long seconds);

#ifdef __cplusplus
}
#endif
