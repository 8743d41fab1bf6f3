#define _GNU_SOURCE
#include "CMPI.h"
#include "elements.h"

#include <errno.h>
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

struct cmpi_comm {
    MPI_Comm handle;
};

struct cmpi_request {
    int pieceCount;
    int firstPending;
    const char *call;
    MPI_Request pieces[];
};

struct cmpi_window {
    MPI_Win handle;
    int size;
    void *bases[];
};

// MPI counts are 32-bit in Open MPI 4; pieces of 2^30 elements keep every one of them in range.
static int64_t pieceLimit = (int64_t)1 << 30;

static _Thread_local char errorText[MPI_MAX_ERROR_STRING + 64];

const char *cmpi_error_text(void) { return errorText; }

void cmpi_set_piece_limit(int64_t elements) { pieceLimit = elements; }

// MARK: Errors

static int fail(const char *call, int code) {
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) {
        snprintf(text, sizeof text, "error code %d", code);
    }
    snprintf(errorText, sizeof errorText, "%s: %s", call, text);
    return code;
}

static int failForMemory(const char *call) {
    snprintf(errorText, sizeof errorText, "%s: out of memory", call);
    return MPI_ERR_NO_MEM;
}

static inline int checked(const char *call, int code) { return code == MPI_SUCCESS ? 0 : fail(call, code); }

// MARK: Life of the library

int cmpi_init(int *granted) {
    int level = MPI_THREAD_SINGLE;
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &level);
    if (code != MPI_SUCCESS) return fail("MPI_Init_thread", code);
    code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (code != MPI_SUCCESS) return fail("MPI_Comm_set_errhandler", code);
    *granted = level == MPI_THREAD_MULTIPLE     ? 3
               : level == MPI_THREAD_SERIALIZED ? 2
               : level == MPI_THREAD_FUNNELED   ? 1
                                                : 0;
    return checked("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
}

int cmpi_is_initialized(void) {
    int initialized = 0, finalized = 0;
    MPI_Initialized(&initialized);
    MPI_Finalized(&finalized);
    return initialized && !finalized;
}

int cmpi_finalize(void) { return checked("MPI_Finalize", MPI_Finalize()); }

void cmpi_abort(int code) { MPI_Abort(MPI_COMM_WORLD, code); }

int cmpi_processor_name(char *name, int capacity) {
    char text[MPI_MAX_PROCESSOR_NAME] = "";
    int length = 0;
    int code = MPI_Get_processor_name(text, &length);
    snprintf(name, (size_t)capacity, "%s", text);
    return checked("MPI_Get_processor_name", code);
}

int cmpi_library_version(char *version, int capacity) {
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    int code = MPI_Get_library_version(text, &length);
    snprintf(version, (size_t)capacity, "%s", text);
    return checked("MPI_Get_library_version", code);
}

int cmpi_allowed_processors(int64_t *allowed, int capacity) {
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) != 0) {
        snprintf(errorText, sizeof errorText, "sched_getaffinity: %s", strerror(errno));
        return MPI_ERR_OTHER;
    }
    for (int i = 0; i < capacity && i < CPU_SETSIZE; i++) allowed[i] = CPU_ISSET(i, &mask) ? 1 : 0;
    return 0;
}

int cmpi_read_peer(int64_t process, int64_t address, int64_t *value) {
    struct iovec here = {value, sizeof *value};
    struct iovec there = {(void *)(intptr_t)address, sizeof *value};
    return process_vm_readv((pid_t)process, &here, 1, &there, 1, 0) == (ssize_t)sizeof *value ? 0 : errno;
}

// MARK: Communicators

static int wrap(const char *call, int code, MPI_Comm handle, cmpi_comm **result) {
    if (code != MPI_SUCCESS) return fail(call, code);
    cmpi_comm *comm = malloc(sizeof *comm);
    if (!comm) return failForMemory(call);
    comm->handle = handle;
    *result = comm;
    return 0;
}

int cmpi_comm_world(cmpi_comm **comm) { return wrap("MPI_COMM_WORLD", MPI_SUCCESS, MPI_COMM_WORLD, comm); }

int cmpi_comm_duplicate(cmpi_comm *comm, cmpi_comm **result) {
    MPI_Comm handle = MPI_COMM_NULL;
    int code = MPI_Comm_dup(comm->handle, &handle);
    return wrap("MPI_Comm_dup", code, handle, result);
}

int cmpi_comm_split(cmpi_comm *comm, int color, int key, cmpi_comm **result) {
    MPI_Comm handle = MPI_COMM_NULL;
    int code = MPI_Comm_split(comm->handle, color, key, &handle);
    return wrap("MPI_Comm_split", code, handle, result);
}

