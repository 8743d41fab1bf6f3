#pragma once
#include <stddef.h>
#include <stdint.h>

/// Parallel loops on libgomp's own thread team, the one that oneDNN and OpenBLAS (OpenMP flavour) use too, so that a
/// process never holds two pools. `#pragma omp` is not used anywhere: the Swift toolchain's C compiler drops it.

/// Work on the items `begin ..< end`.
typedef void (*cthreading_body)(void *context, int64_t begin, int64_t end);

/// Runs `body` over `0 ..< count`, cut into pieces of `grain` items that never depend on the number of threads.
/// A thread that is done with its share takes pieces of the others'; with one thread or one piece the caller's thread does
/// it all.
void cthreading_for(int64_t count, int64_t grain, cthreading_body body, void *context);

/// Threads that a parallel loop on this thread would use now.
int cthreading_thread_count(void);

/// Cores this process may run on: those it is bound to.
int cthreading_usable_core_count(void);

/// Sets the team's size for later loops (1 or more); oneDNN and OpenBLAS follow it.
void cthreading_set_thread_count(int count);
