#define _GNU_SOURCE
#include "CThreading.h"

#include <sched.h>
#include <unistd.h>

// libgomp's entry points, declared here because the toolchain ships no omp.h. `GOMP_parallel` is what a C compiler
// emits for a parallel region; its interface has been stable since GCC 4.9.
extern void GOMP_parallel(void (*fn)(void *), void *data, unsigned thread_count, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_max_threads(void);
extern int omp_in_parallel(void);
extern void omp_set_num_threads(int count);

// The next piece of a thread's share. Alone on its cache line.
typedef struct {
    _Alignas(64) int64_t next;
} share;

typedef struct {
    cthreading_body body;
    void *context;
    int64_t count, grain, pieces, threads;
    share *shares;
} loop;

static int64_t first_piece(const loop *l, int64_t thread) { return l->pieces * thread / l->threads; }

// A thread works through its own share, whose data its caches may hold, then helps the others: cores are not equally fast.
static void run_shares(void *data) {
    const loop *l = data;
    const int64_t me = omp_get_thread_num();
    for (int64_t i = 0; i < l->threads; i++) {
        const int64_t owner = (me + i) % l->threads, last = first_piece(l, owner + 1);
        for (int64_t piece; (piece = __atomic_fetch_add(&l->shares[owner].next, 1, __ATOMIC_RELAXED)) < last;) {
            const int64_t begin = piece * l->grain;
            const int64_t end = begin + l->grain < l->count ? begin + l->grain : l->count;
            l->body(l->context, begin, end);
        }
    }
}

void cthreading_for(int64_t count, int64_t grain, cthreading_body body, void *context) {
    if (count <= 0) return;
    if (grain < 1) grain = 1;
    const int64_t pieces = (count + grain - 1) / grain;
    int threads = omp_in_parallel() ? 1 : omp_get_max_threads();
    if (pieces < threads) threads = (int)pieces;
    if (threads <= 1) {
        for (int64_t piece = 0; piece < pieces; piece++) {
            const int64_t begin = piece * grain;
            body(context, begin, begin + grain < count ? begin + grain : count);
        }
        return;
    }
    share shares[threads];
    loop l = {body, context, count, grain, pieces, threads, shares};
    for (int64_t i = 0; i < threads; i++) shares[i].next = first_piece(&l, i);
    // It may start fewer threads; those there are do the shares of all.
    GOMP_parallel(run_shares, &l, (unsigned)threads, 0);
}

int cthreading_usable_core_count(void) {
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) return (int)sysconf(_SC_NPROCESSORS_ONLN);
    return CPU_COUNT(&cores);
}

int cthreading_thread_count(void) { return omp_get_max_threads(); }

void cthreading_set_thread_count(int count) { omp_set_num_threads(count < 1 ? 1 : count); }