int cmpi_comm_split_shared(cmpi_comm *comm, cmpi_comm **result) {
    MPI_Comm handle = MPI_COMM_NULL;
    int rank = 0;
    MPI_Comm_rank(comm->handle, &rank);
    int code = MPI_Comm_split_type(comm->handle, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &handle);
    return wrap("MPI_Comm_split_type", code, handle, result);
}

int cmpi_comm_free(cmpi_comm *comm) {
    int code = comm->handle == MPI_COMM_WORLD ? MPI_SUCCESS : MPI_Comm_free(&comm->handle);
    free(comm);
    return checked("MPI_Comm_free", code);
}

int cmpi_comm_rank(const cmpi_comm *comm, int *rank) {
    return checked("MPI_Comm_rank", MPI_Comm_rank(comm->handle, rank));
}

int cmpi_comm_size(const cmpi_comm *comm, int *size) {
    return checked("MPI_Comm_size", MPI_Comm_size(comm->handle, size));
}

// MARK: Types and pieces

static MPI_Datatype datatype(enum cmpi_type type) {
    switch (type) {
    case CMPI_BYTE: return MPI_BYTE;
    case CMPI_FLOAT: return MPI_FLOAT;
    case CMPI_DOUBLE: return MPI_DOUBLE;
    case CMPI_INT64: return MPI_INT64_T;
    }
    return MPI_DATATYPE_NULL;
}

static MPI_Op operation(enum cmpi_op op) {
    switch (op) {
    case CMPI_SUM: return MPI_SUM;
    case CMPI_MAX: return MPI_MAX;
    case CMPI_MIN: return MPI_MIN;
    }
    return MPI_OP_NULL;
}

// A transfer of nothing is still one piece: the peers count messages, not bytes.
static int64_t pieceCount(int64_t count) { return count <= 0 ? 1 : (count + pieceLimit - 1) / pieceLimit; }

static int pieceLength(int64_t count, int64_t piece) {
    int64_t rest = count - piece * pieceLimit;
    return (int)(rest < pieceLimit ? rest : pieceLimit);
}

static void *pieceStart(const void *buffer, enum cmpi_type type, int64_t piece) {
    return (char *)buffer + piece * pieceLimit * byteSize(type);
}

static cmpi_request *makeRequest(const char *call, int64_t pieces) {
    cmpi_request *request = malloc(sizeof *request + (size_t)pieces * sizeof(MPI_Request));
    if (!request) return NULL;
    request->pieceCount = (int)pieces;
    request->firstPending = 0;
    request->call = call;
    for (int64_t i = 0; i < pieces; i++) request->pieces[i] = MPI_REQUEST_NULL;
    return request;
}

// MARK: Collectives

int cmpi_allreduce(cmpi_comm *comm, void *buffer, int64_t count, enum cmpi_type type, enum cmpi_op op) {
    for (int64_t i = 0; i < pieceCount(count); i++) {
        int code = MPI_Allreduce(
            MPI_IN_PLACE, pieceStart(buffer, type, i), pieceLength(count, i), datatype(type), operation(op),
            comm->handle);
        if (code != MPI_SUCCESS) return fail("MPI_Allreduce", code);
    }
    return 0;
}

// A request whose later piece could not start is left allocated: its earlier pieces may still be under way.
int cmpi_iallreduce(
    cmpi_comm *comm, void *buffer, int64_t count, enum cmpi_type type, enum cmpi_op op,
    cmpi_request **request) {
    cmpi_request *made = makeRequest("MPI_Iallreduce", pieceCount(count));
    if (!made) return failForMemory("MPI_Iallreduce");
    for (int i = 0; i < made->pieceCount; i++) {
        int code = MPI_Iallreduce(
            MPI_IN_PLACE, pieceStart(buffer, type, i), pieceLength(count, i), datatype(type), operation(op),
            comm->handle, &made->pieces[i]);
        if (code != MPI_SUCCESS) return fail(made->call, code);
    }
    *request = made;
    return 0;
}

int cmpi_ibroadcast(
    cmpi_comm *comm, void *buffer, int64_t count, enum cmpi_type type, int root, cmpi_request **request) {
    cmpi_request *made = makeRequest("MPI_Ibcast", pieceCount(count));
    if (!made) return failForMemory("MPI_Ibcast");
    for (int i = 0; i < made->pieceCount; i++) {
        int code = MPI_Ibcast(
            pieceStart(buffer, type, i), pieceLength(count, i), datatype(type), root, comm->handle,
            &made->pieces[i]);
        if (code != MPI_SUCCESS) return fail(made->call, code);
    }
    *request = made;
    return 0;
}

