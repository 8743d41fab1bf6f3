#define _GNU_SOURCE
#include "CThreading.h"

#include <sched.h>
#include <unistd.h>

// libgomp's entry points, declared here because the toolchain ships no omp.h. `GOMP_parallel` is what a C compiler
// emits for a parallel region; its interface has been stable since GCC 4.9.
extern void GOMP_parallel(void (*fn)(void *), void *data, unsigned thread_count, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern int omp_get_max_threads(void);
extern int omp_in_parallel(void);
extern void omp_set_num_threads(int count);

typedef struct {
    cthreading_body body;
    void *context;
    int64_t count, grain, pieces;
} loop;

static void run_share(void *data) {
    const loop *l = data;
    const int64_t threads = omp_get_num_threads(), me = omp_get_thread_num();
    const int64_t first = l->pieces * me / threads, last = l->pieces * (me + 1) / threads;
    for (int64_t piece = first; piece < last; piece++) {
        const int64_t begin = piece * l->grain;
        const int64_t end = begin + l->grain < l->count ? begin + l->grain : l->count;
        l->body(l->context, begin, end);
    }
}

void cthreading_for(int64_t count, int64_t grain, cthreading_body body, void *context) {
    if (count <= 0) return;
    if (grain < 1) grain = 1;
    loop l = {body, context, count, grain, (count + grain - 1) / grain};
    int threads = omp_in_parallel() ? 1 : omp_get_max_threads();
    if (l.pieces < threads) threads = (int)l.pieces;
    if (threads <= 1) {
        for (int64_t piece = 0; piece < l.pieces; piece++) {
            const int64_t begin = piece * grain;
            body(context, begin, begin + grain < count ? begin + grain : count);
        }
        return;
    }
    GOMP_parallel(run_share, &l, (unsigned)threads, 0);
}

int cthreading_usable_core_count(void) {
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) return (int)sysconf(_SC_NPROCESSORS_ONLN);
    return CPU_COUNT(&cores);
}

int cthreading_thread_count(void) { return omp_get_max_threads(); }

void cthreading_set_thread_count(int count) { omp_set_num_threads(count < 1 ? 1 : count); }
