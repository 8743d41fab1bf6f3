// The project's face of MPI: opaque handles, 64-bit counts, and error texts that name the call.
// Every function that can fail returns 0 or an MPI error code; cmpi_error_text() then says what happened.
#pragma once

#include <stdint.h>

typedef struct cmpi_comm cmpi_comm;
typedef struct cmpi_request cmpi_request;
typedef struct cmpi_window cmpi_window;

enum cmpi_type { CMPI_BYTE, CMPI_FLOAT, CMPI_DOUBLE, CMPI_INT64 };
enum cmpi_op { CMPI_SUM, CMPI_MAX, CMPI_MIN };

/// "MPI_Call: the library's text" of the last failure on the calling thread.
const char *cmpi_error_text(void);

/// Asks for MPI_THREAD_MULTIPLE; granted becomes 0 single, 1 funneled, 2 serialized or 3 multiple.
/// From here on errors are returned, never fatal.
int cmpi_init(int *granted);
int cmpi_is_initialized(void);
int cmpi_finalize(void);
/// Ends every process of the job with the code.
void cmpi_abort(int code);
int cmpi_processor_name(char *name, int capacity);
int cmpi_library_version(char *version, int capacity);

/// Lowers the number of elements one MPI call may carry (2^30 otherwise), so that tests reach the splitting.
void cmpi_set_piece_limit(int64_t elements);

int cmpi_comm_world(cmpi_comm **comm);
int cmpi_comm_duplicate(cmpi_comm *comm, cmpi_comm **result);
/// Ranks with one colour share a result, ordered by key.
int cmpi_comm_split(cmpi_comm *comm, int color, int key, cmpi_comm **result);
/// Ranks that can share memory share a result, in their old order.
int cmpi_comm_split_shared(cmpi_comm *comm, cmpi_comm **result);
int cmpi_comm_free(cmpi_comm *comm);
int cmpi_comm_rank(const cmpi_comm *comm, int *rank);
int cmpi_comm_size(const cmpi_comm *comm, int *size);

/// Blocking and in place; without a deadline, so for measurements only.
int cmpi_allreduce(cmpi_comm *comm, void *buffer, int64_t count, enum cmpi_type type, enum cmpi_op op);

int cmpi_iallreduce(
    cmpi_comm *comm, void *buffer, int64_t count, enum cmpi_type type, enum cmpi_op op,
    cmpi_request **request);
int cmpi_ibroadcast(
    cmpi_comm *comm, void *buffer, int64_t count, enum cmpi_type type, int root, cmpi_request **request);
int cmpi_ibarrier(cmpi_comm *comm, cmpi_request **request);
int cmpi_isend(
    cmpi_comm *comm, const void *buffer, int64_t count, enum cmpi_type type, int peer, int tag,
    cmpi_request **request);
/// peer -1 takes a message of any rank.
int cmpi_ireceive(
    cmpi_comm *comm, void *buffer, int64_t count, enum cmpi_type type, int peer, int tag,
    cmpi_request **request);
/// done becomes 1 once the whole transfer is over; the request is then freed and must not be used again.
int cmpi_test(cmpi_request *request, int *done);

/// Memory every rank of a node communicator can load and store, byteCount (a multiple of 4096) for each of
/// them.
int cmpi_window_create(cmpi_comm *node, int64_t byteCount, cmpi_window **window);
void *cmpi_window_base(const cmpi_window *window, int rank);
int cmpi_window_free(cmpi_window *window);
/// Bytes that may still be taken from the memory file system windows lie in, and its size; 0 and 0 where there is none.
void cmpi_shared_memory_room(int64_t *freeBytes, int64_t *totalBytes);

/// target[i] += source[i].
void cmpi_add_floats(float *target, const float *source, int64_t count);
/// target[i] = sources[0][i] + sources[1][i] + ..., in this order, and the same into copy unless it is null.
/// The target may be one of the sources. past_caches is about the copy; see cmpi_copy_floats.
void cmpi_sum_floats(
    float *target, float *copy, const float *const *sources, int sourceCount, int64_t count, int past_caches);
/// parts[p][i] = parts[0][i] + parts[1][i] + ..., in this order, for every p.
void cmpi_sum_into_all(float *const *parts, int partCount, int64_t count);
/// target[i] = sources[0][i] op sources[1][i] op ..., in this order; the target is none of the sources.
void cmpi_join(
    void *target, const void *const *sources, int sourceCount, int64_t count, enum cmpi_type type, enum cmpi_op op);
/// target[i] = source[i] rounded to the nearest bfloat16, ties to even; a NaN stays one.
void cmpi_round_to_bf16(uint16_t *target, const float *source, int64_t count);
/// target[i] = source[i].
void cmpi_widen_bf16(float *target, const uint16_t *source, int64_t count);
/// target[i] += source[i].
void cmpi_add_bf16(float *target, const uint16_t *source, int64_t count);
/// target[i] = source[i]; past_caches for results too many for the caches, which then keep what is needed
/// sooner.
void cmpi_copy_floats(float *target, const float *source, int64_t count, int past_caches);
/// Reads a 64-bit number of another process of this user; 0, or the system's error number.
int cmpi_read_peer(int64_t process, int64_t address, int64_t *value);
/// Marks the processors this process may run on with 1 in allowed, an array of capacity zeros.
int cmpi_allowed_processors(int64_t *allowed, int capacity);

/// Publishes everything this thread wrote before, together with the value.
static inline void cmpi_counter_publish(void *counter, uint64_t value) {
    __atomic_store_n((uint64_t *)counter, value, __ATOMIC_RELEASE);
}

/// Reads a counter; everything its writer published with the value is visible afterwards.
static inline uint64_t cmpi_counter_read(const void *counter) {
    return __atomic_load_n((const uint64_t *)counter, __ATOMIC_ACQUIRE);
}

/// One breath in a spin loop.
static inline void cmpi_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}