int cmpi_ibarrier(cmpi_comm *comm, cmpi_request **request) {
    cmpi_request *made = makeRequest("MPI_Ibarrier", 1);
    if (!made) return failForMemory("MPI_Ibarrier");
    int code = MPI_Ibarrier(comm->handle, &made->pieces[0]);
    if (code != MPI_SUCCESS) return fail(made->call, code);
    *request = made;
    return 0;
}

// MARK: Messages

int cmpi_isend(
    cmpi_comm *comm, const void *buffer, int64_t count, enum cmpi_type type, int peer, int tag,
    cmpi_request **request) {
    cmpi_request *made = makeRequest("MPI_Isend", pieceCount(count));
    if (!made) return failForMemory("MPI_Isend");
    for (int i = 0; i < made->pieceCount; i++) {
        int code = MPI_Isend(
            pieceStart(buffer, type, i), pieceLength(count, i), datatype(type), peer, tag, comm->handle,
            &made->pieces[i]);
        if (code != MPI_SUCCESS) return fail(made->call, code);
    }
    *request = made;
    return 0;
}

int cmpi_ireceive(
    cmpi_comm *comm, void *buffer, int64_t count, enum cmpi_type type, int peer, int tag,
    cmpi_request **request) {
    cmpi_request *made = makeRequest("MPI_Irecv", pieceCount(count));
    if (!made) return failForMemory("MPI_Irecv");
    for (int i = 0; i < made->pieceCount; i++) {
        int code = MPI_Irecv(
            pieceStart(buffer, type, i), pieceLength(count, i), datatype(type),
            peer < 0 ? MPI_ANY_SOURCE : peer, tag, comm->handle,
            &made->pieces[i]);
        if (code != MPI_SUCCESS) return fail(made->call, code);
    }
    *request = made;
    return 0;
}

int cmpi_test(cmpi_request *request, int *done) {
    *done = 0;
    while (request->firstPending < request->pieceCount) {
        int pieceDone = 0;
        int code = MPI_Test(&request->pieces[request->firstPending], &pieceDone, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS) return fail(request->call, code);
        if (!pieceDone) return 0;
        request->firstPending++;
    }
    *done = 1;
    free(request);
    return 0;
}

// MARK: Shared memory

void cmpi_shared_memory_room(int64_t *freeBytes, int64_t *totalBytes) {
    struct statvfs room;
    *freeBytes = *totalBytes = 0;
    if (statvfs("/dev/shm", &room) != 0) return;
    *freeBytes = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
    *totalBytes = (int64_t)room.f_blocks * (int64_t)room.f_frsize;
}

int cmpi_window_create(cmpi_comm *node, int64_t byteCount, cmpi_window **window) {
    int size = 0;
    int code = MPI_Comm_size(node->handle, &size);
    if (code != MPI_SUCCESS) return fail("MPI_Comm_size", code);
    cmpi_window *made = malloc(sizeof *made + (size_t)size * sizeof(void *));
    if (!made) return failForMemory("MPI_Win_allocate_shared");
    made->size = size;
    // Not contiguous: each rank's part starts on its own page and, first touched by it, lies in its memory
    // bank.
    MPI_Info info = MPI_INFO_NULL;
    MPI_Info_create(&info);
    MPI_Info_set(info, "alloc_shared_noncontig", "true");
    void *base = NULL;
    code = MPI_Win_allocate_shared(byteCount, 1, info, node->handle, &base, &made->handle);
    MPI_Info_free(&info);
    if (code != MPI_SUCCESS) {
        free(made);
        return fail("MPI_Win_allocate_shared", code);
    }
    MPI_Win_set_errhandler(made->handle, MPI_ERRORS_RETURN);
    for (int rank = 0; rank < size; rank++) {
        MPI_Aint segment = 0;
        int unit = 0;
        code = MPI_Win_shared_query(made->handle, rank, &segment, &unit, &made->bases[rank]);
        if (code != MPI_SUCCESS) return fail("MPI_Win_shared_query", code);
    }
    memset(base, 0, (size_t)byteCount);
    code = MPI_Win_lock_all(MPI_MODE_NOCHECK, made->handle);
    if (code != MPI_SUCCESS) return fail("MPI_Win_lock_all", code);
    MPI_Win_sync(made->handle);
    *window = made;
    // Nobody may read a counter before its owner has zeroed it.
    return checked("MPI_Barrier", MPI_Barrier(node->handle));
}

void *cmpi_window_base(const cmpi_window *window, int rank) { return window->bases[rank]; }

int cmpi_window_free(cmpi_window *window) {
    int code = MPI_Win_unlock_all(window->handle);
    if (code == MPI_SUCCESS) code = MPI_Win_free(&window->handle);
    free(window);
    return checked("MPI_Win_free", code);
}
